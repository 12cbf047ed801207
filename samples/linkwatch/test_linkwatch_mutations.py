#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""linkwatch's family with requests that are not quite valid."""

from mutate import survives
from selftest import NetNs, case, main, modprobe

KINDS = ("device", "address", "neighbour", "route")


@case
def survives_mutations():
    modprobe("linkwatch")
    survives("linkwatch", NetNs(),
             [(f"{kind}-get", values, True) for kind in KINDS for values in ({}, {"ifindex": 1})],
             at_once=2)


main(16)
