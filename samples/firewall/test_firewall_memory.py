#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""firewall when there is no memory: each allocation fails in its turn, on a checked kernel."""

import errno

import faults
import ynl
from nlraw import Socket
from selftest import NetNs, case, checked, equal, main, modprobe
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
def replacing():
    """So many that they are not asked one after the other: all the new ones are there, or all the old ones."""
    inject = faults.Faults()
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    old = [{"chain": "input", "action": "accept", "protocol": 6, "id": 1}]
    new = [{"chain": "input", "action": "drop", "protocol": 17, "id": 10 + number,
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
        again()
        lost.clear()
        with ns.enter():
            faults.requests(inject, ynl.NETLINK_GENERIC, ynl.encode(firewall.family, name, request), judged)
        assert any(lost), f"{name}: all was told, although each allocation has failed once"


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("firewall")
    faults.loads(inject, "firewall")


main(20)
