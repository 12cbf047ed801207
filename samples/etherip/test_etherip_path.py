#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip: what it learns of its path. A frame that is longer is told to its sender, or fragmented
outside; a shorter way is taken. See tunnels.py; in a bridge there are two hosts more, which have no address on the
tunnel:

    c: e0 203.0.113.1 --- p0 br0 t0 :a  ===r===  b: t0 br0 p0 --- 203.0.113.2 e0 :d
"""

import contextlib
import re
import socket
import struct

from selftest import NetNs, case, checked, equal, iperf, main, modprobe, run, wait_until
from tunnels import B, B6, PROTOCOL, V4, V6, address, batch, narrow, over_both, statistics, tunnel, two, underlay

ETHERTYPE = 0x88b5
FRAGMENT = 44
SOL_PACKET, QDISC_BYPASS = 263, 20


def bridged(over=V4, lan=None, **more):
    """Hosts c and d in a LAN across the tunnel, whose MTU is the tunnel's unless given."""
    a, r, b = underlay()
    tunnel(a, local=over.a, remote=over.b, **more)
    tunnel(b, local=over.b, remote=over.a, **more)
    lan = lan or a.link("t0")["mtu"]
    hosts = []
    for ns, number in ((a, 1), (b, 2)):
        host = NetNs()
        batch(ns, f"link set t0 mtu {lan} up", "link add br0 type bridge", "link set br0 up", "link set t0 master br0",
              f"link add p0 type veth peer name e0 netns {host.name}", f"link set p0 mtu {lan} up",
              "link set p0 master br0", f"link set br0 mtu {lan}")
        batch(host, f"link set e0 mtu {lan}", f"addr add 203.0.113.{number}/24 dev e0",
              f"addr add 2001:db8:c::{number}/64 dev e0 nodad", "link set e0 up")
        hosts.append(host)
    c, d = hosts
    assert c.ping("203.0.113.2", options="-w 30") and c.ping("2001:db8:c::2", options="-w 30")
    return a, r, b, c, d


def tags(ns, below, host, count):
    """A device with `count` VLAN tags above another one, and addresses of its own."""
    for number in range(count):
        name = f"v{number}"
        protocol = "802.1ad" if count == 2 and number == 0 else "802.1Q"
        ns.run(f"ip link add link {below} name {name} type vlan protocol {protocol} id {7 + number}; "
               f"ip link set {name} up")
        below = name
    batch(ns, f"addr add 10.9.{count}.{host}/24 dev {below}",
          f"addr add 2001:db8:9:{count}::{host}/64 dev {below} nodad")
    return f"10.9.{count}.2", f"2001:db8:9:{count}::2", f"10.9.{count}.1"


def says(ns, host, size, mtu):
    """Whether a host is told the path MTU for a packet of `size` bytes."""
    headers = 48 if ":" in host else 28
    said = ns.run(f"ping -c 2 -i 0.2 -W 1 -M do -s {size - headers} {host}", check=False)
    return re.search(rf"mtu ?[=:] ?{mtu}\b", said.stdout + said.stderr)


def passes(ns, host, size, options=""):
    headers = 48 if ":" in host else 28
    return ns.ping(host, options=f"-M do -s {size - headers} {options}")


def told_and_passes(ns, hosts, size, mtu):
    for host in hosts:
        wait_until(lambda: says(ns, host, size, mtu), 20, f"{host} of {size} bytes: the sender is told {mtu}")
        assert passes(ns, host, mtu), (host, mtu)


def bulk(client, server, host):
    """TCP carries data. With small buffers, as iperf3 does not count what is in them at the end."""
    received = iperf(client, server, host, "-w 32K", amount="1M")
    assert received > 5e5, f"{host} has got {received} bytes of 1 MB"


@contextlib.contextmanager
def outside(ns, over):
    """What is counted outside: whole packets of the tunnel, and fragments, each as it arrives."""
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        sock.bind(("u0", 3))
    sock.settimeout(0)

    def kinds():
        found = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (_, ethertype, *_) = sock.recvfrom(65536)
                if over is V4 and ethertype == 0x800 and data[9] == PROTOCOL:
                    found.add("fragment" if data[6] & 0x3f or data[7] else "DF" if data[6] & 0x40 else "whole")
                if over is V6 and ethertype == 0x86dd and data[6] in (PROTOCOL, FRAGMENT):
                    found.add("fragment" if data[6] == FRAGMENT else "whole")
        return found
    with sock:
        yield kinds


