#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip: packets that stay whole through the tunnel, and are cut below; frames that are merged before
it. See tunnels.py."""

import contextlib
import json
import mmap
import random
import socket
import struct
import threading

from segments import (LARGE, MTU, OUTGOING, Seen, all_merging, carries_bytes, checksum, holds, merging, outer_packets,
                      packet_of_tcp, seen)
from selftest import NetNs, case, checked, churn, defer, equal, iperf, main, need, rmmod, run, wait_until
from tunnels import PROTOCOL, V4, batch, narrow, over_both, router_device, statistics, tunnel, two

SOL_UDP, UDP_SEGMENT = 17, 103
SOL_PACKET, PACKET_VERSION, PACKET_TX_RING, PACKET_VNET_HDR, PACKET_TX_HAS_OFF = 263, 10, 13, 15, 19
TPACKET_V2, TP_STATUS_SEND_REQUEST = 1, 1


@case
@checked
@over_both
def a_large_packet_goes_whole(over):
    """It is cut when the device below sends it, and what arrives there is merged before the tunnel."""
    a, r, b = two(over)
    all_merging(a, r, b)
    for address in "198.51.100.2", "2001:db8::2":
        with seen(over, a, b) as places:
            assert iperf(a, b, address, amount="3M") > 1 << 20
        longest = {place: found.longest for place, found in places.items()}
        count = {place: found.count for place, found in places.items()}
        assert longest["into the tunnel"] > LARGE, longest
        assert longest["out of a"] <= MTU + 14, places["out of a"].lengths
        assert longest["into b"] > LARGE and longest["out of the tunnel"] > LARGE, longest
        assert count["out of a"] > 3 * count["into the tunnel"], count
        assert count["into b"] * 3 < count["out of a"], count
        if over is V4:
            assert len(places["out of a"].ids) > min(count["out of a"], 1 << 16) // 2, "numbers of outer packets"
    for ns, device in ((a, "t0"), (b, "t0")):
        for way in "rx", "tx":
            equal(statistics(ns, device)[way]["errors"], 0, f"{way} errors")


@case
@over_both
def what_is_carried_is_what_was_sent(over):
    """Pages of files, which make packets nonlinear; clones, which a tap holds; both versions inside."""
    a, r, b = two(over)
    taps = [Seen(a, "t0", True), Seen(b, "t0", False)]
    port = 5002
    for on in "off", "on":
        for ns, device in ((b, "u0"), (a, "u0"), (r, router_device(a)), (r, router_device(b))):
            ns.run(f"ethtool -K {device} tso off gro {on}")
        for address in "198.51.100.2", "2001:db8::2":
            for zero_copy in False, True:
                carries_bytes(a, b, address, port, zero_copy=zero_copy)
                port += 1
    for tap in taps:
        tap.end()
    assert taps[0].longest > LARGE


@case
@over_both
def with_any_of_its_offloads_off(over):
    """A device without them gets what the stack has cut before it."""
    a, r, b = two(over)
    all_merging(a, r, b)
    for number, off in enumerate(("tso off", "gso off", "tx off", "sg off", "tx-udp-segmentation off", "gro off")):
        for ns in (a, b):
            ns.run(f"ethtool -K t0 {off}", check=False)
        carries_bytes(a, b, "198.51.100.2", 5100 + number, 1 << 18)
        carries_bytes(b, a, "2001:db8::1", 5200 + number, 1 << 18)
    for number, off in enumerate(("tx off", "sg off", "tso off gso off", "gro off")):
        for ns in (a, b):
            ns.run("ethtool -K t0 tx on sg on tso on gso on gro on", check=False)
            ns.run(f"ethtool -K u0 {off}", check=False)
        carries_bytes(a, b, "198.51.100.2", 5300 + number, 1 << 18)
    narrow(b, r, 1400)
    carries_bytes(a, b, "198.51.100.2", 5400, 1 << 18)


@case
@over_both
def behind_tags(over):
    a, r, b = two(over)
    all_merging(a, r, b)
    for ns, host in ((a, 1), (b, 2)):
        ns.run("ip link add link t0 name v7 type vlan id 7; ip link add link v7 name q9 type vlan id 9")
        for device, net in (("v7", 7), ("q9", 9)):
            batch(ns, f"addr add 10.9.{net}.{host}/24 dev {device}", f"addr add 2001:db8:{net}::{host}/64 dev {device} nodad",
                  f"link set {device} up")
    for net in 7, 9:
        with seen(over, a, b) as places:
            carries_bytes(a, b, f"10.9.{net}.2", 5500 + net)
            carries_bytes(a, b, f"2001:db8:{net}::2", 5600 + net)
        if net == 7:
            assert places["into the tunnel"].longest > LARGE, places["into the tunnel"].longest
        assert places["out of a"].longest <= MTU + 14, places["out of a"].longest


@case
@over_both
def datagrams_in_one_call(over):
    """UDP that is to be segmented: each datagram arrives as it was."""
    a, r, b = two(over)
    all_merging(a, r, b)
    for address, family in (("198.51.100.2", socket.AF_INET), ("2001:db8::2", socket.AF_INET6)):
        with b.enter():
            receiver = socket.socket(family, socket.SOCK_DGRAM)
        receiver.bind((address, 6000))
        receiver.settimeout(10)
        with a.enter():
            sender = socket.socket(family, socket.SOCK_DGRAM)
        below = Seen(a, "u0", True, PROTOCOL, over)
        with receiver, sender:
            sender.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
            sender.connect((address, 6000))
            sender.send(b"first")
            equal(receiver.recv(2000), b"first", "the first one")
            parts = [bytes([number]) * 1000 for number in range(30)] + [b"last"]
            for _ in range(3):
                sender.send(b"".join(parts))
                equal([receiver.recv(2000) for _ in parts], parts, "datagrams")
        below.end()
        assert below.longest < 1200, below.longest


@case
@over_both
def a_path_that_takes_less(over):
    """Packets to be segmented into parts that do not fit: the senders are told, those in a bridge, too."""
    a, r, b = two(over)
    all_merging(a, r, b)
    narrow(b, r, 1300)
    carries_bytes(a, b, "198.51.100.2", 5701)
    carries_bytes(a, b, "2001:db8::2", 5702)
    # Without path MTU discovery they are cut, and the parts fragmented.
    for ns in (a, b):
        tunnel(ns, pmtudisc=0, ignore_df=1, create=False)
        ns.run("ip link set t0 mtu 1500; ip route flush cache; ip -6 route flush cache", check=False)
    carries_bytes(a, b, "198.51.100.2", 5703, 1 << 18)
    carries_bytes(a, b, "2001:db8::2", 5704, 1 << 18)


@case
@over_both
def across_a_bridge(over):
    """Hosts behind bridges: what a router merges in transit, and a bridge passes on, is cut again."""
    a, r, b = two(over)
    mtu = a.link("t0")["mtu"]
    hosts = []
    for ns, number in ((a, 1), (b, 2)):
        host = NetNs()
        batch(ns, "addr flush dev t0", "link add br0 type bridge", "link set br0 up", "link set t0 master br0",
              f"link add p0 type veth peer name e0 netns {host.name}", f"link set p0 mtu {mtu} up", "link set p0 master br0")
        batch(host, f"link set e0 mtu {mtu}", f"addr add 203.0.113.{number}/24 dev e0",
              f"addr add 2001:db8:c::{number}/64 dev e0 nodad", "link set e0 up")
        hosts.append(host)
    c, d = hosts
    all_merging(a, r, b)
    merging((a, "p0"), (b, "p0"))
    for host in (c, d):
        host.run("sysctl -qw net.ipv4.tcp_tso_rtt_log=31")
    assert c.ping("203.0.113.2", options="-w 30")
    with seen(over, a, b) as places:
        carries_bytes(c, d, "203.0.113.2", 5801)
        carries_bytes(d, c, "2001:db8:c::1", 5802)
    assert places["into the tunnel"].longest > LARGE, places["into the tunnel"].longest
    assert places["into b"].longest > LARGE, places["into b"].longest
    # A path that takes less: the hosts are told of packets that are to be segmented, too.
    narrow(b, r, 1300)
    carries_bytes(c, d, "203.0.113.2", 5803)
    carries_bytes(c, d, "2001:db8:c::2", 5804)


@case
@over_both
def packets_of_a_guest(over):
    """Frames with a virtio header, right and wrong ones: those are cut or refused, and nothing worse."""
    a, r, b = two(over)
    all_merging(a, r, b)
    assert a.ping("198.51.100.2")
    with a.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.bind(("t0", 0))
    to = bytes.fromhex(b.link("t0")["address"].replace(":", ""))
    dice = random.Random(97)
    before = statistics(a)["tx"]["packets"]
    with sock:
        for number in range(600):
            size = dice.choice((0, 1, 40, 1400, 8000, 40000))
            tag = dice.choice((b"", b"", b"\x81\0\0\7"))
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, (40 + size) & 0xffff, number, 0x4000, 64, 6, 0,
                             socket.inet_aton("198.51.100.1"), socket.inet_aton("198.51.100.2"))
            tcp = struct.pack("!HHIIBBHHH", 9, 9, number, 0, 0x50, 0x10, 1000, 0, 0)
            frame = bytearray(to + b"\2\0\0\0\0\1" + tag + b"\x08\0" + ip + tcp + bytes(size))
            start = 14 + len(tag) + 20
            header = [1, 1, start + 20, 1000, start, 16]
            if number % 2:
                # One number of the header, and one byte of the frame.
                which = dice.randrange(6)
                header[which] = dice.randrange(256 if which < 2 else 65536)
                frame[dice.randrange(start + 20)] ^= 1 << dice.randrange(8)
            with contextlib.suppress(OSError):
                sock.send(struct.pack("=BBHHHH", *header) + frame)
    assert statistics(a)["tx"]["packets"] > before
    assert a.ping("198.51.100.2")


@case
@over_both
def wrong_headers_are_not_merged(over):
    """Each packet whose header is not that of the RFC is an error of its own."""
    a, r, b = two(over)
    all_merging(a, r, b)
    assert a.ping("198.51.100.2")
    with b.enter():
        sock = socket.socket(over.family, socket.SOCK_RAW, PROTOCOL)
    defer(sock.close)
    before = statistics(a)["rx"]["frame_errors"]
    for _ in range(40):
        sock.sendto(b"\x03\0" + b"\2" * 12 + b"\x08\0" + bytes(1000), (over.a, 0))
    wait_until(lambda: statistics(a)["rx"]["frame_errors"] == before + 40, 10, "errors")


@case
@over_both
def a_device_that_segments_other_tunnels(over):
    """One that can segment what C's tunnels send is not given ours, and may have all its offloads."""
    a, _, b = two(over)
    a.run("sysctl -qw net.ipv4.tcp_tso_rtt_log=31")
    assert "tx-gre-segmentation: on" in a.run("ethtool -k u0").stdout
    long = outer_packets(a, over)
    for port, address in ((5011, "198.51.100.2"), (5012, "2001:db8::2")):
        with seen(over, a, b) as places:
            carries_bytes(a, b, address, port)
        assert places["into the tunnel"].longest > LARGE, places["into the tunnel"].longest
        assert places["out of a"].longest <= MTU + 14, places["out of a"].longest
    assert long() > 0


