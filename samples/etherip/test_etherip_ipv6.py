#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip over IPv6: what IPv4 has not, or has otherwise. See tunnels.py."""

import contextlib
import errno
import re
import socket
import struct

from selftest import NetNs, case, checked, defer, drop_reasons, equal, main, modprobe, wait_until
from tunnels import (A, A6, B, B6, LOCAL, PROTOCOL, REMOTE, V6, address, batch, links, narrow, refused,
                     router_device, settings, statistics, tunnel, two, underlay)

FRAGMENT = 44
TOO_BIG = 2


@contextlib.contextmanager
def capture(ns, device="u0", ethertype=0x86dd):
    """A function that returns the next packet of IPv6 on a device that `wanted` says yes to."""
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethertype))
        sock.bind((device, ethertype))
    sock.settimeout(10)

    def packet(wanted=lambda packet: True):
        while True:
            data = sock.recv(65536)
            if wanted(data):
                return data
    with sock:
        yield packet


def is_outer(packet, protocol=PROTOCOL):
    return packet[6] == protocol and packet[24:40] == address(B6)


def whole_packets(ns):
    """A function that sends packets of scapy, their own header of IPv6 included."""
    with ns.enter():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    defer(sock.close)
    return lambda packet: sock.sendto(bytes(packet), (A6, 0))


def inner(data=b"scapy"):
    """A frame of scapy's, with a datagram in it."""
    from scapy.all import IP, UDP, Ether
    return Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:09") / \
        IP(src="198.51.100.2", dst="198.51.100.1") / UDP(sport=9, dport=9) / data


@case
@checked
def takes_what_scapy_builds():
    """RFC 3378 section 3 by another hand: version 3 and nothing reserved, or dropped."""
    from scapy.all import IPv6
    from scapy.contrib.etherip import EtherIP
    a, _, b = two(V6)
    send = whole_packets(b)
    head = IPv6(src=B6, dst=A6, nh=PROTOCOL)
    with capture(a, "t0", 0x800) as received:
        send(head / EtherIP(version=3, reserved=0) / inner())
        received(lambda packet: packet.endswith(b"scapy"))
    wrong = [EtherIP(version=version) for version in range(16) if version != 3]
    wrong += [EtherIP(version=3, reserved=1 << bit) for bit in range(12)]
    for header in wrong:
        before = statistics(a)["rx"]
        with drop_reasons() as reasons:
            send(head / header / inner())
            wait_until(lambda: statistics(a)["rx"]["frame_errors"] > before["frame_errors"], 5, repr(header))
        assert "INVALID_PROTO" in reasons, (header, reasons)


@case
@checked
def takes_what_is_behind_extension_headers():
    """They are the stack's to walk; what is cut off in one of them comes to no tunnel."""
    from scapy.all import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                           IPv6ExtHdrRouting, Pad1, PadN, raw)
    from scapy.contrib.etherip import EtherIP
    a, _, b = two(V6)
    a.run("sysctl -qw net.ipv6.icmp.ratelimit=0")
    send = whole_packets(b)
    payload = raw(EtherIP(version=3, reserved=0) / inner())
    pads = [PadN(optdata=b"\0" * 4)]
    chains = ([IPv6ExtHdrDestOpt(options=pads)], [IPv6ExtHdrHopByHop(options=pads)],
              [IPv6ExtHdrHopByHop(options=pads), IPv6ExtHdrDestOpt(options=[Pad1(), Pad1()])],
              [IPv6ExtHdrRouting(type=253, segleft=0)], [IPv6ExtHdrFragment(id=7)],
              [IPv6ExtHdrFragment(id=8), IPv6ExtHdrDestOpt(options=pads)])
    whole = []
    for chain in chains:
        head = IPv6(src=B6, dst=A6)
        for header, following in zip(chain, [*chain[1:], None]):
            header.nh = {IPv6ExtHdrDestOpt: 60}.get(type(following), PROTOCOL)
            head = head / header
        before = statistics(a)["rx"]
        with capture(a, "t0", 0x800) as received:
            send(head / payload)
            received(lambda packet: packet.endswith(b"scapy"))
        equal(statistics(a)["rx"]["errors"], before["errors"], f"errors behind {chain}")
        whole.append(raw(head / payload))
    with capture(a, "t0", 0x800) as received:
        for offset, more, data in ((0, 1, payload[:16]), (2, 0, payload[16:])):
            send(IPv6(src=B6, dst=A6) / IPv6ExtHdrFragment(id=9, nh=PROTOCOL, offset=offset, m=more) / data)
        received(lambda packet: packet.endswith(b"scapy"))
    # Cut off: in an extension header, at its end, in the tunnel's header, in the frame's.
    def errors():
        return statistics(a)["rx"]["length_errors"]
    for packet, chain in zip(whole, chains):
        start = len(packet) - len(payload)
        for end in (41, start - 1, start, start + 1, start + 2, start + 15):
            known = errors()
            send(packet[:4] + struct.pack("!H", end - 40) + packet[6:end])
            if end >= start:
                wait_until(lambda known=known: errors() == known + 1, 5, f"{chain} cut off {end - start} behind it")
            else:
                equal(errors(), known, f"errors of {chain} cut off {start - end} before its end")


