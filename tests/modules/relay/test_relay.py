#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""rtnetlink handlers and a netlink protocol of a module's own.

    this program --- NETLINK_ROUTE, family 100 --- relay: a table of addresses per namespace
                 \\-- netlink protocol 31 --------/
    rival wants protocol 31, usurper a type of family 100, too.
"""

import ctypes
import errno
import os
import re
import socket
import struct
import sys
import threading

from nlraw import ACK, DONE, DUMP, ERROR, REQUEST, attr, parse
from nlraw import Socket as Raw
from selftest import (NetNs, case, checked, churn, defer, equal, loaded, main, modprobe, rmmod,
                      run, wait_until)

FAMILY, UNIT = 100, 31
NEWADDR, DELADDR, GETADDR, NEWROUTE, GETROUTE, NEWNEIGH, GETNEIGH = 20, 21, 22, 24, 26, 28, 30
ECHO, COUNT, TELL, MINE, TELL_ONE = 16, 17, 18, 19, 20
GROUP, RTNLGRP = 40, 21
EXCL, BULK, ECHO_FLAG, DUMP_INTR = 0x200, 0x200, 8, 0x10
NUMBER, LOCAL = 1, 2
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET, NEWUSER = 0x40000000, 0x10000000


class Socket(Raw):
    """A socket of a protocol, whose messages have a type and a header."""

    def __init__(self, protocol=socket.NETLINK_ROUTE, buffer=None):
        super().__init__(buffer=buffer, protocol=protocol)

    def send(self, command, attrs=b"", flags=ACK, header=b""):
        self.seq += 1
        body = header + attrs
        self.sock.send(struct.pack("=IHHII", 16 + len(body), command, REQUEST | flags, self.seq, 0)
                       + body)


def ifaddr(index=0, family=FAMILY):
    return struct.pack("=BBBBI", family, 32, 0, 0, index)


def number(value, kind=NUMBER):
    return attr(kind, struct.pack("=I", value))


def family(of=FAMILY):
    return struct.pack("=Bxxx", of)


def u32(value=0):
    return struct.pack("=I", value)


def add(sock, local, index=1, flags=ACK):
    return sock.ask(NEWADDR, number(local, LOCAL), flags, header=ifaddr(index))


def locals_of(bodies):
    return [struct.unpack("=I", dict(parse(body[8:]))[LOCAL])[0] for body in bodies]


def refused(answer, number_, what, **said):
    assert isinstance(answer, dict), f"{what}: not refused, but {answer!r}"
    equal(answer["errno"], number_, f"errno of {what}")
    for name, value in said.items():
        equal(answer.get(name), value, f"{name} of {what}")


def alive():
    """How many states of dumps there are, and how many listeners."""
    sock = Socket(UNIT)
    body, = sock.ask(COUNT, header=u32())
    sock.close()
    return struct.unpack_from("=I", body)[0], struct.unpack("=I", dict(parse(body[4:]))[NUMBER])[0]


def unshare():
    if LIBC.unshare(NEWUSER | NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")


def as_another(become, function):
    """What `function` says in a process that has become another user."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            become()
            said = repr(function())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 4096).decode()
    os.close(reading)
    os.waitpid(child, 0)
    return said