@case
@over_both
def behind_three_tags(over):
    a, r, b = two(over)
    all_merging(a, r, b)
    for ns, host in ((a, 1), (b, 2)):
        batch(ns, "link add link t0 name v7 type vlan id 7", "link add link v7 name v8 type vlan id 8",
              "link add link v8 name v9 type vlan id 9", f"addr add 10.9.9.{host}/24 dev v9",
              f"addr add 2001:db8:9::{host}/64 dev v9 nodad", "link set v7 up", "link set v8 up",
              f"link set v9 mtu {ns.link('t0')['mtu'] - 12} up")
    carries_bytes(a, b, "10.9.9.2", 5511)
    carries_bytes(b, a, "2001:db8:9::1", 5512)


@case
@over_both
def datagrams_a_little_too_long(over):
    """Parts of UDP that exceed the path by up to the length of their header are fragmented, not sent."""
    a, r, b = two(over)
    for ns in (a, b):
        tunnel(ns, pmtudisc=0, ignore_df=1, create=False)
        ns.run("ip link set t0 mtu 1500")
    with b.enter():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("198.51.100.2", 6001))
    receiver.settimeout(10)
    with a.enter():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    into, below = Seen(a, "t0", True), Seen(a, "u0", True)
    with receiver, sender:
        sender.connect(("198.51.100.2", 6001))
        fits = MTU - over.header - 2 - 14 - 28
        for size in (fits - 1, fits, fits + 1, fits + 4, fits + 7, fits + 8, fits + 9):
            sender.setsockopt(SOL_UDP, UDP_SEGMENT, size)
            parts = [bytes([number]) * size for number in range(12)] + [b"last"]
            sender.send(b"".join(parts))
            equal([receiver.recv(4000) for _ in parts], parts, f"datagrams of {size} bytes")
    into.end()
    below.end()
    assert into.longest > LARGE, into.lengths
    equal(below.longest, MTU + 14, "the longest frame")


