#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of firewall, driven by the kernel's own ynl library from the specification.

    +----- a -----+      +--------- r ---------+      +----- b -----+
    | 192.0.2.1   o------o 192.0.2.2           |      |             |
    | 2001:db8::1 |      | 2001:db8::2         |      |             |
    +-------------+      |        198.51.100.2 o------o 198.51.100.1|
                         |       2001:db8:1::2 |      | 2001:db8:1::1
                         +---------------------+      +-------------+
"""

import contextlib
import ctypes
import errno
import os
import random
import struct
import threading

import ynl
from dumps import Dump, abandon, follow
from nlraw import parse
from selftest import (NetNs, case, checked, churn, drop_reasons, equal, iperf, loaded, main, modprobe,
                      rmmod, run, wait_until)
from topology import (A4, A6, B4, B6, Firewall, ICMP, R4, R6, TCP, UDP, connects, count, reaches, refused,
                      send, silent, three, two)


@case
def accepts_without_rules():
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    stats = Firewall(r).stats()
    equal((stats["count"], stats["dropped"], stats["malformed"]), (0, 0, 0), "counters")
    assert stats["accepted"] >= 12, stats


@case
def drops_by_source_prefix():
    a, r = two()
    firewall = Firewall(r)
    for prefix, length, other, host, address in (
            ("192.0.2.0", 24, "192.0.3.0", A4, R4), ("192.0.2.0", 31, "192.0.2.2", A4, R4),
            (A4, 32, "192.0.2.3", A4, R4), ("2001:db8::", 32, "2001:db9::", A6, R6),
            (A6, 128, "2001:db8::3", A6, R6)):
        firewall.add("input", "drop", source=other, source_prefix_len=length)
        assert a.ping(address), f"{other}/{length} does not match {host}"
        rule = firewall.add("input", "drop", source=prefix, source_prefix_len=length)
        assert silent(a, address), f"{prefix}/{length} matches {host}"
        assert count(firewall, rule) >= 2
        firewall.flush()


@case
def drops_by_destination_prefix():
    a, r = two()
    firewall = Firewall(r)
    r.run("ip addr add 192.0.2.9/24 dev ra; ip addr add 2001:db8::9/64 dev ra")
    firewall.add("input", "drop", destination="192.0.2.9")
    firewall.add("input", "drop", destination="2001:db8::9")
    assert a.ping(R4) and a.ping(R6)
    assert silent(a, "192.0.2.9") and silent(a, "2001:db8::9")


@case
def drops_by_protocol_and_family():
    a, r = two()
    firewall = Firewall(r)
    firewall.add("input", "drop", protocol=ICMP)
    assert silent(a, R4) and a.ping(R6)
    assert connects(a, r, R4, 80)
    firewall.flush()
    firewall.add("input", "drop", family="ipv6")
    # Neighbour discovery is IPv6 too.
    assert a.ping(R4) and silent(a, R6)


@case
def drops_by_port():
    a, r = two()
    firewall = Firewall(r)
    rule = firewall.add("input", "drop", protocol=TCP, destination_port_min=80, destination_port_max=90)
    for address in (R4, R6):
        for port, expected in ((79, True), (80, False), (90, False), (91, True)):
            equal(connects(a, r, address, port, 20 if expected else 1), expected, f"{address} port {port}")
    assert count(firewall, rule) >= 4
    assert a.ping(R4)
    firewall.flush()
    by_source = firewall.add("input", "drop", protocol=UDP, source_port_min=1000)
    send(a, R4, 9, source_port=1000)
    reaches(firewall, by_source, 1)
    send(a, R4, 9, source_port=1001)
    assert a.ping(R4)
    reaches(firewall, by_source, 1)


@case
@checked
def filters_what_is_forwarded():
    a, r, b = three()
    assert a.ping(B4) and a.ping(B6)
    firewall = Firewall(r)
    firewall.add("forward", "drop", destination=B4)
    firewall.add("forward", "drop", destination=B6)
    assert silent(a, B4) and silent(a, B6)
    assert a.ping(R4) and a.ping(R6) and r.ping(B4) and r.ping(B6)
    firewall.flush()
    assert a.ping(B4) and a.ping(B6)


@case
def filters_what_is_sent():
    """The sender is told by EPERM."""
    a, r = two()
    firewall = Firewall(a)
    rule = firewall.add("output", "drop", protocol=UDP, destination_port_min=7)
    for address in (R4, R6):
        send(a, address, 8)
        try:
            send(a, address, 7)
        except OSError as error:
            equal(error.errno, errno.EPERM, "error")
        else:
            raise AssertionError("sent")
    equal(count(firewall, rule), 2, "packets")
    assert a.ping(R4)


@case
def first_match_wins():
    a, r = two()
    firewall = Firewall(r)
    last = firewall.add("input", "drop", priority=20)
    assert silent(a, R4)
    first = firewall.add("input", "accept", priority=10, source=A4)
    assert a.ping(R4)
    assert silent(a, R6)
    second = firewall.add("input", "drop", priority=10, source=A4)
    assert a.ping(R4)
    equal([rule["id"] for rule in firewall.dump()], [first["id"], second["id"], last["id"]], "order")
    equal(count(firewall, second), 0, "packets of the second")
    firewall.delete(first["id"])
    assert silent(a, R4)


@case
def counts_packets_and_bytes():
    a, r = two()
    firewall = Firewall(r)
    rule = firewall.add("input", "accept", protocol=ICMP, priority=1)
    equal((rule["packets"], rule["bytes"]), (0, 0), "counters of a new rule")
    assert a.ping(R4, count=10, options="-s 100")
    # Other rules come and go; the counters stay.
    firewall.delete(firewall.add("input", "accept", priority=0)["id"])
    equal((count(firewall, rule), firewall.get(rule["id"])["bytes"]), (10, 10 * 128), "counters")
    before = firewall.stats()
    firewall.add("input", "drop", priority=0)
    assert silent(a, R4)
    equal(firewall.stats()["dropped"] - before["dropped"], 2, "dropped")


@case
@checked
def carries_tcp_past_many_rules():
    a, r = two()
    firewall = Firewall(r)
    for n in range(100):
        firewall.add("input", "drop", protocol=TCP, destination_port_min=10000 + n)
    rule = firewall.add("input", "accept", protocol=TCP)
    assert iperf(a, r, R4) > 1e5
    assert iperf(a, r, R6) > 1e5
    assert firewall.get(rule["id"])["bytes"] > 2e5


@case
@checked
def fragments():
    """A later fragment has no ports: rules with ports pass it over."""
    a, r, b = three()
    for firewall, chain, address in ((Firewall(r), "forward", B4), (Firewall(r), "forward", B6),
                                     (Firewall(b), "input", B6)):
        ports = firewall.add(chain, "accept", protocol=UDP, destination_port_max=65535)
        rest = firewall.add(chain, "accept", protocol=UDP)
        send(a, address, 9, size=4000)
        reaches(firewall, ports, 1)
        reaches(firewall, rest, 2)
        firewall.flush()
    # IPv4 is whole again before the input chain.
    firewall = Firewall(b)
    ports = firewall.add("input", "accept", protocol=UDP, destination_port_min=9)
    rest = firewall.add("input", "accept", protocol=UDP)
    send(a, B4, 9, size=4000)
    reaches(firewall, ports, 1)
    equal(count(firewall, rest), 0, "fragments")


@case
def drops_have_a_reason():
    a, r = two()
    Firewall(r).add("input", "drop", protocol=ICMP)
    with drop_reasons() as reasons:
        assert silent(a, R4)
    assert "NETFILTER_DROP" in reasons, reasons


@case
def a_rule_reads_back():
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    for rule in (
            {"id": 7, "priority": 3, "chain": "output", "action": "drop", "family": "ipv6", "protocol": UDP,
             "source": "2001:db8::", "source-prefix-len": 33, "destination": "::1",
             "destination-prefix-len": 128, "source-port-min": 0, "source-port-max": 65535,
             "destination-port-min": 53, "destination-port-max": 54},
            {"id": 8, "priority": 4, "chain": "forward", "action": "accept", "family": "ipv4",
             "source": "0.0.0.0", "source-prefix-len": 0, "destination": "203.0.113.128",
             "destination-prefix-len": 25},
            {"id": 4294967295, "priority": 4294967295, "chain": "input", "action": "accept"}):
        answer = firewall.family.do("rule-add", {"rule": rule})["rule"]
        equal(answer, rule | {"packets": 0, "bytes": 0}, "the reply")
        equal(firewall.get(rule["id"]), answer, "the rule")
    equal([rule["id"] for rule in firewall.dump()], [7, 8, 4294967295], "dump")
    # Absent are the family of the addresses, all of their bits, the other end of a range.
    rule = firewall.add("input", "drop", source="192.0.2.1", protocol=TCP, source_port_min=5,
                        destination_port_max=6)
    equal({name: rule.get(name) for name in ("id", "priority", "family", "source-prefix-len",
                                             "source-port-max", "destination-port-min")},
          {"id": 1, "priority": 4294967295, "family": "ipv4", "source-prefix-len": 32,
           "source-port-max": 5, "destination-port-min": 0}, "defaults")


@case
def identifiers():
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    equal([firewall.add("input", "drop")["id"] for _ in range(3)], [1, 2, 3], "identifiers")
    firewall.add("input", "drop", id=4)
    refused(lambda: firewall.add("input", "drop", id=4), errno.EEXIST, "rule 4", ".rule.id")
    firewall.delete(3)
    equal(firewall.add("input", "drop")["id"], 5, "identifier after 3, beside 4")
    refused(lambda: firewall.delete(3), errno.ENOENT, "no rule 3", ".id")
    refused(lambda: firewall.get(3), errno.ENOENT, "no rule 3", ".id")
    equal(firewall.flush(), 4, "flushed")
    equal(firewall.flush(), 0, "flushed again")
    equal(firewall.dump(), [], "dump")


@case
@checked
def bad_requests():
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    add = firewall.add
    for number, text, attribute, match in (
            (errno.EINVAL, "bits behind the prefix", ".rule.source",
             {"source": A4, "source_prefix_len": 24}),
            (errno.EINVAL, "bits behind the prefix", ".rule.destination",
             {"destination": A6, "destination_prefix_len": 64}),
            (errno.EINVAL, "more bits", ".rule.source-prefix-len", {"source": A4, "source_prefix_len": 33}),
            (errno.ERANGE, "", ".rule.source-prefix-len", {"source": A6, "source_prefix_len": 129}),
            (errno.EINVAL, "without an address", ".rule.destination-prefix-len",
             {"destination_prefix_len": 0}),
            (errno.EINVAL, "4 bytes", ".rule.source", {"source": b"\1\2\3\4\5"}),
            (errno.EINVAL, "4 bytes", ".rule.source", {"source": b""}),
            (errno.ERANGE, "", ".rule.source", {"source": bytes(17)}),
            (errno.EINVAL, "another family", ".rule.destination", {"source": A4, "destination": A6}),
            (errno.EINVAL, "another family", ".rule.source", {"source": A4, "family": "ipv6"}),
            (errno.EINVAL, "protocol", ".rule.source-port-min", {"source_port_min": 1}),
            (errno.EINVAL, "protocol", ".rule.destination-port-max",
             {"destination_port_max": 1, "protocol": ICMP}),
            (errno.EINVAL, "before the first", ".rule.destination-port-max",
             {"destination_port_min": 2, "destination_port_max": 1, "protocol": TCP}),
            (errno.ERANGE, "", ".rule.family", {"family": 2}),
            (errno.ERANGE, "", ".rule.id", {"id": 0}),
            (errno.EINVAL, "nknown", ".rule.packets", {"packets": 1})):
        refused(lambda: add("input", "drop", **match), number, text, attribute)
    refused(lambda: add(3, "drop"), errno.ERANGE, "", ".rule.chain")
    refused(lambda: add("input", 3), errno.ERANGE, "", ".rule.action")
    do = firewall.family.do
    refused(lambda: do("rule-add", {}), errno.EINVAL, "missing")
    refused(lambda: do("rule-add", {"rule": {"action": "drop"}}), errno.EINVAL, "missing")
    refused(lambda: do("rule-add", {"rule": {"chain": "input"}}), errno.EINVAL, "missing")
    refused(lambda: do("rule-add", {"id": 1}), errno.EINVAL)
    refused(lambda: do("rule-del", {}), errno.EINVAL, "missing")
    refused(lambda: do("rule-del", {"id": 0}), errno.ERANGE, "", ".id")
    refused(lambda: do("rule-flush", {"id": 1}), errno.EINVAL)
    refused(lambda: do("stats-get", {"count": 1}), errno.EINVAL)
    refused(lambda: firewall.family.dump("rule-get", {"id": 1}), errno.EINVAL)
    equal(firewall.dump(), [], "rules left")


@case
def rules_come_in_any_order():
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    for n in range(1000):
        firewall.add("input", "drop", priority=1000 - n)
    dump = firewall.dump()
    equal([rule["priority"] for rule in dump], list(range(1, 1001)), "dump")
    firewall.delete(1)
    firewall.add("input", "drop")
    equal(firewall.flush(), 1000, "flushed")


@case
@checked
def dump_while_rules_change():
    """Rules that are there all the time are in every dump, once."""
    ns = NetNs()
    modprobe("firewall")
    firewall, other = Firewall(ns), Firewall(ns)
    kept = [firewall.add("input", "drop", priority=2 * n)["id"] for n in range(300)]
    stop = threading.Event()

    def change():
        while not stop.is_set():
            other.delete(other.add("input", "drop", priority=301)["id"])
    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(20):
            seen = [rule["id"] for rule in firewall.dump()]
            equal([number for number in seen if number in set(kept)], kept, "rules that stay")
    finally:
        stop.set()
        thread.join()


def dump_of(ns, firewall):
    """A dump of the rules that names their priorities."""
    rule, number = (firewall.family.attr_sets[name][attr].value
                    for name, attr in (("firewall", "rule"), ("rule", "priority")))
    return Dump(ns, firewall.family, "rule-get",
                lambda attrs: struct.unpack("=I", dict(parse(attrs[rule]))[number])[0])


@case
def dump_resumes_where_it_was():
    """Each message has the rules that there were when it was filled, and says if they had changed."""
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    rules = {10 * n: firewall.add("input", "drop", priority=10 * n)["id"] for n in range(500)}
    priorities = sorted(rules)
    draw = random.Random(1)

    def change():
        if draw.random() < 0.3:
            return False
        priority = draw.randrange(5000)
        if draw.random() < 0.5 or priority in rules:
            priority = draw.choice(priorities)
            firewall.delete(rules.pop(priority))
        else:
            rules[priority] = firewall.add("input", "drop", priority=priority)["id"]
        priorities[:] = sorted(rules)
        return True
    quiet, changed = follow(dump_of(ns, firewall), priorities, change)
    assert quiet > 2 and changed > 3, (quiet, changed)
    quiet, changed = follow(dump_of(ns, firewall), priorities, lambda: False)
    assert quiet > 6 and not changed, (quiet, changed)


@case
def dumps_are_left_in_their_course():
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    for n in range(200):
        firewall.add("input", "drop", priority=n)
    abandon("firewall", lambda: dump_of(ns, firewall))


def in_child(function):
    """Whether the function succeeds in a process of its own; else the number of its NlError."""
    pid = os.fork()
    if not pid:
        status = 255
        try:
            function()
            status = 0
        except ynl.NlError as refusal:
            status = refusal.error
        except BaseException as error:
            print(f"child: {type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@case
def unprivileged_are_refused():
    """Looking at rules is for the administrator of the namespace too, as with nftables."""
    ns = NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    rule = firewall.add("input", "drop")

    def as_nobody(function):
        def run_it():
            os.setresuid(65534, 65534, 65534)
            function()
        return in_child(run_it)
    equal(as_nobody(lambda: firewall.add("input", "drop")), errno.EPERM, "add")
    equal(as_nobody(lambda: firewall.delete(rule["id"])), errno.EPERM, "del")
    equal(as_nobody(firewall.flush), errno.EPERM, "flush")
    equal(as_nobody(firewall.replace), errno.EPERM, "replace")
    equal(as_nobody(firewall.dump), errno.EPERM, "dump")
    equal(as_nobody(firewall.stats), errno.EPERM, "stats")
    equal(len(firewall.dump()), 1, "rules")


@case
def owner_of_a_user_namespace_may_change_rules():
    modprobe("firewall")
    host = NetNs()

    class Here:
        enter = staticmethod(contextlib.nullcontext)

    def in_own_namespace():
        if ctypes.CDLL(None, use_errno=True).unshare(0x10000000 | 0x40000000):
            raise OSError(ctypes.get_errno(), "unshare")
        firewall = Firewall(Here)
        firewall.add("input", "drop")
        equal(len(firewall.dump()), 1, "rules")
    equal(in_child(in_own_namespace), 0, "in a namespace of one's own")

    def in_the_host():
        firewall = Firewall(host)
        if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
            raise OSError(ctypes.get_errno(), "unshare")
        firewall.add("input", "drop")
    equal(in_child(in_the_host), errno.EPERM, "in another's namespace")


@case
def namespaces_are_independent():
    a, r = two()
    of_a, of_r = Firewall(a), Firewall(r)
    rule = of_a.add("input", "drop", protocol=TCP)
    equal(rule["id"], of_r.add("input", "drop", protocol=TCP, id=rule["id"])["id"], "id")
    of_r.flush()
    equal((len(of_a.dump()), len(of_r.dump())), (1, 0), "rules")
    before = of_r.stats()["dropped"]
    of_a.add("input", "drop")
    assert silent(a, R4)
    assert of_a.stats()["dropped"] >= 2
    equal(of_r.stats()["dropped"], before, "dropped in the other")


def flood(a, r):
    a.popen(f"ping -q -f -s 1000 {R4}")
    r.popen(f"ping -q -f {A6}")


@case
@churn
def rules_change_under_traffic():
    a, r = two()
    firewall = Firewall(r)
    flood(a, r)
    kept = firewall.add("input", "accept", protocol=ICMP, priority=1000)
    for n in range(200):
        rule = firewall.add("input", "accept", priority=n, source=A4 if n % 2 else A6)
        if n % 3:
            firewall.delete(rule["id"])
    wait_until(lambda: firewall.stats()["accepted"] > 1000, 60, "traffic")
    firewall.delete(kept["id"])
    firewall.flush()
    equal(firewall.stats()["dropped"], 0, "dropped")


@case
@churn
def unloaded_under_traffic():
    a, r = two()
    flood(a, r)
    for _ in range(5):
        firewall = Firewall(r)
        firewall.add("input", "drop", protocol=UDP)
        firewall.add("input", "accept")
        wait_until(lambda: firewall.stats()["accepted"] > 100, 60, "traffic")
        rmmod("firewall")
        equal(loaded("firewall"), False, "loaded")
        run(["modprobe", "firewall"])
        equal(Firewall(r).dump(), [], "rules of a new module")
    assert a.ping(R4)


@case
@churn
def namespace_deleted_under_traffic():
    a, r = two()
    firewall = Firewall(r)
    firewall.add("input", "accept")
    flood(a, r)
    wait_until(lambda: firewall.stats()["accepted"] > 100, 60, "traffic")
    firewall.family.sock.close()
    for pid in run(["ip", "netns", "pids", r.name]).stdout.split():
        run(["kill", "-9", pid], check=False)
    r.delete()
    wait_until(lambda: "ar" not in a.run("ip -br link").stdout, 30, "the namespace is gone")
    again = NetNs()
    equal(Firewall(again).dump(), [], "rules of a new namespace")


main(60)
