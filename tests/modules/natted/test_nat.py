#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the wing nat translates, by the rules of natted.rs in r: see nat.py. b and conntrack say what is right."""

import errno
import os
import pathlib
import socket
import threading

import ynl
from nat import (A4, B4, BOTH, DGRAM, POOL4, POOL6, RB4, STREAM, Nat, client, exchange, listener, shown,
                 three, version)
from selftest import NetNs, Skip, case, checked, drop_reasons, equal, iperf, main, need, wait_until

KINDS = ((STREAM, "tcp"), (DGRAM, "udp"))


def tracked(ns):
    """How many connections the namespace has."""
    with ns.enter():
        return int(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())


def refused(code, function, *args, **named):
    """The function's request is refused with an error number."""
    try:
        function(*args, **named)
    except ynl.NlError as error:
        equal(abs(error.error), code, f"the error of {args} {named}")
        return
    raise AssertionError(f"{args} {named} is taken")


def unanswered(sock, seconds=0.3):
    """What is sent is not answered for so long; returns what the sender is told."""
    sock.settimeout(seconds)
    try:
        sock.send(b"x")
        sock.recv(64)
    except TimeoutError:
        return None
    except OSError as error:
        return error.errno
    raise AssertionError("it was answered")


@case
@checked
def sources_are_translated():
    """To an address that r has not; of TCP, UDP and ping, of either version. b sees it, and conntrack lists it."""
    need("conntrack", "iperf3")
    a, r, b, nat = three()
    for near, _, _, far, pool in BOTH:
        family = version(near)
        assert not a.ping(far, 1, "-W 0.3"), "b knows a way to a"
        nat.rule("postrouting", "snat", pool)
        for kind, protocol in KINDS:
            there = listener(b, far, kind)
            here = client(a, far, there.getsockname()[1], kind)
            own, port = here.getsockname()[1], there.getsockname()[1]
            equal(exchange(here, there), (pool, own), f"whom b has seen, {protocol}")
            equal(shown(r, family, protocol, own),
                  [(near, far, own, port), (far, pool, port, own)], "the connection")
        assert a.ping(far, 3)
        assert iperf(a, b, far) > 100_000


@case
def destinations_are_translated():
    """What is for a port of r goes to another one of b, which answers as r."""
    need("conntrack")
    a, r, b, nat = three()
    for near, router, outer, far, _ in BOTH:
        nat.rule("postrouting", "masquerade", family=version(near))
        for kind, protocol in KINDS:
            there = listener(b, far, kind)
            port = there.getsockname()[1]
            nat.rule("prerouting", "dnat", far, ports=(port, port), port=8080)
            here = client(a, router, 8080, kind)
            own = here.getsockname()[1]
            equal(exchange(here, there), (outer, own), f"whom b has seen, {protocol}")
            equal(shown(r, version(near), protocol, own),
                  [(near, router, own, 8080), (far, outer, port, own)], "the connection")


@case
def of_the_hosts_own():
    """r connects to an address that nobody has, and is connected to as somebody else."""
    a, r, b, nat = three()
    for near, router, _, far, pool in BOTH:
        for kind, protocol in KINDS:
            there = listener(b, far, kind)
            nat.rule("local-out", "dnat", far, port=there.getsockname()[1])
            exchange(client(r, pool, there.getsockname()[1], kind), there)
            there = listener(r, router, kind)
            nat.rule("local-in", "snat", pool, ports=(7000, 7000), port=there.getsockname()[1])
            here = client(a, router, there.getsockname()[1], kind)
            equal(exchange(here, there), (pool, 7000), f"whom r has seen, {protocol}")
    # A connection with itself is asked for where it leaves, and not where it comes in again.
    nat.rule("local-out", "leave")
    there = listener(r, "127.0.0.1")
    asked = nat.during(lambda: exchange(client(r, "127.0.0.1", there.getsockname()[1]), there))
    equal(asked, {"local-out": 1, "postrouting": 1}, "who was asked of a connection of r with itself")


