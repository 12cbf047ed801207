#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip: what is carried, and what is refused. See tunnels.py."""

import contextlib
import errno
import re
import socket
import struct
import subprocess
import time

import rtnl
from selftest import (NetNs, case, checked, defer, drop_reasons, equal, iperf, main, need, run,
                      wait_until)
from tunnels import (A, B, LINK, LOCAL, PMTUDISC, REMOTE, TOS, TTL, address, links, refused, settings,
                     router_device, statistics, tunnel, two, underlay)

PROTOCOL = 97
NOT_ECT, ECT_1, ECT_0, CE = 0, 1, 2, 3


@contextlib.contextmanager
def capture(ns, device):
    """A function that returns the next frame that `wanted` says yes to."""
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind((device, 3))
    sock.settimeout(10)

    def frame(wanted=lambda frame: True):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            data = sock.recv(65536)
            if wanted(data):
                return data
        raise AssertionError("no such frame")
    with sock:
        yield frame


def outer(frame):
    """The outer IPv4 header's TTL, TOS and DF of a frame on the underlay; None for others."""
    if frame[12:14] != b"\x08\x00" or frame[23] != PROTOCOL:
        return None
    return frame[22], frame[15], bool(frame[20] & 0x40)


def sender(ns, tos=0):
    """A raw socket: what it sends is the payload of IPv4."""
    with ns.enter():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    defer(sock.close)
    return lambda payload: sock.sendto(payload, (A, 0))


def ipv4(tos=0, payload=b"", protocol=253):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 0, 0, 9, protocol, 0,
                       address("198.51.100.2"), address("198.51.100.1"))
    words = struct.unpack("!10H", head)
    check = sum(words)
    while check >> 16:
        check = (check & 0xffff) + (check >> 16)
    return head[:10] + struct.pack("!H", check ^ 0xffff) + head[12:] + payload


def frame(payload, ethertype=0x0800, to=b"\xff" * 6):
    return to + b"\x02\0\0\0\0\x09" + struct.pack("!H", ethertype) + payload


@case
@checked
def carries_arp_ipv4_and_ipv6():
    a, _, b = two()
    with capture(a, "t0") as received:
        assert a.ping("198.51.100.2")
        received(lambda frame: frame[12:14] == b"\x08\x06")
    assert b.ping("2001:db8::1", options="-s 1400")
    assert a.ping("198.51.100.2", options="-s 4000")


@case
@checked
def carries_tcp():
    a, _, b = two()
    assert iperf(a, b, "198.51.100.2") > 1e5
    assert iperf(b, a, "2001:db8::1") > 1e5


@case
def carries_tcp_without_offloads():
    need("ethtool")
    a, _, b = two()
    for ns in (a, b):
        ns.run("ethtool -K t0 tx off sg off gro off; ethtool -K u0 tx off sg off tso off gro off")
    assert iperf(a, b, "198.51.100.2") > 1e5


@case
def carries_vlans():
    a, _, b = two()
    for ns, host in ((a, 1), (b, 2)):
        ns.run("ip link add link t0 name v7 type vlan id 7; ip link set t0 mtu 1460")
        ns.up("v7", f"203.0.113.{host}/24")
    assert a.ping("203.0.113.2")
    assert a.ping("203.0.113.2", options="-s 1432 -M do")


@case
def carries_a_bridge():
    """Hosts behind a bridge at either end, which have no address on the tunnel."""
    a, _, b = two()
    c, d = NetNs(), NetNs()
    for ns, host, number in ((a, c, 1), (b, d, 2)):
        ns.run("ip addr flush dev t0; ip link add br0 type bridge; ip link set br0 up; "
               "ip link set t0 master br0; ip link set br0 mtu 1464")
        run(f"ip -n {ns.name} link add p0 type veth peer name e0 netns {host.name}")
        ns.run("ip link set p0 master br0 up mtu 1464")
        host.run("ip link set e0 mtu 1464")
        host.up("e0", f"203.0.113.{number}/24")
    assert c.ping("203.0.113.2", options="-w 30")
    assert iperf(c, d, "203.0.113.2") > 1e5


