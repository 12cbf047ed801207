#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Settings, files and the misc device of settings.rs, which go while they are used and while packets read them.
See knobs.py."""

import collections
import ctypes
import errno
import fcntl
import os
import struct
import threading

from knobs import (FOLDER, LIMIT, ROWS, goes_on, insert, keys, kill, load, open_device, opened,
                   packets_pass, put, refused, rest, start, total, unloaded)
from selftest import NetNs, case, churn, defer, equal, main, wait_until


@case
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


@case
@churn
def a_namespace_dies_under_traffic():
    """Packets on its loopback, until their sender ends; and packets that it answers, until it has gone."""
    keep = start()
    keep.popen("ping -q -f 127.0.0.1")
    for _ in range(2):
        ns = NetNs()
        keep.run(f"ip link add v0 type veth peer name v1 netns {ns.name}")
        keep.up("v0", "192.0.2.1/24")
        ns.up("v1", "192.0.2.2/24")
        processes = load(ns, 1)
        inside = ns.popen("ping -q -f 127.0.0.1")
        outside = keep.popen("ping -q -f 192.0.2.2")
        wait_until(lambda: keep.link("v0")["stats64"]["rx"]["packets"] > 100, LIMIT, "answers")
        goes_on()
        packets_pass()
        ns.delete()
        # They have kept it.
        kill(processes)
        inside.kill()
        inside.wait()
        wait_until(lambda: keep.run("ip link show v0", check=False).returncode, LIMIT, "it has gone")
        outside.kill()
        outside.wait()
    packets_pass()
    unloaded()


@case
@churn
def unloaded_under_traffic():
    """And loaded: the packets do not stop."""
    ns, other = NetNs(), NetNs()
    for where in ns, other:
        where.popen("ping -q -f 127.0.0.1")
    load(ns, 1)
    for _ in range(3):
        insert(rows=50)
        packets_pass()
        goes_on()
        unloaded()


class User(threading.Thread):
    """Opens the misc device, uses and closes it, again and again until the case ends."""

    def __init__(self):
        super().__init__()
        self.ended, self.errors, self.found = threading.Event(), collections.Counter(), collections.Counter()
        defer(self.end)
        self.start()

    def run(self):
        while not self.ended.is_set():
            try:
                fd = open_device()
            except OSError as error:
                self.errors[error.errno] += 1
                continue
            counts = [fcntl.ioctl(fd, 0) for _ in range(3)]
            self.found[(*counts, *struct.unpack("=Q", os.read(fd, 10)))] += 1
            os.close(fd)

    def used(self, more=5):
        """Waits until it was opened, and all was right."""
        before = self.found.total()
        wait_until(lambda: self.found.total() > before + more or not self.is_alive(), LIMIT, "the device is used")
        equal([*self.found], [(0, 1, 2, 3)], "what the files have counted")

    def end(self):
        self.ended.set()
        self.join()


@case
@churn
def the_device_is_opened_while_the_module_comes_and_goes():
    """An open file refuses the module's end, at whatever moment of opening or closing that is asked for."""
    libc = ctypes.CDLL(None, use_errno=True)
    user = User()
    went = kept = 0
    while went < 4 or not kept:
        assert went < 50, "the module was never in use"
        insert()
        user.used()

        def gone():
            nonlocal kept
            if not libc.delete_module(b"settings", os.O_NONBLOCK):
                return True
            equal(ctypes.get_errno(), errno.EAGAIN, "error of unloading")
            kept += 1
            return False
        wait_until(gone, LIMIT, "it is unloaded")
        went += 1
    user.end()
    # What there is for a moment without the other: the folder of the device, its number, the device.
    assert set(user.errors) <= {errno.ENOENT, errno.ENODEV, errno.ENXIO}, user.errors
    unloaded()
    return f"unloaded {went} times, refused {kept} times, {user.found.total()} files"


main(18)
