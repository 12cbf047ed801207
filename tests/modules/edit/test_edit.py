#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of edits, by the hook and the device of edit.rs in r. What is right is computed here, and by
nftables. What is sent by edit0 comes in there.

    +----------- r -----------+      +--- b ----+
    |  edit0            rb o--|------|--o bb    |
    +-------------------------+      +----------+
     198.51.100.1   192.0.2.1         192.0.2.2
    2001:db8:1::1  2001:db8::1       2001:db8::2
"""

import contextlib
import errno
import pathlib
import random
import socket
import struct

import ynl
from packets import HOP_BY_HOP, ICMP, ICMPV6, OPTIONS, ROUTING, TCP, UDP, Packet, ip, marker, right
from router import (B4, B6, FAR4, FAR6, NEW4, NEW6, OTHER4, OTHER6, OWN4, OWN6, R4, R6, STATES, Editor,
                    Router, payload)
from selftest import (NetNs, case, checked, churn, equal, iperf, loaded, main, modprobe, need, rmmod, run,
                      wait_until)


def changes(packet):
    """Rules, and what becomes of the packet by each."""
    new, other = (NEW4, OTHER4) if packet.version == 4 else (NEW6, OTHER6)
    yield {"hop_limit": 9}, {"hop_limit": 9}
    yield {"decrement": 1}, {"hop_limit": packet.hop_limit - 1}
    yield {"dscp": 46}, {"dscp": 46}
    yield {"ecn": 2, "congested": 1}, {"ecn": 3}
    yield {"source": other}, {"source": other}
    yield {"destination": new}, {"destination": new}
    if packet.protocol in (TCP, UDP):
        yield {"source_port": 9}, {"source_port": 9}
        everything = {"hop_limit": 3, "dscp": 1, "ecn": 1, "source": other, "destination": new,
                      "source_port": 0xffff, "destination_port": 1}
        yield everything, everything
    if packet.protocol == TCP:
        yield {"window": 0}, {"window": 0}


def packets():
    """One of each kind, with a name."""
    for name, protocol, more in (("tcp", TCP, {}), ("udp", UDP, {}), ("udp without", UDP, {"unsummed": True}),
                                 ("icmp", ICMP, {}), ("tcp with options", TCP, {"options": b"\1" * 8})):
        yield f"{name} 4", Packet(FAR4, B4, protocol, payload=payload(), **more)
    for name, protocol, more in (
            ("tcp", TCP, {}), ("udp", UDP, {}), ("icmp", ICMPV6, {}),
            ("udp behind hop-by-hop", UDP, {"extensions": (HOP_BY_HOP,)}),
            ("tcp behind two", TCP, {"extensions": (HOP_BY_HOP, OPTIONS)}),
            ("udp on a source route", UDP, {"extensions": (ROUTING,)})):
        yield f"{name} 6", Packet(FAR6, B6, protocol, payload=payload(), **more)


@case
def sums_of_what_is_forwarded():
    """Byte for byte what a sender would have made, whatever is known of the checksum on the way."""
    router = Router()
    for name, packet in packets():
        for state in STATES:
            if state == "partial" and packet.unsummed or packet.protocol == ICMP and state == "partial":
                continue
            for rule, outcome in changes(packet):
                packet = packet.with_(payload=payload())
                router.editor.rule(point="prerouting", protocol=packet.protocol, **rule)
                got = router.through(packet, state)
                outcome = {"hop_limit": packet.hop_limit, **outcome}
                outcome["hop_limit"] -= 1
                want = packet.with_(**outcome).bytes()
                equal([one.hex() for one in got], [want.hex()], f"{name}, {state}, {rule}")
    stats = router.editor.stats()
    equal(sum(stats[name] for name in stats if name != "edited"), 0, "what went wrong")


@case
def sums_of_fragments():
    """Later ones have no transport header, whatever their bytes look like; the datagram is right."""
    router = Router()
    for version, packet in ((4, Packet(FAR4, B4, UDP, payload=payload(80))),
                            (6, Packet(FAR6, B6, UDP, payload=payload(80))),
                            (4, Packet(FAR4, B4, TCP, payload=payload(80)))):
        new, other = (NEW4, OTHER4) if version == 4 else (NEW6, OTHER6)
        change = {"source": other, "destination": new}
        router.editor.rule(point="prerouting", **change)
        for state in "none", "complete":
            for fragment in (0, 32, True), (32, 32, True), (64, 64, False):
                one = packet.with_(fragment=fragment)
                router.editor.device(sum=state)
                router.wire.send(one)
                got = router.capture.take(one.bytes()[-8:])
                want = one.with_(hop_limit=63, **change).bytes()
                equal([one.hex() for one in got], [want.hex()], f"{version}, {state}, {fragment}")
    # The checksum of TCP is not in the first eight bytes: nothing changes.
    before = router.editor.stats()
    one = Packet(FAR4, B4, TCP, payload=payload(), fragment=(0, 8, True))
    router.wire.send(one)
    got = router.capture.take(one.transport()[:8])
    equal([one.hex() for one in got], [one.with_(hop_limit=63).bytes().hex()], "a short first fragment")
    equal(router.editor.stats()["too-short"] - before["too-short"], 1, "too short")


@case
@checked
def sums_of_segments():
    """What is to be segmented has one header for all."""
    router = Router()
    for protocol in TCP, UDP:
        for source, destination, new in (FAR4, B4, NEW4), (FAR6, B6, NEW6):
            packet = Packet(source, destination, protocol, payload=marker() * 350)
            router.editor.rule(point="forward", protocol=protocol, hop_limit=7, dscp=10, destination=new,
                               source_port=77)
            got = router.through(packet, segment=1000, count=3)
            equal(len(got), 3, f"segments of {protocol} to {destination}")
            for one in got:
                assert right(one), f"{protocol} to {destination}: {one.hex()}"
                assert ip(new).packed in one[:40] and b"\0\x4d" in one[20:44], one.hex()
    equal(router.editor.stats()["edited"], 4, "edits")


RULES = {
    "ip ttl set 9": {"hop_limit": 9},
    "ip dscp set 46": {"dscp": 46},
    f"ip saddr set {OTHER4}": {"source": OTHER4},
    f"ip daddr set {NEW4}": {"destination": NEW4},
    "ip6 hoplimit set 9": {"hop_limit": 9},
    "ip6 dscp set 46": {"dscp": 46},
    f"ip6 saddr set {OTHER6}": {"source": OTHER6},
    f"ip6 daddr set {NEW6}": {"destination": NEW6},
    "udp sport set 9": {"source_port": 9},
    "udp dport set 65535": {"destination_port": 65535},
    "tcp sport set 9": {"source_port": 9},
    "tcp window set 0": {"window": 0},
}


@case
def as_nftables_does_it():
    """The same packets, with the same bytes in the end."""
    need("nft")
    router = Router()
    router.r.run("nft 'add table inet t; add chain inet t c "
                 "{ type filter hook prerouting priority -151; }'")
    def fits(packet, kind):
        return {"ip": packet.version == 4, "ip6": packet.version == 6, "udp": packet.protocol == UDP,
                "tcp": packet.protocol == TCP}[kind]

    def states(packet):
        partial = [] if packet.unsummed or packet.protocol == ICMP else ["partial"]
        return ["none", "verified", *partial]

    for text, rule in RULES.items():
        kind = text.split()[0]
        # It takes the destination of a source route for the final one, and makes a checksum of none when it
        # changes a port.
        mine = [(name, packet, state) for name, packet in packets() for state in states(packet)
                if fits(packet, kind) and ROUTING not in packet.extensions
                and not (packet.unsummed and kind == "udp")]
        router.editor.rule()
        router.r.run(f"nft 'add rule inet t c {text}'")
        theirs = [router.through(packet, state) for _, packet, state in mine]
        router.r.run("nft flush chain inet t c")
        router.editor.rule(point="prerouting", **rule)
        for (name, packet, state), want in zip(mine, theirs):
            equal([one.hex() for one in router.through(packet, state)], [one.hex() for one in want],
                  f"{name}, {state}, {text}")


def complaints():
    return run("dmesg", check=False).stdout.count("hw csum failure")


@case
def a_sum_of_all_bytes_stays_one():
    """A device that has summed a packet is believed, and not found to be wrong, by the socket."""
    router = Router()
    for packet in (Packet(FAR4, OWN4, UDP), Packet(FAR6, OWN6, UDP),
                   Packet(FAR6, OWN6, UDP, extensions=(OPTIONS,)), Packet(FAR4, OWN4, UDP, unsummed=True)):
        other = OTHER4 if packet.version == 4 else OTHER6
        with router.r.enter():
            family = socket.AF_INET if packet.version == 4 else socket.AF_INET6
            sock = socket.socket(family, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(5)
            sock.bind(("", 7000))
            for rule in ({"hop_limit": 2}, {"dscp": 9}, {"source": other}, {"destination_port": 7000},
                         {"hop_limit": 250, "dscp": 63, "ecn": 3, "source": other, "source_port": 65535}):
                for point in "prerouting", "local-in":
                    router.editor.rule(point=point, protocol=UDP, **rule)
                    router.editor.device(sum="complete")
                    # Longer ones are summed again when they are read.
                    for size in 10, 11, 900:
                        data = payload(size)
                        port = 7000 if "destination_port" not in rule or point == "local-in" else 7001
                        router.wire.send(packet.with_(payload=data, destination_port=port))
                        got, sender = sock.recvfrom(2000)
                        equal(got, data, f"{packet}, {rule}")
                        equal(sender[0], rule.get("source", packet.source), "sender")
    # The kernel says so once.
    equal(complaints(), 0, "complaints about the device")
    with router.r.enter():
        errors = [line for line in pathlib.Path("/proc/net/snmp6").read_text().splitlines()
                  if line.startswith("Udp6InCsumErrors")]
    equal(errors[0].split()[1], "0", "wrong checksums")


@case
def connections_whose_ports_are_others():
    """TCP with all offloads of a veth, both ways, and UDP."""
    need("iperf3")
    modprobe("edit")
    a, r = NetNs(), NetNs()
    a.run(f"ip link add ar type veth peer name ra netns {r.name}")
    a.up("ar", f"{B4}/24", f"{B6}/64")
    r.up("ra", f"{R4}/24", f"{R6}/64")
    editor = Editor(r)
    for index, protocol in enumerate((TCP, UDP)):
        editor.rule(2 * index, point="prerouting", protocol=protocol, if_destination_port=5300,
                    destination_port=5201, hop_limit=33)
        editor.rule(2 * index + 1, point="local-out", protocol=protocol, if_source_port=5201,
                    source_port=5300, dscp=12)
    for address in R4, R6:
        for options in "", "-R", "-u -b 20M -l 1000":
            received = iperf(a, r, address, f"-p 5300 {options}", amount="2M")
            # Backwards, the client has received it, and has not failed.
            # Some datagrams may be lost.
            assert received >= 100000 or options == "-R", (address, options, received)
    stats = editor.stats()
    assert stats["edited"] > 1000 and stats["too-short"] + stats["malformed"] == 0, stats


def errors(ns, protocol="Udp", name="InCsumErrors"):
    """A counter of a namespace's IPv4."""
    with ns.enter():
        lines = [line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines()
                 if line.startswith(f"{protocol}:")]
    return int(lines[1][lines[0].index(name)])


