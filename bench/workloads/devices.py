# SPDX-License-Identifier: GPL-2.0
"""What devices cost that send, and that receive from each other.

    loop --> sink          loop --> left ====== right --> IP --> UDP --> a socket's filter
"""

import contextlib

import rtnl
from lib import (address, datagram, discarding, ethernet, ip, link, module, packets, run, statistic,
                 workload)

LOCAL, FOREIGN = "192.0.2.2", "192.0.2.1"


def sink(kind, *modules, counts=True):
    @contextlib.contextmanager
    def side():
        with module(*modules), link("sink0", kind):
            frame = ethernet(address("sink0"), datagram(FOREIGN, LOCAL))
            counter = statistic("sink0", "tx_packets") if counts else None
            yield packets("transmit", "sink0", frame, counter)
    return side


@workload("transmit", "transmit into a sink", "packet", quick=True)
def transmit():
    return (sink("bench_floor", counts=False), {"dummy": sink("dummy", "dummy")},
            sink("sink", "kernet", "sink"))


@contextlib.contextmanager
def receiver(device, summed=False):
    """The device has an address, and a socket discards what comes for it."""
    ip(f"addr add {LOCAL}/24 dev {device}", f"link set {device} up")
    with discarding() as drops:
        yield ethernet(address(device), datagram(FOREIGN, LOCAL, summed=summed)), drops


@contextlib.contextmanager
def delivered(summed=False, samples=24):
    """What receiving costs without a device that transmits."""
    with link("right", "bench_floor"), receiver("right", summed) as (frame, drops):
        yield packets("receive", "right", frame, drops, samples)


def pair(kind, *modules, gro=True):
    @contextlib.contextmanager
    def side():
        with module(*modules):
            if kind == "veth":
                ip("link add left type veth peer name right")
            else:
                rtnl.newlink("left", kind, peer=(1, "right", None))
            try:
                if gro:
                    # veth polls by NAPI what a sender has not segmented, if the receiver aggregates.
                    run(["ethtool", "-K", "left", "tso", "off"])
                    run(["ethtool", "-K", "right", "gro", "on"])
                ip("link set left up")
                with receiver("right") as (frame, drops):
                    yield packets("transmit", "left", frame, drops)
            finally:
                ip("link del left")
    return side


@workload("pair", "pair: transmit, NAPI, GRO, IP receive", "packet", quick=True)
def through_a_pair():
    return delivered, {"veth": pair("veth", "veth")}, pair("vpair", "kernet", "vpair")


@workload("pair-backlog", "pair: transmit, netif_rx(), IP receive", "packet", quick=True)
def through_the_backlog():
    """As they come: neither aggregates what is sent to be segmented."""
    return (delivered, {"veth": pair("veth", "veth", gro=False)},
            pair("vpair", "kernet", "vpair", gro=False))