@case
def addresses():
    """Made, got, listed, told of and deleted."""
    modprobe("relay")
    listener = Socket()
    listener.join(RTNLGRP)
    sock = Socket()
    equal(add(sock, 7, 3), [], "NEWADDR")
    refused(add(sock, 7, 3, ACK | EXCL), errno.EEXIST, "a second one", offset=24,
            text="there is an address 7 already")
    equal(add(sock, 9, 4), [], "NEWADDR")
    body, = sock.ask(GETADDR, number(7, LOCAL), header=ifaddr())
    equal(body, ifaddr(3) + number(7, LOCAL), "GETADDR")
    refused(sock.ask(GETADDR, number(8, LOCAL), header=ifaddr()), errno.EADDRNOTAVAIL, "no address")
    equal(locals_of(sock.ask(GETADDR, b"", DUMP, header=ifaddr())), [7, 9], "a dump")
    equal(locals_of(sock.ask(GETADDR, b"", DUMP, header=ifaddr(4))), [9], "a dump of a device's")
    equal(sock.ask(DELADDR, number(7, LOCAL), header=ifaddr()), [], "DELADDR")
    refused(sock.ask(DELADDR, number(7, LOCAL), header=ifaddr()), errno.EADDRNOTAVAIL, "no address",
            offset=24)
    equal(sock.ask(DELADDR, b"", ACK | BULK, header=ifaddr()), [], "DELADDR of all")
    equal(sock.ask(GETADDR, b"", DUMP, header=ifaddr()), [], "a dump of nothing")
    told = [message for _ in range(3) for message in listener.receive()]
    equal([(kind, seq, body) for kind, _, seq, body in told],
          [(NEWADDR, 1, ifaddr(3) + number(7, LOCAL)), (NEWADDR, 3, ifaddr(4) + number(9, LOCAL)),
           (DELADDR, 8, ifaddr(3) + number(7, LOCAL))], "notifications")
    # Who asks for it is told too.
    sock.send(NEWADDR, number(5, LOCAL), ECHO_FLAG, header=ifaddr(1))
    equal([kind for kind, _, _, _ in sock.receive()], [NEWADDR], "an echo")


@case
def dumps_of_all_families():
    """A dump of PF_UNSPEC shows the family's addresses, and the others'."""
    modprobe("relay")
    sock = Socket()
    for local in (3, 4):
        equal(add(sock, local), [], "NEWADDR")
    bodies = sock.ask(GETADDR, b"", DUMP, header=b"\0\0\0\0")
    families = {body[0] for body in bodies}
    assert {socket.AF_INET, socket.AF_INET6, FAMILY} <= families, families
    equal(locals_of(body for body in bodies if body[0] == FAMILY), [3, 4], "the family's")
    # A dump with a state that is dropped is not a part of any.
    bodies = sock.ask(GETROUTE, b"", DUMP, header=bytes(12))
    assert FAMILY not in {body[0] for body in bodies}, "a part of all routes"
    equal(alive()[0], 0, "states")


