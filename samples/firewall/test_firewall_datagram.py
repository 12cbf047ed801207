#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of firewall: requests that take long, thousands in one datagram or of many tasks at once."""

import errno
import os
import signal
import socket
import struct
import threading
import time

from nlraw import ERROR, Socket, attr, nest
from selftest import NetNs, Skip, case, checked, equal, main, modprobe, wait_until
from topology import COUNT, RULE, RULE_ADD, TCP, TRANSACTION_CHECK, Firewall, Transaction, attribute

SO_RCVBUFFORCE = 33
STAGED = 10000
# So long all of them would take, in seconds.
ALL = 8
# All transactions of a namespace may have rules for so many more than one.
MOST = 39


class Mixed(Transaction):
    """Rules that are kept for a socket, and a datagram in which each check comes after a change of the rules."""

    def __init__(self, ns):
        super().__init__(ns)
        self.socket.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        equal(self.add({"chain": "input", "action": "accept", "protocol": TCP,
                        "source": f"10.0.{number >> 8}.{number & 255}"} for number in range(STAGED)), STAGED, "count")

    def requests(self, pairs):
        """The datagram, and the sequence number of its first request."""
        first = self.socket.seq + 1
        rule = nest(RULE, *map(attribute, {"chain": "output", "action": "accept"}.items()))
        count = attr(COUNT, struct.pack("=I", STAGED))
        return b"".join(self.socket.message(RULE_ADD, rule) + self.socket.message(TRANSACTION_CHECK, count)
                        for _ in range(pairs)), first

    def answers(self, first):
        """What each request of the datagram is answered: what a refusal says, or None."""
        found = {}
        while self.socket.seq not in found:
            for kind, flags, seq, body in self.socket.receive():
                if kind == ERROR:
                    found[seq] = Socket.refusal(flags, body, kind)
        equal(sorted(found), list(range(first, self.socket.seq + 1)), "requests that are answered")
        return [found[seq] for seq in sorted(found)]


def pairs_for(mixed, seconds):
    """So many changes and checks take longer."""
    mixed.check(STAGED)
    datagram, first = mixed.requests(1)
    start = time.monotonic()
    mixed.socket.sock.send(datagram)
    took = time.monotonic() - start
    equal(mixed.answers(first), [None, None], "answers")
    # Where one takes longer than a datagram may, too.
    return max(4, int(seconds / took) + 1)


@case
def what_takes_too_long_is_refused():
    """Of a datagram what is not begun within 2 seconds; not what comes alone, however long it takes."""
    modprobe("firewall")
    ns = NetNs()
    firewall, mixed = Firewall(ns), Mixed(ns)
    pairs = pairs_for(mixed, ALL)
    datagram, first = mixed.requests(pairs)
    mixed.socket.sock.send(datagram)
    answers = mixed.answers(first)
    granted = answers.index(next(filter(None, answers), None))
    assert 1 <= granted < 2 * pairs, f"{granted} of {2 * pairs} requests are granted"
    for refusal in answers[granted:]:
        equal(refusal, {"errno": errno.EBUSY,
                        "text": "the requests of this datagram take too long: send this one in another"}, "refusal")
    # One more by `pairs_for`.
    equal(len(firewall.dump()), 1 + (granted + 1) // 2, "rules")
    equal(mixed.check(STAGED), STAGED, "count")
    equal(mixed.commit(STAGED), STAGED, "count")


@case
def who_waits_for_others_too_long_is_refused():
    """Of tasks that change the rules at once those are refused that do not get to it within 2 seconds; later they do."""
    modprobe("firewall")
    ns = NetNs()
    firewall, first = Firewall(ns), Mixed(ns)
    equal(first.commit(STAGED), STAGED, "count")
    again = Mixed(ns)
    start = time.monotonic()
    equal(again.commit(STAGED), STAGED, "count")
    took = time.monotonic() - start
    if MOST * took < ALL / 2:
        raise Skip(f"a change takes {took:.2f} s here: {MOST} of them are not long enough")
    many = [Mixed(ns) for _ in range(min(MOST, max(4, int(ALL / took) + 1)))]
    said = {}
    tasks = [threading.Thread(target=lambda one=one: said.update({one: one.commit(STAGED)})) for one in many]
    start = time.monotonic()
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    total = time.monotonic() - start
    refused = [one for one in many if said[one] != STAGED]
    for one in refused:
        equal(said[one], {"errno": errno.EBUSY, "text": "other changes of the rules have taken 2 seconds: try again"}, "refusal")
    granted = len(many) - len(refused)
    assert granted and refused, f"{granted} of {len(many)} are granted in {total:.1f} seconds, one takes {took:.2f}"
    for one in refused:
        equal(one.commit(STAGED), STAGED, "count of a second attempt")
    equal(firewall.stats()["count"], STAGED, "rules")


@case
@checked
def a_sender_that_is_killed_ends():
    """With the request that it has come to; none of the others has an effect."""
    modprobe("firewall")
    ns = NetNs()
    firewall, mixed = Firewall(ns), Mixed(ns)
    datagram, _ = mixed.requests(pairs_for(mixed, ALL))
    child = os.fork()
    if not child:
        mixed.socket.sock.send(datagram)
        os._exit(0)
    # One was there before.
    wait_until(lambda: firewall.stats()["count"] > 1, 30, "the first of the requests")
    os.kill(child, signal.SIGKILL)
    rules = firewall.stats()["count"]
    os.waitpid(child, 0)
    after = firewall.stats()["count"]
    assert after <= rules + 1, f"{rules} rules when the sender was killed, and {after} when it had ended"


main(40)
