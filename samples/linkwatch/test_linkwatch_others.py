#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of what linkwatch costs others: those who make namespaces, routes and neighbours of their own."""

import contextlib
import os
import signal
import socket
import struct
import time

import rtnl
import ynl
from nlraw import ACK, DUMP, Socket, attr
from selftest import NetNs, case, churn, defer, equal, main, modprobe, rmmod, run, wait_until

from mirror import agrees, follow, stream

RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH = 24, 25, 28
ROUTES = 4000
# Of a device that there is not: nothing is kept for the answer.
NO_DEVICE = attr(4, struct.pack("=I", 99999))


def batch(ns, lines):
    run(["ip", "-n", ns.name, "-batch", "-"], input="".join(line + "\n" for line in lines), timeout=300)


def with_routes(name="d0"):
    """A namespace with thousands of routes."""
    ns = NetNs()
    batch(ns, [f"link add {name} type dummy", f"link set {name} up", f"addr add 10.0.0.1/8 dev {name}",
               *(f"route add 11.{n >> 8}.{n & 255}.1/32 dev {name}" for n in range(ROUTES))])
    return ns


@contextlib.contextmanager
def elsewhere(function):
    """A process that calls the function again and again, until the block ends; from its first time on."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            function()
            os.write(write, b"x")
            while True:
                function()
        finally:
            os._exit(1)
    try:
        equal(os.read(read, 1), b"x", "what the process says")
        yield
        equal(os.waitpid(child, os.WNOHANG), (0, 0), "the process")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def changing(ns):
    """What changes a route of a namespace without a pause."""
    def message(kind, flags):
        with ns.enter():
            index = socket.if_nametoindex("d0")
        body = struct.pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 4, 253, 1, 0) + rtnl.attributes(
            [(1, socket.inet_aton("12.0.0.1")), (4, rtnl.u32(index))])
        return struct.pack("=IHHII", 16 + len(body), kind, 1 | flags, 0, 0) + body
    both = (message(RTM_NEWROUTE, rtnl.NLM_F_CREATE) + message(RTM_DELROUTE, 0)) * 50
    with ns.enter():
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    defer(sock.close)
    return lambda: sock.send(both)


def loads():
    """The seconds that it takes to load the module."""
    begin = time.monotonic()
    modprobe("linkwatch")
    return time.monotonic() - begin


@case
@churn
def a_busy_namespace_keeps_nobody_from_loading_it():
    """Routes there are told when they have paused; who listens by then is told that some were missed."""
    ns, quiet = with_routes(), NetNs()
    alone = loads()
    rmmod("linkwatch")
    with elsewhere(changing(ns)):
        busy = loads()
        print(f"modprobe: {alone:.2f} s, beside changing routes {busy:.2f} s", flush=True)
        assert busy < 20 * alone + 10, f"modprobe takes {busy:.2f} s, alone {alone:.2f} s"
        there = stream(quiet)
        quiet.run("ip link set lo down; ip link set lo up")
        wait_until(lambda: any(kind == "route" for kind, _ in there.events()), 30, "a route of a quiet namespace")
        heard = stream(ns)
    # The pause between two tries grows. One may have fallen into a pause of the changes, as there are with few
    # processors, before anybody listened: nothing was missed then.
    ns.run("ip route add 13.0.0.1/32 dev d0")
    wait_until(lambda: follow(heard) or any("13.0.0.1" in name for name in heard.objects), 60,
               "the route is told, or what was missed")
    ns.run("ip route add 13.0.0.2/32 dev d0; ip route del 11.0.1.1/32 dev d0")
    agrees(heard, ns)
    equal(follow(heard), 0, "missed since")
    rmmod("linkwatch")
    # Nor does it keep anybody from unloading it.
    with elsewhere(changing(ns)):
        modprobe("linkwatch")
        rmmod("linkwatch")


def go(count=60):
    """How long it takes until so many namespaces are gone, which die at once."""
    names = [f"g{os.getpid()}-{n}" for n in range(count)]
    run(["ip", "-batch", "-"], input="".join(
        f"netns add {name}\nlink add v{n} type veth peer name p netns {name}\n"
        for n, name in enumerate(names)), timeout=120)
    start = time.monotonic()
    run(["ip", "-batch", "-"], input="".join(f"netns del {name}\n" for name in names), timeout=120)
    wait_until(lambda: not any(name.startswith("v") for _, name in socket.if_nameindex()), 120,
               "the last namespace is gone")
    return time.monotonic() - start


@case
def dying_namespaces_cost_no_grace_period_each():
    without = min(go() for _ in range(2))
    modprobe("linkwatch")
    with_it = min(go() for _ in range(2))
    print(f"without {without:.2f} s, with {with_it:.2f} s", flush=True)
    # Sixty grace periods, one after the other, take longer than all the rest.
    assert with_it < 1.5 * without + 0.2, f"{with_it:.2f} s, without it {without:.2f} s"
    # Those who live are as many grace periods when it goes.
    names = [NetNs() for _ in range(20)]
    start = time.monotonic()
    rmmod("linkwatch")
    print(f"{len(names)} namespaces: unloaded in {time.monotonic() - start:.2f} s", flush=True)


def pace(function, seconds=1.5):
    """Seconds that a call of the function takes, on the average."""
    count, start = 0, time.monotonic()
    while time.monotonic() < start + seconds:
        function()
        count += 1
    return (time.monotonic() - start) / count


@case
def dumps_hold_up_nobody():
    """Who dumps thousands of neighbours and routes holds no lock that others need."""
    modprobe("linkwatch")
    ns, other = with_routes(), NetNs()
    batch(ns, [f"neigh add 10.1.{n >> 8}.{n & 255} lladdr 02:00:00:00:00:01 nud permanent dev d0"
               for n in range(ROUTES)])
    other.run("ip link add d0 type dummy; ip link set d0 up; ip addr add 192.0.2.1/24 dev d0")
    with other.enter():
        index = socket.if_nametoindex("d0")
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    defer(sock.close)

    def ask(kind, flags, body):
        sock.send(rtnl.message(kind, flags, body))
        equal(rtnl.error_of(sock.recv(4096)), (rtnl.NLMSG_ERROR, 0), "answer")
    turn = iter(range(1 << 30))

    def neighbour():
        """Each has another address: the table is locked for it, RTNL is not."""
        host = f"192.0.{2 + (next(turn) >> 8) % 2}.{next(turn) & 255}"
        ask(RTM_NEWNEIGH, rtnl.NLM_F_CREATE | 0x100, struct.pack("=BxxxiHBB", 2, index, 0x80, 0, 0) + rtnl.attributes(
            [(1, socket.inet_aton(host)), (2, bytes.fromhex("020000000002"))]))

    def link():
        ask(rtnl.RTM_SETLINK, 0, rtnl.IFINFOMSG + rtnl.attributes(
            [(rtnl.IFLA_IFNAME, b"d0\0"), (rtnl.IFLA_MTU, rtnl.u32(1400 + next(turn) % 100))]))

    def dump(command):
        def ask_once():
            with ns.enter():
                asker = Socket("linkwatch")
            asker.send(command, NO_DEVICE, ACK | DUMP)
            asker.sock.recv(1 << 16)
            asker.sock.close()
        return ask_once
    operations = ynl.family("linkwatch", ns).ops
    for name, theirs in (("neighbour-get", neighbour), ("route-get", link)):
        alone = pace(theirs)
        with elsewhere(dump(operations[name].req_value)):
            beside = pace(theirs)
        took = pace(dump(operations[name].req_value))
        print(f"{name}: a dump takes {took * 1e3:.2f} ms; theirs {alone * 1e3:.2f} ms, beside it "
              f"{beside * 1e3:.2f} ms", flush=True)
        assert beside < alone + took / 4, f"{name}: {beside:.4f} s, alone {alone:.4f} s, a dump {took:.4f} s"


main(42)