@case
def refusals():
    """What is wrong with a request is said, by errno, text and offset."""
    modprobe("relay")
    sock = Socket()
    good = number(7, LOCAL)
    for name, what, header, attrs, flags, wanted, said in (
            ("short header", NEWADDR, ifaddr()[:7], b"", ACK, errno.EINVAL,
             {"text": "Invalid header length"}),
            ("one byte", NEWADDR, ifaddr()[:1], b"", ACK, errno.EINVAL, {}),
            ("no attribute", NEWADDR, ifaddr(), b"", ACK, errno.EINVAL, {"missing": LOCAL}),
            ("short attribute", NEWADDR, ifaddr(), attr(LOCAL, b"abc"), ACK, errno.EINVAL,
             {"offset": 24}),
            ("long attribute", NEWADDR, ifaddr(), attr(LOCAL, b"abcde"), ACK, errno.EINVAL,
             {"offset": 24}),
            ("out of range", NEWADDR, ifaddr(), number(0, LOCAL), ACK, errno.ERANGE, {"offset": 24}),
            ("unknown attribute", NEWADDR, ifaddr(), good + number(7, 9), ACK, errno.EINVAL,
             {"offset": 32}),
            ("type 0", NEWADDR, ifaddr(), good + number(7, 0), ACK, errno.EINVAL, {}),
            ("trailing bytes", NEWADDR, ifaddr(), good + b"x", ACK, errno.EINVAL, {}),
            ("length of nothing", NEWADDR, ifaddr(), attr(LOCAL, b"abcd", length=2), ACK,
             errno.EINVAL, {}),
            ("length beyond", NEWADDR, ifaddr(), attr(LOCAL, b"abcd", length=99), ACK,
             errno.EINVAL, {}),
            ("dump with an attribute", GETADDR, ifaddr(), good, DUMP, errno.EINVAL, {"offset": 24}),
            ("dump with a short header", GETADDR, ifaddr()[:4], b"", DUMP, errno.EINVAL,
             {"text": "Invalid header length"}),
            ("dump without a number", GETROUTE, family(), attr(NUMBER, b""), DUMP, errno.EINVAL, {}),
            ("unknown type", NEWROUTE, family(), b"", ACK, errno.EOPNOTSUPP, {}),
            ("type beyond", 2000, family(), b"", ACK, errno.EOPNOTSUPP, {}),
            ("bulk", NEWADDR + 1 + 8, family(), b"", ACK | BULK, errno.EOPNOTSUPP, {})):
        refused(sock.ask(what, attrs, flags, header=header), wanted, name, **said)
    equal(locals_of(sock.ask(GETADDR, b"", DUMP, header=ifaddr())), [], "addresses after them")
    sock = Socket(UNIT)
    for name, what, header, attrs, flags, wanted, said in (
            ("short header", ECHO, b"abc", b"", ACK, errno.EINVAL, {"text": "Invalid header length"}),
            ("no number", ECHO, u32(), b"", ACK, errno.EINVAL, {"missing": NUMBER}),
            ("unknown attribute", ECHO, u32(), number(1) + number(1, 2), ACK, errno.EINVAL,
             {"offset": 28}),
            ("unknown type", 99, u32(), b"", ACK, errno.EOPNOTSUPP, {}),
            ("no dump", ECHO, u32(), b"", DUMP, errno.EINVAL, {"missing": NUMBER}),
            ("dump with a short number", COUNT, u32(), attr(NUMBER, b"1"), DUMP, errno.EINVAL,
             {"offset": 20}),
            ("nobody", TELL_ONE, u32(4000000000), b"", ACK, errno.ECONNREFUSED, {}),
            ("the kernel's own socket", TELL_ONE, u32(0), b"", ACK, errno.ECONNREFUSED, {})):
        refused(sock.ask(what, attrs, flags, header=header), wanted, name, **said)
    equal(sock.ask(5), [], "a control message")
    for group, wanted in ((2, errno.EDOM), (41, errno.EINVAL), (0, errno.EINVAL)):
        try:
            sock.join(group)
        except OSError as error:
            equal(error.errno, wanted, f"errno of group {group}")
        else:
            raise AssertionError(f"joined group {group}")
    equal(alive(), (0, 0), "states and listeners")


@case
def permissions():
    """Root of a user namespace of its own may change its namespace, and no more."""
    modprobe("relay")
    wanted = {"errno": errno.EPERM}

    def inside():
        sock, own = Socket(), Socket(UNIT)
        return [add(sock, 7), locals_of(sock.ask(GETADDR, b"", DUMP, header=ifaddr())),
                sock.ask(NEWNEIGH, b"", header=family()), own.ask(MINE, header=u32())]
    equal(as_another(unshare, inside), repr([[], [7], wanted, []]), "what its root may")

    def nobody():
        sock, own = Socket(), Socket(UNIT)
        own.join(GROUP)
        return [add(sock, 7), sock.ask(GETADDR, b"", DUMP, header=ifaddr()),
                own.ask(MINE, header=u32()), len(own.ask(ECHO, number(1), header=u32()))]

    said = as_another(lambda: os.setresuid(12345, 12345, 12345), nobody)
    equal(said, repr([wanted, [], wanted, 1]), "what nobody may")
    equal(Socket().ask(NEWNEIGH, header=family()), [], "what root may")


