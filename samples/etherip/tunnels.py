# SPDX-License-Identifier: GPL-2.0
"""A tunnel across a router.

    +----------- a ------------+                        +----------- b ------------+
    | t0 198.51.100.1/24       |                        |       198.51.100.2/24 t0 |
    |    2001:db8::1/64        |                        |        2001:db8::2/64    |
    |  :                       |       +--- r ---+      |                       :  |
    | u0 192.0.2.1/25          o-------o         o------o       192.0.2.129/25 u0  |
    +--------------------------+       +---------+      +--------------------------+
"""

import json
import socket
import struct

import rtnl
from selftest import NetNs, equal, modprobe, run

LOCAL, REMOTE, TTL, TOS, PMTUDISC, LINK = 1, 2, 3, 4, 5, 6
A, B = "192.0.2.1", "192.0.2.129"


def address(text):
    return socket.inet_aton(text)


def tunnel(ns, name="t0", local=None, remote=None, create=True, attrs=(), **more):
    """Makes or changes a tunnel in a namespace."""
    data = [(LOCAL, address(local))] if local else []
    data += [(REMOTE, address(remote))] if remote else []
    for number, key in ((TTL, "ttl"), (TOS, "tos"), (PMTUDISC, "pmtudisc")):
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
    for ns, own, router in ((a, A, "192.0.2.2"), (b, B, "192.0.2.130")):
        peer = router_device(ns)
        batch(ns, f"link add u0 type veth peer name {peer} netns {r.name}",
              f"addr add {own}/25 dev u0", "link set u0 up", f"route add default via {router}")
        batch(r, f"addr add {router}/25 dev {peer}", f"link set {peer} up")
    r.run("sysctl -qw net.ipv4.ip_forward=1")
    return a, r, b


def router_device(ns):
    """The router's device that leads to a namespace."""
    return f"u{ns.name}"[:15]


def up(a, b, name="t0"):
    for ns, host in ((a, 1), (b, 2)):
        batch(ns, f"addr add 198.51.100.{host}/24 dev {name}",
              f"addr add 2001:db8::{host}/64 dev {name}", f"link set {name} up")


def two(**more):
    a, r, b = underlay()
    tunnel(a, local=A, remote=B, **more)
    tunnel(b, local=B, remote=A, **more)
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
