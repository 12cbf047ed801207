#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""etherip's tunnels when they move, change and go. See tunnels.py."""

import errno
import struct

import rtnl
from container import Container
from selftest import NetNs, case, checked, churn, equal, loaded, main, rmmod, run, wait_until
from tunnels import (A, A6, B, LOCAL, REMOTE, TTL, V4, V6, address, attach, links, over_both, refused, settings,
                     statistics, tunnel, two, underlay, up)

IFLA_LINK_NETNSID = 37


def moved(ns, host):
    """Moves an end's tunnel to a namespace of its own, which is returned."""
    other = NetNs()
    ns.run(f"ip link set t0 netns {other.name}")
    other.up("t0", f"198.51.100.{host}/24", f"2001:db8::{host}/64")
    return other


@case
@checked
@over_both
def moved_it_keeps_its_underlay(over):
    a, _, _ = two(over)
    c = moved(a, 1)
    assert c.ping("198.51.100.2")
    assert c.ping("2001:db8::2")
    assert "link_netnsid" in c.link("t0"), c.link("t0")
    tunnel(c, ttl=5, create=False)
    assert c.ping("198.51.100.2")
    # Its key is still that of a, where nobody sees the device.
    refusal = refused(errno.EEXIST, "another namespace", tunnel, a, name="t1", local=over.a, remote=over.b)
    assert "t0" not in str(refusal), refusal
    a.delete()
    wait_until(lambda: not links(c), 30, "the tunnel goes with its underlay")


def change(data):
    rtnl.newlink("t0", "etherip", data=data, create=False)


@case
def changed_by_who_may_in_its_underlay():
    """Root of a container that has been given a tunnel does not say where the host's packets go, nor
    hears of the host's tunnels. A gretap is refused, too; root of the host may."""
    a, _, _ = two()
    tunnel(a, name="hidden", remote="192.0.2.200")
    inside = Container()
    a.run(f"ip link set t0 netns {inside.name}")
    before = settings(inside)
    refusal = refused(errno.EPERM, "CAP_NET_ADMIN", inside.do, change, [(REMOTE, address("198.51.100.66"))])
    for data in ([], [(TTL, b"\5")], [(LOCAL, address("0.0.0.0")), (REMOTE, address("192.0.2.200"))],
                 [(LOCAL, address("::")), (REMOTE, address("2001:db8:b::66"))]):
        equal(str(refused(errno.EPERM, "CAP_NET_ADMIN", inside.do, change, data)), str(refusal), "what is said")
    equal(settings(inside), before, "settings")
    # Of a tunnel of its own it may change all.
    inside.do(rtnl.newlink, "t1", "etherip", data=[(REMOTE, address(B))])
    inside.do(rtnl.newlink, "t1", "etherip", data=[(TTL, b"\7")], create=False)
    tunnel(inside, ttl=9, create=False)
    equal(settings(inside)[TTL], b"\t", "TTL set by the host's root")
    refusal = refused(errno.EEXIST, "another namespace", tunnel, inside, local="0.0.0.0",
                      remote="192.0.2.200", create=False)
    assert "hidden" not in str(refusal), refusal


@case
@over_both
def made_for_another_namespace(over):
    a, _, b = underlay()
    c = NetNs()
    c.run(f"ip netns set {a.name} 7")
    tunnel(c, local=over.a, remote=over.b, attrs=[(IFLA_LINK_NETNSID, struct.pack("=i", 7))])
    tunnel(b, local=over.b, remote=over.a)
    up(c, b)
    assert c.ping("198.51.100.2")
    equal(c.link("t0")["link_netnsid"], 7, "namespace of the underlay")
    c.delete()

    def free():
        try:
            tunnel(a, local=over.a, remote=over.b)
        except rtnl.NetlinkError as refusal:
            equal(refusal.errno, errno.EEXIST, "what refuses it while the namespace goes")
            return False
        return True
    wait_until(free, 30, "the addresses are free again")


def flood(a, b):
    """Both ways, until the case ends: the pings go on over a new tunnel."""
    a.popen("ping -q -f -s 1000 198.51.100.2")
    b.popen("ping -q -f 2001:db8::1")
    flows(b)


def flows(b):
    before = statistics(b)["rx"]["packets"]
    wait_until(lambda: statistics(b)["rx"]["packets"] > before + 50, 20, "traffic")


@case
@churn
@over_both
def changed_under_traffic(over):
    a, _, b = two(over)
    flood(a, b)
    for ttl in range(1, 60):
        tunnel(a, ttl=ttl + 60, create=False)
        tunnel(a, remote=over.nobody if ttl % 2 else over.b, create=False)
    tunnel(a, remote=over.b, create=False)
    assert a.ping("198.51.100.2", options="-w 20")


@case
@churn
@over_both
def deleted_under_traffic(over):
    a, _, b = two(over)
    flood(a, b)
    for _ in range(3):
        flows(b)
        a.run("ip link del t0")
        tunnel(a, local=over.a, remote=over.b)
        a.up("t0", "198.51.100.1/24", "2001:db8::1/64")


@case
@churn
@over_both
def namespace_deleted_under_traffic(over):
    a, _, b = two(over)
    c = moved(b, 2)
    flood(a, c)
    b.delete()
    wait_until(lambda: not links(c), 30, "the tunnel goes with its underlay")


@case
@churn
@over_both
def underlay_deleted_under_traffic(over):
    """The device that packets are sent by, and with it its addresses and routes."""
    a, r, b = two(over)
    flood(a, b)
    for _ in range(3):
        flows(b)
        a.run("ip link del u0")
        before = statistics(a)["tx"]["errors"]
        wait_until(lambda before=before: statistics(a)["tx"]["errors"] > before, 20, "nothing can be sent")
        attach(a, r, A, A6)
    flows(b)
    assert a.ping("198.51.100.2", options="-w 20")


@case
@churn
def changed_from_version_to_version_under_traffic():
    a, _, b = two()
    flood(a, b)
    for _ in range(20):
        for over in V6, V4:
            for ns, local, remote in (a, over.a, over.b), (b, over.b, over.a):
                tunnel(ns, local=local, remote=remote, create=False)
    assert a.ping("198.51.100.2", options="-w 20")
    flows(b)


@case
@churn
@over_both
def unloaded_under_traffic(over):
    a, _, b = two(over)
    flood(a, b)
    for _ in range(3):
        flows(b)
        rmmod("etherip")
        equal(loaded("etherip"), False, "loaded")
        run(["modprobe", "etherip"])
        tunnel(a, local=over.a, remote=over.b)
        tunnel(b, local=over.b, remote=over.a)
        up(a, b)
    flows(b)
    assert a.ping("198.51.100.2", options="-w 20")


main(50)
