# SPDX-License-Identifier: GPL-2.0
"""Netlink by hand, of generic netlink if nothing else is said: messages that no library would make,
and all that an answer says."""

import os
import socket
import struct

NESTED = 0x8000
REQUEST, ACK, DUMP = 1, 4, 0x300
ERROR, DONE = 2, 3
INTERRUPTED = 0x10
CAPPED, TLVS = 0x100, 0x200
HEADER = struct.Struct("=IHHII")
SOL_NETLINK, ADD_MEMBERSHIP, CAP_ACK, EXT_ACK = 270, 1, 10, 11


def attr(number, payload=b"", length=None):
    """An attribute; `length` is what its header says, if not the truth."""
    size = 4 + len(payload)
    return struct.pack("=HH", size if length is None else length, number) + payload + \
        bytes(-size % 4)


def nest(number, *attrs):
    return attr(number | NESTED, b"".join(attrs))


def parse(data):
    found = []
    while len(data) >= 4:
        size, number = struct.unpack_from("=HH", data)
        if size < 4:
            break
        found.append((number & 0x3fff, data[4:size]))
        data = data[(size + 3) & ~3:]
    return found


class Socket:
    """A socket of the current namespace."""

    def __init__(self, family=None, buffer=None, protocol=16):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.sock.bind((0, 0))
        self.sock.settimeout(60)
        for option in (CAP_ACK, EXT_ACK):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.seq = 0
        self.family = family and self.resolve(family)[0]

    def resolve(self, name):
        """The number of a family, and those of its groups."""
        self.family = 16
        answer = self.ask(3, attr(2, name.encode() + b"\0"))
        if not isinstance(answer, list):
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        attrs = dict(parse(answer[0][4:]))
        groups = {}
        for _, group in parse(attrs.get(7, b"")):
            fields = dict(parse(group))
            groups[fields[1].rstrip(b"\0").decode()] = struct.unpack("=I", fields[2])[0]
        return struct.unpack("=H", attrs[1])[0], groups

    def join(self, group):
        self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)

    def message(self, command, attrs=b"", flags=ACK, reserved=0, raw=None):
        """A request with the next sequence number."""
        self.seq += 1
        body = struct.pack("=BBH", command, 1, reserved) + attrs if raw is None else raw
        return HEADER.pack(16 + len(body), self.family, REQUEST | flags, self.seq, 0) + body

    def send(self, command, attrs=b"", flags=ACK, **how):
        self.sock.send(self.message(command, attrs, flags, **how))

    def receive(self):
        """The messages of one datagram: type, flags, sequence, body."""
        data, found = self.sock.recv(1 << 20), []
        while len(data) >= 16:
            size, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            found.append((kind, flags, seq, data[16:size]))
            data = data[(size + 3) & ~3:]
        return found

    def ask(self, command, attrs=b"", flags=ACK, **how):
        """The bodies of the answers, or what the refusal says."""
        self.send(command, attrs, flags, **how)
        bodies = []
        while True:
            for kind, flags_, seq, body in self.receive():
                if seq != self.seq:
                    continue
                if kind == ERROR or kind == DONE:
                    refusal = self.refusal(flags_, body, kind)
                    if refusal:
                        return refusal
                    return bodies
                bodies.append(body)

    def pass_on(self, message):
        """The errno that answers a request made elsewhere, 0 if it is granted."""
        self.sock.send(message)
        while True:
            for kind, _, seq, body in self.receive():
                if kind in (ERROR, DONE) and seq == HEADER.unpack_from(message)[3]:
                    return -struct.unpack_from("=i", body)[0]

    def hears(self, family, command):
        """Whether an event of a family has come."""
        self.sock.setblocking(False)
        try:
            while True:
                if any(kind == family and body[0] == command for kind, _, _, body in self.receive()):
                    return True
        except BlockingIOError:
            return False
        finally:
            self.sock.settimeout(60)

    @staticmethod
    def refusal(flags, body, kind):
        number = -struct.unpack_from("=i", body)[0]
        if not number:
            return None
        said = {"errno": number}
        if flags & TLVS:
            for field, value in parse(body[4 if kind == DONE else 20:]):
                if field == 1:
                    said["text"] = value.rstrip(b"\0").decode()
                elif field == 2:
                    said["offset"] = struct.unpack("=I", value)[0]
                elif field == 4:
                    said["policy"] = value.hex()
                elif field == 5:
                    said["missing"] = struct.unpack("=I", value)[0]
                elif field == 6:
                    said["missing in"] = struct.unpack("=I", value)[0]
        return said

    def close(self):
        self.sock.close()
