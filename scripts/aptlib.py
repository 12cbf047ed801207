# SPDX-License-Identifier: GPL-2.0
"""Packages of Debian, from the mirror that apt knows, without a change of the system's own apt."""

import concurrent.futures
import pathlib
import re
import subprocess
import tempfile

from kernetlib import JOBS, Failure, Lock, need_space, run_logged

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror():
    """The address of the system's own mirror of Debian."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"],
                         capture_output=True, text=True).stdout
    mirrors = [uri for uri, _, release in (line.partition(" ") for line in out.splitlines())
               if not release.endswith("-security") and "security" not in uri]
    if not mirrors:
        raise Failure("apt knows no Debian mirror; run apt-get update as root, or set KSRC")
    return mirrors[0]


# Of a package whose files are there: a kernel's hooks run while it is being configured.
UNPACKED = ("installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")


def installed_version(package):
    """The version of a package that is installed, or unpacked and about to be; or None."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package],
                              capture_output=True, text=True)
    except FileNotFoundError:
        return None
    status, _, version = done.stdout.partition(" ")
    return version if done.returncode == 0 and status in UNPACKED else None


class Apt:
    """Reads the lists of some suites, and fetches packages into a folder of its own.

    It takes nothing for installed, so that what a package needs comes with it.
    """

    def __init__(self, folder, suites):
        self.folder, self.suites = pathlib.Path(folder), suites
        self.lists = self.folder / ("lists-" + "-".join(suites))
        self.log = self.folder / "log"
        self.options = [
            "-o", f"Dir::Etc::sourcelist={self.lists}/sources.list", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::Lists={self.lists}/lists", "-o", f"Dir::Cache={self.lists}",
            "-o", f"Dir::Cache::archives={self.folder}/debs",
            "-o", f"Dir::State::status={self.lists}/status", "-o", "APT::Sandbox::User=root",
            "-o", "APT::Install-Recommends=0"]

    def lock(self):
        return Lock(self.folder / "lock", "packages of Debian")

    def update(self):
        """Reads the lists anew; under `lock`."""
        for folder in (self.lists / "lists/partial", self.folder / "debs/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.lists / "status").touch()
        (self.lists / "sources.list").write_text("".join(
            f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n" for suite in self.suites))
        run_logged(f"{', '.join(self.suites)}: reading the package lists",
                   ["apt-get", *self.options, "update", "--error-on=any"], self.log / "update.log")
        (self.lists / "read").touch()

    def ready(self):
        """Has the lists been read, ever? If not, does; under `lock`."""
        if not (self.lists / "read").is_file():
            self.update()

    def ask(self, *words):
        return subprocess.run(["apt-cache", *self.options, *words], capture_output=True, text=True).stdout

    def names(self, prefix):
        return self.ask("pkgnames", prefix).split()

    def versions(self, package):
        """The versions that the mirror has of a package, the newest first."""
        return [line.split("|")[1].strip() for line in self.ask("madison", package).splitlines()
                if line.count("|") == 2]

    def wanted(self, pairs):
        """The files of (package, version) pairs that are there, and the pairs that are not."""
        found, missing = {}, []
        for package, version in pairs:
            name = f"{package}_{version.replace(':', '%3a')}_*.deb"
            path = next((self.folder / "debs").glob(name), None)
            if path:
                found[package] = path
            else:
                missing.append((package, version))
        return found, missing

    def fetch(self, what, pairs):
        """Fetches (package, version) pairs that are not there: their files by the packages' names."""
        with self.lock():
            self.ready()
            found, missing = self.wanted(pairs)
            if missing:
                need_space(self.folder, 1)
                # What is broken off leaves no file that looks whole.
                with tempfile.TemporaryDirectory(prefix="fetching-", dir=self.folder) as folder:
                    run_logged(f"{what}: fetching",
                               ["apt-get", *self.options, "download",
                                *(f"{package}={version}" for package, version in missing)],
                               self.log / f"{what.split()[0]}.log", cwd=folder)
                    for path in pathlib.Path(folder).glob("*.deb"):
                        path.rename(self.folder / "debs" / path.name)
                found, missing = self.wanted(pairs)
            if missing:
                raise Failure(f"{what}: apt-get download left no {missing[0][0]}; see {self.log}")
            return found

    def fetch_closure(self, what, packages):
        """Fetches packages with all that they depend on: the files."""
        with self.lock():
            self.ready()
            command = ["apt-get", *self.options, "install", "-y", *packages]
            said = subprocess.run([*command, "--print-uris"], capture_output=True, text=True)
            names = re.findall(r"^'\S+' (\S+\.deb) \d+", said.stdout, re.M)
            if said.returncode or not names:
                lines = [line for line in said.stderr.splitlines() if line.startswith("E:")]
                raise Failure(f"{what}: apt-get: {lines[-1] if lines else 'it names no packages'}")
            run_logged(f"{what}: fetching", [*command, "--download-only"], self.log / f"{what.split()[0]}.log")
            return [self.folder / "debs" / name for name in names]


def unpack(packages, folder, leave_out=()):
    """Opens packages' files in a folder, as many at a time as there are processors."""
    folder.mkdir(parents=True, exist_ok=True)
    patterns = [f"--exclude={pattern}" for pattern in leave_out]

    def one(package):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as reader:
            tar = subprocess.run(["tar", "-C", str(folder), "--no-same-owner", "--keep-directory-symlink",
                                  "--no-wildcards-match-slash", "-xf", "-", *patterns], stdin=reader.stdout, capture_output=True, text=True)
        if reader.returncode or tar.returncode:
            why = tar.stderr.strip().splitlines() or ["it is damaged"]
            raise Failure(f"{package} cannot be opened: {why[0]}")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(one, packages))
