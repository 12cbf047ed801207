# SPDX-License-Identifier: GPL-2.0
"""A network of IPv6 alone, one of IPv4 alone, and a translator between them.

    +------- six -------+       +--------------- t ---------------+       +------ four ------+
    |                   |       |                                 |       |                  |
    | 2001:db8:6::2/64 u0 ----- s0 2001:db8:6::1  198.51.100.1 f0 ----- u0 198.51.100.2/24   |
    |                   |       |              x0                 |       |                  |
    +-------------------+       |  2001:db8:64::/96, 192.0.2.0/24 |       +------------------+
                                +---------------------------------+

    six is 192.0.2.2 for four, by a mapping; four is 2001:db8:64::c633:6402 for six, by the prefix.
"""

import ipaddress
import json
import socket

import rtnl
import ynl
from selftest import NetNs, modprobe, run

PREFIX, PREFIX_LEN, LOWEST_IPV6_MTU, ZERO_CHECKSUM, HAIRPIN, PRIVATE, COPY_CLASS = range(1, 8)
SOURCE4, SOURCE4_LEN, SOURCE6, SOURCE6_LEN, MAPPINGS = range(8, 13)

SIX, FOUR = "2001:db8:6::2", "198.51.100.2"
SIX_IN_4, FOUR_IN_6 = "192.0.2.2", "2001:db8:64::c633:6402"
# Where ICMP errors of routers of IPv6 come from.
ROUTER_IN_4 = "192.0.2.254"


def mapping(v4, v6):
    """A mapping, of prefixes or of addresses."""
    v4, v6 = ipaddress.IPv4Network(v4), ipaddress.IPv6Network(v6)
    return {"ipv4": str(v4.network_address), "ipv4-len": v4.prefixlen,
            "ipv6": str(v6.network_address), "ipv6-len": v6.prefixlen}


def ifindex(ns, name="x0"):
    with ns.enter():
        return socket.if_nametoindex(name)


class Family:
    """The family, in a namespace, of one translator."""

    def __init__(self, ns, name="x0"):
        self.family, self.ifindex = ynl.family("siit", ns), ifindex(ns, name)

    def do(self, operation, mappings):
        values = {"ifindex": self.ifindex, "mapping": [mapping(*pair) for pair in mappings]}
        return self.family.do(operation, values)["count"]

    def replace(self, *mappings):
        return self.do("mapping-replace", mappings)

    def add(self, *mappings):
        return self.do("mapping-add", mappings)

    def delete(self, *mappings):
        return self.do("mapping-del", mappings)

    def get(self):
        """The mappings, as pairs of text."""
        found = self.family.dump("mapping-get", {"ifindex": self.ifindex})
        return [(f"{m['ipv4']}/{m['ipv4-len']}", f"{m['ipv6']}/{m['ipv6-len']}")
                for entry in found for m in entry["mapping"]]


def batch(ns, *lines):
    """Commands of `ip`, in one process."""
    run(["ip", "-n", ns.name, "-batch", "-"], input="\n".join(lines) + "\n")


def settings(prefix="2001:db8:64::/96", source4=f"{ROUTER_IN_4}/32", **more):
    """Attributes of a translator."""
    data = [] if prefix else [(PREFIX_LEN, b"\0")]
    if prefix:
        network = ipaddress.IPv6Network(prefix)
        data += [(PREFIX, network.network_address.packed), (PREFIX_LEN, bytes([network.prefixlen]))]
    if source4:
        network = ipaddress.IPv4Network(source4)
        data += [(SOURCE4, network.network_address.packed), (SOURCE4_LEN, bytes([network.prefixlen]))]
    if more.get("source6"):
        network = ipaddress.IPv6Network(more["source6"])
        data += [(SOURCE6, network.network_address.packed), (SOURCE6_LEN, bytes([network.prefixlen]))]
    if "mtu" in more:
        data.append((LOWEST_IPV6_MTU, rtnl.u32(more["mtu"])))
    for number, key in ((ZERO_CHECKSUM, "zero_checksum"), (HAIRPIN, "hairpin"), (PRIVATE, "private"),
                        (COPY_CLASS, "copy_class")):
        if key in more:
            data.append((number, bytes([more[key]])))
    return data


def translator(ns, name="x0", create=True, **more):
    """Makes or changes a translator in a namespace."""
    with ns.enter():
        rtnl.newlink(name, "siit", data=settings(**more), create=create)


def routes(t):
    """What leads to the translator."""
    batch(t, "link set x0 up", "route add 192.0.2.0/24 dev x0", "route add 2001:db8:64::/96 dev x0")


def network(**more):
    """The three namespaces of the picture."""
    modprobe("siit")
    six, t, four = NetNs(), NetNs(), NetNs()
    batch(t, f"link add s0 type veth peer name u0 netns {six.name}",
          f"link add f0 type veth peer name u0 netns {four.name}",
          "addr add 2001:db8:6::1/64 dev s0 nodad", "addr add 198.51.100.1/24 dev f0",
          "link set s0 up", "link set f0 up")
    t.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    batch(six, f"addr add {SIX}/64 dev u0 nodad", "link set u0 up", "link set lo up",
          "route add default via 2001:db8:6::1")
    batch(four, f"addr add {FOUR}/24 dev u0", "link set u0 up", "link set lo up",
          "route add default via 198.51.100.1")
    translator(t, **more)
    routes(t)
    Family(t).replace((SIX_IN_4, SIX))
    return six, t, four


def statistics(ns, name="x0"):
    """`ethtool -S`."""
    lines = ns.run(f"ethtool -S {name}").stdout.splitlines()[1:]
    return {key.strip(): int(value) for key, value in (line.split(":") for line in lines)}


def link_statistics(ns, name="x0"):
    text = run(["ip", "-n", ns.name, "-s", "-s", "-j", "link", "show", "dev", name]).stdout
    return json.loads(text)[0]["stats64"]
