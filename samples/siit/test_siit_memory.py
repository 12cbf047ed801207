#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit when there is no memory: each allocation fails in its turn, on a checked kernel."""

import faults
import rtnl
from selftest import NetNs, case, checked, main, modprobe
from translators import settings


@case
@checked
def making_and_deleting():
    inject = faults.Faults()
    modprobe("siit")
    with NetNs().enter(), rtnl.newlink_message("x0", "siit", data=settings()) as add:
        faults.link(inject, add, rtnl.dellink_message("x0"))


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("siit")
    faults.loads(inject, "siit")


main(12)