@case
def has_the_format_of_the_rfc():
    """RFC 3378 section 3: 3 0 0 0, then the frame; nothing behind it."""
    a, _, b = two()
    with capture(b, "u0") as received, capture(a, "t0") as sent:
        a.run("ping -q -c 1 -s 37 198.51.100.2")
        inner = sent(lambda frame: frame[12:14] == b"\x08\0")
        packet = received(lambda frame: outer(frame) and inner in frame)
    equal(packet[14:16], b"\x45\x00", "IPv4 header")
    equal(packet[23], PROTOCOL, "protocol")
    equal((packet[26:30], packet[30:34]), (address(A), address(B)), "addresses")
    equal(packet[34:36], b"\x30\x00", "EtherIP header")
    equal(packet[36:], inner, "frame")


@case
def is_decoded_by_others():
    """tcpdump counts the outer packet's bytes right; scapy knows the protocol."""
    need("tcpdump")
    a, _, b = two()
    path = f"/tmp/{b.name}.pcap"
    dump = b.popen(f"tcpdump -U -c 8 -i u0 -w {path} ip proto 97", stderr=subprocess.PIPE)
    wait_until(lambda: "listening" in dump.stderr.readline(), 20, "tcpdump listens")
    a.ping("198.51.100.2", count=20, options="-s 64")
    dump.wait(30)
    text = run(f"tcpdump -n -v -r {path}").stdout
    assert re.search(r"proto .*97\), length 128\)\s+192.0.2.1 > 192.0.2.129", text), text
    from scapy.all import ICMP, IP, Ether, rdpcap
    from scapy.contrib.etherip import EtherIP
    pings = [packet for packet in rdpcap(path) if ICMP in packet]
    assert pings, text
    for packet in pings:
        equal(packet[EtherIP].version, 3, "version")
        equal(packet[EtherIP].reserved, 0, "reserved bits")
        equal(packet[EtherIP].payload.__class__, Ether, "what is in it")
        equal({packet[IP:2].src, packet[IP:2].dst}, {"198.51.100.1", "198.51.100.2"}, "addresses")


@case
def has_the_mtu_of_its_underlay():
    a, r, b = underlay()
    tunnel(a, local=A, remote=B)
    equal(a.link("t0")["mtu"], 1500 - 20 - 2 - 14, "MTU")
    a.run("ip link set u0 mtu 1400")
    tunnel(a, name="t1", remote="192.0.2.130")
    equal(a.link("t1")["mtu"], 1400 - 36, "MTU over a smaller one")
    tunnel(a, name="t2", remote="192.0.2.131", attrs=[(rtnl.IFLA_MTU, rtnl.u32(700))])
    equal(a.link("t2")["mtu"], 700, "MTU asked for")
    a.run("ip link set t2 mtu 65499")
    for mtu in (65500, 67):
        assert a.run(f"ip link set t2 mtu {mtu}", check=False).returncode != 0, mtu
    for ns in (a, b, r):
        ns.delete()


@case
def answers_its_settings():
    a, _, b = underlay()
    index = a.link("u0")["ifindex"]
    tunnel(a, local=A, remote=B, ttl=7, tos=0x10, pmtudisc=0, link=index)
    equal(settings(a), {LOCAL: address(A), REMOTE: address(B), TTL: b"\x07", TOS: b"\x10",
                        PMTUDISC: b"\0", LINK: rtnl.u32(index)}, "settings")
    equal(a.link("t0")["link"], "u0", "link")
    tunnel(b, remote=A)
    equal(settings(b), {LOCAL: bytes(4), REMOTE: address(A), TTL: b"\0", TOS: b"\0",
                        PMTUDISC: b"\x01", LINK: bytes(4)}, "defaults")


