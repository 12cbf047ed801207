#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair with packets that lie about what they are: `struct virtio_net_hdr` of a packet
socket and of a tap device says how to segment and to sum them, and need not be true."""

import errno
import os
import random
import socket
import struct

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from selftest import case, checked, defer, main, wait_until
from topology import statistics, two
from tuntap import TAP, VNET_HDR, tuntap

SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CSUM, DATA_VALID = 1, 2
TCPV4, UDP_FRAGMENTS, TCPV6, UDP_SEGMENTS, ECN = 1, 3, 4, 5, 0x80
# What each field of the header may be instead of the truth: flags, kind, length of headers, size
# of a segment, where the sum begins, where it is.
LIES = ((0, NEEDS_CSUM, DATA_VALID, NEEDS_CSUM | DATA_VALID, 0xFF),
        (0, TCPV4, UDP_FRAGMENTS, TCPV6, UDP_SEGMENTS, TCPV4 | ECN, TCPV6 | ECN, 2, 0x7F),
        *[(0, 1, 7, 14, 33, 35, 53, 500, 1400, 1500, 4000, 0x7FFF, 0x8000, 0xFFFF)] * 4)
# What the core says of a header that is not true, and of a packet that it cannot segment (ENOMEM)
# or has lost.
REFUSED = {errno.EINVAL, errno.EMSGSIZE, errno.ENOBUFS, errno.ENOMEM}
# Packets per setting.
COUNT = 50 if os.environ["KERNET_KERNEL"] == "debug" else 500


def frames(a, b):
    """Packets of every kind that can be segmented, and some that cannot, each with a header that is
    true of it."""
    def mac(ns, name):
        return ns.link(name)["address"]

    ether = Ether(src=mac(a, "pa"), dst=mac(b, "pb"))
    made = []
    for kind, ip, end in ((TCPV4, IP(src="192.0.2.1", dst="192.0.2.2"), 34),
                          (TCPV6, IPv6(src="2001:db8::1", dst="2001:db8::2"), 54)):
        for layer, segmented, length, offset in ((TCP(dport=9, flags="PA"), kind, 20, 16),
                                                 (UDP(dport=9), UDP_SEGMENTS, 8, 6)):
            for size in (0, 100, 1300, 3000, 20000):
                true = [NEEDS_CSUM, segmented, end + length, 1200, end, offset]
                if size < 1400:
                    true[1] = 0
                made.append((bytes(ether / ip / layer / bytes(size)), true))
        made.append((bytes(ether / ip), [0] * 6))
    return made + [(bytes(ether)[:14], [0] * 6), (bytes(ether) + bytes(1), [0] * 6)]


def lie(rng, frame, true):
    """A header for the frame, of which up to three fields are not true; and the frame, damaged,
    cut off or neither."""
    fields = list(true)
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        field = rng.randrange(len(fields))
        fields[field] = rng.choice([*LIES[field], rng.randrange(256), len(frame) & 0xFF])
    damaged = bytearray(frame)
    for _ in range(rng.choice([0, 0, 1, 3])):
        damaged[rng.randrange(min(len(frame), 60))] = rng.randrange(256)
    end = rng.choice([len(frame), len(frame), rng.randrange(14, len(frame) + 1)])
    return struct.pack("=BBHHHH", *fields) + damaged[:end]


def throw(write, setting, made):
    """Some of the packets are taken, and some refused."""
    rng, taken = random.Random(setting), 0
    for _ in range(COUNT):
        try:
            write(lie(rng, *rng.choice(made)))
            taken += 1
        except OSError as error:
            assert error.errno in REFUSED, error
    assert COUNT / 10 < taken < COUNT, f"{taken} of {COUNT} taken, {setting}"


def settings(a, b):
    """Segmented by whoever receives, by who sends, by the core before the driver; merged again."""
    for sender, receiver in (("on", "off"), ("off", "off"), ("on", "on"), ("off", "on")):
        a.run(f"ethtool -K pa tso {sender} gso {sender} sg {sender} tx {sender}")
        b.run(f"ethtool -K pb gro {receiver}")
        yield f"{sender} {receiver}"


def still_carries(a, b, before):
    wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before, 10, "packets arrive")
    wait_until(lambda: a.ping("192.0.2.2", count=1) and a.ping("2001:db8::2", count=1), 20, "pings")


@case
@checked
def of_a_packet_socket():
    a, b = two()
    with a.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        defer(sock.close)
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.bind(("pa", 0))
    made = frames(a, b)
    before = statistics(b, "pb")["rx"]["packets"]
    for setting in settings(a, b):
        throw(sock.send, setting, made)
    still_carries(a, b, before)


@case
@checked
def of_a_guest():
    """What a guest's network card would send by a tap device, bridged into the pair."""
    a, b = two()
    a.run("ip link add bridge0 type bridge")
    tap = tuntap(a, "tap0", TAP | VNET_HDR, os.O_NONBLOCK)
    made = frames(a, b)
    a.run("ip addr flush dev pa")
    for port in ("tap0", "pa"):
        a.run(f"ip link set {port} master bridge0 up")
    a.up("bridge0", "192.0.2.1/24", "2001:db8::1/64")
    before = statistics(b, "pb")["rx"]["packets"]
    for setting in settings(a, b):
        throw(lambda packet: os.write(tap, packet), setting, made)
    still_carries(a, b, before)


main(12)