@case
@checked
def masquerading_ends_with_its_address():
    """The source is an address of the device; the connections end when it goes, and when the device goes down."""
    a, r, b, nat = three()
    for near, _, outer, far, _ in BOTH:
        family, length = (version(near), 24 if version(near) == "ipv4" else 64)
        nat.rule("postrouting", "masquerade", family=family, ports=(5000, 5999))
        for end, again in (f"ip addr del {outer}/{length} dev rb", f"ip addr add {outer}/{length} dev rb"), \
                          ("ip link set rb down", "ip link set rb up"):
            there = listener(b, far)
            here = client(a, far, there.getsockname()[1])
            peer, port = exchange(here, there)
            equal((peer, 5000 <= port <= 5999), (outer, True), f"whom b has seen: {peer} {port}")
            wait_until(lambda: listed(r, family) == 1, 10, "the connection is listed")
            r.run(end)
            wait_until(lambda: listed(r, family) == 0, 20, f"the connection ends after {end}")
            r.run(again)
            # What goes down loses its addresses of IPv6.
            r.run(f"ip addr add {BOTH[1][2]}/64 dev rb", check=False)
            wait_until(lambda: r.ping(far, 1), 20, "rb is up")


def listed(ns, family):
    """How many connections of TCP are listed."""
    text = ns.run(f"conntrack -L -f {family} -p tcp").stdout
    return sum("src=" in line for line in text.splitlines())


@case
@checked
def redirected_to_this_host():
    """What is for b comes to r, from a and from r itself; where the kernel cannot, it says so to who sends."""
    a, r, b, nat = three()
    for near, router, _, far, _ in BOTH:
        loopback = "127.0.0.1" if version(near) == "ipv4" else "::1"
        nat.rule("local-out", "redirect", family=version(near), ports=(8080, 8080), port=80, protocol=17)
        with r.enter():
            probe = socket.socket(socket.AF_INET6 if ":" in far else socket.AF_INET, DGRAM)
        with probe:
            probe.connect((far, 80))
            told = unanswered(probe, 30)
        if told == errno.EOPNOTSUPP:
            nat.rule("prerouting", "redirect", family=version(near), port=80)
            here = client(a, far, 80, DGRAM)
            with drop_reasons() as reasons:
                equal(unanswered(here), None, "what a is told")
            assert any("NETFILTER_DROP" in reason for reason in reasons), reasons
            continue
        nat.rule("local-out", "redirect", family=version(near), ports=(8080, 8080), port=80)
        nat.rule("prerouting", "redirect", family=version(near), ports=(8080, 8080), port=80)
        for kind, _ in KINDS:
            there = listener(r, router, kind, 8080)
            equal(exchange(client(a, far, 80, kind), there)[0], near, "whom r has seen")
            there.close()
            there = listener(r, loopback, kind, 8080)
            exchange(client(r, far, 80, kind), there)
            there.close()
    if told == errno.EOPNOTSUPP:
        raise Skip("the kernel has no NF_NAT_REDIRECT; it was said")


@case
def ranges_are_kept():
    """Of ports and of addresses; with one port for two connections to the same place the second has none."""
    a, r, b, nat = three()
    for near, _, _, far, pool in BOTH:
        if version(near) == "ipv4":
            first, last, length = "198.51.100.8", "198.51.100.11", 24
        else:
            first, last, length = "2001:db8:2::8", "2001:db8:2::b", 64
        inside = {address_of(first, n) for n in range(4)}
        there = listener(b, far, DGRAM)
        port = there.getsockname()[1]
        nat.rule("postrouting", "snat", first, last, ports=(6000, 6003))
        clients = [client(a, far, port, DGRAM) for _ in range(4)]
        seen = [exchange(here, there) for here in clients]
        equal(len(set(seen)), 4, f"those whom b has seen: {seen}")
        for peer, source in seen:
            assert peer in inside and 6000 <= source <= 6003, (peer, source)
        # Which address it is follows from both ends, or, if it is to be persistent, from the source.
        others = [address_of(far, 20 + n) for n in range(8)]
        for other in others:
            b.run(f"ip addr add {other}/{length} dev b0")
        for persistent in False, True:
            nat.rule("postrouting", "snat", first, last, **{"persistent": True} if persistent else {})
            seen = set()
            for other in others:
                place = listener(b, other, DGRAM)
                seen.add(exchange(client(a, other, place.getsockname()[1], DGRAM), place)[0])
            assert seen <= inside, seen
            equal(len(seen) == 1, persistent, f"whether one source has one address: {seen}")
        nat.rule("postrouting", "snat", pool, ports=(6500, 6500))
        equal(exchange(client(a, far, port, DGRAM), there), (pool, 6500), "the only one")
        equal(unanswered(client(a, far, port, DGRAM)), None, "what the second one is told")


