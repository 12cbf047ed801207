#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of rules that look at length, time to live, DSCP and mark, and of those that set the mark."""

import errno
import random
import socket

from selftest import NetNs, case, checked, defer, equal, main, modprobe, need, wait_until
from topology import (A4, A6, B4, B6, Bulk, Firewall, ICMP, ICMPV6, R4, R6, UDP, count, ipv4, ipv6, reaches,
                      refused, send, three, two, wire)

SO_MARK = 36


def ping(ns, address, options):
    """Whether one ping with these options is answered."""
    return " 1 received" in ns.run(f"ping -c 1 -W 0.5 {options} {address}", check=False).stdout


def marked(ns, address, mark):
    """Sends a datagram with a mark."""
    with ns.enter(), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                                   socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
        sock.sendto(b"x", (address, 9))


@case
def by_length():
    """From the IP header on, in both families; the bounds match."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    for address, protocol, header in ((R4, ICMP, 28), (R6, ICMPV6, 48)):
        rule = firewall.add("input", "drop", protocol=protocol, length_min=header + 100, length_max=header + 200)
        equal((rule["length-min"], rule["length-max"]), (header + 100, header + 200), "rule")
        equal([ping(a, address, f"-s {size}") for size in (99, 100, 150, 200, 201)],
              [True, False, False, False, True], f"answers from {address}")
        equal(count(firewall, rule), 3, "packets")
        firewall.flush()
        # One bound alone.
        for given, sizes in (({"length_min": header + 64}, [True, False, True]),
                             ({"length_max": header + 64}, [False, False, True])):
            firewall.add("input", "drop", protocol=protocol, **given)
            equal([ping(a, address, f"-s {size}") for size in (63, 64, 65)], sizes, f"answers with {given}")
            firewall.flush()


@case
def by_time_to_live():
    """Of IPv6 it is the hop limit."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    for protocol, address in ((ICMP, R4), (ICMPV6, R6)):
        rule = firewall.add("input", "drop", protocol=protocol, hop_limit_min=2, hop_limit_max=10)
        equal([ping(a, address, f"-t {ttl}") for ttl in (1, 2, 10, 11)], [True, False, False, True],
              f"answers from {address}")
        equal(count(firewall, rule), 2, "packets")
        firewall.flush()


