#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of what is received into buffers of a page pool, with the cards of nic.rs: as packets that
begin in one, or as fragments whose headers the stack looks for. See cards.py."""

import re
import socket
import time

import ynl
from cards import ethtool, flood, statistics, two
from selftest import (NetNs, case, checked, emulated, equal, iperf, loaded, main, modprobe, rmmod,
                      traced, wait_until)

UDP_SEGMENT = 103
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


def told(event, device="pb"):
    """What was traced of an event of the device: a dictionary of fields for each packet."""
    return [dict(re.findall(r"(\w+)=(\S+)", line)) for line in event if f"dev={device} " in line]


def counter(ns, name):
    return int(re.search(rf"^{name} +(\d+)", ns.run(f"nstat -saz {name}").stdout, re.M)[1])


def pools(ns):
    family = ynl.family("netdev", ns, ynl.KERNEL_SPECS)
    return family.dump("page-pool-get", {})


@case
def every_size_arrives():
    """From one byte in a packet to as many buffers as the MTU takes, and several packets of those."""
    for how in HOW:
        a, b = receiving(how)
        for size in (0, 1, 56, 657, 658, 659, 1400, 4000, 8972, 30000):
            for address in ("192.0.2.2", "2001:db8::2"):
                assert a.ping(address, options=f"-s {size} -W 5"), f"{how}: {size} bytes to {address}"


@case
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
@emulated
def the_flow_and_the_queue_are_told():
    """A flow has one number and one queue; without the offload it has no number."""
    for how, event in zip(HOW, ("napi_gro_frags_entry", "napi_gro_receive_entry")):
        a, b = receiving(how)
        ethtool(b, "-L pb combined 2")
        for hashes in "on", "off":
            ethtool(b, f"-K pb rxhash {hashes}")
            before = statistics(b, "pb")["rx"]["packets"]
            with traced(f"net/{event}") as lines:
                with a.enter():
                    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(32)]
                for sender in senders * 2:
                    sender.sendto(b"x" * 100, ("192.0.2.2", 9))
                    time.sleep(0.01)
                wait_until(lambda: statistics(b, "pb")["rx"]["packets"] >= before + 64, 20, "datagrams")
            for sender in senders:
                sender.close()
            packets = [fields for fields in told(lines) if fields["protocol"] == "0x0800"]
            queues = {(fields["hash"], fields["queue_mapping"]) for fields in packets}
            # Counted from 1.
            equal({queue for _, queue in queues}, {"1", "2"}, "queues")
            flows = {number for number, _ in queues}
            if hashes == "off":
                equal(flows, {"0x00000000"}, "numbers of flows")
            else:
                equal({fields["l4_hash"] for fields in packets}, {"1"}, "numbers of ports, too")
                assert len(flows) >= 32, flows
                equal(len(queues), len(flows), "queues of all flows")


@case
@checked
def what_the_card_has_merged_is_cut_again():
    """By a device that cannot send it, or by the socket that it is for."""
    a, b = receiving("buffers")
    c = NetNs()
    for ns, name in ((a, "pa"), (b, "pb")):
        ns.run(f"ip link set {name} mtu 1500")
    ethtool(a, "-K pa tso on gso on")
    a.run("ip link set pa gso_max_size 8000")
    modprobe("vpair")
    b.run(f"ip link add to_c type vpair peer name to_b netns {c.name}")
    ethtool(b, "-K to_c tso off gso off tx off")
    b.up("to_c", "198.51.100.1/24", "2001:db8:1::1/64")
    c.up("to_b", "198.51.100.2/24", "2001:db8:1::2/64")
    for version in "ipv4.ip_forward", "ipv6.conf.all.forwarding":
        b.run(f"sysctl -qw net.{version}=1")
    for ns, via in ((a, ("192.0.2.2", "2001:db8::2")), (c, ("198.51.100.1", "2001:db8:1::1"))):
        ns.run(f"ip route add default via {via[0]}")
        ns.run(f"ip -6 route add default via {via[1]}")
    for server, address in ((b, "192.0.2.2"), (c, "198.51.100.2"), (c, "2001:db8:1::2")):
        with traced("net/napi_gro_receive_entry") as lines:
            assert iperf(a, server, address) > 100_000
        merged = [fields for fields in told(lines) if fields["gso_size"] != "0"]
        assert merged, f"nothing merged to {address}"
        # TCP over IPv4 or IPv6, and not to be trusted.
        want = 1 << 4 if ":" in address else 1 << 0
        for fields in merged:
            equal(int(fields["gso_type"], 16) & (1 << 1 | 1 << 0 | 1 << 4), want | 1 << 1, "gso_type")
        equal(counter(server, "TcpInCsumErrors"), 0, "checksum errors")
    # UDP: as many datagrams as there were.
    for server, address in ((b, "192.0.2.2"), (c, "198.51.100.2")):
        with server.enter():
            sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with a.enter():
            source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sink, source:
            sink.bind((address, 9))
            sink.settimeout(20)
            source.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
            source.sendto(bytes(range(7)) * 1000, (address, 9))
            got = [sink.recv(8000) for _ in range(7)]
        equal(b"".join(got), bytes(range(7)) * 1000, "data")
        equal([len(data) for data in got], [1000] * 7, "datagrams")


@case
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


main(60)
