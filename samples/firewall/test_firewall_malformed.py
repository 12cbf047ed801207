#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of packets that are truncated or contradict themselves."""

import errno
import random
import socket
import struct

from selftest import case, checked, defer, drop_reasons, equal, main, wait_until
from topology import R4, R6, TCP, UDP, Firewall, count, ipv4, ipv6, two, wire

OPTIONS = bytes.fromhex("1100010400000000")

# An address that nothing else comes from.
NOBODY = "2001:db8::77"


def by_nobody(payload, following=UDP):
    return ipv6(payload, following, source=NOBODY)


# What the hook sees, and the protocol that can be read.
MALFORMED = {
    "udp_without_ports": (ipv4(b"\0\7"), UDP),
    "tcp_without_header": (ipv4(b"", TCP), TCP),
    "ports_in_the_padding": (ipv4(b"\0\7\0\7\0\0\0\0", total=22), UDP),
    "v6_udp_without_ports": (by_nobody(b"\0\7"), UDP),
    "v6_first_fragment_without_ports": (by_nobody(bytes.fromhex("1100000100000001"), 44), UDP),
    "v6_options_beyond_the_end": (by_nobody(b"\x11\x09" + OPTIONS[2:], 60), None),
    "v6_half_a_header": (by_nobody(OPTIONS[:4], 60), None),
    "v6_many_options": (by_nobody(9 * (b"\x3c" + OPTIONS[1:]) + bytes(8), 60), None),
    "v6_hop_by_hop_late": (by_nobody(b"\0" + OPTIONS[1:] + OPTIONS, 60), None),
}


@case
@checked
def malformed_packets_match_what_can_be_read():
    """Rules that look at no more than that; without rules they are accepted as all are."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)

    def counted(name):
        return firewall.stats()[name]
    with wire(a, "ar", r, "ra") as put:
        before = firewall.stats()["accepted"]
        for packet, _ in MALFORMED.values():
            put(packet)
        wait_until(lambda: firewall.stats()["accepted"] >= before + len(MALFORMED), 20, "packets are accepted")
        equal((counted("malformed"), counted("dropped")), (0, 0), "malformed and dropped without rules")
        for ports in (TCP, UDP):
            firewall.add("input", "accept", protocol=ports, destination_port_max=65535)
            firewall.add("input", "accept", protocol=ports, source_port_max=65535)
        by_protocol = {protocol: firewall.add("input", "drop", protocol=protocol) for protocol in (TCP, UDP)}
        by_protocol[None] = firewall.add("input", "drop", protocol=0, family="ipv6")
        for step in range(2):
            for number, (name, (packet, protocol)) in enumerate(MALFORMED.items()):
                expected = count(firewall, by_protocol[protocol]) + 1
                with drop_reasons() as reasons:
                    put(packet)
                    wait_until(lambda: count(firewall, by_protocol[protocol]) == expected, 20,
                               f"{name} met the rule of protocol {protocol}")
                assert "NETFILTER_DROP" in reasons, f"{name}: {reasons}"
                equal(counted("malformed"), number + 1 + step * len(MALFORMED), f"malformed after {name}")
            # The one that can be read no further meets a rule of an address all the same.
            firewall.delete(by_protocol[None]["id"])
            by_protocol[None] = firewall.add("input", "drop", source=NOBODY)
    assert a.ping(R4)


@case
def malformed_packets_of_raw_sockets():
    """What a raw socket sends the kernel does not check before the hook."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(a)
    udp = struct.pack("!HHHH", 7, 7, 8, 0)
    with a.enter():
        raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    defer(raw4.close)
    defer(raw6.close)
    packets = (
        (raw4, R4, ipv4(udp, first=0x65)), (raw4, R4, ipv4(b"\0")), (raw6, R6, ipv6(udp, version=4)),
        (raw6, R6, ipv6(udp, length=9)), (raw6, R6, ipv6(b"", 60)), (raw6, R6, ipv6(b"\0", 0)))

    def all_are_sent():
        for sock, address, packet in packets:
            sock.sendto(packet, (address, 0))
    all_are_sent()
    equal(firewall.stats()["malformed"], 0, "malformed without rules")
    firewall.add("output", "drop", protocol=UDP, destination_port_min=7)
    all_are_sent()
    equal((firewall.stats()["malformed"], firewall.stats()["dropped"]), (len(packets), 0), "malformed, dropped")
    last = firewall.add("output", "drop", protocol=UDP)
    for sock, address, packet in packets[:4]:
        try:
            sock.sendto(packet, (address, 0))
        except OSError as error:
            equal(error.errno, errno.EPERM, f"error for {packet.hex()}")
        else:
            raise AssertionError(f"sent {packet.hex()}")
    equal(count(firewall, last), 4, "packets of UDP")
    malformed = firewall.stats()["malformed"]
    firewall.flush()
    firewall.add("output", "accept")
    raw4.sendto(ipv4(udp), (R4, 0))
    raw6.sendto(ipv6(udp), (R6, 0))
    equal(firewall.stats()["malformed"], malformed, "malformed")


@case
@checked
def garbage():
    """Bytes at random behind plausible headers: the kernel and the firewall agree to live on."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    firewall.add("input", "drop", protocol=UDP, destination_port_min=9)
    dice = random.Random(1)
    with wire(a, "ar", r, "ra") as put:
        for _ in range(3000):
            payload = dice.randbytes(dice.randrange(0, 80))
            if dice.random() < 0.5:
                put(ipv4(payload, dice.choice((UDP, TCP, 50, 51, 4, 41, dice.randrange(256))),
                         first=dice.choice((0x45, 0x45, 0x46, 0x4f, 0x44)),
                         total=dice.choice((None, None, dice.randrange(120))),
                         fragment=dice.choice((0, 0, 0x2000, 1, dice.randrange(65536)))))
            else:
                put(ipv6(payload, dice.choice((UDP, 0, 43, 44, 51, 60, 59, dice.randrange(256))),
                         length=dice.choice((None, None, dice.randrange(120)))))
    assert a.ping(R4) and a.ping(R6)
    assert firewall.stats()["malformed"] > 10, firewall.stats()


main(20)
