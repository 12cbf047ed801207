#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of ect. Who tests the link is a raw socket in a; b and c are the stations.

    +-- a ---+     +--- lan ----+     +--- b ---+
    |     e0 o-----o     br0    o-----o e0      |
    +--------+     |            |     +---------+
                   |            |     +--- c ---+
                   |            o-----o e0      |
                   +------------+     +---------+

Most need no lan: a's e0 and b's are a pair then.
"""

import contextlib
import errno
import fcntl
import itertools
import json
import os
import random
import re
import socket
import struct
import subprocess
import threading
import time

import ynl
from selftest import (NetNs, case, checked, churn, defer, drop_reasons, equal, main, modprobe, need,
                      rmmod, run, wait_until)

ETHERTYPE = 0x9000
A, B, C, NOBODY = (bytes([2, 0, 0, 0, 0, last]) for last in (0xa, 0xb, 0xc, 0xe))
ASSISTANCE = b"\xcf\0\0\0\0\0"
BROADCAST = b"\xff" * 6
SOL_PACKET, PACKET_VNET_HDR = 263, 15
SIOCOUTQ = 0x5411
# Seconds that an answer may take on a busy machine.
LIMIT = 30


def text(mac):
    return mac.hex(":")


def forward(to):
    return struct.pack("<H6s", 2, to)


def reply(data=b"", receipt=0x1234):
    return struct.pack("<HH", 1, receipt) + data


def payload(*messages, skip=0):
    """Messages, each inside the one before it."""
    return struct.pack("<H", skip) + b"".join(messages)


def frame(to, content, source=A, tag=b""):
    return to + source + tag + struct.pack("!H", ETHERTYPE) + content


class Station:
    """A namespace whose devices answer, once it is told to."""

    def __init__(self):
        self.ns = NetNs()
        self.open()
        defer(self.close)

    def open(self):
        self.family = ynl.family("ect", self.ns)

    def close(self):
        """A socket keeps its namespace."""
        if self.family.sock:
            self.family.sock.close()

    def set(self, **config):
        self.family.do("config-set", config)

    def stats(self):
        """What it has counted, without the zeros."""
        return {name: count for name, count in self.family.do("stats-get", {}).items() if count}

    def counts(self, **expected):
        expected = {name.replace("_", "-"): count for name, count in expected.items()}
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.stats() == expected, LIMIT)
        equal(self.stats(), expected, "statistics")


class Tester:
    """A raw socket on a device: sends frames, and hears those of the protocol."""

    def __init__(self, ns, device="e0"):
        with ns.enter():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(self.socket.close)
        self.socket.bind((device, ETHERTYPE))
        self.socket.settimeout(LIMIT)

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        return self.socket.recv(1 << 16)

    def ask(self, data):
        self.send(data)
        return self.receive()

    def silent(self):
        """Whether nothing has come. Who asks has seen by a counter that all is done."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1 << 16) and False
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(LIMIT)


def device(ns, name, mac, options=""):
    ns.run(f"ip link set {name} address {text(mac)}; ip link set {name} {options} up")


def pair(options="", **config):
    """The tester in a, and station b."""
    modprobe("ect")
    a, b = NetNs(), Station()
    a.run(f"ip link add e0 type veth peer name e0 netns {b.ns.name}")
    device(a, "e0", A, options)
    device(b.ns, "e0", B, options)
    if config:
        b.set(**config)
    return Tester(a), b, a


def lan():
    """The tester in a, and stations b and c, on a bridge. All are switched on."""
    modprobe("ect")
    a, bridge, b, c = NetNs(), NetNs(), Station(), Station()
    bridge.run("ip link add br0 type bridge; ip link set br0 up")
    for port, ns, mac in (("pa", a, A), ("pb", b.ns, B), ("pc", c.ns, C)):
        bridge.run(f"ip link add {port} type veth peer name e0 netns {ns.name}; "
                   f"ip link set {port} master br0 up; "
                   f"bridge fdb add {text(mac)} dev {port} master static")
        device(ns, "e0", mac)

    def forwards():
        """A port does so some time after its carrier is there. What it knows no port for goes to all,
        the tester too."""
        ports = json.loads(bridge.run("ip -d -j link show master br0").stdout)
        return all(port["linkinfo"]["info_slave_data"]["state"] == "forwarding" for port in ports)
    wait_until(forwards, LIMIT, "the bridge forwards")
    b.set(server=1)
    c.set(server=1)
    tester = Tester(a)
    return tester, b, c