@case
@over_both
def from_a_tunnel_into_another(over):
    """What was merged is passed on by a bridge to another tunnel, with and without its headers noted again."""
    a, r, b = two(over)
    all_merging(a, r, b)
    # A second tunnel from b back to a; a's end of it is a host of its own.
    host = NetNs()
    for ns, (local, remote) in ((a, (over.a, over.nobody)), (b, (over.nobody, over.a))):
        prefix = 25 if over is V4 else 64
        if ns is b:
            ns.run(f"ip addr add {over.nobody}/{prefix} dev u0 {'' if over is V4 else 'nodad'}")
        tunnel(ns, "t1", local=local, remote=remote)
    mtu = a.link("t0")["mtu"]
    a.run(f"ip link set t1 netns {host.name}")
    batch(host, f"link set t1 mtu {mtu}", "addr add 198.51.100.7/24 dev t1", "addr add 2001:db8::7/64 dev t1 nodad",
          "link set t1 up")
    batch(b, "addr flush dev t0", "link add br0 type bridge", "link set br0 up", "link set t0 master br0",
          "link set t1 master br0", "link set t1 up")
    assert a.ping("198.51.100.7", options="-w 30")
    port = 5900
    for gro in "on", "off":
        for device in "t0", "t1":
            b.run(f"ethtool -K {device} gro {gro}")
        into = Seen(b, "t1", True)
        carries_bytes(a, host, "198.51.100.7", port)
        carries_bytes(a, host, "2001:db8::7", port + 1)
        into.end()
        assert into.longest > LARGE, f"gro {gro}: {into.longest}"
        port += 2


