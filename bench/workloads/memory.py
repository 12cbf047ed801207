# SPDX-License-Identifier: GPL-2.0
"""What devices and rules take of the kernel's memory: of its slabs, per-CPU areas and vmalloc().

The kernel traces each allocation and each free: what is left in the end is what was taken.
"""

import contextlib
import pathlib
import re
import socket

import rtnl
from filters import firewall, iptables, nftables
from lib import Failure, ip, module, run, workload

DEVICES, RULES = 48, 250

TRACING = pathlib.Path("/sys/kernel/tracing")
EVENTS = ("kmem/kmalloc", "kmem/kfree", "kmem/kmem_cache_alloc", "kmem/kmem_cache_free",
          "percpu/percpu_alloc_percpu", "percpu/percpu_free_percpu")
# With one CPU, what is allocated for each is allocated once.
EVENT = re.compile(r": (?P<event>k\w+|percpu_\w+): .*?ptr=(?P<pointer>\S+)"
                   r"(?:.* bytes_alloc=(?P<size>\d+))?")


def vmalloc_used():
    """Bytes in pages of vmalloc(), without the stacks of tasks, some of which are kept for others."""
    lines = pathlib.Path("/proc/vmallocinfo").read_text().splitlines()
    return sum(int(found[1]) * 4096 for line in lines if "dup_task_struct" not in line
               for found in re.finditer(r" pages=(\d+)", line))


def write(path, text):
    pathlib.Path(path).write_text(text)


def left(lines):
    """Bytes of what was allocated and not freed, by the events of a trace."""
    live = {}
    for line in lines:
        found = EVENT.search(line)
        if not found or " name=maple_node" in line:
            # Address spaces of processes, whose nodes are freed in batches and without events.
            continue
        event, pointer, size = found["event"], found["pointer"], found["size"]
        key = "percpu" in event, pointer
        if size:
            live[key] = int(size)
        else:
            live.pop(key, None)
    return sum(live.values())


@contextlib.contextmanager
def traced():
    """Yields a function that says how much more is allocated than at the beginning."""
    before = vmalloc_used()
    write(TRACING / "trace", "")
    write(TRACING / "tracing_on", "1")

    def more():
        # What RCU is to free is freed.
        write("/sys/module/rcutree/parameters/do_rcu_barrier", "1")
        write(TRACING / "tracing_on", "0")
        text = (TRACING / "trace").read_text()
        entries = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text)
        if not entries or entries[1] != entries[2]:
            raise Failure(f"the trace has lost events: {entries and entries[0]}")
        return left(text.splitlines()) + vmalloc_used() - before
    try:
        yield more
    finally:
        write(TRACING / "tracing_on", "0")


def taken(count, setup, *modules):
    """Bytes for each of `count` that `setup` makes, beside what it takes to make none."""
    @contextlib.contextmanager
    def side():
        def of(number):
            with traced() as more, setup(number):
                return more()

        def measure():
            none = of(0)
            return [(of(count) - none) / count]
        if not (TRACING / "trace").exists():
            run(["mount", "-t", "tracefs", "tracefs", str(TRACING)])
        write(TRACING / "tracing_on", "0")
        write(TRACING / "buffer_size_kb", "65536")
        for event in EVENTS:
            write(TRACING / "events" / event / "enable", "1")
        try:
            with module(*modules):
                yield measure
        finally:
            write(TRACING / "events/enable", "0")
    return side


@contextlib.contextmanager
def links(make, count):
    """`count` devices that `make` makes by a number."""
    ip(*filter(None, map(make, range(count))))
    try:
        yield
    finally:
        ip(*(f"link del m{number}" for number in range(count)))


def remote(number):
    return f"198.51.{100 + number // 250}.{1 + number % 250}"


def vpair(number):
    rtnl.newlink(f"m{number}", "vpair", peer=(1, f"p{number}", None))


def etherip(number):
    rtnl.newlink(f"m{number}", "etherip", data=[(1, socket.inet_aton("198.51.100.254")),
                                                (2, socket.inet_aton(remote(number)))])


def plain(kind):
    return lambda count: links(lambda number: f"link add m{number} type {kind}", count)


@workload("memory-sink", "memory of a sink", "device", "bytes")
def sink_memory():
    return None, {"dummy": taken(DEVICES, plain("dummy"), "dummy")}, \
        taken(DEVICES, plain("sink"), "kernet", "sink")


def pairs(make):
    return lambda ends: links(make, ends // 2)


@workload("memory-pair", "memory of an end of a pair", "device", "bytes")
def pair_memory():
    def veth(number):
        return f"link add m{number} type veth peer name p{number}"
    return None, {"veth": taken(DEVICES, pairs(veth), "veth")}, \
        taken(DEVICES, pairs(vpair), "kernet", "vpair")


@workload("memory-tunnel", "memory of a tunnel", "device", "bytes")
def tunnel_memory():
    def gretap(number):
        return f"link add m{number} type gretap local 198.51.100.254 remote {remote(number)}"
    return None, {"gretap": taken(DEVICES, lambda count: links(gretap, count), "ip_gre")}, \
        taken(DEVICES, lambda count: links(etherip, count), "kernet", "etherip")


@workload("memory-rule", "memory of a rule", "rule", "bytes")
def rule_memory():
    return None, {"nftables": taken(RULES, nftables),
                  "iptables": taken(RULES, iptables, "iptable_filter")}, \
        taken(RULES, firewall, "kernet", "kernet_conntrack", "firewall")