@case
@checked
def the_outer_header_of_a_tunnel():
    """Its checksum is there in full while that of the packet inside is left to the device; in what is to be
    segmented it is not."""
    need("iperf3")
    router = Router()
    for ns, near, far, device, address in ((router.r, R4, B4, "rb", "10.9.0.1"),
                                           (router.b, B4, R4, "bb", "10.9.0.2")):
        ns.run(f"ip link add vx type vxlan id 5 local {near} remote {far} dstport 4789 dev {device} udpcsum nolearning")
        ns.up("vx", f"{address}/24")
    router.editor.rule(point="postrouting", protocol=UDP, if_destination_port=4789, source_port=9999,
                       source="192.0.2.55", dscp=4)
    assert router.r.ping("10.9.0.2", 3)
    for options in "", "-u -b 10M -l 1000":
        assert iperf(router.r, router.b, "10.9.0.2", options, amount="1M") >= 100000, options
    stats = router.editor.stats()
    assert stats["edited"] > 100 and stats["unsupported"] + stats["too-short"] == 0, stats
    equal(errors(router.b), 0, "wrong checksums")


@case
def tcpdump_finds_no_wrong_checksum():
    need("tcpdump")
    router = Router()
    file = f"/tmp/edit-{router.b.name}.pcap"
    process = router.b.popen(f"tcpdump -i bb -w {file} -U --immediate-mode -Q in")
    wait_until(lambda: pathlib.Path(file).exists() and pathlib.Path(file).stat().st_size >= 24, 20, "tcpdump")
    count = judged = 0
    for name, packet in packets():
        if ROUTING in packet.extensions:
            continue
        for rule, _ in changes(packet):
            router.editor.rule(point="postrouting", protocol=packet.protocol, **rule)
            for state in "none", "partial":
                if state == "partial" and (packet.unsummed or packet.protocol == ICMP):
                    continue
                equal(len(router.through(packet, state)), 1, f"{name}, {rule}")
                count += 1
                judged += packet.protocol != ICMP and not packet.unsummed
    wait_until(lambda: len(run(f"tcpdump -nr {file}", check=False).stdout.splitlines()) >= count, 60, "all packets")
    process.terminate()
    process.wait()
    text = router.b.run(f"tcpdump -vvnr {file}").stdout
    pathlib.Path(file).unlink()
    bad = [line for line in text.splitlines() if "incorrect" in line or "cksum" in line and ("bad" in line or "wrong" in line)]
    equal(bad, [], "wrong checksums")
    said = text.count("sum ok") + text.count("(correct)")
    assert said >= judged, f"{said} right ones of {judged}"


