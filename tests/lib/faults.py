# SPDX-License-Identifier: GPL-2.0
"""Lets each allocation of a system call fail in its turn, by the kernel's fault injection.

Linux: Documentation/fault-injection/fault-injection.rst, `/proc/thread-self/fail-nth`.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import socket

import rtnl
from bustle import bustle
from selftest import NetNs, Skip, equal, loaded, rmmod, run, wait_until

DEBUGFS = pathlib.Path("/sys/kernel/debug")
SLABS = pathlib.Path("/sys/kernel/slab")
SYS_FINIT_MODULE = 313
# Allocations that may sleep fail too, small ones too, and the log stays short; those alone of caches
# that are marked.
SETTINGS = {"failslab/ignore-gfp-wait": "N", "failslab/verbose": "0", "failslab/cache-filter": "Y",
            "fail_page_alloc/ignore-gfp-wait": "N", "fail_page_alloc/min-order": "0",
            "fail_page_alloc/verbose": "0"}
# More than a call has: how many are left says whether one has failed.
FAILURES = 1000000
OUT_OF_MEMORY = (errno.ENOMEM, errno.ENOBUFS)


class Faults:
    """Fault injection for the calling thread."""

    def __init__(self):
        if not (DEBUGFS / "failslab").is_dir():
            raise Skip("this kernel has no fault injection; user and debug have")
        for name, value in SETTINGS.items():
            (DEBUGFS / name).write_text(value)
        # What kmemleak allocates beside each allocation has a reserve: its failure shows nothing.
        for cache in SLABS.glob("*/failslab"):
            cache.write_text("0" if cache.parent.name.startswith("kmemleak") else "1")

    def call(self, nth, function):
        """Calls with the nth allocation failing: (its error or None, whether one has failed).

        The function makes one system call and no more.
        """
        error = None
        fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
        try:
            os.pwrite(fd, b"%d" % nth, 0)
            try:
                function()
            except OSError as refusal:
                error = refusal
            left = int(os.pread(fd, 16, 0))
        finally:
            os.pwrite(fd, b"0", 0)
            os.close(fd)
        return error, left == 0

    def each(self, function, outcome, first=1):
        """Calls with each allocation failing, until there is none left to fail.

        `outcome(error)` judges each call and makes it undone. Returns how many have failed.
        """
        nth = first
        while True:
            error, failed = self.call(nth, function)
            if error and error.errno not in OUT_OF_MEMORY:
                raise AssertionError(f"allocation {nth} fails: {error!r} instead of a lack of memory")
            try:
                outcome(error)
            except AssertionError as wrong:
                raise AssertionError(f"allocation {nth} fails: {wrong}") from None
            if not failed:
                equal(error, None, "error without a failure")
                assert nth > first, "no allocation has failed"
                return nth - first
            nth += 1

    def exhausted(self, size, function):
        """Calls with all allocations of slabs failing but the first `size` bytes: as `call`."""
        error = None
        with self.failing("failslab", space=size) as failed:
            try:
                function()
            except OSError as refusal:
                error = refusal
        return error, failed == [True]

    @contextlib.contextmanager
    def failing(self, name, **settings):
        """Has allocations of this thread fail, all that the settings of a kind of faults are for.

        Gives a list that, after the block, says whether one has failed.
        """
        attributes, failed = DEBUGFS / name, []
        for key, value in {"task-filter": "Y", "interval": 1, "probability": 100, "times": FAILURES,
                           **settings}.items():
            (attributes / key.replace("_", "-")).write_text(str(value))
        fd = os.open("/proc/thread-self/make-it-fail", os.O_WRONLY)
        try:
            os.pwrite(fd, b"1", 0)
            yield failed
        finally:
            # Before any file is opened, which allocates.
            os.pwrite(fd, b"0", 0)
            os.close(fd)
            (attributes / "probability").write_text("0")
            failed.append(int((attributes / "times").read_text()) < FAILURES)

    def scattered(self, function):
        """Calls with no sixteen pages in a row to be had: what is as large is mapped together."""
        with self.failing("fail_page_alloc", min_order=4) as failed:
            function()
        (DEBUGFS / "fail_page_alloc/min-order").write_text("0")
        assert failed == [True], "nothing large was allocated"

    def from_each_on(self, function, outcome):
        """Calls with all failing from some point on, a later one each time, until none fails.

        `outcome(error)` as for `each`.
        """
        size, refused, failed = 0, 0, True
        while failed:
            error, failed = self.exhausted(size, function)
            if error:
                equal(error.errno, errno.ENOMEM, f"error with {size} bytes")
                refused += 1
            try:
                outcome(error)
            except AssertionError as wrong:
                raise AssertionError(f"with {size} bytes: {wrong}") from None
            size += 64 + size // 8
        equal(error, None, "error without a failure")
        assert refused, "no call was refused"

    def count(self, function):
        """How many allocations a call makes."""
        fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
        try:
            os.pwrite(fd, b"1000000", 0)
            function()
            return 1000000 - int(os.pread(fd, 16, 0))
        finally:
            os.pwrite(fd, b"0", 0)
            os.close(fd)


@contextlib.contextmanager
def netlink(protocol):
    """A socket whose `ask` sends one request, and does not wait for the answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as sock:
        sock.bind((0, 0))
        yield sock


