#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of what is received into buffers of a page pool, with the cards of nic.rs: as packets that
begin in one, or as fragments whose headers the stack looks for. See cards.py."""

import re

import ynl
from cards import ethtool, flood, statistics, two
from selftest import case, checked, equal, iperf, loaded, main, rmmod, wait_until

HOW = "fragments", "buffers"


def receiving(how):
    """A pair whose pb receives so, and whose pa leaves nothing to be segmented to it."""
    a, b = two()
    for ns, name in ((a, "pa"), (b, "pb")):
        ns.run(f"ip link set {name} mtu 9000")
        ethtool(ns, f"-K {name} tso off gso off")
    ethtool(b, f"--set-priv-flags pb {how} on")
    wait_until(lambda: a.ping("192.0.2.2", 1, "-W 2"), 20, "an answer")
    return a, b


def counter(ns, name):
    return int(re.search(rf"^{name} +(\d+)", ns.run(f"nstat -saz {name}").stdout, re.M)[1])


def pools(ns):
    family = ynl.family("netdev", ns, ynl.KERNEL_SPECS)
    return family.dump("page-pool-get", {})


@case
@checked
def every_size_arrives():
    """From one byte in a packet to as many buffers as the MTU takes, and several packets of those."""
    for how in HOW:
        a, b = receiving(how)
        for size in (0, 1, 56, 657, 658, 659, 1400, 4000, 8972, 30000):
            for address in ("192.0.2.2", "2001:db8::2"):
                assert a.ping(address, options=f"-s {size} -W 5"), f"{how}: {size} bytes to {address}"


@case
@checked
def tcp_is_merged():
    """By GRO, without a copy; with and without a checksum that the card has verified."""
    for how in HOW:
        a, b = receiving(how)
        for name in ("pa", "pb"):
            (a if name == "pa" else b).run(f"ip link set {name} mtu 1500")
        for checksum in ("on", "off"):
            ethtool(a, f"-K pa tx {checksum} tso off gso off")
            frames, packets = statistics(b, "pb")["rx"]["packets"], counter(b, "IpInReceives")
            assert iperf(a, b, "192.0.2.2") > 100_000
            frames = statistics(b, "pb")["rx"]["packets"] - frames
            packets = counter(b, "IpInReceives") - packets
            assert packets < 0.8 * frames, f"{how}: {frames} frames were {packets} packets"
        assert iperf(a, b, "2001:db8::2") > 100_000
        equal(counter(b, "TcpInCsumErrors"), 0, "checksum errors")


@case
def a_vlan_tag_is_kept():
    for how in HOW:
        a, b = receiving(how)
        for ns, name, host in ((a, "pa", 1), (b, "pb", 2)):
            ns.run(f"ip link add link {name} name vlan type vlan id 5; ip link set vlan up;"
                   f" ip addr add 198.51.100.{host}/24 dev vlan")
        assert a.ping("198.51.100.2", options="-s 3000 -W 5"), how


@case
@checked
def pages_come_back():
    """To their pool, which is gone when the device is down or away, also under traffic."""
    for how in HOW:
        a, b = receiving(how)
        equal({pool["ifindex"] for pool in pools(b)}, {b.link("pb")["ifindex"]}, "devices of pools")
        flood(a, size=4000)
        before = statistics(b, "pb")["rx"]["packets"]
        wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before + 300, 30, "traffic")
        for other in (*HOW, how):
            ethtool(b, f"--set-priv-flags pb {' '.join(f'{word} off' for word in HOW)}")
            ethtool(b, f"--set-priv-flags pb {other} on")
        b.run("ip link set pb down")
        wait_until(lambda: not pools(b), 30, "the pools are gone")
        b.run("ip link set pb up")
        before = statistics(b, "pb")["rx"]["packets"]
        wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before + 300, 30, "traffic")
        a.run("ip link del pa")
        wait_until(lambda: not pools(b), 30, "the pools are gone")
        rmmod("nic")
        equal(loaded("nic"), False, "loaded")


main()
