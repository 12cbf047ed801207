# SPDX-License-Identifier: GPL-2.0
"""Uses what a module has, whether or not it is loaded just now, again and again: packets, its kinds of devices,
its families of netlink, its files, devices and addresses of which it is notified. What is refused is refused.

usage: bustle.py MODULE        until it is killed, in the namespace that it is started in; says a line each time
"""

import contextlib
import glob
import os
import pathlib
import socket
import stat
import struct
import subprocess
import sys

import nlraw
import rtnl
from selftest import wait_until

RTM_NEWADDR, RTM_DELADDR, IFA_LOCAL, IFF_UP, IFLA_LINK = 20, 21, 2, 1, 5
LOOPBACK_FRAMES, ETHERIP = 0x9000, 97
LO = 1


@contextlib.contextmanager
def bustle(ns, name):
    """Has a module used in a namespace while the block runs. Gives a function that says how many packets have
    passed. Who uses the module must still do so in the end, and nobody loads it by asking for it."""
    autoload = pathlib.Path("/proc/sys/kernel/modprobe")
    was = autoload.read_text().strip()
    autoload.write_text("\n")
    rounds = os.memfd_create("rounds")
    processes = [ns.popen("ping -q -f 127.0.0.1"), ns.popen("ping -q -f ::1"),
                 ns.popen(f"{sys.executable} {__file__} {name}", stdout=rounds, stderr=None)]

    def passed():
        return ns.link("lo")["stats64"]["rx"]["packets"]

    def goes_on():
        packets, done = passed(), os.fstat(rounds).st_size
        wait_until(lambda: passed() > packets + 20 and os.fstat(rounds).st_size > done, 30, "all is used")
    try:
        goes_on()
        before = passed()
        yield lambda: passed() - before
        goes_on()
    finally:
        for process in processes:
            process.kill()
            process.wait()
        os.close(rounds)
        autoload.write_text(was + "\n")


def attempt(function, *args, **named):
    """Calls it; whether it was granted."""
    try:
        function(*args, **named)
        return True
    except OSError:
        return False


def links(kinds):
    """Devices that go up, with and without one below."""
    with contextlib.suppress(OSError):
        rtnl.newlink("d0", "dummy")
    up = rtnl.message(rtnl.RTM_NEWLINK, 0, struct.pack("=BxHiII", 0, 0, 0, IFF_UP, IFF_UP)
                      + rtnl.attributes([(rtnl.IFLA_IFNAME, b"x0\0")]))
    for kind in kinds:
        for name in None, "d0":
            attrs = []
            with contextlib.suppress(OSError):
                attrs = [(IFLA_LINK, rtnl.u32(socket.if_nametoindex(name)))] if name else []
            attempt(rtnl.newlink, "x0", kind, attrs=attrs)
            attempt(rtnl.request, up)
            attempt(rtnl.request, rtnl.dellink_message("x0"))
    attempt(rtnl.request, rtnl.dellink_message("d0"))


def addresses():
    for family, bits, address in ((socket.AF_INET, 32, "127.0.0.77"), (socket.AF_INET6, 128, "::77")):
        given = struct.pack("=BBBBI", family, bits, 2, 0, LO) \
            + rtnl.attributes([(IFA_LOCAL, socket.inet_pton(family, address))])
        attempt(rtnl.request, rtnl.message(RTM_NEWADDR, rtnl.NLM_F_CREATE, given))
        attempt(rtnl.request, rtnl.message(RTM_DELADDR, 0, given))


def family(name):
    """All that a family answers without an attribute: to requests, and to those of dumps."""
    sock = nlraw.Socket()
    try:
        sock.sock.settimeout(1)
        sock.family = sock.resolve(name)[0]
        for command in range(1, 6):
            for flags in nlraw.ACK, nlraw.DUMP:
                sock.ask(command, flags=flags)
    finally:
        sock.close()


def files(name):
    """Opened, and read a bit."""
    for pattern in (f"/proc/sys/net/kernet/{name}/*", f"/proc/self/net/{name}*", f"/sys/kernel/debug/{name}/*"):
        for path in glob.glob(pattern):
            attempt(read, path)
    attempt(device, name)


def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.read(fd, 100)
    finally:
        os.close(fd)


def device(name):
    """That of misc devices, if it has one."""
    major, minor = pathlib.Path(f"/sys/class/misc/{name}/dev").read_text().split(":")
    path = f"/dev/{name}-{os.getpid()}"
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(int(major), int(minor)))
    try:
        read(path)
    finally:
        os.unlink(path)


def packets():
    """Of an EtherType, and of a protocol of IP, that have handlers in modules."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.sendto(bytes(12) + struct.pack(">H", LOOPBACK_FRAMES) + bytes(50), ("lo", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, ETHERIP) as sock:
        sock.sendto(bytes(50), ("127.0.0.1", 0))


def main(name):
    said = subprocess.run(["modinfo", "-F", "alias", name], capture_output=True, text=True, check=True).stdout.split()
    kinds = [alias.removeprefix("rtnl-link-") for alias in said if alias.startswith("rtnl-link-")]
    families = [alias.rpartition("-family-")[2] for alias in said if "-family-" in alias]
    while True:
        links(kinds)
        addresses()
        for one in families:
            attempt(family, one)
        files(name)
        attempt(packets)
        print(flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