@case
@checked
@over_both
def vlans_of_full_size(over):
    """A device with tags has its tunnel's MTU, and each tag makes the packet 4 bytes longer."""
    a, _, b = two(over)
    mtu = a.link("t0")["mtu"]
    for count in (1, 2):
        v4, v6, own = tags(a, "t0", 1, count)
        tags(b, "t0", 2, count)
        assert a.ping(v4)
        equal(a.link(f"v{count - 1}")["mtu"], mtu, "MTU above")
        told_and_passes(a, (v4, v6), mtu, mtu - 4 * count)
        bulk(a, b, v4)
        bulk(b, a, own)
        for ns in (a, b):
            ns.run("ip link del v0")


@case
@over_both
def hosts_behind_a_vlan(over):
    """What a router sends through the tunnel, behind a tag."""
    a, _, b = two(over)
    mtu = a.link("t0")["mtu"]
    v4, v6, _ = tags(a, "t0", 1, 1)
    tags(b, "t0", 2, 1)
    host = NetNs()
    a.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    batch(a, f"link add p0 type veth peer name e0 netns {host.name}", "link set p0 up",
          "addr add 10.8.0.1/24 dev p0", "addr add 2001:db8:8::1/64 dev p0 nodad")
    batch(host, "addr add 10.8.0.2/24 dev e0", "addr add 2001:db8:8::2/64 dev e0 nodad", "link set e0 up",
          "route add default via 10.8.0.1", "route add default via 2001:db8:8::1")
    batch(b, "route add 10.8.0.0/24 via 10.9.1.1", "route add 2001:db8:8::/64 via 2001:db8:9:1::1")
    assert host.ping(v4, options="-w 20") and host.ping(v6, options="-w 20")
    told_and_passes(host, (v4, v6), mtu, mtu - 4)


@case
@checked
@over_both
def a_bridge_and_a_path_that_takes_less(over):
    """The hosts' LAN has the tunnel's MTU; the path takes less. The answer comes by the tunnel's device."""
    a, r, b, c, d = bridged(over)
    mtu = a.link("t0")["mtu"]
    narrow(b, r, 1400)
    less = 1400 - over.header - 16
    before = statistics(a)["tx"]["errors"]
    told_and_passes(c, ("203.0.113.2", "2001:db8:c::2"), mtu, less)
    assert statistics(a)["tx"]["errors"] > before, statistics(a)
    bulk(c, d, "203.0.113.2")
    bulk(c, d, "2001:db8:c::2")
    # Frames with tags of the hosts' own.
    for count in (1, 2):
        v4, v6, _ = tags(c, "e0", 1, count)
        tags(d, "e0", 2, count)
        assert c.ping(v4, options="-w 20")
        told_and_passes(c, (v4, v6), mtu, less - 4 * count)
        for ns in (c, d):
            ns.run("ip link del v0")


@case
@over_both
def lans_of_1500_over_1500(over):
    """With `nopmtudisc ignore-df` all is carried, in fragments; without, the hosts are told."""
    _, _, b, c, _ = bridged(over, lan=1500, pmtudisc=0, ignore_df=1)
    with outside(b, over) as kinds:
        for host in "203.0.113.2", "2001:db8:c::2":
            assert passes(c, host, 1500), host
        assert "fragment" in kinds()
        kinds()
        assert passes(c, "203.0.113.2", 1400)
        equal(kinds() - {"whole"}, set(), "what is outside of a packet that fits")


@case
@over_both
def lans_of_1500_are_told(over):
    a, _, b, c, d = bridged(over, lan=1500)
    fits = 1500 - over.header - 16
    told_and_passes(c, ("203.0.113.2", "2001:db8:c::2"), 1500, fits)
    bulk(c, d, "203.0.113.2")
    # Without path MTU discovery: who forbids fragments is told, the others are carried.
    for ns in (a, b):
        tunnel(ns, pmtudisc=0, create=False)
    for host in (c, d):
        host.run("ip route flush cache; ip -6 route flush cache", check=False)
    told_and_passes(c, ("203.0.113.2",), 1500, fits)
    assert passes(c, "2001:db8:c::2", 1500)


