#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ect's family with requests that are not quite valid."""

from mutate import survives
from selftest import NetNs, case, main, modprobe


@case
def survives_mutations():
    modprobe("ect")
    survives("ect", NetNs(), [("config-get", {}), ("stats-get", {}), ("config-set", {"server": 1}),
                              ("config-set", {"server": 1, "assistance": 1})])


main(6)
