#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair's queues: their numbers, NAPI, back pressure, statistics. See topology.py."""

import json
import pathlib
import socket

import ynl
from selftest import (NetNs, case, checked, churn, defer, emulated, equal, iperf, main, modprobe,
                      need, run, wait_until)
from topology import ethtool_statistics, flood, pair, received, statistics, two


def netdev(ns):
    return ynl.family("netdev", ns, ynl.KERNEL_SPECS)


def channels(ns, name, section="Current hardware settings"):
    """Receive and transmit queues that are in use, as `ethtool -l` says."""
    text = ns.run(f"ethtool -l {name}").stdout.partition(section)[2]
    values = [line.partition(":") for line in text.splitlines() if line[:2] in ("RX", "TX")]
    return tuple(int(value) for _, _, value in values[:2])


def most_channels(ns, name):
    return channels(ns, name, "Pre-set maximums")


def gro(ns, name, how="on"):
    ns.run(f"ethtool -K {name} gro {how}")


def polled(family, ns, name):
    """NAPI's id by the number of the receive queue."""
    queues = family.dump("queue-get", {"ifindex": ns.link(name)["ifindex"]})
    return {queue["id"]: queue.get("napi-id") for queue in queues if queue["type"] == "rx"}


def queue_statistics(family, ns, name, scope=None):
    request = {"ifindex": ns.link(name)["ifindex"]}
    if scope:
        request["scope"] = scope
    return family.dump("qstats-get", request)


@case
def numbers_by_attribute():
    """`numtxqueues` and `numrxqueues` say how many there are and are in use."""
    modprobe("vpair")
    a = NetNs()
    a.run("ip link add pa numtxqueues 4 numrxqueues 3 type vpair")
    equal(most_channels(a, "pa"), (3, 4), "queues")
    equal(channels(a, "pa"), (3, 4), "in use")
    peer = next(entry for entry in json.loads(a.run("ip -d -j link").stdout)
                if entry["ifname"] != "pa" and entry.get("linkinfo", {}).get("info_kind") == "vpair")
    equal(channels(a, peer["ifname"]), (3, 4), "in use by the peer")
    a.run("ip link del pa")
    a.run("ip link add pa type vpair")
    last = pathlib.Path("/sys/devices/system/cpu/possible").read_text().strip().rpartition("-")[2]
    equal(most_channels(a, "pa"), (int(last) + 1,) * 2, "a queue for each CPU")
    equal(channels(a, "pa"), (1, 1), "one of them in use")


@case
def numbers_out_of_range():
    a, _ = two()
    for numbers in ("rx 0", "tx 0", "rx 65536", "tx 4097", "combined 1", "other 1"):
        done = a.run(f"ethtool -L pa {numbers}", check=False)
        assert done.returncode, f"accepted: {numbers}"
        equal(channels(a, "pa"), (1, 1), "in use")
    for numbers in ("numtxqueues 0", "numrxqueues 5000"):
        done = a.run(f"ip link add px {numbers} type vpair", check=False)
        assert done.returncode, f"accepted: {numbers}"


@case
@churn
@emulated
def numbers_changed_under_traffic():
    a, b = two()
    gro(a, "pa")
    gro(b, "pb")
    a.run("ethtool -K pa tso off")
    family = netdev(b)
    flood(a, b)
    for step in range(10):
        count = 1 + step % 2
        a.run(f"ethtool -L pa rx {count} tx {3 - count}")
        b.run(f"ethtool -L pb rx {count} tx {count}")
        equal(channels(b, "pb"), (count, count), "in use")
        equal(sorted(polled(family, b, "pb")), list(range(count)), "polled")
        assert all(polled(family, b, "pb").values())
    received(b, "pb", 50)
    a.run("ip link set pa down; ethtool -L pa rx 2 tx 1; ip link set pa up")
    equal(channels(a, "pa"), (2, 1), "in use after a change while it is down")
    received(b, "pb", 50)


