#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets of a test suite that others wrote, through siit's device.

They are no part of the project: a folder `shared` beside it has them, with a README. What is sent and what is
expected is in its cases.tsv.

    +------ six ------+     +------------ t -------------+     +------ four ------+
    | 2001:db8:1c0:   |     | 2001:db8:  x0              |     |                  |
    |    2:21::/64   u0 --- s0 1c0:2:1::  198.51.100.1  f0 --- u0 198.51.100.2/24 |
    +-----------------+     +----------------------------+     +------------------+

Through a device a packet is forwarded twice: its TTL is one lower than expected, and the checksum of an IPv4
header differs with it. An answer to what was refused quotes the packet with a TTL that is one lower, too.
"""

import ipaddress
import pathlib
import select
import socket
import time

import rtnl
from selftest import NetNs, Skip, case, main, modprobe
from translators import (LOWEST_IPV6_MTU, PREFIX, PREFIX_LEN, SOURCE4, SOURCE4_LEN, SOURCE6, SOURCE6_LEN,
                         ZERO_CHECKSUM, Family, batch)

# What is not as expected, by the packet that is sent or expected, and why.
DIFFERENT = {
    "7915/aat2.pkt": "Linux drops what has two source routes before it is routed (RFC 1122 section 3.2.1.8)",
    "7915/hae1.pkt": "Linux drops what comes from 127.0.0.1 before it is routed (RFC 1812 section 5.3.7)",
    "7915/hae2.pkt": "Linux drops what comes from 0.0.0.0 before it is routed (RFC 1812 section 5.3.7)",
    "7915/cge1.pkt": "Linux's IPv4 tells of its link's MTU, from its own address in IPv4",
    "7915/cge2.pkt": "a fragment may be fragmented on its way in IPv4 (RFC 7915 section 5.1.1)",
    "manual/6791v64e-empty.pkt": "Linux drops what comes from its own address (RFC 1812 section 5.3.8)",
}
OWN4, OWN6 = "198.51.100.1", "2001:db8:1c0:2:1::"


def folder():
    for above in pathlib.Path(__file__).resolve().parents:
        if (above / "shared/vectors/siit/cases.tsv").is_file():
            return above / "shared/vectors/siit"
    raise Skip("there is no shared/vectors/siit above the project")


class Net:
    """The three namespaces of the picture, and sockets at both ends."""

    def __init__(self):
        modprobe("siit")
        self.six, self.t, self.four = NetNs(), NetNs(), NetNs()
        six, t, four = self.six, self.t, self.four
        batch(t, f"link add s0 type veth peer name u0 netns {six.name}",
              f"link add f0 type veth peer name u0 netns {four.name}",
              f"addr add {OWN6}/64 dev s0 nodad", f"addr add {OWN4}/24 dev f0",
              "link set s0 up", "link set f0 up", "link add x0 type siit", "link set x0 up")
        t.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.auto_flowlabels=0 "
              "net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=100000 "
              "net.ipv6.icmp.ratelimit=0 net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.f0.accept_source_route=1")
        # The ends neither answer nor ask: their packets come from here alone.
        for ns in (six, four):
            ns.run("sysctl -qw net.ipv6.conf.u0.disable_ipv6=1")
            batch(ns, "link set u0 up arp off")
        self.ends = {}
        for name, ns, own in (("IPv6", six, "s0"), ("IPv4", four, "f0")):
            own_mac = bytes.fromhex(t.link(own)["address"].replace(":", ""))
            mac = ns.link("u0")["address"]
            with ns.enter():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                sock.bind(("u0", 3))
            self.ends[name] = (sock, own_mac, bytes.fromhex(mac.replace(":", "")))
            address = "2001:db8:1c0:2:21::" if own == "s0" else "198.51.100.2"
            batch(t, f"neigh add {address} lladdr {mac} dev {own} nud permanent")
        batch(t, "route add 192.0.2.0/24 dev x0", "route add 1.0.0.0/24 dev x0", "route add 10.0.0.0/24 dev x0",
              "route add 2001:db8:100::/40 dev x0", "route add 2001:db8:3::/120 via 2001:db8:1c0:2:21:: dev s0",
              "route add 2001:db8:2::/120 via 2001:db8:1c0:2:21:: dev s0")
        self.family, self.words = Family(t), None

    def configure(self, words):
        if words == self.words:
            return
        self.words = words
        values = {"rfc6791v4-prefix": OWN4, "rfc6791v6-prefix": OWN6, "lowest-ipv6-mtu": "1280", "pool6": None,
                  "amend-udp-checksum-zero": "0", "mtu4": "1500", "mtu6": "1500"}
        mappings = []
        for word in words.split():
            key, _, value = word.partition("=")
            if key.startswith("eam:"):
                mappings.append((value, key[4:]))
            elif value != "null":
                values[key] = value
        data = [(PREFIX_LEN, b"\0")]
        if values["pool6"]:
            prefix = ipaddress.IPv6Network(values["pool6"])
            data = [(PREFIX, prefix.network_address.packed), (PREFIX_LEN, bytes([prefix.prefixlen]))]
        mtu4, mtu6 = int(values["mtu4"]), int(values["mtu6"])
        # The translator is told of the links behind it by this setting alone.
        lowest = min(int(values["lowest-ipv6-mtu"]), mtu6)
        data += [(LOWEST_IPV6_MTU, rtnl.u32(lowest)), (ZERO_CHECKSUM, bytes([int(values["amend-udp-checksum-zero"])])),
                 (SOURCE4, ipaddress.IPv4Address(values["rfc6791v4-prefix"]).packed), (SOURCE4_LEN, b"\x20"),
                 (SOURCE6, ipaddress.IPv6Address(values["rfc6791v6-prefix"]).packed), (SOURCE6_LEN, b"\x80")]
        with self.t.enter():
            rtnl.newlink("x0", "siit", data=data, create=False)
        self.family.replace(*mappings)
        batch(self.t, f"link set f0 mtu {mtu4}", f"link set s0 mtu {mtu6}", f"link set x0 mtu {max(1500, mtu4)}")
        for ns, mtu in ((self.six, max(1500, mtu6)), (self.four, max(1500, mtu4))):
            batch(ns, f"link set u0 mtu {mtu}")

    def send(self, side, packet):
        sock, to, own = self.ends[side]
        ethertype = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        sock.send(to + own + ethertype + packet)

    def received(self, side, count):
        """Packets that come at an end, until there are so many, or for a second."""
        sock, own, mac = self.ends[side]
        packets, end = [], time.monotonic() + 1
        while len(packets) < count and select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
            frame, address = sock.recvfrom(65536)
            # Not what this end has sent (PACKET_OUTGOING), nor what the router asks about itself.
            if address[2] != 4 and frame[:6] == mac:
                packets.append(frame[14:])
        return packets

    def drain(self):
        for sock, _, _ in self.ends.values():
            while select.select([sock], [], [], 0)[0]:
                sock.recv(65536)


def differences(got, expected, ignored, answer):
    """The places where two packets differ that must not."""
    four = expected[0] >> 4 == 4
    ignored = ignored | ({8, 10, 11} if four else {7})
    if answer:
        # Linux's own: the checksum of what quotes a lower TTL.
        at = 28 if four else 48
        ignored |= {at - 6, at - 5} | ({at + 8, at + 10, at + 11} if four else {at + 7})
    if len(got) != len(expected):
        return [f"{len(got)} bytes for {len(expected)}"]
    return [at for at in range(len(got)) if at not in ignored and got[at] != expected[at]]


def tried(net, where, line):
    """Runs a case; returns what is wrong."""
    sent, source, to, expected, ignored, words = line.split("\t")
    net.configure(words)
    net.drain()
    expected = [(where / name).read_bytes() for name in expected.split(",")]
    ignored = {int(at) for at in ignored.split(",") if at}
    packet = (where / sent).read_bytes()
    net.send(source, packet)
    got = net.received(to, len(expected))
    # An answer comes back to who has sent the packet, and quotes it.
    answer = source == to and packet[12:16] in expected[0][28:] and packet[40:48] in expected[0]
    wrong = []
    for want in expected:
        found = [differences(have, want, ignored, answer) for have in got]
        if [] not in found:
            wrong.append(min(found, key=len, default="nothing came"))
    return wrong


@case
def packets_of_others():
    where = folder()
    net = Net()
    failed, passed = [], 0
    lines = (where / "cases.tsv").read_text().splitlines()[1:]
    for line in lines:
        sent, _, _, expected = line.split("\t")[:4]
        wrong = tried(net, where, line)
        if wrong and not {sent, expected} & set(DIFFERENT):
            failed.append(f"{line.split(chr(9))[:3]}: {str(wrong)[:100]}")
        elif not wrong:
            passed += 1
    print(f"# {passed} of {len(lines)} packets are as expected")
    for name, why in DIFFERENT.items():
        print(f"# not {name}: {why}")
    assert not failed, f"{len(failed)}: {failed[:8]}"
    assert passed >= len(lines) - len(DIFFERENT), passed


main(40)
