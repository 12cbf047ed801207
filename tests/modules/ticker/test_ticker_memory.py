#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each allocation of what has timers and work fails in its turn: of the module, of a namespace, of a device."""

import errno
import pathlib
import socket

import faults
import rtnl
import ynl
from selftest import NetNs, case, churn, equal, main, modprobe

HERE = pathlib.Path(__file__).resolve().parent


@case
def making_a_device():
    """It is there with its timer and its work, or not at all."""
    inject = faults.Faults()
    modprobe("ticker")
    ns = NetNs()
    with ns.enter():
        delete = rtnl.dellink_message("t0")
        with rtnl.newlink_message("t0", "ticker") as add:
            def judge(error):
                if error is not None:
                    equal("t0" in faults.links(), not error, f"t0 is there after error {error}")
                if "t0" in faults.links():
                    rtnl.request(delete)
            count = faults.requests(inject, socket.NETLINK_ROUTE, add, judge, (*faults.OUT_OF_MEMORY, errno.EINVAL))
            assert count > 20, count


@case
def arming():
    """By the family, in a namespace that has its own."""
    inject = faults.Faults()
    modprobe("ticker")
    ns = NetNs()
    family = ynl.family("ticker", ns, HERE)
    message = ynl.encode(family, "config-set", {"timer": 1000, "work": 1000})
    family.sock.close()
    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC, message, lambda error: None)


@case
@churn
def loading():
    inject = faults.Faults()
    modprobe("ticker")
    faults.loads(inject, "ticker")


main(13)
