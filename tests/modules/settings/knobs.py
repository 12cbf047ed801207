# SPDX-License-Identifier: GPL-2.0
"""What the tests of settings.rs share: the module, its files, its device and who uses them all the time."""

import contextlib
import errno
import itertools
import multiprocessing
import os
import pathlib
import stat
import threading

from selftest import NetNs, defer, equal, loaded, rmmod, run, wait_until

# Seconds that anything may take on a busy machine.
LIMIT = 30
FOLDER = pathlib.Path("/proc/sys/net/kernet/settings")
ROWS = "/proc/thread-self/net/settings_rows"
DEBUGFS = pathlib.Path("/sys/kernel/debug/settings")


def insert(**params):
    rmmod("settings")
    run(["modprobe", "settings", *(f"{key}={value}" for key, value in params.items())])
    defer(rmmod, "settings")


def start(**params):
    insert(**params)
    return NetNs()


def value(ns, name):
    return int(ns.run(f"sysctl -n net.kernet.settings.{name}").stdout)


def put(ns, name, number):
    with ns.enter():
        (FOLDER / name).write_text(str(number))


def refused(function, *args):
    """The error of a call that has to fail."""
    try:
        done = function(*args)
    except OSError as error:
        return error.errno
    raise AssertionError(f"gives {done!r} and no error")


def opened(ns, path, flags=os.O_RDONLY):
    """Opens a file in a namespace, until the case ends."""
    with ns.enter():
        fd = os.open(path, flags)
    defer(closed, fd)
    return fd


def closed(fd):
    try:
        os.close(fd)
    except OSError as error:
        equal(error.errno, errno.EBADF, "error of closing")


def keys(text):
    """The keys of whole rows, in their order."""
    lines = text.decode().splitlines()
    equal(lines[0], "key value", "the header")
    return [int(line.split()[0]) for line in lines[1:]]


def listed(ns):
    with ns.enter():
        return keys(pathlib.Path(ROWS).read_bytes())


def rest(fd, size=65536):
    """What there is to read yet."""
    data = b""
    while piece := os.read(fd, size):
        data += piece
    return data


def total(name):
    for line in (DEBUGFS / "totals").read_text().splitlines():
        key, number = line.split()
        if key == name:
            return int(number)
    raise AssertionError(f"no {name} in totals")


def load(ns, number=2):
    """Processes that read and write all files of a namespace for as long as they can, while there are any."""
    processes = [multiprocessing.get_context("fork").Process(target=use, daemon=True) for _ in range(number)]
    with ns.enter():
        for process in processes:
            process.start()
    defer(kill, processes)
    return processes


def use():
    for number in itertools.count():
        for path in FOLDER / "longest", FOLDER / "rows", ROWS, DEBUGFS / "totals":
            with contextlib.suppress(OSError), open(path, "rb", 0) as file:
                file.read(100)
                file.read(300)
        for name in "longest", "add", "remove":
            with contextlib.suppress(OSError):
                (FOLDER / name).write_text(str(number % 1000))


def goes_on():
    """The load does."""
    before = int((DEBUGFS / "changes").read_text())
    wait_until(lambda: int((DEBUGFS / "changes").read_text()) > before + 5, LIMIT, "settings change")


def kill(processes):
    for process in processes:
        process.kill()
        process.join()


def unloaded():
    rmmod("settings", LIMIT)
    assert not loaded("settings")
    assert not FOLDER.exists() and not FOLDER.parent.exists() and not DEBUGFS.exists(), "folders left"
    assert not os.path.exists(ROWS), "a file left"


def packets_pass():
    """Through the hook of the module."""
    before = total("packets")
    wait_until(lambda: total("packets") > before + 100, LIMIT, "traffic")


def open_device(name="settings"):
    """The misc device, opened; fails as the module comes and goes."""
    major, minor = pathlib.Path(f"/sys/class/misc/{name}/dev").read_text().split(":")
    path = pathlib.Path(f"/dev/{name}-{threading.get_native_id()}")
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(int(major), int(minor)))
    try:
        return os.open(path, os.O_RDWR)
    finally:
        path.unlink()


def device(name="settings"):
    """The same, until the case ends."""
    fd = open_device(name)
    defer(closed, fd)
    return fd
