#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit's family with requests that are not quite valid."""

from mutate import survives
from selftest import NetNs, case, main, modprobe
from translators import ifindex, mapping, translator

PAIRS = [mapping("192.0.2.0/24", "2001:db8::/120"), mapping("10.0.0.1", "2001:db8:1::1"),
         mapping("0.0.0.0/0", "2001:db8:2::/96")]


@case
def survives_mutations():
    modprobe("siit")
    ns = NetNs()
    translator(ns)
    index = ifindex(ns)
    survives("siit", ns,
             [("mapping-replace", {"ifindex": index, "mapping": PAIRS}),
              *((operation, {"ifindex": index, "mapping": [pair]})
                for operation in ("mapping-add", "mapping-del") for pair in PAIRS)],
             after=[("mapping-replace", {"ifindex": index})])


main(11)