@case
def dumps_are_for_who_opened_the_socket():
    """A dump for which the socket has no room begins when it is read, by whoever has it then."""
    modprobe("relay")
    for user, wanted in ((0, ([0, 1, 2], 0)), (12345, ([], errno.EPERM))):
        os.seteuid(user)
        try:
            sock = Socket(UNIT, buffer=1)
            defer(sock.close)
            sock.send(ECHO, number(1), flags=0, header=u32())
            body = u32() + number(3)
            # With an address: what the opener may is not asked then, by the core.
            sock.sock.sendto(struct.pack("=IHHII", 16 + len(body), MINE, REQUEST | DUMP, 7, 0) + body,
                             (0, 0))
        finally:
            os.seteuid(0)
        counted, end = [], None
        while end is None:
            try:
                messages = sock.receive()
            except OSError as error:
                # That the request found no room.
                equal(error.errno, errno.ENOBUFS, "errno")
                continue
            for kind, _, seq, body in messages:
                if kind == DONE:
                    end = -struct.unpack_from("=i", body)[0]
                elif kind == ECHO and seq == 7:
                    counted.append(struct.unpack_from("=I", body, 8)[0])
        equal((counted, end), wanted, f"what user {user} gets")
    equal(alive()[0], 0, "states")


@case
def protocol():
    """A protocol of one's own: answers, dumps, a group, one socket."""
    modprobe("relay")
    sock = Socket(UNIT)
    equal(sock.ask(ECHO, number(5), header=u32(9)), [u32(9) + number(5)], "an echo")
    many = sock.ask(COUNT, number(20000), DUMP, header=u32())
    equal([struct.unpack_from("=I", body, 8)[0] for body in many], list(range(20000)), "a dump")
    listener = Socket(UNIT)
    listener.join(GROUP)
    equal(alive(), (0, 1), "states and listeners")
    equal(sock.ask(TELL, number(3), header=u32()), [], "TELL")
    equal(listener.receive()[0][3], u32() + number(3), "what the group hears")
    portid = listener.sock.getsockname()[0]
    equal(sock.ask(TELL_ONE, number(4), header=u32(portid)), [], "TELL_ONE")
    equal(listener.receive()[0][3], u32() + number(4), "what the one hears")
    # Several requests in one datagram are answered in their order.
    one = struct.pack("=IHHII", 28, ECHO, REQUEST, 77, 0) + u32(1) + number(6)
    sock.sock.send(one * 3)
    equal([sock.receive()[0][2] for _ in range(3)], [77] * 3, "answers to one datagram")
    other = NetNs()
    with other.enter():
        stranger = Socket(UNIT)
        stranger.join(GROUP)
    stranger.sock.settimeout(0)
    equal(sock.ask(TELL, number(5), header=u32()), [], "TELL")
    listener.receive()
    try:
        stranger.receive()
    except BlockingIOError:
        pass
    else:
        raise AssertionError("told in another namespace")
    listener.close()
    stranger.close()
    equal(alive(), (0, 0), "states and listeners")


@checked
@case
def dumped_while_they_change():
    """Thousands of addresses, by small datagrams, while others come and go: none that stays is
    missed or comes twice, and the change is said."""
    modprobe("relay")
    sock = Socket()
    count = 4000
    message = b"".join(struct.pack("=IHHII", 32, NEWADDR, REQUEST, 1, 0) + ifaddr(1)
                       + number(2 * local, LOCAL) for local in range(1, count + 1))
    for at in range(0, len(message), 32 * 500):
        sock.sock.send(message[at:at + 32 * 500])
    dump = Socket()
    dump.send(GETADDR, b"", DUMP, header=ifaddr())
    seen, interrupted, turns, ended = [], False, 0, False
    while not ended:
        data = dump.sock.recv(4096)
        while len(data) >= 16:
            size, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
            interrupted = interrupted or bool(flags & DUMP_INTR)
            if kind == DONE:
                equal(struct.unpack_from("=i", data, 16)[0], 0, "the dump's errno")
                ended = True
            else:
                seen += locals_of([data[16:size]])
            data = data[(size + 3) & ~3:]
        turns += 1
        if turns % 8 == 0:
            equal(add(sock, 2 * turns + 1), [], "NEWADDR")
            equal(sock.ask(DELADDR, number(2 * turns + 1, LOCAL), header=ifaddr()), [], "DELADDR")
    assert turns > 20, turns
    equal([local for local in seen if local % 2 == 0], list(range(2, 2 * count + 2, 2)),
          "addresses that stay")
    assert interrupted, "no dump was said to be interrupted"