def sent_as(a, b, options, **more):
    """TTL, TOS and DF of the outer header for a ping with these options."""
    if more:
        tunnel(a, create=False, **more)
    with capture(b, "u0") as received:
        a.run(f"ping -q -c 1 -W 5 -p a5 -s 99 {options}")
        packet = received(lambda frame: outer(frame) and frame[26:30] == address(A)
                          and frame.endswith(b"\xa5" * 50))
    ttl, tos, df = outer(packet)
    # One hop, by the router.
    return ttl + 1, tos, df


@case
def inherits_or_fixes_ttl_and_tos():
    a, _, b = two()
    equal(sent_as(a, b, "-t 33 -Q 0x28 198.51.100.2"), (33, 0, True), "inherited TTL")
    equal(sent_as(a, b, "-t 33 -Q 0x28 198.51.100.2", ttl=77, tos=0x50), (77, 0x50, True), "fixed")
    equal(sent_as(a, b, "-t 33 -Q 0x28 198.51.100.2", tos=1), (77, 0x28, True), "inherited TOS")
    equal(sent_as(a, b, "-t 44 -Q 0x28 2001:db8::2", ttl=0), (44, 0x28, True), "from IPv6")
    # RFC 6040 section 4.1: the congestion bits always, but for a mark.
    equal(sent_as(a, b, "-Q 0x02 198.51.100.2", ttl=9, tos=0x50), (9, 0x52, True), "ECT(0)")
    equal(sent_as(a, b, "-Q 0x03 198.51.100.2"), (9, 0x52, True), "CE")


@case
def inherits_through_a_vlan():
    a, _, b = two(tos=1)
    for ns, host in ((a, 1), (b, 2)):
        ns.run("ip link add link t0 name v7 type vlan id 7")
        ns.up("v7", f"203.0.113.{host}/24")
    equal(sent_as(a, b, "-t 33 -Q 0x28 203.0.113.2")[:2], (33, 0x28), "TTL and TOS")


@case
def says_dont_fragment():
    a, _, b = two()
    equal(sent_as(a, b, "-t 9 -M dont 198.51.100.2")[2], True, "DF")
    equal(sent_as(a, b, "-t 9 -M dont 198.51.100.2", pmtudisc=0)[2], False, "DF of none inside")
    equal(sent_as(a, b, "-t 9 -M do 198.51.100.2")[2], True, "DF of one inside")


@case
def tells_its_senders_the_path_mtu():
    a, r, b = two()
    for ns, device in ((b, "u0"), (r, router_device(b))):
        ns.run(f"ip link set {device} mtu 1300")
    # The first is lost at the router, which tells the tunnel; the next one's sender is told.
    def told(host):
        said = a.run(f"ping -c 1 -W 1 -M do -s 1350 {host}", check=False)
        return f"mtu = {1300 - 36}" in said.stdout + said.stderr or \
            f"mtu: {1300 - 36}" in said.stdout + said.stderr or \
            f"mtu={1300 - 36}" in said.stdout + said.stderr
    wait_until(lambda: told("198.51.100.2"), 20, "an IPv4 sender is told the path MTU")
    assert a.ping("198.51.100.2", options=f"-M do -s {1264 - 28}")
    # Less than IPv6 may have: what is too big for the path is lost, as with the C tunnels.
    for ns, device in ((b, "u0"), (r, router_device(b))):
        ns.run(f"ip link set {device} mtu 1400")
    a.run("ip route flush cache")
    wait_until(lambda: a.run("ip route flush cache") and told_v6(a, 1400 - 36), 30,
               "an IPv6 sender is told the path MTU")


def told_v6(a, mtu):
    a.run("ping -c 1 -W 1 -M do -s 1400 2001:db8::2", check=False)
    said = a.run("ping -c 1 -W 1 -M do -s 1400 2001:db8::2", check=False)
    return str(mtu) in said.stdout + said.stderr


