# SPDX-License-Identifier: GPL-2.0
"""The programs by which a distribution's kernel was built: the system's, if they are those that the
kernel's configuration names, else those of a private root of Debian's packages.

The private root is a folder of opened packages. A command that is to run with them gets a mount
namespace of its own in which the root's /usr is on /usr: all other files are where they were.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from aptlib import Apt, unpack
from kernetlib import CACHE, ROOT, Failure, Lock, need_space, say

SUITE = "trixie"
# What a kernel's build calls beside the compilers: the programs, and Debian's packages of them.
PROGRAMS = {"make": "make", "flex": "flex", "bison": "bison", "bc": "bc", "openssl": "openssl",
            "pahole": "dwarves", "bindgen": "bindgen", "rustc": "rustc", "python3": "python3",
            "xz": "xz-utils", "depmod": "kmod"}
FILES = {"/usr/include/libelf.h": "libelf-dev", "/usr/include/openssl/opensslv.h": "libssl-dev",
         "/usr/include/x86_64-linux-gnu/asm/types.h": "linux-libc-dev", "/usr/include/stdio.h": "libc6-dev"}
BASE = ("bash", "binutils", "coreutils", "cpio", "dash", "diffutils", "findutils", "grep", "gzip", "mawk",
        "perl-base", "python3-minimal", "sed", "tar", "util-linux")
LEFT_OUT = ("./usr/share/doc/*", "./usr/share/man/*", "./usr/share/info/*", "./usr/share/locale/*",
            "./usr/src/rustc-*/src/*", "./usr/src/rustc-*/compiler/*", "./usr/lib/llvm-*/lib/lib*.a",
            "./usr/lib/llvm-*/include/*", "./usr/lib/gcc/*/*/lib*san*")
BINDGEN_OLDEST = (0, 71, 1)
# In a mount namespace of its own: folders of the host that are below /usr stay.
ENTER = """root=$1; shift
while [ "$1" != -- ]; do
	mkdir -p "$root$1" && mount --rbind "$1" "$root$1" || exit 125
	shift
done
shift
mount --rbind "$root/usr" /usr || exit 125
exec "$@"
"""


def option(config, name):
    """The value of a kernel's option that is a text or a number, or None."""
    found = re.search(rf'^CONFIG_{name}="?(.*?)"?$', config, re.M)
    return found and found[1]


def codename():
    try:
        text = pathlib.Path("/etc/os-release").read_text()
    except OSError:
        return ""
    found = re.search(r'^VERSION_CODENAME="?(\w+)', text, re.M)
    return found[1] if found else ""


class Compilers:
    """How to call make for a kernel that gcc built, and with which programs."""

    def __init__(self, cc, root=None, rustc="/usr/bin/rustc", bindgen="/usr/bin/bindgen"):
        self.cc, self.root, self.keep = cc, root, ()
        self.rustc, self.bindgen = rustc, bindgen

    def command(self, *words):
        """The command, to be run with these programs."""
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        if not self.root:
            return ["env", path, *words]
        kept = [str(folder) for folder in dict.fromkeys(map(str, (ROOT, CACHE, *self.keep)))
                if str(folder).startswith("/usr/")]
        return ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c",
                ENTER, "sh", str(self.root), *kept, "--", "env", path, *words]

    def words(self):
        """For make: which programs to use."""
        return [f"CC={self.cc}", f"HOSTCC={self.cc}", f"RUSTC={self.rustc}", f"HOSTRUSTC={self.rustc}",
                "RUSTDOC=/usr/bin/rustdoc", "RUSTFMT=/usr/bin/rustfmt", f"BINDGEN={self.bindgen}"]

    def ask(self, *words):
        """The first line that a program prints, or nothing."""
        try:
            done = subprocess.run(self.command(*words), capture_output=True, text=True,
                                  env={**os.environ, "LC_ALL": "C"})
        except FileNotFoundError:
            return ""
        if done.returncode == 125 or done.stderr.startswith("unshare:"):
            raise Failure(f"the private root {self.root} cannot be entered: "
                          f"{(done.stderr.strip() or 'unshare says nothing').splitlines()[-1]}; "
                          "it needs mount namespaces, and in a chroot a root that is a mount point")
        return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""

    def identity(self):
        """What the results depend on."""
        return "; ".join((self.ask(self.rustc, "-V"), self.ask(self.cc, "--version"),
                          self.ask(self.bindgen, "--version"), "pahole " + self.ask("pahole", "--version")))

    def sources(self):
        """Whether the source of Rust's own crates is there."""
        where = self.ask(self.rustc, "--print", "sysroot")
        return bool(where) and bool(self.ask("ls", f"{where}/lib/rustlib/src/rust/library/core/src/lib.rs"))


