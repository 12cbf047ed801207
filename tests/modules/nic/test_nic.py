#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of queues, rings and filters, with the cards of nic.rs. See cards.py."""

import json
import pathlib
import re
import socket
import struct
import time

import rtnl
from cards import PEER, counters, ethtool, flood, pair, refused, statistics, two
from selftest import (NetNs, Skip, case, checked, churn, drop_reasons, emulated, equal, iperf,
                      loaded, main, modprobe, rmmod, run, wait_until)

SO_TIMESTAMPNS = 35


class Sys:
    """A folder of /sys/class/net, which shows the devices of the namespace it was mounted in."""

    def __init__(self, ns):
        self.ns = ns

    def shell(self, command):
        return run(["ip", "netns", "exec", self.ns.name, "sh", "-c", command]).stdout.strip()

    def read(self, path):
        return self.shell(f"cat /sys/class/net/{path}")

    def write(self, path, value):
        self.shell(f"echo {value} > /sys/class/net/{path}")


def ring(ns, name="pa", which="TX"):
    """The size of the transmit rings, or of the others, as it is set now."""
    text = ethtool(ns, f"-g {name}").stdout.partition("Current")[2]
    return int(re.search(rf"^{which}:\s*(\d+)", text, re.M)[1])


def waiting(ns, name="pa"):
    """Packets in queueing disciplines."""
    return sum(qdisc.get("qlen", 0) for qdisc in
               json.loads(ns.run(f"tc -s -j qdisc show dev {name}").stdout)
               if qdisc["kind"] != "mq")


@case
def carries_traffic():
    """v4, v6 and TCP, on a queueing discipline of its own; what is sent is what is received."""
    a, b = two()
    assert a.ping("192.0.2.2") and a.ping("2001:db8::2")
    link = a.link("pa")
    equal(link["linkinfo"]["info_kind"], "nic", "kind")
    assert link["qdisc"] != "noqueue", link["qdisc"]
    assert iperf(a, b, "192.0.2.2") > 100_000
    wait_until(lambda: statistics(b, "pb")["rx"]["packets"] + counters(b, "pb")["rx_filtered"]
               == statistics(a)["tx"]["packets"], 10, "as many received as sent")
    wait_until(lambda: counters(a, "pa")["tx_queue_0_packets"] == statistics(a)["tx"]["packets"], 10,
               "as many sent as the queue has counted")


@case
def a_full_ring_stops_its_queue():
    """A ring that is smaller than what is sent fills; the rest waits in the queueing discipline, and
    all goes on when packets are completed."""
    a, b = two()
    ethtool(a, "-G pa tx 8")
    ethtool(a, "-C pa tx-usecs 200000")
    flood(a)
    wait_until(lambda: waiting(a) > 20, 20, "packets in the queueing discipline")
    before = statistics(a)
    ethtool(a, "-C pa tx-usecs 10")
    wait_until(lambda: statistics(a)["tx"]["packets"] > before["tx"]["packets"] + 200, 20, "traffic")
    equal(statistics(a)["tx"]["errors"], 0, "errors")
    equal(counters(a, "pa")["tx_resets"], 0, "resets")
    assert a.ping("192.0.2.2", options="-W 20")


def stuck(ns):
    """The first of the private flags."""
    return re.search(r"stuck\s*: (\w+)", ethtool(ns, "--show-priv-flags pa").stdout)[1]


@case
def the_watchdog_fires_on_a_stuck_line():
    """A queue that is stopped for longer than a second is reported, and the card resets itself."""
    a, b = two()
    assert a.ping("192.0.2.2", 1)
    ethtool(a, "-G pa tx 8")
    equal(stuck(a), "off", "the flag")
    ethtool(a, "--set-priv-flags pa stuck on")
    equal(stuck(a), "on", "the flag")
    sender = flood(a)
    wait_until(lambda: counters(a, "pa")["tx_resets"] >= 1, 30, "a reset")
    equal(stuck(a), "off", "the flag")
    assert int(Sys(a).read("pa/queues/tx-0/tx_timeout")) >= 1, "the queue's own count"
    sender.kill()
    wait_until(lambda: a.ping("192.0.2.2", 1, "-W 2"), 20, "an answer")


