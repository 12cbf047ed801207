# SPDX-License-Identifier: GPL-2.0
"""Sets of rules of published shapes: how often which protocols, ports and lengths of prefixes occur in
access lists, firewalls and the chains of a host's filter."""

import random
import socket
import struct
import typing

ANY, HIGH, RANGE, ONE = range(4)
MANY = 99


class Rule(typing.NamedTuple):
    """Prefixes as (number, bits), ports as (first, last); None for any."""
    source: tuple
    destination: tuple
    protocol: typing.Optional[int]
    source_ports: typing.Optional[tuple]
    destination_ports: typing.Optional[tuple]


# Of each: protocols, classes of source and destination ports, lengths of prefixes, with their weights.
SHAPES = {
    "acl": ({6: 87, None: 8, 17: 5},
            {(ANY, ONE): 58, (ANY, ANY): 30, (ANY, RANGE): 12},
            {(32, 32): 75, (24, 32): 8, (MANY, 32): 9, (MANY, MANY): 8}),
    "fw": ({6: 57, 17: 32, 47: 6, None: 5},
           {(ANY, ONE): 57, (ANY, ANY): 21, (ONE, ANY): 10, (HIGH, HIGH): 6, (HIGH, ONE): 6},
           {(0, 32): 55, (32, 0): 14, (0, 0): 7, (MANY, 32): 12, (MANY, MANY): 12}),
    "ipc": ({17: 38, None: 34, 6: 26, 1: 2},
            {(ANY, ANY): 39, (ANY, ONE): 35, (ONE, ANY): 14, (ANY, HIGH): 7, (ONE, ONE): 5},
            {(32, 32): 24, (24, 24): 10, (MANY, 32): 26, (MANY, MANY): 40}),
}


def pick(draw, weights):
    return draw.choices(list(weights), list(weights.values()))[0]


def address(draw):
    """Of a tree that branches little near its root."""
    bits = 0
    for level in range(8):
        branch = (bits * 0x9e3779b1 + level) >> 7 & 15
        while draw.random() < (0.3 if level < 3 else 0.7):
            branch += 1
        bits = bits << 4 | branch % 16
    return bits


def prefix(draw, bits):
    bits = draw.randrange(8, 32) if bits == MANY else bits
    return address(draw) >> (32 - bits) << (32 - bits), bits


def ports(draw, kind):
    service = (1 + draw.randrange(2 << draw.randrange(13))) * 7919 % 65521
    return {ANY: None, HIGH: (1024, 65535), ONE: (service, service),
            RANGE: (service // 16 * 16, min(65535, service // 16 * 16 + (15 << draw.randrange(8))))}[kind]


def matches(rule, packet):
    source, destination, protocol, *ports_of = packet
    for (network, bits), text in ((rule.source, source), (rule.destination, destination)):
        number = struct.unpack("!I", socket.inet_aton(text))[0]
        if number >> (32 - bits) != network >> (32 - bits):
            return False
    return rule.protocol in (None, protocol) and all(
        wanted is None or wanted[0] <= port <= wanted[1]
        for wanted, port in zip((rule.source_ports, rule.destination_ports), ports_of))


def generate(shape, count, avoid):
    """Rules, no two alike, none of which matches the packet `avoid`."""
    draw, found = random.Random(shape), {}
    protocols, classes, lengths = SHAPES[shape]
    while len(found) < count:
        source, destination = pick(draw, lengths)
        protocol, (source_ports, destination_ports) = pick(draw, protocols), pick(draw, classes)
        with_ports = protocol in (6, 17)
        rule = Rule(prefix(draw, source), prefix(draw, destination), protocol,
                    ports(draw, source_ports) if with_ports else None,
                    ports(draw, destination_ports) if with_ports else None)
        if not matches(rule, avoid):
            found[rule] = True
    return list(found)


def nftables(rule):
    words = []
    for name, (number, bits) in (("saddr", rule.source), ("daddr", rule.destination)):
        if bits:
            words.append(f"ip {name} {socket.inet_ntoa(struct.pack('!I', number))}/{bits}")
    name = {6: "tcp", 17: "udp"}.get(rule.protocol, "th")
    if rule.protocol is not None:
        words.append(f"ip protocol {rule.protocol}")
    for end, wanted in (("sport", rule.source_ports), ("dport", rule.destination_ports)):
        if wanted:
            words.append(f"{name} {end} {wanted[0]}-{wanted[1]}" if wanted[0] != wanted[1] else
                         f"{name} {end} {wanted[0]}")
    return " ".join([*words, "drop;"])
