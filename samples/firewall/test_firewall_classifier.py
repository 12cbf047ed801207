#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of which rule decides: packets are judged by the firewall and by a model that asks one rule
after the other.

    +--- a ---+         +---- r ----+
    |         o---------o 192.0.2.2 |      From any address to those of r.
    +---------+         +-----------+
"""

import contextlib
import errno
import ipaddress
import random
import struct

from selftest import NetNs, case, equal, main, modprobe, need, wait_until
from topology import MAX_RULES, R4, R6, TCP, UDP, Bulk, Firewall, ipv4, ipv6, refused, two, wire

# Addresses of r, which differ early and late.
LOCAL4 = [R4, "192.0.2.66", "192.0.3.1", "198.51.100.1"]
LOCAL6 = [R6, "2001:db8::42", "2001:db8:0:1::1", "2001:db8:ffff::1"]


def around(draw, address):
    """An address that has some of the first bits of another one."""
    address = ipaddress.ip_address(address)
    flip = draw.getrandbits(address.max_prefixlen) >> draw.choice((0, 4, 8, 16, 24, 30, 32, 64, 128))
    return str(type(address)(int(address) ^ flip))


def prefix(draw, address):
    """A prefix of an address, or of one near it."""
    address = ipaddress.ip_address(address)
    length = draw.choice((0, 8, 15, 16, 20, 23, 24, 25, 28, 31, 32, 48, 64, 65, 127, 128))
    net = ipaddress.ip_network((address, min(length, address.max_prefixlen)), strict=False)
    return str(net.network_address), net.prefixlen


# What the packets here are: UDP, of which some was answered and some is not tracked, by its port, and TCP whose
# header says that it is none.
NEW, ESTABLISHED, INVALID, UNTRACKED = 1, 2, 8, 16
NOT_TRACKED, ANSWERED = range(4), range(38, 44)


def state_of(protocol, ports):
    if ports[1] in NOT_TRACKED:
        return UNTRACKED
    if protocol == TCP:
        return INVALID
    return ESTABLISHED if ports[1] in ANSWERED else NEW


def a_rule(draw, states=False):
    """One of which some, if there are to be any, look at the state of a connection, and some at nothing else."""
    if states and draw.random() < 0.05:
        # Not what most packets are: others decide, too.
        return {"chain": "input", "action": draw.choice(("accept", "drop")), "state": draw.choice((2, 4, 6, 16, 20))}
    rule = {"chain": "input", "action": draw.choice(("accept", "drop")), "protocol": draw.choice((TCP, UDP))}
    family = draw.choice((4, 6, None))
    if family:
        # Most want much, so that many of the rules decide on a packet.
        rule["family"] = f"ipv{family}"
        near = draw.choice(LOCAL4 if family == 4 else LOCAL6)
        if draw.random() < 0.8:
            rule["source"], rule["source-prefix-len"] = prefix(draw, around(draw, near))
        if draw.random() < 0.7:
            rule["destination"], rule["destination-prefix-len"] = prefix(draw, near)
    for end in ("source", "destination"):
        if draw.random() < (0.7 if family else 1):
            first = draw.randrange(44)
            rule[f"{end}-port-min"] = first
            rule[f"{end}-port-max"] = first + draw.choice((0, 0, 0, 0, 1, 3))
    if states and draw.random() < 0.5:
        rule["state"] = draw.randrange(1, 32)
    return rule


def matches(rule, packet):
    family, protocol, source, destination, ports = packet
    if not rule.get("state", 31) & state_of(protocol, ports):
        return False
    if rule.get("protocol", protocol) != protocol or rule.get("family", family) != family:
        return False
    for end, address, port in (("source", source, ports[0]), ("destination", destination, ports[1])):
        if end in rule and ipaddress.ip_address(address) not in ipaddress.ip_network(
                (rule[end], rule[f"{end}-prefix-len"])):
            return False
        if f"{end}-port-min" in rule and not rule[f"{end}-port-min"] <= port <= rule[f"{end}-port-max"]:
            return False
    return True


def a_packet(draw):
    """What the model sees, and the bytes."""
    make, locals_ = draw.choice(((ipv4, LOCAL4), (ipv6, LOCAL6)))
    family = "ipv4" if make is ipv4 else "ipv6"
    protocol, destination = draw.choice((TCP, UDP)), draw.choice(locals_)
    source = around(draw, draw.choice(locals_))
    address = ipaddress.ip_address(source)
    if address.is_multicast or address.is_loopback or address.is_unspecified or int(address) >> 28 == 15 or \
            source in locals_ or address.packed[0] == 0:
        source = "192.0.2.1" if make is ipv4 else "2001:db8::1"
    ports = draw.choice((draw.randrange(48), draw.randrange(48), draw.randrange(65536))), draw.randrange(48)
    payload = struct.pack("!HHHHQL", *ports, 20, 0, 0, 0)
    return (family, protocol, source, destination, ports), make(payload, protocol, source=source,
                                                                destination=destination)


def with_states(r, packets):
    """Makes connections that were answered of those packets that are of one."""
    r.run("nft 'flush ruleset; add table inet t;"
          "add chain inet t raw { type filter hook prerouting priority -300; };"
          f"add rule inet t raw th dport {NOT_TRACKED[0]}-{NOT_TRACKED[-1]} notrack'")
    answered = {seen for seen, _ in packets if state_of(seen[1], seen[4]) == ESTABLISHED}
    assert answered
    r.run("conntrack -F")
    for _, _, source, destination, ports in sorted(answered):
        r.run(f"conntrack -I -p udp -s {source} -d {destination} --sport {ports[0]} --dport {ports[1]}"
              " -t 600 -u SEEN_REPLY")


def judged(a, r, rules, packets):
    """Sends packets; how many each rule has decided on is what the model says."""
    if any("state" in rule for rule in rules):
        with_states(r, packets)
    firewall = Firewall(r)
    equal(len(firewall.dump()), len(rules), "rules")
    before = [rule["packets"] for rule in firewall.dump()]
    expected = [0] * len(rules)
    with wire(a, "ar", r, "ra") as put:
        for seen, packet in packets:
            first = next((at for at, rule in enumerate(rules) if matches(rule, seen)), None)
            if first is not None:
                expected[first] += 1
            put(packet)

    def counts():
        return [rule["packets"] - was for rule, was in zip(firewall.dump(), before)]
    def is_other(rule, got, want):
        """Whether the count is not the model's: neighbour discovery, too, is not tracked."""
        more = "protocol" not in rule and rule.get("state", 31) & UNTRACKED
        return got < want if more else got != want

    def others():
        return [(at, rule, got, want) for at, (rule, got, want) in enumerate(zip(rules, counts(), expected))
                if is_other(rule, got, want)]
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not others(), 30, f"{sum(expected)} packets, of {len(packets)}")
    equal(others(), [], "rules whose counts are not the model's (number, rule, packets, of the model)")
    deciding = sum(map(bool, expected))
    assert sum(expected) > len(packets) / 4 and deciding >= 15, (expected, deciding)