def bql(ns, what, queues=1):
    files = " ".join(f"/sys/class/net/pa/queues/tx-{queue}/byte_queue_limits/{what}"
                     for queue in range(queues))
    return [int(value) for value in Sys(ns).shell(f"cat {files}").split()]


def has_bql(ns):
    return bool(Sys(ns).shell("ls -d /sys/class/net/pa/queues/tx-0/byte_queue_limits || true"))


def need_bql(ns):
    if not has_bql(ns):
        raise Skip("the kernel has no byte queue limits (CONFIG_BQL)")


@case
@checked
def byte_queue_limits_move():
    """Nothing is in flight on an idle queue; the limit grows with what a line takes at a time, and a
    limit that is set holds back more than that."""
    a, b = two()
    need_bql(a)
    assert a.ping("192.0.2.2")
    wait_until(lambda: bql(a, "inflight") == [0], 10, "nothing in flight")
    small, = bql(a, "limit")
    ethtool(a, "-C pa tx-usecs 20000")
    sender = flood(a)
    wait_until(lambda: bql(a, "limit")[0] > small, 30, "a larger limit")
    wait_until(lambda: bql(a, "inflight")[0] > 0, 30, "bytes in flight")
    Sys(a).write("pa/queues/tx-0/byte_queue_limits/limit_max", 3000)
    wait_until(lambda: bql(a, "limit")[0] <= 3000, 30, "the limit that was set")
    # One packet more than the limit is let through, in addition to what had been before.
    wait_until(lambda: bql(a, "inflight")[0] <= 3000 + 1100, 30, "no more in flight")
    sender.kill()
    sender.wait()
    wait_until(lambda: bql(a, "inflight") == [0] and not waiting(a), 30, "nothing in flight")


@case
def going_down_forgets_what_was_sent():
    """A card that goes down with a full ring comes up with an empty one."""
    a, b = two()
    ethtool(a, "-G pa tx 8")
    for _ in range(2):
        assert a.ping("192.0.2.2", 1)
        ethtool(a, "--set-priv-flags pa broken on")
        sender = flood(a)
        wait_until(lambda: waiting(a) > 5, 20, "packets in the queueing discipline")
        sender.kill()
        sender.wait()
        with drop_reasons() as reasons:
            a.run("ip link set pa down")
        assert "QUEUE_PURGE" in reasons, reasons
        if has_bql(a):
            equal(bql(a, "inflight"), [0], "in flight")
        ethtool(a, "--set-priv-flags pa broken off")
        a.run("ip link set pa up")
        wait_until(lambda: a.ping("192.0.2.2", 1, "-W 2"), 20, "an answer")


@case
@churn
def rings_change_under_traffic():
    """No size loses the traffic; a size that cannot be is refused and changes nothing."""
    a, b = two()
    flood(a)
    for size, made in ((8, 8), (600, 1024), (128, 128)):
        ethtool(a, f"-G pa tx {size}")
        equal(ring(a), made, "the size")
        before = statistics(a)["tx"]["packets"]
        wait_until(lambda: statistics(a)["tx"]["packets"] > before + 20, 20, "traffic")
    for size in ("tx 7", "tx 1025", "tx 4294967295", "tx 0", "tx 256 rx 15"):
        refused(a, f"-G pa {size}")
        equal(ring(a), 128, "the size")
    # Those of the receiver.
    for size, made in (("rx 16", (16, 128)), ("rx 513 tx 9", (1024, 16)), ("rx 256 tx 128", (256, 128))):
        ethtool(b, f"-G pb {size}")
        equal((ring(b, "pb", "RX"), ring(b, "pb")), made, "the sizes")
        before = statistics(b, "pb")["rx"]["packets"]
        wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before + 20, 20, "traffic")
    for size in ("rx 15", "rx 1025", "rx 4294967295", "rx 0"):
        refused(b, f"-G pb {size}")
        equal(ring(b, "pb", "RX"), 256, "the size")
    # While it is down, too.
    a.run("ip link set pa down")
    ethtool(a, "-G pa rx 64 tx 32")
    a.run("ip link set pa up")
    equal((ring(a, which="RX"), ring(a)), (64, 32), "the sizes")
    wait_until(lambda: a.ping("192.0.2.2", 1, "-W 2"), 20, "an answer")


