#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The wing conntrack when there is no memory: each allocation fails in its turn, on a checked kernel."""

import pathlib

import faults
import ynl
from selftest import NetNs, case, checked, equal, main, modprobe

HERE = pathlib.Path(__file__).resolve().parent


@case
@checked
def switching_on():
    """Tracking is on for both families or for none, and once: it goes off when it is switched off."""
    inject = faults.Faults()
    modprobe("stateful")
    ns = NetNs()
    family = ynl.family("stateful", ns, HERE)

    def tracked(address):
        before = family.do("stats-get", {})["new"]
        assert ns.ping(address, 1)
        return family.do("stats-get", {})["new"] != before

    def switched(error):
        if error:
            equal((tracked("127.0.0.1"), tracked("::1")), (False, False), "tracked after an error")
        else:
            family.do("config-set", {"tracking": 0})
            equal((tracked("127.0.0.1"), tracked("::1")), (False, False), "tracked at last")

    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC,
                        ynl.encode(family, "config-set", {"tracking": 1}), switched)
    family.sock.close()


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("stateful")
    faults.loads(inject, "stateful")


main(9)