@case
def by_code_point():
    """Whatever the other two bits of the field are."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    for protocol, address in ((ICMP, R4), (ICMPV6, R6)):
        rule = firewall.add("input", "drop", protocol=protocol, dscp=46)
        equal([ping(a, address, f"-Q {field}") for field in (46 << 2, 46 << 2 | 2, 45 << 2, 46)],
              [False, False, True, True], f"answers from {address}")
        equal(count(firewall, rule), 2, "packets")
        firewall.flush()


@case
def by_mark():
    """Among the bits of the mask; what another one has set is seen, too."""
    a, r = two()
    assert r.ping(A4) and r.ping(A6)
    firewall = Firewall(r)
    rules = [firewall.add("output", "accept", protocol=UDP, mark=0x10, mark_mask=0xf0),
             firewall.add("output", "accept", protocol=UDP, mark=0x7),
             firewall.add("output", "accept", protocol=UDP, mark_mask=0xff),
             firewall.add("output", "accept", protocol=UDP)]
    for address in (A4, A6):
        for mark in (0x10, 0x1f, 0x110, 0x7, 0x107, 0, 0xf00, 0x20):
            marked(r, address, mark)
    equal([count(firewall, rule) for rule in rules], [6, 2, 4, 4], "packets")


@case
@checked
def the_mark_is_set():
    """Of a packet that the rule accepts: the bits of the mask, and no others; later hooks and routing see it."""
    need("nft")
    a, r = two()
    firewall = Firewall(r)
    rule = firewall.add("input", "accept", protocol=UDP, destination_port_min=9, set_mark=0x50, set_mark_mask=0xf0)
    equal((rule["action"], rule["set-mark"], rule["set-mark-mask"]), ("accept", 0x50, 0xf0), "rule")
    whole = firewall.add("input", "accept", protocol=UDP, destination_port_min=10, set_mark=0xffffffff)
    equal(whole["set-mark-mask"], 0xffffffff, "mask")
    r.run("nft 'add table inet t;"
          "add chain inet t pre { type filter hook prerouting priority 0; };"
          "add rule inet t pre udp dport 9 meta mark set 0xabc;"
          "add chain inet t in { type filter hook input priority 1; };"
          "add rule inet t in udp dport 9 meta mark 0xa5c counter;"
          "add rule inet t in udp dport 10 meta mark 0xffffffff counter;'")

    def counted(number):
        return r.run("nft list ruleset").stdout.count(f"counter packets {number} ") == 2
    for number, address in enumerate((R4, R6), 1):
        send(a, address, 9)
        send(a, address, 10)
        reaches(firewall, rule, number)
        wait_until(lambda: counted(number), 20, "nftables sees the marks")
    equal(firewall.stats()["accepted"] >= 4, True, "accepted")


@case
@checked
def a_route_by_the_mark():
    """What this host sends is routed again when the mark is another one."""
    a, r, b = three()
    assert r.ping(B4) and r.ping(B6)
    firewall = Firewall(r)
    for version, address in ((4, B4), (6, B6)):
        r.run(f"ip -{version} rule add fwmark 7 table 100; ip -{version} route add unreachable default table 100")
        rule = firewall.add("output", "accept", protocol=UDP, destination=address, set_mark=7)
        try:
            send(r, address, 9)
            raise AssertionError(f"sent to {address}")
        except OSError as error:
            assert error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES), error
        equal(count(firewall, rule), 1, "packets")
        firewall.delete(rule["id"])
        rule = firewall.add("output", "accept", protocol=UDP, destination=address, set_mark=8)
        send(r, address, 9)
        reaches(firewall, rule, 1)


@case
@checked
def a_program_chooses_where_a_group_is():
    """IPv4 to a group leaves by the device that the program has chosen, whatever the mark."""
    a, r, b = three()
    firewall = Firewall(r)
    firewall.add("output", "accept", protocol=UDP, set_mark=7)
    group = socket.inet_aton("224.0.0.251")
    own = {R4: (a, A4, "ra"), "198.51.100.2": (b, B4, "rb")}
    sockets = {}
    for ns, address, device in own.values():
        with ns.enter():
            sockets[device] = sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        defer(sock.close)
        sock.bind(("", 5353))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton(address))
        sock.settimeout(20)
    for address, (_, _, device) in own.items():
        with r.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            sock.sendto(device.encode(), ("224.0.0.251", 5353))
    for device, sock in sockets.items():
        equal(sock.recv(99), device.encode(), f"what has come by {device}")


@case
def many_rules_one_after_the_other():
    """Some of hundreds look at such numbers; the first that matches decides, however they came."""
    a, r = two()
    firewall, bulk = Firewall(r), Bulk(r)
    chance = random.Random(5)
    rules = []
    for number in range(300):
        rule = {"chain": "input", "action": "accept", "protocol": UDP, "destination-port-min": 9}
        kind = chance.randrange(4)
        if kind == 0:
            # No two are the same.
            rule |= {"length-min": 28 + number // 3, "length-max": 128 + number % 20}
        elif kind == 1:
            rule |= {"hop-limit-max": chance.randrange(63)}
        elif kind == 2:
            rule |= {"dscp": chance.randrange(1, 64), "set-mark": number, "set-mark-mask": 0xffff}
        else:
            rule |= {"mark": 1 + number}
        rules.append(rule)
    bulk.replace(rules[:200])
    for rule in rules[200:]:
        bulk.add(rule)

    def matches(rule, length):
        if {"hop-limit-max", "dscp", "mark"} & rule.keys():
            return False
        return rule["length-min"] <= length <= rule["length-max"]
    expected = {}
    for size in range(0, 130, 3):
        send(a, R4, 9, size=size)
        first = next((at for at, rule in enumerate(rules) if matches(rule, 28 + size)), None)
        if first is not None:
            expected[first] = expected.get(first, 0) + 1
    wait_until(lambda: sum(rule["packets"] for rule in firewall.dump()) == sum(expected.values()), 20, "packets")
    there = firewall.dump()
    equal({at: rule["packets"] for at, rule in enumerate(there) if rule["packets"]}, expected, "packets by rule")
    for rule, asked in zip(there, rules):
        for name, value in asked.items():
            if name not in ("chain", "action", "destination-port-min"):
                equal(rule[name], value, name)
    # The same again, the other way round: each is the one that it was.
    bulk.replace(list(reversed(rules)))
    equal({299 - at: rule["packets"] for at, rule in enumerate(firewall.dump()) if rule["packets"]}, expected,
          "packets after the replacement")
    bulk.socket.close()


@case
def of_a_malformed_packet():
    """What can be read of it counts."""
    a, r = two()
    firewall = Firewall(r)
    rules = [firewall.add("input", "drop", hop_limit_min=64, length_min=23, family="ipv4", protocol=UDP),
             firewall.add("input", "drop", hop_limit_min=64, length_min=43, family="ipv6", protocol=UDP)]
    with wire(a, "ar", r, "ra") as put:
        put(ipv4(b"abc", UDP))
        put(ipv6(b"abc", UDP))
        for rule in rules:
            reaches(firewall, rule, 1)
    equal(firewall.stats()["malformed"] >= 2, True, "malformed")


@case
def what_is_refused():
    modprobe("firewall")
    firewall = Firewall(NetNs())
    for action, chosen, text, attribute in (
            ("drop", {"length_min": 5, "length_max": 4}, "greatest length is below", "length-max"),
            ("drop", {"hop_limit_min": 5, "hop_limit_max": 4}, "greatest limit is below", "hop-limit-max"),
            ("drop", {"mark": 0x10, "mark_mask": 0xf}, "not in the mask", "mark"),
            ("drop", {"mark": 0, "mark_mask": 0}, "none of the mark's bits is looked at", "mark-mask"),
            ("accept", {"set_mark": 0x10, "set_mark_mask": 0xf}, "not in the mask", "set-mark"),
            ("accept", {"set_mark_mask": 0}, "none of the mark's bits changes", "set-mark-mask"),
            ("drop", {"set_mark": 1}, "only a rule that accepts", "set-mark"),
            ("drop", {"set_mark_mask": 1}, "only a rule that accepts", "set-mark-mask")):
        refused(lambda: firewall.add("input", action, **chosen), errno.EINVAL, text, f".rule.{attribute}")
    refused(lambda: firewall.add("input", "drop", dscp=64), errno.ERANGE)
    equal(firewall.dump(), [], "rules")


RULES = """input accept with mark 0x10/0xff udp from 192.0.2.0/24 dscp 46
forward drop length 1501-4294967295
output drop ipv6 ttl 0-3 mark 0x1
"""


@case
def by_fw():
    modprobe("firewall")
    ns = NetNs()
    ns.run("fw load -", input=RULES)
    saved = ns.run("fw save").stdout
    equal([line.partition(" id ")[0] for line in saved.splitlines()[1:-1]], RULES.splitlines(), "rules")
    ns.run("fw load --empty -", input="")
    ns.run("fw restore", input=saved)
    equal(ns.run("fw save").stdout, saved, "saved again")


main(45)
