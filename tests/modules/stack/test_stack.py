#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of devices above other devices, with the kinds of stack.ko.

    +---- a ----+   +---- b ----+              +--------- far ---------+
    | u0 192.0.2.1   | u1 192.0.2.2            | f0 192.0.2.9          |
    +----|------+   +----|------+              +----------|------------+
    +----|---------------|------- host -------------------|--+
    |    +------ l0 -----+   stack: by their addresses   veth |
    |            +------------------------------------------+
    +--------------------------------------------------------+
"""

import errno
import json

import rtnl
from container import Container
from hosts import FAR, IFLA_LINK, LIMIT, Host, Mirrored, drained, flooded, has, link, quiet, refused
from selftest import NetNs, case, checked, churn, equal, iperf, loaded, main, rmmod, run, wait_until

IFLA_MTU, IFLA_ADDRESS = 4, 1


@case
@checked
def uppers_share_a_lower_device():
    """Each has its own traffic: with the far end, with each other, in both directions, and in bulk."""
    host = Host()
    a, b = host.upper(0), host.upper(1)
    for ns, address in ((a, FAR), (b, FAR), (a, "192.0.2.2"), (b, "192.0.2.1"), (a, "2001:db8::9"),
                        (b, "2001:db8::1"), (host.far, "192.0.2.1"), (host.far, "192.0.2.2")):
        assert ns.ping(address), f"{address} from {ns.name}"
    for got in iperf(a, host.far, FAR), iperf(host.far, b, "192.0.2.2"):
        assert got > 1 << 20, got
    # Both are counted by their own device; the broadcasts of one reach the other.
    for ns, name in (a, "u0"), (b, "u1"):
        stats = ns.link(name)["stats64"]
        assert stats["rx"]["bytes"] and stats["tx"]["bytes"], stats
        equal(stats["tx"]["dropped"], 0, "dropped")
    # The host's own traffic still passes.
    host.ns.up("l0", "192.0.2.8/24")
    assert host.ns.ping(FAR)


@case
def uppers_have_uppers():
    """One above a mirror, whose handler hands it what it receives; above a VLAN; and with a VLAN above."""
    host = Mirrored()
    a = NetNs()
    host.ns.run(f"ip link add link m0 name n0 netns {a.name} type stack")
    a.up("n0", "192.0.2.5/24")
    assert a.ping(FAR), "from above a mirror"
    assert iperf(host.far, a, "192.0.2.5") > 1 << 20
    flooded(a, "n0", FAR)
    host.ns.run("ip link del m0")
    wait_until(lambda: not has(a, "n0"), LIMIT, "n0 is gone")
    host.ns.run("ip link add link l0 name l0.5 type vlan id 5")
    host.ns.up("l0.5")
    for number in 5, 6:
        host.far.run(f"ip link add link f0 name f0.{number} type vlan id {number}")
        host.far.up(f"f0.{number}", f"198.51.{number}.9/24")
    a = NetNs()
    host.ns.run(f"ip link add link l0.5 name u0 netns {a.name} type stack")
    a.up("u0", "198.51.5.1/24")
    assert a.ping("198.51.5.9"), "from above a VLAN"
    assert iperf(a, host.far, "198.51.5.9") > 1 << 20
    # Not that of the lower device's own VLAN device, which gets its packets before the handler does.
    b = host.upper(1)
    b.run("ip link add link u1 name u1.6 type vlan id 6")
    b.up("u1.6", "198.51.6.2/24")
    assert b.ping("198.51.6.9"), "from an upper's VLAN"
    assert iperf(host.far, b, "198.51.6.2") > 1 << 20
    # All above it go along.
    flooded(a, "u0", "198.51.5.9")
    flooded(b, "u1.6", "198.51.6.9")
    host.ns.run("ip link del l0")
    for ns, name in (a, "u0"), (b, "u1.6"), (b, "u1"):
        wait_until(lambda ns=ns, name=name: not has(ns, name), LIMIT, f"{name} is gone")


@case
def ip_shows_the_lower_device():
    host = Host()
    here, there = host.upper(0, host.ns), host.upper(1)
    equal(here.link("u0")["link"], "l0", "the lower device")
    index = host.ns.link("l0")["ifindex"]
    equal(there.link("u1")["link_index"], index, "the index of the lower device")
    assert "link_netnsid" in there.link("u1"), there.link("u1")
    host.ns.run("ip link del u0")
    assert not has(host.ns, "u0")


@case
def requests_are_refused():
    host = Host()
    host.upper(0, host.ns)
    mac = bytes.fromhex(host.ns.link("u0")["address"].replace(":", ""))
    lower = bytes.fromhex(host.ns.link("l0")["address"].replace(":", ""))
    host.ns.run("ip link add d0 type dummy")
    host.ns.run("ip link add br0 type bridge")
    host.ns.run("ip link set d0 master br0")
    host.ns.run("ip tuntap add tun0 mode tun")
    with host.ns.enter():
        refused(errno.EINVAL, rtnl.newlink, "x0", "stack")
        refused(errno.ENODEV, rtnl.newlink, "x0", "stack", attrs=[(IFLA_LINK, rtnl.u32(4000))])
        refused(errno.EADDRINUSE, rtnl.newlink, "x0", "stack", attrs=[link("l0"), (IFLA_ADDRESS, mac)])
        refused(errno.EADDRINUSE, rtnl.newlink, "x0", "stack", attrs=[link("l0"), (IFLA_ADDRESS, lower)])
        refused(errno.EINVAL, rtnl.newlink, "x0", "stack", attrs=[link("l0"), (IFLA_MTU, rtnl.u32(2000))])
        for name in "lo", "tun0":
            refused(errno.EINVAL, rtnl.newlink, "x0", "stack", attrs=[link(name), (IFLA_MTU, rtnl.u32(1400))])
        # The bridge has its handler there.
        refused(errno.EBUSY, rtnl.newlink, "x0", "stack", attrs=[link("d0")])
        # The kinds have a handler each.
        refused(errno.EBUSY, rtnl.newlink, "x0", "mirror", attrs=[link("l0")], data=[])
        # One above the other, up to where the core ends it.
        name = "l0"
        for number in range(20):
            try:
                rtnl.newlink(f"n{number}", "stack", attrs=[link(name)])
            except rtnl.NetlinkError as refusal:
                equal(refusal.errno, errno.EMLINK, "error")
                break
            name = f"n{number}"
        assert 5 <= number <= 9, number
    # What failed has left nothing behind: others may have it.
    equal(host.ns.run("ip link show x0", check=False).returncode != 0, True, "x0 is there")
    host.ns.run("ip link del u0")
    host.ns.run("ip link del n0")
    host.ns.run("ip link set l0 master br0")


@case
def the_lower_device_is_followed():
    host = Host()
    a = host.upper(0)

    def is_now(what, get, value):
        wait_until(lambda: get() == value, LIMIT, f"{what} is {value}")
    host.ns.run("ip link set l0 mtu 1300")
    is_now("MTU", lambda: a.link("u0")["mtu"], 1300)
    assert a.run("ip link set u0 mtu 1400", check=False).returncode
    host.ns.run("ip link set l0 mtu 1500")
    is_now("MTU", lambda: a.link("u0")["mtu"], 1300)
    a.run("ip link set u0 mtu 1400")
    host.far.run("ip link set f0 down")
    is_now("state", lambda: a.link("u0")["operstate"], "DOWN")
    host.far.run("ip link set f0 up")
    is_now("state", lambda: a.link("u0")["operstate"], "UP")
    host.ns.run("ip link set l0 down")
    is_now("state", lambda: a.link("u0")["operstate"], "DOWN")
    host.ns.run("ip link set l0 up")
    is_now("state", lambda: a.link("u0")["operstate"], "UP")

    def offload():
        line, = [line for line in a.run("ethtool -k u0").stdout.splitlines()
                 if line.startswith("rx-checksumming:")]
        return line.split()[1]
    is_now("offload", offload, "on")
    host.ns.run("ethtool -K l0 rx off")
    is_now("offload", offload, "off")
    host.ns.run("ethtool -K l0 rx on")
    is_now("offload", offload, "on")


@case
def the_lower_device_receives_what_is_asked_for():
    """The address, those of groups and modes are handed down, and taken back."""
    host = Host()
    ns = host.upper(0, host.ns)

    def filters():
        unicast = [entry["mac"] for entry in json.loads(ns.run("bridge -j fdb show dev l0").stdout)]
        groups = [entry.get("link") for entry in json.loads(ns.run("ip -j maddr show dev l0").stdout)[0]["maddr"]]
        return unicast, groups

    def become(what, unicast, promiscuity=0):
        def now():
            have, groups = filters()
            return (unicast in have, ns.link("l0")["promiscuity"], "33:33:00:00:12:34" in groups)
        wait_until(lambda: now() == what(promiscuity), LIMIT, f"filters as {what(promiscuity)}")

    def up(promiscuity):
        # A veth does not filter: a second address makes it promiscuous once more.
        return True, promiscuity + 1, True

    def down(promiscuity):
        return False, promiscuity, False

    def without(promiscuity):
        return False, promiscuity + 1, True
    mac = ns.link("u0")["address"]
    ns.run("ip maddr add 33:33:00:00:12:34 dev u0")
    become(up, mac)
    ns.run("ip link set u0 promisc on")
    become(up, mac, 1)
    ns.run("ip link set u0 down")
    become(down, mac, 0)
    ns.run("ip link set u0 up")
    become(up, mac, 1)
    ns.run("ip link set u0 promisc off")
    become(up, mac)
    other = "02:00:00:00:00:01"
    ns.run(f"ip link set u0 address {other}")
    become(up, other)
    become(without, mac)
    assert ns.run(f"ip link set u0 address {ns.link('l0')['address']}", check=False).returncode
    ns.run("ip link set u0 promisc on")
    become(up, other, 1)
    ns.run("ip link del u0")
    become(down, other)


@case
@checked
def changed_by_who_may_below():
    """Root of a container does not change the device that it has above the host's; root of the host does. Of one
    that is above its own it may change all."""
    host, inside = Host(), Container()
    host.upper(0, inside)
    change = {"data": [], "create": False}
    try:
        inside.do(rtnl.newlink, "u0", "stack", **change)
    except rtnl.NetlinkError as refusal:
        equal(refusal.errno, errno.EPERM, "error")
        assert "CAP_NET_ADMIN" in str(refusal), refusal
    else:
        raise AssertionError("root of the container has changed it")
    with inside.enter():
        rtnl.newlink("u0", "stack", **change)
    inside.do(rtnl.newlink, "l1", "dummy")
    index = inside.link("l1")["ifindex"]
    inside.do(rtnl.newlink, "u1", "stack", attrs=[(IFLA_LINK, rtnl.u32(index))])
    inside.do(rtnl.newlink, "u1", "stack", **change)


@case
@churn
def an_upper_is_deleted_under_traffic():
    host = Host()
    b = host.upper(1)
    for _ in range(2):
        a = host.upper(0)
        flooded(a, "u0", FAR, "192.0.2.2")
        host.far.popen("ping -q -f 192.0.2.1")
        a.run("ip link del u0")
        assert not has(a, "u0")
    assert b.ping(FAR)
    b.run("ip link del u1")
    # The handler has gone with the last one.
    host.ns.run("ip link add br0 type bridge")
    host.ns.run("ip link set l0 master br0")


@case
@churn
def the_lower_device_is_deleted_under_traffic():
    for _ in range(2):
        host = Host()
        a, b, here = host.upper(0), host.upper(1), host.upper(2, host.ns)
        flooded(a, "u0", FAR)
        flooded(b, "u1", FAR, "192.0.2.1")
        flooded(here, "u2", "192.0.2.2")
        host.ns.run("ip link del l0")
        for ns, name in (a, "u0"), (b, "u1"), (here, "u2"):
            wait_until(lambda ns=ns, name=name: not has(ns, name), LIMIT, f"{name} is gone")
    rmmod("stack")


@case
@churn
def the_lower_device_is_moved_under_traffic():
    """The uppers stay with it."""
    host = Host()
    a = host.upper(0)
    flooded(a, "u0", FAR)
    for _ in range(2):
        to = NetNs()
        host.ns.run(f"ip link set l0 netns {to.name}")
        host.ns = to
        to.run("ip link set l0 up")
        # Not by a ping beside it: its socket is full of what answers the flood.
        before = a.link("u0")["stats64"]["rx"]["packets"]
        wait_until(lambda: a.link("u0")["stats64"]["rx"]["packets"] > before + 100, LIMIT, "traffic goes on")
        equal(a.link("u0")["link_index"], to.link("l0")["ifindex"], "the index of the lower device")
        b = host.upper(1)
        assert b.ping("192.0.2.1")
        b.run("ip link del u1")


@case
@churn
def namespaces_die_under_traffic():
    host = Host()
    # The upper one's.
    a = host.upper(0)
    flooded(a, "u0", FAR)
    quiet(a)
    a.delete()
    # The lower one's, with uppers in it and elsewhere.
    a, _ = host.upper(0), host.upper(1, host.ns)
    flooded(a, "u0", FAR)
    flooded(host.ns, "u1", FAR)
    quiet(host.ns)
    host.ns.delete()
    wait_until(lambda: not has(a, "u0"), LIMIT, "u0 is gone")
    drained()
    rmmod("stack")


@case
@churn
def unloaded_under_traffic():
    host = Host()
    for _ in range(2):
        run(["modprobe", "stack"])
        a, b = host.upper(0), host.upper(1)
        flooded(a, "u0", FAR)
        flooded(b, "u1", "192.0.2.1")
        host.far.popen("ping -q -f 192.0.2.2")
        rmmod("stack")
        equal(loaded("stack"), False, "loaded")
        assert not has(a, "u0")


main(60)