@case
def a_full_receive_ring_drops():
    """The line brings 64 packets at once: some of them are lost without room for as many."""
    a, b = two()
    ethtool(a, "-C pa tx-usecs 20000")
    flood(a)
    for size, lost in ((16, True), (256, False)):
        ethtool(b, f"-G pb rx {size}")
        before = statistics(b, "pb")["rx"]
        with drop_reasons() as reasons:
            wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before["packets"] + 300, 30, "traffic")
        equal("FULL_RING" in reasons, lost, f"lost packets with {size} places")
        equal(statistics(b, "pb")["rx"]["dropped"] > before["dropped"], lost, "what is counted")


@case
@emulated
def channels_change_under_traffic():
    """Queues come and go in pairs, and what is received is spread over those there are."""
    a, b = two()
    for ns, name in ((a, "pa"), (b, "pb")):
        text = ethtool(ns, f"-l {name}").stdout
        equal(re.findall(r"Combined:\s*(\d+)", text), ["2", "1"], "channels")
    flood(a)
    for count in (2, 1, 2):
        ethtool(a, f"-L pa combined {count}")
        ethtool(b, f"-L pb combined {count}")
        before = statistics(b, "pb")["rx"]["packets"]
        wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before + 20, 20, "traffic")
        equal("tx_queue_1_packets" in counters(a, "pa"), count == 2, "statistics of a second queue")
    for count in (0, 3):
        refused(a, f"-L pa combined {count}")
    refused(a, "-L pa rx 1 tx 1")


def table(ns, name):
    text = ethtool(ns, f"-x {name}").stdout
    return [int(queue) for line in re.findall(r"^\s*\d+:(.*)$", text, re.M) for queue in line.split()]


@case
@emulated
def flows_are_spread_as_the_table_says():
    a, b = two()
    equal(table(b, "pb"), [0] * 128, "the table of one queue")
    ethtool(b, "-L pb combined 2")
    equal(table(b, "pb"), [0, 1] * 64, "the table of two queues")
    ethtool(b, "-X pb weight 1 3")
    equal(table(b, "pb"), [0] * 32 + [1] * 96, "the table that was set")
    # A queue that the user's table names stays.
    refused(b, "-L pb combined 1")
    refused(b, "-X pb weight 0 0 1")
    refused(b, "-X pb hkey 01:02")
    ethtool(b, "-X pb weight 0 1")
    assert a.ping("192.0.2.2")
    ethtool(b, "-X pb default")
    equal(table(b, "pb"), [0, 1] * 64, "the table of two queues again")
    ethtool(b, "-L pb combined 1")
    equal(table(b, "pb"), [0] * 128, "the table of one queue again")


@case
def interrupts_are_held_back():
    """A time that is set is what an answer takes."""
    a, b = two()
    assert "tx-usecs: 50\n" in ethtool(a, "-c pa").stdout
    ethtool(a, "-C pa tx-usecs 300000")
    assert "tx-usecs: 300000\n" in ethtool(a, "-c pa").stdout
    start = time.monotonic()
    assert a.ping("192.0.2.2", 1)
    assert time.monotonic() - start >= 0.3, "an answer before the interrupt"
    ethtool(a, "-C pa tx-usecs 0")
    assert a.ping("192.0.2.2")
    for options in ("tx-usecs 1000001", "rx-usecs 1", "tx-frames 2", "adaptive-tx on"):
        refused(a, f"-C pa {options}")
    assert "tx-usecs: 0\n" in ethtool(a, "-c pa").stdout


