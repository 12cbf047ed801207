# SPDX-License-Identifier: GPL-2.0
"""The other end of a TCP connection, by hand: it acknowledges what a test says, when a test says it.

    +---- namespace ----+        +-- this program --+
    |  10.8.0.1    tun0 o--------o  10.8.0.2        |
    +-------------------+        +------------------+

The kernel connects; segments are read from the tun device. Nothing is acknowledged but by `ack`.
"""

import os
import select
import socket
import struct
import time

from selftest import NetNs, defer
from tuntap import TUN, tuntap

OURS, THEIRS, PORT = "10.8.0.2", "10.8.0.1", 7
FIN, SYN, RST, ACK = 1, 2, 4, 16
MSS = 1000


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Peer:
    """`sent` are the segments that have come and are not acknowledged, as (sequence number, length) from
    the first byte on."""

    def __init__(self, algorithm, window=1 << 20):
        self.ns = NetNs()
        self.tun = tuntap(self.ns, "tun0", TUN, os.O_NONBLOCK)
        with self.ns.enter():
            self.socket = socket.socket()
        defer(self.socket.close)
        self.ns.up("tun0", f"{THEIRS}/24")
        self.socket.setsockopt(socket.IPPROTO_TCP, 13, algorithm.encode())
        # Closed, it is gone: nobody acknowledges its end, and it holds its module.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Each segment is MSS bytes and sent at once.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.window, self.shift = window, 7
        self.sequence, self.next, self.first, self.port = 1000, 0, 0, 0
        self.sent, self.segments = [], 0
        self.connect()

    def connect(self):
        self.socket.setblocking(False)
        try:
            self.socket.connect((OURS, PORT))
        except BlockingIOError:
            pass
        while True:
            header, _ = self.packet(10)
            if header["flags"] & SYN:
                break
        self.port, self.first = header["port"], header["sequence"] + 1
        self.una = self.next = 0
        options = struct.pack("!BBHBBBBBB", 2, 4, MSS, 4, 2, 1, 3, 3, self.shift)
        options += b"\1" * (-len(options) % 4)
        # The shortest round trip time that the socket sees.
        time.sleep(0.02)
        self.write(SYN | ACK, 0, options)
        self.sequence += 1
        while True:
            header, _ = self.packet(10)
            if header["flags"] & ACK:
                break
        self.socket.settimeout(10)

    def packet(self, timeout):
        """The next segment: (its header, its data)."""
        end = time.monotonic() + timeout
        while True:
            ready, _, _ = select.select([self.tun], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("no segment")
            data = os.read(self.tun, 1 << 16)
            # Of IPv4 and TCP alone: IPv6 looks for routers.
            if data[0] >> 4 != 4 or data[9] != 6:
                continue
            at = (data[0] & 15) * 4
            port, _, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", data, at)
            content = data[at + (offset >> 4) * 4:]
            return dict(port=port, sequence=sequence, acknowledged=acknowledged, flags=flags), content

    def write(self, flags, acknowledged, options=b""):
        window = min(self.window if flags & SYN else self.window >> self.shift, 65535)
        tcp = struct.pack("!HHIIBBHHH", PORT, self.port, self.sequence,
                          (self.first + acknowledged) & 0xffffffff, (20 + len(options)) // 4 << 4, flags, window, 0,
                          0) + options
        ends = socket.inet_aton(OURS) + socket.inet_aton(THEIRS)
        number = checksum(ends + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", number) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends
        os.write(self.tun, ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp)

    def read(self, count, timeout=10):
        """Waits for segments until so many are not acknowledged; more may have come."""
        while len(self.sent) < count:
            self.one(timeout)
        # What is there already.
        while True:
            try:
                self.one(0)
            except TimeoutError:
                return self.sent

    def one(self, timeout):
        header, content = self.packet(timeout)
        at = (header["sequence"] - self.first) & 0xffffffff
        while content:
            self.segments += 1
            segment = at, len(content[:MSS])
            # One that is sent again is the last one that was sent.
            self.sent = [known for known in self.sent if known[0] != at] + [segment]
            at, content = at + segment[1], content[MSS:]

    def ack(self, until, sacks=()):
        """Acknowledges all before byte `until`, and the ranges `sacks` behind it."""
        options = b""
        if sacks:
            options = struct.pack("!BBBB", 1, 1, 5, 2 + 8 * len(sacks))
            for begin, end in sacks:
                options += struct.pack("!II", (self.first + begin) & 0xffffffff, (self.first + end) & 0xffffffff)
        self.write(ACK, until, options)
        self.sent = [(at, length) for at, length in self.sent if at >= until and
                     not any(begin <= at < end for begin, end in sacks)]
