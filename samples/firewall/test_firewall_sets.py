#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of where firewall's rules come to be, of changes of all at once, and of who pays for them."""

import errno
import os
import pathlib
import signal
import socket
import struct
import threading

from nlraw import Socket, attr, nest
from selftest import NetNs, case, checked, defer, equal, main, modprobe, wait_until
from topology import ICMP, R4, RULE_DEL, TCP, UDP, Bulk, Firewall, Group, ID, count, reaches, refused, send, two

FIRST_PRIORITY = 65536
# By hand: of chain `forward`, `drop`.
RULE = nest(1, attr(3, b"\1"), attr(4, b"\1"))
DROP_NINE = {"chain": "input", "protocol": UDP, "destination-port-min": 9, "action": "drop"}


def ids(firewall):
    return [rule["id"] for rule in firewall.dump()]


@case
def a_rule_is_put_before_others():
    modprobe("firewall")
    firewall = Firewall(NetNs())
    first = firewall.add("input", "accept")
    equal(first["priority"], FIRST_PRIORITY, "priority of the first")
    second = firewall.add("input", "accept")
    # As `-I` does.
    front = firewall.add("input", "drop", priority=0)
    equal(ids(firewall), [rule["id"] for rule in (front, first, second)], "order")

    def before(rule, **more):
        return firewall.family.do("rule-add", {
            "rule": {"chain": "input", "action": "drop", **more}, "before": rule["id"]})["rule"]
    # Before one of the lowest priority there is, and between two of one priority, as often as one likes.
    zero = before(front)
    equal(zero["priority"], 0, "priority")
    between = [before(second) for _ in range(80)]
    equal(ids(firewall), [rule["id"] for rule in (zero, front, first, *between, second)], "order")
    between = [before(first)]
    for _ in range(80):
        between.insert(0, before(between[0]))
    want = [zero["id"], front["id"], *(rule["id"] for rule in between), first["id"]]
    equal(ids(firewall)[:len(want)], want, "order")
    refused(lambda: before({"id": 9999}), errno.ENOENT, "no rule 9999", ".before")
    refused(lambda: before(first, priority=3), errno.EINVAL, "priority", ".before")
    refused(lambda: firewall.family.do("rule-add", {"rule": DROP_NINE, "before": 0}), errno.ERANGE)


@case
@checked
def all_rules_are_replaced():
    a, r = two()
    firewall = Firewall(r)
    old = firewall.add("input", "drop", protocol=UDP, destination_port_min=7)
    send(a, R4, 7)
    reaches(firewall, old, 1)
    equal(firewall.replace(
        {"chain": "input", "action": "accept", "protocol": ICMP},
        {"chain": "input", "action": "drop", "priority": 3, "id": 77},
        {"chain": "input", "action": "accept", "protocol": TCP},
        {"chain": "output", "action": "accept", "priority": 2}), 4, "count")
    rules = firewall.dump()
    equal([(rule["priority"], rule.get("protocol"), rule["chain"]) for rule in rules],
          [(2, None, "output"), (3, None, "input"), (3, TCP, "input"), (FIRST_PRIORITY, ICMP, "input")], "rules")
    equal(rules[1]["id"], 77, "id that was asked for")
    equal(len({rule["id"] for rule in rules}), 4, "ids")
    assert old["id"] not in {rule["id"] for rule in rules}, "an old number names another rule"
    send(a, R4, 7)
    reaches(firewall, rules[1], 1)
    # Counters begin anew, and nothing of what is refused is done.
    equal(firewall.replace(DROP_NINE | {"id": 77}), 1, "count")
    equal(count(firewall, {"id": 77}), 0, "packets")
    for wrong, error, text, path in (
            ([DROP_NINE, {"chain": "input"}], errno.EINVAL, "missing", None),
            ([DROP_NINE | {"id": 5}, DROP_NINE | {"id": 5}], errno.EEXIST, "in this request", ".rules.id"),
            ([DROP_NINE, DROP_NINE | {"source": "192.0.2.1", "source-prefix-len": 24}], errno.EINVAL,
             "bits behind", ".rules.source"),
            ([DROP_NINE | {"packets": 1}], errno.EINVAL, "counts", ".rules.packets")):
        refused(lambda: firewall.replace(*wrong), error, text, path)
        equal(ids(firewall), [77], "rules after a refusal")
    equal(firewall.replace(*[{"chain": "forward", "action": "drop"}] * 1000), 1000, "count")
    equal(len(firewall.dump()), 1000, "rules")
    other = Firewall(r)
    other.family.ntf_subscribe("rules")
    equal(firewall.replace(), 0, "count")
    other.family.check_ntf()
    told = other.family.async_msg_queue.get(timeout=5)
    equal((told["name"], told["msg"]), ("rule-replace-ntf", {"count": 0}), "told")
    equal(firewall.dump(), [], "rules")


