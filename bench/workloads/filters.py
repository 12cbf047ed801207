# SPDX-License-Identifier: GPL-2.0
"""What hooks and rules cost a packet that is received.

    loop --> right --> IP --> hook --> UDP --> a socket's filter
"""

import contextlib
import socket
import struct

import netlink
import rtnl
from devices import delivered
from lib import module, run, workload

# Ports of rules, none of which is the packet's.
FIRST_PORT = 1000


def behind(setup, summed=False):
    """Packets received while `setup` holds."""
    @contextlib.contextmanager
    def side():
        with setup(), delivered(summed) as measure:
            yield measure
    return side


@contextlib.contextmanager
def nftables(rules=0):
    lines = [f"udp dport {FIRST_PORT + i} drop;" for i in range(rules)]
    table = "table ip bench { chain input { type filter hook input priority 0; policy accept; %s }; }"
    run(["nft", "-f", "-"], input=table % " ".join(lines))
    try:
        yield
    finally:
        run(["nft", "delete", "table", "ip", "bench"])


@contextlib.contextmanager
def iptables(rules):
    lines = [f"-A INPUT -p udp --dport {FIRST_PORT + i} -j DROP" for i in range(rules)]
    run(["iptables-legacy-restore"], input="\n".join(["*filter", *lines, "COMMIT", ""]))
    try:
        yield
    finally:
        run(["iptables-legacy-restore"], input="*filter\nCOMMIT\n")


# Of the firewall's specification.
RULE_ADD, RULE_FLUSH = 1, 3
RULE = 1
CHAIN, ACTION, PROTOCOL, PORT_MIN = 3, 4, 6, 13
INPUT, DROP = 0, 1


@contextlib.contextmanager
def firewall(rules):
    family = netlink.Family("firewall")
    for i in range(rules):
        rule = rtnl.attributes([
            (CHAIN, bytes([INPUT])), (ACTION, bytes([DROP])),
            (PROTOCOL, bytes([socket.IPPROTO_UDP])), (PORT_MIN, struct.pack("=H", FIRST_PORT + i))])
        family.ask(RULE_ADD, netlink.nest(RULE, rule))
    try:
        yield
    finally:
        family.ask(RULE_FLUSH)


@contextlib.contextmanager
def with_modules(rules, *names):
    with module(*names), rules:
        yield


@workload("hook", "a hook that accepts", "packet", quick=True)
def hook():
    return (delivered, {"C module": behind(lambda: module("bench_hook_c")),
                        "nftables": behind(nftables)},
            behind(lambda: module("kernet", "bench_hook")))


def in_a_hook(name):
    """What a hook does with each packet; the floor is a hook that does nothing."""
    def side(*names):
        return behind(lambda: module(*names), summed=True)
    return side("bench_hook_c"), {"C module": side(f"bench_{name}_c")}, side("kernet", f"bench_{name}")


@workload("lookup", "a hook that looks a device up by its index", "packet", quick=True)
def lookup():
    return in_a_hook("lookup")


@workload("timer", "a hook that arms a timer", "packet", quick=True)
def timer():
    return in_a_hook("timer")


@workload("edit", "a hook that changes TTL, DSCP, source address and port", "packet", quick=True)
def edit():
    return in_a_hook("edit")


def rules(count):
    def sides():
        return (delivered, {"nftables": behind(lambda: nftables(count)),
                            "iptables": behind(lambda: with_modules(iptables(count), "iptable_filter"))},
                behind(lambda: with_modules(firewall(count), "kernet", "firewall")))
    return sides


for size in (1, 10, 100, 1000):
    workload(f"rules-{size}", f"rules that do not match: {size}", "packet",
             quick=size == 10)(rules(size))