def with_addresses():
    a, r = two()
    for address in LOCAL4[1:]:
        r.run(f"ip addr add {address}/32 dev ra")
    for address in LOCAL6[1:]:
        r.run(f"ip addr add {address}/128 dev ra nodad")
    r.run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ra.rp_filter=0")
    return a, r


@case
def decides_as_one_rule_after_the_other():
    a, r = with_addresses()
    bulk = Bulk(r)
    for seed, size in enumerate((1, 12, 13, 60, 700, 3000)):
        draw = random.Random(seed)
        rules = [a_rule(draw) for _ in range(size)]
        if size < 100:
            # So that few of the packets are of no rule.
            rules += [{"chain": "input", "action": "accept", "protocol": protocol, "destination-port-min": port,
                       "destination-port-max": port + 3} for protocol in (TCP, UDP) for port in range(0, 48, 4)]
        equal(bulk.replace(rules), len(rules), "count")
        judged(a, r, rules, [a_packet(draw) for _ in range(400)])


@case
def decides_by_states_as_one_rule_after_the_other():
    need("nft")
    need("conntrack")
    a, r = with_addresses()
    bulk = Bulk(r)
    for seed, (size, first) in enumerate(((12, 6), (60, UNTRACKED | 4), (700, NEW | 4), (3000, 6), (60, INVALID))):
        draw = random.Random(seed)
        # Those that decide by the state alone come first, and among others.
        rules = [{"chain": "input", "action": "drop", "state": first}]
        rules += [a_rule(draw, states=True) for _ in range(size)]
        if size < 100:
            rules += [{"chain": "input", "action": "accept", "protocol": protocol, "destination-port-min": port,
                       "destination-port-max": port + 3, "state": state}
                      for protocol, state in ((TCP, INVALID), (UDP, NEW), (TCP, NEW)) for port in range(0, 48, 4)]
        rules += [{"chain": "input", "action": draw.choice(("accept", "drop")), "state": state}
                  for state in draw.sample(range(1, 32), 8)]
        equal(bulk.replace(rules), len(rules), "count")
        judged(a, r, rules, [a_packet(draw) for _ in range(400)])


