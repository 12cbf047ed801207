#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each allocation of making and deleting devices above others fails in its turn.

    one namespace: l0 --- f0 (veth), t0 --- w0 (veth)
                   x0 above l0: whole, or not at all; l0 a port of p0, or not
"""

import errno
import os
import socket

import faults
import rtnl
from selftest import NetNs, case, churn, equal, main, modprobe, run, wait_until

IFLA_LINK, IFLA_MASTER, TARGET, KEEP = 5, 10, 1, 2


def devices():
    modprobe("stack")
    ns = NetNs()
    for name, other in ("l0", "f0"), ("t0", "w0"):
        ns.run(f"ip link add {name} type veth peer name {other}")
    for name in "l0", "f0", "t0", "w0":
        ns.run(f"ip link set {name} up")
    return ns


def each(kind, data=None):
    """Makes and deletes x0 with each allocation failing."""
    ns = devices()
    fault = faults.Faults()
    with ns.enter():
        lower, target = (rtnl.u32(socket.if_nametoindex(name)) for name in ("l0", "t0"))
        data = [(TARGET, target), (KEEP, b"")] if kind == "mirror" else None
        with rtnl.newlink_message("x0", kind, attrs=[(IFLA_LINK, lower)], data=data) as add:
            delete = rtnl.dellink_message("x0")

            def there():
                return "x0" in faults.links()

            def made(error):
                if error is not None:
                    equal(there(), not error, f"x0 is there after error {error}")
                if there():
                    rtnl.request(delete)

            def deleted(error):
                if error is not None:
                    equal(there(), bool(error), f"x0 is there after error {error}")
                if not there():
                    rtnl.request(add)
            answers = (*faults.OUT_OF_MEMORY, errno.EINVAL)
            # Nothing is left of what failed: the next one would be refused.
            count = faults.requests(fault, socket.NETLINK_ROUTE, add, made, answers)
            assert count > 20, count
            rtnl.request(add)
            faults.requests(fault, socket.NETLINK_ROUTE, delete, deleted)
            rtnl.request(delete)
    ns.run("ip link del l0")


@case
def an_upper_is_made_whole_or_not_at_all():
    each("stack")


@case
def a_mirror_is_made_whole_or_not_at_all():
    each("mirror")


@case
def a_port_is_added_whole_or_not_at_all():
    """And taken away whatever fails, with the address and the group that it was asked for."""
    ns = devices()
    ns.run("ip link add p0 type pool")
    ns.up("p0")
    ns.run("ip maddr add 33:33:00:00:12:34 dev p0")
    fault = faults.Faults()
    with ns.enter():
        add, remove = (rtnl.setlink_message("l0", [(IFLA_MASTER, rtnl.u32(index))])
                       for index in (socket.if_nametoindex("p0"), 0))

        def is_port():
            return IFLA_MASTER in rtnl.link("l0")

        def added(error):
            if error is not None:
                equal(is_port(), not error, f"a port after error {error}")
            if is_port():
                rtnl.request(remove)
            asked = ns.run("bridge fdb show dev l0").stdout
            assert ns.link("p0")["address"] not in asked and "33:33:00:00:12:34" not in asked, asked

        def removed(error):
            if error is not None:
                equal(is_port(), bool(error), f"a port after error {error}")
            if not is_port():
                rtnl.request(add)
        count = faults.requests(fault, socket.NETLINK_ROUTE, add, added, faults.OUT_OF_MEMORY)
        assert count > 3, count
        rtnl.request(add)
        faults.requests(fault, socket.NETLINK_ROUTE, remove, removed)
    ns.run("ip link del p0")


@case
def packets_are_dropped_for_lack_of_memory():
    """Clones that fail are counted, and what is lost is lost alone."""
    ns, far = devices(), NetNs()
    fault = faults.Faults()
    ns.run(f"ip link set f0 netns {far.name}")
    far.up("f0", "192.0.2.9/24")
    with ns.enter():
        lower, target = (rtnl.u32(socket.if_nametoindex(name)) for name in ("l0", "t0"))
        rtnl.newlink("m0", "mirror", attrs=[(IFLA_LINK, lower)], data=[(TARGET, target)])
    ns.up("m0", "192.0.2.1/24")
    assert ns.ping("192.0.2.9")

    def dropped():
        with ns.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            # Not connected: it is told of no refusal.
            fault.each(lambda: sock.sendto(b"x" * 100, ("192.0.2.9", 9)), lambda error: None)
        return ns.link("m0")["stats64"]["tx"]["dropped"]
    # Where a cache is filled up, that is what fails, and the clone is taken from what there is.
    wait_until(dropped, 30, "a clone has failed")
    assert ns.ping("192.0.2.9")


@case
@churn
def the_module_is_loaded_whole_or_not_at_all():
    modprobe("stack")
    faults.loads(faults.Faults(), "stack")
    equal(os.path.isdir("/sys/module/stack"), False, "loaded")
    run(["modprobe", "stack"])


main(30)