@case
def a_flow_has_a_label():
    """That of the inner packet's flow, unless the host wants none."""
    a, _, b = two(V6)
    assert a.ping("198.51.100.2")

    def labels(sock, count=2):
        with capture(b) as received:
            for _ in range(count):
                sock.sendto(b"labelled" * 8, ("198.51.100.2", 9))
            packets = [received(lambda packet: is_outer(packet) and b"labelled" in packet) for _ in range(count)]
        return {int.from_bytes(packet[1:4], "big") & 0xfffff for packet in packets}
    seen = set()
    for _ in range(6):
        with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            found = labels(sock)
        equal(len(found), 1, f"labels of a flow, {found}")
        seen |= found
    assert len(seen) > 2 and 0 not in seen, seen
    a.run("sysctl -qw net.ipv6.auto_flowlabels=0")
    with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        equal(labels(sock), {0}, "label of a host that wants none")


@case
@checked
def fragments_what_ipv6_may_have():
    """RFC 2473 section 7.1: on a path that is too narrow for 1280 bytes and the headers, the outer packet
    is fragmented. Nobody is told less than IPv6 needs."""
    a, r, b = two(V6)
    narrow(b, r, 1300)
    assert a.ping("2001:db8::2")
    wait_until(lambda: a.ping("2001:db8::2", 1, f"-W 1 -M do -s {1280 - 48}"), 20, "1280 bytes pass")
    with capture(b) as received:
        a.run("ping -q -c 1 -W 1 -p a5 -M do -s 1232 2001:db8::2")
        first = received(lambda packet: is_outer(packet, FRAGMENT))
    equal(first[40], PROTOCOL, "what is in fragments")
    said = a.run("ping -c 1 -W 1 -M do -s 1300 2001:db8::2", check=False)
    assert re.search(r"mtu ?[=:] ?1280\b", said.stdout + said.stderr), said


def too_big(ns, mtu, quoted, to=A6):
    """Sends an ICMPv6 error; the kernel has the checksum."""
    with ns.enter(), socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sock:
        sock.sendto(struct.pack("!BBHI", TOO_BIG, 0, 0, mtu) + quoted, (to, 0))


def outer_packet(source=A6, to=B6, payload=b"\x30\0" + b"\2" * 14, protocol=PROTOCOL):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + address(source) + address(to) + payload