@case
def larger_packets_are_fragmented_outside():
    """Which makes what arrives nonlinear."""
    a, _, b = two(pmtudisc=0)
    for ns in (a, b):
        ns.run("ip link set t0 mtu 9000")
    assert a.ping("198.51.100.2", options="-M dont -s 8000")
    assert a.ping("2001:db8::2", options="-s 6000")


@case
@checked
def drops_what_is_malformed():
    a, _, b = two()
    a.run("sysctl -qw net.ipv4.icmp_ratelimit=0")
    wait_until(lambda: a.ping("198.51.100.2"), 10)
    send = sender(b)
    good = frame(ipv4())
    for payload, column, reason in (
            (b"", "length_errors", "PKT_TOO_SMALL"),
            (b"\x30", "length_errors", "PKT_TOO_SMALL"),
            (b"\x30\0", "length_errors", "PKT_TOO_SMALL"),
            (b"\x30\0" + good[:13], "length_errors", "PKT_TOO_SMALL"),
            (b"\x30\0" + good[:33], "length_errors", "PKT_TOO_SMALL"),
            (b"\x20\0" + good, "frame_errors", "INVALID_PROTO"),
            (b"\x40\0" + good, "frame_errors", "INVALID_PROTO"),
            (b"\x03\0" + good, "frame_errors", "INVALID_PROTO"),
            (b"\x30\x01" + good, "frame_errors", "INVALID_PROTO"),
            (b"\x3f\0" + good, "frame_errors", "INVALID_PROTO")):
        before = statistics(a)["rx"]
        with drop_reasons() as reasons:
            send(payload)
            wait_until(lambda: statistics(a)["rx"]["errors"] > before["errors"], 5,
                       f"{payload[:3].hex()} is an error")
        after = statistics(a)["rx"]
        equal(after[column] - before[column], 1, f"{column} for {payload[:3].hex()}")
        equal(after["errors"] - before["errors"], 1, "errors")
        assert reason in reasons, (payload[:3].hex(), reasons)
    before = statistics(a)["rx"]["packets"]
    send(b"\x30\0" + good)
    wait_until(lambda: statistics(a)["rx"]["packets"] > before, 5, "the good one is received")


@case
@checked
def nonlinear_garbage_is_dropped():
    """Long payloads of wrong content, which come as fragments."""
    a, _, b = two()
    send = sender(b)
    before = statistics(a)["rx"]
    for start in (b"\x30\0" + frame(b"\x81\0" * 10, 0x8100), b"\x30\0" + frame(b"", 0x86dd),
                  b"\x30\0" + frame(b"\0\x07\x86\xdd", 0x8100), b"\xff" * 3):
        for size in (1, 60, 1500, 5000, 20000):
            send(start + b"\xff" * size)
    assert a.ping("198.51.100.2")
    after = statistics(a)["rx"]
    equal(after["frame_errors"] - before["frame_errors"], 5, "wrong headers")


@case
def passes_congestion_marks_inwards():
    """RFC 6040 section 4.2, figure 4."""
    a, _, b = two()
    for tag in (b"", b"\x81\0\0\x07"):
        for outside, inside, want in ((NOT_ECT, NOT_ECT, NOT_ECT), (NOT_ECT, ECT_0, ECT_0),
                                      (ECT_1, ECT_0, ECT_1), (ECT_0, ECT_1, ECT_1), (CE, ECT_0, CE),
                                      (CE, ECT_1, CE), (CE, CE, CE), (ECT_0, NOT_ECT, NOT_ECT),
                                      (CE, NOT_ECT, None)):
            send = sender(b, outside)
            marker = struct.pack("BBBB", 0xec, outside, inside, len(tag))
            head = frame(b"")[:12]
            payload = head + tag + b"\x08\0" + ipv4(inside, marker)
            before = statistics(a)["rx"]["frame_errors"]
            with capture(a, "t0") as received:
                send(b"\x30\0" + payload)
                if want is None:
                    wait_until(lambda: statistics(a)["rx"]["frame_errors"] == before + 1, 5,
                               "a mark that cannot be passed on is an error")
                    continue
                got = received(lambda frame: frame.endswith(marker))
            # The kernel takes the tag out before a socket sees the frame, or not.
            at = got.index(b"\x08\0\x45") + 2
            equal(got[at + 1] & 3, want, f"{outside} outside, {inside} inside")
            words = struct.unpack("!10H", got[at:at + 20])
            total = sum(words)
            equal((total & 0xffff) + (total >> 16), 0xffff, "checksum")
            equal(statistics(a)["rx"]["frame_errors"], before, "errors")


