#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Cards when there is no memory: each allocation fails in its turn, on a checked kernel. See cards.py."""

import ctypes
import fcntl
import socket
import struct

import faults
import rtnl
from cards import PEER, two
from selftest import NetNs, case, checked, churn, equal, main, modprobe

SIOCETHTOOL = 0x8946
ETHTOOL_GRINGPARAM, ETHTOOL_SRINGPARAM = 0x10, 0x11


@case
@checked
def making_and_deleting():
    inject = faults.Faults()
    modprobe("nic")
    with NetNs().enter(), rtnl.newlink_message("pa", "nic", peer=(PEER, "pb", None)) as add:
        faults.link(inject, add, rtnl.dellink_message("pa"))


class Rings:
    """The rings of a device, by one system call each."""

    def __init__(self, name):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.name = name.encode()

    def call(self, command, rx=0, tx=0):
        parameters = ctypes.create_string_buffer(struct.pack("=9I", command, *[0] * 4, rx, 0, 0, tx), 36)
        fcntl.ioctl(self.sock, SIOCETHTOOL, struct.pack("16sP", self.name, ctypes.addressof(parameters)))
        return struct.unpack("=9I", parameters.raw)

    def get(self):
        answer = self.call(ETHTOOL_GRINGPARAM)
        return answer[5], answer[8]

    def set(self, sizes):
        self.call(ETHTOOL_SRINGPARAM, *sizes)


@case
@checked
def rings_of_another_size():
    """They are of that size, or as they were, and the card receives: what there was needs no memory."""
    inject = faults.Faults()
    a, b = two()
    with b.enter():
        rings = Rings("pb")
    old = rings.get()
    for new in (old[0], 2 * old[1]), (2 * old[0], old[1]), (2 * old[0], 2 * old[1]):
        def changed(error):
            equal(rings.get(), old if error else new, f"sizes after {error}")
            assert a.ping("192.0.2.2", 1), f"no answer after {error}"
            if not error:
                rings.set(old)
        inject.each(lambda: rings.set(new), changed)
        inject.from_each_on(lambda: rings.set(new), changed)


@case
@checked
@churn
def loading():
    inject = faults.Faults()
    modprobe("nic")
    faults.loads(inject, "nic")


main(26)