def compiler_of(config):
    """The C compiler that a kernel's configuration names."""
    text = option(config, "CC_VERSION_TEXT") or ""
    return text.split(" ")[0] or "gcc"


def packages_of(config):
    """Debian's packages of all that such a kernel's build needs."""
    cc = compiler_of(config).removeprefix("x86_64-linux-gnu-")
    return [cc, *PROGRAMS.values(), *FILES.values(), "rust-src"]


def missing_of(system, crates):
    """Of those packages the ones whose files the system has not; few of them, but for the `crates`."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    programs = {**(PROGRAMS if crates else {"make": "make"}), system.rustc: "rustc", system.bindgen: "bindgen",
                system.cc: system.cc.removeprefix("x86_64-linux-gnu-")}
    lacks = [package for program, package in programs.items() if not shutil.which(program, path=path)]
    if crates:
        lacks += [package for path, package in FILES.items() if not pathlib.Path(path).exists()]
        if "rustc" in lacks or not system.sources():
            lacks.append("rust-src")
    return list(dict.fromkeys(lacks))


def unfit(config, compilers):
    """Why programs that are there do not do for a kernel: None if they do."""
    wanted, have = option(config, "RUSTC_VERSION_TEXT"), compilers.ask(compilers.rustc, "-V")
    if have != wanted:
        return (f"the kernel was built by {wanted}, {compilers.rustc} is {have or 'missing'}; "
                "set RUSTC to that one")
    named = option(config, "CC_VERSION_TEXT") or ""
    have = compilers.ask(compilers.cc, "--version")
    if have.split(" ")[-1:] != named.split(" ")[-1:]:
        return f"the kernel was built by {named}, the system has {have or 'no such compiler'}"
    have = compilers.ask(compilers.bindgen, "--version")
    numbers = tuple(map(int, re.findall(r"\d+", have)[:3]))
    if numbers < BINDGEN_OLDEST:
        return f"bindgen is {have or 'missing'}, it has to be {'.'.join(map(str, BINDGEN_OLDEST))} or later"
    return None


def private_root(config, cache):
    """The private root, made if it is not there."""
    cc = compiler_of(config)
    packages = sorted({*BASE, *packages_of(config)})
    key = hashlib.sha256("\0".join([SUITE, *packages, *LEFT_OUT]).encode()).hexdigest()[:12]
    folder = cache / f"root-{SUITE}-{key}"
    with Lock(cache / "lock/root", "compilers"):
        if folder.is_dir():
            return Compilers(cc, folder)
        need_space(cache, 3)
        files = Apt(cache / "apt", (SUITE,)).fetch_closure("compilers of Debian", packages)
        say("compilers of Debian: opening the packages")
        fresh = cache / f".root-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        unpack(files, fresh, LEFT_OUT)
        # The packages' scripts are not run; this is the one of their links that a build needs.
        awk = fresh / "usr/bin/awk"
        if not awk.exists():
            awk.symlink_to("mawk")
        fresh.rename(folder)
        for path in files:
            path.unlink(missing_ok=True)
    return Compilers(cc, folder)


def find(config, cache=CACHE, private=True, crates=False, **own):
    """The programs for a kernel that gcc built, by its configuration.

    They are to compile modules, or the kernel's `crates`. `private` allows a private root; without it
    the system's have to do, or `own` ones: `rustc` and `bindgen`.
    """
    cc = compiler_of(config)
    system = Compilers(cc, **own)
    lacks = missing_of(system, crates)
    why = None if lacks else unfit(config, system)
    if not lacks and not why:
        return system
    # Where they are the system's own, they are only to be installed.
    if lacks and (codename() == SUITE or not private or os.environ.get("RUSTC")):
        raise Failure(f"missing packages; run as root: apt-get install --no-install-recommends "
                      f"{' '.join(lacks)}")
    if not private or os.environ.get("RUSTC"):
        raise Failure(why)
    compilers = private_root(config, cache)
    why = unfit(config, compilers)
    if why:
        raise Failure(f"{compilers.root}: {why}; remove the folder, so that it is made anew")
    return compilers


def rustc(cache=CACHE):
    """A command that is a Rust compiler: the private root's, or the system's."""
    roots = sorted(cache.glob(f"root-{SUITE}-*"))
    names = [path.name for root in roots[-1:] for path in root.glob("usr/bin/x86_64-linux-gnu-gcc-*")
             if re.fullmatch(r"x86_64-linux-gnu-gcc-\d+", path.name)]
    if not names:
        return ["/usr/bin/rustc"]
    return Compilers(names[0], roots[-1]).command("rustc", f"-Clinker={names[0]}")
