#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that are nearly valid, through every module that sees packets: of all layers, with what a
network card would be told of them (`struct virtio_net_hdr`), in pieces, for several readers.

    throw ---> pa o======o pb        the device that is tested, or a pair before it

KERNET_PACKETS are thrown in each case, which KERNET_SEED draws.
"""

import ipaddress
import socket

import bpf
import rtnl
import ynl
from selftest import NetNs, case, main, modprobe, wait_until
from thrower import COUNT, Ends, between, ears, packet_socket, throw
from tuntap import NAPI, NAPI_FRAGS, TAP, VNET_HDR, tuntap

PEER = 1
SIIT_PREFIX, SIIT_PREFIX_LEN = 1, 2
LOCAL, REMOTE = 1, 2
CONTROLLER = "00:00:00:00:00:00"


def pair(a, b, kind, left="pa", right="pb"):
    """Two devices of the kind, joined, and up."""
    with a.enter():
        rtnl.newlink(left, kind, peer=(PEER, right, b.name))
    a.up(left, "192.0.2.1/24", "2001:db8::1/64")
    b.up(right, "192.0.2.2/24", "2001:db8::2/64")
    wait_until(lambda: a.link(left)["operstate"] == "UP", 20, "the carrier")


def two(kind):
    modprobe(kind)
    a, b = NetNs(), NetNs()
    pair(a, b, kind)
    return a, b


def answers(a, four="192.0.2.2", six="2001:db8::2"):
    wait_until(lambda: a.ping(four, count=1) and (not six or a.ping(six, count=1)), 30, "pings")


def settings(a, b, left="pa", right="pb"):
    """Segmented by who receives, by who sends, by the core before the driver; merged again."""
    for sender, receiver in (("on", "off"), ("off", "off"), ("on", "on"), ("off", "on")):
        a.run(f"ethtool -K {left} tso {sender} gso {sender} sg {sender} tx {sender}")
        b.run(f"ethtool -K {right} gro {receiver}")
        yield f"{sender} {receiver}"


def programs(b, device, mode):
    """What XDP does with a frame, in one piece or in several; in the end nothing. An idle device keeps
    each program: the core rewrites code that other CPUs run, whenever one comes that no device has. Before
    the stack a frame is in one piece: of others the core itself loses pages there."""
    bodies = [("pass", bpf.answer(bpf.PASS)), ("head", bpf.adjust(bpf.XDP_ADJUST_HEAD, 8)),
              ("room", bpf.adjust(bpf.XDP_ADJUST_HEAD, -16)),
              ("tail", bpf.adjust(bpf.XDP_ADJUST_TAIL, -20)), ("back", bpf.answer(bpf.TX))]
    known = [(f"{name} {fragments}", bpf.Program(body, fragments=fragments, all_frames=True))
             for fragments in ((False, True) if mode == bpf.DRV_MODE else (False,)) for name, body in bodies]
    idle = NetNs()
    for number, (_, program) in enumerate(known):
        idle.run(f"ip link add idle{number} type dummy")
        program.attach(idle, f"idle{number}", bpf.SKB_MODE)
    for name, program in known:
        program.attach(b, device, mode)
        yield name
        bpf.detach(b, device, mode)


def through(kind):
    a, b = two(kind)
    ends = between(a, b)
    sock = packet_socket(a, "pa")
    for heard in (False, True):
        for setting in settings(a, b):
            throw(f"{kind} {setting} {heard}", sock, "packet", "plain", ends, COUNT // 8)
        ears(b, "pb")
    answers(a)


@case
def through_vpair():
    through("vpair")


@case
def through_nic():
    through("nic")


@case
def to_xdp():
    """In the driver, and before the stack."""
    for kind, mode in (("vpair", bpf.DRV_MODE), ("nic", bpf.SKB_MODE)):
        a, b = two(kind)
        ends = between(a, b)
        ears(b, "pb")
        sock = packet_socket(a, "pa")
        for name in programs(b, "pb", mode):
            throw(f"xdp {kind} {name}", sock, "packet", "plain", ends, COUNT // 20)
        answers(a)
        a.run("ip link del pa")


@case
def of_a_guest():
    """By a tap device, in pieces, bridged into a pair and out of another."""
    modprobe("vpair")
    a, b = NetNs(), NetNs()
    for form, flags in (("tap", 0), ("frags", NAPI | NAPI_FRAGS)):
        pair(a, b, "vpair")
        a.run("ip link add bridge0 type bridge")
        file = tuntap(a, f"tap-{form}", TAP | VNET_HDR | flags)
        a.run("ip addr flush dev pa")
        for port in (f"tap-{form}", "pa"):
            a.run(f"ip link set {port} master bridge0 up")
        a.up("bridge0", "192.0.2.1/24", "2001:db8::1/64")
        ears(b, "pb")
        # The bridge's own, or as if it came from behind it.
        for to in (a.link("bridge0")["address"], b.link("pb")["address"]):
            ends = Ends("02:00:00:00:00:77", to, from4="192.0.2.9", from6="2001:db8::9")
            for setting in settings(a, b):
                throw(f"guest {form} {to[-2:]} {setting}", file, form, "plain,ect", ends, COUNT // 16)
        answers(a)
        a.run("ip link del bridge0; ip link del pa")


def tunnels():
    """Tunnels over pairs pa and pb: t0 over IPv4, t1 over IPv6."""
    modprobe("vpair", "etherip")
    a, b = NetNs(), NetNs()
    pair(a, b, "vpair")
    for number, (one, other) in enumerate((("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2"))):
        for ns, local, remote, host in ((a, one, other, 1), (b, other, one, 2)):
            data = [(kind, ipaddress.ip_address(text).packed) for kind, text in ((LOCAL, local), (REMOTE, remote))]
            with ns.enter():
                rtnl.newlink(f"t{number}", "etherip", data=data)
            ns.up(f"t{number}", f"198.51.{100 + number}.{host}/24", f"2001:db8:{1 + number}::{host}/64")
    return a, b


def each_answers(a):
    for number in range(2):
        answers(a, f"198.51.{100 + number}.2", f"2001:db8:{1 + number}::2")


@case
def into_a_tunnel():
    a, b = tunnels()
    throws = []
    for number in range(2):
        name = f"t{number}"
        ends = between(a, b, name, name, from4=f"198.51.{100 + number}.1", to4=f"198.51.{100 + number}.2",
                       from6=f"2001:db8:{1 + number}::1", to6=f"2001:db8:{1 + number}::2")
        throws.append((name, packet_socket(a, name), ends))
        ears(b, name)
    for heard in (False, True):
        for name, sock, ends in throws:
            for setting in settings(a, b, name, name):
                throw(f"tunnel {name} {setting} {heard}", sock, "packet", "plain,ect", ends, COUNT // 16)
        if not heard:
            ears(b, "pb")
    each_answers(a)


@case
def as_of_a_tunnel():
    """What comes out of the other end's underlay was made by nobody's tunnel."""
    a, b = tunnels()
    ends = between(a, b)
    sock = packet_socket(a, "pa")
    for name in "t0", "t1":
        ears(b, name)
    for setting in settings(a, b):
        throw(f"outer {setting}", sock, "packet", "etherip", ends, COUNT // 4)
    each_answers(a)


def rules():
    """Of every kind; most match next to nothing."""
    yield {"chain": "input", "action": "drop", "protocol": 17, "source": "192.0.2.200",
           "source-prefix-len": 32}
    for chain in ("input", "forward", "output"):
        for number in range(6):
            yield {"chain": chain, "action": "drop", "protocol": (6, 17)[number % 2],
                   "destination-port-min": 9000 + number, "destination-port-max": 9001 + number}
            yield {"chain": chain, "action": "drop", "protocol": (6, 17, 132)[number % 3],
                   "source-port-min": 100 * number, "source-port-max": 100 * number + 7,
                   "source": "2001:db8:7::", "source-prefix-len": 48 + number}
        yield {"chain": chain, "action": "drop", "family": "ipv6", "protocol": 44}
        yield {"chain": chain, "action": "drop", "protocol": 255}
        yield {"chain": chain, "action": "accept", "protocol": 6, "destination-port-min": 9,
               "destination-port-max": 9}


@case
def through_the_firewall():
    """For the router, and for who is behind it."""
    modprobe("vpair", "firewall")
    a, r, b = NetNs(), NetNs(), NetNs()
    pair(a, r, "vpair")
    with r.enter():
        rtnl.newlink("qr", "vpair", peer=(PEER, "qb", b.name))
    r.up("qr", "198.51.100.2/24", "2001:db8:1::2/64")
    b.up("qb", "198.51.100.1/24", "2001:db8:1::1/64")
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
          " net.ipv4.conf.all.accept_source_route=1")
    a.run("ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8::2")
    b.run("ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8:1::2")
    family = ynl.family("firewall", r)
    for rule in rules():
        family.do("rule-add", {"rule": rule})
    ears(r, "pb")
    ears(b)
    sock = packet_socket(a, "pa")
    for name, ends in (("router", between(a, r)),
                       ("behind", between(a, r, to4="198.51.100.1", to6="2001:db8:1::1"))):
        for setting in settings(a, r):
            throw(f"firewall {name} {setting}", sock, "packet", "plain", ends, COUNT // 8)
    counted = sum(answer["rule"]["packets"] for answer in family.dump("rule-get", {}))
    assert counted > 10, f"{counted} packets met a rule"
    answers(a, "198.51.100.1", "2001:db8:1::1")


@case
def through_a_translator():
    """From either side: of IPv4 towards a host of IPv6 that has a mapping, and back by the prefix."""
    modprobe("vpair", "siit")
    a, r, b = NetNs(), NetNs(), NetNs()
    pair(a, r, "vpair")
    pair(b, r, "vpair", "qb", "qr")
    a.run("ip route add default via 192.0.2.2")
    for ns, name, address in ((b, "qb", "2001:db8:1::1/64"), (r, "qr", "2001:db8:1::2/64")):
        ns.run(f"ip addr flush dev {name} scope global && ip addr add {address} dev {name} nodad")
    b.run("ip -6 route add default via 2001:db8:1::2")
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:64::")
    with r.enter():
        rtnl.newlink("x0", "siit", data=[(SIIT_PREFIX, prefix), (SIIT_PREFIX_LEN, bytes([96]))])
        index = socket.if_nametoindex("x0")
    ynl.family("siit", r).do("mapping-add", {"ifindex": index, "mapping": [
        {"ipv4": "203.0.113.2", "ipv4-len": 32, "ipv6": "2001:db8:1::1", "ipv6-len": 128}]})
    r.run("ip link set x0 up; ip route add 203.0.113.0/24 dev x0; ip -6 route add 2001:db8:64::/96 dev x0")
    answers(a, "203.0.113.2", None)
    # The servers are of a side each.
    ears(b, "qb")
    ears(a, "pa")
    for name, ns, left, right, ends in (
            ("four", a, "pa", "pb", between(a, r, to4="203.0.113.2", to6="2001:db8::2")),
            ("six", b, "qb", "qr", between(b, r, "qb", "qr", from6="2001:db8:1::1", to6="2001:db8:64::192.0.2.1"))):
        sock = packet_socket(ns, left)
        before = r.link("x0")["stats64"]["tx"]["packets"]
        for setting in settings(ns, r, left, right):
            throw(f"siit {name} {setting}", sock, "packet", "plain", ends, COUNT // 8)
        translated = r.link("x0")["stats64"]["tx"]["packets"] - before
        assert translated > COUNT / 40, f"{name}: {translated} were translated"
    answers(a, "203.0.113.2", None)


@case
def to_a_loopback_server():
    """On the device, on a VLAN of it, on a bridge."""
    modprobe("vpair", "ect")
    a, b = NetNs(), NetNs()
    pair(a, b, "vpair")
    family = ynl.family("ect", b)
    family.do("config-set", {"server": 1, "assistance": 1})
    b.run("ip link add link pb name pb.100 type vlan id 100; ip link set pb.100 up")
    b.run("ip link add bridge0 type bridge; ip link set bridge0 up")
    sock = packet_socket(a, "pa")
    address = b.link("pb")["address"]
    for place in ("device", "bridge"):
        for heard in (False, True):
            for to in (address, "cf:00:00:00:00:00"):
                ends = Ends(a.link("pa")["address"], to)
                throw(f"ect {place} {heard} {to[-2:]}", sock, "packet", "ect,ect,plain", ends, COUNT // 8)
            ears(b, "pb")
        b.run("ip link set pb master bridge0")
    counted = family.do("stats-get", {})
    assert counted["forwarded"] and counted["truncated"] and counted["malformed"], counted
    b.run("ip link set pb nomaster")
    answers(a)


@case
def into_a_sink():
    modprobe("sink")
    a = NetNs()
    a.run("ip link add s0 type sink")
    a.up("s0", "192.0.2.1/24")
    ears(a, "s0")
    before = a.link("s0")["stats64"]["tx"]["packets"]
    sock = packet_socket(a, "s0")
    for offload in ("on", "off"):
        a.run(f"ethtool -K s0 tso {offload} gso {offload} sg {offload} tx {offload}", check=False)
        throw(f"sink {offload}", sock, "packet", "plain,etherip,ect", Ends(a.link("s0")["address"], CONTROLLER),
              COUNT // 2)
    assert a.link("s0")["stats64"]["tx"]["packets"] > before + COUNT / 10


main(24)
