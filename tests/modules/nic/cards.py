# SPDX-License-Identifier: GPL-2.0
"""Two cards of nic.rs on a cable.

    +----------- a -----------+        +----------- b -----------+
    | pa 192.0.2.1/24         |        | pb 192.0.2.2/24         |
    |    2001:db8::1/64       o--------o    2001:db8::2/64       |
    +-------------------------+        +-------------------------+
"""

import rtnl
from selftest import NetNs, modprobe, wait_until

PEER = 1


def pair(a, b, up=True, **extra):
    with a.enter():
        rtnl.newlink("pa", "nic", peer=(PEER, "pb", b.name), **extra)
    if up:
        a.up("pa", "192.0.2.1/24", "2001:db8::1/64")
        b.up("pb", "192.0.2.2/24", "2001:db8::2/64")
        wait_until(lambda: a.link("pa")["operstate"] == "UP", 10, "the carrier")


def two(**extra):
    modprobe("nic")
    a, b = NetNs(), NetNs()
    pair(a, b, **extra)
    return a, b


def ethtool(ns, options, check=True):
    return ns.run(f"ethtool {options}", check=check)


def refused(ns, options):
    done = ethtool(ns, options, check=False)
    assert done.returncode, f"ethtool {options}: accepted"


def counters(ns, name):
    text = ethtool(ns, f"-S {name}").stdout
    return {key.strip(): int(value) for key, _, value in
            (line.partition(":") for line in text.splitlines()[1:])}


def statistics(ns, name="pa"):
    return ns.link(name)["stats64"]


def flood(ns, address="192.0.2.2", size=1000):
    """Sends datagrams in bursts, from several ports, until the case ends."""
    program = ("import socket,time\n"
               "s=[socket.socket(socket.AF_INET,socket.SOCK_DGRAM) for _ in range(4)]\n"
               "while not time.sleep(0.01):\n for x in s*16:\n"
               f"  try: x.sendto(b'x'*{size},socket.MSG_DONTWAIT,('{address}',9))\n"
               "  except OSError: pass\n")
    return ns.popen(f"python3 -c \"{program}\"")
