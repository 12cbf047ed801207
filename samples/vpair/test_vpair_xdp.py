#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of XDP on vpair. See topology.py."""

import errno
import json
import threading

import bpf
import rtnl
import ynl
from bpf import ABORTED, DROP, PASS, TX, DeviceMap, Program, adjust, answer, detach
from selftest import (NetNs, case, checked, churn, defer, drop_reasons, emulated, equal, iperf,
                      loaded, main, rmmod, traced, wait_until)
from topology import chain, ethtool_statistics, flood, received, statistics, two
from wire import Wire, frame

def stream(wire):
    """Sends frames from a thread, until the device is gone or the case ends. Returns what ends it."""
    stop = threading.Event()

    def send():
        while not stop.is_set():
            try:
                wire.send(frame(), 10)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    return
    sender = threading.Thread(target=send)
    sender.start()

    def end():
        stop.set()
        sender.join()
    defer(end)
    return end


def hold(*programs):
    """Attaches them to idle devices too. The core rewrites its dispatcher's code, which other CPUs run
    meanwhile, whenever a program comes that no device has, or one goes; an emulated CPU may then find
    a breakpoint there that is gone."""
    ns = NetNs()
    for number, program in enumerate(programs):
        ns.run(f"ip link add idle{number} type dummy")
        program.attach(ns, f"idle{number}", bpf.SKB_MODE)


def counts(ns, name, field, value):
    """Waits until `ethtool -S` says so."""
    wait_until(lambda: ethtool_statistics(ns, name)[field] == value, 10,
               f"{field} of {name} is {value}")


def bridged(m):
    m.run("ip link add bridge0 type bridge; ip link set bridge0 up;"
          " ip link set qa master bridge0; ip link set qb master bridge0")


@case
def passes():
    a, b = two()
    Program(answer(PASS)).attach(b, "pb")
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    for size in (0, 46, 1000, 1486):
        sent = frame(bytes(range(256)) * 6)[:14 + size]
        wire.send(sent)
        equal(other.receive(), sent, "frame")
    assert iperf(a, b, "192.0.2.2") > 1e5
    assert iperf(b, a, "2001:db8::1") > 1e5
    values = ethtool_statistics(b, "pb")
    assert values["rx_queue_0_xdp_packets"] > 100, values
    equal(values["rx_queue_0_xdp_drops"] + values["rx_queue_0_drops"], 0, "drops")


@case
def drops():
    a, b = two()
    Program(answer(DROP)).attach(b, "pb")
    wire = Wire(a, "pa")
    with drop_reasons() as reasons:
        wire.send(frame(), 20)
        counts(b, "pb", "rx_queue_0_xdp_drops", 20)
    assert reasons.count("XDP") >= 20, reasons
    assert a.ping("192.0.2.2")
    equal(statistics(b, "pb")["rx"]["dropped"], 0, "what a program drops is not an error")


def exceptions(action, send):
    """How often the tracepoint has told of `action` after `send`."""
    with traced("xdp/xdp_exception") as lines:
        send()
    return sum(f"action={action} " in line for line in lines)


@case
def aborts():
    """Aborted, or an answer that there is not: dropped, and the tracepoint says so."""
    a, b = two()
    wire = Wire(a, "pa")
    for verdict, name, total in ((ABORTED, "ABORTED", 5), (77, "0x4d", 10)):
        Program(answer(verdict)).attach(b, "pb")

        def send():
            wire.send(frame(), 5)
            counts(b, "pb", "rx_queue_0_xdp_drops", total)
        equal(exceptions(name, send), 5, f"exceptions for {name}")


@case
def sends_back():
    a, b = two()
    Program(answer(TX)).attach(b, "pb")
    wire = Wire(a, "pa")
    # pa does not poll: frames have nowhere to go.
    wire.send(frame(), 7)
    counts(b, "pb", "rx_queue_0_xdp_tx_errors", 7)
    equal(statistics(b, "pb")["tx"]["dropped"], 7, "dropped")
    equal(statistics(a, "pa")["rx"]["dropped"], 7, "dropped by the other end")
    a.run("ethtool -K pa gro on")
    wire.send(frame(b"x" * 100), 40)
    for _ in range(40):
        equal(wire.receive(), frame(b"x" * 100), "frame")
    counts(b, "pb", "rx_queue_0_xdp_tx", 40)
    # A program there sees what is sent back.
    Program(answer(DROP)).attach(a, "pa")
    wire.send(frame(), 30)
    counts(a, "pa", "rx_queue_0_xdp_drops", 30)
    counts(a, "pa", "tx_queue_0_xdp_xmit", 0)


