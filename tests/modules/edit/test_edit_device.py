#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of what edit0 does to the frames that are sent by it, which come in there: VLAN tags, and the
frame that its work sends when it goes up. The kernel's own VLAN devices say what is right.

    +----------- r -----------+      +--- b ----+
    |  edit0            rb o--|------|--o bb    |
    |   `-- v100, s200        |      +----------+
    +-------------------------+
"""

import errno
import random
import socket
import struct

from packets import TCP, UDP, Capture, Packet, marker
from router import B4, FAR4, NEW4, OWN4, STATES, Router, payload
from selftest import NetNs, case, checked, churn, defer, equal, loaded, main, modprobe, rmmod, wait_until

VLAN, SERVICE = b"\x81\x00", b"\x88\xa8"
TAGS = {"keep": 0, "push": 1, "pop": 2, "replace": 3}
SOL_SOCKET, SO_BINDTODEVICE = socket.SOL_SOCKET, 25


def tag(identifier, kind=VLAN):
    return kind + struct.pack("!H", identifier)


class Vlans(Router):
    """With VLAN 100 of edit0, and in the provider's VLAN 200 VLAN 100 again, each of which has a socket."""

    def __init__(self):
        super().__init__()
        self.r.run("ip link add link edit0 name v100 type vlan id 100;"
                   "ip link add link edit0 name s200 type vlan proto 802.1ad id 200;"
                   "ip link add link s200 name v200.100 type vlan id 100")
        self.sockets = {}
        for number, device in enumerate(("edit0", "v100", "s200", "v200.100")):
            self.r.run(f"ip link set {device} up")
            address = f"203.0.113.{number + 1}"
            if device != "edit0":
                self.r.run(f"ip addr add {address}/32 dev {device}")
            with self.r.enter():
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, device.encode())
            sock.bind(("", 7000))
            sock.settimeout(5)
            defer(sock.close)
            self.sockets[device] = sock

    def arrives(self, device, what, tags=b"", state="none", size=40):
        """A datagram with these tags arrives at a device."""
        packet = Packet(FAR4, OWN4, UDP, destination_port=7000, payload=payload(size))
        self.editor.device(sum="as-it-is" if state == "partial" else state)
        self.wire.send(packet, state == "partial", tags=tags)
        try:
            got = self.sockets[device].recv(2000)
        except TimeoutError:
            raise AssertionError(f"{what}, {state}: not at {device}") from None
        equal(got, packet.payload, what)


@case
@checked
def tags_are_those_of_vlan_devices():
    """Pushed, popped and replaced; in the frame and beside it; of both kinds; whatever is known of sums."""
    vlans = Vlans()
    device = vlans.editor.device
    for state in STATES:
        for size in 2, 41, 700:
            def arrives(at, what, tags=b""):
                vlans.arrives(at, what, tags, state, size)

            device(tag="keep")
            arrives("edit0", "no tag")
            arrives("v100", "a tag", tag(100))
            arrives("v200.100", "two tags", tag(200, SERVICE) + tag(100))
            device(tag="push", tci=100, service=0)
            arrives("v100", "one pushed")
            device(tag="push", tci=200, service=1)
            arrives("s200", "one of a provider pushed")
            arrives("v200.100", "one pushed before one", tag(100))
            device(tag="pop")
            arrives("edit0", "nothing popped")
            arrives("edit0", "one popped", tag(100))
            arrives("v100", "the first of two popped", tag(200, SERVICE) + tag(100))
            device(tag="replace", tci=0x6000 | 100, service=0)
            arrives("edit0", "nothing replaced")
            arrives("v100", "one replaced", tag(7))
            arrives("v100", "one of a provider replaced", tag(7, SERVICE))
            device(tag="replace", tci=200, service=1)
            arrives("v200.100", "the first of two replaced", tag(7) + tag(100))
    equal(sum(vlans.editor.stats().values()), 0, "what went wrong")


@case
def tags_of_what_is_to_be_segmented():
    """Each segment has left the tag behind, and arrives where it is forwarded to."""
    vlans = Vlans()
    vlans.editor.device(tag="push", tci=100, service=0, sum="as-it-is")
    for protocol in TCP, UDP:
        packet = Packet(FAR4, B4, protocol, payload=marker() * 300)
        vlans.wire.send(packet, segment=800)
        got = vlans.capture.take(packet.payload[:8], 3)
        equal(len(got), 3, f"segments of {protocol}")
    assert vlans.r.link("v100")["stats64"]["rx"]["packets"] >= 2


@case
def a_frame_too_short_is_dropped():
    """And the device says why."""
    vlans = Vlans()
    vlans.editor.device(tag="pop", sum="as-it-is")
    before = vlans.editor.stats()["too-short"]
    head = vlans.wire.frame(b"", 4)[:12]
    for end in (VLAN, tag(1), tag(1) + b"\x08\x00", tag(1) + VLAN, tag(1) + tag(2), tag(1) + tag(2) + b"\x08\x00"):
        try:
            vlans.wire.raw(bytes(10), head + end)
        except OSError as error:
            # The core wants a link header.
            equal(error.errno, errno.EINVAL, "error")
            before -= 1
    # With two tags and the two bytes behind, it is long enough.
    wait_until(lambda: vlans.editor.stats()["too-short"] - before >= 5, 10, "dropped")
    for _ in range(300):
        vlans.editor.device(tag=random.choice(list(TAGS)))
        vlans.wire.raw(bytes(10), head + random.choice([VLAN, SERVICE, b"\x08\x00"]) + random.randbytes(
            random.randrange(2, 60)))


@case
@checked
def work_sends_a_frame():
    """From process context, each time the device goes up."""
    router = Router()
    capture = Capture(router.r, "edit0")
    defer(capture.close)
    for _ in range(3):
        router.r.run("ip link set edit0 down; ip link set edit0 up")
        capture.sock.settimeout(10)
        while True:
            try:
                frame, address = capture.sock.recvfrom(2000)
            except OSError as error:
                equal(error.errno, errno.ENETDOWN, "error")
                continue
            if address[2] != socket.PACKET_OUTGOING and frame[12:14] == b"\x88\xb5":
                break
        equal((frame[:6], len(frame)), (b"\xff" * 6, 14 + 8), "frame")


@case
@churn
def unloaded_while_frames_are_sent():
    """The device goes, with its work, from under who sends by it."""
    modprobe("edit")
    r = NetNs()
    for _ in range(3):
        modprobe("edit")
        r.run("ip link add edit0 type edit")
        r.run(f"ip addr add {OWN4}/24 dev edit0; ip link set edit0 up")
        ping = r.popen(f"ping -q -f -c 100000 {NEW4} -I {OWN4}")
        r.run("ip link set edit0 down; ip link set edit0 up")
        wait_until(lambda: r.link("edit0")["stats64"]["tx"]["packets"] > 0, 20, "traffic")
        rmmod("edit")
        assert not loaded("edit")
        ping.kill()


main(20)
