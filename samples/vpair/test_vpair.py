#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair: that it carries, and what it does when it goes. See topology.py."""

import errno
import json

import rtnl
from selftest import (NetNs, case, checked, churn, defer, equal, iperf, loaded, main, modprobe, need,
                      rmmod, run, wait_until)
from topology import PEER, flood, pair, received, statistics, two


@case
def named_by_ip():
    """`ip` alone makes a pair, named by the kernel."""
    modprobe("vpair")
    a = NetNs()
    a.run("ip link add dev pa type vpair")
    links = json.loads(a.run("ip -d -j link show type vpair").stdout)
    equal(sorted(link["ifname"] for link in links), ["pa", "vpair0"], "names")
    equal({link["linkinfo"]["info_kind"] for link in links}, {"vpair"}, "kind")
    a.run("ip link del pa")
    equal(a.run("ip -d -j link show type vpair").stdout.strip() in ("", "[]"), True, "both gone")


@case
@checked
def carries_ipv4_and_ipv6():
    a, b = two()
    assert a.ping("192.0.2.2")
    assert b.ping("2001:db8::1", options="-s 1400")
    assert a.ping("2001:db8::2", options="-s 4000")


@case
@checked
def carries_tcp():
    a, b = two()
    assert iperf(a, b, "192.0.2.2") > 1e5
    assert iperf(b, a, "2001:db8::1") > 1e5


@case
def carries_tcp_without_offloads():
    need("ethtool")
    a, b = two()
    for ns, name in ((a, "pa"), (b, "pb")):
        ns.run(f"ethtool -K {name} tx off sg off tso off gso off gro off")
    assert iperf(a, b, "192.0.2.2") > 1e5


@case
def carries_vlans():
    a, b = two()
    for ns, name, host in ((a, "pa", 1), (b, "pb", 2)):
        ns.run(f"ip link add link {name} name v7 type vlan id 7")
        ns.up("v7", f"198.51.100.{host}/24")
    assert a.ping("198.51.100.2")


@case
def counts_what_it_carries():
    a, b = two()
    assert a.ping("192.0.2.2")
    before = statistics(a, "pa"), statistics(b, "pb")
    assert a.ping("192.0.2.2", count=20, options="-s 100")
    after = statistics(a, "pa"), statistics(b, "pb")
    sent = after[0]["tx"]["packets"] - before[0]["tx"]["packets"]
    sent_bytes = after[0]["tx"]["bytes"] - before[0]["tx"]["bytes"]
    assert 20 <= sent <= 30, sent
    assert 20 * 142 <= sent_bytes <= 30 * 142, sent_bytes
    # At rest, one side has received what the other has sent, to the byte.
    def balanced():
        pa, pb = statistics(a, "pa"), statistics(b, "pb")
        return all(pa["tx"][field] == pb["rx"][field] and pb["tx"][field] == pa["rx"][field]
                   for field in ("packets", "bytes"))
    wait_until(balanced, 20, "both sides count the same")


@case
@checked
def carrier_follows_the_peer():
    modprobe("vpair")
    a, b = NetNs(), NetNs()
    pair(a, b, up=False)
    a.up("pa")
    assert "NO-CARRIER" in a.link("pa")["flags"]
    b.up("pb")
    wait_until(lambda: "LOWER_UP" in a.link("pa")["flags"], 5, "carrier")
    b.run("ip link set pb down")
    wait_until(lambda: "NO-CARRIER" in a.link("pa")["flags"], 5, "no carrier")


@case
def knows_its_peer():
    a, b = two()
    link = a.link("pa")
    equal(link["link_index"], b.link("pb")["ifindex"], "iflink")
    assert "link_netnsid" in link, link


@case
@checked
def moves_between_namespaces():
    a, b = two()
    c = NetNs()
    a.run(f"ip link set pa netns {c.name}")
    c.up("pa", "192.0.2.1/24")
    assert c.ping("192.0.2.2")
    c.run("ip link set pa down; ip link set pa name other; ip link set other up")
    assert c.ping("192.0.2.2")


@case
@checked
def renamed_and_moved_while_up():
    """Both ends, under traffic."""
    a, b = two()
    c, d = NetNs(), NetNs()
    flood(a, b)
    for ns, name, new in ((a, "pa", "left"), (b, "pb", "right")):
        ns.run(f"ip link set {name} name {new}")
        assert "UP" in ns.link(new)["flags"]
        received(b, "right" if new == "right" else "pb", 20)
    for ns, name, to, host in ((a, "left", c, 1), (b, "right", d, 2)):
        ns.run(f"ip link set {name} netns {to.name}")
        to.up(name, f"192.0.2.{host}/24")
    assert c.ping("192.0.2.2")


@case
def made_in_the_namespace_of_a_process():
    """Either end, by the number of a process there (IFLA_NET_NS_PID)."""
    modprobe("vpair")
    a, b, c = NetNs(), NetNs(), NetNs()
    there = [[(rtnl.IFLA_NET_NS_PID, rtnl.u32(ns.popen("sleep 600").pid))] for ns in (b, c)]
    with a.enter():
        rtnl.newlink("pb", "vpair", attrs=there[0], peer=(PEER, "pc", None, there[1]))
    b.up("pb", "192.0.2.1/24")
    c.up("pc", "192.0.2.2/24")
    assert b.ping("192.0.2.2")
    equal(len(json.loads(a.run("ip -j link show").stdout)), 1, "devices where they were made")


