# SPDX-License-Identifier: GPL-2.0
"""What bulk TCP costs through a tunnel of Ethernet in IP: both its ends, for each megabyte.

    sender --> TCP --> tunnel --> IP --> veth          veth --> GRO --> IP --> tunnel --> TCP --> receiver

The underlay is a device that knows no tunnel: what is to be segmented is cut in software before it.
"""

import contextlib
import ctypes
import socket
import time

import rtnl
from lib import ip, module, run, workload

MEGABYTES = 4
CHUNK = bytes(1 << 16)
ENDS = {4: ("198.51.100.1", "198.51.100.2", 24), 6: ("2001:db8:a::1", "2001:db8:a::2", 64)}
INNER = ("10.97.0.1", "10.97.0.2")


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace.fileno(), 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(name):
    """The namespace of this name, for sockets and messages of the block."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as old, \
            open(f"/run/netns/{name}", encoding="ascii") as new:
        enter(new)
        try:
            yield
        finally:
            enter(old)


def end(name, kind, here, there, bits, inner):
    nodad = " nodad" if ":" in here else ""
    run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.under.disable_ipv6=0",
         "net.ipv4.tcp_tso_rtt_log=31"])
    run(["ip", "-n", name, "-batch", "-"],
        input=f"addr add {here}/{bits} dev under{nodad}\nlink set under up\n")
    run(["ip", "netns", "exec", name, "ethtool", "-K", "under", "tso", "off", "gro", "on"])
    if kind == "etherip":
        family = socket.AF_INET6 if ":" in here else socket.AF_INET
        with inside(name):
            rtnl.newlink("tunnel", kind, data=[(1, socket.inet_pton(family, here)),
                                               (2, socket.inet_pton(family, there)), (3, bytes([64]))])
    else:
        limit = "encaplimit none" if kind == "ip6gretap" else ""
        run(["ip", "-n", name, *f"link add tunnel type {kind} local {here} remote {there} ttl 64 {limit}".split()])
    run(["ip", "-n", name, "-batch", "-"], input=f"addr add {inner}/24 dev tunnel\nlink set tunnel up\n")


@contextlib.contextmanager
def connection(kind, version):
    """A connection through a tunnel between two namespaces."""
    here, there, bits = ENDS[version]
    ip("netns add bulk1", "netns add bulk2")
    try:
        ip("link add under netns bulk1 type veth peer name under netns bulk2")
        end("bulk1", kind, here, there, bits, INNER[0])
        end("bulk2", kind, there, here, bits, INNER[1])
        with inside("bulk2"):
            server = socket.create_server((INNER[1], 5001))
        with inside("bulk1"):
            sender = socket.socket()
        with server, sender:
            sender.settimeout(30)
            sender.connect((INNER[1], 5001))
            receiver, _ = server.accept()
            with receiver:
                sender.setblocking(False)
                receiver.setblocking(False)
                yield sender, receiver
    finally:
        ip("netns del bulk1", "netns del bulk2")


def megabyte(sender, receiver):
    """The instructions for one, of several that are sent and read in turns."""
    buffer, left = bytearray(1 << 18), MEGABYTES << 20
    to_send, start = left, time.monotonic_ns()
    while left:
        with contextlib.suppress(BlockingIOError):
            if to_send:
                to_send -= sender.send(CHUNK[:to_send])
        with contextlib.suppress(BlockingIOError):
            left -= receiver.recv_into(buffer)
    return (time.monotonic_ns() - start) / MEGABYTES


def stream(kind, version, *modules):
    @contextlib.contextmanager
    def side():
        with module("veth", *modules), connection(kind, version) as (sender, receiver):
            yield lambda: [megabyte(sender, receiver) for _ in range(8)]
    return side


@workload("bulk", "tunnel: bulk TCP, both ends", "megabyte")
def bulk():
    return (None, {"gretap": stream("gretap", 4, "ip_gre")}, stream("etherip", 4, "kernet", "etherip"))


@workload("bulk6", "tunnel over IPv6: bulk TCP, both ends", "megabyte")
def bulk_over_ipv6():
    return (None, {"ip6gretap": stream("ip6gretap", 6, "ip6_gre")}, stream("etherip", 6, "kernet", "etherip"))