def answer(sock):
    """The error that the kernel has answered a request with: 0 for none, None if it could not."""
    found = None
    while True:
        try:
            data = sock.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return found
        except OSError as error:
            # The kernel had no memory for the answer.
            equal(error.errno, errno.ENOBUFS, "error of the socket")
            continue
        kind, number = rtnl.error_of(data)
        if kind == rtnl.NLMSG_ERROR:
            found = number


def requests(faults, protocol, message, outcome, answers=OUT_OF_MEMORY):
    """Sends a request with each allocation failing; `outcome(error)` sees the kernel's answer."""
    with netlink(protocol) as sock:
        def judge(error):
            said = answer(sock)
            if said and said not in answers:
                raise AssertionError(f"answered {errno.errorcode.get(said, said)}")
            outcome(error.errno if error else said)
        return faults.each(lambda: sock.send(message), judge)


def links():
    """The names of the namespace's devices, without the loopback."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


def link(faults, add, delete):
    """Makes and deletes a link with each allocation failing: it is there whole, or not at all."""
    rtnl.request(add)
    whole = links()
    rtnl.request(delete)
    equal(links(), [], "devices left")

    def made(error):
        have = links()
        if error is None:
            assert have in (whole, []), f"{have} are there after no answer"
        else:
            equal(have, [] if error else whole, f"devices after error {error}")
        if have:
            rtnl.request(delete)

    def deleted(error):
        have = links()
        if error == 0:
            equal(have, [], "devices left")
        elif error:
            equal(have, whole, f"devices after error {error}")
        if not have:
            rtnl.request(add)
    # `netdev_register_kobject()` says EINVAL when it has no memory for a name.
    requests(faults, socket.NETLINK_ROUTE, add, made, (*OUT_OF_MEMORY, errno.EINVAL))
    rtnl.request(add)
    requests(faults, socket.NETLINK_ROUTE, delete, deleted)
    rtnl.request(delete)


def loads(faults, name, last=40):
    """Loads a module with each of its last allocations failing: those of what it registers, which is
    undone while it is used."""
    rmmod(name)
    file = os.open(run(["modinfo", "-n", name]).stdout.strip(), os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)

    def load():
        if libc.syscall(SYS_FINIT_MODULE, file, b"", 0):
            raise OSError(ctypes.get_errno(), f"loading {name}")

    def unload():
        # Not while somebody is using it.
        wait_until(lambda: not libc.delete_module(name.encode(), os.O_NONBLOCK), 30, f"{name} is unloaded")

    def judge(error):
        equal(loaded(name), error is None, f"{name} is loaded after {error}")
        if error is None:
            unload()
    try:
        with bustle(NetNs(), name) as passed:
            # What others do meanwhile makes some loads take more than others.
            counts = []
            for _ in range(3):
                counts.append(faults.count(load))
                unload()
            whole = min(counts)
            failed = faults.each(load, judge, first=max(1, whole - last))
            packets = passed()
            assert packets > failed, f"{packets} packets have passed while {failed} loads failed"
        return failed
    finally:
        os.close(file)
