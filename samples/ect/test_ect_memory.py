#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ect when there is no memory: each allocation fails in its turn, on a checked kernel.

A tap device is the station's: what is written to it is received, and answered, within the write.
"""

import contextlib
import os
import socket

import faults
import ynl
from selftest import NetNs, case, checked, defer, equal, main, modprobe
from tuntap import TAP, tuntap

A, B = b"\2\0\0\0\0\x0a", b"\2\0\0\0\0\x0b"
TYPE = b"\x90\0"
MESSAGES = b"\2\0" + A + b"\1\0\x34\x12" + bytes(60)


@case
@checked
def answering():
    """A frame is answered whole or not at all, and counted; a socket's copy stays as it is."""
    inject = faults.Faults()
    modprobe("ect")
    ns = NetNs()
    tap = tuntap(ns, "e0", TAP, os.O_NONBLOCK)
    with ns.enter():
        # Shares each frame with the station.
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x9000))
    defer(listener.close)
    ns.run(f"ip link set e0 address {B.hex(':')} up")
    # Not before: it would be told that the device is down.
    listener.bind(("e0", 0x9000))
    listener.setblocking(False)
    family = ynl.family("ect", ns)
    defer(family.sock.close)
    family.do("config-set", {"server": 1})
    request = B + A + TYPE + b"\0\0" + MESSAGES
    whole = A + B + TYPE + b"\x08\0" + MESSAGES
    counted = {"forwarded": 0}

    def judge(error):
        answers, heard = [], []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(tap, 2048):
                answers += [data] if data[12:14] == TYPE else []
        with contextlib.suppress(BlockingIOError):
            while data := listener.recv(2048):
                heard.append(data)
        assert answers in ([], [whole]), answers
        assert heard in ([], [request]), heard
        stats = family.do("stats-get", {})
        assert not (error and answers), error
        equal(stats["forwarded"], counted["forwarded"] + len(answers), "answers counted")
        counted.update(stats)
    # How many allocations there are differs: some memory comes from a processor's stock at times.
    for _ in range(20):
        failed = inject.each(lambda: os.write(tap, request), judge)
        assert failed >= 3, f"{failed} allocations"
        if counted["no-memory"]:
            break
    dropped = ns.link("e0")["stats64"]["rx"]["dropped"]
    assert counted["no-memory"] and dropped, (counted, dropped)


@case
@checked
def loading():
    inject = faults.Faults()
    modprobe("ect")
    faults.loads(inject, "ect")


main(11)