@case
@checked
def believes_errors_about_its_own_packets():
    """An error about what no tunnel has sent, that quotes too little, or wants less than IPv6 has, changes
    nothing."""
    a, _, b = two(V6)
    def path():
        found = re.search(r"\bmtu (\d+)", a.run(f"ip -6 route get {B6} from {A6}").stdout)
        return int(found[1]) if found else None
    assert a.ping("198.51.100.2")
    equal(path(), None, "path MTU at first")
    whole = outer_packet()
    for mtu, quoted in ((1400, outer_packet(to="2001:db8:b::77")), (1400, outer_packet(source=B6, to=A6)),
                        (1400, outer_packet(protocol=98)), (1400, whole[:47]), (1400, whole[:39]), (1400, b""),
                        (1279, whole), (0, whole)):
        too_big(b, mtu, quoted)
    assert b.ping(A6)
    equal(path(), None, "path MTU after what is none of the tunnel's")
    too_big(b, 1400, whole)
    wait_until(lambda: path() == 1400, 5, "the path MTU is that of the error")
    said = a.run("ping -c 1 -W 1 -M do -s 1400 198.51.100.2", check=False)
    assert re.search(r"mtu ?[=:] ?1344\b", said.stdout + said.stderr), said
    assert a.ping("198.51.100.2", options="-M do -s 1316")


@case
def tells_of_a_remote_that_is_not_there():
    """The next senders get an error from their own host, as with the C tunnels."""
    a, r, _ = two(V6)
    assert a.ping("2001:db8::2")
    r.run(f"ip -6 route add unreachable {B6}/128; sysctl -qw net.ipv6.icmp.ratelimit=0")
    def told():
        return "unreachable" in a.run("ping -c 2 -i 0.1 -W 1 2001:db8::2", check=False).stdout
    wait_until(told, 20, "a sender is told")


@case
@checked
def sends_from_an_address_of_its_own():
    a, _, b = two(V6)
    other = "2001:db8:a::7"
    # Given, but nobody's: nothing is sent.
    tunnel(a, local=other, create=False)
    before = statistics(a)["tx"]
    a.run("ping -q -c 1 -W 1 2001:db8::2", check=False)
    assert statistics(a)["tx"]["carrier_errors"] > before["carrier_errors"], statistics(a)
    # Added, and taken away again, though the route stays.
    a.run(f"ip addr add {other}/64 dev u0 nodad")
    tunnel(b, remote=other, create=False)
    assert a.ping("2001:db8::2", options="-w 20")
    a.run(f"ip addr del {other}/64 dev u0")
    before = statistics(a)["tx"]
    a.run("ping -q -c 1 -W 1 2001:db8::2", check=False)
    assert statistics(a)["tx"]["carrier_errors"] > before["carrier_errors"], statistics(a)
    # Any: one that goes is followed by the next.
    a.run(f"ip addr add {other}/64 dev u0 nodad; ip addr del {A6}/64 dev u0")
    tunnel(a, local="::", create=False)
    def source():
        with capture(b) as received:
            a.run("ping -q -c 1 -W 1 2001:db8::2", check=False)
            return received(is_outer)[8:24]
    equal(source(), address(other), "source")
    a.run(f"ip addr add {A6}/64 dev u0 nodad; ip addr del {other}/64 dev u0")
    equal(source(), address(A6), "source when the other address is gone")


@case
@checked
def wrong_sources_come_to_nothing():
    """A packet from the remote's network, from nobody, from many, from this host itself."""
    from scapy.all import IPv6
    from scapy.contrib.etherip import EtherIP
    a, _, b = two(V6)
    send = whole_packets(b)
    before = statistics(a)["rx"]
    with capture(a, "t0", 0x800) as received:
        for source in "2001:db8:b::2", "2001:db8:b::99", "::1", "::", "ff02::1", A6, "::ffff:192.0.2.129":
            with contextlib.suppress(OSError):
                send(IPv6(src=source, dst=A6, nh=PROTOCOL) / EtherIP(version=3) / inner(b"scapy of another"))
        send(IPv6(src=B6, dst=A6, nh=PROTOCOL) / EtherIP(version=3) / inner())
        got = received(lambda packet: b"scapy" in packet)
    assert got.endswith(b"scapy"), got
    equal(statistics(a)["rx"]["errors"], before["errors"], "errors")