@case
@checked
def another_route():
    """A packet of this host goes where its new address is; where there is no route, its sender is told."""
    router = Router()
    router.r.run("ip link add d0 type dummy; ip link set d0 up;"
                 "ip route add 203.0.113.0/24 dev d0; ip -6 route add 2001:db8:9::/64 dev d0")
    for family, first, to in (socket.AF_INET, "203.0.113.5", B4), (socket.AF_INET6, "2001:db8:9::5", B6):
        source = R4 if to == B4 else R6
        with router.r.enter():
            sock = socket.socket(family, socket.SOCK_DGRAM)
        with sock:
            for reroute in 0, 1:
                router.editor.rule(point="local-out", protocol=UDP, source=source, destination=to,
                                   reroute=reroute)
                data = payload()
                sock.sendto(data, (first, 9))
                got = router.capture.take(data, timeout=5 if reroute else 0.3)
                equal(len(got), reroute, f"packets to {to}")
                assert not got or right(got[0]), got[0].hex()
            nowhere = "203.0.114.1" if to == B4 else "2001:db8:a::1"
            router.editor.rule(point="local-out", protocol=UDP, destination=nowhere, reroute=1)
            try:
                sock.sendto(b"x", (first, 9))
                raise AssertionError("sent without a route")
            except OSError as error:
                assert error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH), error
    equal(router.editor.stats()["unrouted"], 2, "without a route")


