# SPDX-License-Identifier: GPL-2.0
"""Dumps read message by message: what they say while the set changes, and how they are left."""

import bisect
import os
import signal
import socket
import struct
import traceback

import ynl
from nlraw import DONE, ERROR, HEADER, INTERRUPTED, parse
from selftest import equal, loaded, rmmod, run

# The kernel's messages of a dump are as large as the buffers they are read into, but not smaller.
ROOM = 4096


class Dump:
    """A dump by a socket of its own.

    The kernel fills its first message when it is asked, and each further one when the one before
    is read: a change after a `read` is seen by the message after the next one.
    """

    def __init__(self, ns, family, operation, identify=None, values=None, room=ROOM):
        """`identify` makes of an entry's attributes, {type: bytes}, what names the object."""
        self.identify, self.room, self.done = identify, room, False
        request = ynl.encode(family, operation, values or {}, dump=True)
        with ns.enter():
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ynl.NETLINK_GENERIC)
        self.sock.settimeout(60)
        self.sock.send(request)

    def read(self):
        """The entries of the next message: (whether it says "interrupted", what names the object).

        The end is an entry that names None.
        """
        found, data = [], self.sock.recv(self.room)
        while data:
            size, kind, flags, _, _ = HEADER.unpack_from(data)
            if kind in (DONE, ERROR):
                status, = struct.unpack_from("=i", data, HEADER.size)
                if kind == ERROR or status:
                    raise OSError(-status, os.strerror(-status))
                self.done, name = True, None
            else:
                name = self.identify(dict(parse(data[HEADER.size + 4:size])))
            found.append((bool(flags & INTERRUPTED), name))
            data = data[(size + 3) & ~3:]
        return found

    def rest(self):
        """All entries that are left, and how many messages they came in."""
        found, messages = [], 0
        while not self.done:
            found += self.read()
            messages += 1
        return found, messages

    def close(self):
        self.sock.close()


def follow(dump, objects, change):
    """Reads a dump of a set in order to its end, each message against the set it was filled from.

    `objects`, a sorted list, is what names the objects in the set; `change` may change both, and
    says whether it has. Returns how many messages came without a change before them, and with one.
    """
    counts = [0, 0]
    last, filled, changed = None, (objects[:], False), False
    while not dump.done:
        following = objects[:], changed
        found = dump.read()
        names = [name for _, name in found]
        there, interrupted = filled
        start = bisect.bisect_right(there, last) if last is not None else 0
        equal(names, there[start:start + len(names)] or [None], "what a message names")
        equal([said for said, _ in found], [interrupted] + [False] * (len(found) - 1),
              "whether its entries say that the set has changed")
        counts[interrupted] += 1
        last, filled = names[-1], following
        changed = change()
    dump.close()
    return counts


def killed_in(begin):
    """A child begins a dump and is killed in it."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            dump = begin()
            dump.read()
            os.write(into, b"x")
            signal.pause()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(into)
    with open(out, "rb") as pipe:
        said = pipe.read(1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    equal(said, b"x", "what the child says when it is in a dump")


def abandon(module, begin, closed=30, killed=5):
    """Leaves dumps in their course: sockets are closed, processes die, the module is to go.

    `begin` begins a dump that has more than two messages.
    """
    for _ in range(closed):
        dump = begin()
        dump.read()
        assert not dump.done, "the dump is too short to be left"
        dump.close()
    for _ in range(killed):
        killed_in(begin)
    # One goes on as if nothing had been.
    dump = begin()
    dump.read()
    stays(module)
    rest, _ = dump.rest()
    assert len(rest) > 1, "the dump is too short to go on"
    dump.close()
    # One is never read.
    dump = begin()
    stays(module)
    dump.close()
    rmmod(module)
    equal(loaded(module), False, "loaded")
    run(["modprobe", module])


def stays(module):
    """A dump keeps the module."""
    refused = run(["rmmod", module], check=False)
    assert refused.returncode and "in use" in refused.stderr, f"unloaded in a dump: {refused.stderr}"
