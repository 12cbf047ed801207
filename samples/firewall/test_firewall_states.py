#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of rules that look at the state of a packet's connection, and of when connections are tracked."""

import contextlib
import errno
import pathlib
import re
import socket
import struct
import threading

from selftest import (NetNs, case, checked, churn, defer, equal, iperf, loaded, main, modprobe, need, rmmod,
                      run, wait_until)
from topology import (A4, A6, B4, B6, Firewall, ICMP, R4, R6, TCP, UDP, Transaction, connects, count,
                      reaches, refused, send, silent, three, two)

STATES = ("new", "established", "related", "invalid", "untracked")
ANSWERED = ["established", "related"]
ECHO_REPLY = 0
# Of linux/in.h and linux/in6.h.
IP_RECVERR, IP_MTU_DISCOVER, IP_MTU, IPV6_RECVERR, IPV6_MTU_DISCOVER, IPV6_MTU = 11, 10, 14, 25, 23, 24
PMTUDISC_DO = 2


def tracked(ns):
    """How many connections the namespace has."""
    with ns.enter():
        return int(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())


def tracks(a, r):
    """For which addresses of r a ping makes a connection in r."""
    need("conntrack")
    found = []
    for address in (R4, R6):
        r.run("conntrack -F")
        equal(tracked(r), 0, "connections")
        assert a.ping(address, 1)
        if tracked(r):
            found.append(address)
    return found


def close(firewall):
    """A socket keeps its namespace."""
    firewall.family.sock.close()


def host(ns, chain="input"):
    """Lets in what answers, neighbour discovery, and TCP to port 22."""
    firewall = Firewall(ns)
    rules = {"answers": firewall.add(chain, "accept", state=ANSWERED),
             "invalid": firewall.add(chain, "drop", state=["invalid"]),
             "untracked": firewall.add(chain, "accept", state=["untracked"]),
             "ssh": firewall.add(chain, "accept", state=["new"], protocol=TCP, destination_port_min=22),
             "rest": firewall.add(chain, "drop")}
    return firewall, rules