@case
@checked
def packets_above_a_rate():
    """The burst and what the rate has added go through; the log says so, and not often."""
    router = Router()
    router.editor.rule(point="local-out", protocol=UDP, rate=20, burst=10)
    before = run("dmesg", check=False).stdout.count("too many packets")
    with router.r.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        refused = 0
        for _ in range(200):
            try:
                sock.sendto(b"x", (B4, 9))
            except PermissionError:
                refused += 1
    stats = router.editor.stats()
    equal(stats["limited"], refused, "dropped")
    equal(stats["edited"] + refused, 200, "packets")
    assert 10 <= stats["edited"] <= 60, stats
    assert 0 < run("dmesg", check=False).stdout.count("too many packets") - before <= 20


@case
def nothing_a_packet_can_be_is_too_much():
    """Packets cut short, and with bytes changed, that all rules apply to."""
    router = Router()
    # None sets the hop limit: what is for nobody comes back by edit0.
    for index, point in enumerate(("prerouting", "local-in", "forward", "postrouting")):
        router.editor.rule(index, point=point, dscp=3, source=OTHER4 if index % 2 else OTHER6,
                           destination_port=1, window=1)
    router.editor.rule(0, point="prerouting", destination_port=9, source=OTHER4)
    generator = random.Random(7)
    kinds = [packet for _, packet in packets()]
    for number in range(3000):
        packet = generator.choice(kinds)
        data = bytearray(packet.bytes())
        for _ in range(generator.randrange(3)):
            data[generator.randrange(min(len(data), 90))] = generator.randrange(256)
        if packet.version == 4 and generator.random() < 0.8:
            # The header at least is right again.
            data[10:12] = b"\0\0"
            size = min(max(data[0] & 15, 5) * 4, len(data))
            words = struct.unpack(f"!{size // 2}H", data[:size])
            value = sum(words)
            value = (value & 0xffff) + (value >> 16)
            value = (value & 0xffff) + (value >> 16)
            data[10:12] = struct.pack("!H", 0xffff - value)
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)):]
        router.editor.device(sum=STATES[number % 3]) if number % 100 == 0 else None
        frame = router.wire.frame(bytes(data), packet.version)
        router.wire.raw(bytes(10), frame)
    router.capture.drain()
    stats = router.editor.stats()
    assert stats["edited"] > 500 and stats["too-short"] and stats["absent"], stats


def edited():
    """A router with rules at all points, under traffic."""
    router = Router()
    for index, point in enumerate(("prerouting", "forward", "local-out", "postrouting")):
        router.editor.rule(index, point=point, dscp=7, hop_limit=60)
    for address in R4, R6:
        router.b.popen(f"ping -q -i 0.01 {address}")
    wait_until(lambda: router.editor.stats()["edited"] > 200, 30, "traffic")
    return router