@checked
@case
def closed_in_a_dump():
    """The state of a dump whose socket is closed is dropped."""
    modprobe("relay")
    for protocol_, what, header in ((socket.NETLINK_ROUTE, GETROUTE, family()), (UNIT, COUNT, u32())):
        sockets = [Socket(protocol_, buffer=4096) for _ in range(8)]
        for sock in sockets:
            sock.send(what, number(10 ** 6), DUMP, header=header)
            sock.receive()
        equal(alive()[0], 8, "states")
        # A second dump of one socket is refused, and makes no state.
        sockets[0].send(what, number(1), DUMP, header=header)
        for sock in sockets:
            sock.close()
        wait_until(lambda: alive()[0] == 0, 10, "no state is left")
    # One that has ended has none either.
    sock = Socket()
    equal(len(sock.ask(GETROUTE, number(3000), DUMP, header=family())), 3000, "entries")
    equal(len(sock.ask(GETNEIGH, b"", DUMP, header=family())), 1, "entries")
    equal(alive()[0], 0, "states")


@case
def held_by_a_dump():
    """A suspended dump and an open socket hold the module; rmmod says so."""
    modprobe("relay")
    def busy():
        done = run(["rmmod", "relay"], check=False)
        return done.returncode and "in use" in done.stderr
    sock = Socket(buffer=4096)
    sock.send(GETROUTE, number(10 ** 6), DUMP, header=family())
    sock.receive()
    assert busy(), "unloaded in a dump"
    sock.close()
    own = Socket(UNIT)
    assert busy(), "unloaded with an open socket"
    own.close()
    rmmod("relay")
    refused(add(Socket(), 1), errno.EOPNOTSUPP, "a handler that is gone")
    try:
        Socket(UNIT)
    except OSError as error:
        equal(error.errno, errno.EPROTONOSUPPORT, "errno of a protocol that is gone")
    else:
        raise AssertionError("the protocol is still there")


@checked
@case
def unloaded_in_a_dump_of_all():
    """A dump of all families does not hold the module, and goes on without it, or with it loaded
    again."""
    for again in (False, True):
        run(["modprobe", "relay"])
        defer(rmmod, "relay")
        sock = Socket()
        message = b"".join(struct.pack("=IHHII", 32, NEWADDR, REQUEST, 1, 0) + ifaddr(1)
                           + number(local, LOCAL) for local in range(1, 3001))
        for at in range(0, len(message), 32 * 500):
            sock.sock.send(message[at:at + 32 * 500])
        dump = Socket(buffer=4096)
        dump.send(GETADDR, b"", DUMP, header=b"\0\0\0\0")
        seen = [body[0] for _ in range(3) for _, _, _, body in dump.receive()]
        assert FAMILY in seen, "the dump has not come to the family"
        rmmod("relay")
        if again:
            run(["modprobe", "relay"])
        ended = False
        while not ended:
            ended = any(kind in (DONE, ERROR) for kind, _, _, _ in dump.receive())


