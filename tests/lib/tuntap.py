# SPDX-License-Identifier: GPL-2.0
"""Devices whose packets come from, and go to, the test."""

import fcntl
import os
import struct

from selftest import defer, run

TUNSETIFF = 0x400454CA
TUN, TAP, NAPI, NAPI_FRAGS, NO_PI, VNET_HDR = 0x0001, 0x0002, 0x0010, 0x0020, 0x1000, 0x4000


def tuntap(ns, name, flags, options=0):
    """The file of a new device in a namespace: TUN or TAP, with `options` of open(2)."""
    # Without udev nobody makes the file of a driver that is not loaded.
    run(["modprobe", "tun"])
    with ns.enter():
        file = os.open("/dev/net/tun", os.O_RDWR | options)
        defer(os.close, file)
        fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), NO_PI | flags))
    return file
