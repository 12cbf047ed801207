# SPDX-License-Identifier: GPL-2.0
"""TCP connections between two namespaces, and what the kernel says of them.

    +---- a ----+            +---- b ----+
    |  10.9.0.1 o---- e0 ----o  10.9.0.2 |
    +-----------+            +-----------+
"""

import contextlib
import pathlib
import re
import selectors
import socket
import struct

from selftest import NetNs, defer

TCP_INFO, TCP_CONGESTION, TCP_CC_INFO = 11, 13, 26
IPPROTO_MPTCP = 262
A, B = "10.9.0.1", "10.9.0.2"
STATES = ("open", "disorder", "cwr", "recovery", "loss")


def end(sock):
    """Closes a connection at once. With data on its way it would live on in a namespace that its peer's leaves
    alone, until it has been sent again for a minute or two, and keep its algorithm."""
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Path:
    """Two namespaces, and a link of Ethernet between them."""

    def __init__(self, options=""):
        self.a, self.b = NetNs(), NetNs()
        self.a.run(f"ip link add e0 type veth peer name e0 netns {self.b.name}")
        self.a.up("e0", A + "/24", "fd09::1/64 nodad")
        self.b.up("e0", B + "/24", "fd09::2/64 nodad")
        if options:
            self.shape(options)

    def shape(self, options):
        """What netem does with what a sends: with each segment by itself, not with what is sent at once."""
        self.a.run("ip link set e0 gso_max_segs 1")
        self.a.run(f"tc qdisc replace dev e0 root netem {options}")

    def listener(self, address=B, algorithm=None, protocol=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.b.enter():
            server = socket.socket(family, socket.SOCK_STREAM, protocol)
        defer(server.close)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if algorithm:
            set_algorithm(server, algorithm)
        server.bind((address, 0))
        server.listen(64)
        return server

    def socket(self, algorithm=None, family=socket.AF_INET, protocol=0):
        with self.a.enter():
            client = socket.socket(family, socket.SOCK_STREAM, protocol)
        defer(end, client)
        if algorithm:
            set_algorithm(client, algorithm)
        return client

    def connect(self, algorithm=None, server=None, protocol=0):
        """A connection from a to b: both ends."""
        server = server or self.listener(protocol=protocol)
        client = self.socket(algorithm, server.family, protocol)
        client.settimeout(60)
        client.connect(server.getsockname()[:2])
        other, _ = server.accept()
        defer(end, other)
        return client, other


def set_algorithm(sock, name):
    sock.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, name.encode())


def algorithm(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, 16).rstrip(b"\0").decode()


def shown(sock):
    """What the algorithm shows of itself, as bytes."""
    return sock.getsockopt(socket.IPPROTO_TCP, TCP_CC_INFO, 64)


class Info:
    """struct tcp_info, some of it."""

    def __init__(self, sock):
        data = sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 248)
        self.state = STATES[data[1]]
        words = struct.unpack_from("=24I", data, 8)
        self.mss, self.unacked, self.sacked, self.lost = words[2], words[4], words[5], words[6]
        self.rtt, self.ssthresh, self.cwnd = words[15], words[17], words[18]
        self.retransmits = words[23]
        self.pacing_rate, = struct.unpack_from("=Q", data, 104)


def transfer(client, other, amount, step=None):
    """Sends `amount` bytes, and sees that they arrive as they were; `step(sent)` is called between."""
    pattern = bytes(range(251)) * 262
    sent = received = 0
    client.setblocking(False)
    other.setblocking(False)
    poll = selectors.DefaultSelector()
    poll.register(client, selectors.EVENT_WRITE)
    poll.register(other, selectors.EVENT_READ)
    try:
        while received < amount:
            ready = poll.select(60)
            assert ready, f"{received} of {amount} bytes after a minute of silence"
            for key, _ in ready:
                if key.fileobj is client:
                    at = sent % 251
                    with contextlib.suppress(BlockingIOError):
                        sent += client.send(pattern[at:at + min(65536 - 251, amount - sent)])
                    if sent >= amount:
                        poll.unregister(client)
                    if step:
                        step(sent)
                else:
                    data = other.recv(1 << 18)
                    assert data, f"the end after {received} of {amount} bytes"
                    at = received % 251
                    assert data == (pattern * 5)[at:at + len(data)], f"other bytes at {received}"
                    received += len(data)
    finally:
        poll.close()
        client.settimeout(60)
        other.settimeout(60)


def sockets(ns, options=""):
    """What `ss -ti` says of connections: a line of text for each."""
    text = ns.run(f"ss -tinH {options}").stdout
    return [" ".join(lines.split()) for lines in re.split(r"\n(?=\S)", text) if lines.strip()]


def default(ns, name=None):
    """The default of a namespace; sets it if a name is given."""
    with ns.enter():
        path = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
        if name is None:
            return path.read_text().strip()
        path.write_text(name)
        return name
