# SPDX-License-Identifier: GPL-2.0
"""Makes and changes links by RTM_NEWLINK: what `ip` cannot say of a kind it does not know."""

import os
import socket
import struct

RTM_NEWLINK = 16
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 4, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
SOL_NETLINK, NETLINK_EXT_ACK = 270, 11
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2


class NetlinkError(OSError):
    """What the kernel answered: errno, the extended ack's message, whether it named an attribute."""

    def __init__(self, error, message, offset):
        super().__init__(error, message or os.strerror(error))
        self.message, self.offset = message, offset


def u32(value):
    return struct.pack("=I", value)


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-length % 4)


def attributes(pairs):
    return b"".join(attribute(kind, payload) for kind, payload in pairs)


def request(kind, flags, payload):
    """Sends a request and waits for its acknowledgement."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        sock.bind((0, 0))
        sock.send(struct.pack("=IHHII", 16 + len(payload), kind,
                              NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + payload)
        data = sock.recv(65536)
    _, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
    assert kind == NLMSG_ERROR, kind
    error, = struct.unpack_from("=i", data, 16)
    if not error:
        return
    # The request comes back whole, then the attributes of the extended ack.
    at = 20 + struct.unpack_from("=I", data, 20)[0]
    message, offset = "", None
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        payload = data[at + 4:at + length]
        if kind == NLMSGERR_ATTR_MSG:
            message = payload.rstrip(b"\0").decode()
        elif kind == NLMSGERR_ATTR_OFFS:
            offset = struct.unpack("=I", payload)[0]
        at += length + -length % 4
    raise NetlinkError(-error, message, offset)


def newlink(name, kind, attrs=(), data=(), peer=None, create=True):
    """Makes a link, or changes it. `peer` is (attribute, name, namespace or None[, attributes])."""
    data = list(data)
    opened = []
    if peer:
        number, peer_name, namespace, *more = peer
        inner = [(IFLA_IFNAME, peer_name.encode() + b"\0"), *(more[0] if more else ())]
        if namespace:
            opened.append(os.open(f"/run/netns/{namespace}", os.O_RDONLY))
            inner.append((IFLA_NET_NS_FD, u32(opened[0])))
        data.append((number, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attributes(inner)))
    info = [(IFLA_INFO_KIND, kind.encode() + b"\0")]
    if data:
        info.append((IFLA_INFO_DATA | NLA_F_NESTED, attributes(data)))
    payload = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attributes(
        [(IFLA_IFNAME, name.encode() + b"\0"), *attrs, (IFLA_LINKINFO | NLA_F_NESTED, attributes(info))])
    try:
        request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL if create else 0, payload)
    finally:
        for fd in opened:
            os.close(fd)