def delivered(a, b, *datagrams):
    """Sends a datagram for each (interrupt's delay in microseconds, when to send it in seconds from the
    first on). Returns how long each took, in seconds."""
    with b.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, a.enter(), \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        receiver.bind(("192.0.2.2", 9))
        receiver.settimeout(20)
        sent = []
        for delay, when in datagrams:
            ethtool(a, f"-C pa tx-usecs {delay}")
            if sent:
                time.sleep(max(0, sent[0] + when - time.time()))
            sent.append(time.time())
            sender.sendto(b"x", ("192.0.2.2", 9))
        took = []
        for start in sent:
            _, ((_, _, stamp),), _, _ = receiver.recvmsg(1, 64)
            seconds, nanoseconds = struct.unpack("qq", stamp)
            took.append(seconds + nanoseconds / 1e9 - start)
        return took


@case
def the_earliest_interrupt_counts():
    """A short delay is not made longer by a long one, nor what is left of a long one by a short one."""
    a, b = two()
    if has_bql(a):
        # An idle queue's limit comes down to a packet, and the second would not reach the card before the first.
        Sys(a).write("pa/queues/tx-0/byte_queue_limits/limit_min", 10000)
    assert a.ping("192.0.2.2")
    _, second = delivered(a, b, (1_000_000, 0), (1000, 0))
    assert second < 0.5, f"the second took {second:.3f} s"
    wait_until(lambda: a.ping("192.0.2.2", 1), 10, "an idle line")
    first, _ = delivered(a, b, (1_000_000, 0), (900_000, 0.7))
    assert first < 1.4, f"the first took {first:.3f} s"


@case
def a_vlan_is_received_when_it_is_asked_for():
    """The core tells the card which VLANs there are; others' frames are not received."""
    a, b = two()
    # Nothing but what is sent here.
    for ns in (a, b):
        ns.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    # VLAN 0 comes when a card goes up.
    equal(counters(b, "pb")["vlans"], 1, "VLANs")
    a.run("ip link add link pa name v7 type vlan id 7 && ip link set v7 up")
    before = counters(b, "pb")["rx_filtered"]
    a.run("ip addr add 198.51.100.1/24 dev v7")
    a.run("ping -c 1 -W 1 198.51.100.2", check=False)
    wait_until(lambda: counters(b, "pb")["rx_filtered"] > before, 10, "a frame that is filtered")
    b.run("ip link add link pb name v7 type vlan id 7 && ip link set v7 up")
    equal(counters(b, "pb")["vlans"], 2, "VLANs")
    b.run("ip addr add 198.51.100.2/24 dev v7")
    # What the first ping has left looks for the address still: its failure would be this one's.
    a.run("ip neigh flush dev v7")
    assert a.ping("198.51.100.2"), "no answer on the VLAN"
    b.run("ip link del v7")
    equal(counters(b, "pb")["vlans"], 1, "VLANs")
    # Without the filter all are received.
    ethtool(b, "-K pb rx-vlan-filter off")
    equal(counters(b, "pb")["vlans"], 0, "VLANs")
    before = counters(b, "pb")["rx_filtered"]
    a.run("ping -c 1 -W 1 198.51.100.2", check=False)
    equal(counters(b, "pb")["rx_filtered"], before, "frames that are filtered")
    # 802.1ad is none of this card's filter.
    b.run("ip link add link pb name s7 type vlan proto 802.1ad id 7")


