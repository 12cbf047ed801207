#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit with packets that are not quite valid, sent to its device by a packet socket, as segments too."""

import os
import random
import socket
import struct

from selftest import case, checked, main
from translators import FOUR, FOUR_IN_6, SIX, SIX_IN_4, network, translator

COUNT = int(os.environ.get("KERNET_MUTATIONS") or 3000)
PACKET_VNET_HDR, SOL_PACKET = 15, 263
NEEDS_CSUM, GSO_TCPV4, GSO_UDP, GSO_TCPV6, GSO_UDP_L4 = 1, 1, 3, 4, 5


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", total ^ 0xffff)


def four(protocol, payload, fragment=0x4000, options=b"", source=FOUR, destination=SIX_IN_4):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), 7, fragment,
                       64, protocol, 0, socket.inet_aton(source), socket.inet_aton(destination)) + options
    return head[:10] + checksum(head) + head[12:] + payload


def six(protocol, payload, source=SIX, destination=FOUR_IN_6):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + \
        socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination) + payload


def pseudo6(packet):
    return packet[8:40] + struct.pack("!II", len(packet) - 40, 58)


def icmp4(kind, code, rest, body):
    message = bytes([kind, code, 0, 0]) + rest + body
    return four(1, message[:2] + checksum(message) + message[4:])


def icmp6(kind, code, rest, body):
    message = bytes([kind, code, 0, 0]) + rest + body
    packet = six(58, message)
    return packet[:42] + checksum(pseudo6(packet) + message) + packet[44:]


UDP = struct.pack("!HHHH", 2000, 4000, 108, 0x1234) + bytes(100)
TCP = struct.pack("!HHIIBBHHH", 2000, 4000, 1, 2, 0x50, 16, 100, 0x4321, 0) + bytes(4000)
FRAGMENT = struct.pack("!BBHI", 17, 0, 1, 7)
OBJECTS = bytes([0x20, 0, 0, 0, 0, 8, 1, 1, 1, 2, 3, 4])
INNER4 = four(17, UDP, source=SIX_IN_4, destination=FOUR)
INNER6 = six(17, UDP, source=FOUR_IN_6, destination=SIX)

PACKETS = [
    four(17, UDP), four(6, TCP), four(17, UDP, fragment=0x2000), four(1, UDP, fragment=0x2000),
    four(1, UDP, fragment=13), four(17, UDP, options=bytes([131, 7, 4, 10, 0, 0, 1, 0])),
    icmp4(8, 0, b"\0\1\0\2", bytes(100)), icmp4(3, 3, bytes(4), INNER4), icmp4(3, 4, b"\0\0\5\0", INNER4),
    icmp4(11, 0, b"\0\x20\0\0", INNER4 + OBJECTS), icmp4(12, 0, b"\x08\0\0\0", INNER4),
    icmp4(3, 3, bytes(4), icmp4(3, 3, bytes(4), INNER4)),
    six(17, UDP), six(6, TCP), six(44, FRAGMENT + UDP), six(44, b"\x3a" + FRAGMENT[1:] + UDP),
    six(0, bytes([60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 0, 0, 0, 0, 0]) + UDP),
    icmp6(128, 0, b"\0\1\0\2", bytes(100)), icmp6(1, 4, bytes(4), INNER6), icmp6(2, 0, b"\0\0\5\0", INNER6),
    icmp6(3, 0, b"\x12\0\0\0", INNER6 + OBJECTS), icmp6(4, 0, b"\0\0\0\6", INNER6),
    icmp6(1, 4, bytes(4), icmp6(1, 4, bytes(4), INNER6)),
]


def mutated(rng, packet):
    packet = bytearray(packet)
    for _ in range(rng.randrange(4)):
        packet[rng.randrange(min(len(packet), rng.choice((44, 120))))] = rng.choice((0, 1, 0x7f, 0xff, rng.randrange(256)))
    if rng.random() < 0.3:
        del packet[rng.randrange(len(packet)):]
    if rng.random() < 0.2:
        packet += bytes(rng.randrange(2000))
    if packet and packet[0] >> 4 == 4 and len(packet) >= 20 and rng.random() < 0.7:
        # Else nothing behind a wrong checksum of the header is looked at.
        size = min((packet[0] & 15) * 4, len(packet))
        packet[10:12] = b"\0\0"
        packet[10:12] = checksum(bytes(packet[:size]))
    return bytes(packet)


def header(rng, packet):
    """A virtio header: mostly none, else what a guest might say of the packet, or not."""
    if rng.random() < 0.5:
        return bytes(10)
    start = 20 if packet[:1] and packet[0] >> 4 == 4 else 40
    kind = rng.choice((0, 0, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, GSO_UDP))
    return struct.pack("=BBHHHH", NEEDS_CSUM, kind | (0x80 if rng.random() < 0.1 else 0),
                       rng.choice((0, start + 20, 2000)), rng.choice((0, 1, 100, 1000, 1400)),
                       rng.choice((start, start, start + 8, 0, 3000)), rng.choice((6, 16, 2, 100)))


@case
@checked
def survives_packets():
    rng = random.Random(1)
    six_ns, t, four_ns = network()
    with t.enter():
        plain = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        guest = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with plain, guest:
        plain.bind(("x0", 0x0800))
        guest.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        guest.bind(("x0", 0x0800))
        sent = 0
        for number in range(COUNT):
            if number % 500 == 0:
                translator(t, create=False, zero_checksum=number // 500 % 2, hairpin=number // 1000 % 2)
            packet = mutated(rng, rng.choice(PACKETS))
            sock, data = (plain, packet) if rng.random() < 0.5 else (guest, header(rng, packet) + packet)
            try:
                sent += sock.send(data) > 0
            except OSError:
                # Longer than the MTU, or a header that says what cannot be.
                continue
    assert sent > COUNT / 3, sent
    assert six_ns.ping(FOUR_IN_6, options="-w 20")
    assert four_ns.ping(SIX_IN_4, options="-w 20")


main(20)
