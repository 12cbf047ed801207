#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""linkwatch when there is no memory: each allocation fails in its turn, on a checked kernel."""

import errno
import ipaddress
import json
import socket
import struct

import faults
import rtnl
import ynl
from selftest import NetNs, case, checked, churn, equal, main, modprobe, wait_until

import mirror

RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_DELNEIGH = 20, 21, 24, 25, 28, 29
IPTUN_LOCAL, IPTUN_REMOTE = 2, 3
IFA_LOCAL, IFA_F_NODAD, NDA_DST, NDA_LLADDR, NUD_PERMANENT = 2, 2, 1, 2, 0x80
RTA_DST, RTA_OIF, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_LINK, RTN_UNICAST = 1, 4, 254, 4, 253, 1
# Devices of which nothing would be told.
IDLE = 20


@case
@checked
def telling():
    """A device comes and goes although nobody can be told; an event that is lost leaves a gap."""
    inject = faults.Faults()
    modprobe("linkwatch")
    ns = NetNs()
    listener = ynl.family("linkwatch", ns)
    listener.ntf_subscribe("devices")
    with ns.enter(), rtnl.newlink_message("d0", "dummy") as add:
        faults.link(inject, add, rtnl.dellink_message("d0"))
    events = []

    def hear():
        """Whether anything is told, or the socket says that something was lost."""
        lost = False
        try:
            listener.check_ntf()
        except OSError as error:
            assert error.errno in faults.OUT_OF_MEMORY, error
            lost = True
        before = len(events)
        while not listener.async_msg_queue.empty():
            events.append(listener.async_msg_queue.get()["msg"])
        return lost or len(events) > before
    # Until it is empty, a socket that has lost something gets nothing more.
    while hear():
        pass
    with ns.enter():
        rtnl.newlink("d1", "dummy")
    wait_until(lambda: hear() and events[-1]["name"] == "d1", 20, "an event after those that were lost")
    numbers = [event["sequence"] for event in events]
    equal(numbers, sorted(set(numbers)), "order of the numbers")


def changes(index):
    """Requests that make and delete an object of each kind but devices: (name, make, delete)."""
    def address(text):
        return ipaddress.ip_address(text).packed

    def pair(make, delete, payload):
        return (rtnl.message(make, rtnl.NLM_F_CREATE, payload), rtnl.message(delete, 0, payload))
    for family, own, other, to, bits in ((socket.AF_INET, "192.0.2.1", "192.0.2.9", "198.51.100.0", 24),
                                         (socket.AF_INET6, "2001:db8::1", "2001:db8::9", "2001:db8:1::", 64)):
        yield f"address {own}", *pair(RTM_NEWADDR, RTM_DELADDR, struct.pack(
            "=BBBBI", family, bits, IFA_F_NODAD, 0, index) + rtnl.attributes([(IFA_LOCAL, address(own))]))
        yield f"neighbour {other}", *pair(RTM_NEWNEIGH, RTM_DELNEIGH, struct.pack(
            "=BxxxIHBB", family, index, NUD_PERMANENT, 0, 0) + rtnl.attributes(
                [(NDA_DST, address(other)), (NDA_LLADDR, b"\2\0\0\0\0\x09")]))
        yield f"route {to}", *pair(RTM_NEWROUTE, RTM_DELROUTE, struct.pack(
            "=BBBBBBBBI", family, bits, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC,
            RT_SCOPE_LINK if family == socket.AF_INET else 0, RTN_UNICAST, 0) + rtnl.attributes(
                [(RTA_DST, address(to)), (RTA_OIF, rtnl.u32(index))]))


@case
@checked
def telling_of_what_devices_have():
    """What could not be told for lack of memory is told to have been missed."""
    inject = faults.Faults()
    modprobe("linkwatch")
    ns = NetNs()
    ns.run("ip link add d0 type dummy; ip link set d0 up")
    heard = mirror.stream(ns)
    index = ns.link("d0")["ifindex"]
    for name, make, delete in changes(index):
        with ns.enter():
            def gone(_error):
                try:
                    rtnl.request(delete)
                except rtnl.NetlinkError as error:
                    assert error.errno in (errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL), (name, error)
            faults.requests(inject, socket.NETLINK_ROUTE, make, gone)
            rtnl.request(make)
        mirror.agrees(heard, ns)
    assert heard.lost, "no event was missed, although each allocation has failed once"


def tunnel_message():
    """Makes t0, a tunnel that gets its MTU after it was registered."""
    tunnel = {IPTUN_LOCAL: "2001:db8::1", IPTUN_REMOTE: "2001:db8::9"}
    addresses = [(number, ipaddress.ip_address(text).packed) for number, text in tunnel.items()]
    return rtnl.newlink_message("t0", "ip6tnl", [(rtnl.IFLA_MTU, rtnl.u32(1300))], addresses)


@case
@checked
def telling_of_a_device_that_changes_behind_its_registration():
    """Each allocation fails: the stream ends with what is so."""
    inject = faults.Faults()
    modprobe("ip6_tunnel", "linkwatch")
    ns = NetNs()
    heard = mirror.stream(ns, "--kind device")
    despite = 0

    def made(_error):
        nonlocal despite
        if "t0" in faults.links():
            equal(ns.link("t0")["mtu"], 1300, "MTU")
            wait_until(lambda: not mirror.of_a_dump(heard, ns), 20, "the stream is a fresh dump")
            rtnl.request(rtnl.dellink_message("t0"))
            despite += 1
    with ns.enter(), tunnel_message() as add:
        faults.requests(inject, socket.NETLINK_ROUTE, add, made, (*faults.OUT_OF_MEMORY, errno.EINVAL))
    # The last time none has failed.
    assert despite > 1, "no tunnel was made although an allocation had failed"


@case
def telling_when_no_device_can_be_noted():
    """There is memory for a device that is being registered, and for no more: all devices are told again."""
    inject = faults.Faults()
    modprobe("ip6_tunnel", "linkwatch")
    ns = NetNs()
    with ns.enter():
        for number in range(IDLE):
            rtnl.newlink(f"d{number}", "dummy")

    def sequence():
        first = ns.run("linkwatch --json --kind device --duration 0").stdout.splitlines()[0]
        return json.loads(first)["sequence"]

    def made(size):
        """Whether so many bytes make the device; then it is gone again."""
        with ns.enter(), tunnel_message() as add, faults.netlink(socket.NETLINK_ROUTE) as sock:
            inject.exhausted(size, lambda: sock.send(add))
            there = "t0" in faults.links()
            if there:
                rtnl.request(rtnl.dellink_message("t0"))
        return there

    def all_are_told(size):
        """Of as many bytes the device is made now and then, as what has to be allocated differs."""
        before = sequence()
        there = made(size)
        wait_until(lambda: sequence() == sequence(), 20, "no more events")
        return there and sequence() - before > IDLE
    least, most = 0, 1 << 20
    while most - least > 32:
        middle = (least + most) // 2
        least, most = (least, middle) if made(middle) else (middle, most)
    assert any(all_are_told(most + more) for more in range(0, 2000, 64)), "each device could be noted"
    assert made(1 << 20) and not all_are_told(1 << 20), "a device could not be noted, although there is memory"


@case
@churn
def loading():
    inject = faults.Faults()
    modprobe("linkwatch")
    faults.loads(inject, "linkwatch")


main(20)