@case
def passes_congestion_marks_into_ipv6():
    a, _, b = two()
    for outside, want in ((CE, CE), (ECT_1, ECT_1), (NOT_ECT, ECT_0)):
        send = sender(b, outside)
        marker = struct.pack("BB", 0xec, outside)
        header = struct.pack("!IHBB16s16s", 0x60000000 | ECT_0 << 20, 2, 253, 9, bytes(16), bytes(16))
        with capture(a, "t0") as received:
            send(b"\x30\0" + frame(header + marker, 0x86dd))
            got = received(lambda frame: frame.endswith(marker) and frame[12:14] == b"\x86\xdd")
        equal(got[15] >> 4 & 3, want, f"{outside} outside")


@case
@checked
def rejects_what_belongs_to_no_tunnel():
    a, _, b = underlay()
    with b.enter():
        icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    icmp.settimeout(10)
    defer(icmp.close)
    sender(b)(b"\x30\0" + frame(ipv4()))
    answer = icmp.recv(2048)
    equal(tuple(answer[20:22]), (3, 3), "ICMP type and code")
    # A tunnel that is down is none.
    tunnel(a, local=A, remote=B)
    sender(b)(b"\x30\0" + frame(ipv4()))
    equal(tuple(icmp.recv(2048)[20:22]), (3, 3), "ICMP type and code")


