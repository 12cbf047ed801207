#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of what packets may outlive, with the devices of keeper.rs.

    +----------- a -----------+        +------- this one --------+
    | k0                      o--------o k1                      |
    |    what it sends is kept|        |there                    |
    +-------------------------+        +-------------------------+
"""

import contextlib
import json
import mmap
import pathlib
import socket
import struct

import bpf
import rtnl
from selftest import (NetNs, Skip, case, checked, churn, defer, equal, main, modprobe, run,
                      wait_until)

PEER, MODE = 1, 2
KEEP, TUNNEL, HOLD, MOVE = range(4)
PROTOCOL = 253
# Of <asm-generic/socket.h>.
SO_ZEROCOPY, MSG_ZEROCOPY = 60, 0x4000000


def delete(name):
    run(["ip", "link", "del", name], check=False)


def pair(mode, here=None, there=None):
    """Makes k0 in one namespace and k1 in the other, this one if there is none; both are up."""
    # That of the machine's first process.
    first = [(rtnl.IFLA_NET_NS_PID, rtnl.u32(1))]
    with here.enter() if here else contextlib.nullcontext():
        rtnl.newlink("k0", "keeper", data=[(MODE, bytes([mode]))],
                     peer=(PEER, "k1", there.name, []) if there else (PEER, "k1", None, first))
    if not there:
        defer(delete, "k1")
    for name, ns in ("k0", here), ("k1", there):
        (ns.run if ns else run)(f"ip link set {name} up")


def packets(name, ns=None, which="tx"):
    text = (ns.run if ns else run)(f"ip -s -j link show dev {name}").stdout
    return json.loads(text)[0]["stats64"][which]["packets"]


def send(ns, address, number=9):
    """A datagram by k0 to an address whose neighbour is known."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ns.enter(), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (address, number))


def sender(prepare=lambda ns: None):
    """A namespace whose packet is kept in this one. It is gone when this returns, and its memory, too."""
    ns = NetNs()
    pair(KEEP, ns)
    ns.run("ip addr add 192.0.2.1/24 dev k0")
    ns.run("ip -6 addr add 2001:db8::1/64 dev k0 nodad")
    ns.run("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev k0")
    ns.run("ip -6 neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev k0")
    prepare(ns)
    return ns


def gone(ns):
    """Waits until a namespace has been taken down: the pair that has an end in it is gone."""
    ns.delete()
    wait_until(lambda: not pathlib.Path("/sys/class/net/k1").exists(), 30, "the namespace is gone")
    # A namespace's memory is freed when the next one has been.
    NetNs().delete()
    other = NetNs()
    run(["ip", "link", "add", "v0", "type", "dummy"])
    run(["ip", "link", "set", "v0", "netns", other.name])
    other.delete()


@case
def a_packet_outlives_the_namespace_of_its_route():
    """A packet with an IPv6 route, which is counted in its namespace, is let go when that is gone; and so is the
    route that a tunnel has sent by, which is kept elsewhere."""
    modprobe("keeper")
    for _ in range(2):
        ns = sender()
        send(ns, "2001:db8::2")
        gone(ns)


@case
def a_packet_outlives_the_namespace_of_its_ipsec_policy():
    """One whose IPv4 route is made by a policy of IPsec is counted there, too; so is the route that a
    tunnel has sent by."""
    def policy(ns):
        ends = "src 192.0.2.1 dst 192.0.2.2"
        key = "0x" + "01" * 20
        done = ns.run(f"ip xfrm state add {ends} proto esp spi 1 mode transport "
                      f"aead 'rfc4106(gcm(aes))' {key} 128", check=False)
        if done.returncode:
            raise Skip(f"no IPsec: {done.stderr.strip()}")
        ns.run(f"ip xfrm policy add {ends} dir out tmpl {ends} proto esp mode transport")
    modprobe("keeper")
    for _ in range(2):
        ns = sender(policy)
        send(ns, "192.0.2.2")
        gone(ns)


@case
@churn
def a_packet_outlives_its_connection():
    """A packet of a tracked connection is kept, and its namespace is freed all the same: so is the next
    one."""
    def track(ns):
        done = ns.run("nft add table t && nft add chain t c '{ type filter hook output priority 0; }' "
                      "&& nft add rule t c ct state new counter", check=False)
        if done.returncode:
            raise Skip(f"no tracking of connections: {done.stderr.strip()}")
    modprobe("keeper")
    ns = sender(track)
    send(ns, "192.0.2.2")
    counted = json.loads(ns.run("nft -j list chain t c").stdout)["nftables"][-1]["rule"]["expr"]
    equal([entry["counter"]["packets"] for entry in counted if "counter" in entry], [1], "tracked")
    gone(ns)
    # Namespaces are taken down one after the other.
    other = NetNs()
    run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", other.name])
    other.delete()
    wait_until(lambda: not pathlib.Path("/sys/class/net/v0").exists(), 30, "the next one is gone")


