#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of the wing conntrack, by the filter of stateful.rs in b. nftables and conntrack say what is
right.

    +--- a ----+     +--- b ----+
    |       ab o-----o ba       |
    +----------+     +----------+
      192.0.2.1       192.0.2.2
    2001:db8::1     2001:db8::2
"""

import errno
import json
import os
import pathlib
import re
import socket
import struct

import ynl
from selftest import (NetNs, Skip, case, checked, churn, defer, equal, iperf, loaded, main,
                      modprobe, need, rmmod, run, unload, wait_until)

A4, A6, B4, B6 = "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"
HERE = pathlib.Path(__file__).resolve().parent
STATES = ("invalid", "untracked", "new", "established", "related")
ICMP, TCP, UDP = 1, 6, 17
ECHO_REPLY = 0


class Filter:
    """The filter of a namespace."""

    def __init__(self, ns):
        self.ns = ns
        self.family = ynl.family("stateful", ns, HERE)
        defer(self.close)

    def close(self):
        """A socket keeps its namespace."""
        if self.family.sock:
            self.family.sock.close()
            self.family.sock = None

    def set(self, **config):
        self.family.do("config-set", config)

    def stats(self):
        return self.family.do("stats-get", {})

    def last(self):
        return self.family.do("connection-get", {})

    def during(self, function):
        """The states of the packets of the function, and of those that hosts send by themselves."""
        before = self.stats()
        function()
        now = self.stats()
        return {name: now[name] - before[name] for name in STATES if now[name] != before[name]}


def two():
    """a and b, with the filter loaded, which has nothing to do yet."""
    modprobe("stateful")
    a, b = NetNs(), NetNs()
    a.run(f"ip link add ab type veth peer name ba netns {b.name}")
    a.up("ab", f"{A4}/24", f"{A6}/64")
    b.up("ba", f"{B4}/24", f"{B6}/64")
    return a, b, Filter(b)


def tracked(ns):
    """How many connections the namespace has."""
    with ns.enter():
        return int(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())


def mapped(address):
    """An address as the family tells it."""
    if ":" not in address:
        address = f"::ffff:{address}"
    return socket.inet_pton(socket.AF_INET6, address)


def alive(client, server, size=20):
    """Sends and gets an answer by a connected pair of sockets."""
    client.sendall(bytes(size))
    equal(len(server.recv(size, socket.MSG_WAITALL)), size, "bytes")


def connect(a, b, kind=socket.SOCK_STREAM, address=B4):
    """A connected pair of sockets, of a and b."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with b.enter():
        listener = socket.socket(family, kind)
        listener.bind((address, 0))
    with a.enter():
        client = socket.socket(family, kind)
    client.settimeout(30)
    defer(client.close)
    defer(listener.close)
    if kind == socket.SOCK_DGRAM:
        client.connect(listener.getsockname())
        return client, listener
    listener.listen()
    client.connect(listener.getsockname())
    server = listener.accept()[0]
    defer(server.close)
    listener.close()
    return client, server


def hooks_elsewhere():
    """Has somebody else keep a hook at each point: of the first and the last the kernel changes its own
    text, of which processors that are emulated may run the old one, where packets go by meanwhile."""
    need("nft")
    chains = "".join(f"add chain inet t {point} {{ type filter hook {point} priority 0; }};"
                     for point in ("prerouting", "input", "forward", "output", "postrouting"))
    NetNs().run(f"nft 'add table inet t; {chains}'")


def shown(ns, protocol, port):
    """The connection of a port as `conntrack` lists it: its words `NAME=VALUE`, and if it is assured."""
    lines = [line for line in ns.run("conntrack -L").stdout.splitlines()
             if line.startswith(protocol) and f"sport={port} " in line]
    equal(len(lines), 1, "connections of the port")
    return re.findall(r"\b(\w+)=(\S+)", lines[0]), "[ASSURED]" in lines[0]


def gone(ns, peer, device):
    """Deletes a namespace, and waits until it has died: with it goes the other end of its pair."""
    ns.delete()
    wait_until(lambda: peer.run(f"ip link show dev {device}", check=False).returncode != 0, 60,
               f"{ns.name} has died")