@case
def chooses_the_better_tunnel():
    """One with the local address before one with any; one bound to the device before both."""
    a, _, b = underlay()
    index = a.link("u0")["ifindex"]
    send = sender(b)
    def goes_to(name):
        others = [link for link in links(a) if link != name]
        before = {link: statistics(a, link)["rx"]["packets"] for link in [name, *others]}
        send(b"\x30\0" + frame(ipv4()))
        wait_until(lambda: statistics(a, name)["rx"]["packets"] > before[name], 5, f"{name} has it")
        for link in others:
            equal(statistics(a, link)["rx"]["packets"], before[link], f"packets of {link}")
    for name, more in (("any", {}), ("own", {"local": A}), ("anybound", {"link": index}),
                       ("ownbound", {"local": A, "link": index})):
        tunnel(a, name=name, remote=B, **more)
        a.run(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1; ip link set {name} up")
        goes_to(name)
    a.run("ip link set ownbound down")
    goes_to("anybound")
    a.run("ip link del anybound")
    goes_to("own")
    tunnel(a, name="own", remote="192.0.2.200", create=False)
    goes_to("any")


@case
def refuses_a_second_one():
    a, _, b = underlay()
    tunnel(a, local=A, remote=B)
    refused(errno.EEXIST, "t0", tunnel, a, name="t1", local=A, remote=B)
    tunnel(a, name="t1", remote=B)
    refused(errno.EEXIST, "t0", tunnel, a, name="t1", local=A, create=False)
    equal(settings(a, "t1")[LOCAL], bytes(4), "local address after a change that failed")
    tunnel(a, name="t1", ttl=3, create=False)
    tunnel(b, local=A, remote=B)
    equal(sorted(links(a)), ["t0", "t1"], "tunnels")


@case
def refuses_bad_attributes():
    a, _, _ = underlay()
    host = [(REMOTE, address(B))]
    with a.enter():
        for text, data in (("required", []),
                           ("not the address of a host", [(REMOTE, bytes(4))]),
                           ("not the address of a host", [(REMOTE, address("224.0.0.5"))]),
                           ("not the address of a host", [(REMOTE, b"\xff" * 4)]),
                           ("not the address of a host", host + [(LOCAL, address("239.1.1.1"))]),
                           ("index", host + [(LINK, rtnl.u32(1 << 31))]),
                           ("range", host + [(PMTUDISC, b"\2")]),
                           ("out of range", [(REMOTE, b"\1\2\3")]),
                           ("out of range", [(REMOTE, b"\1\2\3\4\5")]),
                           ("", host + [(TTL, b"\1\2")])):
            try:
                rtnl.newlink("t0", "etherip", data=data)
            except rtnl.NetlinkError as refusal:
                assert refusal.errno in (errno.EINVAL, errno.ERANGE), (data, refusal)
                assert text in str(refusal), (data, refusal)
                assert refusal.offset is not None or text == "required", (data, refusal)
            else:
                raise AssertionError(f"accepted: {data}")
    equal(links(a), [], "tunnels")


@case
def changes_under_way():
    a, _, b = two()
    assert a.ping("198.51.100.2")
    b.run("ip addr add 192.0.2.140/25 dev u0")
    tunnel(b, local="192.0.2.140", create=False)
    assert not a.ping("198.51.100.2", count=1, options="-w 1")
    tunnel(a, remote="192.0.2.140", create=False)
    assert a.ping("198.51.100.2", options="-w 20")
    equal(settings(a)[LOCAL], address(A), "local address")
    equal(settings(a)[REMOTE], address("192.0.2.140"), "remote address")


@case
def bound_to_a_device():
    a, _, b = two(link=0)
    index = a.link("u0")["ifindex"]
    a.run("ip link add d0 type dummy; ip link set d0 mtu 1000 up")
    tunnel(a, link=a.link("d0")["ifindex"], create=False)
    assert not a.ping("198.51.100.2", count=1, options="-w 1")
    tunnel(a, link=index, create=False)
    assert a.ping("198.51.100.2", options="-w 20")
    equal(a.link("t0")["mtu"], 1464, "MTU")


@case
def counts_what_cannot_be_sent():
    a, _, b = two()
    a.run("ip neigh replace 198.51.100.2 lladdr 02:00:00:00:00:09 dev t0")
    def ping():
        a.run("ping -q -c 1 -W 1 198.51.100.2", check=False)
    a.run("ip route del default; sysctl -qw net.ipv6.conf.t0.disable_ipv6=1")
    before = statistics(a)["tx"]
    ping()
    after = statistics(a)["tx"]
    equal(after["carrier_errors"] - before["carrier_errors"], 1, "carrier errors without a route")
    equal(after["errors"] - before["errors"], 1, "errors")
    a.run(f"ip route add {B} dev t0")
    before = after
    ping()
    after = statistics(a)["tx"]
    equal(after["collisions"] - before["collisions"], 1, "collisions of a loop")
    equal(after["errors"] - before["errors"], 1, "errors")


@case
def does_not_go_round_for_ever():
    """A tunnel in a tunnel in the first one."""
    a, _, b = two()
    a.run("ip addr add 203.0.113.1/32 dev lo")
    tunnel(a, name="t1", local="203.0.113.1", remote="198.51.100.2")
    a.up("t1")
    a.run(f"ip route del default; ip route add {B} dev t1 src 192.0.2.1; "
          f"ip neigh replace {B} lladdr 02:00:00:00:00:09 dev t1; "
          "ip neigh replace 198.51.100.2 lladdr 02:00:00:00:00:08 dev t0")
    a.run("ping -q -c 2 -i 0.1 -W 1 198.51.100.2", check=False)
    tx = [statistics(a, name)["tx"]["errors"] for name in ("t0", "t1")]
    assert sum(tx) > 0, tx


main(60)