@case
def between_addresses_of_a_link():
    """They are addresses of a device, which has to be said; the source is one, too."""
    a, r, _ = underlay()
    def local(ns, device):
        return re.search(r"inet6 (fe80:\S+)/64", ns.run(f"ip -6 addr show dev {device}").stdout)[1]
    there = router_device(a)
    wait_until(lambda: "tentative" not in a.run("ip -6 addr show u0").stdout
               + r.run(f"ip -6 addr show {there}").stdout, 20, "addresses")
    ends = ((a, "u0", r, there, 1), (r, there, a, "u0", 2))
    for ns, device, other, far, host in ends:
        refused(errno.EINVAL, "say of which", tunnel, ns, remote=local(other, far))
        tunnel(ns, remote=local(other, far), link=ns.link(device)["ifindex"])
        ns.up("t0", f"198.51.100.{host}/24")
        refused(errno.EINVAL, "say of which", tunnel, ns, link=0, create=False)
    assert a.ping("198.51.100.2")


@case
def in_a_vrf():
    """The underlay is in a VRF, of which the tunnel is told: routes and addresses are the VRF's."""
    a, _, b = underlay()
    a.run("ip link add vrf0 type vrf table 10; ip link set vrf0 up; "
          f"ip link set u0 master vrf0; ip addr replace {A6}/64 dev u0 nodad; "
          "ip -6 route replace default via 2001:db8:a::2 table 10; ip route add default via 192.0.2.2 table 10")
    index = a.link("vrf0")["ifindex"]
    for number, (here, there) in enumerate(((A, B), (A6, B6))):
        name = f"t{number}"
        tunnel(a, name=name, local=here, remote=there, link=index)
        tunnel(b, name=name, local=there, remote=here)
        for ns, host in ((a, 1), (b, 2)):
            batch(ns, f"addr add 198.51.{100 + number}.{host}/24 dev {name}", f"link set {name} up")
        assert a.ping(f"198.51.{100 + number}.2"), name
        # Bound to the VRF, it is not found by the main table.
        tunnel(a, name=name, link=0, create=False)
        assert not a.ping(f"198.51.{100 + number}.2", 1, "-W 1"), name


@case
@checked
def changes_from_version_to_version():
    a, _, b = two()
    refused(errno.EINVAL, "different versions", tunnel, a, remote=B6, create=False)
    refused(errno.EINVAL, "different versions", tunnel, a, local=A6, create=False)
    equal(settings(a)[REMOTE], address(B), "remote after changes that failed")
    for ns, local, remote in ((a, A6, B6), (b, B6, A6)):
        tunnel(ns, local=local, remote=remote, create=False)
        equal((settings(ns)[LOCAL], settings(ns)[REMOTE]), (address(local), address(remote)), "ends")
        equal(ns.link("t0")["mtu"], 1444, "MTU")
    assert a.ping("198.51.100.2", options="-s 1400")
    # Any address is of either version.
    tunnel(a, local="0.0.0.0", create=False)
    equal(settings(a)[LOCAL], bytes(16), "any")
    tunnel(a, remote=B, create=False)
    tunnel(b, local="::", remote=A, create=False)
    equal((settings(a)[LOCAL], a.link("t0")["mtu"]), (bytes(4), 1464), "any, and the MTU")
    assert a.ping("198.51.100.2")
    equal(links(a), ["t0"], "tunnels")


@case
def two_versions_share_an_underlay():
    """Packets of one version come to the tunnel of that version."""
    a, _, b = two()
    tunnel(a, name="t1", local=A6, remote=B6)
    tunnel(b, name="t1", local=B6, remote=A6)
    for ns, host in ((a, 1), (b, 2)):
        batch(ns, f"addr add 203.0.113.{host}/24 dev t1", "link set t1 up")
    for host, name in (("198.51.100.2", "t0"), ("203.0.113.2", "t1")):
        before = statistics(b, name)["rx"]["packets"]
        assert a.ping(host)
        assert statistics(b, name)["rx"]["packets"] >= before + 3, name


@case
def no_ipv6_below():
    """On a host whose underlay has no IPv6 a tunnel can be made, and counts what it cannot send."""
    modprobe("etherip")
    a = NetNs()
    a.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
    tunnel(a, remote=B6)
    a.run("ip addr add 198.51.100.1/24 dev t0; ip link set t0 up; "
          "ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:09 dev t0")
    a.run("ping -q -c 1 -W 1 198.51.100.2", check=False)
    equal(statistics(a)["tx"]["carrier_errors"], 1, "carrier errors")


main(60)