@case
@checked
def another_module_loads_no_conntrack():
    """vpair is on kernet, but not on the wing."""
    unload("kernet")
    builtin = not run("modinfo -F filename nf_conntrack", check=False).stdout.strip().startswith("/")
    if not builtin and loaded("nf_conntrack"):
        for name in "nf_conntrack_netlink", "nft_ct", "nf_nat", "nf_conntrack":
            run(["modprobe", "-r", name], check=False)
        if loaded("nf_conntrack"):
            raise Skip("somebody else has loaded nf_conntrack, and uses it")
    modprobe("vpair")
    assert not loaded("kernet_conntrack"), "vpair has loaded the wing"
    if builtin:
        raise Skip("vpair has not loaded the wing; this kernel has nf_conntrack built in")
    assert not loaded("nf_conntrack"), "vpair has loaded nf_conntrack"
    modprobe("stateful")
    assert loaded("kernet_conntrack") and loaded("nf_conntrack")


@case
def off_until_it_is_switched_on():
    """And in one namespace, for one family, alone; off again when it is switched off once."""
    a, b, filter = two()
    assert a.ping(B4) and tracked(b) == 0
    assert set(filter.during(lambda: a.ping(B4, 1))) == {"invalid"}
    for _ in range(2):
        filter.set(family="ipv4", tracking=1)
    seen = filter.during(lambda: a.ping(B4, 1))
    equal((seen.get("new"), seen.get("established")), (1, 1), "a ping and its answer")
    equal((tracked(a), tracked(b)), (0, 1), "connections of a and b")
    assert "new" not in filter.during(lambda: a.ping(B6, 1)), "IPv6 is tracked"
    filter.set(family="inet", tracking=1)
    assert "new" in filter.during(lambda: a.ping(B6, 1)), "IPv6 is not tracked"
    filter.set(family="ipv4", tracking=0)
    assert "new" not in filter.during(lambda: a.ping(B4, 1)), "IPv4 is still tracked"
    assert "new" in filter.during(lambda: a.ping(B6, 1)), "IPv6 is not tracked any more"
    filter.set(tracking=0)
    assert set(filter.during(lambda: a.ping(B6, 1))) == {"invalid"}


@case
def others_keep_it_on():
    """nftables needs it, too: what the filter switches off stays on for that, and the other way round."""
    need("nft")
    a, b, filter = two()
    filter.set(tracking=1)
    b.run("nft 'add table t; add chain t c { type filter hook input priority 0; }; "
          "add rule t c ct state established counter'")
    filter.set(tracking=0)
    assert "new" in filter.during(lambda: a.ping(B4, 1)), "tracking is off, but nftables needs it"
    filter.set(tracking=1)
    b.run("nft flush ruleset")
    assert "new" in filter.during(lambda: a.ping(B4, 1)), "tracking is off, but the filter needs it"
    filter.set(tracking=0)
    equal(set(filter.during(lambda: a.ping(B4, 1))), {"invalid"}, "states")


@case
def states_are_those_of_nftables():
    """Of traffic of every state, as many packets as nftables counts behind the filter."""
    need("nft")
    a, b, filter = two()
    rules = "".join(f"add rule inet t {chain} ct state {state} counter comment {state};"
                    for chain in ("in", "out") for state in STATES)
    rules += "".join(f"add rule inet t {chain} ct direction reply counter comment reply;"
                     for chain in ("in", "out"))
    b.run("nft 'add table inet t;"
          "add chain inet t raw { type filter hook prerouting priority -300; };"
          "add rule inet t raw udp dport 7777 notrack;"
          "add chain inet t in { type filter hook input priority 1; };"
          "add chain inet t out { type filter hook output priority 1; };" + rules + "'")

    def counted():
        found = json.loads(b.run("nft -j list ruleset").stdout)["nftables"]
        sums = {}
        for rule in (entry["rule"] for entry in found if "rule" in entry):
            counter = next((part["counter"] for part in rule["expr"] if "counter" in part), None)
            if counter:
                sums[rule["comment"]] = sums.get(rule["comment"], 0) + counter["packets"]
        return sums

    filter.set(tracking=1)

    def both():
        """What either counts at a moment at which nobody sends."""
        stats, counts = filter.stats(), counted()
        return (stats, counts) if stats == filter.stats() else None

    before, wanted = wait_until(both, 20, "silence")
    assert a.ping(B4, 2) and a.ping(B6, 2)
    alive(*connect(a, b))
    # Nobody has asked for this answer.
    with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_RAW, ICMP) as raw:
        raw.sendto(struct.pack("!BBHHH", ECHO_REPLY, 0, 0xffff - 0x1234 - 1, 0x1234, 1), (B4, 0))
    # Nobody listens: b answers by ICMP.
    with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.connect((B4, 9))
        closed.send(b"x")
    with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.sendto(b"x", (B4, 7777))

    def seen():
        now = filter.stats()
        return {name: now[name] - before[name] for name in (*STATES, "reply")}

    def right():
        now = counted()
        return {name: now[name] - wanted.get(name, 0) for name in (*STATES, "reply")}

    try:
        wait_until(lambda: all(seen().values()) and seen() == right(), 20, "as many as nftables counts")
    except AssertionError as late:
        raise AssertionError(f"{late}: {seen()}, {right()} of nftables") from None
    equal(filter.stats()["early"], before["early"], "connections in front of tracking")


