# SPDX-License-Identifier: GPL-2.0
"""Frames of a type of their own, as they go over a device."""

import socket
import struct

from bpf import ETHERTYPE
from selftest import defer

HERE, THERE = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")


def frame(payload=b"frame " * 20, ethertype=ETHERTYPE):
    return THERE + HERE + struct.pack("!H", ethertype) + payload


class Wire:
    """Sends and receives frames of one type on a device."""

    def __init__(self, ns, device, ethertype=ETHERTYPE):
        with ns.enter():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype))
        self.socket.bind((device, ethertype))
        self.socket.settimeout(10)
        defer(self.socket.close)

    def send(self, data, count=1):
        for _ in range(count):
            self.socket.send(data)

    def receive(self):
        """The next frame that was received: what was sent is seen here, too."""
        while True:
            data, address = self.socket.recvfrom(70000)
            if address[2] != socket.PACKET_OUTGOING:
                return data