@case
def polled_when_gro_asks():
    """NAPI is there with GRO and only then; its id is that of its queue, for good."""
    a, b = two()
    family = netdev(b)
    ifindex = b.link("pb")["ifindex"]
    equal(polled(family, b, "pb"), {0: None}, "without GRO")
    equal(family.dump("napi-get", {"ifindex": ifindex}), [], "instances without GRO")
    gro(b, "pb")
    napi = polled(family, b, "pb")[0]
    assert napi, "no NAPI"
    instances = family.dump("napi-get", {"ifindex": ifindex})
    equal([instance["id"] for instance in instances], [napi], "instances")
    b.run("ip link set pb down")
    equal(family.dump("napi-get", {"ifindex": ifindex}), [], "instances while it is down")
    b.run("ip link set pb up")
    equal(polled(family, b, "pb")[0], napi, "id after down and up")
    assert a.ping("192.0.2.2")
    gro(b, "pb", "off")
    equal(family.dump("napi-get", {"ifindex": ifindex}), [], "instances without GRO again")
    assert a.ping("192.0.2.2")


@case
@checked
def carries_tcp_by_polling():
    """Without segmentation at the sender, with GRO at the receiver: merged, checksums are right."""
    a, b = two()
    a.run("ethtool -K pa tso off gso off")
    gro(b, "pb")
    assert iperf(a, b, "192.0.2.2") > 1e5
    assert iperf(a, b, "2001:db8::2") > 1e5
    assert ethtool_statistics(b, "pb")["rx_queue_0_xdp_packets"] > 100
    errors = b.run("nstat -asz TcpInCsumErrors").stdout.split()
    equal(errors[errors.index("TcpInCsumErrors") + 1], "0", "checksum errors")


@case
@checked
def polled_by_a_thread():
    a, b = two()
    gro(b, "pb")
    family = netdev(b)
    a.run("ethtool -K pa tso off")
    napi = polled(family, b, "pb")[0]
    family.do("napi-set", {"id": napi, "threaded": "enabled"})
    pid = family.do("napi-get", {"id": napi})["pid"]
    equal(pathlib.Path(f"/proc/{pid}/comm").read_text()[:8], "napi/pb-", "the thread")
    before = ethtool_statistics(b, "pb")["rx_queue_0_xdp_packets"]
    assert iperf(a, b, "192.0.2.2") > 1e5
    assert ethtool_statistics(b, "pb")["rx_queue_0_xdp_packets"] > before
    b.run("ip link set pb down; ip link set pb up")
    equal(family.do("napi-get", {"id": napi})["threaded"], "enabled", "kept")
    assert a.ping("192.0.2.2")


@case
@emulated
def polled_by_threads():
    """All of a device's, by its file in sysfs."""
    a, b = two()
    b.run("ethtool -L pb rx 2")
    gro(b, "pb")
    family = netdev(b)
    ifindex = b.link("pb")["ifindex"]

    def threads(how):
        run(["ip", "netns", "exec", b.name, "sh", "-c", f"echo {how} > /sys/class/net/pb/threaded"])
        return {instance.get("pid") for instance in family.dump("napi-get", {"ifindex": ifindex})}
    pids = threads(1)
    assert len(pids) == 2 and all(pids), pids
    assert a.ping("192.0.2.2")
    b.run("ethtool -L pb rx 1; ethtool -L pb rx 2")
    assert a.ping("192.0.2.2")
    equal(threads(0), {None}, "threads")
    assert a.ping("192.0.2.2")


@case
@emulated
def sent_on_the_queue_of_the_cpu():
    """As the files of the queues say (XPS); received by the queue of the same number."""
    a, b = two()
    a.run("ethtool -K pa tso off; ethtool -L pa tx 2")
    b.run("ethtool -L pb rx 2")
    gro(b, "pb")
    files = "/sys/class/net/pa/queues/tx-{}/xps_cpus"
    for used in (1, 0):
        run(["ip", "netns", "exec", a.name, "sh", "-c", f"echo 3 > {files.format(used)};"
             f" echo 0 > {files.format(1 - used)}"])
        before = ethtool_statistics(b, "pb")
        assert a.ping("192.0.2.2", count=20)
        after = ethtool_statistics(b, "pb")
        more = [after[f"rx_queue_{number}_xdp_packets"] - before[f"rx_queue_{number}_xdp_packets"]
                for number in (0, 1)]
        assert more[used] >= 20, more
        equal(more[1 - used], 0, f"packets of queue {1 - used}")


