#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of siit: what is carried, and how. See translators.py."""

import contextlib
import re
import socket
import struct
import time

from selftest import case, checked, defer, equal, iperf, main, need, wait_until
from translators import (FOUR, FOUR_IN_6, ROUTER_IN_4, SIX, SIX_IN_4, Family, batch, link_statistics,
                         network, statistics, translator)


@contextlib.contextmanager
def capture(ns, device):
    """A function that returns the next packet, from its IP header on, that `wanted` says yes to."""
    with ns.enter():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        sock.bind((device, 3))
    sock.settimeout(10)

    def packet(wanted=lambda packet: True):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            data = sock.recv(65536)
            if wanted(data):
                return data
        raise AssertionError("no such packet")
    with sock:
        yield packet


def udp(ns, family, address=None, port=0):
    """A UDP socket, bound where there is an address."""
    with ns.enter():
        sock = socket.socket(family, socket.SOCK_DGRAM)
    defer(sock.close)
    sock.settimeout(10)
    if address:
        sock.bind((address, port))
    return sock


@case
@checked
def carries_pings():
    six, t, four = network()
    assert six.ping(FOUR_IN_6)
    assert four.ping(SIX_IN_4)
    assert four.ping(SIX_IN_4, options="-s 1200 -M do")
    assert link_statistics(t)["rx"]["packets"] >= 18, link_statistics(t)


@case
@checked
def carries_long_pings():
    """Fragments of ICMP are reassembled, translated and fragmented again."""
    six, _, four = network()
    assert six.ping(FOUR_IN_6, options="-s 3000")
    assert four.ping(SIX_IN_4, options="-s 3000")
    assert four.ping(SIX_IN_4, options="-s 20000")
    assert six.ping(FOUR_IN_6, options="-s 20000")


@case
@checked
def carries_tcp():
    six, _, four = network()
    assert iperf(six, four, FOUR_IN_6) > 1e5
    assert iperf(four, six, SIX_IN_4) > 1e5


@case
def carries_tcp_without_offloads():
    need("ethtool")
    six, t, four = network()
    for ns, device in ((six, "u0"), (four, "u0"), (t, "s0"), (t, "f0"), (t, "x0")):
        ns.run(f"ethtool -K {device} tx off sg off tso off gso off gro off")
    assert iperf(six, four, FOUR_IN_6) > 1e5
    assert iperf(four, six, SIX_IN_4) > 1e5


@case
@checked
def segments_are_translated_whole():
    """A packet of many segments goes through the translator as one."""
    six, t, four = network()
    for client, server, address in ((six, four, FOUR_IN_6), (four, six, SIX_IN_4)):
        before = link_statistics(t)["rx"]
        assert iperf(client, server, address, amount="20M") > 1e5
        after = link_statistics(t)["rx"]
        packets, size = after["packets"] - before["packets"], after["bytes"] - before["bytes"]
        assert size > 15e6, (packets, size)
        # Acknowledgements count, too.
        assert size / packets > 5000, (packets, size)


@case
def carries_udp():
    six, _, four = network()
    server = udp(four, socket.AF_INET, FOUR, 4000)
    client = udp(six, socket.AF_INET6)
    for size in (0, 1, 8, 1000, 1200):
        client.sendto(bytes(range(256)) * 5, (FOUR_IN_6, 4000)) if size == 1280 else \
            client.sendto((bytes(range(256)) * 5)[:size], (FOUR_IN_6, 4000))
        data, address = server.recvfrom(2000)
        equal(data, (bytes(range(256)) * 5)[:size], "there")
        equal(address[0], SIX_IN_4, "who has sent it")
        server.sendto(data, address)
        equal(client.recv(2000), data, "and back")


@case
def what_may_be_fragmented_is():
    """A datagram without "don't fragment" that is longer than every link of IPv6 carries."""
    six, t, four = network()
    sock = udp(four, socket.AF_INET)
    sock.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: IP_PMTUDISC_DONT
    server = udp(six, socket.AF_INET6, SIX, 4000)
    data = bytes(n % 251 for n in range(1450))
    with capture(six, "u0") as received:
        sock.sendto(data, (SIX_IN_4, 4000))
        first = received(lambda packet: packet[0] >> 4 == 6 and packet[6] == 44)
        second = received(lambda packet: packet[0] >> 4 == 6 and packet[6] == 44)
    equal(server.recv(2000), data, "the datagram")
    assert len(first) <= 1280 and first[42:44] == b"\0\1", first[:48]
    assert second[42:44] == struct.pack("!H", len(first) - 48), second[:48]
    # A whole one is as long as it may be.
    translator(t, create=False, mtu=1500)
    with capture(six, "u0") as received:
        sock.sendto(data, (SIX_IN_4, 4000))
        whole = received(lambda packet: packet[0] >> 4 == 6 and packet[6] == 17)
    equal(len(whole), 1498, "length")
    equal(server.recv(2000), data, "the datagram")