def pair(a, r, address=R4):
    """A TCP connection that goes on, as sockets of a and r."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with r.enter():
        listener = socket.create_server((address, 0), family=family)
    with listener:
        with a.enter():
            client = socket.socket(family)
        defer(client.close)
        client.settimeout(30)
        client.connect(listener.getsockname()[:2])
        server = listener.accept()[0]
    server.settimeout(30)
    defer(server.close)
    return client, server


def alive(client, server):
    for one, other in ((client, server), (server, client)):
        one.sendall(bytes(100))
        equal(len(other.recv(100, socket.MSG_WAITALL)), 100, "bytes")


@contextlib.contextmanager
def datagrams(ns, address, port=9):
    """A socket that goes to an address, and hears of errors."""
    six = ":" in address
    with ns.enter():
        sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(20)
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.connect((address, port))
        yield sock


def error_of(sock):
    """The number of the error that has come back."""
    try:
        sock.recv(1)
    except OSError as error:
        return error.errno
    raise AssertionError("an answer")


def unasked_reply(ns, address=R4):
    """An echo reply without a request."""
    with ns.enter(), socket.socket(socket.AF_INET, socket.SOCK_RAW, ICMP) as raw:
        raw.sendto(struct.pack("!BBHHH", ECHO_REPLY, 0, 0xffff - 0x1234 - 1, 0x1234, 1), (address, 0))


@case
@checked
def tracks_as_long_as_a_rule_needs_it():
    """Both families, in this namespace alone, whichever way the first such rule comes and the last one goes."""
    a, r = two()
    of_r, of_a = Firewall(r), Firewall(a)
    other = {"chain": "input", "action": "accept", "protocol": TCP}
    rule = {"chain": "output", "action": "accept", "protocol": TCP, "state": ["new"]}
    equal(tracks(a, r), [], "without rules")
    of_r.replace(other)
    equal(tracks(a, r), [], "without a rule for a state")

    def added():
        return of_r.family.do("rule-add", {"rule": rule})["rule"]["id"]

    for come, go in ((added, of_r.delete), (added, lambda _: of_r.flush()), (added, lambda _: of_r.replace(other)),
                     (lambda: of_r.replace(rule, other), lambda _: of_r.replace())):
        number = come()
        equal(tracks(a, r), [R4, R6], "with such a rule")
        equal(tracked(a), 0, "connections of the other namespace")
        more = added()
        of_r.delete(more)
        equal(tracks(a, r), [R4, R6], "with the first one of two")
        go(number)
        equal(tracks(a, r), [], "without it")
    # Of one that is the same there is no doubt, nor where all are replaced.
    of_r.replace(rule)
    of_r.replace(rule | {"action": "drop"}, other)
    equal(tracks(a, r), [R4, R6], "with another one in its place")
    of_a.add("input", "accept", state=["new"])
    of_r.flush()
    equal((tracks(a, r), tracked(a) > 0), ([], True), "in the other namespace")


@case
def transactions_switch_when_they_are_committed():
    need("conntrack")
    a, r = two()
    firewall = Firewall(r)
    staged = Transaction(r)
    rule = {"chain": "input", "action": "accept", "state": 1}
    equal(staged.add([rule] * 2), 2, "staged")
    equal(tracks(a, r), [], "tracked while it is staged")
    staged.check(2)
    equal(tracks(a, r), [], "tracked after a check")
    equal(staged.commit(2), 2, "committed")
    equal(tracks(a, r), [R4, R6], "tracked")
    equal([one["state"] for one in firewall.dump()], [{"new"}] * 2, "states")
    staged.add([rule | {"state": 2}])
    equal(staged.abort(), 1, "aborted")
    equal(staged.commit(0), 0, "committed without rules")
    equal(tracks(a, r), [], "tracked without rules")
    staged.close()


@case
@checked
def nftables_needs_it_too():
    """What the firewall switches off stays on for nftables, and the other way round."""
    need("nft")
    a, r = two()
    firewall = Firewall(r)
    firewall.add("input", "accept", state=["new"])
    r.run("nft 'add table t; add chain t c { type filter hook input priority 0; }; "
          "add rule t c ct state established counter'")
    firewall.flush()
    equal(tracks(a, r), [R4], "tracked for nftables")
    firewall.add("input", "accept", state=["new"])
    r.run("nft flush ruleset")
    equal(tracks(a, r), [R4, R6], "tracked for the firewall")
    firewall.flush()
    equal(tracks(a, r), [], "tracked")


@case
def states_are_those_of_nftables():
    """Each rule counts as many packets as one of nftables behind it, of traffic of every state."""
    need("nft")
    a, r = two()
    firewall = Firewall(r)
    mine = {state: firewall.add("input", "accept", state=[state]) for state in STATES}
    r.run("nft 'add table inet t;"
          "add chain inet t raw { type filter hook prerouting priority -300; };"
          "add rule inet t raw udp dport 7777 notrack;"
          "add chain inet t in { type filter hook input priority 1; };" +
          "".join(f"add rule inet t in ct state {state} counter comment {state};" for state in STATES) + "'")
    assert a.ping(R4, 2) and a.ping(R6, 2) and r.ping(A4, 2) and r.ping(A6, 2)
    alive(*pair(a, r))
    alive(*pair(a, r, R6))
    unasked_reply(a)
    send(a, R4, 7777)
    for address in (A4, A6):
        with datagrams(r, address) as sock:
            sock.send(b"x")
            equal(error_of(sock), errno.ECONNREFUSED, "error")

    def same():
        text = r.run("nft list ruleset").stdout
        theirs = {name: int(packets) for packets, name in
                  re.findall(r'packets (\d+) bytes \d+ comment "(\w+)"', text)}
        ours = {state: count(firewall, rule) for state, rule in mine.items()}
        return ours if ours == theirs else None
    seen = wait_until(same, 20, "as many as nftables counts")
    assert all(seen.values()), seen


@case
@checked
def a_stateful_host():
    """It gets out, and answers come in; what begins outside does not, but to port 22."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall, rules = host(r)
    assert r.ping(A4) and r.ping(A6)
    assert iperf(r, a, A4) > 1e5 and iperf(r, a, A6) > 1e5
    equal(count(firewall, rules["rest"]), 0, "packets of the last rule")
    for address in (R4, R6):
        assert silent(a, address), f"ping to {address}"
        assert connects(a, r, address, 22), f"port 22 of {address}"
        assert not connects(a, r, address, 23, 1), f"port 23 of {address}"
    for address in (A4, A6):
        with datagrams(r, address) as sock:
            sock.send(b"x")
            equal(error_of(sock), errno.ECONNREFUSED, f"error from {address}")
    unasked_reply(a)
    reaches(firewall, rules["invalid"], 1)
    # A connection from before the rules goes on with its next packet of either end.
    firewall.flush()
    client, server = pair(a, r)
    alive(client, server)
    firewall, rules = host(r)
    server.sendall(bytes(100))
    equal(len(client.recv(100, socket.MSG_WAITALL)), 100, "bytes")
    alive(client, server)
    # Of the other end only when this one has sent something: it looks as if it began outside.
    firewall.flush()
    client, server = pair(a, r)
    alive(client, server)
    r.run("conntrack -F")
    firewall, rules = host(r)
    client.sendall(bytes(100))
    wait_until(lambda: count(firewall, rules["rest"]), 20, "what the other end sends is dropped")
    server.sendall(bytes(100))
    equal(len(client.recv(100, socket.MSG_WAITALL)), 100, "bytes")
    equal(len(server.recv(100, socket.MSG_WAITALL)), 100, "bytes that are sent again")


