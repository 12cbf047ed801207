#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of rules that look into the headers of ICMP, ICMPv6 and TCP."""

import errno
import random
import socket
import struct

from selftest import NetNs, case, checked, defer, equal, main, modprobe, wait_until
from topology import (A4, A6, B4, B6, Bulk, Firewall, ICMP, ICMPV6, R4, R6, TCP, UDP, connects, count, ipv4, ipv6,
                      reaches, refused, silent, three, two, wire)

ECHO_REQUEST, ECHO_REPLY, UNREACHABLE, PORT = 8, 0, 3, 3
ECHO_REQUEST_6, ECHO_REPLY_6, UNREACHABLE_6, PORT_6 = 128, 129, 1, 4
FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
SYN, ACK = 2, 16


def checksum(data, start=0):
    words = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while words >> 16:
        words = (words & 0xffff) + (words >> 16)
    return ~words & 0xffff


def segment(family, flags, length=20):
    """A packet of TCP with these flags, whose header is cut after some bytes."""
    header = struct.pack("!HHLLBBHHH", 1000, 9, 1, 1, 5 << 4, flags, 100, 0, 0)[:length]
    return (ipv4 if family == 4 else ipv6)(header, TCP)


@case
@checked
def messages_by_type_and_code():
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    for protocol, address, request, reply in ((ICMP, R4, ECHO_REQUEST, ECHO_REPLY),
                                              (ICMPV6, R6, ECHO_REQUEST_6, ECHO_REPLY_6)):
        other = firewall.add("input", "drop", protocol=protocol, icmp_type=reply)
        code = firewall.add("input", "drop", protocol=protocol, icmp_type=request, icmp_code=1)
        assert a.ping(address)
        rule = firewall.add("input", "drop", protocol=protocol, icmp_type=request, icmp_code=0, priority=0)
        assert silent(a, address)
        equal((count(firewall, rule), count(firewall, code), count(firewall, other)), (2, 0, 0), "packets")
        firewall.flush()
        # Of what comes back, too, and of the other family nothing.
        rule = firewall.add("output", "drop", protocol=protocol, icmp_type=reply)
        assert silent(a, address) and a.ping(R6 if address == R4 else R4)
        equal(count(firewall, rule), 2, "packets")
        firewall.flush()


@case
def errors_by_code():
    """A port that is not open is told, another reason is another code."""
    a, r = two()
    firewall = Firewall(r)
    rules = [firewall.add("output", "accept", protocol=protocol, icmp_type=kind, icmp_code=code)
             for protocol, kind, codes in ((ICMP, UNREACHABLE, (1, PORT)), (ICMPV6, UNREACHABLE_6, (1, PORT_6)))
             for code in codes]
    for address in (R4, R6):
        with a.enter(), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                                      socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.connect((address, 9))
            sock.send(b"x")
            try:
                sock.recv(1)
            except ConnectionRefusedError:
                continue
            raise AssertionError(f"an answer from {address}")
    equal([count(firewall, rule) for rule in rules], [0, 1, 0, 1], "packets")


@case
@checked
def later_fragments_have_neither():
    """Nor does what is behind the end of the packet count."""
    a, r, b = three()
    assert a.ping(B4) and a.ping(B6)
    firewall = Firewall(r)
    for protocol, kind, address in ((ICMP, ECHO_REQUEST, B4), (ICMPV6, ECHO_REQUEST_6, B6)):
        first = firewall.add("forward", "accept", protocol=protocol, icmp_type=kind)
        rest = firewall.add("forward", "accept", protocol=protocol, destination=address)
        assert a.ping(address, 1, "-s 4000")
        reaches(firewall, first, 1)
        reaches(firewall, rest, 2)
        firewall.flush()
    with wire(a, "ar", r, "ra") as put:
        rules = [firewall.add("input", "drop", protocol=TCP, tcp_flags=["syn"], family=f"ipv{family}")
                 for family in (4, 6)]
        rest = [firewall.add("input", "drop", protocol=TCP, family=f"ipv{family}") for family in (4, 6)]
        for family in (4, 6):
            for length in (4, 13, 14, 19):
                put(segment(family, SYN, length))
            put(segment(family, SYN))
            # Bytes that are not of the packet.
            put((ipv4(segment(4, SYN)[20:], TCP, total=39) if family == 4 else
                 ipv6(segment(6, SYN)[40:], TCP, length=19)))
        for family in (0, 1):
            reaches(firewall, rest[family], 5)
            reaches(firewall, rules[family], 1)
        # Later fragments, which have the bytes of a header, on their way to others: nobody reassembles them.
        for family, head in ((4, 20), (6, 40)):
            syn = firewall.add("forward", "drop", protocol=TCP, tcp_flags=["syn"], family=f"ipv{family}")
            ports = firewall.add("forward", "drop", protocol=TCP, destination_port_max=65535, family=f"ipv{family}")
            later = firewall.add("forward", "drop", protocol=TCP, family=f"ipv{family}")
            for offset in (16, 24, 800, 65504):
                put(part(family, segment(family, SYN)[head:], offset, offset < 65504))
            reaches(firewall, later, 4)
            equal((count(firewall, syn), count(firewall, ports)), (0, 0), "packets of rules for flags, for ports")
            put(part(family, segment(family, SYN)[head:] + bytes(4), 0, True))
            reaches(firewall, syn, 1)