# Headers of packets of 1500 bytes that must not be fragmented.
HEADER4 = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, 0, 0x4000, 9, 17, 0,
                      address("203.0.113.1"), address("203.0.113.2"))
HEADER6 = struct.pack("!IHBB16s16s", 6 << 28, 1460, 17, 9, address("2001:db8:c::1"), address("2001:db8:c::2"))


def arrives(sender, receiver, frame):
    """A frame comes as it was sent; a tag may be in the metadata."""
    sender.send(frame)
    while True:
        got = receiver.recv(4096)
        if got[6:12] == frame[6:12] and got.endswith(frame[-50:]) and len(got) in (len(frame), len(frame) - 4):
            return


def raw(ns, device, protocol=3):
    """A packet socket."""
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        sock.bind((device, protocol))
    sock.settimeout(10)
    return sock


@case
@over_both
def what_nobody_can_be_told_of_is_fragmented(over):
    """With path MTU discovery: what is no IP, what of IPv4 allows fragments, and what has too many tags."""
    _, _, b, c, d = bridged(over, lan=1500)
    with outside(b, over) as kinds:
        assert c.ping("203.0.113.2", options="-M dont -s 1472")
        assert "fragment" in kinds(), "IPv4 that may be fragmented"
        kinds()
        assert c.ping("203.0.113.2", options="-M dont -s 1400")
        assert kinds() <= {"DF", "whole"}
        equal("fragment" in kinds(), False, "what fits")
    with d.enter():
        receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        receiver.bind(("e0", 3))
    receiver.settimeout(10)
    with c.enter():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("e0", 0))
    with receiver, sender:
        for head in (struct.pack("!H", ETHERTYPE), struct.pack("!H", 0x8100) + b"\0\7" + struct.pack("!H", ETHERTYPE),
                     struct.pack("!H", ETHERTYPE + 1)):
            frame = b"\xff" * 6 + b"\2\0\0\0\0\x09" + head + b"whole" * 300
            arrives(sender, receiver, frame[:1514])
        # An answer would be from many.
        for group, header in ((b"\xff" * 6, HEADER4), (b"\xff" * 6, HEADER6), (b"\1\0\x5e\0\0\1", HEADER4),
                              (b"\x33\x33\0\0\0\1", HEADER6[:24] + address("ff02::1")),
                              (b"\2\0\0\0\0\x0a", HEADER6[:24] + address("ff02::1"))):
            for tag in (b"", b"\x81\0\0\7"):
                head = group + b"\2\0\0\0\0\x09" + tag + (b"\x86\xdd" if header[0] >> 4 == 6 else b"\x08\0")
                arrives(sender, receiver, head + header + bytes(1514 - len(head + header)))


@case
@over_both
def nonsense_is_answered_with_nothing_worse(over):
    """Frames of full size whose headers lie, to a tunnel whose path is narrower: what is answered is a whole
    packet, and what is not is carried or counted."""
    a, _, b, c, d = bridged(over, lan=1500)
    with c.enter():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("e0", 0))
    mac, to = (bytes.fromhex(host.link("e0")["address"].replace(":", "")) for host in (c, d))
    v4, v6 = HEADER4, HEADER6
    variants = [(0x800, v4), (0x86dd, v6)]
    variants += [(0x800, v4[:at] + bytes([value]) + v4[at + 1:]) for at in (0, 2, 3, 6, 7, 9, 12, 16)
                 for value in (0, 1, 0x4f, 0x60, 0xe0, 0xff)]
    variants += [(0x86dd, v6[:at] + bytes([value]) + v6[at + 1:]) for at in (0, 4, 6, 8, 24)
                 for value in (0, 1, 0x45, 43, 44, 58, 60, 0xff)]
    variants += [(ethertype, header[:end]) for ethertype, header in variants[:2] for end in (0, 1, 19, 39)]
    sent = statistics(a)["tx"]
    with sender:
        for ethertype, header in variants:
            for tag in (b"", b"\x81\0\0\7", b"\x88\xa8\0\7\x81\0\0\7", b"\x81\0\0\7" * 3):
                frame = to + mac + tag + struct.pack("!H", ethertype) + header
                sender.send(frame + b"\xa5" * (1514 - len(frame)))
        # ICMP errors are answered by none.
        error = v4[:9] + b"\1" + v4[10:] + b"\3\4\0\0"
        for _ in range(3):
            sender.send(to + mac + b"\x08\0" + error + bytes(1480 - 4))
    assert c.ping("203.0.113.2")
    after = statistics(a)["tx"]
    assert after["errors"] > sent["errors"] and after["packets"] > sent["packets"], after
    assert statistics(b)["rx"]["packets"] > 0