@case
def addresses_are_filtered():
    """Multicast lists, second addresses and promiscuity reach the card."""
    a, b = two()
    # Each address of IPv6 is in a group of its own, once it is made and looked for.
    wait_until(lambda: "fe80::" in b.run("ip -6 addr show dev pb -tentative").stdout, 20,
               "a link-local address")
    groups = counters(b, "pb")["multicast_addresses"]
    b.run("ip maddr add 01:00:5e:01:02:03 dev pb")
    equal(counters(b, "pb")["multicast_addresses"], groups + 1, "groups")
    b.run("ip maddr del 01:00:5e:01:02:03 dev pb")
    equal(counters(b, "pb")["multicast_addresses"], groups, "groups")
    # A second address without promiscuity: the card filters them.
    b.run("ip link add link pb name m0 type macvlan && ip link set m0 up")
    state = counters(b, "pb")
    equal((state["unicast_addresses"], state["promiscuous"]), (1, 0), "addresses")
    a.run("ip addr add 203.0.113.1/24 dev pa")
    b.run("ip addr add 203.0.113.2/24 dev m0")
    assert a.ping("203.0.113.2")
    b.run("ip link del m0")
    equal(counters(b, "pb")["unicast_addresses"], 0, "addresses")
    # Somebody else's frames are not received, unless all are.
    a.run("ip neigh replace 192.0.2.77 lladdr 02:00:00:00:00:77 dev pa nud permanent")

    def filtered():
        before = counters(b, "pb")["rx_filtered"]
        a.run("ping -q -c 3 -i 0.05 -W 1 192.0.2.77", check=False)
        return counters(b, "pb")["rx_filtered"] - before
    assert filtered() >= 3
    for flag, name in (("promisc", "promiscuous"), ("allmulticast", "all_multicast")):
        b.run(f"ip link set pb {flag} on")
        equal(counters(b, "pb")[name], 1, name)
        if flag == "promisc":
            equal(filtered(), 0, "filtered")
        b.run(f"ip link set pb {flag} off")
        equal(counters(b, "pb")[name], 0, name)
    assert filtered() >= 3


@case
def a_hardware_address_is_the_drivers():
    """The driver hears of an address, refuses one, and takes frames for the new one."""
    a, b = two()
    old, peer = a.link("pa")["address"], b.link("pb")["address"]
    assert a.run("ip link set pa address 02:00:00:00:00:01", check=False).returncode, "while up"
    a.run("ip link set pa down")
    for address in (peer, "01:00:00:00:00:01", "00:00:00:00:00:00"):
        done = a.run(f"ip link set pa address {address}", check=False)
        assert done.returncode, f"accepted: {address}"
        equal(a.link("pa")["address"], old, "the address")
    a.run("ip link set pa address 02:00:00:00:00:01 up")
    a.run("ip addr replace 192.0.2.1/24 dev pa")
    b.run("ip neigh flush all")
    wait_until(lambda: b.ping("192.0.2.1", 1, "-W 2"), 20, "an answer")


@case
def two_cards_have_two_addresses():
    """A card whose address the other end has does not go up."""
    modprobe("nic")
    a, b = NetNs(), NetNs()
    same = [(rtnl.IFLA_ADDRESS, b"\x02\0\0\0\0\x09")]
    with a.enter():
        rtnl.newlink("pa", "nic", attrs=same, peer=(PEER, "pb", b.name, same))
    done = a.run("ip link set pa up", check=False)
    assert done.returncode and "in use" in done.stderr, done.stderr
    equal("UP" in a.link("pa")["flags"], False, "up")


@case
def queues_are_in_pairs():
    """As many receive as transmit queues are in use, whatever is asked for."""
    modprobe("nic")
    a = NetNs()
    with a.enter():
        rtnl.newlink("pa", "nic", attrs=[(31, rtnl.u32(4)), (32, rtnl.u32(3))],
                     peer=(PEER, "pb", None))
    text = ethtool(a, "-l pa").stdout
    equal(re.findall(r"Combined:\s*(\d+)", text), ["3", "3"], "channels")
    ethtool(a, "-L pa combined 1")
    ethtool(a, "-L pa combined 3")