@case
@checked
def errors_about_connections_come_in():
    """Time exceeded, as traceroute needs, and packet too big, by which the path's MTU is found."""
    a, r, b = three()
    assert a.ping(B4) and a.ping(B6)
    r.run("ip link set rb mtu 1300")
    b.run("ip link set bb mtu 1300")
    firewall, rules = host(a)
    before = count(firewall, rules["answers"])
    for address in (B4, B6):
        six = ":" in address
        level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
        with datagrams(a, address) as sock:
            sock.setsockopt(level, socket.IPV6_UNICAST_HOPS if six else socket.IP_TTL, 1)
            sock.send(b"x")
            equal(error_of(sock), errno.EHOSTUNREACH, "time exceeded")
        with datagrams(a, address, 10) as sock:
            sock.setsockopt(level, IPV6_MTU_DISCOVER if six else IP_MTU_DISCOVER, PMTUDISC_DO)
            sock.send(bytes(1400))
            equal(error_of(sock), errno.EMSGSIZE, "packet too big")
            equal(sock.getsockopt(level, IPV6_MTU if six else IP_MTU), 1300, "MTU of the path")
    equal(count(firewall, rules["answers"]) - before, 4, "errors")


@case
@checked
def what_is_forwarded():
    """a gets at b, and b at a by what a has begun only; fragments are judged as whole packets."""
    a, r, b = three()
    assert a.ping(B4) and a.ping(B6)
    firewall = Firewall(r)
    firewall.add("forward", "accept", state=ANSWERED)
    begins = [firewall.add("forward", "accept", state=["new"], source=source, source_prefix_len=length)
              for source, length in (("192.0.2.0", 24), ("2001:db8::", 64))]
    ports = firewall.add("forward", "accept", state=["new"], protocol=UDP, destination_port_min=9)
    firewall.add("forward", "drop")
    assert a.ping(B4) and a.ping(B6)
    assert silent(b, A4) and silent(b, A6)
    assert iperf(a, b, B4) > 1e5 and iperf(a, b, B6) > 1e5
    assert all(count(firewall, rule) for rule in begins)
    for number, address in enumerate((A4, A6), 1):
        send(b, address, 9, size=4000)
        reaches(firewall, ports, number)


