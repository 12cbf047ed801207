# SPDX-License-Identifier: GPL-2.0
"""What the tests of NAT have in common: three namespaces, and the rules of the one in the middle.

    +--- a ----+     +------- r --------+     +--- b ----+
    |       ar o-----o ra            rb o-----o b0       |
    +----------+     +------------------+     +----------+
      192.0.2.1      192.0.2.2     198.51.100.1   198.51.100.2
    2001:db8:1::1  2001:db8:1::2  2001:db8:2::1  2001:db8:2::2

b knows no way to a: what is not translated is not answered.
"""

import pathlib
import re
import socket

import ynl
from selftest import NetNs, defer, equal, modprobe

HERE = pathlib.Path(__file__).resolve().parent
A4, A6 = "192.0.2.1", "2001:db8:1::1"
RA4, RA6 = "192.0.2.2", "2001:db8:1::2"
RB4, RB6 = "198.51.100.1", "2001:db8:2::1"
B4, B6 = "198.51.100.2", "2001:db8:2::2"
# Of which packets come to r, and which nobody has.
POOL4, POOL6 = "198.51.100.8", "2001:db8:2::8"
BOTH = ((A4, RA4, RB4, B4, POOL4), (A6, RA6, RB6, B6, POOL6))
STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def packed(address):
    """An address as the family tells it."""
    return socket.inet_pton(socket.AF_INET6, address if ":" in address else f"::ffff:{address}")


def version(address):
    return "ipv6" if ":" in address else "ipv4"


class Nat:
    """The rules of a namespace."""

    def __init__(self, ns):
        self.ns = ns
        self.family = ynl.family("natted", ns, HERE)
        defer(self.close)

    def close(self):
        """A socket keeps its namespace."""
        if self.family.sock:
            self.family.sock.close()
            self.family.sock = None

    def enable(self, enabled=1, **config):
        self.family.do("switch-set", {"enabled": enabled, **config})

    def rule(self, point, action, first=None, last=None, ports=None, **config):
        """Replaces a rule, of the addresses' family."""
        if first:
            config.setdefault("family", version(first))
            config["first"] = packed(first)
        if last:
            config["last"] = packed(last)
        if ports:
            config["first-port"], config["last-port"] = ports
        config = {name.replace("_", "-"): value for name, value in config.items()}
        self.family.do("rule-set", {"point": point, "action": action, **config})

    def stats(self):
        return self.family.do("stats-get", {})

    def during(self, function):
        """Of how many openings of connections each point was asked meanwhile."""
        before = self.stats()
        function()
        now = self.stats()
        return {name: now[name] - before[name] for name in now if now[name] != before[name]}


def three():
    """a, r and b, with NAT that is on in r and has no rules yet."""
    modprobe("natted")
    a, r, b = NetNs(), NetNs(), NetNs()
    r.run(f"ip link add ra type veth peer name ar netns {a.name}")
    r.run(f"ip link add rb type veth peer name b0 netns {b.name}")
    a.up("ar", f"{A4}/24", f"{A6}/64")
    r.up("ra", f"{RA4}/24", f"{RA6}/64")
    r.up("rb", f"{RB4}/24", f"{RB6}/64")
    b.up("b0", f"{B4}/24", f"{B6}/64")
    a.run(f"ip route add default via {RA4}")
    a.run(f"ip -6 route add default via {RA6}")
    # The pool is behind r.
    for prefix, via in ("198.51.100.8/29", RB4), ("2001:db8:2::8/125", RB6):
        b.run(f"ip route add {prefix} via {via}")
    with r.enter():
        for path in "ipv4/ip_forward", "ipv6/conf/all/forwarding":
            pathlib.Path("/proc/sys/net", path).write_text("1")
    # While b asks for the address of r, IPv6 prefers the way to its link to that by r.
    assert r.ping(A4, 1) and r.ping(A6, 1) and r.ping(B4, 1) and r.ping(B6, 1)
    nat = Nat(r)
    nat.enable()
    return a, r, b, nat


def listener(ns, address, kind=STREAM, port=0):
    """A socket that is connected to, or that datagrams come to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ns.enter():
        sock = socket.socket(family, kind)
    defer(sock.close)
    sock.settimeout(30)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    if kind == STREAM:
        sock.listen()
    return sock


def client(ns, address, port, kind=STREAM, source=None):
    """A connected socket."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ns.enter():
        sock = socket.socket(family, kind)
    defer(sock.close)
    sock.settimeout(30)
    if source:
        sock.bind(source)
    sock.connect((address, port))
    return sock


def exchange(near, far):
    """Sends a message each way, of a client and a listener; returns whom the listener has seen."""
    if near.type == STREAM:
        server, peer = far.accept()
        defer(server.close)
        near.sendall(b"there")
        equal(server.recv(5, socket.MSG_WAITALL), b"there", "what has come there")
        server.sendall(b"back")
    else:
        near.send(b"there")
        data, peer = far.recvfrom(64)
        equal(data, b"there", "what has come there")
        far.sendto(b"back", peer)
    equal(near.recv(4), b"back", "what has come back")
    return peer[:2]


def shown(ns, family, protocol, port):
    """The connection from a port as `conntrack` lists it: both ways as (src, dst, sport, dport)."""
    text = ns.run(f"conntrack -L -f {family} -p {protocol}").stdout
    found = [re.findall(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)", line) for line in text.splitlines()]
    found = [ways for ways in found if ways and ways[0][2] == str(port)]
    equal(len(found), 1, f"connections from port {port}")
    return [(source, destination, int(sport), int(dport)) for source, destination, sport, dport in found[0]]
