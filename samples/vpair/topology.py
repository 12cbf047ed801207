# SPDX-License-Identifier: GPL-2.0
"""Two namespaces joined by a pair.

    +----------- a -----------+        +----------- b -----------+
    | pa 192.0.2.1/24         |        | pb 192.0.2.2/24         |
    |    2001:db8::1/64       o--------o    2001:db8::2/64       |
    +-------------------------+        +-------------------------+

Or by two pairs, with a namespace between them, which sends nothing of its own.

    +------ a ------+      +----------- m -----------+      +------ b ------+
    | pa 192.0.2.1  o------o qa                   qb o------o pb 192.0.2.2  |
    +---------------+      +-------------------------+      +---------------+
"""

import rtnl
from selftest import NetNs, modprobe, wait_until

PEER = 1


def pair(a, b, up=True, kind="vpair", peer=(), **extra):
    """A pair from pa in namespace a to pb in namespace b; `peer` has attributes of pb."""
    with a.enter():
        rtnl.newlink("pa", kind, peer=(PEER, "pb", b.name, list(peer)), **extra)
    if up:
        a.up("pa", "192.0.2.1/24", "2001:db8::1/64")
        b.up("pb", "192.0.2.2/24", "2001:db8::2/64")


def two():
    modprobe("vpair")
    a, b = NetNs(), NetNs()
    pair(a, b)
    return a, b


def star(ends, kind="vpair"):
    """A namespace m, and one for each of the letters `ends`, with a pair to m."""
    modprobe(kind)
    namespaces = {letter: NetNs() for letter in f"m{ends}"}
    for letter, ns in namespaces.items():
        ns.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        if letter != "m":
            with ns.enter():
                rtnl.newlink(f"p{letter}", kind, peer=(PEER, f"q{letter}", namespaces["m"].name))
            namespaces["m"].up(f"q{letter}")
            ns.up(f"p{letter}", f"192.0.2.{ends.index(letter) + 1}/24")
    return namespaces


def chain(kind="vpair"):
    """a, m and b."""
    namespaces = star("ab", kind)
    return namespaces["a"], namespaces["m"], namespaces["b"]


def statistics(ns, name):
    return ns.link(name)["stats64"]


def ethtool_statistics(ns, name):
    text = ns.run(f"ethtool -S {name}").stdout
    return {key.strip(): int(value) for key, _, value in
            (line.partition(":") for line in text.splitlines()[1:])}


def flood(a, b):
    a.popen("ping -q -f -s 1000 192.0.2.2")
    b.popen("ping -q -f 2001:db8::1")


def received(ns, name, more):
    """Waits until the device has received more packets than it has now."""
    before = statistics(ns, name)["rx"]["packets"]
    wait_until(lambda: statistics(ns, name)["rx"]["packets"] > before + more, 20, "traffic")