def address_of(first, number):
    """The address that comes so many behind one."""
    family = socket.AF_INET6 if ":" in first else socket.AF_INET
    raw = socket.inet_pton(family, first)
    return socket.inet_ntop(family, (int.from_bytes(raw, "big") + number).to_bytes(len(raw), "big"))


@case
def ports_are_drawn():
    """A source keeps its port, unless that is to be drawn; or is taken by somebody else."""
    a, r, b, nat = three()
    there = listener(b, B4, DGRAM)
    port = there.getsockname()[1]
    nat.rule("postrouting", "masquerade", family="ipv4")
    here = client(a, B4, port, DGRAM)
    equal(exchange(here, there)[1], here.getsockname()[1], "the port")
    # r's own connection has this port already, and nobody was asked to translate a's.
    own = client(r, B4, port, DGRAM)
    exchange(own, there)
    taken = client(a, B4, port, DGRAM, source=(A4, own.getsockname()[1]))
    assert exchange(taken, there)[1] != own.getsockname()[1], "two have the same port"
    for how in "random", "fully_random":
        nat.rule("postrouting", "masquerade", family="ipv4", **{how: True})
        drawn = 0
        for _ in range(4):
            here = client(a, B4, port, DGRAM)
            drawn += exchange(here, there)[1] != here.getsockname()[1]
        assert drawn, f"{how}: four ports are the senders' own"


@case
def errors_are_translated():
    """Nobody listens at b: a is told so, of the socket that has sent, by whom it has sent to."""
    a, r, b, nat = three()
    for near, router, _, far, pool in BOTH:
        nat.rule("postrouting", "snat", pool)
        nat.rule("prerouting", "leave", family=version(near))
        for target, port in ((far, 9), (router, 8080)):
            if target == router:
                nat.rule("prerouting", "dnat", far, ports=(9, 9), port=8080)
            here = client(a, target, port, DGRAM)
            equal(unanswered(here, 30), errno.ECONNREFUSED, f"what a is told of {target}")
        # Of a packet that is too big for a way behind b, which alone knows.
        nat.rule("prerouting", "leave", family=version(near))
        length, six, between, beyond, forwarding = (
            24, "", "203.0.113.1", "203.0.113.2", "ipv4/ip_forward") if version(near) == "ipv4" else (
            64, "-6", "2001:db8:3::1", "2001:db8:3::2", "ipv6/conf/all/forwarding")
        c = NetNs()
        c.run(f"ip link add cb{length} type veth peer name bc{length} netns {b.name}")
        c.up(f"cb{length}", f"{beyond}/{length}")
        b.up(f"bc{length}", f"{between}/{length}")
        b.run(f"ip link set bc{length} mtu 1400")
        c.run(f"ip {six} route add default via {between}")
        r.run(f"ip {six} route add {beyond} via {far}")
        with b.enter():
            pathlib.Path("/proc/sys/net", forwarding).write_text("1")
        there = listener(c, beyond)
        here = client(a, beyond, there.getsockname()[1])
        equal(transferred(here, there, 200_000), 200_000, "bytes through the narrow way")
        known = a.run(f"ip {six} route get {beyond}").stdout
        assert "mtu 1400" in known, f"a knows of no narrow way: {known}"


def transferred(here, there, size):
    """Sends so much; returns how much has come."""
    server, _ = there.accept()
    sender = threading.Thread(target=here.sendall, args=(bytes(size),))
    with server:
        server.settimeout(30)
        sender.start()
        come = 0
        while come < size:
            come += len(server.recv(size))
    sender.join()
    return come


@case
def off_is_off():
    """Not asked before it is on, for the family alone that is on, and not after; tracking goes with it."""
    a, r, b, nat = three()
    nat.enable(0)
    nat.rule("postrouting", "snat", POOL4)
    nat.rule("postrouting", "snat", POOL6)
    before = tracked(r)
    assert not a.ping(B4, 1, "-W 0.3")
    equal((nat.stats(), tracked(r)), (dict.fromkeys(nat.stats(), 0), before), "asked, and tracked")
    nat.enable(family="ipv4")
    # A second time changes nothing.
    nat.enable(family="ipv4")
    assert a.ping(B4, 1) and not a.ping(BOTH[1][3], 1, "-W 0.3")
    equal({name for name, count in nat.stats().items() if count}, {"prerouting", "postrouting"}, "asked")
    nat.enable()
    assert a.ping(BOTH[1][3], 1)
    nat.enable(0, family="ipv4")
    asked = nat.during(lambda: a.ping(B4, 1, "-W 0.3"))
    assert not asked and a.ping(BOTH[1][3], 1), asked