def received(prepare, forget):
    """Packets are received and kept, by a module that keeps the last one; then what they came by goes, and the one
    that is kept is sent through a tunnel, which looks at the route that a packet has."""
    modprobe("keeper")
    here, there = NetNs(), NetNs()
    with here.enter():
        run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", there.name])
    here.up("v0", "192.0.2.1/24")
    there.up("v1", "192.0.2.2/24")
    assert there.ping("192.0.2.1", 1)
    lent = prepare(here)
    with there.enter(), socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL) as sock:
        # The first makes the route that the others are lent. Shorter than what the protocol wants.
        for _ in range(3):
            sock.sendto(b"x" * 30, ("192.0.2.1", 0))
    forget(here, lent)
    here.run("ip link del v0")
    with here.enter():
        rtnl.newlink("k0", "keeper", data=[(MODE, bytes([TUNNEL]))], peer=(PEER, "k1", None))
    here.up("k1")
    here.up("k0", "198.51.100.1/24")
    here.run("ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev k0")
    # Freed after a grace period, as a namespace is.
    NetNs().delete()
    before = packets("k0", here)

    def sent():
        send(here, "198.51.100.2")
        return packets("k0", here) > before
    wait_until(sent, 10, "the packet is sent")


@case
def a_packet_outlives_the_route_that_it_came_by():
    def forget(here, _):
        here.run("ip addr del 192.0.2.1/24 dev v0")
        here.run("ip route flush cache")
    received(lambda _: None, forget)


@case
def a_packet_outlives_the_socket_that_it_was_found_for():
    """One that a packet holds no reference to: a UDP socket is freed a grace period after it was closed."""
    def prepare(here):
        with here.enter():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("192.0.2.1", 9))
        bpf.Classifier(bpf.to_socket("192.0.2.1", 9)).attach(here, "v0")
        return sock
    received(prepare, lambda _, sock: sock.close())


def completions(sock):
    """Of what the sender lent its pages for: `ee_code` of each (see struct sock_extended_err)."""
    codes = []
    with contextlib.suppress(BlockingIOError):
        while True:
            _, control, _, _ = sock.recvmsg(0, 1000, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            codes += [struct.unpack_from("=IBBB", data)[3] for _, _, data in control]
    return codes


@case
def a_packet_keeps_the_pages_of_its_sender():
    """A sender that has lent its pages (MSG_ZEROCOPY) has them back when the packet is gone, and not earlier."""
    modprobe("keeper")
    ns = sender()
    with ns.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        page = mmap.mmap(-1, mmap.PAGESIZE)
        sock.sendto(memoryview(page)[:1000], MSG_ZEROCOPY, ("192.0.2.2", 9))
        equal(completions(sock), [], "what the sender is told while its pages are kept")
        send(ns, "192.0.2.2")
        told = []

        def complete():
            told.extend(completions(sock))
            return told
        wait_until(complete, 10, "the sender has its pages back")
        # 1, if they had been copied.
        equal(told, [0], "what the sender is told")
        # Freed with its process's mapping and its socket gone.
        sock.sendto(memoryview(page)[:1000], MSG_ZEROCOPY, ("192.0.2.2", 9))
    send(ns, "192.0.2.2")
    gone(ns)


@case
def a_device_outlives_the_namespace_of_its_map():
    """A device that was moved away is not deleted with the namespace whose packets it is for, while others hold
    RTNL all the time."""
    modprobe("keeper")
    b = NetNs()
    reader = b.popen("sh -c 'while ip -d link show >/dev/null; do :; done'")
    for _ in range(5):
        a = NetNs()
        pair(MOVE, a, b)
        a.run(f"ip link set k0 netns {b.name}")
        a.delete()
        other = NetNs()
        run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", other.name])
        other.delete()
        # Namespaces are taken down one after the other.
        wait_until(lambda: not pathlib.Path("/sys/class/net/v0").exists(), 30, "the next one is gone")
        assert b.link("k0") and b.link("k1")
        b.run("ip link del k0")
    assert reader.poll() is None, "the reader has ended"


@case
@churn
def a_shared_packet_is_sent():
    """pktgen has a reference of what it sends: who moves its bytes gets a packet of its own."""
    modprobe("pktgen", "keeper")
    pair(MOVE)
    thread = pathlib.Path("/proc/net/pktgen/kpktgend_0")
    thread.write_text("add_device k0\n")
    device = pathlib.Path("/proc/net/pktgen/k0")
    for words in ("count 20", "pkt_size 60", "delay 0", "dst_mac 02:00:00:00:00:02",
                  "dst 192.0.2.2"):
        device.write_text(words + "\n")
    pathlib.Path("/proc/net/pktgen/pgctrl").write_text("start\n")
    said = device.read_text()
    thread.write_text("rem_device_all\n")
    assert "sofar: 20" in " ".join(said.split()), said
    wait_until(lambda: packets("k0") >= 20, 10, "all packets sent")


@case
@checked
def a_packet_that_is_held_back_is_its_queues():
    """A driver that has changed the number of the queue gives the packet back to the one it is of."""
    modprobe("keeper")
    a, b = NetNs(), NetNs()
    pair(HOLD, a, b)
    a.up("k0", "192.0.2.1/24")
    b.up("k1", "192.0.2.2/24")
    a.run(f"ip neigh add 192.0.2.2 lladdr {b.link('k1')['address']} dev k0")
    with b.enter():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver:
        receiver.bind(("192.0.2.2", 9))
        receiver.settimeout(20)
        for _ in range(5):
            send(a, "192.0.2.2")
            equal(receiver.recv(10), b"x", "what arrives")
    requeues = json.loads(a.run("tc -s -j qdisc show dev k0").stdout)[0]["requeues"]
    assert requeues >= 5, f"{requeues} were held back"


main(16)
