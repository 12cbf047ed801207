# SPDX-License-Identifier: GPL-2.0
"""Makes and changes links by RTM_NEWLINK: what `ip` does not say, such as malformed attributes."""

import contextlib
import os
import socket
import struct

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
RTM_NEWTFILTER = 44
TCA_KIND, TCA_OPTIONS = 1, 2
TCA_BPF_FD, TCA_BPF_NAME, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT = 6, 7, 8, 1
CLSACT_INGRESS, ETH_P_ALL = 0xfffffff2, 3
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 4, 18, 28
IFLA_NET_NS_PID, IFLA_TARGET_NETNSID = 19, 46
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
IFLA_XDP, IFLA_XDP_FD, IFLA_XDP_FLAGS = 43, 1, 3
SOL_NETLINK, NETLINK_EXT_ACK = 270, 11
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
# Of any device: the attributes say which.
IFINFOMSG = struct.pack("=BxHiII", 0, 0, 0, 0, 0)


class NetlinkError(OSError):
    """What the kernel answered: errno, the extended ack's message, whether it named an attribute."""

    def __init__(self, error, message, offset):
        super().__init__(error, message or os.strerror(error))
        self.message, self.offset = message, offset

    def __reduce__(self):
        return type(self), (self.errno, self.message, self.offset)


def u32(value):
    return struct.pack("=I", value)


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-length % 4)


def attributes(pairs):
    return b"".join(attribute(kind, payload) for kind, payload in pairs)


def message(kind, flags, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + payload


def error_of(data):
    """A message's type and, of an acknowledgement, its errno."""
    kind, = struct.unpack_from("=H", data, 4)
    return kind, -struct.unpack_from("=i", data, 16)[0] if kind == NLMSG_ERROR else None


def request(message):
    """Sends a request and waits for its acknowledgement."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        sock.bind((0, 0))
        sock.send(message)
        data = sock.recv(65536)
    kind, error = error_of(data)
    assert kind == NLMSG_ERROR, kind
    if not error:
        return
    # The request comes back whole, then the attributes of the extended ack.
    at = 20 + struct.unpack_from("=I", data, 20)[0]
    text, offset = "", None
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        payload = data[at + 4:at + length]
        if kind == NLMSGERR_ATTR_MSG:
            text = payload.rstrip(b"\0").decode()
        elif kind == NLMSGERR_ATTR_OFFS:
            offset = struct.unpack("=I", payload)[0]
        at += length + -length % 4
    raise NetlinkError(error, text, offset)


@contextlib.contextmanager
def newlink_message(name, kind, attrs=(), data=None, peer=None, create=True, index=0):
    """The request that makes a link, or changes it; the files that it names are open meanwhile.

    `peer` is (attribute, name, namespace or None[, attributes]). Settings that are none (`data` is empty)
    are sent as an empty nest, for which the core asks the kind; without `data` it does not. With an
    `index` of 0 the kernel gives it one.
    """
    given = data is not None
    data = list(data or ())
    with contextlib.ExitStack() as opened:
        if peer:
            number, peer_name, namespace, *more = peer
            inner = [(IFLA_IFNAME, peer_name.encode() + b"\0"), *(more[0] if more else ())]
            if namespace:
                file = opened.enter_context(open(f"/run/netns/{namespace}", "rb"))
                inner.append((IFLA_NET_NS_FD, u32(file.fileno())))
            data.append((number, IFINFOMSG + attributes(inner)))
        info = [(IFLA_INFO_KIND, kind.encode() + b"\0")]
        if data or given:
            info.append((IFLA_INFO_DATA | NLA_F_NESTED, attributes(data)))
        header = struct.pack("=BxHiII", 0, 0, index, 0, 0)
        yield message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL if create else 0, header + attributes(
            [(IFLA_IFNAME, name.encode() + b"\0"), *attrs,
             (IFLA_LINKINFO | NLA_F_NESTED, attributes(info))]))


def newlink(name, kind, **options):
    """Makes a link, or changes it."""
    with newlink_message(name, kind, **options) as asked:
        request(asked)


def dellink_message(name):
    return message(RTM_DELLINK, 0, IFINFOMSG + attributes([(IFLA_IFNAME, name.encode() + b"\0")]))


def setlink_message(name, attrs):
    return message(RTM_SETLINK, 0, IFINFOMSG + attributes([(IFLA_IFNAME, name.encode() + b"\0"), *attrs]))


def set_xdp(name, fd, flags):
    """Attaches a BPF program to a link, or detaches it with -1."""
    request(setlink_message(name, [
        (IFLA_XDP | NLA_F_NESTED, attributes([(IFLA_XDP_FD, struct.pack("=i", fd)),
                                              (IFLA_XDP_FLAGS, u32(flags))]))]))


def classify(device, fd):
    """Lets a BPF program decide what becomes of the packets that come in by a device."""
    options = [(TCA_BPF_FD, u32(fd)), (TCA_BPF_NAME, b"kernet\0"),
               (TCA_BPF_FLAGS, u32(TCA_BPF_FLAG_ACT_DIRECT))]
    # The first priority, in the upper half of the last word.
    header = struct.pack("=BxxxiIII", 0, socket.if_nametoindex(device), 0, CLSACT_INGRESS,
                         1 << 16 | socket.htons(ETH_P_ALL))
    request(message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, header + attributes(
        [(TCA_KIND, b"bpf\0"), (TCA_OPTIONS | NLA_F_NESTED, attributes(options))])))


def parse(data):
    """Attributes' payloads by type."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:length]
        data = data[length + -length % 4:]
    return found


def link(name):
    """The attributes that the kernel says a link has."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(message(RTM_GETLINK, 0, IFINFOMSG + attributes([(IFLA_IFNAME, name.encode() + b"\0")])))
        data = sock.recv(1 << 20)
    kind, error = error_of(data)
    if kind == NLMSG_ERROR:
        raise NetlinkError(error, "", None)
    return parse(data[16 + len(IFINFOMSG):])


def info(name):
    """Those of its kind."""
    return parse(parse(link(name)[IFLA_LINKINFO])[IFLA_INFO_DATA])