@case
@churn
def namespace_deleted_under_traffic():
    """And the device before it."""
    router = edited()
    router.r.run("ip link del edit0")
    # Not by IPv6: the rules change the hop limit of what finds neighbours.
    assert router.b.ping(R4)
    router.editor.close()
    # Its socket holds the namespace.
    router.wire.close()
    router.r.delete()
    wait_until(lambda: "bb" not in router.b.run("ip -br link").stdout, 30, "the namespace is gone")


@case
@churn
def unloaded_under_traffic():
    """Traffic goes on."""
    router = edited()
    router.editor.close()
    rmmod("edit")
    assert not loaded("edit")
    for address in R4, R6:
        assert router.b.ping(address)


def outcome_of(ns, address, protocol, patience):
    """The error that comes back from port 25; None if none does."""
    kind = socket.SOCK_STREAM if protocol == TCP else socket.SOCK_DGRAM
    with ns.enter(), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as sock:
        sock.settimeout(patience)
        try:
            if protocol == UDP:
                # Errors that are not fatal are told to who asks for them.
                sock.setsockopt(socket.IPPROTO_IPV6 if ":" in address else socket.IPPROTO_IP,
                                25 if ":" in address else 11, 1)
            sock.connect((address, 25))
            sock.send(b"x")
            sock.recv(1)
        except TimeoutError:
            return None
        except OSError as error:
            return error.errno
    raise AssertionError("an answer")


@case
@checked
def rejected_at_each_point():
    """Before routing, too, where the packet has no route yet; not after it: there it is dropped, and nobody is told."""
    modprobe("edit")
    a, r, b = NetNs(), NetNs(), NetNs()
    for left, name, peer, other in ((a, "ar", r, "ra"), (r, "rb", b, "bb")):
        left.run(f"ip link add {name} type veth peer name {other} netns {peer.name}")
    a.up("ar", "203.0.113.1/24", "2001:db8:2::1/64")
    r.up("ra", "203.0.113.2/24", "2001:db8:2::2/64")
    r.up("rb", f"{R4}/24", f"{R6}/64")
    b.up("bb", f"{B4}/24", f"{B6}/64")
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 "
          "net.ipv6.icmp.ratelimit=0")
    a.run("ip route add default via 203.0.113.2; ip -6 route add default via 2001:db8:2::2")
    b.run(f"ip route add default via {R4}; ip -6 route add default via {R6}")
    assert a.ping(B4) and a.ping(B6)
    editor = Editor(r)
    if not loaded("kernet_reject"):
        try:
            editor.rule(point="forward", reject=1)
            raise AssertionError("a kernel without it rejects")
        except ynl.NlError as error:
            equal(error.error, errno.EOPNOTSUPP, "error")
        return
    told = {"prerouting": True, "forward": True, "postrouting": False, "local-in": True}
    for point, answered in told.items():
        for protocol, answer, wanted in ((TCP, 1, errno.ECONNREFUSED), (UDP, 2, errno.EHOSTUNREACH)):
            editor.rule(point=point, protocol=protocol, if_destination_port=25, reject=answer)
            for address in (("203.0.113.2", "2001:db8:2::2") if point == "local-in" else (B4, B6)):
                before = editor.stats()["edited"]
                wanted6 = errno.EACCES if answer == 2 and ":" in address else wanted
                equal(outcome_of(a, address, protocol, 20 if answered else 1), wanted6 if answered else None,
                      f"{point}, {address}, protocol {protocol}")
                assert editor.stats()["edited"] > before, f"no packet came to {point}"

    # What is sent to many: a group, all, and all of a network, which the frame says.
    editor.rule(point="prerouting", protocol=TCP, reject=1)
    with a.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind(("ar", 3))
    sock.setblocking(False)
    own, to_r = (bytes.fromhex(ns.link(name)["address"].replace(":", "")) for ns, name in ((a, "ar"), (r, "ra")))
    before = editor.stats()["edited"]
    with sock:
        for mac, address in ((to_r, "224.0.0.1"), (to_r, "255.255.255.255"), (b"\xff" * 6, "203.0.113.255"),
                             (to_r, "203.0.113.2")):
            sock.send(mac + own + b"\x08\0" + Packet("203.0.113.1", address, TCP).bytes())
        wait_until(lambda: editor.stats()["edited"] == before + 4, 10, "packets came")
        answers = []

        def last_is_answered():
            with contextlib.suppress(BlockingIOError):
                while True:
                    frame, (_, _, kind, *_) = sock.recvfrom(2000)
                    if kind == 0 and frame[12:14] == b"\x08\0" and frame[23] == TCP:
                        answers.append(str(ip(frame[26:30])))
            return "203.0.113.2" in answers
        wait_until(last_is_answered, 10, "the last one is answered")
    equal(answers, ["203.0.113.2"], "who has answered")


main(60)