@case
def tuples_are_those_of_the_sockets():
    """Both ways, of TCP, UDP and ping, of either family; of TCP, as `conntrack` lists them."""
    need("conntrack")
    a, b, filter = two()
    filter.set(tracking=1)
    for address, source in (B4, A4), (B6, A6):
        for kind, protocol in (socket.SOCK_STREAM, TCP), (socket.SOCK_DGRAM, UDP):
            client, server = connect(a, b, kind, address)
            alive(client, server)
            near, far = client.getsockname()[1], client.getpeername()[1]
            last = filter.last()
            wanted = {"protocol": protocol, "source": mapped(source), "destination": mapped(address),
                      "ports": near << 16 | far, "reply-source": mapped(address),
                      "reply-destination": mapped(source), "reply-ports": far << 16 | near,
                      "zone": 0, "mark": 0}
            equal({name: last[name] for name in wanted}, wanted, f"{address} {protocol}")
            # UDP has had no answer.
            equal(last["seen-reply"], int(protocol == TCP), "seen-reply")
            equal(last["assured"], int(protocol == TCP), "assured")
            if protocol == TCP and address == B4:
                words, assured = shown(b, "tcp", near)
                ways = [("src", A4), ("dst", B4), ("sport", str(near)), ("dport", str(far)),
                        ("src", B4), ("dst", A4), ("sport", str(far)), ("dport", str(near))]
                equal((words[:8], assured), (ways, True), "what is listed")
            client.close()
            server.close()
    assert a.ping(B4, 1, "-e 4660")
    last = filter.last()
    equal((last["ports"], last["reply-ports"]), (0x1234 << 16 | 8 << 8, 0x1234 << 16), "of ping")


@case
def a_first_packet_is_not_confirmed():
    a, b, filter = two()
    filter.set(tracking=1)
    client, server = connect(a, b, socket.SOCK_DGRAM)
    for confirmed in 0, 1:
        alive(client, server)
        equal(filter.last()["confirmed"], confirmed, "confirmed")


@case
@checked
def connections_begin_inside_only():
    """b gets at a, but a only answers; an ICMP error about what b has sent comes in."""
    a, b, filter = two()
    with b.enter():
        filter.set(tracking=1, outside=socket.if_nametoindex("ba"))
    assert not a.run(f"ping -q -i 0.05 -W 0.3 -c 2 {B4}", check=False).returncode == 0
    assert filter.stats()["dropped"] >= 2
    assert b.ping(A4) and b.ping(A6)
    assert iperf(b, a, A4) > 100_000
    with b.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.settimeout(30)
        closed.connect((A4, 9))
        closed.send(b"x")
        try:
            closed.recv(1)
        except ConnectionRefusedError:
            pass
    assert filter.stats()["related"] > 0
    with a.enter(), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        try:
            client.connect((B4, 22))
            raise AssertionError("a connection from outside")
        except TimeoutError:
            pass


