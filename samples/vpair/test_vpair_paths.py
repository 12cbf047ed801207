#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair as a part of longer paths: bridge, VLAN, bond, redirection; many streams."""

import itertools
import os
import re
import subprocess

from selftest import NetNs, case, iperf, main, modprobe, need, run, wait_until
from topology import two

V4, V6 = "192.0.2.2", "2001:db8::2"
# Pairs from each of two shells.
COUNT = 10 if os.environ["KERNET_KERNEL"] == "debug" else 100
OFFLOADS = "tx {0} sg {0} tso {0} gso {0} gro {0}"


def carries(a, b, v4=V4, v6=V6, options=""):
    """TCP and UDP over IPv4 and IPv6."""
    for address in (v4, v6):
        wait_until(lambda: a.ping(address, count=1), 20, f"{address} answers")
        assert iperf(a, b, address, options) > 1e5, f"TCP to {address}"
        assert iperf(a, b, address, f"-u -b 500K -l 1000 {options}", amount="200K") > 1e5, f"UDP to {address}"


def offloads(ns, names, how):
    for name in names:
        ns.run(f"ethtool -K {name} {OFFLOADS.format(how)}")


def sums_are_right(a, b, ends, device, v4=V4, v6=V6):
    """Of what is summed before it is sent, tcpdump finds every sum right at b's `device`."""
    need("tcpdump", "ethtool")
    for ns, name in ends:
        ns.run(f"ethtool -K {name} tx off gso off tso off gro off")
    dump = b.popen(f"tcpdump -l -n -vv -c 60 -i {device} tcp or udp", stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
    wait_until(lambda: "listening on" in dump.stderr.readline(), 20, "tcpdump listens")
    for address in (v4, v6):
        iperf(a, b, address, "-b 400K -l 2K")
        iperf(a, b, address, "-u -b 200K -l 500")
    said = dump.communicate(timeout=30)[0]
    right = len(re.findall(r"\(correct\)|udp sum ok", said))
    wrong = re.findall(r".*(?:\(incorrect|bad (?:udp )?cksum).*", said)
    assert right >= 60 and not wrong, f"{right} right, wrong: {wrong[:2]}"


@case
def streams():
    """1 to 8 streams, with offloads and without."""
    need("ethtool")
    a, b = two()
    for how, (count, address) in itertools.product(("on", "off"), ((1, V4), (8, V6), (3, V6), (8, V4))):
        for ns, name in ((a, "pa"), (b, "pb")):
            offloads(ns, [name], how)
        assert iperf(a, b, address, f"-P {count}") > 1e5, f"{count} streams of TCP, offloads {how}"
        assert iperf(a, b, address, f"-u -b 500K -l 1000 -P {count}", amount="200K") > 1e5, \
            f"{count} streams of UDP, offloads {how}"


def three():
    """a and b, each joined to c: pa-ca and pb-cb."""
    modprobe("vpair")
    a, b, c = NetNs(), NetNs(), NetNs()
    for ns, name, far in ((a, "pa", "ca"), (b, "pb", "cb")):
        ns.run(f"ip link add dev {name} type vpair")
        ns.run(f"ip link set vpair0 name {far}")
        ns.run(f"ip link set {far} netns {c.name}")
        c.run(f"ip link set {far} up")
    return a, b, c


@case
def through_a_bridge():
    a, b, c = three()
    c.run("ip link add bridge0 type bridge")
    for port in ("ca", "cb"):
        c.run(f"ip link set {port} master bridge0")
    c.run("ip link set bridge0 up")
    a.up("pa", "192.0.2.1/24", "2001:db8::1/64")
    b.up("pb", "192.0.2.2/24", "2001:db8::2/64")
    for how in ("on", "off"):
        offloads(c, ("ca", "cb"), how)
        carries(a, b, options="-P 4")
    sums_are_right(a, b, ((a, "pa"), (b, "pb")), "pb")
    # Taken out under traffic, and in again.
    a.popen(f"ping -q -f {V4}")
    for _ in range(3):
        c.run("ip link set ca nomaster")
        c.run("ip link set ca master bridge0")
    assert a.ping(V4)


@case
def with_room_for_a_tunnel():
    """A bridge asks its ports for the headroom that another port needs, as long as that is one."""
    a, b, c = three()
    c.run("ip link add bridge0 type bridge")
    a.up("pa", "198.51.100.1/24", "2001:db8:7::1/64")
    b.up("pb", "192.0.2.2/24")
    c.up("cb", "192.0.2.1/24")
    for ns, device, remote in ((c, "cb", 2), (b, "pb", 1)):
        ns.run(f"ip link add tunnel0 type vxlan id 7 dstport 4789 remote 192.0.2.{remote} dev {device}")
        ns.run("ip link set tunnel0 up")
    b.up("tunnel0", "198.51.100.2/24", "2001:db8:7::2/64")
    c.run("ip link set ca master bridge0; ip link set tunnel0 master bridge0; ip link set bridge0 up")
    a.run("ip link set pa mtu 1450")
    carries(a, b, "198.51.100.2", "2001:db8:7::2")
    for _ in range(3):
        c.run("ip link set tunnel0 nomaster; ip link set ca nomaster")
        c.run("ip link set tunnel0 master bridge0; ip link set ca master bridge0")
    assert a.ping("198.51.100.2")


@case
def through_a_vlan():
    a, b = two()
    for ns, name, host in ((a, "pa", 1), (b, "pb", 2)):
        ns.run(f"ip link add link {name} name v7 type vlan id 7")
        ns.up("v7", f"198.51.100.{host}/24", f"2001:db8:7::{host}/64")
    for how in ("on", "off"):
        for ns, name in ((a, "pa"), (b, "pb")):
            ns.run(f"ethtool -K {name} tx-vlan-hw-insert {how} rx-vlan-hw-parse {how}")
            offloads(ns, [name], how)
        carries(a, b, "198.51.100.2", "2001:db8:7::2", options="-P 4")
    sums_are_right(a, b, ((a, "v7"), (b, "v7")), "v7", "198.51.100.2", "2001:db8:7::2")


@case
def through_a_bond():
    """Two pairs as one; either end of one is set down under traffic."""
    modprobe("vpair", "bonding")
    a, b = NetNs(), NetNs()
    for ns in (a, b):
        ns.run("ip link add bond type bond mode active-backup miimon 20")
    for number in "12":
        a.run(f"ip link add dev pa{number} type vpair")
        a.run(f"ip link set vpair0 name pb{number}")
        a.run(f"ip link set pb{number} netns {b.name}")
        for ns, name in ((a, "pa"), (b, "pb")):
            ns.run(f"ip link set {name}{number} master bond")
    a.up("bond", "192.0.2.1/24", "2001:db8::1/64")
    b.up("bond", "192.0.2.2/24", "2001:db8::2/64")
    for how in ("on", "off"):
        for ns, name in ((a, "pa"), (b, "pb")):
            offloads(ns, (f"{name}1", f"{name}2"), how)
        carries(a, b, options="-P 4")
    sums_are_right(a, b, ((a, "bond"), (b, "bond")), "bond")
    for ns, name in ((a, "pa1"), (b, "pb2")):
        ns.run(f"ip link set {name} down")
        wait_until(lambda: a.ping(V4, count=1), 20, f"{V4} answers without {name}")
        ns.run(f"ip link set {name} up")
        wait_until(lambda: a.link("bond")["operstate"] == "UP", 20, "the bond is up")


@case
def through_a_redirection():
    a, b, c = three()
    for near, far in (("ca", "cb"), ("cb", "ca")):
        c.run(f"tc qdisc add dev {near} clsact")
        c.run(f"tc filter add dev {near} ingress matchall action mirred egress redirect dev {far}")
    a.up("pa", "192.0.2.1/24", "2001:db8::1/64")
    b.up("pb", "192.0.2.2/24", "2001:db8::2/64")
    for how in ("on", "off"):
        offloads(c, ("ca", "cb"), how)
        carries(a, b, options="-P 4")
    sums_are_right(a, b, ((a, "pa"), (b, "pb")), "pb")


@case
def checksums_are_right():
    a, b = two()
    sums_are_right(a, b, ((a, "pa"), (b, "pb")), "pb")


@case
def two_hundred_pairs():
    """Made, renamed, moved and deleted from two shells, while other pairs carry traffic."""
    a, b = two()
    c, d = NetNs(), NetNs()
    a.popen(f"ping -q -f {V4}")
    b.popen("ping -q -f 2001:db8::1")
    shells = []
    for letter, here, there in (("x", c, d), ("y", d, c)):
        make = "".join(f"link add dev {letter}{n} type vpair\n"
                       f"link set {letter}{n} name {letter}{letter}{n}\n"
                       f"link set {letter}{letter}{n} up netns {there.name}\n" for n in range(COUNT))
        drop = "".join(f"link del {letter}{letter}{n}\n" for n in range(COUNT))
        script = f"ip -batch - <<.\n{make}.\nexec ip -n {there.name} -batch - <<.\n{drop}.\n"
        with here.enter():
            shells.append(subprocess.Popen(["sh", "-ec", script], stderr=subprocess.PIPE, text=True))
    for shell in shells:
        _, said = shell.communicate(timeout=300)
        assert (shell.returncode, said) == (0, ""), said
    for ns in (c, d):
        assert run(["ip", "-n", ns.name, "-j", "link", "show", "type", "vpair"]).stdout.strip() in ("", "[]")
    assert a.ping(V4)


main(110)
