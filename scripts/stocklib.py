# SPDX-License-Identifier: GPL-2.0
"""Debian's own kernels as machines to run and test on: from their packages, with what modules are
compiled with made by scripts/metadata."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import initramfs
from aptlib import Apt
from budgetlib import record
from kernetlib import CACHE, JOBS, Failure, Lock, run_logged
from vmlib import script

NAMES = re.compile(r"stock(?:-(7(?:\.\d+){1,2}))?")
PACKAGE = re.compile(r"linux-image-(7\.\d+\.\d+(?:\+deb\d+)?-amd64)")
STAMP = ".kernet-built"


def is_stock(name):
    return NAMES.fullmatch(name) is not None


def numbers(release):
    return tuple(int(number) for number in re.match(r"[\d.]+", release)[0].rstrip(".").split("."))


def fits(name, release):
    """Whether a release is one of those that a name stands for."""
    asked = NAMES.fullmatch(name)[1]
    return asked is None or numbers(release)[:asked.count(".") + 1] == numbers(asked)


def there(name):
    """The folder of the newest of the name's kernels that are there, or None."""
    found = [path.parent for path in (CACHE / "kernel").glob(f"7.*-stock-*/{STAMP}")]
    found = [path for path in found if fits(name, path.name)]
    return max(found, key=lambda path: (numbers(path.name), path.stat().st_mtime), default=None)


def newest(name):
    """The newest release that the mirror has."""
    metadata = script("metadata")
    apt = Apt(CACHE / "apt", (metadata.SUITE,))
    with apt.lock():
        apt.update()
        found = [PACKAGE.fullmatch(package) for package in apt.names("linux-image-7.")]
    releases = [match[1] for match in found if match and fits(name, match[1])]
    if not releases:
        raise Failure(f"KERNEL={name}: {metadata.SUITE} of the mirror has no such kernel")
    return max(releases, key=numbers)


def depmod(tree, release, log):
    program = shutil.which("depmod", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not program:
        raise Failure("depmod is missing; install kmod")
    run_logged("depmod", [program, "-b", str(tree), release], log)


def machine(packages, work, tree, folder):
    """Adds to the metadata what a machine needs: the kernel, its modules, a first file system."""
    release = packages.release
    root = packages.place(work / "machine", *(f"linux-{part}-{release}" for part in ("binary", "modules", "base")))
    source = root / "usr/lib/modules" / release
    image = folder / "arch/x86/boot/bzImage"
    image.parent.mkdir(parents=True, exist_ok=True)
    # Of one that was broken off.
    shutil.rmtree(folder / "modtree", ignore_errors=True)
    shutil.copy(source / "vmlinuz", image)
    modules = folder / "modtree/lib/modules" / release
    modules.parent.mkdir(parents=True)
    if root == pathlib.Path("/"):
        shutil.copytree(source, modules, ignore=shutil.ignore_patterns("build", "source", "updates", "vmlinuz"))
    else:
        (source / "vmlinuz").unlink()
        shutil.move(source, modules)
    # depmod reads them all whenever one of ours has changed.
    names = b"\0".join(os.fsencode(path) for path in modules.rglob("*.ko.xz"))
    if names:
        subprocess.run(["xargs", "-0", f"-P{JOBS}", "-n100", "xz", "-d"], input=names, check=True)
    depmod(folder / "modtree", release, CACHE / "log/stock-depmod.log")
    (folder / "initramfs.cpio").write_bytes(initramfs.make(modules))
    kept = CACHE / "src" / f"linux-{packages.version}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        tree.rename(kept)
    (folder / STAMP).write_text(f"{packages.version}\n")


def kernel(name):
    """The folder of a stock kernel, fetched and made if it is not there."""
    if not is_stock(name):
        raise Failure(f"KERNEL={name}: there is stock, stock-7.2 and the like")
    if not (folder := there(name)):
        with Lock(CACHE / "lock/stock", f"kernel {name}"):
            if not (folder := there(name)):
                start = time.monotonic()
                folder = script("metadata").make(newest(name), more=machine, complete=STAMP)
                record(f"kernel {name}", time.monotonic() - start)
    return folder


def is_stock_folder(folder):
    return "-stock-" in pathlib.Path(folder).name


def source(folder):
    """The source of a stock kernel, but for its drivers."""
    version = (folder / STAMP).read_text().strip()
    return CACHE / "src" / f"linux-{version}"