def part(family, data, offset, more, protocol=TCP):
    """A fragment of what a sends to b."""
    if family == 4:
        return ipv4(data, protocol, fragment=offset // 8 | more << 13, destination=B4)
    return ipv6(struct.pack("!BBHL", protocol, 0, offset | more, 7) + data, 44, destination=B6)


@case
@checked
def flags_are_not_hidden_by_fragments():
    """A SYN whose flags are in a later fragment begins a connection, but does not get past a rule for flags."""
    a, r, b = three()
    assert a.ping(B4) and a.ping(B6)
    of_a, firewall = Firewall(a), Firewall(r)
    ends = {4: (A4, B4), 6: (A6, B6)}
    for family, (source, destination) in ends.items():
        kind = socket.AF_INET6 if family == 6 else socket.AF_INET
        with b.enter():
            listener = socket.create_server((destination, 80), family=kind)
        defer(listener.close)
        answers = of_a.add("input", "drop", protocol=TCP, source_port_min=80, tcp_flags=["syn", "ack"],
                           family=f"ipv{family}")
        syn = struct.pack("!HHLLBBHHH", 1000 + family, 80, 1, 0, 5 << 4, SYN, 1000, 0, 0)
        pseudo = socket.inet_pton(kind, source) + socket.inet_pton(kind, destination) + struct.pack("!LL", 20, TCP)
        syn = syn[:16] + struct.pack("!H", checksum(pseudo + syn)) + syn[18:]
        both = part(family, syn[:8], 0, True), part(family, syn[8:], 8, False)
        with wire(a, "ar", r, "ra") as put:
            # They do what they are made for where nobody looks at flags. Of IPv6 Linux does not take them.
            if family == 4:
                other = firewall.add("forward", "drop", protocol=TCP, destination_port_min=80, source_port_min=9)
                for one in both:
                    put(one)
                wait_until(lambda: count(of_a, answers), 20, "an answer to the SYN")
                firewall.delete(other["id"])
            rule = firewall.add("forward", "drop", protocol=TCP, tcp_flags=["syn"], tcp_flags_mask=["syn", "ack"])
            for drops, packets in ((2, both), (2, both[::-1]), (1, [part(family, syn[:16], 0, True)])):
                before, answered = firewall.stats(), count(of_a, answers)
                for one in packets:
                    put(one)
                wait_until(lambda: firewall.stats()["dropped"] >= before["dropped"] + drops, 20, "both are dropped")
                after = firewall.stats()
                equal([after[name] - before[name] for name in ("dropped", "malformed", "accepted")],
                      [drops, drops, 0], "packets")
                equal((count(firewall, rule), count(of_a, answers)), (0, answered), "packets of the rule, answers")
            # Those of others go on, as does what is no TCP.
            before = firewall.stats()
            for one in (part(family, syn[:12] + b"\x50\x10" + syn[14:] + bytes(4), 0, True),
                        part(family, bytes(8), 24, False), part(family, bytes(8), 8, True, UDP)):
                put(one)
            wait_until(lambda: firewall.stats()["accepted"] >= before["accepted"] + 3, 20, "they are forwarded")
            equal(firewall.stats()["dropped"], before["dropped"], "dropped")
            put(part(family, syn + bytes(4), 0, True))
            reaches(firewall, rule, 1)
        firewall.flush()


@case
@checked
def flags_as_one_rule_after_the_other():
    """All combinations of flags, against rules at random."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall, bulk = Firewall(r), Bulk(r)
    draw = random.Random(3)
    for size in (4, 12, 200):
        rules = []
        for _ in range(size):
            mask = draw.randrange(1, 256) & draw.randrange(1, 256) & draw.randrange(1, 256) or SYN | ACK
            rule = {"chain": "input", "action": "drop", "protocol": TCP, "tcp-flags": draw.randrange(256) & mask,
                    "tcp-flags-mask": mask}
            if draw.random() < 0.5:
                rule["family"] = draw.choice(("ipv4", "ipv6"))
            if draw.random() < 0.3:
                rule["destination-port-min"] = draw.choice((9, 10))
            rules.append(rule)
        rules.append({"chain": "input", "action": "drop", "protocol": TCP})
        # What is the same would go on counting.
        firewall.flush()
        equal(bulk.replace(rules), size + 1, "rules")
        expected = [0] * len(rules)
        with wire(a, "ar", r, "ra") as put:
            for family in (4, 6):
                for flags in range(256):
                    first = next(at for at, rule in enumerate(rules)
                                 if rule.get("family", f"ipv{family}") == f"ipv{family}"
                                 and rule.get("destination-port-min", 9) == 9
                                 and flags & rule.get("tcp-flags-mask", 0) == rule.get("tcp-flags", 0))
                    expected[first] += 1
                    put(segment(family, flags))
        wait_until(lambda: sum(rule["packets"] for rule in firewall.dump()) >= 512, 30, "512 packets")
        equal([rule["packets"] for rule in firewall.dump()], expected, "packets of the rules")


@case
def only_what_begins_a_connection():
    a, r = two()
    firewall = Firewall(r)
    for address in (R4, R6):
        # Acknowledged is what goes on.
        firewall.add("input", "drop", protocol=TCP, tcp_flags=["syn"], tcp_flags_mask=["syn", "ack"])
        assert not connects(a, r, address, 80, 1)
        assert connects(r, a, "192.0.2.1" if address == R4 else A6, 80)
        firewall.flush()
        begins = firewall.add("input", "accept", protocol=TCP, tcp_flags=["syn"],
                              tcp_flags_mask=["syn", "ack", "rst", "fin"])
        assert connects(a, r, address, 80)
        equal(count(firewall, begins), 1, "packets that begin one")
        firewall.flush()


@case
def they_read_back():
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    for match, said in (
            ({"protocol": ICMP, "icmp_type": 8}, {"icmp-type": 8}),
            ({"protocol": ICMP, "icmp_type": 255, "icmp_code": 0}, {"icmp-type": 255, "icmp-code": 0}),
            ({"protocol": ICMPV6, "icmp_type": 0, "icmp_code": 255, "family": "ipv6"},
             {"icmp-type": 0, "icmp-code": 255}),
            ({"protocol": ICMP, "icmp_type": 3, "source": "192.0.2.0", "source_prefix_len": 24}, {"icmp-type": 3}),
            ({"protocol": TCP, "tcp_flags": ["syn"]}, {"tcp-flags": {"syn"}, "tcp-flags-mask": {"syn"}}),
            ({"protocol": TCP, "tcp_flags_mask": ["cwr", "fin"]},
             {"tcp-flags": set(), "tcp-flags-mask": {"fin", "cwr"}}),
            ({"protocol": TCP, "tcp_flags": 16, "tcp_flags_mask": 255},
             {"tcp-flags": {"ack"}, "tcp-flags-mask": set(FLAGS)})):
        rule = firewall.add("input", "drop", **match)
        names = ("icmp-type", "icmp-code", "tcp-flags", "tcp-flags-mask")
        for one in (rule, firewall.get(rule["id"])):
            equal({name: one[name] for name in names if name in one}, said, f"{match}")
            assert not {"source-port-min", "destination-port-min"} & set(one), one
    rules = len(firewall.dump())
    for text, attribute, match in (
            ("needs the protocol", "icmp-type", {"icmp_type": 8}),
            ("needs the protocol", "icmp-type", {"icmp_type": 8, "protocol": UDP}),
            ("without a type", "icmp-code", {"icmp_code": 8, "protocol": ICMP}),
            ("other family", "icmp-type", {"icmp_type": 8, "protocol": ICMP, "family": "ipv6"}),
            ("other family", "icmp-type", {"icmp_type": 8, "protocol": ICMPV6, "destination": "192.0.2.1"}),
            ("protocol TCP", "tcp-flags", {"tcp_flags": ["syn"]}),
            ("protocol TCP", "tcp-flags-mask", {"tcp_flags_mask": ["syn"], "protocol": UDP}),
            ("none of the flags", "tcp-flags", {"tcp_flags": 0, "protocol": TCP}),
            ("none of the flags", "tcp-flags-mask", {"tcp_flags": 0, "tcp_flags_mask": 0, "protocol": TCP}),
            ("not in the mask", "tcp-flags", {"tcp_flags": ["ack"], "tcp_flags_mask": ["syn"], "protocol": TCP}),
            ("protocol that has them", "destination-port-min",
             {"icmp_type": 8, "protocol": ICMP, "destination_port_min": 1})):
        refused(lambda: firewall.add("input", "drop", **match), errno.EINVAL, text, f".rule.{attribute}")
    equal(len(firewall.dump()), rules, "rules after the refusals")


TEXT = """input accept icmp type 8
input accept icmp type 3 code 4
input accept icmpv6 from 2001:db8::/32 type 128 code 0
input drop tcp flags syn
input drop tcp to port 80 flags syn/fin,syn,rst,ack state new
input drop tcp flags none/fin,syn,rst,psh,ack,urg
"""


@case
def the_client_says_them():
    modprobe("firewall")
    ns = NetNs()
    ns.run("fw load -", input=TEXT)
    saved = ns.run("fw save").stdout
    equal([line.split(" id ")[0] for line in saved.splitlines()[1:-1]], TEXT.splitlines(), "rules")
    ns.run("fw load --empty -", input="")
    ns.run("fw restore", input=saved)
    equal(ns.run("fw save").stdout, saved, "what is saved after it was restored")
    equal(ns.run("fw load -", input=TEXT).stdout, "6 rules, 0 of them new\n", "the same rules again")


main(30)
