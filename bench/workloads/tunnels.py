# SPDX-License-Identifier: GPL-2.0
"""What tunnels of Ethernet in IP cost.

    loop --> tunnel --> IP --> under          loop --> under --> IP --> tunnel --> IP --> UDP
"""

import contextlib
import socket
import struct
import time

import rtnl
from devices import FOREIGN, LOCAL, receiver, sink
from lib import address, datagram, discarding, ethernet, ip, ipv4, link, module, packets, run, statistic, \
    workload

HERE, THERE = "198.51.100.1", "198.51.100.2"
HERE6, THERE6 = "2001:db8:a::1", "2001:db8:a::2"
ETHERIP = bytes([0x30, 0])
GRE = bytes.fromhex("00006558")


@contextlib.contextmanager
def tunnel(kind, modules, here=HERE, there=THERE):
    """A tunnel over a device that swallows what it is sent."""
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    with module("dummy", *modules), link("under", "dummy"):
        if family == socket.AF_INET6:
            # It is switched off for all other devices.
            ip("link set under addrgenmode none")
            run(["sysctl", "-qw", "net.ipv6.conf.under.disable_ipv6=0"])
            ip(f"addr add {here}/64 dev under nodad")
            # It tells of its groups (MLD) for a second or two; the machine's clock skips what is waited.
            time.sleep(5)
        else:
            ip(f"addr add {here}/24 dev under")
        if kind == "etherip":
            rtnl.newlink("tunnel", kind, data=[(1, socket.inet_pton(family, here)),
                                               (2, socket.inet_pton(family, there)), (3, bytes([64]))])
        else:
            # An option of 8 bytes otherwise, which EtherIP has not.
            limit = "encaplimit none" if kind == "ip6gretap" else ""
            ip(f"link add tunnel type {kind} local {here} remote {there} ttl 64 {limit}")
        try:
            ip("link set tunnel up")
            yield
        finally:
            ip("link del tunnel")


def encapsulation(kind, *modules, here=HERE, there=THERE):
    @contextlib.contextmanager
    def side():
        with tunnel(kind, modules, here, there):
            frame = ethernet(address("tunnel"), datagram(FOREIGN, LOCAL))
            yield packets("transmit", "tunnel", frame, statistic("under", "tx_packets"))
    return side


def ipv6(source, destination, protocol, payload):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, 64,
                       socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, destination)) + payload


def decapsulation(kind, protocol, header, *modules, here=HERE, there=THERE):
    @contextlib.contextmanager
    def side():
        with tunnel(kind, modules, here, there), receiver("tunnel") as (inner, drops):
            if ":" in here:
                outer = ethernet(address("under"), ipv6(there, here, protocol, header + inner), 0x86dd)
            else:
                outer = ethernet(address("under"), ipv4(there, here, protocol, header + inner))
            yield packets("receive", "under", outer, drops)
    return side


@contextlib.contextmanager
def untunnelled(header=42):
    """A packet of the outer one's size, received without a tunnel."""
    with module("dummy"), link("under", "dummy", f"addr add {HERE}/24 dev under"), \
            discarding() as drops:
        frame = ethernet(address("under"), datagram(THERE, HERE, 18 + header))
        yield packets("receive", "under", frame, drops)


@workload("encapsulation", "tunnel: encapsulation", "packet", quick=True)
def encapsulate():
    return (sink("dummy", "dummy"), {"gretap": encapsulation("gretap", "ip_gre")},
            encapsulation("etherip", "kernet", "etherip"))


@workload("decapsulation", "tunnel: decapsulation", "packet", quick=True)
def decapsulate():
    return (untunnelled, {"gretap": decapsulation("gretap", 47, GRE, "ip_gre")},
            decapsulation("etherip", 97, ETHERIP, "kernet", "etherip"))


@workload("encapsulation6", "tunnel over IPv6: encapsulation", "packet")
def encapsulate_in_ipv6():
    ends = {"here": HERE6, "there": THERE6}
    return (sink("dummy", "dummy"), {"ip6gretap": encapsulation("ip6gretap", "ip6_gre", **ends)},
            encapsulation("etherip", "kernet", "etherip", **ends))


@workload("decapsulation6", "tunnel over IPv6: decapsulation", "packet")
def decapsulate_from_ipv6():
    ends = {"here": HERE6, "there": THERE6}
    return (lambda: untunnelled(62), {"ip6gretap": decapsulation("ip6gretap", 47, GRE, "ip6_gre", **ends)},
            decapsulation("etherip", 97, ETHERIP, "kernet", "etherip", **ends))
