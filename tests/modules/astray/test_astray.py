#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a module may ask of the layer about packets that it refuses, with the kind of astray.ko: the checkers see
what the layer lets through.

    one namespace: x0 2001:db8::1, 192.0.2.1, to which everything is routed
"""

import socket
import struct

from selftest import NetNs, case, checked, equal, main, modprobe, wait_until

MORE = 1


def device():
    modprobe("astray")
    ns = NetNs()
    ns.run("ip link add x0 type astray")
    ns.up("x0", "192.0.2.1/24", "2001:db8::1/64 nodad")
    return ns


def packets(ns, way):
    return ns.link("x0")["stats64"][way]["packets"]


@case
@checked
def answers_that_are_none():
    """Of each type there is, and about places far behind the packet; to one host and to many."""
    ns = device()
    for address in "192.0.2.9", "2001:db8::9", "ff02::1%x0":
        before = packets(ns, "tx")
        ns.run(f"ping -q -c 3 -i 0.2 -W 1 {address}", check=False)
        # An error that comes back ends ping.
        wait_until(lambda before=before: packets(ns, "tx") > before, 30, f"packets to {address}")


def fragment(offset, more, data, says=None, number=7):
    """A fragment of IPv6, that says that it is shorter than it is, perhaps."""
    payload = struct.pack("!BBHI", 59, 0, offset | more, number) + data
    return struct.pack("!IHBB", 6 << 28, len(payload) if says is None else says, 44, 64) + \
        socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "2001:db8::9") + payload


@case
@checked
def fragments_are_as_long_as_they_say():
    """What is behind a packet's end is no data: of two halves with something appended the whole is made of the
    halves."""
    ns = device()
    with ns.enter(), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
        def send(packet):
            sock.sendto(packet, ("x0", 0x86dd))
        before = ns.link("x0")["stats64"]["rx"]
        send(fragment(0, MORE, bytes(16) + b"appended", says=8 + 16))
        send(fragment(16, 0, bytes(16) + b"appended", says=8 + 16))
        wait_until(lambda: packets(ns, "rx") == before["packets"] + 1, 30, "the whole packet")
        equal(ns.link("x0")["stats64"]["rx"]["bytes"] - before["bytes"], 40 + 32, "bytes of the whole packet")
        # One that says more than there is is none.
        send(fragment(0, MORE, bytes(16), says=8 + 400, number=8))
        send(fragment(16, 0, bytes(16), number=8))
        send(fragment(0, MORE, bytes(16), number=9))
        send(fragment(16, 0, bytes(16), number=9))
        wait_until(lambda: packets(ns, "rx") == before["packets"] + 2, 30, "the next whole packet")


main(15)