@churn
@case
def unloaded_under_requests():
    """Loaded and unloaded while requests and dumps come all the time."""
    ended = threading.Event()
    answers = {}

    def ask():
        while not ended.is_set():
            try:
                sock = Socket(buffer=4096)
                for what, attrs, flags, header in (
                        (NEWADDR, number(7, LOCAL), ACK, ifaddr()),
                        (GETADDR, b"", DUMP, ifaddr()), (GETADDR, b"", DUMP, b"\0\0\0\0"),
                        (DELADDR, number(7, LOCAL), ACK, ifaddr()),
                        (GETROUTE, number(300), DUMP, family())):
                    answer = sock.ask(what, attrs, flags, header=header)
                    said = answer["errno"] if isinstance(answer, dict) else 0
                    answers[what, said] = answers.get((what, said), 0) + 1
                sock.close()
                own = Socket(UNIT)
                own.ask(ECHO, number(1), header=u32())
                own.close()
            except OSError as error:
                answers[error.errno] = answers.get(error.errno, 0) + 1
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            run(["modprobe", "relay"])
            before = answers.get((NEWADDR, 0), 0)
            wait_until(lambda: answers.get((NEWADDR, 0), 0) > before + 3, 60, "requests are answered")
            rmmod("relay")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert answers.get((NEWADDR, errno.EOPNOTSUPP)), answers
    print(answers, file=sys.stderr)


@churn
@case
def namespace_dies():
    """A namespace with addresses and queued messages goes when its last socket does."""
    modprobe("relay")
    for turn in range(3):
        ns = NetNs()
        with ns.enter():
            sock, own, listener = Socket(), Socket(UNIT), Socket(UNIT)
        listener.join(GROUP)
        for local in range(1, 200):
            equal(add(sock, local), [], "NEWADDR")
            own.ask(TELL, number(local), header=u32())
        own.send(COUNT, number(10 ** 6), DUMP, header=u32())
        own.receive()
        ns.delete()
        # The sockets keep it.
        equal(len(locals_of(sock.ask(GETADDR, b"", DUMP, header=ifaddr()))), 199, "addresses")
        equal(listener.receive()[0][3], u32() + number(1), "the first queued message")
        assert alive()[0] == 1 and alive()[1] == 1, alive()
        for one in (sock, own, listener):
            one.close()
        wait_until(lambda: alive() == (0, 0), 20, "states and listeners are gone")
    rmmod("relay")


@checked
@case
def refused_half_way():
    """A module that does not get all that it wants leaves nothing, and takes nothing."""
    def fails(name, said):
        run("dmesg -C")
        done = run(["modprobe", name], check=False)
        assert done.returncode, f"{name} is loaded"
        assert not loaded(name), f"{name} is left"
        log = run("dmesg").stdout
        assert re.search(said, log), f"the log does not say {said}: {log[-600:]}"
    modprobe("relay")
    sock = Socket()
    equal(add(sock, 7), [], "NEWADDR")
    fails("usurper", r"usurper: cannot register rtnetlink handler of family 100, type 28: (Error\(16\)|EBUSY)")
    fails("rival", r"rival: cannot register netlink protocol 31: (Error\(98\)|EADDRINUSE)")
    refused(sock.ask(NEWROUTE, header=family()), errno.EOPNOTSUPP, "the first handler of both")
    equal(add(sock, 8), [], "NEWADDR")
    equal(Socket(UNIT).ask(ECHO, number(5), header=u32(9)), [u32(9) + number(5)], "an echo")
    rmmod("relay")
    modprobe("rival")
    fails("relay", r"relay: cannot register netlink protocol 31: (Error\(98\)|EADDRINUSE)")
    refused(add(sock, 7), errno.EOPNOTSUPP, "relay's handlers")
    equal(sock.ask(NEWROUTE, header=family()), [], "rival's handler")
    equal(Socket(UNIT).ask(ECHO, header=bytes(4)), [], "rival's protocol")
    rmmod("rival")
    modprobe("usurper")
    fails("relay", r"relay: cannot register rtnetlink handler of family 100, type 28: (Error\(16\)|EBUSY)")
    refused(add(sock, 7), errno.EOPNOTSUPP, "relay's handlers")
    equal(sock.ask(NEWNEIGH, header=family()), [], "usurper's handler")


main(9)
