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
from tunnels import (A, A6, B, B6, IGNORE_DF, LINK, LOCAL, PMTUDISC, PROTOCOL, REMOTE, TOS, TTL, V4, V6, address, links,
                     narrow, over_both, refused, settings, statistics, tunnel, two, underlay)

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


def outer(frame, over=V4):
    """The outer header's TTL, TOS and whether nobody may fragment it, of a frame on the underlay; None for
    others."""
    protocol, kept = (23, frame[20:21] == b"\x40") if over is V4 else (20, True)
    if frame[12:14] != over.ethertype or frame[protocol] != PROTOCOL:
        return None
    if over is V4:
        return frame[22], frame[15], kept
    return frame[21], frame[14] << 4 & 0xf0 | frame[15] >> 4, kept


def ends(frame, over):
    """The outer addresses."""
    at, size = (26, 4) if over is V4 else (22, 16)
    return frame[at:at + size], frame[at + size:at + 2 * size]


def sender(ns, tos=0, over=V4):
    """A raw socket: what it sends to the other end is the payload of IP."""
    with ns.enter():
        sock = socket.socket(over.family, socket.SOCK_RAW, PROTOCOL)
    if over is V4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
    defer(sock.close)
    return lambda payload: sock.sendto(payload, (over.a, 0))


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
@over_both
def carries_arp_ipv4_and_ipv6(over):
    a, _, b = two(over)
    with capture(a, "t0") as received:
        assert a.ping("198.51.100.2")
        received(lambda frame: frame[12:14] == b"\x08\x06")
    assert b.ping("2001:db8::1", options="-s 1400")
    assert a.ping("198.51.100.2", options="-s 4000")


@case
@checked
@over_both
def carries_tcp(over):
    a, _, b = two(over)
    assert iperf(a, b, "198.51.100.2") > 1e5
    assert iperf(b, a, "2001:db8::1") > 1e5


@case
@over_both
def carries_tcp_without_offloads(over):
    need("ethtool")
    a, _, b = two(over)
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
@over_both
def carries_a_bridge(over):
    """Hosts behind a bridge at either end, which have no address on the tunnel."""
    a, _, b = two(over)
    mtu = a.link("t0")["mtu"]
    c, d = NetNs(), NetNs()
    for ns, host, number in ((a, c, 1), (b, d, 2)):
        ns.run("ip addr flush dev t0; ip link add br0 type bridge; ip link set br0 up; "
               f"ip link set t0 master br0; ip link set br0 mtu {mtu}")
        run(f"ip -n {ns.name} link add p0 type veth peer name e0 netns {host.name}")
        ns.run(f"ip link set p0 master br0 up mtu {mtu}")
        host.run(f"ip link set e0 mtu {mtu}")
        host.up("e0", f"203.0.113.{number}/24")
    assert c.ping("203.0.113.2", options="-w 30")
    assert iperf(c, d, "203.0.113.2") > 1e5


@case
@over_both
def has_the_format_of_the_rfc(over):
    """RFC 3378 section 3: 3 0 0 0, then the frame; nothing behind it."""
    a, _, b = two(over)
    with capture(b, "u0") as received, capture(a, "t0") as sent:
        a.run("ping -q -c 1 -s 37 198.51.100.2")
        inner = sent(lambda frame: frame[12:14] == b"\x08\0")
        packet = received(lambda frame: outer(frame, over) and inner in frame)
    equal(packet[14] >> 4, 4 if over is V4 else 6, "version")
    equal(ends(packet, over), (address(over.a), address(over.b)), "addresses")
    length, = struct.unpack_from("!H", packet, 16 if over is V4 else 18)
    equal(length, len(packet) - 14 - (0 if over is V4 else 40), "length")
    payload = packet[14 + over.header:]
    equal(payload[:2], b"\x30\x00", "EtherIP header")
    equal(payload[2:], inner, "frame")


