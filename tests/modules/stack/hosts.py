# SPDX-License-Identifier: GPL-2.0
"""What the tests of devices above other devices share."""

import socket

import rtnl
from selftest import NetNs, equal, modprobe, run, wait_until

IFLA_LINK = 5
# Of a mirror.
TARGET = 1
FAR = "192.0.2.9"
LIMIT = 30


def veth(ns, name, other, other_name):
    ns.run(f"ip link add {name} type veth peer name {other_name} netns {other.name}")


class Host:
    """A lower device, and who is at its other end."""

    def __init__(self):
        modprobe("stack")
        self.ns, self.far = NetNs(), NetNs()
        veth(self.ns, "l0", self.far, "f0")
        self.ns.up("l0")
        self.far.up("f0", f"{FAR}/24", "2001:db8::9/64")

    def upper(self, number=0, ns=None):
        """An upper device, in a namespace of its own."""
        ns = ns or NetNs()
        self.ns.run(f"ip link add link l0 name u{number} netns {ns.name} type stack")
        ns.up(f"u{number}", f"192.0.2.{number + 1}/24", f"2001:db8::{number + 1}/64")
        return ns


class Mirrored(Host):
    """A mirror above the lower device."""

    def __init__(self, data=()):
        super().__init__()
        self.watch = NetNs()
        veth(self.ns, "t0", self.watch, "w0")
        self.ns.up("t0")
        self.watch.up("w0")
        self.mirror(data)

    def mirror(self, data=()):
        with self.ns.enter():
            target = rtnl.u32(socket.if_nametoindex("t0"))
            rtnl.newlink("m0", "mirror", attrs=[link("l0")], data=[(TARGET, target), *data])
        self.ns.up("m0", "192.0.2.1/24")

    def seen(self):
        return self.watch.link("w0")["stats64"]["rx"]


def link(name):
    return IFLA_LINK, rtnl.u32(socket.if_nametoindex(name))


def has(ns, name):
    return ns.run(f"ip link show {name}", check=False).returncode == 0


def packets(ns, name):
    stats = ns.link(name)["stats64"]
    return stats["rx"]["packets"] + stats["tx"]["packets"]


def flooded(ns, name, *addresses):
    """Traffic that goes on until the case ends."""
    before = packets(ns, name)
    for address in addresses:
        ns.popen(f"ping -q -f -s 1000 {address}")
    wait_until(lambda: packets(ns, name) > before + 100, LIMIT, "traffic")


def quiet(ns):
    """Ends what runs in a namespace, as it keeps it."""
    for pid in run(["ip", "netns", "pids", ns.name]).stdout.split():
        run(["kill", "-9", pid], check=False)


def drained():
    """Waits until the namespaces that were deleted before are gone."""
    last = NetNs()
    run(["ip", "link", "add", "z0", "type", "veth", "peer", "name", "z1", "netns", last.name])
    last.delete()
    wait_until(lambda: run("ip link show z0", check=False).returncode, LIMIT, "namespaces are gone")


def refused(number, function, *args, **named):
    try:
        function(*args, **named)
    except rtnl.NetlinkError as refusal:
        equal(refusal.errno, number, f"error of {args} {named}: {refusal}")
    else:
        raise AssertionError(f"accepted: {args} {named}")