@case
def redirects():
    """To another pair, by a map; the other side of that has a program for frames, or none."""
    a, m, b = chain()
    to_qb = DeviceMap(m, "qb")
    Program(to_qb.redirect()).attach(m, "qa")
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    # pb does not poll, qb does not take frames.
    wire.send(frame(), 5)
    counts(m, "qa", "rx_queue_0_drops", 5)
    b.run("ethtool -K pb gro on")
    wire.send(frame(b"y" * 200), 40)
    for _ in range(40):
        equal(other.receive(), frame(b"y" * 200), "frame")
    counts(m, "qa", "rx_queue_0_xdp_redirect", 40)
    counts(m, "qb", "tx_queue_0_xdp_xmit", 40)
    equal(statistics(b, "pb")["rx"]["packets"], 40, "received")
    equal(statistics(m, "qb")["tx"]["packets"], 40, "sent")
    # Frames longer than pb's MTU are not taken, the first one and what follows it.
    b.run("ip link set pb mtu 100")
    wire.send(frame(b"y" * 200))
    counts(m, "qb", "tx_queue_0_xdp_xmit_errors", 1)
    b.run("ip link set pb mtu 1500")


@case
@checked
def runs_on_redirected_frames():
    a, m, b = chain()
    Program(DeviceMap(m, "qb").redirect()).attach(m, "qa")
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    Program(answer(PASS)).attach(b, "pb")
    wire.send(frame(), 20)
    for _ in range(20):
        equal(other.receive(), frame(), "frame")
    Program(answer(DROP)).attach(b, "pb")
    wire.send(frame(), 20)
    counts(b, "pb", "rx_queue_0_xdp_drops", 20)
    equal(exceptions("ABORTED", lambda: (Program(answer(ABORTED)).attach(b, "pb"),
                                         wire.send(frame(), 3),
                                         counts(b, "pb", "rx_queue_0_xdp_drops", 23))), 3,
          "exceptions")
    # Back to qb, which has to poll.
    Program(answer(TX)).attach(b, "pb")
    m.run("ethtool -K qb gro on")
    back = Wire(m, "qb")
    wire.send(frame(b"z" * 300), 40)
    for _ in range(40):
        equal(back.receive(), frame(b"z" * 300), "frame")
    counts(b, "pb", "rx_queue_0_xdp_tx", 40)
    # To and fro: what comes back to qb is redirected once more, to pa.
    a.run("ethtool -K pa gro on")
    Program(DeviceMap(m, "qa").redirect()).attach(m, "qb")
    wire.send(frame(b"w" * 400), 40)
    for _ in range(40):
        equal(wire.receive(), frame(b"w" * 400), "frame")
    counts(m, "qb", "rx_queue_0_xdp_redirect", 40)
    # Frames whose ends the program moves.
    for helper, delta, wanted in ((bpf.XDP_ADJUST_HEAD, 14, lambda sent: sent[14:]),
                                  (bpf.XDP_ADJUST_TAIL, -10, lambda sent: sent[:-10])):
        Program(adjust(helper, delta)).attach(b, "pb")
        sent = frame(frame(b"inner " * 10))
        wire.send(sent)
        equal(other.receive(), wanted(sent), f"frame after helper {helper} by {delta}")


