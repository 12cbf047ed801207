#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip: packets that stay whole through the tunnel, and are encrypted below. See tunnels.py."""

from segments import LARGE, MTU, Seen, all_merging, carries_bytes, outer_packets
from selftest import Skip, case, checked, equal, main, run
from tunnels import PROTOCOL, V4, batch, over_both, two

ESP = 50


def protect(over, a, b, mode):
    """Has IPsec encrypt what the tunnel sends, and leave room for its header."""
    # Nothing that was sent before waits for the router's address any more.
    assert a.ping("198.51.100.2", options="-w 30")
    ways = list(enumerate(((over.a, over.b), (over.b, over.a)), 1))
    for ns, own in ((a, over.a), (b, over.b)):
        lines = []
        for number, (source, to) in ways:
            ends = f"src {source} dst {to}"
            lines += [f"xfrm state add {ends} proto esp spi {0x100 + number} mode {mode} "
                      f"aead rfc4106(gcm(aes)) 0x{number:040x} 128 sel {ends}",
                      f"xfrm policy add {ends} proto {PROTOCOL} dir {'out' if source == own else 'in'} "
                      f"tmpl {ends} proto esp mode {mode}"]
        batch(ns, *lines, "link set t0 mtu 1380")


def carries_encrypted(over, a, b, port):
    """Large packets go into the tunnel, and nothing leaves that is not encrypted, or longer than the path takes."""
    places = Seen(a, "t0", True), Seen(a, "u0", True, ESP, over), Seen(a, "u0", True, PROTOCOL, over)
    carries_bytes(a, b, "198.51.100.2", port)
    carries_bytes(b, a, "2001:db8::1", port + 1, 1 << 18)
    for place in places:
        place.end()
    into, below, plain = places
    assert into.longest > LARGE, into.lengths
    assert 1380 < below.longest <= MTU + 14, below.lengths
    equal(plain.count, 0, "packets that are not encrypted")


@case
@checked
@over_both
def whole_through_ipsec(over):
    """IPsec that can cut packets itself leaves them whole, and encrypts the parts that the device below is given."""
    name = "esp4_offload" if over is V4 else "esp6_offload"
    if run(f"modprobe {name}", check=False).returncode:
        raise Skip(f"the kernel has no {name}")
    for number, mode in enumerate(("transport", "beet")):
        a, r, b = two(over)
        all_merging(a, r, b)
        protect(over, a, b, mode)
        long = outer_packets(a, over, ESP)
        carries_encrypted(over, a, b, 6000 + 10 * number)
        assert long() > 0, f"{mode}: IPsec was given parts"


@case
def through_ipsec():
    """IPsec that cannot cut packets has them cut before it."""
    a, r, b = two(V4)
    all_merging(a, r, b)
    for mode in "transport", "tunnel":
        protect(V4, a, b, mode)
        carries_encrypted(V4, a, b, 6100 if mode == "transport" else 6110)
        for ns in (a, b):
            ns.run("ip xfrm policy flush; ip xfrm state flush")


main(60)