@case
@over_both
def is_decoded_by_others(over):
    """tcpdump counts the outer packet's bytes right; scapy knows the protocol."""
    need("tcpdump")
    a, _, b = two(over)
    path = f"/tmp/{b.name}.pcap"
    dump = b.popen(f"tcpdump -U -c 8 -i u0 -w {path} {'ip' if over is V4 else 'ip6'} proto 97", stderr=subprocess.PIPE)
    wait_until(lambda: "listening" in dump.stderr.readline(), 20, "tcpdump listens")
    a.ping("198.51.100.2", count=20, options="-s 64")
    dump.wait(30)
    text = run(f"tcpdump -n -v -r {path}").stdout
    length = r"97\), length 128\)" if over is V4 else r"97\) payload length: 108\)"
    assert re.search(rf"{length}\s+{over.a} > {over.b}", text), text
    from scapy.all import ICMP, IP, Ether, IPv6, bind_layers, rdpcap
    from scapy.contrib.etherip import EtherIP
    # scapy itself binds it to IPv4 alone.
    bind_layers(IPv6, EtherIP, nh=PROTOCOL)
    pings = [packet for packet in rdpcap(path) if ICMP in packet]
    assert pings, text
    for packet in pings:
        equal(packet[EtherIP].version, 3, "version")
        equal(packet[EtherIP].reserved, 0, "reserved bits")
        equal(packet[EtherIP].payload.__class__, Ether, "what is in it")
        inner = packet[EtherIP][IP]
        equal({inner.src, inner.dst}, {"198.51.100.1", "198.51.100.2"}, "addresses")


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
    # IPv6 takes 20 bytes more, but never less than it needs itself.
    for name, below, want in (("t3", 1500, 1500 - 40 - 2 - 14), ("t4", 1400, 1400 - 56), ("t5", 1300, 1280)):
        a.run(f"ip link set u0 mtu {below}")
        tunnel(a, name=name, remote=f"2001:db8:b::{name[1]}")
        equal(a.link(name)["mtu"], want, f"MTU over IPv6 and {below}")
    for ns in (a, b, r):
        ns.delete()


@case
def answers_its_settings():
    a, _, b = underlay()
    index = a.link("u0")["ifindex"]
    tunnel(a, local=A, remote=B, ttl=7, tos=0x10, pmtudisc=0, link=index)
    equal(settings(a), {LOCAL: address(A), REMOTE: address(B), TTL: b"\x07", TOS: b"\x10",
                        PMTUDISC: b"\0", LINK: rtnl.u32(index), IGNORE_DF: b"\0"}, "settings")
    equal(a.link("t0")["link"], "u0", "link")
    tunnel(b, remote=A)
    equal(settings(b), {LOCAL: bytes(4), REMOTE: address(A), TTL: b"\0", TOS: b"\0",
                        PMTUDISC: b"\x01", LINK: bytes(4), IGNORE_DF: b"\0"}, "defaults")


def sent_as(a, b, options, over=V4, **more):
    """TTL, TOS and DF of the outer header for a ping with these options."""
    if more:
        tunnel(a, create=False, **more)
    with capture(b, "u0") as received:
        a.run(f"ping -q -c 1 -W 5 -p a5 -s 99 {options}")
        packet = received(lambda frame: outer(frame, over) and ends(frame, over)[0] == address(over.a)
                          and frame.endswith(b"\xa5" * 50))
    ttl, tos, df = outer(packet, over)
    # One hop, by the router.
    return ttl + 1, tos, df


@case
@over_both
def inherits_or_fixes_ttl_and_tos(over):
    a, _, b = two(over)
    def sent(options, **more):
        return sent_as(a, b, options, over, **more)
    equal(sent("-t 33 -Q 0x28 198.51.100.2"), (33, 0, True), "inherited TTL")
    equal(sent("-t 33 -Q 0x28 198.51.100.2", ttl=77, tos=0x50), (77, 0x50, True), "fixed")
    equal(sent("-t 33 -Q 0x28 198.51.100.2", tos=1), (77, 0x28, True), "inherited TOS")
    equal(sent("-t 44 -Q 0x28 2001:db8::2", ttl=0), (44, 0x28, True), "from IPv6")
    # RFC 6040 section 4.1: the congestion bits always, but for a mark.
    equal(sent("-Q 0x02 198.51.100.2", ttl=9, tos=0x50), (9, 0x52, True), "ECT(0)")
    equal(sent("-Q 0x03 198.51.100.2"), (9, 0x52, True), "CE")


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


def told(a, host, size, mtu):
    """Whether a sender is told the path MTU: the first packet is lost at the router, which tells the tunnel."""
    said = a.run(f"ping -c 1 -W 1 -M do -s {size} {host}", check=False)
    return re.search(rf"mtu ?[=:] ?{mtu}\b", said.stdout + said.stderr)


