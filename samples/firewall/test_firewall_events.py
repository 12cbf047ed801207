#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of what firewall tells those who listen."""

import collections
import random

from selftest import NetNs, case, equal, main, modprobe, wait_until
from topology import A4, Firewall


@case
def notifies():
    ns, elsewhere = NetNs(), NetNs()
    modprobe("firewall")
    firewall = Firewall(ns)
    listener, deaf = Firewall(ns).family, Firewall(elsewhere).family
    for family in (listener, deaf):
        family.ntf_subscribe("rules")
    rule = firewall.add("input", "drop", source=A4)
    firewall.delete(rule["id"])
    firewall.add("input", "drop")
    firewall.flush()
    events = []

    def heard():
        listener.check_ntf()
        while not listener.async_msg_queue.empty():
            told = listener.async_msg_queue.get()
            events.append((told["name"], told["msg"]))
        return len(events) >= 4
    wait_until(heard, 20, "four notifications")
    equal([name for name, _ in events],
          ["rule-add-ntf", "rule-del-ntf", "rule-add-ntf", "rule-flush-ntf"], "names")
    equal(events[0][1], {"rule": rule}, "the rule")
    equal(events[1][1]["rule"]["id"], rule["id"], "the deleted rule")
    equal(events[3][1]["count"], 1, "the flushed")
    deaf.check_ntf()
    assert deaf.async_msg_queue.empty(), "heard in another namespace"


@case
def notifications_say_where_rules_come():
    """Who has dumped once, and does what is told since, has the rules of a dump after each change."""
    ns = NetNs()
    modprobe("firewall")
    firewall, listener = Firewall(ns), Firewall(ns).family
    listener.ntf_subscribe("rules")
    draw = random.Random(17)
    there, kinds = [], collections.Counter()

    def change():
        kind = draw.random()
        rule = {"chain": "input", "action": "drop", "destination": f"192.0.2.{draw.randrange(256)}"}
        if kind < 0.35 and there:
            # Of the first ones often: soon there is no place between two.
            before = draw.choice(there[:2] if draw.random() < 0.8 else there)["id"]
            firewall.family.do("rule-add", {"rule": rule, "before": before})
        elif kind < 0.7:
            firewall.family.do("rule-add", {"rule": rule | draw.choice(({}, {"priority": draw.randrange(5)}))})
        elif kind < 0.96 and there:
            firewall.delete(draw.choice(there)["id"])
        elif kind < 0.98:
            firewall.replace(*(rule | {"priority": draw.randrange(3)} for _ in range(draw.randrange(9))))
        else:
            firewall.flush()

    def follow(name, message):
        kinds[name, "before" in message] += 1
        if name == "rule-add-ntf":
            rule, ids = message["rule"], [other["id"] for other in there]
            if "before" in message:
                at = ids.index(message["before"])
            else:
                at = sum(other["priority"] <= rule["priority"] for other in there)
            there.insert(at, rule)
        elif name == "rule-del-ntf":
            there.remove(message["rule"])
        else:
            there[:] = firewall.dump() if name == "rule-replace-ntf" else []

    for _ in range(600):
        change()
        listener.check_ntf()
        told = listener.async_msg_queue.get(timeout=5)
        assert listener.async_msg_queue.empty(), "one change is told twice"
        follow(told["name"], told["msg"])
        equal(there, firewall.dump(), f"rules after {told}")
    equal(len(kinds), 5, f"kinds of changes ({kinds})")


main(20)
