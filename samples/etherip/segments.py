# SPDX-License-Identifier: GPL-2.0
"""What the tests of segmentation and merging share: devices that merge, who watches, and what is sent."""

import collections
import contextlib
import hashlib
import random
import socket
import struct
import tempfile
import threading

from selftest import equal, need, run
from tunnels import PROTOCOL, V4, router_device

OUTGOING = 4
SO_RCVBUFFORCE = 33
MTU = 1500
LARGE = 8000


def merging(*places):
    """Devices of veth whose received frames are merged, as those of a card: they poll then, which they do for frames
    of a peer alone that is not said to cut them itself."""
    need("ethtool")
    for ns, device in places:
        ns.run(f"ethtool -K {device} gro on tso off")


def all_merging(a, r, b):
    # On a slow machine TCP makes its packets small otherwise, which has seen how long they take.
    for ns in (a, b):
        ns.run("sysctl -qw net.ipv4.tcp_tso_rtt_log=31")
    merging((a, "u0"), (r, router_device(a)), (r, router_device(b)), (b, "u0"))


class Seen:
    """What a device has sent or received of the tunnel, or of all: the longest frame, and how many."""

    def __init__(self, ns, device, sent, protocol=None, over=V4):
        with ns.enter():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.bind((device, 3))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.settimeout(0.2)
        self.lengths, self.ids = collections.Counter(), set()
        self.sent, self.protocol, self.over, self.ends = sent, protocol, over, False
        # A case that fails does not wait for who watches.
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        buffer = bytearray(96)
        while True:
            try:
                length, _, _, (_, _, kind, *_) = self.sock.recvmsg_into([buffer], 0, socket.MSG_TRUNC)
            except TimeoutError:
                # All that was sent before is read.
                if self.ends:
                    return
                continue
            at = 23 if self.over is V4 else 20
            if (kind == OUTGOING) != self.sent or (self.protocol and buffer[at] != self.protocol):
                continue
            self.lengths[length] += 1
            self.ids.add(bytes(buffer[18:20]))

    def end(self):
        self.ends = True
        self.thread.join()
        self.sock.close()

    @property
    def longest(self):
        return max(self.lengths, default=0)

    @property
    def count(self):
        return self.lengths.total()


@contextlib.contextmanager
def seen(over, a, b):
    """What goes in at a, out of a, into b, and out of the tunnel there."""
    places = {"into the tunnel": Seen(a, "t0", True), "out of a": Seen(a, "u0", True, PROTOCOL, over),
              "into b": Seen(b, "u0", False, PROTOCOL, over), "out of the tunnel": Seen(b, "t0", False)}
    try:
        yield places
    finally:
        for place in places.values():
            place.end()


def carries_bytes(sender, receiver, address, port=5001, size=1 << 19, zero_copy=True):
    """Sends a file's pages over TCP, and compares what arrives."""
    data = random.Random(port).randbytes(size)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with receiver.enter():
        server = socket.create_server((address, port), family=family)
    got = hashlib.sha256()

    def take():
        connection, _ = server.accept()
        with connection:
            while chunk := connection.recv(1 << 16):
                got.update(chunk)
    thread = threading.Thread(target=take)
    thread.start()
    with sender.enter():
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(30)
    with server, sock, tempfile.TemporaryFile() as file:
        sock.connect((address, port))
        if zero_copy:
            file.write(data)
            file.seek(0)
            sock.sendfile(file)
        else:
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        thread.join(60)
        # The other end is closed: nothing of the connection is left that would hold its namespace.
        sock.recv(1)
    equal(got.hexdigest(), hashlib.sha256(data).hexdigest(), "what has arrived")


def outer_packets(ns, over, protocol=PROTOCOL):
    """How many packets of the tunnel, or of another protocol, that are longer than a path takes have been sent, seen by
    a hook of IP: before the device cuts them."""
    family = "ip" if over is V4 else "ip6"
    header = "ip protocol" if over is V4 else "ip6 nexthdr"
    ns.run(f"nft 'add table {family} f; add chain {family} f o {{ type filter hook postrouting priority 0; }}; "
           f"add rule {family} f o {header} {protocol} meta length > {LARGE} counter'")
    return lambda: int(ns.run(f"nft list chain {family} f o").stdout.split("packets ")[1].split()[0])


def holds(ns, device, seconds):
    """What a device has merged it holds for longer than a poll."""
    for name, value in (("napi_defer_hard_irqs", 1), ("gro_flush_timeout", int(seconds * 1e9))):
        run(["ip", "netns", "exec", ns.name, "sh", "-c", f"echo {value} > /sys/class/net/{device}/{name}"])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet_of_tcp(number, port, part):
    """A part of a stream, 1000 bytes long, in an IPv4 packet with this number."""
    ends = socket.inet_aton("203.0.113.1") + socket.inet_aton("203.0.113.2")
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 1040, number, 0x4000, 64, 6, 0) + ends
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    tcp = struct.pack("!HHIIBBHHH", 9, port, part * 1000, 0, 0x50, 0x10, 1000, 0, 0) + bytes([part]) * 1000
    tcp = tcp[:16] + struct.pack("!H", checksum(ends + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
    return ip + tcp