@case
def marks():
    """Whole, and by bits, as nftables sees them; where the kernel has none, it says so."""
    need("nft")
    a, b, filter = two()
    filter.set(tracking=1, mark=0x12345678)
    assert a.ping(B4, 2)
    stats, last = filter.stats(), filter.last()
    if stats["mark-errors"]:
        equal((stats["mark-errors"], last["mark"]), (4, 0), "errors and mark")
        raise Skip("the kernel has no marks of connections; it was said")
    equal(last["mark"], 0x12345678, "mark")
    assert f"mark={0x12345678} " in b.run("conntrack -L -p icmp").stdout
    b.run("nft 'add table t; add chain t c { type filter hook input priority 1; };"
          "add rule t c ct mark 0x12345678 counter comment whole;"
          "add rule t c ct mark 0x1234cd78 counter comment bits'")

    def counted(name):
        text = b.run("nft list ruleset").stdout
        return int(re.search(rf'packets (\d+) bytes \d+ comment "{name}"', text)[1])

    assert a.ping(B4, 2)
    equal((counted("whole"), counted("bits")), (2, 0), "packets by mark")
    filter.set(mark=0xabcdef, mask=0xff00)
    b.run("nft 'add rule t c ct mark set 0x12345678'")
    assert a.ping(B4, 1)
    equal((counted("whole"), counted("bits")), (2, 0), "packets by mark")
    last = filter.last()["mark"]
    assert last == 0x1234cd78, hex(last)


@case
def templates_and_zones():
    """What says in which zone a packet is to be tracked is no connection; the zone is the connection's."""
    need("nft")
    a, b, filter = two()
    filter.set(tracking=1)
    done = b.run("nft 'add table t; add chain t raw { type filter hook prerouting priority -300; };"
                 "add rule t raw ct zone set 7'", check=False)
    if done.returncode:
        raise Skip("the kernel has no zones")
    assert a.ping(B4, 1, "-s 100")
    equal(filter.stats()["early"], 0, "connections in front of tracking")
    equal(filter.last()["zone"], 7, "zone")


@case
@churn
def unloaded_under_traffic():
    """Tracking is off then in every namespace, and the wing can go."""
    hooks_elsewhere()
    a, b, filter = two()
    filter.set(tracking=1)
    c, d = NetNs(), NetNs()
    c.run(f"ip link add ab type veth peer name ba netns {d.name}")
    c.up("ab", f"{A4}/24", f"{A6}/64")
    d.up("ba", f"{B4}/24", f"{B6}/64")
    other = Filter(d)
    other.set(tracking=1)
    for ns in a, c:
        ns.popen(f"ping -q -i 0.01 {B4}")
        ns.popen(f"ping -q -i 0.01 {B6}")
    wait_until(lambda: other.stats()["established"] > 40, 30, "traffic")
    filter.close()
    other.close()
    rmmod("stateful")
    rmmod("kernet_conntrack")
    before = [tracked(ns) for ns in (b, d)]
    for ns in a, c:
        assert ns.ping(B4, 3)
    equal([tracked(ns) for ns in (b, d)], before, "connections")
    modprobe("stateful")
    again = Filter(b)
    again.set(tracking=1)
    assert "new" in again.during(lambda: a.ping(B4, 1))


@case
@churn
def a_namespace_dies_under_traffic():
    """With tracking on and connections that are used; so does one after it."""
    hooks_elsewhere()
    a, b, filter = two()
    filter.set(tracking=1, mark=1)
    for address in B4, B6:
        a.popen(f"ping -q -i 0.01 {address}")
    client, server = connect(a, b)
    alive(client, server)
    wait_until(lambda: filter.stats()["established"] > 40, 30, "traffic")
    # The connection stays.
    for holder in client, server, filter:
        holder.close()
    gone(b, a, "ab")
    # Those that die wait for each other.
    c = NetNs()
    a.run(f"ip link add ac type veth peer name ca netns {c.name}")
    gone(c, a, "ac")
    for ns in (NetNs() for _ in range(3)):
        Filter(ns).set(tracking=1)


@case
def what_is_wrong_is_refused():
    """A value that there is not, and who is nobody."""
    _, b, filter = two()
    for config in {"tracking": 2}, {"family": 3}:
        try:
            filter.set(**config)
            raise AssertionError(f"{config} is taken")
        except ynl.NlError as error:
            assert error.error in (-errno.ERANGE, -errno.EINVAL, errno.ERANGE, errno.EINVAL), error
    uid = os.geteuid()
    nobody = Filter(b)
    os.seteuid(65534)
    try:
        nobody.set(tracking=1)
        raise AssertionError("nobody may switch tracking on")
    except ynl.NlError as error:
        assert abs(error.error) == errno.EPERM, error
    finally:
        os.seteuid(uid)


main(16)
