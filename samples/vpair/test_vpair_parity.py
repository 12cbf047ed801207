#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair beside veth: what `ip` and `ethtool` say of either is the same.

    +------ a ------+      +------ b ------+        one for each kind, the same names in both
    | pa 192.0.2.1  o------o 192.0.2.2 pb  |
    +---------------+      +---------------+

What differs by nature is left out: the names of the kinds and indexes.
"""

import json
import re
import struct
import subprocess

import bpf
import rtnl
import ynl
from selftest import NetNs, case, emulated, equal, main, modprobe, wait_until
from topology import PEER, pair

KINDS = "veth", "vpair"
ADDRESS = {"pa": "02:00:00:00:00:0a", "pb": "02:00:00:00:00:0b"}
ETHTOOL = ("none", "-i", "-k", "-l", "-g", "-S", "-T", "-c", "-a", "-n", "-x", "-P",
           "--show-priv-flags", "--show-eee", "--show-fec", "--phy-statistics", "-m")
# veth counts a packet that is polled without its Ethernet header, and with it otherwise.
POLLED_BYTES = re.compile(r'"bytes": \d+|xdp_bytes: \d+')
# veth takes the carrier away for a moment when its queues change, vpair does not.
CARRIER = re.compile(r'"carrier_(changes|up_count|down_count)": \d+')
IFLA_TXQLEN, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES = 13, 31, 32
IFLA_GSO_MAX_SEGS, IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE = 40, 41, 58


class Both:
    """A pair of each kind, to be treated in the same way."""

    def __init__(self, up=True, attrs=(), peer=()):
        modprobe("veth", "vpair")
        self.ends, self.families = {}, {}
        for kind in KINDS:
            a, b = NetNs(), NetNs()
            for ns in (a, b):
                # Nothing is sent that is not asked for.
                ns.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1"
                       " net.ipv6.conf.default.disable_ipv6=1")
            hardware = {name: (rtnl.IFLA_ADDRESS, bytes.fromhex(text.replace(":", "")))
                        for name, text in ADDRESS.items()}
            pair(a, b, up=False, kind=kind, attrs=[hardware["pa"], *attrs],
                 peer=[hardware["pb"], *peer])
            if up:
                a.up("pa", "192.0.2.1/24")
                b.up("pb", "192.0.2.2/24")
                for ns, name, host, other in ((a, "pa", 2, "pb"), (b, "pb", 1, "pa")):
                    ns.run(f"ip neigh replace 192.0.2.{host} lladdr {ADDRESS[other]} dev {name}")
            self.ends[kind] = {"pa": a, "pb": b}
        if up:
            for ends in self.ends.values():
                wait_until(lambda: "LOWER_UP" in ends["pa"].link("pa")["flags"], 10, "carrier")

    def run(self, name, command):
        """The same command at the end called `name` of either; the answers have to be the same."""
        answers = {}
        for kind in KINDS:
            done = self.ends[kind][name].run(command, check=False, timeout=300)
            answers[kind] = f"{done.stdout}{done.stderr}status {done.returncode}\n"
        compare(f"{command} at {name}", answers)
        return answers

    def compare(self, ignore=None):
        """All that is said of either."""
        for name in ADDRESS:
            compare(name, {kind: self.ethtool(kind, name) + self.link(kind, name)
                           for kind in KINDS}, ignore)

    def compare_links(self, ignore=None):
        """What `ip` says of either."""
        for name in ADDRESS:
            compare(name, {kind: self.link(kind, name) for kind in KINDS}, ignore)

    def features(self):
        """What either can do with frames, as the `netdev` family shows it."""
        for name in ADDRESS:
            answers = {}
            for kind in KINDS:
                ns = self.ends[kind][name]
                if (kind, name) not in self.families:
                    self.families[kind, name] = ynl.family("netdev", ns, ynl.KERNEL_SPECS)
                device = self.families[kind, name].do(
                    "dev-get", {"ifindex": ns.link(name)["ifindex"]})
                answers[kind] = "".join(
                    f"{what}: {sorted(device[what])}\n" for what in
                    ("xdp-features", "xdp-rx-metadata-features", "xsk-features"))
            compare(f"XDP features of {name}", answers)

    def attempt(self, what, function):
        """Calls it with the end called pa of either; both succeed, or say the same."""
        answers = {}
        for kind in KINDS:
            try:
                function(self.ends[kind]["pa"])
                answers[kind] = "done\n"
            except rtnl.NetlinkError as refusal:
                answers[kind] = f"errno {refusal.errno}: {refusal.message}\n"
        compare(what, answers)
        return answers["veth"]

    def link(self, kind, name):
        said = self.ends[kind][name].run(f"ip -d -s -s -j addr show dev {name}").stdout
        link = {key: value for key, value in json.loads(said)[0].items()
                if key not in ("ifindex", "link_index")}
        # Of a program, what the kernel numbers and times.
        for key in ("id", "load_time"):
            link.get("xdp", {}).get("prog", {}).pop(key, None)
        return json.dumps(link, indent=1)

    def ethtool(self, kind, name):
        ns = self.ends[kind][name]
        said = ns.run(f"for flags in {' '.join(ETHTOOL)}; do echo ethtool $flags;"
                      f" ethtool ${{flags#none}} {name} 2>&1; echo status $?; done").stdout
        peer, = (other for other in ADDRESS if other != name)
        index = self.ends[kind][peer].link(peer)["ifindex"]
        return said.replace(f"peer_ifindex: {index}\n", "peer_ifindex: PEER\n")


def compare(what, answers, ignore=None):
    """Says the first line that differs."""
    veth, vpair = (answers.get(kind, "") for kind in KINDS)
    vpair = vpair.replace("vpair", "veth")
    if ignore:
        veth, vpair = (ignore.sub("", text) for text in (veth, vpair))
    section = ""
    for lines in zip(veth.splitlines(), vpair.splitlines()):
        if lines[0].startswith("ethtool "):
            section = f"{lines[0]} "
        if lines[0] != lines[1]:
            raise AssertionError(f"{section}{what}: veth {lines[0]!r}, vpair {lines[1]!r}")
    longer = veth if veth.count("\n") > vpair.count("\n") else vpair
    if veth.count("\n") != vpair.count("\n"):
        first = longer.splitlines()[min(veth.count("\n"), vpair.count("\n"))]
        raise AssertionError(f"{section}{what}: only one of them says {first!r}")


@case
def as_made():
    Both(up=False).compare()


@case
def attributes_of_the_link():
    """Which there are, those too that `ip` does not show."""
    both = Both()
    for name in ADDRESS:
        answers = {}
        for kind in KINDS:
            with both.ends[kind][name].enter():
                found = rtnl.link(name)
            answers[kind] = f"{sorted(found)}\n{sorted(rtnl.parse(found[rtnl.IFLA_LINKINFO]))}\n"
        compare(f"attributes of {name}", answers)


@case
def up_and_counting():
    both = Both()
    # However long it takes: as many ARP requests.
    for name in ADDRESS:
        both.run(name, f"sysctl -qw net.ipv4.neigh.{name}.mcast_solicit=1 "
                       f"net.ipv4.neigh.{name}.delay_first_probe_time=1000")
    both.run("pa", "ping -q -c 5 -i 0.05 -s 600 192.0.2.2 | grep -o '5 received'")
    both.run("pa", "ping -q -c 2 -i 0.05 -W 1 -s 100 192.0.2.9 >/dev/null 2>&1; true")
    both.compare()


@case
def polled():
    both = Both()
    for name in ADDRESS:
        both.run(name, f"ethtool -K {name} gro on")
        both.run(name, f"ethtool -K {name} tso off")
    both.run("pa", "ping -q -c 5 -i 0.05 192.0.2.2 | grep -o '5 received'")
    both.compare(POLLED_BYTES)
    for name in ADDRESS:
        both.run(name, f"ethtool -K {name} gro off rx-gro-list on rx-udp-gro-forwarding on")
    both.compare(POLLED_BYTES)


@case
@emulated
def programs():
    """XDP: what can be attached when, what goes with it, what is counted."""
    both = Both()
    program = bpf.Program(bpf.answer(bpf.DROP))
    large = bpf.Program(bpf.answer(bpf.DROP), fragments=True)

    def attach(program, what):
        return both.attempt(what, lambda ns: program.attach(ns, "pa"))

    def detach():
        return both.attempt("detached", lambda ns: bpf.detach(ns, "pa"))

    both.features()
    equal(attach(program, "attached"), "done\n", "attached")
    both.run("pa", "ping -q -c 5 -i 0.05 -s 600 192.0.2.2 | grep -o '5 received'")
    both.features()
    both.compare(POLLED_BYTES)
    for command in ("mtu 3506", "mtu 3507", "mtu 1500", "down", "up"):
        both.run("pb", f"ip link set pb {command}")
    both.features()
    both.compare_links(POLLED_BYTES)
    equal(attach(large, "replaced"), "done\n", "replaced")
    both.run("pb", "ip link set pb mtu 50000")
    both.features()
    both.compare_links(POLLED_BYTES)
    assert "Peer MTU is too large" in attach(program, "replaced by one for less")
    for mode, why in ((bpf.HW_MODE, "in hardware"), (bpf.DRV_MODE | bpf.HW_MODE, "in two modes"),
                      (1 << 10, "by an unknown flag")):
        assert "errno" in both.attempt(why, lambda ns, mode=mode: program.attach(ns, "pa", mode))
    for numbers in ("rx 2", "rx 1", "tx 2", "tx 1"):
        for name in ADDRESS:
            both.run(name, f"ethtool -L {name} {numbers}")
        both.features()
    equal(detach(), "done\n", "detached")
    both.features()
    both.compare(re.compile(f"{POLLED_BYTES.pattern}|{CARRIER.pattern}"))
    both.run("pb", "ip link set pb mtu 1500; ethtool -L pb tx 2; ethtool -L pa rx 1")
    assert "number of rx queues" in attach(program, "with fewer queues")
    both.features()
    both.run("pb", "ethtool -L pb tx 1")
    for command in ("ethtool -K pa gro on", "ip link set pa down", "ip link set pa up",
                    "ethtool -K pa gro off", "ip link set pa down"):
        both.run("pa", command)
        both.features()
    equal(attach(program, "attached while it is down"), "done\n", "attached while it is down")
    both.run("pa", "ip link set pa up")
    both.features()
    equal(detach(), "done\n", "detached")
    both.features()


@case
def features_one_by_one():
    """Each that can be switched, one after the other; `ethtool -K` says which others go with it."""
    both = Both(up=False)
    features = both.run("pa", "ethtool -k pa")["veth"]
    names = [line.strip().partition(": ") for line in features.splitlines()]
    both.run("pa", "; ".join(f"ethtool -K pa {name} {'off' if state == 'on' else 'on'}"
                             for name, _, state in names if state in ("on", "off")))
    both.compare()


@case
@emulated
def queues():
    numbers = [(IFLA_NUM_TX_QUEUES, rtnl.u32(3)), (IFLA_NUM_RX_QUEUES, rtnl.u32(2))]
    both = Both(attrs=numbers)
    both.compare()
    for numbers in ("rx 1", "tx 2", "rx 2 tx 1", "rx 0", "tx 0", "rx 3", "tx 100", "combined 1"):
        both.run("pa", f"ethtool -L pa {numbers}; ethtool -l pa")
    both.compare(CARRIER)


@case
def queues_of_the_peer():
    numbers = [(IFLA_NUM_TX_QUEUES, rtnl.u32(3)), (IFLA_NUM_RX_QUEUES, rtnl.u32(2))]
    Both(peer=numbers).compare()
    Both(attrs=numbers, peer=[(IFLA_NUM_TX_QUEUES, rtnl.u32(1))]).compare()


@case
def attributes():
    limits = [(IFLA_GSO_MAX_SIZE, rtnl.u32(30000)), (IFLA_GSO_MAX_SEGS, rtnl.u32(20)),
              (IFLA_GRO_MAX_SIZE, rtnl.u32(40000)), (IFLA_TXQLEN, rtnl.u32(77)),
              (rtnl.IFLA_MTU, rtnl.u32(9000))]
    Both(attrs=limits).compare()
    Both(peer=limits).compare()


@case
def settings():
    both = Both()
    for command in ("mtu 67", "mtu 68", "mtu 65535", "mtu 65536", "mtu 1400", "promisc on",
                    "allmulticast on", "multicast off", "arp off", "address 02:00:00:00:00:0c",
                    "address 01:00:00:00:00:00", "txqueuelen 5", "gso_max_size 20000",
                    "gso_max_size 600000", "gro_max_size 70000", "carrier off", "down", "up",
                    "alias text", "group 7", "broadcast 02:00:00:00:00:01"):
        both.run("pa", f"ip link set pa {command}")
        both.compare_links()
    both.run("pb", "ip link set pb down")
    both.compare()
    both.run("pa", "; ".join(("ethtool -G pa rx 1", "ethtool -C pa rx-usecs 1", "ethtool -A pa rx on",
                    "ethtool -s pa speed 100", "ethtool -r pa", "ethtool -t pa",
                    "ethtool --set-priv-flags pa x on", "ethtool -X pa default")))


def ended():
    """The number of a process that there is no more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@case