@case
def decides_while_rules_come_and_go_one_by_one():
    """In many places, so that they are in several levels."""
    come_and_go(states=False)


@case
def decides_while_rules_for_states_come_and_go():
    come_and_go(states=True)


def come_and_go(states):
    if states:
        need("nft")
        need("conntrack")
    a, r = with_addresses()
    firewall, bulk = Firewall(r), Bulk(r)
    draw = random.Random(5)
    there = []
    for number in range(1, 1201):
        rule = a_rule(draw, states) | {"id": number}
        at = draw.randrange(len(there) + 1)
        if draw.random() < 0.7 or at == len(there):
            there.append(rule)
            bulk.add(rule)
        else:
            bulk.add(rule, there[at]["id"])
            there.insert(at, rule)
        if draw.random() < 0.1:
            firewall.delete(there.pop(draw.randrange(len(there)))["id"])
        if number in (300, 700, 1200):
            equal([rule["id"] for rule in firewall.dump()], [rule["id"] for rule in there], "order")
            judged(a, r, there, [a_packet(draw) for _ in range(300)])


@case
def a_hundred_thousand_rules():
    """As many as there may be, by one message; one more is refused, and what was there stays."""
    a, r = with_addresses()
    firewall, bulk = Firewall(r), Bulk(r)
    draw = random.Random(7)
    few = [a_rule(draw) for _ in range(200)]

    def other(number):
        # Of addresses that no packet has.
        low = number & 65535
        source = f"10.{number >> 16}.{low >> 8}.{low & 255}" if number % 2 else f"2001:db9::{number >> 16}:{low:x}"
        return {"chain": "input", "action": "drop", "source": source, "protocol": TCP,
                "destination-port-min": number % 1000}
    many = [other(number) for number in range(MAX_RULES - len(few))]
    refusal = bulk.replace(many + few + few[:1])
    equal((refusal["errno"], "100000" in str(refusal)), (errno.ENOSPC, True), f"refusal {refusal}")
    equal(firewall.dump(), [], "rules after the refusal")
    equal(bulk.replace(many + few), MAX_RULES, "count")
    refused(lambda: firewall.add("input", "drop"), errno.ENOSPC, "100000")
    with wire(a, "ar", r, "ra") as put:
        packets = [a_packet(draw) for _ in range(100)]
        decided = sum(any(matches(rule, seen) for rule in few) for seen, _ in packets)
        before = firewall.stats()
        for _, packet in packets:
            put(packet)
    wait_until(lambda: sum(firewall.stats()[name] - before[name] for name in ("accepted", "dropped")) >= 100, 30,
               "packets")
    ids = [firewall.get(number)["packets"] for number in range(MAX_RULES - len(few) + 1, MAX_RULES + 1)]
    equal(sum(ids), decided, "packets that the rules have decided on")
    firewall.delete(77)
    firewall.add("input", "drop", id=77)
    equal(firewall.flush(), MAX_RULES, "flushed")


@case
def rules_that_overlap_too_much_are_refused():
    """What no structure keeps apart: nothing changes, and the reason is said."""
    modprobe("firewall")
    ns = NetNs()
    bulk, firewall = Bulk(ns), Firewall(ns)
    kept = firewall.add("input", "accept")["id"]
    draw = random.Random(3)

    def wide():
        return {"chain": "input", "action": "drop", "protocol": UDP,
                "source-port-min": draw.randrange(30000), "source-port-max": 35000 + draw.randrange(30000),
                "destination-port-min": draw.randrange(30000), "destination-port-max": 35000 + draw.randrange(30000)}
    refusal = bulk.replace([wide() for _ in range(20000)])
    equal((refusal["errno"], "overlap so much" in str(refusal)), (errno.E2BIG, True), f"refusal {refusal}")
    equal([rule["id"] for rule in firewall.dump()], [kept], "rules")


main(60)
