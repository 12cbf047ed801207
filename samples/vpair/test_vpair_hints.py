#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of what an XDP program may ask about a packet, beside veth. See topology.py."""

import collections
import errno
import struct

import bpf
import rtnl
from bpf import PASS, DeviceMap, Program, answer
from selftest import NetNs, case, emulated, equal, loaded, main, modprobe, rmmod
from topology import chain, flood, pair, received, two
from wire import Wire, frame

KINDS = "veth", "vpair"
IPV4, CUSTOMER, SERVICE = 0x0800, 0x8100, 0x88a8
NONE, L4_ANY = 0, 1 << 3
NO_TAG = {"ethertype": 0, "tci": 0, "vlan_tag": -errno.ENODATA}
Hints = collections.namedtuple("Hints", "time hash kind ethertype tci timestamp rss vlan_tag")


def of(data):
    """What the program has written into a frame."""
    said = Hints._make(struct.unpack_from(bpf.HINTS_FORMAT, data, 14))
    return said._replace(ethertype=int.from_bytes(said.ethertype, "big"))


def check(said, **wanted):
    for field, value in wanted.items():
        equal(getattr(said, field), value, f"{field} of {said}")


def udp(port):
    """A frame with a packet from that port."""
    return frame(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 60, 0, 0, 64, 17, 0, bytes([192, 0, 2, 1]),
                             bytes([192, 0, 2, 2]))
                 + struct.pack("!HHHH", port, 9, 40, 0) + bytes(32), IPV4)


def hints_of(kind):
    """What is said of frames of several kinds, by name."""
    modprobe(kind)
    a, b = NetNs(), NetNs()
    pair(a, b, kind=kind)
    Program(bpf.hints(), all_frames=True, bound_to=(b, "pb")).attach(b, "pb")
    found = {}
    for name, sent in (("unknown", frame()), ("port 1", udp(1)), ("port 2", udp(2)),
                       ("port 1 again", udp(1))):
        ethertype = int.from_bytes(sent[12:14], "big")
        other = Wire(b, "pb", ethertype)
        Wire(a, "pa", ethertype).send(sent)
        got = other.receive()
        equal(got[46:], sent[46:], "the rest of the frame")
        found[name] = of(got)
    # A device for a VLAN puts the tag beside the packet.
    other = Wire(b, "pb")
    for name, protocol, number in (("802.1Q", CUSTOMER, 5), ("802.1ad", SERVICE, 4094)):
        a.run(f"ip link add link pa name vlan type vlan id {number} protocol {name}"
              " egress-qos-map 0:3; ip link set vlan up")
        Wire(a, "vlan").send(frame())
        found[name] = of(other.receive())
        check(found[name], ethertype=protocol, tci=3 << 13 | number, vlan_tag=0)
        a.run("ip link del vlan")
    return found


@case
@emulated
def of_a_packet():
    """The same as with veth, and what it should be."""
    with_veth, with_vpair = (hints_of(kind) for kind in KINDS)
    equal(with_vpair, with_veth, "hints")
    for name, said in with_vpair.items():
        check(said, time=0, timestamp=0, rss=0, kind=L4_ANY if "port" in name else NONE)
        if "802" not in name:
            check(said, **NO_TAG)
    equal(with_vpair["port 1 again"].hash, with_vpair["port 1"].hash, "hash of the same flow")
    assert with_vpair["port 1"].hash != with_vpair["port 2"].hash, "two flows have the same hash"


@case
@emulated
def of_a_redirected_frame():
    """It is not a packet, so that there are none."""
    for kind in KINDS:
        a, m, b = chain(kind)
        Program(DeviceMap(m, "qb").redirect()).attach(m, "qa")
        Program(bpf.hints(), bound_to=(b, "pb")).attach(b, "pb")
        wire, other = Wire(a, "pa"), Wire(b, "pb")
        for _ in range(20):
            wire.send(frame())
            check(of(other.receive()), time=0, timestamp=-errno.ENODATA, hash=0, kind=NONE,
                  rss=-errno.ENODATA, **NO_TAG)


@case
@emulated
def outlive_the_device():
    """A program that asks is bound to one device: it goes to no other, and to none when that is gone,
    under traffic, with the driver."""
    a, b = two()
    program = Program(bpf.hints(), all_frames=True, bound_to=(b, "pb"))

    def refused(ns, device, mode=bpf.DRV_MODE):
        try:
            program.attach(ns, device, mode)
        except rtnl.NetlinkError as refusal:
            equal(refusal.errno, errno.EINVAL, f"error: {refusal}")
        else:
            raise AssertionError(f"attached to {device}")
    refused(a, "pa")
    refused(b, "pb", bpf.SKB_MODE)
    program.attach(b, "pb")
    flood(a, b)
    Program(answer(PASS)).attach(b, "pb")
    program.attach(b, "pb")
    received(b, "pb", 50)
    a.run("ip link del pa")
    rmmod("vpair")
    equal(loaded("vpair"), False, "loaded")
    a, b = two()
    refused(b, "pb")
    refused(a, "pa", bpf.SKB_MODE)
    assert a.ping("192.0.2.2")


main(45)