def direct(data=bytes(32)):
    """What asks a station for a reply to a."""
    return payload(forward(A), reply(data))


@case
def answers_when_told_to():
    tester, b, _ = pair()
    equal(b.family.do("config-get", {}), {"server": 0, "assistance": 0}, "settings at first")
    with drop_reasons() as reasons:
        tester.send(frame(B, direct()))
        b.counts(off=1)
    assert "UNHANDLED_PROTO" in reasons, reasons
    assert tester.silent()
    b.set(server=1)
    equal(b.family.do("config-get", {}), {"server": 1, "assistance": 0}, "settings")
    equal(tester.ask(frame(B, direct()))[6:12], B, "source of the answer")
    b.set(server=0)
    tester.send(frame(B, direct()))
    b.counts(off=2, forwarded=1)


@case
@checked
def answers_byte_for_byte():
    """The skip count is eight more, the addresses are the stations'; all else is as it was."""
    tester, b, _ = pair(server=1)
    lengths = (0, 1, 32, 33, 700, 1485, 1486)
    for length in lengths:
        data = bytes(n * 7 & 0xff for n in range(length))
        equal(tester.ask(frame(B, payload(forward(A), reply(data)))),
              frame(A, payload(forward(A), reply(data), skip=8), source=B), f"{length} bytes")
    b.counts(forwarded=len(lengths))