@case
def moves_the_ends_of_a_frame():
    a, b = two()
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    sent = frame(frame(b"inner " * 30))

    def arrives(helper, delta, wanted):
        Program(adjust(helper, delta)).attach(b, "pb")
        wire.send(sent)
        equal(other.receive(), wanted, f"frame after helper {helper} by {delta}")
    arrives(bpf.XDP_ADJUST_HEAD, 14, sent[14:])
    arrives(bpf.XDP_ADJUST_TAIL, -50, sent[:-50])
    arrives(bpf.XDP_ADJUST_TAIL, 30, sent + bytes(30))
    arrives(bpf.XDP_ADJUST_META, -8, sent)
    # More than there is: the helper fails, the program aborts.
    for helper, delta in ((bpf.XDP_ADJUST_HEAD, 1000), (bpf.XDP_ADJUST_HEAD, -1000),
                          (bpf.XDP_ADJUST_TAIL, -1000), (bpf.XDP_ADJUST_TAIL, 5000),
                          (bpf.XDP_ADJUST_META, -3)):
        before = ethtool_statistics(b, "pb")["rx_queue_0_xdp_drops"]
        Program(adjust(helper, delta)).attach(b, "pb")
        wire.send(sent)
        counts(b, "pb", "rx_queue_0_xdp_drops", before + 1)


@case
def runs_where_the_packet_lies():
    """A packet whose head is a page of its own, with headroom, is not copied: one that comes from
    another receiver with a program."""
    a, m, b = chain()
    bridged(m)
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    Program(answer(PASS)).attach(m, "qa")
    Program(answer(PASS)).attach(b, "pb")
    wire.send(frame(), 20)
    for _ in range(20):
        equal(other.receive(), frame(), "frame")
    assert ethtool_statistics(m, "qa")["rx_pp_alloc_slow"] > 0
    equal(ethtool_statistics(b, "pb")["rx_pp_alloc_slow"], 0, "pages of pb")
    # Sent back from there, and by the bridge to all other ports, as it knows no port for it.
    m.run("ethtool -K qb gro on")
    Program(answer(TX)).attach(b, "pb")
    wire.send(frame(b"back " * 30), 20)
    for _ in range(20):
        equal(wire.receive(), frame(b"back " * 30), "frame")
    equal(ethtool_statistics(b, "pb")["rx_pp_alloc_slow"], 0, "pages of pb")


@case
@emulated
def its_pages_are_shown():
    """By the `netdev` family, while there is a program."""
    a, b = two()
    family = ynl.family("netdev", b, ynl.KERNEL_SPECS)
    ifindex = b.link("pb")["ifindex"]
    b.run("ethtool -L pb rx 2")
    equal(family.dump("page-pool-get", {}), [], "pools without a program")
    Program(answer(PASS)).attach(b, "pb")
    pools = family.dump("page-pool-get", {})
    equal([pool["ifindex"] for pool in pools], [ifindex] * 2, "devices of the pools")
    Wire(a, "pa").send(frame(), 20)
    # Or more: pa sends packets of its own.
    wait_until(lambda: ethtool_statistics(b, "pb")["rx_queue_0_xdp_packets"] >= 20, 10, "packets")
    taken = [stats["alloc-slow"] for stats in family.dump("page-pool-stats-get", {})]
    assert sum(taken) > 0, taken
    detach(b, "pb")
    wait_until(lambda: not family.dump("page-pool-get", {}), 10, "the pools are gone")


@case
@checked
def fragments():
    """Frames in several buffers, for a program that takes them."""
    a, m, b = chain()
    for ns, name in ((a, "pa"), (m, "qa"), (m, "qb"), (b, "pb")):
        ns.run(f"ip link set {name} mtu 30000")
    wire, other = Wire(a, "pa"), Wire(b, "pb")
    b.run("ethtool -K pb gro on")
    Program(DeviceMap(m, "qb").redirect(), fragments=True).attach(m, "qa")
    sent = frame((bytes(range(251)) * 100)[:20000])

    def arrives(wanted, what):
        wire.send(sent)
        equal(other.receive() == wanted, True, what)
    arrives(sent, "redirected")
    for program, wanted, what in (
            (answer(PASS), sent, "passed"),
            (adjust(bpf.XDP_ADJUST_TAIL, -15000), sent[:-15000], "shortened"),
            (adjust(bpf.XDP_ADJUST_TAIL, -19000), sent[:-19000], "without fragments any more"),
            (adjust(bpf.XDP_ADJUST_HEAD, 0), sent, "not moved")):
        # Frames that come redirected, then packets.
        Program(program, fragments=True).attach(b, "pb")
        arrives(wanted, f"frame {what}")
    detach(m, "qa")
    bridged(m)
    for program, wanted, what in (
            (answer(PASS), sent, "passed"),
            (adjust(bpf.XDP_ADJUST_TAIL, -15000), sent[:-15000], "shortened"),
            (adjust(bpf.XDP_ADJUST_TAIL, -19000), sent[:-19000], "without fragments any more")):
        Program(program, fragments=True).attach(b, "pb")
        arrives(wanted, f"packet {what}")
    # Sent back.
    m.run("ethtool -K qb gro on")
    Program(answer(TX), fragments=True).attach(b, "pb")
    wire.send(sent)
    equal(wire.receive() == sent, True, "sent back")
    detach(b, "pb")
    assert a.ping("192.0.2.2", options="-s 25000")


