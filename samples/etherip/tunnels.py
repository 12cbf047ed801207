# SPDX-License-Identifier: GPL-2.0
"""A tunnel across a router.

    +----------- a ------------+                        +----------- b ------------+
    | t0 198.51.100.1/24       |                        |       198.51.100.2/24 t0 |
    |    2001:db8::1/64        |                        |        2001:db8::2/64    |
    |  :                       |       +--- r ---+      |                       :  |
    | u0 192.0.2.1/25          o-------o         o------o       192.0.2.129/25 u0  |
    |    2001:db8:a::1/64      |       +---------+      |     2001:db8:b::1/64     |
    +--------------------------+                        +--------------------------+
"""

import functools
import json
import socket
import struct
import typing

import rtnl
from selftest import NetNs, equal, modprobe, run, scope

LOCAL, REMOTE, TTL, TOS, PMTUDISC, LINK, IGNORE_DF = 1, 2, 3, 4, 5, 6, 7
PROTOCOL = 97
A, B = "192.0.2.1", "192.0.2.129"
A6, B6 = "2001:db8:a::1", "2001:db8:b::1"


class Version(typing.NamedTuple):
    """A version of IP below tunnels: the ends' addresses, one of nobody, and an outer header's length."""
    name: str
    family: int
    a: str
    b: str
    nobody: str
    any: str
    ethertype: bytes
    header: int


V4 = Version("ipv4", socket.AF_INET, A, B, "192.0.2.200", "0.0.0.0", b"\x08\x00", 20)
V6 = Version("ipv6", socket.AF_INET6, A6, B6, "2001:db8:b::200", "::", b"\x86\xdd", 40)


def over_both(function):
    """Wraps a case, which gets the version of IP below the tunnel: it is run with either."""
    def both():
        for version in V4, V6:
            try:
                with scope():
                    function(version)
            except AssertionError as error:
                error.add_note(f"over {version.name}")
                raise
    return functools.wraps(function)(both)


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def tunnel(ns, name="t0", local=None, remote=None, create=True, attrs=(), **more):
    """Makes or changes a tunnel in a namespace."""
    data = [(LOCAL, address(local))] if local else []
    data += [(REMOTE, address(remote))] if remote else []
    for number, key in ((TTL, "ttl"), (TOS, "tos"), (PMTUDISC, "pmtudisc"), (IGNORE_DF, "ignore_df")):
        if key in more:
            data.append((number, struct.pack("B", more[key])))
    if "link" in more:
        data.append((LINK, rtnl.u32(more["link"])))
    with ns.enter():
        rtnl.newlink(name, "etherip", attrs=attrs, data=data, create=create)


def batch(ns, *lines):
    """Commands of `ip`, in one process: under emulation each process counts."""
    run(["ip", "-n", ns.name, "-batch", "-"], input="\n".join(lines) + "\n")


def underlay():
    """Namespaces a and b, and the router between them."""
    modprobe("etherip")
    a, r, b = NetNs(), NetNs(), NetNs()
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    attach(a, r, A, A6)
    attach(b, r, B, B6)
    return a, r, b


def attach(ns, r, own, own6):
    """Joins an end to the router."""
    peer, router6 = router_device(ns), own6[:-1] + "2"
    router = {A: "192.0.2.2", B: "192.0.2.130"}[own]
    batch(ns, f"link add u0 type veth peer name {peer} netns {r.name}",
          f"addr add {own}/25 dev u0", f"addr add {own6}/64 dev u0 nodad", "link set u0 up",
          f"route add default via {router}", f"route add default via {router6}")
    batch(r, f"addr add {router}/25 dev {peer}", f"addr add {router6}/64 dev {peer} nodad",
          f"link set {peer} up")


def router_device(ns):
    """The router's device that leads to a namespace."""
    return f"u{ns.name}"[:15]


def narrow(b, r, mtu):
    """The path, between the router and b."""
    for ns, device in ((b, "u0"), (r, router_device(b))):
        ns.run(f"ip link set {device} mtu {mtu}")


def up(a, b, name="t0"):
    for ns, host in ((a, 1), (b, 2)):
        batch(ns, f"addr add 198.51.100.{host}/24 dev {name}",
              f"addr add 2001:db8::{host}/64 dev {name}", f"link set {name} up")


def two(over=V4, **more):
    a, r, b = underlay()
    tunnel(a, local=over.a, remote=over.b, **more)
    tunnel(b, local=over.b, remote=over.a, **more)
    up(a, b)
    return a, r, b


def statistics(ns, name="t0"):
    text = run(["ip", "-n", ns.name, "-d", "-s", "-s", "-j", "link", "show", "dev", name]).stdout
    return json.loads(text)[0]["stats64"]


def settings(ns, name="t0"):
    """The attributes that the kernel answers, by number."""
    with ns.enter():
        return rtnl.info(name)


def links(ns, kind="etherip"):
    text = ns.run(f"ip -d -j link show type {kind}").stdout.strip()
    return [link["ifname"] for link in json.loads(text or "[]") if link]


def refused(error, text, function, *args, **named):
    try:
        function(*args, **named)
    except rtnl.NetlinkError as refusal:
        equal(refusal.errno, error, f"error for {args[1:]} {named}: {refusal}")
        assert not text or text in str(refusal), refusal
        return refusal
    raise AssertionError(f"accepted: {args[1:]} {named}")