@case
def peer_has_attributes_of_its_own():
    modprobe("vpair")
    a, b = NetNs(), NetNs()
    with a.enter():
        rtnl.newlink("pa", "vpair", attrs=[(rtnl.IFLA_ADDRESS, bytes.fromhex("020000000001"))],
                     peer=(PEER, "pb", b.name,
                           [(rtnl.IFLA_ADDRESS, bytes.fromhex("020000000002")),
                            (rtnl.IFLA_MTU, rtnl.u32(1400))]))
    equal(a.link("pa")["address"], "02:00:00:00:00:01", "address")
    equal(b.link("pb")["address"], "02:00:00:00:00:02", "peer's address")
    equal(b.link("pb")["mtu"], 1400, "peer's MTU")


@case
@checked
def refuses_bad_requests():
    modprobe("vpair")
    a = NetNs()
    # Modules of tunnels make devices of their own in each namespace.
    before = a.run("ip -br link show").stdout
    with a.enter():
        for error, text, attrs, data in (
                (errno.EINVAL, "6 bytes", [(rtnl.IFLA_ADDRESS, b"\x02" * 5)], []),
                (errno.EADDRNOTAVAIL, "unicast", [(rtnl.IFLA_ADDRESS, b"\x01" * 6)], []),
                (errno.EINVAL, "maximum", [(rtnl.IFLA_MTU, rtnl.u32(70000))], []),
                (errno.EINVAL, "minimum", [(rtnl.IFLA_MTU, rtnl.u32(60))], []),
                (errno.ERANGE, "out of range", [], [(PEER, b"short")])):
            try:
                rtnl.newlink("pa", "vpair", attrs=attrs, data=data)
            except rtnl.NetlinkError as refusal:
                equal(refusal.errno, error, f"error for {attrs} {data}: {refusal}")
                assert text in str(refusal), refusal
            else:
                raise AssertionError(f"accepted: {attrs} {data}")
        try:
            rtnl.newlink("pa", "vpair", peer=(PEER, "pa", None))
        except rtnl.NetlinkError as refusal:
            equal(refusal.errno, errno.EEXIST, "error for a name that is taken")
        else:
            raise AssertionError("two devices of one name")
    equal(a.run("ip -br link show").stdout, before, "devices left")


@case
@checked
def counts_what_it_drops():
    """Packets longer than the receiver's MTU: dropped, and counted at both ends."""
    a, b = two()
    a.run("ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:09 dev pa")
    before = statistics(a, "pa")["tx"]["dropped"]
    b.run("ip link set pb mtu 600")
    a.run("ping -q -c 2 -i 0.05 -W 1 -s 1200 192.0.2.2", check=False)
    assert statistics(a, "pa")["tx"]["dropped"] >= before + 2
    assert statistics(b, "pb")["rx"]["dropped"] >= 2


@case
def truncated_frames_are_dropped():
    """A frame shorter than an Ethernet header does not get to the driver, one of 14 bytes does."""
    import socket
    a, b = two()
    with a.enter():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("pa", 0))
    defer(sender.close)
    before = statistics(b, "pb")["rx"]["packets"]
    for size in (1, 13):
        try:
            sender.send(b"\xff" * size)
        except OSError as error:
            equal(error.errno, errno.EINVAL, "error")
        else:
            raise AssertionError(f"sent {size} bytes")
    sender.send(b"\xff" * 12 + b"\x88\xb5")
    wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before, 5, "the frame is received")


@case
@churn
def deleted_under_traffic():
    a, b = two()
    flood(a, b)
    for ns, name in ((a, "pa"), (b, "pb")):
        received(b, "pb", 100)
        ns.run(f"ip link del {name}")
        equal(a.run("ip -j link show type vpair").stdout.strip() in ("", "[]"), True, "a is empty")
        wait_until(lambda: b.run("ip -j link show type vpair").stdout.strip() in ("", "[]"), 10,
                   "b is empty")
        pair(a, b)


@case
@churn
def namespace_deleted_under_traffic():
    a, b = two()
    flood(a, b)
    received(b, "pb", 100)
    for pid in run(["ip", "netns", "pids", b.name]).stdout.split():
        run(["kill", "-9", pid], check=False)
    b.delete()
    wait_until(lambda: a.run("ip -j link show type vpair").stdout.strip() in ("", "[]"), 30,
               "the peer is gone")


@case
@churn
def unloaded_under_traffic():
    a, b = two()
    flood(a, b)
    for _ in range(3):
        received(b, "pb", 50)
        rmmod("vpair")
        equal(loaded("vpair"), False, "loaded")
        run(["modprobe", "vpair"])
        pair(a, b)
        # The floods go on over the new pair; a ping beside them would find no processor.
        received(b, "pb", 50)
        received(a, "pa", 50)


main(38)
