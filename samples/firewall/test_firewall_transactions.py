#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of firewall's transactions: rules that come in many messages and are published at once."""

import errno
import random
import socket
import struct
import threading
import time

from nlraw import DUMP, Socket, attr, parse
from selftest import NetNs, case, checked, defer, equal, main, modprobe, rmmod, wait_until
from topology import (ATTRIBUTES, COUNT, ICMP, KEPT, MAX_RULES, R4, RULE, RULE_GET, TCP, TRANSACTION_CHECK, UDP, Firewall,
                      Group, Transaction, attribute, count, encoded, reaches, send, two)

DROP_NINE = {"chain": "input", "protocol": UDP, "destination-port-min": 9, "action": "drop"}
# As a transaction has.
MAX_STAGED = 4 * MAX_RULES


def other(number, **more):
    """A rule for packets that there are not."""
    return {"chain": "input", "action": "accept", "protocol": TCP,
            "source": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", **more}


def ids(firewall):
    return [rule["id"] for rule in firewall.dump()]


def dumped(ns):
    """The numbers of all rules, in the order of a dump."""
    with ns.enter():
        sock = Socket("firewall")
    bodies = sock.ask(RULE_GET, flags=DUMP)
    sock.close()
    assert isinstance(bodies, list), bodies
    number = ATTRIBUTES["id"][0]
    return [struct.unpack("=I", dict(parse(dict(parse(body[4:]))[RULE]))[number])[0] for body in bodies]


def said(refusal, number, text):
    """A refusal has an errno and says something."""
    assert isinstance(refusal, dict), f"{refusal} rules instead of a refusal"
    equal(refusal["errno"], number, f"errno of {refusal}")
    assert text in refusal.get("text", ""), refusal


@case
def a_hundred_thousand_rules_in_many_messages():
    """A dump gives all back, in their order."""
    a, r = two()
    firewall, transaction = Firewall(r), Transaction(r)
    nine = MAX_RULES - 1
    equal(transaction.add(other(number, id=2 * number + 1) for number in range(nine)), nine, "count")
    equal(transaction.add([DROP_NINE]), MAX_RULES, "count")
    said(transaction.add([DROP_NINE]), errno.ENOSPC, f"rule {MAX_RULES + 1}: ")
    equal(dumped(r), [], "rules before the commit")
    equal(transaction.check(MAX_RULES), MAX_RULES, "rules by the check")
    equal(dumped(r), [], "rules after the check")
    equal(transaction.commit(MAX_RULES), MAX_RULES, "count")
    # The number 2 is free.
    equal(dumped(r), [*range(1, 2 * nine, 2), 2], "numbers")
    send(a, R4, 9)
    reaches(firewall, {"id": 2}, 1)
    # The transaction is over.
    equal(transaction.abort(), 0, "rules that were left")
    said(transaction.commit(MAX_RULES), errno.EINVAL, "has 0 rules, not 100000")
    equal(transaction.commit(0), 0, "count")
    equal(dumped(r), [], "rules")


@case
@checked
def a_bad_rule_changes_nothing_and_is_named():
    modprobe("firewall")
    ns = NetNs()
    firewall, transaction = Firewall(ns), Transaction(ns)
    kept = firewall.add("input", "accept")["id"]
    good = [other(number) for number in range(100)]
    equal(transaction.add(good * 2), 200, "count")

    def at(bad, name, before=16 + 4):
        """Where a message after 56 good rules has an attribute of a bad one."""
        place = before + len(encoded(good[:56])) + 4
        for item in bad.items():
            if item[0] == name:
                return place
            place += len(attribute(item))
        return place
    for bad, name, number, text in (
            (other(1, **{"source-prefix-len": 8}), "source", errno.EINVAL, "rule 257: the address has bits"),
            (other(1) | {"protocol": ICMP, "destination-port-max": 7}, "destination-port-max", errno.EINVAL,
             "rule 257: ports need a protocol"),
            (other(1, family="ipv6"), "source", errno.EINVAL, "rule 257: the address is of another family"),
            # What the specification does not allow the core refuses, and says where.
            (other(1) | {"chain": 3}, "chain", errno.ERANGE, "")):
        refusal = transaction.send(encoded([*good[:56], bad, *good[57:]]))
        said(refusal, number, text)
        equal(refusal["offset"], at(bad, name), f"place of {name} ({refusal})")
    refusal = transaction.send(encoded([*good[:56], {"chain": "input"}, *good]))
    said(refusal, errno.EINVAL, "rule 257: a required attribute is missing")
    equal((refusal["missing"], refusal["missing in"]), (4, at({}, "") - 4), "missing attribute, and in which nest")
    # Of a message with a bad rule there is none, and what is left of the set is not taken for all of it.
    said(transaction.commit(300), errno.EINVAL, "has 200 rules, not 300")
    said(transaction.check(201), errno.EINVAL, "has 200 rules, not 201")
    equal(ids(firewall), [kept], "rules")
    equal(transaction.add([*good[:56], {"id": 5} | DROP_NINE, *good[57:]]), 300, "count")
    # The second of a number is named, wherever it came.
    equal(transaction.add([DROP_NINE, {"id": 5} | DROP_NINE]), 302, "count")
    for ask in (transaction.check, transaction.commit):
        said(ask(302), errno.EEXIST, "rule 302: there is a rule 5 in this transaction already")
    equal(ids(firewall), [kept], "rules")
    equal(transaction.abort(), 302, "rules of the transaction")
    said(transaction.socket.ask(12), errno.EINVAL, "missing")
    equal(transaction.send(b""), 0, "rules after a message of none")


@case
def a_check_changes_nothing():
    modprobe("firewall")
    ns = NetNs()
    firewall, transaction = Firewall(ns), Transaction(ns)
    listener = Firewall(ns).family
    listener.ntf_subscribe("rules")
    firewall.replace(DROP_NINE)
    before = firewall.dump()
    transaction.add([DROP_NINE | {"packets": 7}, other(1)])
    for _ in range(3):
        equal(transaction.check(2), 2, "count")
    equal(firewall.dump(), before, "rules")
    equal(firewall.stats()["count"], 1, "count")
    draw = random.Random(3)

    def wide():
        ports = {f"{end}-port-{which}": draw.randrange(30000) + shift for end in ("source", "destination")
                 for which, shift in (("min", 0), ("max", 35000))}
        return {"chain": "input", "action": "drop", "protocol": UDP, **ports}
    costly = Transaction(ns)
    equal(costly.add([wide() for _ in range(20000)]), 20000, "count")
    for ask in (costly.check, costly.commit):
        said(ask(20000), errno.E2BIG, "overlap so much")
    equal(firewall.dump(), before, "rules")
    listener.check_ntf()
    equal(listener.async_msg_queue.get(timeout=5)["name"], "rule-replace-ntf", "the first set")
    assert listener.async_msg_queue.empty(), "a check is told"
    equal(transaction.commit(2), 2, "count")
    listener.check_ntf()
    told = listener.async_msg_queue.get(timeout=5)
    equal((told["name"], told["msg"]), ("rule-replace-ntf", {"count": 2}), "told")


@case
def two_transactions_at_once():
    """Of two sockets: neither sees the other's rules, and the one that is committed last is there."""
    modprobe("firewall")
    ns, elsewhere = NetNs(), NetNs()
    firewall = Firewall(ns)
    one, two_, far = Transaction(ns), Transaction(ns), Transaction(elsewhere)
    for turn in range(5):
        first = 100 * turn
        for transaction, base in ((one, 0), (two_, 1000), (far, 2000)):
            equal(transaction.add([other(base + number, id=base + number + 1)
                                   for number in range(first, first + 100)]), first + 100, "count")
    equal(two_.commit(500), 500, "count")
    equal(ids(firewall), list(range(1001, 1501)), "rules of the one that was committed")
    # What changes meanwhile is replaced, too.
    firewall.add("input", "drop", id=7777)
    equal(one.commit(500), 500, "count")
    equal(ids(firewall), list(range(1, 501)), "rules")
    equal(far.abort(), 500, "rules of the third")
    equal(dumped(elsewhere), [], "rules of another namespace")


@case
def a_socket_is_closed_in_the_middle():
    """Its rules are gone, and what they take of the namespace's share; so they are when the module goes."""
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    kept = firewall.add("input", "drop")["id"]
    message = encoded(other(number) for number in range(10000))

    def fill(transaction, rules):
        for whole in range(10000, rules + 1, 10000):
            equal(transaction.send(message), whole, "count")
    open_ = [Transaction(ns) for _ in range(MAX_STAGED // MAX_RULES)]
    for transaction in open_:
        fill(transaction, MAX_RULES)
    late = Transaction(ns)
    said(late.send(message), errno.ENOSPC, f"the transactions of a namespace can have {MAX_STAGED} rules")
    # Another namespace has its own.
    elsewhere = Transaction(NetNs())
    fill(elsewhere, 10000)
    open_.pop().close()
    fill(late, 10000)
    open_.pop().abort()
    said(late.commit(MAX_RULES), errno.EINVAL, "has 10000 rules")
    equal(ids(firewall), [kept], "rules")
    # With transactions open.
    rmmod("firewall")
    modprobe("firewall")
    with ns.enter():
        number = Socket("firewall").family
    late.socket.family = number
    said(late.commit(10000), errno.EINVAL, "has 0 rules")
    equal(late.send(message), 10000, "count of a transaction after the module was loaded again")


@case
def what_ends_makes_room():
    """However a transaction ends, others can have its rules, and no more."""
    modprobe("firewall")
    ns = NetNs()
    message = encoded(other(number) for number in range(10000))
    wrong = encoded([*(other(number) for number in range(9999)), other(1, **{"source-prefix-len": 8})])
    full = f"the transactions of a namespace can have {MAX_STAGED} rules"

    def fill(transaction, first=0):
        for whole in range(first + 10000, MAX_RULES + 1, 10000):
            equal(transaction.send(message), whole, "count")
    *others, last = [Transaction(ns) for _ in range(MAX_STAGED // MAX_RULES)]
    late = Transaction(ns)
    for transaction in (*others, last):
        fill(transaction)

    # Of a commit that is refused the rules are still there.
    equal(late.send(b""), 0, "count")
    said(last.commit(5), errno.EINVAL, "not 5")
    for end in (lambda: equal(last.abort(), MAX_RULES, "rules"), lambda: equal(last.commit(MAX_RULES), MAX_RULES, "count"),
                last.close):
        said(late.send(encoded([DROP_NINE])), errno.ENOSPC, full)
        end()
        if end == last.close:
            last = Transaction(ns)
        fill(last)
    said(late.send(encoded([DROP_NINE])), errno.ENOSPC, full)
    equal(last.abort(), MAX_RULES, "rules")
    for whole in range(10000, MAX_RULES, 10000):
        equal(last.send(message), whole, "count")
    for _ in range(3):
        said(last.send(wrong), errno.EINVAL, f"rule {MAX_RULES}: ")
    equal(last.send(message), MAX_RULES, "count")
    said(late.send(encoded([DROP_NINE])), errno.ENOSPC, full)


@case
def what_is_known_is_not_made_again():
    """Thousands of small requests fit into one datagram: the second of unchanged rules costs nothing."""
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)

    def took(ask, times=1):
        start = time.monotonic()
        for _ in range(times):
            said_ = ask()
        return time.monotonic() - start, said_
    good = [other(number) for number in range(20000)]
    transaction, twice = Transaction(ns), Transaction(ns)
    transaction.add(good)
    twice.add([*good, DROP_NINE | {"id": 5}, DROP_NINE | {"id": 5}])
    # So many that a packet would be compared with all of them.
    costly = Transaction(ns)
    costly.add({"chain": "input", "action": "drop", "protocol": UDP, "source-port-min": n, "source-port-max": 65535 - 3 * n,
                "destination-port-min": 2 * n, "destination-port-max": 65000 - n} for n in range(4000))
    for first, asks in ((lambda: transaction.check(20000), [lambda: transaction.check(20000)]),
                        (lambda: costly.check(4000), [lambda: costly.check(4000), lambda: costly.commit(4000)])):
        once, answer = took(first)
        for ask in asks:
            again, last = took(ask, 10)
            assert again < 3 * once, f"{once} s, and 10 times again {again} s"
            equal(last, answer, "answer")
    said(costly.check(4000), errno.E2BIG, "rules overlap so much")
    said(twice.check(20002), errno.EEXIST, "rule 20002: there is a rule 5")
    said(twice.commit(20002), errno.EEXIST, "rule 20002: there is a rule 5")
    # Other rules of either kind are looked at anew.

    def kept(count):
        body = transaction.socket.ask(TRANSACTION_CHECK, attr(COUNT, struct.pack("=I", count)))
        return struct.unpack("=I", dict(parse(body[0][4:]))[KEPT])[0]
    equal(kept(20000), 0, "rules that are there")
    firewall.replace(good[5], good[7])
    equal(kept(20000), 2, "rules that are there")
    firewall.flush()
    equal(kept(20000), 0, "rules that are there")
    firewall.replace(DROP_NINE)
    equal(kept(20000), 0, "rules that are there")
    transaction.add([DROP_NINE])
    equal(kept(20001), 1, "rules that are there")
    equal(transaction.commit(20001), 20001, "count")


@case
@checked
def a_refused_message_leaves_no_memory():
    """On many sockets: what counts as none takes none."""
    modprobe("firewall")
    group, ns = Group(), NetNs()
    wrong = encoded([*(other(number) for number in range(2500)), other(1, **{"source-prefix-len": 8})])
    first, *transactions = [Transaction(ns) for _ in range(21)]

    def measured():
        said(first.send(wrong), errno.EINVAL, "rule 2501: ")
        before = group.kernel()
        for transaction in transactions:
            said(transaction.send(wrong), errno.EINVAL, "rule 2501: ")
        return group.kernel() - before
    left = group.run(measured)
    # What a rule matches is some 120 bytes.
    assert left < len(transactions) * 2500 * 10, f"{left} bytes are charged"


@case
@checked
def transactions_are_charged_to_who_asks():
    """Rules that are not published yet are charged, too, and their memory comes back."""
    modprobe("firewall")
    group, ns = Group(), NetNs()
    message = encoded(other(number) for number in range(2500))
    transaction = Transaction(ns)

    def measured():
        before = group.kernel()
        for _ in range(4):
            assert isinstance(transaction.send(message), int)
        staged = group.kernel() - before
        equal(transaction.abort(), 10000, "rules")
        return staged, group.kernel() - before
    staged, left = group.run(measured)
    # What a rule matches is some 120 bytes.
    assert staged > 10000 * 100, f"{staged} bytes are charged"
    assert left < staged / 4, f"{left} of {staged} bytes are charged after the end"


@case
@checked
def no_packet_is_judged_by_a_mix():
    """Two large sets drop the same packets, one by its first rule, the other by its last. What has the first
    rules of the one and the last of the other drops none: neither is it there for a moment, nor is nothing."""
    a, r = two()
    firewall, transaction = Firewall(r), Transaction(r)
    many = 3000
    accept_nine = DROP_NINE | {"action": "accept"}
    accept_eight = accept_nine | {"destination-port-min": 8}
    sets = [encoded([first, *(other(number + shift) for number in range(many)), last])
            for shift, first, last in ((0, DROP_NINE, accept_nine), (many, accept_eight, DROP_NINE))]
    mix = encoded([accept_eight, *(other(number) for number in range(many)), accept_nine])

    def load(message):
        equal(transaction.send(message), many + 2, "count")
        equal(transaction.commit(many + 2), many + 2, "count")
    with r.enter():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((R4, 9))
    listener.setblocking(False)

    def came():
        try:
            return bool(listener.recv(10))
        except BlockingIOError:
            return False
    # It would be seen.
    load(mix)
    send(a, R4, 9)
    wait_until(came, 20, "a packet that a mix lets through")
    load(sets[0])
    over, sent = threading.Event(), [0]
    defer(over.set)

    def send_on():
        with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not over.is_set():
                sock.sendto(b"x", (R4, 9))
                sent[0] += 1
    dropped = firewall.stats()["dropped"]
    sender = threading.Thread(target=send_on, daemon=True)
    sender.start()
    for turn in range(1, 21):
        load(sets[turn % 2])
    wait_until(lambda: firewall.stats()["dropped"] > dropped + 200, 30, "packets that were dropped")
    over.set()
    sender.join(10)
    wait_until(lambda: firewall.stats()["dropped"] - dropped >= sent[0], 20, f"{sent[0]} dropped packets")
    equal(firewall.stats()["dropped"] - dropped, sent[0], "packets that were dropped")
    assert not came(), "a packet came through"
    listener.close()


@case
@checked
def rules_that_are_there_keep_their_counters():
    """By what they match and do; by the number that is asked for among those that are the same."""
    a, r = two()
    firewall = Firewall(r)
    do = firewall.family.do
    seven, eight = (DROP_NINE | {"destination-port-min": port} for port in (7, 8))
    firewall.replace(seven, {"chain": "input", "action": "accept", "protocol": ICMP}, seven)
    first, ping, second = ids(firewall)
    send(a, R4, 7)
    assert a.ping(R4, count=3)
    reaches(firewall, {"id": first}, 1)
    reaches(firewall, {"id": ping}, 3)

    def load(*rules):
        equal(do("transaction-add", {"rules": list(rules)})["count"], len(rules), "count")
        outcome = do("transaction-commit", {"count": len(rules)})
        equal(outcome["count"], len(rules), "count")
        return outcome["kept"], [(rule["id"], rule["packets"]) for rule in firewall.dump()]
    icmp = {"chain": "input", "action": "accept", "protocol": ICMP}
    # Elsewhere, and one more that is the same.
    kept, there = load(eight, icmp, seven, seven, seven)
    equal((kept, there[1:4]), (3, [(ping, 3), (first, 1), (second, 0)]), "kept, and rules with their packets")
    equal((there[0][1], there[4][1]), (0, 0), "packets of the new ones")
    # The number says which of them is meant; what does something else is another rule.
    kept, there = load(seven | {"id": second}, seven, icmp | {"action": "drop"}, eight | {"id": 999})
    equal((kept, there[:2], there[2][1], there[3]), (3, [(second, 0), (first, 1)], 0, (999, 0)), "kept, and rules")
    # A rule that has got another's number is not that one.
    kept, there = load(eight | {"id": first}, seven | {"id": 55})
    equal((kept, there), (2, [(first, 0), (55, 0)]), "kept, and rules")
    send(a, R4, 7)
    reaches(firewall, {"id": 55}, 1)
    # What counters begin at can be said, also of a rule that is there.
    kept, there = load(seven | {"packets": 1 << 40, "bytes": 5}, eight | {"bytes": 9}, DROP_NINE)
    equal((kept, [packets for _, packets in there]), (2, [1 << 40, 0, 0]), "kept, and packets")
    equal([rule["bytes"] for rule in firewall.dump()], [5, 9, 0], "bytes")
    send(a, R4, 7, size=10)
    reaches(firewall, {"id": 55}, (1 << 40) + 1)
    equal(firewall.get(55)["bytes"], 5 + 38, "bytes")
    # A replacement in one message keeps them as well.
    equal(firewall.replace(DROP_NINE, seven), 2, "count")
    equal([(rule["id"], rule["packets"]) for rule in firewall.dump()][1], (55, (1 << 40) + 1), "the rule and its packets")


@case
def many_rules_that_are_the_same_find_each_other():
    """In the time that as many different ones take, not in one that grows as the square of their number."""
    modprobe("firewall")
    many = 40000

    def loads(rule):
        """Has the rules replaced by themselves: how long that takes."""
        ns = NetNs()
        transaction = Transaction(ns)
        messages = [encoded(map(rule, range(first, first + many // 4))) for first in range(0, many, many // 4)]

        def load():
            for message in messages:
                transaction.send(message)
            start = time.monotonic()
            equal(transaction.commit(many), many, "count")
            return time.monotonic() - start
        # The first one finds none.
        load()
        return ns, load
    ns, same = loads(lambda number: DROP_NINE | {"priority": number % 7})
    _, different = loads(lambda number: other(number, priority=number % 7))
    # By turns: others may need the processor.
    times = [(same(), different()) for _ in range(3)]
    took, usual = map(min, zip(*times))
    assert took < 4 * usual, f"{took} s for rules that are the same, {usual} s for others"
    there = dumped(ns)
    equal((len(there), len(set(there)), max(there)), (many, many, many), "rules, numbers and the largest of them")


@case
def priorities_go_on_from_message_to_message():
    modprobe("firewall")
    firewall = Firewall(NetNs())
    do = firewall.family.do
    for rules in ([other(1)], [other(2, priority=3), other(3)], [other(4)]):
        do("transaction-add", {"rules": rules})
    do("transaction-commit", {"count": 4})
    equal([(rule["source"], rule["priority"]) for rule in firewall.dump()],
          [("10.0.0.2", 3), ("10.0.0.3", 3), ("10.0.0.4", 3), ("10.0.0.1", 65536)], "rules and their priorities")
    equal(count(firewall, firewall.dump()[0]), 0, "packets")


main(60)
