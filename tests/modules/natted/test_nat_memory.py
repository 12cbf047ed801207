#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The wing nat when there is no memory: each allocation fails in its turn, on a checked kernel."""

import pathlib

import faults
import ynl
from selftest import NetNs, case, checked, equal, main, modprobe

HERE = pathlib.Path(__file__).resolve().parent


@case
@checked
def switching_on():
    """NAT is on for both families or for none, and once: it goes off when it is switched off."""
    inject = faults.Faults()
    modprobe("natted")
    ns = NetNs()
    family = ynl.family("natted", ns, HERE)

    def asked(address):
        before = family.do("stats-get", {})["local-out"]
        assert ns.ping(address, 1)
        return family.do("stats-get", {})["local-out"] != before

    def switched(error):
        if error:
            equal((asked("127.0.0.1"), asked("::1")), (False, False), "asked after an error")
        else:
            equal((asked("127.0.0.1"), asked("::1")), (True, True), "asked")
            family.do("switch-set", {"enabled": 0})
            equal((asked("127.0.0.1"), asked("::1")), (False, False), "asked at last")

    with ns.enter():
        faults.requests(inject, ynl.NETLINK_GENERIC,
                        ynl.encode(family, "switch-set", {"enabled": 1}), switched)
    family.sock.close()


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("natted")
    faults.loads(inject, "natted")


main(9)