@case
@checked
@over_both
def tells_its_senders_the_path_mtu(over):
    a, r, b = two(over)
    overhead = over.header + 2 + 14
    narrow(b, r, 1400)
    wait_until(lambda: told(a, "2001:db8::2", 1380, 1400 - overhead), 20, "an IPv6 sender is told the path MTU")
    assert a.ping("2001:db8::2", options=f"-M do -s {1400 - overhead - 48}")
    narrow(b, r, 1300)
    wait_until(lambda: told(a, "198.51.100.2", 1300, 1300 - overhead), 20, "an IPv4 sender is told the path MTU")
    assert a.ping("198.51.100.2", options=f"-M do -s {1300 - overhead - 28}")


@case
@over_both
def larger_packets_are_fragmented_outside(over):
    """Which makes what arrives nonlinear."""
    a, _, b = two(over, pmtudisc=0)
    for ns in (a, b):
        ns.run("ip link set t0 mtu 9000")
    assert a.ping("198.51.100.2", options="-M dont -s 8000")
    assert a.ping("2001:db8::2", options="-s 6000")


@case
@checked
@over_both
def drops_what_is_malformed(over):
    a, _, b = two(over)
    a.run("sysctl -qw net.ipv4.icmp_ratelimit=0")
    wait_until(lambda: a.ping("198.51.100.2"), 10)
    send = sender(b, over=over)
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
@over_both
def nonlinear_garbage_is_dropped(over):
    """Long payloads of wrong content, which come as fragments."""
    a, _, b = two(over)
    send = sender(b, over=over)
    before = statistics(a)["rx"]
    for start in (b"\x30\0" + frame(b"\x81\0" * 10, 0x8100), b"\x30\0" + frame(b"", 0x86dd),
                  b"\x30\0" + frame(b"\0\x07\x86\xdd", 0x8100), b"\xff" * 3):
        for size in (1, 60, 1500, 5000, 20000):
            send(start + b"\xff" * size)
    assert a.ping("198.51.100.2")
    after = statistics(a)["rx"]
    equal(after["frame_errors"] - before["frame_errors"], 5, "wrong headers")


@case
@over_both
def passes_congestion_marks_inwards(over):
    """RFC 6040 section 4.2, figure 4."""
    a, _, b = two(over)
    for tag in (b"", b"\x81\0\0\x07"):
        for outside, inside, want in ((NOT_ECT, NOT_ECT, NOT_ECT), (NOT_ECT, ECT_0, ECT_0),
                                      (ECT_1, ECT_0, ECT_1), (ECT_0, ECT_1, ECT_1), (CE, ECT_0, CE),
                                      (CE, ECT_1, CE), (CE, CE, CE), (ECT_0, NOT_ECT, NOT_ECT),
                                      (CE, NOT_ECT, None)):
            send = sender(b, outside, over)
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
@over_both
def rejects_what_belongs_to_no_tunnel(over):
    a, _, b = underlay()
    a.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
    with b.enter():
        number = socket.IPPROTO_ICMP if over is V4 else socket.IPPROTO_ICMPV6
        icmp = socket.socket(over.family, socket.SOCK_RAW, number)
    icmp.settimeout(10)
    defer(icmp.close)

    def answered():
        """The type and code of the next error; there is neighbour discovery in between."""
        while True:
            answer = icmp.recv(2048)[20 if over is V4 else 0:]
            if over is V4 or answer[0] < 128:
                return tuple(answer[:2])
    unreachable = (3, 3) if over is V4 else (1, 4)
    send = sender(b, over=over)
    send(b"\x30\0" + frame(ipv4()))
    equal(answered(), unreachable, "ICMP type and code")
    # A tunnel that is down is none.
    tunnel(a, local=over.a, remote=over.b)
    send(b"\x30\0" + frame(ipv4()))
    equal(answered(), unreachable, "ICMP type and code")
    # One of the same ends, but of another host, is none, either.
    tunnel(a, local=over.a, remote=over.nobody, create=False)
    a.run("ip link set t0 up")
    send(b"\x30\0" + frame(ipv4()))
    equal(answered(), unreachable, "ICMP type and code")
    equal(statistics(a)["rx"]["packets"], 0, "packets received")