@case
@emulated
def a_queue_serves_its_processors():
    """XPS: by the driver when the numbers of queues are set, and by whoever writes to /sys."""
    a, b = two()
    ethtool(a, "-L pa combined 2")
    sys = Sys(a)
    if not sys.shell("ls /sys/class/net/pa/queues/tx-0/xps_cpus || true"):
        raise Skip("the kernel has no XPS (CONFIG_XPS)")
    equal([int(sys.read(f"pa/queues/tx-{queue}/xps_cpus"), 16) for queue in range(2)], [1, 2],
          "processors")
    for queue, processors in ((0, 0), (1, 3)):
        sys.write(f"pa/queues/tx-{queue}/xps_cpus", processors)
    before = counters(a, "pa")
    a.run("taskset -c 0 ping -q -c 5 -i 0.05 192.0.2.2")
    after = counters(a, "pa")
    assert after["tx_queue_1_packets"] >= before["tx_queue_1_packets"] + 5, after
    ethtool(a, "-L pa combined 1")
    equal(int(sys.read("pa/queues/tx-0/xps_cpus"), 16), 3, "processors of one queue")


@case
def packets_of_pktgen_are_held_back():
    """A sender without a queueing discipline is told when there is no room, and loses nothing."""
    modprobe("pktgen", "nic")
    # pktgen's files are of the first namespace.
    rtnl.newlink("pa", "nic", peer=(PEER, "pb", None))
    run("ip link set pa up && ip link set pb up")
    run("ethtool -G pa tx 8 && ethtool -C pa tx-usecs 2000")
    thread = pathlib.Path("/proc/net/pktgen/kpktgend_0")
    thread.write_text("add_device pa\n")
    device = pathlib.Path("/proc/net/pktgen/pa")
    mac = json.loads(run("ip -j link show pb").stdout)[0]["address"]
    for words in ("count 2000", "pkt_size 60", "delay 0", f"dst_mac {mac}", "dst 192.0.2.2"):
        device.write_text(words + "\n")
    pathlib.Path("/proc/net/pktgen/pgctrl").write_text("start\n")
    said = device.read_text()
    thread.write_text("rem_device_all\n")
    assert "sofar: 2000" in " ".join(said.split()), said
    wait_until(lambda: json.loads(run("ip -s -j link show pa").stdout)[0]["stats64"]["tx"]
               ["packets"] >= 2000, 20, "all packets sent")
    run("ip link del pa")


def stormed(a, b):
    flood(a)
    flood(b, "192.0.2.1")
    before = statistics(b, "pb")["rx"]["packets"]
    wait_until(lambda: statistics(b, "pb")["rx"]["packets"] > before + 100, 20, "traffic")


@case
def deleted_under_traffic():
    a, b = two()
    stormed(a, b)
    a.run("ip link del pa")
    equal(b.run("ip link show pb", check=False).returncode != 0, True, "gone")
    pair(a, b)


@case
def namespace_deleted_under_traffic():
    a, b = two()
    stormed(a, b)
    for pid in run(["ip", "netns", "pids", a.name]).stdout.split():
        run(["kill", "-9", pid], check=False)
    a.delete()
    wait_until(lambda: b.run("ip link show pb", check=False).returncode, 30, "gone")


@case
@churn
def unloaded_under_traffic():
    """With rings that are full, of a line that is broken."""
    a, b = two()
    ethtool(a, "-G pa tx 8")
    stormed(a, b)
    ethtool(a, "--set-priv-flags pa broken on")
    wait_until(lambda: waiting(a) > 5, 20, "packets in the queueing discipline")
    rmmod("nic")
    equal(loaded("nic"), False, "loaded")


main(46)
