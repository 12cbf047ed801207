#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Edits when there is no memory: each allocation fails in its turn, on a checked kernel. What is not edited
is as it was, and its checksum is right."""

import socket

import faults
import ynl
from packets import TCP, UDP, right
from router import R4, Router, payload
from selftest import case, checked, churn, equal, main, modprobe

GROUP, OTHER = "239.1.1.1", "239.1.1.2"
LOOP, SEND_BY, JOIN = 34, 32, 35


@case
@checked
def editing():
    """A datagram to a group, of which this host gets a clone: it is made unshared before it is changed."""
    inject = faults.Faults()
    router = Router()
    router.editor.rule(point="postrouting", protocol=UDP, hop_limit=9, dscp=3, destination=OTHER,
                       destination_port=77)
    with router.r.enter():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.IPPROTO_IP, LOOP, 1)
        sock.setsockopt(socket.IPPROTO_IP, SEND_BY, socket.inet_aton(R4))
        sock.setsockopt(socket.IPPROTO_IP, JOIN, socket.inet_aton(GROUP) + socket.inet_aton(R4))
        seen = set()

        def send():
            nonlocal data
            sock.sendto(data, (GROUP, 7))

        def judge(error):
            nonlocal data
            got = router.capture.take(data, timeout=0.2 if error else 2)
            for packet in got:
                assert right(packet), packet.hex()
                whole = packet[8] == 9, packet[1] == 12, packet[16:20] == socket.inet_aton(OTHER), \
                    packet[22:24] == b"\0\x4d"
                assert all(whole) or not any(whole), f"half an edit: {packet.hex()}"
                seen.add(all(whole))
            data = payload()

        data = payload()
        inject.each(send, judge)
    stats = router.editor.stats()
    assert True in seen, seen
    assert stats["no-memory"] > 0, stats
    equal(sum(stats[name] for name in ("too-short", "malformed", "absent")), 0, "other errors")


@case
@checked
def setting_rules():
    """A rule is the old one or the new one."""
    inject = faults.Faults()
    router = Router()
    router.editor.rule(point="prerouting", protocol=TCP)
    with router.r.enter():
        rule = {"index": 0, "point": "prerouting", "hop-limit": 7}
        message = ynl.encode(router.editor.family, "rule-set", rule)
        faults.requests(inject, ynl.NETLINK_GENERIC, message, lambda error: None)


@case
@checked
@churn
def loading():
    inject = faults.Faults()
    modprobe("edit")
    faults.loads(inject, "edit")


main(15)