@case
@over_both
def lists_of_packets(over):
    """Packets that a device has merged into lists go through the tunnel, and over an underlay that makes lists."""
    a, r, b = two(over)
    mtu = a.link("t0")["mtu"]
    hosts = []
    for ns, number in ((a, 1), (b, 2)):
        host = NetNs()
        batch(ns, "addr flush dev t0", "link add br0 type bridge", "link set br0 up", "link set t0 master br0",
              f"link add p0 type veth peer name e0 netns {host.name}", f"link set p0 mtu {mtu} up", "link set p0 master br0")
        batch(host, f"link set e0 mtu {mtu}", f"addr add 203.0.113.{number}/24 dev e0",
              f"addr add 2001:db8:c::{number}/64 dev e0 nodad", "link set e0 up")
        host.run("ethtool -K e0 tso off tx-udp-segmentation off; sysctl -qw net.ipv4.tcp_tso_rtt_log=31")
        hosts.append(host)
    c, d = hosts
    all_merging(a, r, b)
    merging((a, "p0"), (b, "p0"))
    for ns in (a, b):
        ns.run("ethtool -K p0 rx-gro-list on")
    assert c.ping("203.0.113.2", options="-w 30")
    for lists, port in (("off", 5821), ("on", 5823)):
        for ns, device in ((a, "u0"), (r, router_device(a)), (r, router_device(b)), (b, "u0")):
            ns.run(f"ethtool -K {device} rx-gro-list {lists}")
        merged, into = Seen(a, "p0", False), Seen(b, "u0", False, PROTOCOL, over)
        carries_bytes(c, d, "203.0.113.2", port)
        carries_bytes(c, d, "2001:db8:c::2", port + 1)
        merged.end()
        into.end()
        assert merged.longest > 2 * MTU, merged.longest
        # Nothing of the tunnel is merged into lists.
        assert lists == "off" or into.longest <= MTU + 14, into.longest


