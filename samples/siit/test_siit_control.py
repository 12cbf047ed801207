#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit's settings and mappings. See translators.py."""

import errno
import ipaddress
import json
import socket
import struct

import rtnl
import ynl
from selftest import NetNs, case, checked, equal, main, modprobe
from translators import (LOWEST_IPV6_MTU, PREFIX, PREFIX_LEN, SOURCE4, SOURCE4_LEN, Family, translator)

NETLINK_GENERIC, SO_SNDBUFFORCE = 16, 32


def alone():
    """A namespace with a translator that nobody sends to."""
    modprobe("siit")
    ns = NetNs()
    translator(ns)
    return ns


def refused(error, text, function, *args, **named):
    try:
        function(*args, **named)
    except Exception as refusal:  # That of rtnl and of ynl are of two classes.
        number = getattr(refusal, "errno", None) or getattr(refusal, "error", None)
        equal(abs(number or 0), error, f"error: {refusal}")
        assert text in str(refusal), refusal
        return
    raise AssertionError(f"accepted: {args} {named}")


@case
@checked
def mappings_are_kept():
    ns = alone()
    family = Family(ns)
    equal(family.get(), [], "mappings at first")
    equal(family.replace(("192.0.2.1", "2001:db8::1"), ("10.0.0.0/8", "2001:db8:a::/96")), 2, "count")
    equal(family.add(("10.1.0.0/16", "2001:db8:b::/112")), 3, "count")
    equal(family.get(), [("192.0.2.1/32", "2001:db8::1/128"), ("10.0.0.0/8", "2001:db8:a::/96"),
                         ("10.1.0.0/16", "2001:db8:b::/112")], "mappings")
    equal(family.delete(("10.0.0.0/8", "2001:db8:a::/96")), 2, "count")
    shown = json.loads(ns.run("ip -d -j link show x0").stdout)[0]["linkinfo"]["info_data"]
    equal((shown["mappings"], shown["prefix"]), (2, "2001:db8:64::/96"), "what ip shows")
    equal(family.replace(), 0, "count")
    equal(family.get(), [], "mappings in the end")


@case
def mappings_are_refused():
    ns = alone()
    family = Family(ns)
    first = ("192.0.2.0/24", "2001:db8::/120")
    family.replace(first)
    refused(errno.EEXIST, "same IPv4 prefix", family.add, ("192.0.2.0/24", "2001:db8:1::/120"))
    refused(errno.EEXIST, "same IPv6 prefix", family.add, ("192.0.3.0/24", "2001:db8::/120"))
    refused(errno.EEXIST, "same IPv4 prefix", family.replace, first, first)
    refused(errno.EINVAL, "suffix is longer", family.add, ("192.0.3.0/24", "2001:db8:1::/121"))
    refused(errno.ENOENT, "0 of 1 mappings", family.delete, ("192.0.3.0/24", "2001:db8:1::/120"))
    one = {"ipv4": "192.0.3.1", "ipv4-len": 24, "ipv6": "2001:db8:1::", "ipv6-len": 120}
    refused(errno.EINVAL, "bits behind the prefix", family.family.do, "mapping-add",
            {"ifindex": family.ifindex, "mapping": [one]})
    refused(errno.EINVAL, "", family.family.do, "mapping-add",
            {"ifindex": family.ifindex, "mapping": [{"ipv4": "192.0.3.0"}]})
    for index in (1, 4711):
        refused(errno.ENODEV, "no translator", family.family.do, "mapping-replace", {"ifindex": index})
    equal(family.get(), [first], "mappings are those of before")


def encoded(family, pairs):
    """A request of the family as bytes: of 100,000 mappings the library takes too long."""
    message = ynl.encode(family.family, "mapping-replace", {"ifindex": family.ifindex})
    message += b"".join(rtnl.attribute(2 | 0x8000, rtnl.attribute(1, v4) + rtnl.attribute(3, v6))
                        for v4, v6 in pairs)
    return struct.pack("=I", len(message)) + message[4:]


def send(ns, message):
    """Sends one long message; returns the errno of the answer."""
    with ns.enter():
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, len(message) + 4096)
        sock.bind((0, 0))
        sock.send(message)
        while True:
            data = sock.recv(65536)
            if struct.unpack_from("=H", data, 4)[0] == 2:
                return -struct.unpack_from("=i", data, 16)[0]


def many(count):
    return [(socket.inet_aton(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"),
             ipaddress.IPv6Address(f"2001:db8:{n:x}::1").packed if n < 65536 else
             ipaddress.IPv6Address((0x20010db9 << 96) + n).packed) for n in range(count)]


@case
def a_hundred_thousand_mappings_are_replaced_at_once():
    ns = alone()
    family = Family(ns)
    equal(send(ns, encoded(family, many(100_000))), 0, "errno")
    shown = json.loads(ns.run("ip -d -j link show x0").stdout)[0]["linkinfo"]["info_data"]
    equal(shown["mappings"], 100_000, "mappings")
    equal(family.replace(("192.0.2.1", "2001:db8::1")), 1, "count")


@case
def settings_are_kept():
    ns = alone()
    ns.run("ip link add x1 type siit prefix 2001:db8:100::/40 lowest-ipv6-mtu 1400 zero-checksum nohairpin "
           "private nocopy-class source4 203.0.113.0/24 source6 2001:db8:6791::/64")
    shown = ns.run("ip -d link show x1").stdout
    for text in ("prefix 2001:db8:100::/40 ", "lowest-ipv6-mtu 1400 ", "zero-checksum ", "nohairpin ", "private ",
                 "nocopy-class ", "source4 203.0.113.0/24 ", "source6 2001:db8:6791::/64 "):
        assert text in shown, (text, shown)
    ns.run("ip link change x1 type siit noprefix hairpin")
    shown = ns.run("ip -d link show x1").stdout
    assert "prefix" not in shown and "nohairpin" not in shown and "mtu 1400" in shown, shown


@case
def settings_are_refused():
    ns = alone()
    address = ipaddress.IPv6Address
    for error, text, data in (
            (errno.EINVAL, "no length of 33", [(PREFIX, address("2001:db8::").packed), (PREFIX_LEN, b"\x21")]),
            (errno.EINVAL, "bits behind", [(PREFIX, address("2001:db8::1").packed), (PREFIX_LEN, b"\x60")]),
            (errno.EINVAL, "64 to 71", [(PREFIX, address("2001:db8:0:0:ff00::").packed), (PREFIX_LEN, b"\x60")]),
            (errno.EINVAL, "", [(PREFIX, address("2001:db8::").packed)]),
            (errno.EINVAL, "", [(PREFIX_LEN, b"\x60")]),
            (errno.ERANGE, "", [(LOWEST_IPV6_MTU, rtnl.u32(1279))]),
            (errno.EINVAL, "longer than 65535", [(LOWEST_IPV6_MTU, rtnl.u32(65536))]),
            (errno.EINVAL, "bits behind", [(SOURCE4, b"\xc0\0\2\1"), (SOURCE4_LEN, b"\x18")])):
        with ns.enter():
            refused(error, text, rtnl.newlink, "x1", "siit", data=data)
            refused(error, text, rtnl.newlink, "x0", "siit", data=data, create=False)
    equal([link["ifname"] for link in json.loads(ns.run("ip -j link show").stdout)], ["lo", "x0"], "devices")


main(20)