def refused(function, error, text):
    try:
        function()
    except rtnl.NetlinkError as refusal:
        equal(refusal.errno, error, f"error: {refusal}")
        assert text in str(refusal), refusal
    else:
        raise AssertionError(f"accepted; was to say {text!r}")


@case
@emulated
def refuses_what_does_not_fit():
    a, b = two()
    program = Program(answer(PASS))
    a.run("ip link set pa mtu 3600")
    refused(lambda: program.attach(b, "pb"), errno.ERANGE, "Peer MTU is too large to set XDP")
    Program(answer(PASS), fragments=True).attach(b, "pb")
    # A program for less does not take the place of one for more.
    refused(lambda: program.attach(b, "pb"), errno.ERANGE, "Peer MTU is too large to set XDP")
    detach(b, "pb")
    a.run("ip link set pa mtu 1500; ethtool -L pa tx 2")
    refused(lambda: program.attach(b, "pb"), errno.ENOSPC, "number of rx queues not less than")
    a.run("ethtool -L pa tx 1")
    program.attach(b, "pb")
    for command in ("ip link set pa mtu 3600", "ethtool -L pa tx 2"):
        assert a.run(command, check=False).returncode, f"accepted: {command}"
    refused(lambda: program.attach(b, "pb", bpf.SKB_MODE), errno.EEXIST, "at the same time")
    assert "tcp-segmentation-offload: off" in a.run("ethtool -k pa").stdout
    assert "tx-tcp-segmentation: off [fixed]" in a.run("ethtool -k pa").stdout
    detach(b, "pb")
    assert "tcp-segmentation-offload: on" in a.run("ethtool -k pa").stdout
    a.run("ip link set pa mtu 9000; ethtool -L pa tx 2")


@case
def attached_and_replaced_under_traffic():
    a, b = two()
    programs = [Program(answer(verdict)) for verdict in (PASS, DROP, TX)]
    hold(*programs)
    flood(a, b)
    end = stream(Wire(a, "pa"))
    for turn in range(8):
        programs[turn % 3].attach(b, "pb")
        programs[-turn % 3].attach(a, "pa")
        received(b, "pb", 10)
        if turn % 4 == 1:
            detach(b, "pb")
        if turn % 4 == 2:
            b.run("ip link set pb down; ip link set pb up; ethtool -K pb gro on")
        if turn % 4 == 3:
            detach(a, "pa")
            b.run("ethtool -K pb gro off")
    end()
    assert a.ping("192.0.2.2")


@case
@churn
def gone_with_a_program_under_traffic():
    """Deleted, its namespace dead, and the module unloaded, with programs attached and frames on
    their way."""
    for how in ("delete", "namespace", "rmmod"):
        a, m, b = chain()
        programs = {(m, "qa"): Program(DeviceMap(m, "qb").redirect()),
                    (b, "pb"): Program(answer(TX)),
                    (m, "qb"): Program(DeviceMap(m, "qa").redirect())}
        hold(*programs.values())
        for (ns, name), program in programs.items():
            program.attach(ns, name)
        a.run("ethtool -K pa gro on")
        end = stream(Wire(a, "pa"))
        received(m, "qb", 50)
        if how == "delete":
            m.run("ip link del qb")
            wait_until(lambda: not json.loads(b.run("ip -j link show type vpair").stdout or "[]"),
                       10, "pb is gone")
        elif how == "namespace":
            m.delete()
            wait_until(lambda: not json.loads(a.run("ip -j link show type vpair").stdout or "[]"),
                       30, "pa is gone")
        rmmod("vpair")
        equal(loaded("vpair"), False, "loaded")
        end()


main(60)
