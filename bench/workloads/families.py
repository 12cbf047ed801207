# SPDX-License-Identifier: GPL-2.0
"""What generic netlink families cost: twins in C and Rust, asked by bench/client.c."""

import contextlib
import os
import struct

import netlink
from lib import client, module, workload

GET, LIST, PARSE, NOTIFY, NOTHING = range(1, 6)
ID, COUNT, NEST = 1, 6, 7
PROGRAM = os.environ.get("KERNET_BENCH_CLIENT", "")


def u32(kind, value):
    return netlink.attribute(kind, struct.pack("=I", value))


@contextlib.contextmanager
def family(name):
    modules = ("kernet", "bench_family") if name == "bench-rust" else ("bench_family_c",)
    with module(*modules):
        yield netlink.Family(name)


def per_operation(lines):
    return [ticks / operations for operations, ticks in lines]


def asking(name, command, payload=b"", flags=0):
    """A request and its answer."""
    @contextlib.contextmanager
    def side():
        with family(name) as asked:
            message = asked.message(command, payload, flags)
            yield lambda: per_operation(client(PROGRAM, "do", 16, message.hex()))
    return side


def dumping(name, entries=1000):
    """A dump of entries, less one of none, per entry."""
    @contextlib.contextmanager
    def side():
        with family(name) as asked:
            def dump(count):
                message = asked.message(LIST, u32(COUNT, count), netlink.NLM_F_DUMP)
                return per_operation(client(PROGRAM, "dump", 16, message.hex(), count))

            def measure():
                return [(some - none) / entries for some, none in zip(dump(entries), dump(0))]
            yield measure
    return side


def telling(name, listeners=32):
    """A multicast to many, less one to one, per listener."""
    @contextlib.contextmanager
    def side():
        with family(name) as asked:
            message = asked.message(NOTIFY, flags=netlink.NLM_F_ACK)

            def tell(count):
                return per_operation(client(PROGRAM, "tell", 16, message.hex(), asked.group, count))

            def measure():
                return [(many - one) / (listeners - 1)
                        for many, one in zip(tell(listeners), tell(1))]
            yield measure
    return side


def nothing():
    """A request that does nothing, acknowledged."""
    return asking("bench_c", NOTHING, flags=netlink.NLM_F_ACK)


def twins(side, *words):
    return {"C twin": side("bench_c", *words)}, side("bench-rust", *words)


@workload("genl-do", "netlink: a request and its reply", "request")
def do():
    return (nothing(), *twins(asking, GET, u32(ID, 7)))


@workload("genl-parse", "netlink: 16 nested attributes", "request")
def parse():
    numbers = b"".join(u32(number, number) for number in range(1, 17))
    return (nothing(), *twins(asking, PARSE, netlink.nest(NEST, numbers), netlink.NLM_F_ACK))


@workload("genl-dump", "netlink: an entry of a dump", "entry")
def dump():
    return (None, *twins(dumping))


@workload("genl-multicast", "netlink: a listener to a multicast", "listener")
def multicast():
    return (None, *twins(telling))