@case
@over_both
def a_packet_that_was_made_one_of_the_other_version(over):
    """What the loopback has routed is changed and redirected into the tunnel: its route is not asked."""
    # What is read as the TTL is 0.
    a, _, b = two(over, ttl=64)
    for ns in (a, b):
        ns.run("ip link set t0 mtu 1500")
    a.run("nft 'add table netdev f; add chain netdev f e { type filter hook egress device lo priority 0; }; "
          "add rule netdev f e meta protocol ip @ll,96,16 set 0x86dd; "
          "add rule netdev f e meta protocol ip6 @ll,96,16 set 0x0800'")
    a.run("tc qdisc add dev lo clsact; tc filter add dev lo egress matchall action mirred egress redirect dev t0")
    receiver = raw(b, "t0")
    with receiver, outside(b, over) as kinds:
        # Of IPv4, what is read as a link-local source of IPv6; of IPv6, what is read as DF of IPv4.
        for family, host, protocol, level, option, hops in (
                (socket.AF_INET, "127.0.0.1", 0x80, socket.IPPROTO_IP, socket.IP_TTL, 0xfe),
                (socket.AF_INET6, "::1", 0x40, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 0),
                (socket.AF_INET6, "::1", 0x40, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)):
            with a.enter():
                sender = socket.socket(family, socket.SOCK_RAW, protocol)
            data = b"whole" * 280 + bytes([hops]) * 50
            with sender:
                sender.setsockopt(level, option, hops)
                sender.sendto(data, (host, 0))
            while not receiver.recv(4096).endswith(data):
                pass
        assert "fragment" in kinds()
    assert a.ping("198.51.100.2")


@case
@over_both
def what_routing_tells_nobody_of_is_fragmented(over):
    """Packets of this host: to many, fragments but the first, and errors of ICMP. ICMP does not answer them."""
    a, _, b = two(over)
    for ns in (a, b):
        ns.run("ip link set t0 mtu 1500")
    a.run("ip route add 239.0.0.0/8 dev t0")
    # Of one that has been sent to, the route knows the path.
    batch(b, *(f"addr add 198.51.100.{host}/24 dev t0" for host in (3, 4, 5)))
    assert a.ping("198.51.100.2", options="-w 20")
    before = statistics(a)["tx"]["errors"]
    with a.enter():
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    receiver = raw(b, "t0")
    with sender, six, receiver, outside(b, over) as kinds:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for number, (host, fragment, protocol, kind) in enumerate((
                ("198.51.100.255", 0x4000, 17, 0), ("239.1.1.1", 0x4000, 17, 0), ("198.51.100.3", 0x4010, 17, 0),
                ("198.51.100.4", 0x4000, 1, 3), ("198.51.100.5", 0x4000, 1, 11))):
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, 7, fragment, 9, protocol, 0,
                                 address("198.51.100.1"), address(host))
            data = bytes([kind]) + bytes([number]) * 1479
            sender.sendto(header + data, (host, 0))
            while not receiver.recv(4096).endswith(data):
                pass
        # An error of ICMPv6.
        data = b"\1\0\0\0" + b"six" * 480
        six.sendto(data, ("2001:db8::2", 0))
        while not receiver.recv(4096).endswith(data[8:]):
            pass
        assert "fragment" in kinds()
    equal(statistics(a)["tx"]["errors"], before, "frames that are lost")
    # All else is told.
    assert says(a, "198.51.100.2", 1500, 1500 - over.header - 16)


