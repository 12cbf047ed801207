#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A module that says numbers that are not so, and that cannot be loaded when there are two namespaces.

    this program --- NETLINK_ROUTE --- careless: devices whose settings and MTU are not as it says
"""

import re

from faults import Faults
from rtnl import IFLA_INFO_DATA, IFLA_LINKINFO, IFLA_MTU, link, newlink, parse
from selftest import NetNs, case, checked, churn, defer, equal, loaded, main, rmmod, run, wait_until

TINY, RING = 1, 2


def load():
    """In one namespace: those of other tests may still be going."""
    def done():
        return run(["modprobe", "careless"], check=False).returncode == 0
    wait_until(done, 20, "careless is loaded")
    defer(rmmod, "careless")


def mtu(name):
    return int.from_bytes(link(name)[IFLA_MTU], "little")


@checked
@case
def settings_larger_than_said():
    """The core warns of a message without room for them: they are not shown."""
    load()
    newlink("c0", "careless")
    shown = parse(link("c0")[IFLA_LINKINFO])
    equal(shown.get(IFLA_INFO_DATA, b""), b"", "settings")


@checked
@case
def mtus_that_cannot_be():
    """No more than C's int has, no less than IPv4 can do with."""
    load()
    newlink("c0", "careless")
    equal(mtu("c0"), (1 << 31) - 1, "a huge MTU")
    newlink("c0", "careless", create=False, data=[(TINY, b"")])
    equal(mtu("c0"), 68, "a tiny one, of a device that is there")
    newlink("c1", "careless", data=[(TINY, b"")])
    equal(mtu("c1"), 68, "a tiny one, of a new device")


@churn
@case
def a_large_ring_dropped_in_a_section():
    """Its memory is not in one piece, and is freed by a call that may sleep."""
    load()
    Faults().scattered(lambda: newlink("c0", "careless", data=[(RING, b"")]))
    run("ip link del c0")


@checked
@case
def a_state_that_cannot_be_made():
    """What was given to RCU before is dropped while the module is there."""
    NetNs()
    run("dmesg -C")
    done = run(["modprobe", "careless"], check=False)
    # Its code is gone from here on.
    log = run("dmesg").stdout
    assert done.returncode and not loaded("careless"), "careless is loaded"
    assert re.search(r"careless: cannot register per-namespace state: (Error\(28\)|ENOSPC)", log), log[-600:]
    assert "careless: all 1000 dropped" in log, f"something is left to RCU: {log[-600:]}"


main(2)
