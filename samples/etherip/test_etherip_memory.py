#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""etherip when there is no memory: each allocation fails in its turn, on a checked kernel."""

import socket

import faults
import rtnl
from selftest import NetNs, case, checked, equal, main, modprobe
from tunnels import LOCAL, REMOTE, TTL, address, over_both


def ends(over):
    return [(LOCAL, address(over.a)), (REMOTE, address(over.b))]


@case
@checked
@over_both
def making_and_deleting(over):
    inject = faults.Faults()
    modprobe("etherip")
    with NetNs().enter(), rtnl.newlink_message("t0", "etherip", data=ends(over)) as add:
        faults.link(inject, add, rtnl.dellink_message("t0"))


@case
@checked
@over_both
def changing(over):
    """After a change that failed the settings are those of before."""
    inject = faults.Faults()
    modprobe("etherip")
    ns = NetNs()
    with ns.enter():
        rtnl.newlink("t0", "etherip", data=ends(over))
        with rtnl.newlink_message("t0", "etherip", data=[(TTL, b"\x07")], create=False) as change, \
                rtnl.newlink_message("t0", "etherip", data=[(TTL, b"\x01")], create=False) as back:
            def changed(error):
                value = rtnl.info("t0").get(TTL)
                if error is not None:
                    equal(value, b"\1" if error else b"\7", f"TTL after error {error}")
                rtnl.request(back)
            rtnl.request(back)
            faults.requests(inject, socket.NETLINK_ROUTE, change, changed)


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("etherip")
    faults.loads(inject, "etherip")


main(18)