@case
@over_both
def frames_whose_header_is_not_noted(over):
    """A socket that bypasses the queue notes no link header. Its frames are answered, but for those with the
    tunnel's own address: the answer would be one for this host."""
    a, _, b = two(over)
    for ns in (a, b):
        ns.run("ip link set t0 mtu 1500")
    other, to = b"\2\0\0\0\0\x09", b"\2\0\0\0\0\x0a"
    own = bytes.fromhex(a.link("t0")["address"].replace(":", ""))
    receiver, sender = raw(b, "t0"), raw(a, "t0", 0x88b5)
    answers = raw(a, "t0")
    sender.setsockopt(SOL_PACKET, QDISC_BYPASS, 1)
    with receiver, sender, answers:
        for ethertype, header, protocol in ((b"\x08\0", HEADER4, 23), (b"\x86\xdd", HEADER6, 20)):
            for tag in (b"", b"\x81\0\0\7"):
                frame = to + other + tag + ethertype + header
                sender.send(frame + bytes(1514 - len(frame)))
                while True:
                    # Tags are in the metadata.
                    got = answers.recv(4096)
                    if got[:12] == other + to and got[12:14] == ethertype and got[protocol] in (1, 58):
                        break
                frame = to + own + tag + ethertype + header
                arrives(sender, receiver, frame + bytes(1514 - len(frame)))


@case
@over_both
def ignore_df_and_discovery_exclude_each_other(over):
    a, _, _ = underlay()
    for options in ("ignore-df", "pmtudisc ignore-df"):
        said = run(f"ip -n {a.name} link add t0 type etherip remote {over.b} {options}", check=False)
        assert said.returncode != 0 and "nopmtudisc" in said.stderr, said
    a.run(f"ip link add t0 type etherip remote {over.b} nopmtudisc ignore-df")
    said = run(f"ip -n {a.name} link change t0 type etherip pmtudisc", check=False)
    assert said.returncode != 0, said
    a.run("ip link change t0 type etherip noignore-df pmtudisc")


@case
@over_both
def redirects_are_followed(over):
    """A router that sends on to another one on the same link says so. The handler of errors alone hears of it,
    and the next packets take the shorter way."""
    modprobe("etherip")
    a, r, x = NetNs(), NetNs(), NetNs()
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; "
          "ip link add lan type bridge; ip link set lan up")
    for ns, host in ((a, 1), (x, 3)):
        batch(ns, f"link add u0 type veth peer name r{host} netns {r.name}", f"addr add 192.0.2.{host}/25 dev u0",
              f"addr add 2001:db8:a::{host}/64 dev u0 nodad", "link set u0 up")
        r.run(f"ip link set r{host} master lan up")
    batch(r, "addr add 192.0.2.2/25 dev lan", "addr add 2001:db8:a::2/64 dev lan nodad")

    def local(ns, device):
        return re.search(r"inet6 (fe80:\S+)/64", ns.run(f"ip -6 addr show dev {device}").stdout)[1]
    wait_until(lambda: not any("tentative" in ns.run("ip -6 addr show").stdout for ns in (a, r, x)), 20, "addresses")
    batch(r, f"route add {B}/32 via 192.0.2.3", f"route add {B6}/128 via {local(x, 'u0')} dev lan")
    batch(a, "route add default via 192.0.2.2", f"route add default via {local(r, 'lan')} dev u0")
    tunnel(a, local=over.a, remote=over.b)
    batch(a, "addr add 198.51.100.1/24 dev t0", "link set t0 up",
          "neigh add 198.51.100.2 lladdr 02:00:00:00:00:09 dev t0")
    mac = {ns: bytes.fromhex(ns.link("u0")["address"].replace(":", "")) for ns in (a, x)}
    with x.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind(("u0", 3))
    sock.settimeout(5)

    def comes_directly():
        """Whether a tunnelled packet comes from a itself: the first ones come from the router."""
        a.run("ping -q -c 1 -W 0.2 198.51.100.2", check=False)
        while True:
            frame = sock.recv(4096)
            protocol = frame[23] if over is V4 else frame[20]
            if frame[12:14] == over.ethertype and protocol == PROTOCOL:
                equal(frame[:6], mac[x], "whom it is for")
                return frame[6:12] == mac[a]
    with sock:
        equal(comes_directly(), False, "the first packet is redirected")
        wait_until(comes_directly, 20, "the next ones take the shorter way")
    said = a.run(f"ip {'-4' if over is V4 else '-6'} route get {over.b} from {over.a}").stdout
    assert f"via {'192.0.2.3' if over is V4 else local(x, 'u0')}" in said, said


main(150)