@case
def polled_by_a_busy_reader():
    a, b = two()
    gro(b, "pb")
    a.run("ethtool -K pa tso off")
    napi = polled(netdev(b), b, "pb")[0]
    run("sysctl -qw net.core.busy_read=50 net.core.busy_poll=50")
    defer(run, "sysctl -qw net.core.busy_read=0 net.core.busy_poll=0")
    with b.enter():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("192.0.2.2", 4000))
        receiver.settimeout(10)
    with a.enter():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(receiver.close)
    defer(sender.close)
    for number in range(20):
        sender.sendto(b"%d" % number, ("192.0.2.2", 4000))
        equal(receiver.recv(100), b"%d" % number, "datagram")
    SO_INCOMING_NAPI_ID = 56
    equal(receiver.getsockopt(socket.SOL_SOCKET, SO_INCOMING_NAPI_ID), napi, "NAPI of the socket")


@case
def holds_back_what_the_receiver_cannot_take():
    """With a queueing discipline a full ring stops the queue, and its poll starts it again."""
    a, b = two()
    need("tc")
    a.run("ethtool -K pa tso off")
    gro(b, "pb")
    a.run("tc qdisc add dev pa root pfifo limit 10000")
    for address in ("192.0.2.2", "2001:db8::2"):
        assert iperf(a, b, address, options="-P 4") > 1e5
    flood(a, b)
    for _ in range(4):
        # Its poll goes away and comes back while packets wait for it.
        gro(b, "pb", "off")
        received(b, "pb", 20)
        gro(b, "pb")
        received(b, "pb", 20)
        b.run("ip link set pb down; ip link set pb up")
        received(b, "pb", 20)
    assert a.ping("192.0.2.2")


@case
@emulated
def statistics_of_queues():
    """Those of all queues and the rest are those of the device, at both ends."""
    a, b = two()
    family = {"a": netdev(a), "b": netdev(b)}
    assert a.ping("192.0.2.2", count=10)
    gro(b, "pb")
    a.run("ethtool -K pa tso off; ethtool -L pa tx 2; ")
    b.run("ethtool -L pb rx 2")
    assert iperf(a, b, "192.0.2.2", options="-P 4") > 1e5
    b.run("ethtool -L pb rx 1")
    a.run("ethtool -L pa tx 1")

    def agree():
        for name, ns, device in (("a", a, "pa"), ("b", b, "pb")):
            whole = queue_statistics(family[name], ns, device)[0]
            link = statistics(ns, device)
            for way in ("rx", "tx"):
                for unit in ("packets", "bytes"):
                    if whole[f"{way}-{unit}"] != link[way][unit]:
                        return False
        sent, got = statistics(a, "pa")["tx"], statistics(b, "pb")["rx"]
        return (sent["packets"], sent["bytes"]) == (got["packets"], got["bytes"])
    wait_until(agree, 20, "all of them agree")
    each = queue_statistics(family["b"], b, "pb", "queue")
    equal(sorted((entry["queue-type"], entry["queue-id"]) for entry in each),
          [("rx", 0), ("tx", 0)], "queues")
    assert all(entry.get("rx-packets", 1) > 0 for entry in each), each


@case
@emulated
def statistics_by_name():
    a, b = two()
    b.run("ethtool -L pb rx 2")
    gro(b, "pb")
    a.run("ethtool -K pa tso off")
    assert a.ping("192.0.2.2", count=5, options="-s 100")
    values = ethtool_statistics(b, "pb")
    equal(values["peer_ifindex"], a.link("pa")["ifindex"], "the peer")
    assert values["rx_queue_0_xdp_packets"] >= 5, values
    assert values["rx_queue_0_xdp_bytes"] >= 5 * 142, values
    assert values["rx_queue_1_xdp_packets"] == 0, values


@case
@checked
def unlinked_from_their_queues_when_they_go():
    """Deleting a device that is polled, from either end, under traffic."""
    a, b = two()
    flood(a, b)
    for ns, name in ((a, "pa"), (b, "pb")):
        gro(a, "pa")
        gro(b, "pb")
        a.run("ethtool -K pa tso off")
        b.run("ethtool -K pb tso off")
        received(b, "pb", 50)
        ns.run(f"ip link del {name}")
        wait_until(lambda: not json.loads(a.run("ip -j link show type vpair").stdout or "[]"), 10,
                   "gone")
        pair(a, b)


main(60)