def refusals():
    """The same errno for what cannot be made; kernet says the attribute where veth does not."""
    modprobe("veth", "vpair")
    ns = NetNs()
    header = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    bad = (dict(attrs=[(rtnl.IFLA_ADDRESS, b"\x02" * 5)]),
           dict(attrs=[(rtnl.IFLA_ADDRESS, b"\x01" * 6)]),
           dict(attrs=[(rtnl.IFLA_ADDRESS, bytes(6))]),
           dict(attrs=[(rtnl.IFLA_MTU, rtnl.u32(67))]),
           dict(attrs=[(rtnl.IFLA_MTU, rtnl.u32(65536))]),
           dict(attrs=[(IFLA_NUM_RX_QUEUES, rtnl.u32(0))]),
           dict(attrs=[(IFLA_NUM_TX_QUEUES, rtnl.u32(5000))]),
           dict(data=[(PEER, b"short")]),
           dict(data=[(PEER, header + b"\x05\0\0")]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_MTU, b"\0"))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_MTU, rtnl.u32(67)))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_IFNAME, b"pa\0"))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_IFNAME, b"a/b\0"))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_ADDRESS, b"\x01" * 6))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_NET_NS_FD, rtnl.u32(99)))]),
           # Of a process that has ended.
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_NET_NS_PID, rtnl.u32(ended())))]),
           dict(attrs=[(rtnl.IFLA_NET_NS_PID, rtnl.u32(ended()))]),
           dict(attrs=[(rtnl.IFLA_TARGET_NETNSID, rtnl.u32(77))]),
           # Twice, of which the last one counts; unknown ones, which do not.
           dict(attrs=[(rtnl.IFLA_MTU, rtnl.u32(1400)), (rtnl.IFLA_MTU, rtnl.u32(60))]),
           dict(attrs=[(rtnl.IFLA_MTU, rtnl.u32(60)), (rtnl.IFLA_MTU, rtnl.u32(1400))]),
           dict(data=[(PEER, header + rtnl.attribute(rtnl.IFLA_IFNAME, b"pb\0")), (PEER, b"short")]),
           dict(data=[(PEER, b"short"), (PEER, header + rtnl.attribute(rtnl.IFLA_IFNAME, b"pb\0"))]),
           dict(data=[(2, b"data")]), dict(data=[(0, b"")]), dict(data=[(99, b"data")]))
    for wrong in bad:
        answers = {}
        for kind in KINDS:
            with ns.enter():
                try:
                    rtnl.newlink("pa", kind, **wrong)
                    answers[kind] = "made\n"
                    ns.run("ip link del pa")
                except rtnl.NetlinkError as refusal:
                    answers[kind] = f"errno {refusal.errno}\n"
            assert len(json.loads(ns.run("ip -j link show").stdout)) == 1, f"{kind}: left: {wrong}"
        compare(str(wrong), answers)


main(63)
