#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit when what it uses changes or goes, under traffic. See translators.py."""

import os

from selftest import case, churn, equal, loaded, main, rmmod, run, wait_until
from translators import (FOUR_IN_6, SIX, SIX_IN_4, Family, batch, link_statistics, network, routes, translator)

# An emulated processor takes a tenth of a second for each.
CHANGES = 500 if os.environ["KERNET_KERNEL"] == "user" else 100


def flood(six, four):
    """Both ways, small packets and ones to be fragmented, until the case ends."""
    six.popen(f"ping -6 -q -f {FOUR_IN_6}")
    four.popen(f"ping -q -f -s 2000 {SIX_IN_4}")


def flows(t):
    before = link_statistics(t)["rx"]["packets"]
    wait_until(lambda: link_statistics(t)["rx"]["packets"] > before + 50, 20, "traffic")


@case
@churn
def table_is_replaced_under_traffic():
    """Packets are translated by the one table or by the other."""
    six, t, four = network()
    flood(six, four)
    family = Family(t)
    others = [(f"192.0.2.{n}", f"2001:db8:{n}::1") for n in range(3, 40)]
    for n in range(CHANGES):
        family.replace((SIX_IN_4, SIX), *others[:n % 30])
        family.replace(*others[:n % 20], (SIX_IN_4, SIX))
    flows(t)
    assert six.ping(FOUR_IN_6)


@case
@churn
def settings_change_under_traffic():
    six, t, four = network()
    flood(six, four)
    for n in range(CHANGES // 10):
        translator(t, create=False, mtu=1280 + n * 10, zero_checksum=n % 2)
        batch(t, f"link set x0 mtu {1280 + n}")
    batch(t, "link set x0 mtu 1500")
    flows(t)


@case
@churn
def deleted_under_traffic():
    six, t, four = network()
    flood(six, four)
    for _ in range(3):
        flows(t)
        t.run("ip link del x0")
        translator(t)
        routes(t)
        Family(t).replace((SIX_IN_4, SIX))
    flows(t)


@case
@churn
def down_and_up_under_traffic():
    six, t, four = network()
    flood(six, four)
    for _ in range(5):
        flows(t)
        t.run("ip link set x0 down")
        routes(t)
    flows(t)


@case
@churn
def namespace_deleted_under_traffic():
    for _ in range(2):
        six, t, four = network()
        flood(six, four)
        flows(t)
        t.delete()
    rmmod("siit")


@case
@churn
def unloaded_under_traffic():
    six, t, four = network()
    flood(six, four)
    for _ in range(3):
        flows(t)
        rmmod("siit")
        equal(loaded("siit"), False, "loaded")
        run(["modprobe", "siit"])
        translator(t)
        routes(t)
        Family(t).replace((SIX_IN_4, SIX))
    flows(t)


main(30)
