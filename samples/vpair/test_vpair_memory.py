#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""vpair when there is no memory: each allocation fails in its turn, on a checked kernel."""

import faults
import rtnl
from selftest import NetNs, case, checked, main, modprobe

PEER = 1


@case
@checked
def making_and_deleting():
    inject = faults.Faults()
    modprobe("vpair")
    with NetNs().enter(), rtnl.newlink_message("pa", "vpair", peer=(PEER, "pb", None)) as add:
        faults.link(inject, add, rtnl.dellink_message("pa"))


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("vpair")
    faults.loads(inject, "vpair")


main(18)