@case
@over_both
def chooses_the_better_tunnel(over):
    """One with the local address before one with any; one bound to the device before both."""
    a, _, b = underlay()
    index = a.link("u0")["ifindex"]
    send = sender(b, over=over)
    def goes_to(name):
        others = [link for link in links(a) if link != name]
        before = {link: statistics(a, link)["rx"]["packets"] for link in [name, *others]}
        send(b"\x30\0" + frame(ipv4()))
        wait_until(lambda: statistics(a, name)["rx"]["packets"] > before[name], 5, f"{name} has it")
        for link in others:
            equal(statistics(a, link)["rx"]["packets"], before[link], f"packets of {link}")
    for name, more in (("any", {}), ("own", {"local": over.a}), ("anybound", {"link": index}),
                       ("ownbound", {"local": over.a, "link": index})):
        tunnel(a, name=name, remote=over.b, **more)
        a.run(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1; ip link set {name} up")
        goes_to(name)
    a.run("ip link set ownbound down")
    goes_to("anybound")
    a.run("ip link del anybound")
    goes_to("own")
    tunnel(a, name="own", remote=over.nobody, create=False)
    goes_to("any")


@case
@over_both
def refuses_a_second_one(over):
    a, _, b = underlay()
    tunnel(a, local=over.a, remote=over.b)
    refused(errno.EEXIST, "t0", tunnel, a, name="t1", local=over.a, remote=over.b)
    tunnel(a, name="t1", remote=over.b)
    refused(errno.EEXIST, "t0", tunnel, a, name="t1", local=over.a, create=False)
    equal(settings(a, "t1")[LOCAL], address(over.any), "local address after a change that failed")
    tunnel(a, name="t1", ttl=3, create=False)
    tunnel(b, local=over.a, remote=over.b)
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
                           ("range", host + [(PMTUDISC, b"\0"), (IGNORE_DF, b"\2")]),
                           ("nopmtudisc", host + [(IGNORE_DF, b"\1")]),
                           ("nopmtudisc", host + [(PMTUDISC, b"\1"), (IGNORE_DF, b"\1")]),
                           ("out of range", [(REMOTE, b"\1\2\3")]),
                           ("4 bytes (IPv4) or 16", [(REMOTE, b"\1\2\3\4\5")]),
                           ("4 bytes (IPv4) or 16", host + [(LOCAL, bytes(15))]),
                           ("out of range", [(REMOTE, bytes(17))]),
                           ("not the address of a host", [(REMOTE, bytes(16))]),
                           ("not the address of a host", [(REMOTE, address("ff02::1"))]),
                           ("not the address of a host", [(REMOTE, address("::ffff:192.0.2.129"))]),
                           ("not the address of a host",
                            [(REMOTE, address(B6)), (LOCAL, address("ff0e::1"))]),
                           ("different versions", host + [(LOCAL, address(A6))]),
                           ("different versions", [(REMOTE, address(B6)), (LOCAL, address(A))]),
                           ("say of which", [(REMOTE, address("fe80::1"))]),
                           ("say of which", [(REMOTE, address(B6)), (LOCAL, address("fe80::1"))]),
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
@over_both
def bound_to_a_device(over):
    a, _, b = two(over, link=0)
    index = a.link("u0")["ifindex"]
    a.run("ip link add d0 type dummy; ip link set d0 mtu 1000 up")
    tunnel(a, link=a.link("d0")["ifindex"], create=False)
    assert not a.ping("198.51.100.2", count=1, options="-w 1")
    tunnel(a, link=index, create=False)
    assert a.ping("198.51.100.2", options="-w 20")
    equal(a.link("t0")["mtu"], 1500 - over.header - 16, "MTU")


@case
@over_both
def counts_what_cannot_be_sent(over):
    a, _, b = two(over)
    a.run("ip neigh replace 198.51.100.2 lladdr 02:00:00:00:00:09 dev t0")
    def ping():
        a.run("ping -q -c 1 -W 1 198.51.100.2", check=False)
    a.run("ip route del default; ip -6 route del default; sysctl -qw net.ipv6.conf.t0.disable_ipv6=1")
    before = statistics(a)["tx"]
    ping()
    after = statistics(a)["tx"]
    equal(after["carrier_errors"] - before["carrier_errors"], 1, "carrier errors without a route")
    equal(after["errors"] - before["errors"], 1, "errors")
    if over is V6:
        a.run("sysctl -qw net.ipv6.conf.t0.disable_ipv6=0")
    a.run(f"ip route add {over.b} dev t0")
    before = statistics(a)["tx"]
    ping()
    after = statistics(a)["tx"]
    # With IPv6 the device has packets of its own to send.
    collisions = after["collisions"] - before["collisions"]
    assert collisions == 1 or over is V6 and collisions > 1, (before, after)
    equal(after["errors"] - before["errors"], collisions, "errors")


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


main(100)
