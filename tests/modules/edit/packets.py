# SPDX-License-Identifier: GPL-2.0
"""IP packets with every sum computed from all of their bytes, and sockets that send and receive them as
they are."""

import dataclasses
import ipaddress
import os
import socket
import struct
import time

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS = 0, 43, 44, 60
CHECKSUMS = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}
SOL_PACKET, PACKET_VNET_HDR, PACKET_AUXDATA = 263, 15, 8
NEEDS_CSUM = 1
GSO = {(TCP, 4): 1, (TCP, 6): 4, (UDP, 4): 5, (UDP, 6): 5}
EXTENSIONS = {
    HOP_BY_HOP: bytes([0, 0, 1, 4, 0, 0, 0, 0]),
    OPTIONS: bytes([0, 0, 1, 4, 0, 0, 0, 0]),
    # A segment is left: the packet's destination is not the final one.
    ROUTING: bytes([0, 2, 4, 1, 0, 0, 0, 0]) + ipaddress.ip_address("2001:db8::99").packed,
}


def total(data):
    """The sum of all words, with the carries added."""
    if len(data) % 2:
        data += b"\0"
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value > 0xffff:
        value = (value & 0xffff) + (value >> 16)
    return value


def ip(address):
    return ipaddress.ip_address(address)


@dataclasses.dataclass
class Packet:
    """A packet, of which all fields are chosen and all sums follow."""
    source: str
    destination: str
    protocol: int
    source_port: int = 4000
    destination_port: int = 5000
    hop_limit: int = 64
    dscp: int = 0
    ecn: int = 0
    window: int = 500
    payload: bytes = b""
    # UDP without a checksum.
    unsummed: bool = False
    # Of IPv6, by their numbers; options of IPv4.
    extensions: tuple = ()
    options: bytes = b""
    # First byte of the datagram's payload, how many, and whether there are more.
    fragment: tuple = ()

    @property
    def version(self):
        return ip(self.source).version

    def pseudo(self, length):
        destination = ip(self.destination).packed
        if ROUTING in self.extensions:
            destination = EXTENSIONS[ROUTING][8:24]
        return ip(self.source).packed + destination + struct.pack("!II", length, self.protocol)

    def transport(self, partial=False):
        ports = self.source_port, self.destination_port
        if self.protocol == TCP:
            header = struct.pack("!HHIIHHHH", *ports, 1, 2, 0x5010, self.window, 0, 0)
        elif self.protocol == UDP:
            header = struct.pack("!HHHH", *ports, 8 + len(self.payload), 0)
        else:
            header = struct.pack("!BBHHH", 8 if self.protocol == ICMP else 128, 0, 0, 7, 1)
        data = header + self.payload
        pseudo = b"" if self.protocol == ICMP else self.pseudo(len(data))
        if partial:
            value = total(pseudo)
        elif self.unsummed:
            value = 0
        else:
            value = 0xffff - total(pseudo + data)
            if self.protocol == UDP:
                value = value or 0xffff
        at = CHECKSUMS[self.protocol]
        return data[:at] + struct.pack("!H", value) + data[at + 2:]

    def bytes(self, partial=False):
        data = self.transport(partial)
        first, length, more = self.fragment or (0, len(data), False)
        data = data[first:first + length]
        traffic_class = self.dscp << 2 | self.ecn
        if self.version == 4:
            size = 20 + len(self.options)
            header = struct.pack("!BBHHHBBH", 0x40 | size // 4, traffic_class, size + len(data), 0x1234,
                                 more << 13 | first // 8, self.hop_limit, self.protocol, 0)
            header += ip(self.source).packed + ip(self.destination).packed + self.options
            value = 0xffff - total(header)
            return header[:10] + struct.pack("!H", value) + header[12:] + data
        chain = [*self.extensions, *([FRAGMENT] if self.fragment else []), self.protocol]
        for kind, following in reversed(list(zip(chain, chain[1:]))):
            body = EXTENSIONS.get(kind, struct.pack("!BBHI", 0, 0, first | more, 99))
            data = bytes([following]) + body[1:] + data
        header = struct.pack("!IHBB", 6 << 28 | traffic_class << 20 | 0x54321, len(data), chain[0],
                             self.hop_limit)
        return header + ip(self.source).packed + ip(self.destination).packed + data

    def with_(self, **changes):
        return dataclasses.replace(self, **changes)


def right(packet):
    """Whether the sums of a packet are right, by its bytes alone; no fragments, no extension headers."""
    if packet[0] >> 4 == 4:
        size = (packet[0] & 15) * 4
        protocol, pseudo = packet[9], packet[12:20]
        header = total(packet[:size]) == 0xffff
    else:
        size, protocol, pseudo, header = 40, packet[6], packet[8:40], True
    data = packet[size:]
    if protocol == UDP and data[6:8] == b"\0\0":
        return header
    if protocol == ICMP:
        return header and total(data) == 0xffff
    return header and total(pseudo + struct.pack("!II", len(data), protocol) + data) == 0xffff


class Wire:
    """A socket that sends frames by a device, and says what of them is left to the device."""

    def __init__(self, ns, device):
        with ns.enter():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.address = bytes.fromhex(ns.link(device)["address"].replace(":", ""))
        self.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.sock.bind((device, 0))

    def close(self):
        self.sock.close()

    def frame(self, data, version, tags=b""):
        ethertype = b"\x08\x00" if version == 4 else b"\x86\xdd"
        return self.address + bytes([2, 0, 0, 0, 0, 9]) + tags + ethertype + data

    def send(self, packet, partial=False, segment=0, tags=b""):
        """Sends a packet: with its checksum left to the device, or to be segmented."""
        frame = self.frame(packet.bytes(partial or bool(segment)), packet.version, tags)
        flags = kind = start = offset = headers = 0
        if partial or segment:
            data = packet.transport(True)
            flags, offset = NEEDS_CSUM, CHECKSUMS[packet.protocol]
            start = len(frame) - len(data)
            headers = start + (20 if packet.protocol == TCP else 8)
        if segment:
            kind = GSO[packet.protocol, packet.version]
        self.raw(struct.pack("=BBHHHH", flags, kind, headers, segment, start, offset), frame)

    def raw(self, header, frame):
        self.sock.send(header + frame)


class Capture:
    """What comes in at a device."""

    def __init__(self, ns, device):
        with ns.enter():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind((device, 3))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    def close(self):
        self.sock.close()

    def drain(self):
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(65536)
        except BlockingIOError:
            pass

    def take(self, marker, count=1, timeout=5):
        """The next IP packets with these bytes in them, without their link header."""
        found, end = [], time.monotonic() + timeout
        while len(found) < count:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.sock.settimeout(left)
            try:
                frame, address = self.sock.recvfrom(65536)
            except TimeoutError:
                break
            # What is sent is seen, too.
            if address[2] != socket.PACKET_OUTGOING and marker in frame:
                found.append(frame[14:])
        return found


def marker():
    return os.urandom(8)
