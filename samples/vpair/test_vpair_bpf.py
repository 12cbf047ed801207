#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of programs that send packets of vpair elsewhere, by tc and by XDP: to a peer, to several
devices, to another CPU. See topology.py: chain() and star().

What the kernel's own prog_tests/{tc_redirect,test_xdp_veth}.c try, which need a kernel with type
information. What tc does is tried with veth, too.
"""

import bpf
from bpf import (BROADCAST, DRV_MODE, EXCLUDE_INGRESS, PASS, SKB_MODE, TX, Classifier, CpuMap,
                 DeviceMap, Program, answer, to_peer)
from selftest import case, checked, emulated, equal, main, wait_until
from topology import chain, ethtool_statistics, star, statistics, two
from wire import Wire, frame

KINDS = "veth", "vpair"


def classify(m, name, other, flags=0):
    Classifier(to_peer(m.link(other)["ifindex"], flags)).attach(m, name)


@case
def handed_to_a_peer():
    """What comes in at one host end is received by the other's peer, which it is never sent to."""
    for kind in KINDS:
        a, m, b = chain(kind)
        classify(m, "qa", "qb")
        classify(m, "qb", "qa")
        assert a.ping("192.0.2.2", count=10, options="-s 1000"), kind
        for name in ("qa", "qb"):
            equal(statistics(m, name)["tx"]["packets"], 0, f"{kind}: sent by {name}")
        wait_until(lambda: all(statistics(a, "pa")[way]["packets"] == statistics(b, "pb")[other]["packets"]
                               for way, other in (("tx", "rx"), ("rx", "tx"))), 10,
                   f"{kind}: one receives what the other sends")
        assert statistics(b, "pb")["rx"]["bytes"] > 10 * 1042, kind


@case
def sent_by_a_peer():
    """With BPF_F_EGRESS: the peer sends it, so that it comes back to the host end."""
    for kind in KINDS:
        a, m, b = chain(kind)
        classify(m, "qa", "qb", bpf.EGRESS)
        back = Wire(m, "qb")
        Wire(a, "pa").send(frame(), 5)
        for _ in range(5):
            equal(back.receive(), frame(), f"{kind}: frame")
        wait_until(lambda: statistics(b, "pb")["tx"]["packets"] == 5, 10, f"{kind}: sent by pb")


@case
def not_handed_to_a_peer():
    """One that is down, in the same namespace, or gone: dropped."""
    for kind in KINDS:
        a, m, b = chain(kind)
        classify(m, "qa", "qb")
        wire, other = Wire(a, "pa"), Wire(b, "pb")

        def arrives(receiver, payload):
            """It is the next one that does."""
            wire.send(frame(payload), 3)
            for _ in range(3):
                equal(receiver.receive(), frame(payload), f"{kind}: frame")
        arrives(other, b"up")
        b.run("ip link set pb down")
        wire.send(frame(b"down"), 3)
        b.run("ip link set pb up")
        # Its socket has been told that the device went down, once.
        other = Wire(b, "pb")
        arrives(other, b"up again")
        b.run(f"ip link set pb netns {m.name}")
        m.run("ip link set pb up")
        here = Wire(m, "pb")
        wire.send(frame(b"same namespace"), 3)
        m.run(f"ip link set pb netns {b.name}")
        b.run("ip link set pb up")
        here.socket.setblocking(False)
        try:
            raise AssertionError(f"{kind}: received in the same namespace: {here.receive()}")
        except OSError:
            pass
        arrives(Wire(b, "pb"), b"there again")
        m.run("ip link del qb")
        before = statistics(m, "qa")["rx"]["packets"]
        wire.send(frame(b"gone"), 3)
        wait_until(lambda: statistics(m, "qa")["rx"]["packets"] == before + 3, 10, f"{kind}: received")


