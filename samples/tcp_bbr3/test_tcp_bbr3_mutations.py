#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tcp_bbr3's family with requests that are not quite valid."""

from mutate import survives
from selftest import NetNs, case, main, modprobe


@case
def survives_mutations():
    modprobe("tcp_bbr3")
    survives("tcp_bbr3", NetNs(), [("stats-get", {}), ("socket-get", {}, True)])


main(8)