@case
def decided_on_by_the_state_alone():
    """The first rules of a chain that look at nothing else, also where others come between them later."""
    a, r = two()
    firewall = Firewall(r)
    last = firewall.add("input", "drop", state=["new"], priority=100)
    assert silent(a, R4)
    assert r.ping(A4)
    early = firewall.add("input", "accept", protocol=ICMP, priority=50)
    assert a.ping(R4) and silent(a, R6)
    first = firewall.add("input", "drop", state=["new", "invalid"], priority=10)
    assert silent(a, R4)
    assert count(firewall, first) and not firewall.stats()["malformed"]
    firewall.delete(first["id"])
    assert a.ping(R4)
    firewall.delete(early["id"])
    before = count(firewall, last)
    assert silent(a, R4) and count(firewall, last) > before
    # Of many rules one by one.
    for number in range(30):
        firewall.add("input", "accept", protocol=UDP, destination_port_min=1000 + number, priority=number)
    assert silent(a, R4)
    firewall.add("input", "accept", state=["new"], priority=0)
    assert silent(a, R4) is False and a.ping(R6)


@case
def a_rule_for_states_reads_back():
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    for bits in range(1, 32):
        states = {name for number, name in enumerate(STATES) if bits >> number & 1}
        rule = firewall.add("input", "drop", state=sorted(states), protocol=TCP, id=bits)
        equal((rule["state"], firewall.get(bits)["state"]), (states, states), "states")
    equal(len(firewall.dump()), 31, "rules")
    refused(lambda: firewall.add("input", "drop", state=0), errno.EINVAL, "no states", ".rule.state")
    for bits in (32, 33, 128):
        refused(lambda: firewall.add("input", "drop", state=bits), errno.EINVAL, "", ".rule.state")
    refused(lambda: firewall.replace({"chain": "input", "action": "drop"},
                                     {"chain": "input", "action": "drop", "state": 0}),
            errno.EINVAL, "rule 2: no packet is in one of no states")
    equal(len(firewall.dump()), 31, "rules after the refusals")
    # Counters go on where the states are the same.
    firewall.flush()
    one = {"chain": "input", "action": "accept", "state": ["new"]}
    firewall.replace(one | {"id": 5}, one | {"id": 6, "state": ["new", "related"]})
    with contextlib.closing(Transaction(ns)) as staged:
        staged.add([{"chain": "input", "action": "accept", "state": 5},
                    {"chain": "input", "action": "accept", "state": 1},
                    {"chain": "input", "action": "accept", "state": 3}])
        equal(staged.commit(3), 3, "rules")
    equal([(rule["id"], rule["state"]) for rule in firewall.dump()][:2],
          [(6, {"new", "related"}), (5, {"new"})], "rules that are kept")


TEXT = """input accept state established,related
input drop state invalid
input accept tcp to port 22 state new
forward accept ipv6 from 2001:db8::/32 state new,untracked
"""


@case
@checked
def the_client_says_states():
    a, r = two()
    r.run("fw load -", input=TEXT)
    saved = r.run("fw save").stdout
    for line in TEXT.splitlines():
        assert f"{line.replace(' ipv6', '')} id " in saved, saved
    assert a.ping(R4)
    saved = r.run("fw save").stdout
    r.run("fw load --empty -", input="")
    equal(tracks(a, r), [], "tracked without rules")
    r.run("fw restore", input=saved)
    equal(r.run("fw save").stdout, saved, "what is saved after it was restored")
    equal(tracks(a, r), [R4, R6], "tracked after it was restored")
    equal(r.run("fw load -", input=r.run("fw list").stdout).stdout, "4 rules, 0 of them new\n", "a list, loaded")
    done = r.run("fw check -", input="input drop state old\n", check=False)
    equal((done.returncode, done.stderr), (3, "standard input:1:18: `old` is no state: new, established, related, "
                                              "invalid or untracked is one\n"), "what is wrong")


@case
@churn
def rules_come_and_go_under_iperf():
    """Tracking, too: nothing that is right is dropped."""
    a, r = two()
    firewall = Firewall(r)
    rules = [{"chain": chain, "action": action, "state": states} for chain in ("input", "output")
             for action, states in (("accept", ANSWERED), ("accept", ["new", "untracked"]))]
    sent = {}

    def traffic():
        for address in (R4, R6):
            sent[address] = iperf(a, r, address, seconds=4)
    thread = threading.Thread(target=traffic)
    thread.start()
    changes = 0
    while thread.is_alive():
        firewall.replace(*rules, {"chain": "input", "action": "accept", "state": ["invalid"]},
                         {"chain": "input", "action": "drop"})
        for rule in firewall.dump():
            if rule["chain"] == "output":
                firewall.delete(rule["id"])
        firewall.delete(firewall.add("input", "accept", state=["new"], priority=0)["id"])
        firewall.flush()
        changes += 1
    thread.join()
    assert all(sent.get(address, 0) > 1e5 for address in (R4, R6)), sent
    assert changes >= 3, changes
    equal(firewall.stats()["dropped"], 0, "dropped")
    equal(tracks(a, r), [], "tracked at the end")


