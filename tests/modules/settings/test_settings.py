#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of settings, files of /proc/net and of debugfs, of a misc device, of module parameters and of the
state of a module, with those of settings.rs. What they do is seen by sysctl(8) and by reading files.

    +-------- a --------+   /proc/sys/net/kernet/settings/*: settings that the packets of a read
    |  lo               |   /proc/net/settings_rows: the rows of a
    +-------------------+
      /sys/kernel/debug/settings/*, /dev/settings: of the module
"""

import errno
import fcntl
import os
import pathlib
import stat
import sys
import threading

import faults
from selftest import (NetNs, case, checked, defer, equal, loaded, main, modprobe, need, rmmod, run,
                      wait_until)

# Seconds that anything may take on a busy machine.
LIMIT = 30
FOLDER = pathlib.Path("/proc/sys/net/kernet/settings")
ROWS = "/proc/thread-self/net/settings_rows"
DEBUGFS = pathlib.Path("/sys/kernel/debug/settings")
# Nobody's user and group.
NOBODY = 65534


def start(**params):
    rmmod("settings")
    run(["modprobe", "settings", *(f"{key}={value}" for key, value in params.items())])
    defer(rmmod, "settings")
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


@case
@checked
def a_namespace_has_settings_of_its_own():
    need("sysctl")
    ns, other = start(), NetNs()
    for where in ns, other:
        equal([value(where, name) for name in ("longest", "drop", "add")], [-1, 0, 0], "at first")
    ns.run("sysctl -w net.kernet.settings.longest=100 net.kernet.settings.drop=1")
    ns.run("sysctl -w net.kernet.settings.add=4294967295")
    equal([value(ns, name) for name in ("longest", "drop", "add")], [100, 1, 2**32 - 1], "written")
    equal([value(other, name) for name in ("longest", "drop", "add")], [-1, 0, 0], "of the other one")
    # What a write has to do is done: three rows were there.
    equal([value(ns, "rows"), value(other, "rows")], [4, 0], "rows")
    equal(listed(ns), [0, 1, 2, 2**32 - 1], "keys")
    # What the module sets stays between the bounds.
    put(ns, "fill", 3000)
    equal(value(ns, "rows"), 1000, "rows, at most")


@case
def what_is_no_value_is_refused():
    ns = start()
    for name, bad in (("longest", -2), ("longest", 65536), ("longest", 2**32), ("longest", "x"),
                      ("drop", 2), ("drop", -1), ("fill", 100001), ("fill", -1), ("add", 2**32)):
        equal(refused(put, ns, name, bad), errno.EINVAL, f"{bad} for {name}")
    equal([value(ns, name) for name in ("longest", "drop", "fill", "add")], [-1, 0, 0, 0], "afterwards")
    equal(int((DEBUGFS / "changes").read_text()), 0, "changes")
    equal(refused(put, ns, "rows", 1), errno.EACCES, "writing what is only read")


def as_user(ns, *command, prefix=""):
    return ns.run(f"{prefix}setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "
                  f"--inh-caps=-all --bounding-set=-all {' '.join(command)}", check=False)


@case
def who_may_read_and_write():
    """Everybody reads, the owner writes; in a namespace of his own everybody is the owner."""
    need("setpriv", "unshare")
    ns = start()
    equal(as_user(ns, f"cat {FOLDER}/longest").stdout, "-1\n", "read by a user")
    assert as_user(ns, f"cat {FOLDER}/dropped").returncode, "a user reads what is the owner's"
    assert as_user(ns, f"sh -c 'echo 5 > {FOLDER}/longest'").returncode, "a user writes"
    assert as_user(ns, "cat /proc/net/settings_rows").stdout.startswith("key value\n0 0\n"), "rows"
    mine = (f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups unshare -Urn sh -ec "
            f"'echo 5 > {FOLDER}/longest; cat {FOLDER}/longest {FOLDER}/dropped; ! echo 1 > {FOLDER}/rows; "
            "wc -l < /proc/net/settings_rows'")
    done = ns.run(mine, check=False)
    equal((done.returncode, done.stdout), (0, "5\n0\n4\n"), f"in a user's own namespace ({done.stderr})")
    equal(value(ns, "longest"), -1, "outside")
    equal(stat.S_IMODE((DEBUGFS / "totals").stat().st_mode), 0o400, "mode")
    equal(stat.S_IMODE((DEBUGFS / "changes").stat().st_mode), 0o600, "mode")


@case
@checked
def packets_read_settings():
    ns, other = start(), NetNs()
    put(ns, "longest", 200)
    assert ns.ping("127.0.0.1", 1), "a short packet"
    assert not ns.ping("127.0.0.1", 1, "-s 400 -W 1"), "a long packet"
    assert other.ping("127.0.0.1", 1, "-s 400"), "a long packet elsewhere"
    equal(value(ns, "dropped"), 1, "dropped")
    put(ns, "longest", -1)
    assert ns.ping("127.0.0.1", 1, "-s 400"), "a long packet again"
    put(ns, "drop", 1)
    assert not ns.ping("127.0.0.1", 1, "-W 1"), "a short packet"


@case
@checked
def a_reader_goes_on_while_rows_change():
    """A row that stays is read once, in its place, whatever else comes and goes."""
    ns = start(rows=0)
    equal(listed(ns), [], "keys")
    put(ns, "fill", 5000)
    whole = list(range(0, 10000, 2))
    equal(listed(ns), whole, "keys of all")
    reader = opened(ns, ROWS)
    data = b""
    while b"\n2000 " not in data:
        data += os.read(reader, 100)
    # Of rows that were read, that are read next, that are far; what comes before the reader is missed.
    for gone in 100, 2100, 2102, 2104, 8000, 9998:
        put(ns, "remove", gone)
    for new in 101, 2101, 8001, 10001, 4294967295:
        put(ns, "add", new)
    found = keys(data + rest(reader, 100))
    stays = [key for key in whole if key not in (2100, 2102, 2104, 8000, 9998)]
    # What was in the buffer already may still be read.
    have = [key for key in found if key not in (2100, 2102, 2104, 2101)]
    equal(have, sorted([*stays, 8001, 10001, 4294967295]), "keys")
    # At the end, until there is more.
    equal(os.read(reader, 100), b"", "at the end")
    equal(listed(ns), sorted({*stays, 101, 2101, 8001, 10001, 4294967295} - {100}), "keys afterwards")
    put(ns, "remove", 4294967295)
    late = opened(ns, ROWS)
    rest(late)
    put(ns, "add", 20000)
    equal(rest(late), b"20000 1\n", "a row that came at the end")
    # From anywhere.
    text = rest(opened(ns, ROWS))
    for offset in 0, 1, 12, 5000, len(text) - 3, len(text):
        equal(os.pread(late, 50, offset), text[offset:offset + 50], f"at {offset}")
    os.lseek(late, 0, os.SEEK_SET)
    equal(rest(late), text, "from the start again")


def load(ns, number=2):
    """Programs that read and write all files of a namespace for as long as they can."""
    program = ("import os, itertools\n"
               f"os.chdir('{FOLDER}')\n"
               "for n in itertools.count():\n"
               f"  for path in ('longest', 'rows', '{ROWS}', '{DEBUGFS}/totals'):\n"
               "    try:\n"
               "      with open(path, 'rb', 0) as file:\n"
               "        file.read(100); file.read(300)\n"
               "    except OSError: pass\n"
               "  for name in ('longest', 'add', 'remove'):\n"
               "    try:\n"
               f"      with open(f'{FOLDER}/{{name}}', 'w') as file: file.write(str(n % 1000))\n"
               "    except OSError: pass\n")
    return [ns.popen(f"{sys.executable} -c \"{program}\"") for _ in range(number)]


def goes_on():
    """The load does."""
    before = int((DEBUGFS / "changes").read_text())
    wait_until(lambda: int((DEBUGFS / "changes").read_text()) > before + 5, LIMIT, "settings change")


def kill(processes):
    for process in processes:
        process.kill()
        process.wait()


def unloaded():
    rmmod("settings", LIMIT)
    assert not loaded("settings")
    assert not FOLDER.exists() and not FOLDER.parent.exists() and not DEBUGFS.exists(), "folders left"
    assert not os.path.exists(ROWS), "a file left"


@case
@checked
def a_namespace_dies_under_load():
    """Nothing that is open of sysctl holds a namespace; a file of /proc/net does."""
    keep = start(rows=200)
    for _ in range(2):
        ns = NetNs()
        processes = load(ns)
        goes_on()
        setting = opened(ns, FOLDER / "longest", os.O_RDWR)
        os.pread(setting, 10, 0)
        rows = opened(ns, ROWS)
        half = os.read(rows, 100)
        pair = f"ip link add v0 type veth peer name v1 netns {ns.name}"
        keep.run(pair)
        ns.delete()
        kill(processes)
        # The open file keeps it.
        text = half + rest(rows, 100)
        found = keys(text)
        assert found and found == sorted(set(found)), f"keys of a namespace without a name: {found}"
        assert keep.link("v0"), "the namespace has gone"
        os.pwrite(setting, b"7", 0)
        os.close(rows)
        wait_until(lambda: keep.run("ip link show v0", check=False).returncode, LIMIT, "it has gone")
        equal(refused(os.pread, setting, 10, 0), errno.ENOENT, "error of reading")
        equal(refused(os.pwrite, setting, b"7", 0), errno.ENOENT, "error of writing")
        os.close(setting)
    unloaded()


@case
@checked
def rmmod_under_load():
    """With all kinds of files open, half read, and being read and written."""
    for _ in range(2):
        ns, other = start(rows=200), NetNs()
        processes = load(ns) + load(other)
        goes_on()
        setting = opened(ns, FOLDER / "longest", os.O_RDWR)
        os.pread(setting, 10, 0)
        rows = opened(ns, ROWS)
        os.read(rows, 100)
        # Unread.
        fresh = opened(other, ROWS)
        unloaded()
        kill(processes)
        equal(refused(os.pread, setting, 10, 0), errno.ENOENT, "error of reading")
        equal(refused(os.read, rows, 100), errno.EIO, "error of reading on")
        equal(refused(os.read, fresh, 100), errno.EIO, "error of reading")
        for fd in setting, rows, fresh:
            os.close(fd)


@case
@checked
def what_is_running_is_waited_for():
    """Somebody is in the callback of a setting, which waits for RTNL, and somebody in that of a row."""
    ns = start()

    def write():
        try:
            put(ns, "linger_ms", 300)
        except OSError as error:
            equal(error.errno, errno.ENOENT, "error of writing")

    def read():
        fd = opened(ns, ROWS)
        try:
            rest(fd)
        except OSError as error:
            equal(error.errno, errno.EIO, "error of reading")
        os.close(fd)
    threads = []
    for work in write, read:
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        wait_until(lambda: total("lingering") >= 1, LIMIT, "somebody is there")
    unloaded()
    for thread in threads:
        thread.join()
    # The same when the namespace dies: there is nobody in it but who writes.
    keep = start()
    dying = NetNs()
    fd = opened(dying, FOLDER / "linger_ms", os.O_RDWR)
    keep.run(f"ip link add v0 type veth peer name v1 netns {dying.name}")
    thread = threading.Thread(target=lambda: os.pwrite(fd, b"300", 0))
    thread.start()
    wait_until(lambda: total("lingering") >= 1, LIMIT, "somebody is there")
    dying.delete()
    wait_until(lambda: keep.run("ip link show v0", check=False).returncode, LIMIT, "it has gone")
    thread.join()
    os.close(fd)


def device(name="settings"):
    """The misc device, opened."""
    major, minor = pathlib.Path(f"/sys/class/misc/{name}/dev").read_text().split(":")
    path = pathlib.Path(f"/dev/{name}-{os.getpid()}")
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(int(major), int(minor)))
    try:
        fd = os.open(path, os.O_RDWR)
    finally:
        path.unlink()
    defer(closed, fd)
    return fd


@case
@checked
def files_of_the_module_hold_it():
    """debugfs and the misc device: the module is in use as long as a file is open."""
    start(rows=5)
    equal(total("rows"), 5, "the parameter")
    equal((DEBUGFS / "changes").read_text(), "0\n", "changes")
    (DEBUGFS / "changes").write_text("12\n")
    equal((DEBUGFS / "changes").read_text(), "12\n", "changes")
    equal(refused((DEBUGFS / "changes").write_text, "x"), errno.EINVAL, "what is no number")
    equal(refused((DEBUGFS / "changes").write_text, "1" * 4097), errno.E2BIG, "too much")
    equal(refused((DEBUGFS / "totals").write_text, "1"), errno.EINVAL, "what nobody writes")
    first, second = device(), device()
    equal(total("opened"), 2, "open files")
    equal([fcntl.ioctl(first, 0), fcntl.ioctl(first, 0), fcntl.ioctl(second, 0)], [0, 1, 0], "counts")
    shown = os.open(DEBUGFS / "totals", os.O_RDONLY)
    os.read(shown, 10)
    for fd in first, second, shown:
        assert run("rmmod settings", check=False).returncode, "unloaded with files open"
        os.close(fd)
    unloaded()


@case
def a_device_cannot_be_of_another_module():
    """What stranger.rs says whose its files are: they hold the module whose code they run."""
    modprobe("stranger")
    fd = device("stranger")
    assert run("rmmod stranger", check=False).returncode, "unloaded with a file open"
    os.close(fd)
    rmmod("stranger", LIMIT)


@case
def parameters():
    ns = start(rows=7)
    equal(listed(ns), list(range(7)), "keys")
    equal(total("namespaces") >= 2, True, "namespaces were counted before there was anything else")
    # Those of the kernel crate are not in sysfs.
    assert not pathlib.Path("/sys/module/settings/parameters").exists(), "parameters in sysfs"
    text = run("modinfo -F parm settings").stdout
    assert "rows:Rows of each namespace at first" in text, text
    rmmod("settings")
    for bad in "rows=x", "rows=-1", "refuse=1":
        assert run(["modprobe", "settings", bad], check=False).returncode, bad
        assert not loaded("settings"), bad
    unloaded()


@case
def memory_fails():
    """Each file and each load, with each allocation failing."""
    faulty = faults.Faults()
    ns = start(rows=100)
    with ns.enter():
        def whole(error):
            if error is None:
                os.close(fds.pop())

        def nothing(error):
            pass
        fds = []
        for path in ROWS, FOLDER / "longest":
            faulty.each(lambda path=path: fds.append(os.open(path, os.O_RDWR if path != ROWS else 0)), whole)
        fd = os.open(FOLDER / "add", os.O_WRONLY)
        assert faulty.each(lambda: os.pwrite(fd, b"1000", 0), nothing) >= 2, "the row's"
        os.close(fd)
        fd = os.open(ROWS, os.O_RDONLY)
        faulty.each(lambda: os.pread(fd, 100, 0), nothing)
        os.close(fd)
        equal(keys(pathlib.Path(ROWS).read_bytes()), [*range(100), 1000], "keys")
    unloaded()
    # There are several namespaces: what is registered in some is unregistered.
    NetNs()
    assert faults.loads(faulty, "settings", 200) > 50, "allocations of a load"


main(60)
