#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of settings, files of /proc/net and of debugfs, of a misc device, of module parameters and of the
state of a module, with those of settings.rs. What they do is seen by sysctl(8) and by reading files. See
knobs.py.

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
import struct

import faults
from knobs import (DEBUGFS, FOLDER, LIMIT, ROWS, device, keys, listed, opened, put, refused, rest, start, total,
                   unloaded, value)
from selftest import NetNs, case, checked, churn, equal, loaded, main, modprobe, need, rmmod, run

# Nobody's user and group.
NOBODY = 65534


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
    equal(struct.unpack("=Q", os.read(first, 10)), (2,), "a count that is read")
    equal(os.read(first, 10), b"", "behind it")
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
    """Each allocation of opening, reading and writing files."""
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


@case
@churn
def loading():
    """There are several namespaces: what is registered in some is unregistered."""
    faulty = faults.Faults()
    start()
    assert faults.loads(faulty, "settings", 200) > 50, "allocations of a load"


main(22)