def sender_behind_a_bridge(a):
    """A socket for frames of a host behind a bridge, whose port merges what comes within a moment."""
    mtu = a.link("t0")["mtu"]
    c = NetNs()
    batch(a, "addr flush dev t0", "link add br0 type bridge", "link set br0 up", "link set t0 master br0",
          f"link add p0 type veth peer name e0 netns {c.name}", f"link set p0 mtu {mtu} up", "link set p0 master br0")
    batch(c, f"link set e0 mtu {mtu} up")
    need("ethtool")
    c.run("ethtool -K e0 tso off gso off tx off")
    merging((a, "p0"))
    holds(a, "p0", 0.2)
    with c.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind(("e0", 0))
    defer(sock.close)
    return sock


@case
@over_both
def numbers_of_inner_packets(over):
    """Those that all had one number keep it when what was merged of them is cut."""
    a, _, b = two(over)
    sock = sender_behind_a_bridge(a)
    with a.enter():
        below = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        below.bind(("u0", 3))
    below.settimeout(10)
    to = bytes.fromhex(b.link("t0")["address"].replace(":", ""))
    into = Seen(a, "t0", True)
    with below:
        for fixed in True, False:
            sent = [0x1234 + (0 if fixed else part) for part in range(6)]
            for part, number in enumerate(sent):
                sock.send(to + b"\2\0\0\0\0\1\x08\0" + packet_of_tcp(number, 9 + fixed, part))
            numbers = []
            while len(numbers) < len(sent):
                frame, (_, _, kind, *_) = below.recvfrom(4096)
                at = 14 + over.header + 2 + 14
                if kind == OUTGOING and frame[23 if over is V4 else 20] == PROTOCOL and frame[at + 9:at + 10] == b"\6":
                    numbers.append(int.from_bytes(frame[at + 4:at + 6]))
            equal(numbers, sent, f"numbers, fixed: {fixed}")
    into.end()
    assert into.longest > 2000, into.lengths


class Ring:
    """Frames that a device sends from memory that this program has mapped: all of them each time."""

    SIZE, COUNT = 2048, 8
    # Where a frame begins, so that the header behind Ethernet's is aligned.
    BEGIN = 34

    def __init__(self, ns, device):
        with ns.enter():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.sock.bind((device, 0))
        defer(self.sock.close)
        size = self.SIZE * self.COUNT
        for option, value in ((PACKET_VERSION, TPACKET_V2), (PACKET_TX_HAS_OFF, 1),
                              (PACKET_TX_RING, struct.pack("=IIII", size, 1, self.SIZE, self.COUNT))):
            self.sock.setsockopt(SOL_PACKET, option, value)
        self.memory = mmap.mmap(self.sock.fileno(), size)
        defer(self.memory.close)

    def put(self, frames):
        self.lengths = [len(frame) for frame in frames]
        for number, frame in enumerate(frames):
            at = number * self.SIZE + self.BEGIN
            self.memory[at:at + len(frame)] = frame

    def send(self):
        """The frames as they are in memory when they are received."""
        for number, length in enumerate(self.lengths):
            struct.pack_into("=IIIHH", self.memory, number * self.SIZE, TP_STATUS_SEND_REQUEST, length, 0, self.BEGIN, 0)
        self.sock.send(b"")


def packet_of_tunnel(over, data):
    """What a sends to b."""
    ends = socket.inet_pton(over.family, over.a) + socket.inet_pton(over.family, over.b)
    if over is not V4:
        return struct.pack("!IHBB", 6 << 28, len(data), PROTOCOL, 64) + ends + data
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0x4000, 64, PROTOCOL, 0) + ends
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + data


@case
@churn
@over_both
def headers_that_their_sender_writes_to(over):
    """Frames that are merged where a program has written them, and writes to their headers meanwhile."""
    a, r, b = two(over)
    all_merging(a, r, b)
    assert a.ping("198.51.100.2")
    holds(b, "u0", 0.2)
    device = router_device(b)
    ring = Ring(r, device)
    macs = [bytes.fromhex(ns.link(name)["address"].replace(":", "")) for ns, name in ((b, "u0"), (r, device), (b, "t0"))]
    link = macs[0] + macs[1] + over.ethertype
    before = b"\x30\0" + macs[2] + b"\2\0\0\0\0\1\x08\0"
    ring.put([link + packet_of_tunnel(over, before + packet_of_tcp(0x1234 + part, 9, part)) for part in range(ring.COUNT)])
    out = Seen(b, "t0", False)
    ring.send()
    wait_until(lambda: out.count, 10, "a frame comes out of the tunnel")
    out.end()
    assert out.longest > 2000, out.lengths

    versions = [number * ring.SIZE + ring.BEGIN + len(link) + over.header for number in range(ring.COUNT)]
    ends = threading.Event()

    def write():
        while not ends.is_set():
            for version in versions:
                ring.memory[version] ^= 0x70
    writer = threading.Thread(target=write)
    old = statistics(b)["rx"]
    writer.start()
    try:
        for _ in range(200):
            ring.send()
    finally:
        ends.set()
        writer.join()
    holds(b, "u0", 0)
    assert a.ping("198.51.100.2")
    new = statistics(b)["rx"]
    assert new["packets"] > old["packets"] + 3, (old, new)
    assert new["frame_errors"] > old["frame_errors"], (old, new)


