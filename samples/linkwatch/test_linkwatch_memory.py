#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""linkwatch when there is no memory: each allocation fails in its turn, on the debug kernel."""

import socket

import faults
import rtnl
import ynl
from selftest import NetNs, case, checked, equal, main, modprobe, wait_until


@case
@checked
def telling():
    """A device comes and goes although nobody can be told; an event that is lost leaves a gap."""
    inject = faults.Faults()
    modprobe("linkwatch")
    ns = NetNs()
    listener = ynl.family("linkwatch", ns)
    listener.ntf_subscribe("events")
    with ns.enter(), rtnl.newlink_message("d0", "dummy") as add:
        faults.link(inject, add, rtnl.dellink_message("d0"))
    events = []

    def hear():
        """Whether anything is told, or the socket says that something was lost."""
        lost = False
        try:
            listener.check_ntf()
        except OSError as error:
            assert error.errno in faults.OUT_OF_MEMORY, error
            lost = True
        before = len(events)
        while not listener.async_msg_queue.empty():
            events.append(listener.async_msg_queue.get()["msg"])
        return lost or len(events) > before
    # Until it is empty, a socket that has lost something gets nothing more.
    while hear():
        pass
    with ns.enter():
        rtnl.newlink("d1", "dummy")
    wait_until(lambda: hear() and events[-1]["name"] == "d1", 20, "an event after those that were lost")
    numbers = [event["sequence"] for event in events]
    equal(numbers, sorted(set(numbers)), "order of the numbers")


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("linkwatch")
    faults.loads(inject, "linkwatch")


main()
