# SPDX-License-Identifier: GPL-2.0
"""What devices and rules take of the kernel's memory: of its slabs, per-CPU areas and vmalloc()."""

import contextlib
import pathlib
import socket

import rtnl
from filters import firewall, iptables, nftables
from lib import ip, loop, module, workload

DEVICES, RULES = 48, 250


def used():
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
    # Waits for what RCU is to free.
    loop("spin", 1)
    fields = (line.split() for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    return sum(int(words[1]) for words in fields
               if words[0] in ("Slab:", "Percpu:", "VmallocUsed:")) * 1024


def taken(count, setup, *modules):
    """Bytes for each of what `setup` makes."""
    @contextlib.contextmanager
    def side():
        def measure():
            before = used()
            with setup():
                return [(used() - before) / count]
        with module(*modules):
            yield measure
    return side


@contextlib.contextmanager
def links(make, pairs=False):
    """Devices that `make` makes by a number; of pairs, half as many."""
    numbers = range(DEVICES // 2 if pairs else DEVICES)
    lines = [line for line in map(make, numbers) if line]
    if lines:
        ip(*lines)
    try:
        yield
    finally:
        ip(*(f"link del m{number}" for number in numbers))


def remote(number):
    return f"198.51.{100 + number // 250}.{1 + number % 250}"


def vpair(number):
    rtnl.newlink(f"m{number}", "vpair", peer=(1, f"p{number}", None))


def etherip(number):
    rtnl.newlink(f"m{number}", "etherip", data=[(1, socket.inet_aton("198.51.100.254")),
                                                (2, socket.inet_aton(remote(number)))])


def plain(kind):
    return lambda: links(lambda number: f"link add m{number} type {kind}")


@workload("memory-sink", "memory of a sink", "device", "bytes")
def sink_memory():
    return None, {"dummy": taken(DEVICES, plain("dummy"), "dummy")}, \
        taken(DEVICES, plain("sink"), "kernet", "sink")


@workload("memory-pair", "memory of an end of a pair", "device", "bytes")
def pair_memory():
    def veth():
        return links(lambda number: f"link add m{number} type veth peer name p{number}", pairs=True)
    return None, {"veth": taken(DEVICES, veth, "veth")}, \
        taken(DEVICES, lambda: links(vpair, pairs=True), "kernet", "vpair")


@workload("memory-tunnel", "memory of a tunnel", "device", "bytes")
def tunnel_memory():
    def gretap():
        return links(lambda number: f"link add m{number} type gretap local 198.51.100.254 "
                                    f"remote {remote(number)}")
    return None, {"gretap": taken(DEVICES, gretap, "ip_gre")}, \
        taken(DEVICES, lambda: links(etherip), "kernet", "etherip")


@workload("memory-rule", "memory of a rule", "rule", "bytes")
def rule_memory():
    return None, {"nftables": taken(RULES, lambda: nftables(RULES)),
                  "iptables": taken(RULES, lambda: iptables(RULES))}, \
        taken(RULES, lambda: firewall(RULES))