@case
def beside_nftables():
    """Who comes first decides; what one has translated lasts when only the other one is left."""
    need("nft")
    a, r, b, nat = three()
    nat.rule("postrouting", "snat", POOL4)

    def opened():
        there = listener(b, B4, DGRAM)
        here = client(a, B4, there.getsockname()[1], DGRAM)
        return here, there, exchange(here, there)[0]

    # The rule of natted has priority 0.
    for priority, first in (-1, RB4), (1, POOL4):
        r.run(f"nft 'add table t; add chain t c {{ type nat hook postrouting priority {priority}; }};"
              "add rule t c masquerade'")
        equal(opened()[2], first, f"whom b has seen, by nftables with priority {priority}")
        r.run("nft delete table t")
    r.run("nft 'add table t; add chain t c { type nat hook postrouting priority 1; };"
          "add rule t c ip saddr 203.0.113.1 masquerade'")
    here, there, seen = opened()
    equal(seen, POOL4, "whom b has seen")
    nat.enable(0)
    here.send(b"again")
    equal(there.recvfrom(64)[1][0], POOL4, "whom b sees when natted is off")


@case
def a_connection_from_before_stays():
    """It was opened without NAT: it is not asked for, for as long as it lasts, and neither is a packet of it."""
    need("conntrack")
    a, r, b, nat = three()
    nat.enable(0)
    r.run("nft 'add table t; add chain t c { type filter hook forward priority 0; }; add rule t c ct state new accept'")
    there = listener(b, B4, DGRAM)
    here = client(a, B4, there.getsockname()[1], DGRAM)
    here.send(b"before")
    equal(there.recvfrom(64)[1][0], A4, "whom b has seen")
    nat.enable()
    nat.rule("postrouting", "snat", POOL4)

    def again():
        here.send(b"again")
        equal(there.recvfrom(64)[1][0], A4, "whom b has seen then")

    equal(nat.during(again), {}, "asked of a connection from before")
    r.run("conntrack -D -p udp")
    equal(exchange(here, there)[0], POOL4, "whom b has seen when it was ended")


@case
def what_is_wrong_is_refused():
    """Ranges that are none, what cannot be done at a point, who is nobody. An address of the other version drops."""
    a, r, b, nat = three()
    refused(errno.EINVAL, nat.rule, "postrouting", "snat", POOL4, "198.51.100.7")
    refused(errno.EINVAL, nat.rule, "postrouting", "snat", POOL6, "2001:db8:2::7")
    refused(errno.EINVAL, nat.rule, "postrouting", "snat", "2001:db8:2::8", "2001:db8:2::1:0:9")
    refused(errno.EAFNOSUPPORT, nat.rule, "postrouting", "snat", POOL4, POOL6)
    refused(errno.EINVAL, nat.rule, "postrouting", "snat", POOL4, ports=(0, 10))
    refused(errno.EINVAL, nat.rule, "postrouting", "masquerade", ports=(10, 9))
    for point, action in (("prerouting", "snat"), ("local-out", "snat"), ("prerouting", "masquerade"),
                          ("local-out", "masquerade"), ("local-in", "masquerade"), ("local-in", "dnat"),
                          ("local-in", "redirect"), ("postrouting", "dnat"), ("postrouting", "redirect")):
        refused(errno.EINVAL, nat.rule, point, action, POOL4)
    equal(nat.stats()["prerouting"], 0, "asked")
    # Taken is none of them: nothing is translated.
    assert not a.ping(B4, 1, "-W 0.3")
    nat.rule("local-out", "dnat", POOL4, family="inet", port=7)
    with r.enter(), socket.socket(socket.AF_INET6, DGRAM) as probe:
        probe.connect((BOTH[1][3], 7))
        equal(unanswered(probe, 30), errno.EAFNOSUPPORT, "what r is told of the other version")
    nat.rule("postrouting", "drop", family="ipv4")
    with drop_reasons() as reasons:
        assert not a.ping(B4, 1, "-W 0.3")
    assert any("NETFILTER_DROP" in reason for reason in reasons), reasons
    uid = os.geteuid()
    nobody = Nat(r)
    os.seteuid(65534)
    try:
        refused(errno.EPERM, nobody.enable)
        refused(errno.EPERM, nobody.rule, "postrouting", "leave")
    finally:
        os.seteuid(uid)


main(40)
