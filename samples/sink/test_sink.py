#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of sink.

    +--------- a ---------+
    | s0 192.0.2.1/24     |---- nothing
    |    2001:db8::1/64   |
    +---------------------+
"""

import errno
import json

import rtnl
from selftest import (NetNs, case, checked, churn, drop_reasons, equal, loaded, main, modprobe, rmmod,
                      run, wait_until)


def sink(ns, name="s0", up=True):
    ns.run(f"ip link add {name} type sink")
    if up:
        ns.up(name, "192.0.2.1/24", "2001:db8::1/64")


def one():
    modprobe("sink")
    a = NetNs()
    sink(a)
    return a


def sent(ns, name="s0"):
    return ns.link(name)["stats64"]["tx"]


@case
def made_by_ip():
    a = one()
    link = a.link("s0")
    equal(link["linkinfo"]["info_kind"], "sink", "kind")
    assert "NOARP" in link["flags"], link["flags"]
    a.run("ip link del s0")
    equal(a.run("ip -d -j link show type sink").stdout.strip() in ("", "[]"), True, "gone")


@case
@checked
def swallows_and_counts():
    """What is sent is counted, to the byte, and nothing comes back."""
    a = one()
    before = sent(a)
    a.run("ping -q -c 5 -i 0.05 -W 1 -s 100 192.0.2.2", check=False)
    after = sent(a)
    grown = after["packets"] - before["packets"]
    # Of an IPv6 address that is new, a packet of its own may be among them.
    assert 5 <= grown <= 8, grown
    assert after["bytes"] - before["bytes"] >= 5 * 142, after
    equal(a.link("s0")["stats64"]["rx"]["packets"], 0, "received")
    equal(after["dropped"], 0, "dropped")


@case
def packets_are_consumed_not_dropped():
    """A packet that was swallowed has served its purpose: no drop is traced."""
    a = one()
    with drop_reasons() as reasons:
        a.run("ping -q -c 5 -i 0.05 -W 1 192.0.2.2", check=False)
    assert sent(a)["packets"] >= 5
    # Other parts of the machine may drop something meanwhile.
    assert len(reasons) < 5, reasons


@case
def takes_large_packets():
    """Segments are left to a device that does not send them; the MTU is unlimited."""
    a = one()
    a.run("ip link set s0 mtu 65000")
    before = sent(a)
    a.run("ping -q -c 2 -i 0.05 -W 1 -s 60000 192.0.2.2", check=False)
    after = sent(a)
    assert after["bytes"] - before["bytes"] >= 2 * 60000, after
    assert after["packets"] - before["packets"] <= 4, after


@case
def refuses_bad_addresses():
    modprobe("sink")
    a = NetNs()
    with a.enter():
        for error, attrs in ((errno.EINVAL, [(rtnl.IFLA_ADDRESS, b"\x02" * 5)]),
                             (errno.EADDRNOTAVAIL, [(rtnl.IFLA_ADDRESS, b"\x01" * 6)])):
            try:
                rtnl.newlink("s0", "sink", attrs=attrs)
            except rtnl.NetlinkError as refusal:
                equal(refusal.errno, error, f"error for {attrs}")
            else:
                raise AssertionError(f"accepted: {attrs}")
    equal(len(json.loads(a.run("ip -j link show").stdout)), 1, "devices left")


def flood(ns):
    ns.popen("ping -q -f -s 1000 192.0.2.2")
    ns.popen("ping -q -f 2001:db8::2")


def flooded(ns):
    flood(ns)
    before = sent(ns)["packets"]
    wait_until(lambda: sent(ns)["packets"] > before + 100, 20, "traffic")


@case
@churn
def deleted_under_traffic():
    a = one()
    for _ in range(3):
        flooded(a)
        a.run("ip link del s0")
        equal(a.run("ip -j link show type sink").stdout.strip() in ("", "[]"), True, "gone")
        sink(a)


@case
@churn
def namespace_deleted_under_traffic():
    a = one()
    flooded(a)
    for pid in run(["ip", "netns", "pids", a.name]).stdout.split():
        run(["kill", "-9", pid], check=False)
    a.delete()
    rmmod("sink")


@case
@churn
def unloaded_under_traffic():
    a = one()
    for _ in range(3):
        flooded(a)
        rmmod("sink")
        equal(loaded("sink"), False, "loaded")
        run(["modprobe", "sink"])
        sink(a)


main(15)
