# SPDX-License-Identifier: GPL-2.0
"""What XDP programs cost on a pair.

    loop --> left ====== right [program]        loop --> left == right [redirect] out == end [drop]
"""

import contextlib

import bpf
import rtnl
from devices import FOREIGN, LOCAL, delivered, receiver
from lib import address, datagram, ethernet, ip, module, packets, run, statistic, workload


class Here:
    """The namespace that all of it is in."""

    @staticmethod
    def enter():
        return contextlib.nullcontext()


@contextlib.contextmanager
def pair(kind, left, right):
    if kind == "veth":
        ip(f"link add {left} type veth peer name {right}")
    else:
        rtnl.newlink(left, kind, peer=(1, right, None))
    try:
        ip(f"link set {left} up", f"link set {right} up")
        yield
    finally:
        ip(f"link del {left}")


def sides(work):
    """A side of each kind, of a context manager that is told the kind."""
    def side(kind, *modules):
        @contextlib.contextmanager
        def made():
            with module(*modules), pair(kind, "left", "right"), work(kind) as measure:
                yield measure
        return made
    return {"veth": side("veth", "veth")}, side("vpair", "kernet", "vpair")


def attach(device, body):
    bpf.Program(body).attach(Here, device)


def frames(counter):
    """Frames that a program looks at, which `counter` has counted."""
    return packets("transmit", "left", ethernet(address("right"), bytes(46), bpf.ETHERTYPE), counter)


@workload("xdp_drop", "XDP: drop", "packet")
def dropped():
    @contextlib.contextmanager
    def work(_kind):
        attach("right", bpf.answer(bpf.DROP))
        yield frames(statistic("right", "rx_packets"))
    return None, *sides(work)


@workload("xdp_pass", "XDP: pass, GRO, IP receive", "packet")
def passed():
    @contextlib.contextmanager
    def work(_kind):
        attach("right", bpf.answer(bpf.PASS))
        with receiver("right") as (_, drops):
            frame = ethernet(address("right"), datagram(FOREIGN, LOCAL))
            yield packets("transmit", "left", frame, drops)
    return delivered, *sides(work)


@workload("xdp_tx", "XDP: sent back, received", "packet")
def sent_back():
    @contextlib.contextmanager
    def work(_kind):
        run(["ethtool", "-K", "left", "gro", "on"])
        attach("right", bpf.answer(bpf.TX))
        attach("left", bpf.answer(bpf.DROP))
        yield frames(statistic("left", "rx_packets"))
    return None, *sides(work)


@workload("xdp_redirect", "XDP: redirected to another pair", "packet")
def redirected():
    @contextlib.contextmanager
    def work(kind):
        with pair(kind, "out", "end"):
            attach("end", bpf.answer(bpf.DROP))
            to_out = bpf.DeviceMap(Here, "out")
            attach("right", to_out.redirect())
            yield frames(statistic("end", "rx_packets"))
    return None, *sides(work)
