# SPDX-License-Identifier: GPL-2.0
"""What translation costs beside plain forwarding of IPv6.

    loop --> in0 --> IPv6 --> x0 --> IPv4 --> out0          loop --> in0 --> IPv6 --> out0
"""

import contextlib
import ipaddress
import pathlib
import socket
import struct

import rtnl
from lib import address, checksum, ethernet, ip, ipv4, link, module, packets, statistic, workload

SIX, FOUR = "2001:db8:6::2", "198.51.100.2"
SIX_IN_4, FOUR_IN_6 = "192.0.2.2", "2001:db8:64::c633:6402"
PREFIX, PREFIX_LEN = 1, 2
# The machine has no IPv6 where nobody asks for it. Nothing but the packets is to be sent.
SETTINGS = {"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv6/conf/default/disable_ipv6": "0",
            "ipv6/conf/default/router_solicitations": "0", "ipv6/conf/default/accept_dad": "0"}


def ipv6(source, destination, protocol, payload):
    source, destination = (socket.inet_pton(socket.AF_INET6, name) for name in (source, destination))
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source + destination + payload


def udp(pseudo):
    data = struct.pack("!HHHH", 2000, 4000, 26, 0) + bytes(18)
    check = checksum(pseudo + struct.pack("!II", len(data), 17) + data)
    return data[:6] + struct.pack("!H", check) + data[8:]


def sent6(destination):
    """A UDP packet of 66 bytes from the host of IPv6."""
    pseudo = b"".join(socket.inet_pton(socket.AF_INET6, name) for name in (SIX, destination))
    return ethernet(address("in0"), ipv6(SIX, destination, 17, udp(pseudo)), 0x86dd)


@contextlib.contextmanager
def router():
    """Two devices that swallow what they are sent, and forwarding between them."""
    for name, value in SETTINGS.items():
        pathlib.Path("/proc/sys/net", name).write_text(value)
    with module("dummy"), link("in0", "dummy", "addr add 2001:db8:6::1/64 dev in0 nodad"), \
            link("out0", "dummy", "addr add 198.51.100.1/24 dev out0", "addr add 2001:db8:7::1/64 dev out0 nodad"):
        try:
            yield
        finally:
            pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")


@contextlib.contextmanager
def forwarding():
    with router():
        yield packets("receive", "in0", sent6("2001:db8:7::2"), statistic("out0", "tx_packets"))


@contextlib.contextmanager
def translator():
    with router(), module("kernet", "kernet_defrag", "siit"):
        prefix = ipaddress.IPv6Address("2001:db8:64::").packed
        rtnl.newlink("x0", "siit", data=[(PREFIX, prefix), (PREFIX_LEN, b"\x60")])
        # The prefix stands for the IPv6 host's address, too, and no table is asked but an empty one.
        ip("link set x0 up", "route add 192.0.2.0/24 dev x0", "route add 2001:db8:64::/96 dev x0")
        try:
            yield
        finally:
            ip("link del x0")


@contextlib.contextmanager
def to_ipv4():
    with translator():
        source = "2001:db8:64::c000:202"
        pseudo = b"".join(socket.inet_pton(socket.AF_INET6, name) for name in (source, FOUR_IN_6))
        frame = ethernet(address("in0"), ipv6(source, FOUR_IN_6, 17, udp(pseudo)), 0x86dd)
        yield packets("receive", "in0", frame, statistic("out0", "tx_packets"))


@contextlib.contextmanager
def to_ipv6():
    with translator():
        # The host of IPv6 is one behind out0, whose address has the prefix.
        ip("route add 2001:db8:64::c000:202/128 dev out0")
        pseudo = b"".join(socket.inet_aton(name) for name in (FOUR, SIX_IN_4))
        data = struct.pack("!HHHH", 2000, 4000, 26, 0) + bytes(18)
        check = checksum(pseudo + struct.pack("!HH", 17, len(data)) + data)
        packet = ipv4(FOUR, SIX_IN_4, 17, data[:6] + struct.pack("!H", check) + data[8:])
        # From there, too: the way back is not asked for.
        frame = ethernet(address("in0"), packet)
        yield packets("receive", "in0", frame, statistic("out0", "tx_packets"))


@workload("to-ipv4", "translation of IPv6 to IPv4, beside forwarding of IPv6", "packet")
def six_to_four():
    return None, {"IPv6 forwarding": forwarding}, to_ipv4


@workload("to-ipv6", "translation of IPv4 to IPv6, beside forwarding of IPv6", "packet")
def four_to_six():
    return None, {"IPv6 forwarding": forwarding}, to_ipv6