@case
def redirected_round_three():
    """pa to qa, to qb, back from pb, to qc and pc; with programs for either end in either mode."""
    namespaces = star("abc")
    a, m = namespaces["a"], namespaces["m"]
    for letter, ns in namespaces.items():
        if letter != "m":
            ns.run(f"ethtool -K p{letter} gro on")
    for here, there in ((DRV_MODE, DRV_MODE), (SKB_MODE, SKB_MODE), (DRV_MODE, SKB_MODE),
                        (SKB_MODE, DRV_MODE)):
        for near, far in ("ab", "bc", "ca"):
            Program(DeviceMap(m, f"q{far}").redirect(), all_frames=True).attach(m, f"q{near}", here)
        # Frames that a generic program sends back do not need a poll of qb, native ones do.
        m.run("ethtool -K qb gro on")
        for letter, verdict in zip("abc", (PASS, TX, PASS)):
            Program(answer(verdict), all_frames=True).attach(namespaces[letter], f"p{letter}", there)
        assert a.ping("192.0.2.3"), f"modes {here} and {there}"
        for letter in "abc":
            bpf.detach(m, f"q{letter}", here)
            bpf.detach(namespaces[letter], f"p{letter}", there)


@case
def redirected_to_all():
    """And to all but the one that it came by."""
    namespaces = star("abc")
    m = namespaces["m"]
    wires = {letter: Wire(namespaces[letter], f"p{letter}") for letter in "abc"}
    everyone = DeviceMap(m, "qa", "qb", "qc")
    for mode in (DRV_MODE, SKB_MODE):
        for letter in "abc":
            Program(answer(PASS)).attach(namespaces[letter], f"p{letter}", mode)
        for flags, receivers in ((BROADCAST, "abc"), (BROADCAST | EXCLUDE_INGRESS, "bc")):
            Program(everyone.redirect(flags)).attach(m, "qa", mode)
            sent = frame(b"to %s in mode %d" % (receivers.encode(), mode))
            wires["a"].send(sent, 4)
            for letter in receivers:
                for _ in range(4):
                    equal(wires[letter].receive(), sent, f"frame at p{letter}")
        for letter in "abc":
            bpf.detach(namespaces[letter], f"p{letter}", mode)
        bpf.detach(m, "qa", mode)


@case
def changed_as_they_are_sent():
    """By a program of the entry in the map: each of the receivers sees another sender's address."""
    namespaces = star("abc")
    m = namespaces["m"]
    wires = {letter: Wire(namespaces[letter], f"p{letter}") for letter in "abc"}
    stores = [Program(bpf.instruction(0x72, 2, offset=6, value=number) + answer(PASS),
                      attach_type=bpf.XDP_DEVMAP) for number in (0x10, 0x20)]
    program = Program(DeviceMap(m, "qb", "qc", programs=stores).redirect(BROADCAST))
    for mode in (DRV_MODE, SKB_MODE):
        for letter in "bc":
            Program(answer(PASS)).attach(namespaces[letter], f"p{letter}", mode)
        program.attach(m, "qa", mode)
        wires["a"].send(frame(), 4)
        for letter, number in (("b", 0x10), ("c", 0x20)):
            for _ in range(4):
                equal(wires[letter].receive(), frame()[:6] + bytes([number]) + frame()[7:],
                      f"frame at p{letter}")
        for letter in "bc":
            bpf.detach(namespaces[letter], f"p{letter}", mode)
        bpf.detach(m, "qa", mode)


@case
@checked
@emulated
def handed_to_another_cpu():
    """And received there; also while the pair goes."""
    a, b = two()
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    program = Program(CpuMap(1).redirect())
    for mode in (DRV_MODE, SKB_MODE):
        program.attach(b, "pb", mode)
        wire.send(frame(), 50)
        for _ in range(50):
            equal(other.receive(), frame(), "frame")
        if mode == DRV_MODE:
            equal(ethtool_statistics(b, "pb")["rx_queue_0_xdp_redirect"], 50, "redirected")
        bpf.detach(b, "pb", mode)
    program.attach(b, "pb")
    # It would keep the namespace.
    other.socket.close()
    wire.send(frame(), 100)
    b.delete()
    wait_until(lambda: a.run("ip -j link show type vpair").stdout.strip() in ("", "[]"), 30,
               "the peer is gone")


main(23)