@case
def fragments_are_carried():
    six, _, four = network()
    for family, client, there, (host, server) in (
            (socket.AF_INET6, six, FOUR_IN_6, (FOUR, udp(four, socket.AF_INET, FOUR, 4000))),
            (socket.AF_INET, four, SIX_IN_4, (SIX, udp(six, socket.AF_INET6, SIX, 4000)))):
        data = bytes(n % 249 for n in range(5000))
        udp(client, family).sendto(data, (there, 4000))
        equal(server.recv(9000), data, f"to {host}")


@case
def path_mtu_is_found():
    """A link of IPv6 behind the translator that is narrower: TCP goes on, both ways."""
    six, t, four = network(source4=None)
    t.run("ip link set s0 mtu 1400")
    six.run("ip link set u0 mtu 1400")
    assert iperf(four, six, SIX_IN_4) > 1e5
    for _ in range(2):
        done = four.run(f"ping -c 1 -W 5 -M do -s 1400 {SIX_IN_4}", check=False)
    assert "mtu=1380" in done.stdout + done.stderr, done.stdout + done.stderr


@case
def path_mtu_of_ipv4_is_found():
    six, t, four = network()
    t.run("ip link set f0 mtu 1400")
    four.run("ip link set u0 mtu 1400")
    assert iperf(six, four, FOUR_IN_6) > 1e5
    for _ in range(2):
        done = six.run(f"ping -6 -c 1 -W 5 -M do -s 1400 {FOUR_IN_6}", check=False)
    assert "mtu: 1420" in done.stdout + done.stderr, done.stdout + done.stderr


@case
def traces():
    """Each router on the way answers; one without an address in IPv4 has that of the translator's."""
    need("busybox")
    six, _, four = network()

    def hops(ns, command, address):
        lines = ns.run(f"busybox {command} -n -q 1 -w 3 {address}").stdout.splitlines()[1:]
        return [line.split()[1] for line in lines]
    found = hops(six, "traceroute6", FOUR_IN_6)
    equal((found[0], found[-1]), ("2001:db8:6::1", FOUR_IN_6), "hops to IPv4")
    found = hops(four, "traceroute", SIX_IN_4)
    equal((found[0], found[-1]), ("198.51.100.1", SIX_IN_4), "hops to IPv6")
    assert ROUTER_IN_4 in found, found


@case
def hosts_with_mappings_reach_each_other():
    """RFC 7757 section 4."""
    six, t, _ = network()
    batch(six, "addr add 2001:db8:6::3/64 dev u0 nodad")
    Family(t).add(("192.0.2.3", "2001:db8:6::3"))
    with capture(six, "u0") as received:
        six.run(f"ping -6 -c 1 -W 1 -I {SIX} 2001:db8:64::c000:203", check=False)
        arrived = received(lambda packet: packet[24:40] == socket.inet_pton(socket.AF_INET6, "2001:db8:6::3"))
    equal(socket.inet_ntop(socket.AF_INET6, arrived[8:24]), "2001:db8:64::c000:202", "its sender")


@case
def refusals_are_told_and_counted():
    need("ethtool")
    six, t, four = network()
    # No prefix, and no mapping.
    translator(t, create=False, prefix=None)
    done = four.run(f"ping -c 1 -W 3 {SIX_IN_4}", check=False)
    assert "Packet filtered" in done.stdout, done.stdout
    translator(t, create=False)
    done = six.run("ping -6 -c 1 -W 3 2001:db8:64::e000:1", check=False)
    assert done.returncode, done.stdout
    sock = udp(four, socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
    sock.connect((SIX_IN_4, 4000))
    sock.send(b"no checksum")
    wait_until(lambda: statistics(t)["refused_no_checksum"] == 1, what="the count")
    with contextlib.suppress(OSError):
        sock.recv(1)
        raise AssertionError("nobody has told of it")
    counted = statistics(t)
    equal((counted["refused_unmapped"], counted["refused_destination"]), (1, 1), "counts")
    assert link_statistics(t)["tx"]["dropped"] >= 3, link_statistics(t)
    translator(t, create=False, zero_checksum=1)
    server = udp(six, socket.AF_INET6, SIX, 4000)
    sock = udp(four, socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, 11, 1)
    sock.sendto(b"no checksum", (SIX_IN_4, 4000))
    equal(server.recv(100), b"no checksum", "datagram")


@case
def shows_as_a_device_without_link_header():
    _, t, _ = network()
    shown = t.run("ip -d link show x0").stdout
    assert "link/none" in shown and "NOARP" in shown and "POINTOPOINT" in shown, shown
    assert re.search(r"siit prefix 2001:db8:64::/96 ", shown), shown
    done = t.run("ip link set x0 address 02:00:00:00:00:01", check=False)
    assert done.returncode, "an address was set"
    done = t.run("ip link add x1 address 02:00:00:00:00:01 type siit", check=False)
    assert done.returncode and "no link header" in done.stderr, done.stderr
    done = t.run("ip link set x0 netns 1", check=False)
    assert done.returncode, "moved"


main(40)