@case
@churn
def nothing_is_invalid_when_tracking_begins():
    """Packets that were on their way have been tracked when a rule asks: of UDP and requests none is invalid."""
    a, r = two()
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    stop = threading.Event()
    sinks = []
    for kind, address in ((socket.AF_INET, R4), (socket.AF_INET6, R6)):
        # Nobody reads it: what does not fit is behind the hook.
        with r.enter():
            sinks.append(socket.socket(kind, socket.SOCK_DGRAM))
        sinks[-1].bind((address, 9))
        defer(sinks[-1].close)
        a.popen(f"ping -q -f {address}")
    with a.enter():
        sources = [socket.socket(sink.family, socket.SOCK_DGRAM) for sink in sinks]

    def flood():
        while not stop.is_set():
            for source, address in zip(sources, (R4, R6)):
                source.sendto(b"x", (address, 9))
    thread = threading.Thread(target=flood)
    thread.start()
    seen = 0
    try:
        for _ in range(40):
            # The first rule that needs it looks for what is not tracked.
            invalid = firewall.add("input", "drop", state=["invalid"])
            rest = firewall.add("input", "accept", state=["new", "established"])
            wait_until(lambda: count(firewall, rest) > 20, 30, "packets that are tracked")
            equal(count(firewall, invalid), 0, "packets that are invalid")
            seen += count(firewall, rest)
            firewall.flush()
    finally:
        stop.set()
        thread.join()
        for source in sources:
            source.close()
    assert seen > 800, seen
    equal(firewall.stats()["dropped"], 0, "dropped")


@case
@churn
def unloaded_with_connections():
    """Tracking is off then, and the modules can go; connections go on."""
    a, r = two()
    firewall, _ = host(a)
    clients = [pair(a, r, address) for address in (R4, R6)]
    for one in clients:
        alive(*one)
    a.popen(f"ping -q -i 0.01 {R4}")
    wait_until(lambda: firewall.stats()["accepted"] > 100, 30, "traffic")
    for round in range(3):
        close(firewall)
        rmmod("firewall")
        rmmod("kernet_conntrack")
        a.run("conntrack -F")
        for one in clients:
            alive(*one)
        assert r.ping(A4)
        equal(tracked(a), 0, "connections without the module")
        modprobe("firewall")
        assert loaded("kernet_conntrack")
        firewall, _ = host(a)
        for client, server in clients:
            # The first packet is sent from inside.
            alive(client, server)
        assert silent(r, A4) and tracked(a) > 0


@case
@churn
def namespaces_die_with_connections():
    """With rules for states, or just without; others that die wait for none of them."""
    a, r = two()
    for last in range(3):
        peer = NetNs()
        a.run(f"ip link add ap type veth peer name pa netns {peer.name}")
        a.up("ap", "203.0.113.1/24", "2001:db8:9::1/64")
        peer.up("pa", "203.0.113.2/24", "2001:db8:9::2/64")
        firewall, _ = host(peer)
        for address in ("203.0.113.1", "2001:db8:9::1"):
            client, server = pair(peer, a, address)
            alive(client, server)
            client.close()
        peer.popen("ping -q -i 0.01 203.0.113.1")
        wait_until(lambda: firewall.stats()["accepted"] > 50, 30, "traffic")
        assert tracked(peer) >= 3
        if last == 1:
            firewall.flush()
        close(firewall)
        for pid in run(["ip", "netns", "pids", peer.name]).stdout.split():
            run(["kill", "-9", pid], check=False)
        peer.delete()
        wait_until(lambda: a.run("ip link show dev ap", check=False).returncode, 60, "the namespace has died")
    equal(Firewall(NetNs()).dump(), [], "rules of a new namespace")
    assert a.ping(R4)


main(60)
