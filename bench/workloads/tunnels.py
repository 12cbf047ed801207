# SPDX-License-Identifier: GPL-2.0
"""What tunnels of Ethernet in IPv4 cost.

    loop --> tunnel --> IP --> under          loop --> under --> IP --> tunnel --> IP --> UDP
"""

import contextlib
import socket

import rtnl
from devices import FOREIGN, LOCAL, receiver, sink
from lib import address, datagram, discarding, ethernet, ip, ipv4, link, module, packets, statistic, \
    workload

HERE, THERE = "198.51.100.1", "198.51.100.2"
ETHERIP = bytes([0x30, 0])
GRE = bytes.fromhex("00006558")


@contextlib.contextmanager
def tunnel(kind, modules):
    """A tunnel over a device that swallows what it is sent."""
    with module("dummy", *modules), link(
            "under", "dummy", f"addr add {HERE}/24 dev under"):
        if kind == "gretap":
            ip(f"link add tunnel type gretap local {HERE} remote {THERE} ttl 64")
        else:
            rtnl.newlink("tunnel", kind, data=[(1, socket.inet_aton(HERE)),
                                               (2, socket.inet_aton(THERE)), (3, bytes([64]))])
        try:
            ip("link set tunnel up")
            yield
        finally:
            ip("link del tunnel")


def encapsulation(kind, *modules):
    @contextlib.contextmanager
    def side():
        with tunnel(kind, modules):
            frame = ethernet(address("tunnel"), datagram(FOREIGN, LOCAL))
            yield packets("transmit", "tunnel", frame, statistic("under", "tx_packets"))
    return side


def decapsulation(kind, protocol, header, *modules):
    @contextlib.contextmanager
    def side():
        with tunnel(kind, modules), receiver("tunnel") as (inner, drops):
            outer = ipv4(THERE, HERE, protocol, header + inner)
            yield packets("receive", "under", ethernet(address("under"), outer), drops)
    return side


@contextlib.contextmanager
def untunnelled():
    """A packet of the outer one's size, received without a tunnel."""
    with module("dummy"), link("under", "dummy", f"addr add {HERE}/24 dev under"), \
            discarding() as drops:
        frame = ethernet(address("under"), datagram(THERE, HERE, 18 + 42))
        yield packets("receive", "under", frame, drops)


@workload("encapsulation", "tunnel: encapsulation", "packet", quick=True)
def encapsulate():
    return (sink("dummy", "dummy"), {"gretap": encapsulation("gretap", "ip_gre")},
            encapsulation("etherip", "kernet", "etherip"))


@workload("decapsulation", "tunnel: decapsulation", "packet", quick=True)
def decapsulate():
    return (untunnelled, {"gretap": decapsulation("gretap", 47, GRE, "ip_gre")},
            decapsulation("etherip", 97, ETHERIP, "kernet", "etherip"))