@case
@checked
def nothing_passes_while_rules_are_replaced():
    """Twenty rules, of which the last drops what comes all the time, by one set after the other."""
    a, r = two()
    firewall = Firewall(r)
    sets = [[{"chain": "input", "protocol": UDP, "destination-port-min": port, "action": "accept"}
             for port in range(first, first + 19)] + [DROP_NINE] for first in (1000, 2000)]
    firewall.replace(*sets[0])
    over = threading.Event()
    defer(over.set)

    def send_on():
        with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not over.is_set():
                sock.sendto(b"x", (R4, 9))
    sender = threading.Thread(target=send_on, daemon=True)
    with r.enter():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener:
        listener.bind((R4, 9))
        listener.setblocking(False)
        sender.start()
        dropped = firewall.stats()["dropped"]
        for turn in range(40):
            firewall.replace(*sets[turn % 2])
        wait_until(lambda: firewall.stats()["dropped"] > dropped + 200, 30, "packets that were dropped")
        over.set()
        sender.join(10)
        try:
            listener.recv(10)
        except BlockingIOError:
            return
    raise AssertionError("a packet came through")


def requester(ns):
    """A function that adds so many rules to a namespace by hand: a library takes memory, too."""
    with ns.enter():
        sock = Socket("firewall")

    def add(number):
        for _ in range(number):
            answer = sock.ask(1, RULE)
            assert isinstance(answer, list), answer
    return add


@case
@checked
def rules_are_charged_to_who_asks():
    """A thousand rules and their counters are charged to the control group of who adds them."""
    modprobe("firewall")
    group, ns = Group(), NetNs()
    add = requester(ns)

    def measured():
        before = group.kernel()
        add(1000)
        return group.kernel() - before
    charged = group.run(measured)
    # A pair of counters for each CPU is 32 bytes, a rule with its share of the index some 120.
    least = 1000 * (32 * os.cpu_count() + 120)
    assert charged > least, f"{charged} bytes are charged, of {least}"
    Firewall(ns).flush()


def slow_grace_periods():
    """Has a process without a share of the processor go down paths, under RCU: a grace period lasts until it
    has one."""
    path = "/run/" + "./" * 2000
    defer(lambda whole=os.sched_getaffinity(0): os.sched_setaffinity(0, whole))
    os.sched_setaffinity(0, {0})
    child = os.fork()
    if not child:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            os.stat(path)
    defer(lambda: (os.kill(child, signal.SIGKILL), os.waitpid(child, 0)))


@case
def old_rules_do_not_pile_up():
    """Of a thousand rules that change all the time only so many copies wait for RCU."""
    modprobe("firewall")
    ns = NetNs()
    Bulk(ns).replace([{"chain": "forward", "action": "drop", "id": number} for number in range(1, 1301)])
    with ns.enter():
        sock = Socket("firewall")
    slow_grace_periods()

    def free():
        fields = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
        return int(fields["MemAvailable"].split()[0])
    most, least = free(), 1 << 60
    for number in range(1, 301):
        # All are in one level, of which each makes another one. Nothing is answered.
        sock.send(RULE_DEL, attr(ID, struct.pack("=I", number)), 0)
        if number % 10 == 0:
            least = min(least, free())
    equal(len(Firewall(ns).dump()), 1000, "rules")
    # 64 copies are 10 MB; those of a grace period that does not end are 48.
    assert most - least < 32 * 1024, f"{most - least} kB are taken by copies"


main(6)
