# SPDX-License-Identifier: GPL-2.0
"""Throws packets that are nearly valid at a device: runs the program that is built of src/."""

import errno
import os
import pathlib
import socket
import struct
import sys
import zlib

from selftest import defer, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/throw/release/kernet-throw"
SLOW = os.environ["KERNET_KERNEL"] == "debug"
# Packets per case; `make fuzz` says more.
COUNT = int(os.environ.get("KERNET_PACKETS") or (200 if SLOW else 2000))
SEED = int(os.environ.get("KERNET_SEED") or 1)
SOL_PACKET, PACKET_VNET_HDR = 263, 15
ETH_P_ALL = 3
UDP_GRO, SOL_UDP = 104, 17
# What the core says of a header that is not true, and of a packet that it cannot segment (ENOMEM)
# or has lost.
REFUSED = {errno.EINVAL, errno.EMSGSIZE, errno.ENOBUFS, errno.ENOMEM}
# Namespaces and devices that have ears; a namespace's name is never given again.
HEARD = set()


class Ends:
    """From whom to whom."""

    def __init__(self, source, destination, from4="192.0.2.1", to4="192.0.2.2", from6="2001:db8::1",
                 to6="2001:db8::2"):
        self.words = [f"from={source}", f"to={destination}", f"from4={from4}", f"to4={to4}",
                      f"from6={from6}", f"to6={to6}"]


def between(a, b, left="pa", right="pb", **addresses):
    return Ends(a.link(left)["address"], b.link(right)["address"], **addresses)


def packet_socket(ns, device):
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        defer(sock.close)
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        # A device that takes no more for so long is stuck.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("=qq", 20, 0))
        sock.bind((device, 0))
    return sock


def ears(ns, device=None):
    """Sockets that take what arrives, and are never read: a tap, for which each packet is cloned, those
    of a server. Asked again for the same, there are no more."""
    heard = {(ns.name, device)} - HEARD
    servers = not any(name == ns.name for name, _ in HEARD)
    HEARD.update(heard)
    kinds = [(socket.AF_PACKET, socket.SOCK_RAW, None)] if device and heard else []
    for family in (socket.AF_INET, socket.AF_INET6) if servers else ():
        kinds += [(family, socket.SOCK_DGRAM, 9), (family, socket.SOCK_STREAM, 9)]
    with ns.enter():
        for family, kind, port in kinds:
            sock = socket.socket(family, kind, socket.htons(ETH_P_ALL) if port is None else 0)
            defer(sock.close)
            if port is None:
                sock.bind((device, ETH_P_ALL))
                continue
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_DGRAM:
                sock.setsockopt(SOL_UDP, UDP_GRO, 1)
            sock.bind(("", port))
            if kind == socket.SOCK_STREAM:
                sock.listen(64)


def throw(what, file, form, kinds, ends, count):
    """Some are taken, and some refused; what is thrown depends on SEED and `what` alone."""
    count = max(count, 20)
    seed = zlib.crc32(f"{SEED} {what}".encode())
    done = run([str(PROGRAM), f"form={form}", f"seed={seed}", f"count={count}", f"kinds={kinds}",
                *ends.words], stdin=file, timeout=60 + count / 100)
    said = {key: int(value) for key, _, value in (word.partition("=") for word in done.stdout.split())}
    taken = said.pop("taken")
    names = {errno.errorcode.get(int(number), number): times for number, times in said.items()}
    print(f"packets: {what}: {count} thrown, {taken} taken, {names}", file=sys.stderr, flush=True)
    odd = {errno.errorcode.get(int(number), number) for number in said if int(number) not in REFUSED}
    assert not odd, f"{what}: refused by {', '.join(odd)}"
    assert count / 10 < taken, f"{what}: {taken} of {count} taken"
    # Of many some are refused, by the core.
    assert taken < count or count < 500, f"{what}: all {count} taken"