@case
@over_both
def frames_of_pppoe(over):
    """They go in parts through the tunnel, if the kernel merges them before it, which pppoe does."""
    a, _, b = two(over)
    merges = run("modprobe pppoe", check=False).returncode == 0
    sock = sender_behind_a_bridge(a)
    b.run("ethtool -K t0 gro off; ethtool -K u0 gro off")
    # veth leaves sums to who receives them.
    a.run("ethtool -K u0 tx off")
    with b.enter():
        receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x8864))
        receiver.bind(("t0", 0x8864))
    receiver.settimeout(10)
    to = bytes.fromhex(b.link("t0")["address"].replace(":", ""))
    into = Seen(a, "t0", True)
    packets = [packet_of_tcp(0x1234 + part, 9, part) for part in range(6)]
    with receiver:
        for packet in packets:
            session = struct.pack("!BBHHH", 0x11, 0, 7, len(packet) + 2, 0x21)
            sock.send(to + b"\2\0\0\0\0\1\x88\x64" + session + packet)
        equal([receiver.recv(4096)[22:] for _ in packets], packets, "packets")
    into.end()
    assert not merges or into.longest > 2000, into.lengths


@case
@over_both
def unloaded_while_others_hold_packets(over):
    """A queue below holds packets that are to be segmented, and a device what it has merged, when the module goes: they
    are cut and passed on without it."""
    a, r, b = two(over)
    all_merging(a, r, b)
    holds(b, "u0", 1.5)
    server = b.popen("iperf3 -s -1")
    wait_until(lambda: b.run("ss -Hltn sport = :5201", check=False).stdout, 20, "iperf3 listens")
    client = a.popen("iperf3 -c 198.51.100.2 -t 60")
    long = outer_packets(a, over)
    wait_until(lambda: long() > 2, 60, "long packets")
    a.run("tc qdisc replace dev u0 root netem delay 5s limit 1000")

    def waiting():
        return json.loads(a.run("tc -j -s qdisc show dev u0").stdout)[0]["qlen"]

    before = long()
    wait_until(lambda: waiting() and long() > before, 20, "long packets in the queue")
    below = Seen(a, "u0", True, PROTOCOL, over)
    rmmod("etherip")
    assert waiting(), "they are still in the queue"
    before = below.count
    wait_until(lambda: not waiting(), 20, "the queue is empty")
    for end in (client, server):
        end.kill()
    below.end()
    assert below.count > before, "the queue's packets have left"
    assert below.longest <= MTU + 14, below.longest
    # The next poll passes on what the device still holds.
    holds(b, "u0", 0)
    assert r.ping(over.b, options="-w 30")


@case
@churn
@over_both
def unloaded_with_merged_packets(over):
    """The module goes while packets are merged and held, for longer than a poll, and others are to be cut."""
    for _ in range(2):
        a, r, b = two(over)
        all_merging(a, r, b)
        for ns in (a, b):
            holds(ns, "u0", 0.02)
        ends = [ns.popen("iperf3 -s -1") for ns in (b,)]
        wait_until(lambda: b.run("ss -Hltn sport = :5201", check=False).stdout, 20, "iperf3 listens")
        ends.append(a.popen("iperf3 -c 198.51.100.2 -t 60 --bidir"))
        before = statistics(b)["rx"]["bytes"]
        wait_until(lambda: statistics(b)["rx"]["bytes"] > before + (1 << 20), 20, "traffic")
        rmmod("etherip")
        for end in ends:
            end.kill()
        for ns in (a, r, b):
            ns.delete()


main(320)
