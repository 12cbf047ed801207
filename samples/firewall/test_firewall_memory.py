#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""firewall when there is no memory: each allocation fails in its turn, on a checked kernel."""

import errno
import pathlib

import faults
import ynl
from nlraw import Socket
from selftest import NetNs, case, checked, equal, main, modprobe, need
from topology import Firewall

RULE = {"rule": {"chain": "input", "action": "drop", "protocol": 17}}


@case
@checked
def adding_and_deleting():
    """A rule is there whole or not at all, and the rules before it stay."""
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    first = firewall.add("input", "accept", protocol=6)["id"]

    def others():
        return [rule["id"] for rule in firewall.dump() if rule["id"] != first]

    def added(error):
        new = others()
        equal(len(firewall.dump()) - len(new), 1, "the rule from before")
        # A rule of which the caller could not be told is there.
        assert len(new) == 1 if error == 0 else len(new) <= 1, f"{new} after error {error}"
        for number in new:
            firewall.delete(number)

    def deleted(error):
        left = others()
        if error is not None:
            equal(left, [second] if error else [], f"rules after error {error}")
        if not left:
            firewall.add("input", "drop", id=second, protocol=17)

    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC, ynl.encode(firewall.family, "rule-add", RULE),
                        added)
        second = firewall.add("input", "drop", protocol=17)["id"]
        faults.requests(inject, ynl.NETLINK_GENERIC,
                        ynl.encode(firewall.family, "rule-del", {"id": second}), deleted)


@case
@checked
def tracking():
    """A rule with a state is there and connections are tracked, or neither."""
    need("conntrack")
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    ns.run("ip link set lo up")
    firewall = Firewall(ns)

    def tracks():
        """Whether connections of both families are tracked, or of none."""
        families = set()
        for address in ("127.0.0.1", "::1"):
            ns.run("conntrack -F")
            assert ns.ping(address, 1)
            with ns.enter():
                families.add(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text() != "0\n")
        equal(len(families), 1, "both families or none")
        return families.pop()

    def added(error):
        rules = len(firewall.dump())
        # A rule of which the caller could not be told is there.
        assert rules == 1 if error == 0 else rules <= 1, f"{rules} rules after error {error}"
        equal(tracks(), rules == 1, f"whether connections are tracked after error {error}")
        firewall.flush()
        assert not tracks(), "tracked without rules"

    request = {"rule": {"chain": "output", "action": "accept", "protocol": 17, "state": ["new"]}}
    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC, ynl.encode(firewall.family, "rule-add", request), added)


@case
@checked
def replacing():
    """So many that they are not asked one after the other: all the new ones are there, or all the old ones."""
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    old = [{"chain": "input", "action": "accept", "protocol": 6, "id": 1}]
    # What few rules have is kept apart.
    new = [{"chain": "input", "action": "accept", "protocol": 17, "id": 10 + number, "dscp": 46, "set-mark": 7,
            "destination-port-min": number, "destination-port-max": number + 20} for number in range(16)]

    def replaced(error):
        there = [rule["id"] for rule in firewall.dump()]
        if error is not None:
            # Those of which the caller could not be told are there.
            assert len(there) == len(new) or error and there == [1], f"{there} after error {error}"
        firewall.replace(*old)

    firewall.replace(*old)
    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC, ynl.encode(firewall.family, "rule-replace", {"rules": new}),
                        replaced)


@case
@checked
def transactions():
    """A message adds its rules or none; a check changes nothing; a commit puts all in the place of all, or
    nothing has changed and it can be tried again."""
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    old = [{"chain": "input", "action": "accept", "protocol": 6, "id": 1}, RULE["rule"] | {"id": 2}]
    new = [{"chain": "input", "action": "drop", "protocol": 17, "id": 10 + number, "packets": number,
            "destination-port-min": number, "destination-port-max": number + 20} for number in range(16)]
    new += [RULE["rule"], {"chain": "output", "action": "drop"}]

    def ids():
        return [rule["id"] for rule in firewall.dump()]

    firewall.replace(*old)
    with ns.enter(), faults.netlink(ynl.NETLINK_GENERIC) as sock:
        def ask(name, values):
            sock.send(ynl.encode(firewall.family, name, values))
            equal(faults.answer(sock), 0, f"answer of {name}")

        def each(name, values, outcome):
            message = ynl.encode(firewall.family, name, values)

            def judge(error):
                said = faults.answer(sock)
                assert said in (None, 0, *faults.OUT_OF_MEMORY), f"answered {said}"
                outcome(error.errno if error else said)
            inject.each(lambda: sock.send(message), judge)

        def staged(count):
            """Whether the socket's transaction has so many rules."""
            sock.send(ynl.encode(firewall.family, "transaction-check", {"count": count}))
            return faults.answer(sock) == 0

        def added(error):
            equal(ids(), [1, 2], "rules")
            whole, empty = staged(len(new)), staged(0)
            assert whole or empty, "a part of a message is there"
            if error:
                assert empty, f"all of a message is there after error {error}"
            ask("transaction-abort", {})

        def checked_(_):
            equal(ids(), [1, 2], "rules")
            assert staged(len(new)), "a check has taken rules out"

        def committed(error):
            there = ids()
            if there == [1, 2]:
                assert error != 0, "it is said to be done"
                assert staged(len(new)), f"rules are lost after error {error}"
                return
            # There may be no answer, but none that says that nothing has changed.
            assert not error, f"there are other rules after error {error}"
            equal((len(there), there[16]), (len(new), 2), f"rules after error {error}")
            firewall.replace(*old)
            ask("transaction-add", {"rules": new})

        each("transaction-add", {"rules": new}, added)
        ask("transaction-add", {"rules": new})
        each("transaction-check", {"count": len(new)}, checked_)
        each("transaction-commit", {"count": len(new)}, committed)


def heard(listener):
    """Whether a listener has been told something, and whether that it has missed something."""
    told = missed = False
    listener.sock.setblocking(False)
    while True:
        try:
            told = bool(listener.receive()) or told
        except BlockingIOError:
            return told, missed
        except OSError as error:
            equal(error.errno, errno.ENOBUFS, "error of the listener")
            missed = True


@case
@checked
def telling():
    """A listener is told of each change, or that it has missed something."""
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    with ns.enter():
        listener = Socket("firewall")
        listener.join(listener.resolve("firewall")[1]["rules"])
    lost = []

    def again():
        firewall.replace({"chain": "input", "action": "drop", "id": 7})
        heard(listener)

    def judged(error):
        there = [rule["id"] for rule in firewall.dump()]
        told, missed = heard(listener)
        equal(told or missed, there != [7], f"heard of a change (rules {there} after error {error})")
        lost.append(missed)
        again()

    for name, request in (("rule-add", RULE), ("rule-del", {"id": 7}), ("rule-flush", {}),
                          ("rule-replace", {"rules": [{"chain": "input", "action": "drop", "id": 8}]})):
        lost.clear()
        # A page that is allocated for a slab now and then takes the turn of an allocation: so not each has failed
        # after a round.
        for _ in range(10):
            again()
            with ns.enter():
                faults.requests(inject, ynl.NETLINK_GENERIC, ynl.encode(firewall.family, name, request), judged)
            if any(lost):
                break
        assert any(lost), f"{name}: all was told, whichever allocation has failed"


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("firewall")
    faults.loads(inject, "firewall")


main(45)