@case
def is_decoded_by_others():
    need("tcpdump")
    tester, b, a = pair(server=1)
    dump = a.popen("tcpdump -l -n -c 2 -i e0 ether proto 0x9000", stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
    wait_until(lambda: "listening" in dump.stderr.readline(), 20, "tcpdump listens")
    tester.ask(frame(B, direct()))
    request, answer = dump.communicate(timeout=20)[0].splitlines()
    assert re.search(rf"skipCount 0, Forward Data, forwarding address {text(A)}", request), request
    assert re.search(r"skipCount 8, Reply, receipt number 4660, data \(32 octets\)", answer), answer


@case
def forwards_from_station_to_station():
    """From a by b and c back to a."""
    tester, b, c = lan()
    messages = forward(C), forward(A), reply(b"round trip")
    equal(tester.ask(frame(B, payload(*messages))),
          frame(A, payload(*messages, skip=16), source=C), "answer")
    b.counts(forwarded=1)
    c.counts(forwarded=1)
    messages = forward(C), forward(B), forward(C), forward(A), reply()
    equal(tester.ask(frame(B, payload(*messages))),
          frame(A, payload(*messages, skip=32), source=C), "answer")


@case
def frames_between_stations_end():
    """Who names b and c in turn as often as a frame can gets as many frames, and no more."""
    tester, b, c = lan()
    hops = (1500 - 2) // 8
    tester.send(frame(B, payload(*(forward(C if n % 2 == 0 else B) for n in range(hops)))))
    last, other = (c, b) if hops % 2 else (b, c)
    last.counts(forwarded=hops // 2, truncated=1)
    other.counts(forwarded=hops - hops // 2)
    assert tester.silent()


@case
def replies_are_heard_by_sockets():
    tester, b, _ = pair(server=1)
    at_b = Tester(b.ns)
    tester.send(frame(B, payload(reply(b"for b"))))
    equal(at_b.receive(), frame(B, payload(reply(b"for b"))), "reply")
    b.counts(replies=1)
    assert tester.silent()


@case
def drops_bad_frames():
    """Each with its reason, and counted; none is answered."""
    tester, b, _ = pair(server=1)
    cases = (
        ("truncated", "PKT_TOO_SMALL", b"\0"),
        ("truncated", "PKT_TOO_SMALL", payload()),
        ("truncated", "PKT_TOO_SMALL", payload(b"\2")),
        ("truncated", "PKT_TOO_SMALL", payload(forward(A)[:7])),
        ("truncated", "PKT_TOO_SMALL", payload(forward(A), reply(), skip=12)),
        ("truncated", "PKT_TOO_SMALL", payload(forward(A), reply(bytes(100)), skip=0xfffe)),
        ("malformed", "INVALID_PROTO", payload(b"\0", forward(A), reply(), skip=1)),
        ("malformed", "INVALID_PROTO", payload(forward(A), reply(), skip=0xffff)),
        ("malformed", "INVALID_PROTO", payload(b"\0\0", bytes(40))),
        ("malformed", "INVALID_PROTO", payload(b"\3\0", A, reply())),
        ("malformed", "INVALID_PROTO", payload(b"\0\2", A, reply())),
        ("bad-address", "NO_TX_TARGET", payload(forward(BROADCAST), reply())),
        ("bad-address", "NO_TX_TARGET", payload(forward(ASSISTANCE), reply())),
        ("bad-address", "NO_TX_TARGET", payload(forward(b"\1\0\x5e\0\0\1"), reply())),
        ("bad-address", "NO_TX_TARGET", payload(forward(bytes(6)), reply())),
        ("looped", "LOCAL_MAC", payload(forward(B), reply())),
    )
    expected = {}
    for counter, reason, content in cases:
        expected[counter] = expected.get(counter, 0) + 1
        with drop_reasons() as reasons:
            tester.send(frame(B, content))
            b.counts(**expected)
        assert reason in reasons, (content, reasons)
    expected["looped"] += 1
    tester.send(frame(B, direct(), source=B))
    b.counts(**expected)
    assert tester.silent()
    assert tester.ask(frame(B, direct())), "it still answers"


@case
def groups_are_answered_when_told_to():
    """The loopback assistance group, if assistance is on; no other, and never all."""
    tester, b, _ = pair(server=1)
    groups = ASSISTANCE, BROADCAST, b"\1\0\x5e\0\0\1", b"\xcf\0\0\0\0\1"
    for group in groups:
        with drop_reasons() as reasons:
            tester.send(frame(group, direct()))
            b.counts(group=1 + groups.index(group))
        assert "OTHERHOST" in reasons, reasons
    b.set(assistance=1)
    equal(tester.ask(frame(ASSISTANCE, direct())),
          frame(A, payload(forward(A), reply(bytes(32)), skip=8), source=B), "answer")
    for group in groups[1:]:
        tester.send(frame(group, direct()))
    b.counts(group=7, forwarded=1)
    # The assistance is a part of the server.
    b.set(server=0)
    tester.send(frame(ASSISTANCE, direct()))
    b.counts(group=7, forwarded=1, off=1)
    assert tester.silent()


@case
def frames_for_others_are_left_alone():
    tester, b, _ = pair(server=1, assistance=1)
    with drop_reasons() as reasons:
        tester.send(frame(NOBODY, direct()))
        tester.ask(frame(B, direct()))
    assert "OTHERHOST" in reasons, reasons
    # A VLAN that b has no device for.
    tester.send(frame(B, direct(), tag=struct.pack("!HH", 0x8100, 7)))
    tester.ask(frame(B, direct()))
    b.counts(forwarded=2)
    assert tester.silent()
    link = json.loads(b.ns.run("ip -s -s -j link show dev e0").stdout)[0]["stats64"]["rx"]
    equal(link["otherhost"], 2, "frames for others")


@case
@checked
def changes_no_other_copy():
    """Sockets at b share the frame with the station, and see it as it came."""
    tester, b, _ = pair(server=1)
    others = [Tester(b.ns) for _ in range(2)]
    for n in range(20):
        sent = frame(B, payload(forward(A), reply(bytes([n] * 40))))
        equal(tester.ask(sent)[14:16], b"\x08\0", "skip count of the answer")
        for other in others:
            equal(other.receive(), sent, "what the socket has got")


@case
@checked
def answers_frames_in_fragments():
    """Only the Ethernet header is in the linear part: each header is behind it."""
    tester, b, _ = pair("mtu 9000", server=1)
    tester.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    # struct virtio_net_hdr: hdr_len says what is to be linear.
    header = struct.pack("=BBHHHH", 0, 0, 14, 0, 0, 0)
    for skip in (0, 4096, 8000):
        content = payload(bytes(skip), forward(A), reply(bytes(8900 - skip)), skip=skip)
        answer = tester.ask(header + frame(B, content))[len(header):]
        content = struct.pack("<H", skip + 8) + content[2:]
        equal(answer, frame(A, content, source=B), f"answer at {skip}")
    short = payload(bytes(8000), forward(A)[:5], skip=8000)
    tester.send(header + frame(B, short))
    b.counts(forwarded=3, truncated=1)


@case
def answers_by_the_vlan():
    tester, b, a = pair(server=1)
    mac = b"\2\0\0\0\0\x1b"
    b.ns.run(f"ip link add link e0 name v7 address {text(mac)} type vlan id 7; ip link set v7 up")
    a.run("ip link add link e0 name v7 type vlan id 7; ip link set v7 up")
    at_vlan = Tester(a, "v7")
    equal(at_vlan.ask(frame(mac, direct())),
          frame(A, payload(forward(A), reply(bytes(32)), skip=8), source=mac), "answer")
    b.ns.run("ip link set v7 down")
    at_vlan.send(frame(mac, direct()))
    tester.ask(frame(B, direct()))
    b.counts(forwarded=2)
    assert at_vlan.silent()


@case
def answers_by_bridge_and_bond():
    """From the address of the device above, whichever port the frame has come by."""
    tester, b, _ = pair(server=1)
    answer = payload(forward(A), reply(bytes(32)), skip=8)
    b.ns.run("ip link add br0 address 02:00:00:00:00:1b type bridge; ip link set br0 up; "
             "ip link set e0 master br0")
    bridge = b"\2\0\0\0\0\x1b"
    equal(tester.ask(frame(bridge, direct())), frame(A, answer, source=bridge), "the bridge's answer")
    equal(tester.ask(frame(B, direct())), frame(A, answer, source=bridge), "the port's")
    b.ns.run("ip link del br0; ip link add bond0 type bond mode active-backup; "
             f"ip link set bond0 address {text(B)}; ip link set e0 down; "
             "ip link set e0 master bond0; ip link set bond0 up")
    wait_until(lambda: "LOWER_UP" in b.ns.link("bond0")["flags"], 20, "the bond has a carrier")
    equal(tester.ask(frame(B, direct())), frame(A, answer, source=B), "the bond's")


@case
def the_namespace_of_the_upper_device_decides():
    """A macvlan in c on b's device: c answers, whatever b is told."""
    tester, b, _ = pair()
    c = Station()
    b.ns.run(f"ip link add link e0 name m0 address {text(C)} type macvlan mode bridge; "
             f"ip link set m0 netns {c.ns.name} name e0")
    device(c.ns, "e0", C)
    tester.send(frame(C, direct()))
    c.counts(off=1)
    c.set(server=1)
    equal(tester.ask(frame(C, direct())),
          frame(A, payload(forward(A), reply(bytes(32)), skip=8), source=C), "answer")
    tester.send(frame(B, direct()))
    b.counts(off=1)


@case
def no_answer_is_longer_than_the_mtu():
    """A device takes four bytes more, for a VLAN tag."""
    tester, b, a = pair(server=1)
    a.run("ip link set e0 mtu 1600")
    sent = frame(B, payload(forward(A), reply(bytes(1501 - 14))))
    with drop_reasons() as reasons:
        tester.send(sent)
        b.counts(not_sent=1)
    assert "PKT_TOO_BIG" in reasons, reasons
    equal(b.ns.link("e0")["stats64"]["tx"]["dropped"], 1, "frames that b's device has dropped")
    tester.ask(sent[:-1])


@case
def answers_wait_in_the_queue():
    """That of b's device: it counts them, may drop them, and goes with the device."""
    need("tc")
    tester, b, a = pair(server=1)
    # Nobody else sends there.
    b.ns.run("sysctl -qw net.ipv6.conf.e0.disable_ipv6=1; "
             "tc qdisc add dev e0 root netem limit 2 delay 20s")

    def queue():
        return json.loads(b.ns.run("tc -s -j qdisc show dev e0 root").stdout)[0]
    for _ in range(3):
        tester.send(frame(B, direct()))
    b.counts(forwarded=2, not_sent=1)
    equal((queue()["qlen"], queue()["drops"]), (2, 1), "answers that wait, and those dropped")
    # They are b's: the socket that has asked has no share in them.
    unsent = fcntl.ioctl(tester.socket, SIOCOUTQ, struct.pack("i", -1))
    equal(struct.unpack("i", unsent)[0], 0, "bytes of the socket that are on their way")
    rmmod("ect")
    b.ns.run("ip link del e0", timeout=15)
    assert "e0" not in a.run("ip -br link").stdout


@case
@checked
def garbage_is_counted():
    """Whatever comes is counted once; what is answered is from the station, and one hop further."""
    tester, b, _ = pair(server=1)
    draw = random.Random(1)
    total, answers = 3000, 0
    for n in range(total):
        skip = draw.choice((0, 0, 8, 16, draw.randrange(1 << 16)))
        content = payload(bytes(draw.choice((0, min(skip, 64)))),
                          struct.pack("<H", draw.choice((0, 1, 2, 2, 2, 512))),
                          draw.choice((A, A, B, C, BROADCAST, draw.randbytes(6))),
                          draw.randbytes(draw.randrange(40)), skip=skip)
        tester.send(frame(B, content[:draw.randrange(1, len(content) + 20)],
                          source=draw.choice((A, A, A, B))))
        if n % 100 == 99:
            wait_until(lambda: sum(b.stats().values()) == n + 1, 20, f"{n + 1} frames counted")
    stats = b.stats()
    assert {"forwarded", "replies", "truncated", "malformed", "bad-address", "looped"} == set(stats), stats
    assert min(stats.values()) > 20, stats
    tester.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while answer := tester.receive():
            equal(answer[6:12], B, "source of an answer")
            assert struct.unpack_from("<H", answer, 14)[0] >= 8, answer
            answers += 1
    assert 0 < answers <= stats["forwarded"], (answers, stats)


@case
def other_links_have_no_stations():
    """The loopback carries no Ethernet."""
    modprobe("ect")
    a = Station()
    a.set(server=1, assistance=1)
    tester = Tester(a.ns, "lo")
    tester.send(frame(bytes(6), payload(forward(A), reply()), source=A))
    a.counts(off=1)
    equal(len(tester.receive()), 28, "what was sent, on the loopback")
    assert tester.silent()


@case
def requests_are_checked():
    _, b, _ = pair()

    def refused(operation, request, number, word):
        try:
            b.family.do(operation, request)
        except ynl.NlError as refusal:
            equal(refusal.error, number, f"errno for {request}")
            assert word in str(refusal), refusal
        else:
            raise AssertionError(f"{operation} {request} is accepted")
    refused("config-set", {}, errno.EINVAL, "neither server nor assistance")
    refused("config-set", {"server": 2}, errno.ERANGE, "server")
    refused("config-set", {"server": 1, "assistance": 9}, errno.ERANGE, "assistance")
    equal(b.family.do("config-get", {}), {"server": 0, "assistance": 0}, "settings")


def as_nobody(function):
    """The errno that a user who is no administrator gets; 0 if it is done."""
    pid = os.fork()
    if not pid:
        status = 255
        try:
            os.setresuid(65534, 65534, 65534)
            function()
            status = 0
        except ynl.NlError as refusal:
            status = refusal.error
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@case
def unprivileged_may_look_only():
    _, b, _ = pair()
    equal(as_nobody(lambda: b.set(server=1)), errno.EPERM, "config-set")
    equal(as_nobody(lambda: b.family.do("config-get", {})), 0, "config-get")
    equal(as_nobody(b.stats), 0, "stats-get")
    equal(b.family.do("config-get", {})["server"], 0, "server")


@case
def namespaces_are_told_apart():
    tester, b, c = lan()
    b.set(server=0)
    tester.send(frame(B, direct()))
    b.counts(off=1)
    tester.ask(frame(C, direct()))
    c.counts(forwarded=1)


class Flood:
    """Asks all the time, from a thread."""

    def __init__(self, ns, data, name="e0"):
        self.tester, self.data, self.answers, self.stop = Tester(ns, name), data, 0, False
        self.tester.socket.setblocking(False)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        defer(self.end)

    def run(self):
        while not self.stop:
            for _ in range(16):
                with contextlib.suppress(OSError):
                    self.tester.send(self.data)
            with contextlib.suppress(OSError):
                while self.tester.socket.recv(2048):
                    self.answers += 1
            # The case's own commands are to get a processor, too.
            time.sleep(0.002)

    def answered(self):
        """Waits until there are more answers."""
        before = self.answers
        wait_until(lambda: self.answers > before + 50, LIMIT, "answers")

    def end(self):
        self.stop = True
        self.thread.join()


@case
@churn
def unloaded_under_traffic():
    _, b, a = pair(server=1)
    flood = Flood(a, frame(B, direct()))
    for _ in range(3):
        flood.answered()
        rmmod("ect")
        run(["modprobe", "ect"])
        # The new family has a new number, the namespace the first settings.
        b.close()
        b.open()
        wait_until(lambda: b.stats().get("off"), 20, "frames without an answer")
        equal(b.family.do("config-get", {})["server"], 0, "server")
        b.set(server=1)


@case
@churn
def namespace_deleted_under_traffic():
    for _ in range(3):
        _, b, a = pair(server=1)
        flood = Flood(a, frame(B, direct()))
        flood.answered()
        b.close()
        b.ns.delete()
        wait_until(lambda: not a.run("ip -br link show dev e0", check=False).stdout, 60,
                   "the pair is gone")
        flood.end()


@case
@churn
def devices_deleted_under_traffic():
    """The pair, then a VLAN and a macvlan above it."""
    _, b, a = pair(server=1)
    flood = Flood(a, frame(B, direct()))
    for _ in range(3):
        flood.answered()
        b.ns.run("ip link del e0")
        a.run(f"ip link add e0 address {text(A)} type veth peer name e0 address {text(B)} "
              f"netns {b.ns.name}; ip link set e0 up")
        b.ns.run("ip link set e0 up")
        flood.end()
        flood = Flood(a, frame(B, direct()))
    upper = b"\2\0\0\0\0\x1b"
    a.run("ip link add link e0 name v7 type vlan id 7; ip link set v7 up")
    for kind, name, at in (("vlan id 7", "v7", "v7"), ("macvlan", "m0", "e0")):
        above = Flood(a, frame(upper, direct()), at)
        for _ in range(3):
            b.ns.run(f"ip link add link e0 name {name} address {text(upper)} type {kind}; "
                     f"ip link set {name} up")
            above.answered()
            b.ns.run(f"ip link del {name}")
        above.end()


@case
def set_down_under_traffic():
    _, b, a = pair(server=1)
    flood = Flood(a, frame(B, direct()))
    for _ in range(5):
        flood.answered()
        b.ns.run("ip link set e0 down; ip link set e0 up")
    flood.answered()


@case
def settings_change_under_traffic():
    _, b, a = pair(server=1)
    flood = Flood(a, frame(B, direct()))
    turns = itertools.count()

    def is_off_at_times():
        for n in itertools.islice(turns, 100):
            b.set(server=n % 2, assistance=n // 2 % 2)
        return "off" in b.stats()
    # On one processor the flood may pause whenever it is off.
    wait_until(is_off_at_times, 60, "a frame that comes when it is off")
    b.set(server=1)
    flood.answered()
    flood.end()
    stats = b.stats()
    equal(set(stats), {"off", "forwarded"}, "what was counted")


main(34)
