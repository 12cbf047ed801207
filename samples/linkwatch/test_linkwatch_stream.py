#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of linkwatch's stream: who takes a snapshot and follows knows what the kernel knows.

One namespace; d0 to d3 and x0 to x3 are dummies in it, whose addresses, neighbours and routes change.
"""

import fcntl
import os
import pathlib
import random
import re
import select
import socket

import ynl
from selftest import NetNs, case, checked, churn, defer, equal, main, modprobe, rmmod, run, wait_until
from tuntap import TAP, tuntap

from mirror import KINDS, agrees, follow, of_a_dump, stream

CHANGES = 10000
SO_RCVBUFFORCE, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 33, 270, 1


def start():
    modprobe("linkwatch")
    return NetNs()


class Changes:
    """Random commands for `ip -batch`; some of them fail, as what they are about is not there."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        # Of x0 to x3, which there are.
        self.extra = set()

    def devices(self, count=4):
        return "".join(f"link add d{n} type dummy\nlink set d{n} up\n" for n in range(count))

    def dev(self):
        """A device that is always there: without one a next hop ends the batch, as any refused `neigh` does."""
        return f"d{self.random.randrange(4)}"

    def any_dev(self):
        return self.random.choice((self.dev(), *sorted(self.extra)))

    def link(self):
        # That a device is not there takes the kernel long to say: it asks modprobe for it.
        pick, dev, extra = self.random.choice, self.any_dev(), f"x{self.random.randrange(4)}"
        if self.random.random() < 0.7:
            return f"link set {dev} mtu {pick((1400, 1500))}"
        if extra not in self.extra:
            self.extra.add(extra)
            return f"link add {extra} type dummy"
        what = pick(("del", "up", "up", "down", "address"))
        if what == "del":
            self.extra.remove(extra)
            return f"link del {extra}"
        if what == "address":
            return f"link set {dev} address 02:00:00:00:{self.random.randrange(100):02d}:01"
        return f"link set {extra} {what}"

    def address(self):
        pick, number = self.random.choice, self.random.randrange(1, 60)
        if self.random.random() < 0.5:
            what = pick((f"10.1.{number % 4}.{number}/24", f"10.1.{number % 4}.{number}/32",
                         f"10.1.{number % 4}.{number}/24 brd +",
                         f"10.1.{number % 4}.{number} peer 10.2.0.{number % 3 + 1}/32"))
            return f"addr {pick(('add', 'add', 'del', 'replace'))} {what} dev {self.any_dev()}"
        verb = pick(("add", "add", "del"))
        return f"addr {verb} 2001:db8:{number % 4}::{number}/64 dev {self.any_dev()}" + " nodad" * (verb == "add")

    def neighbour(self):
        pick, number = self.random.choice, self.random.randrange(1, 80)
        where = f"{pick((f'10.3.0.{number}', f'2001:db8:3::{number}'))} dev {self.dev()}"
        if self.random.random() < 0.3:
            return f"neigh flush {where} nud all"
        state = pick(("permanent", "permanent", "stale", "reachable", "failed", "noarp"))
        return f"neigh replace {where} lladdr 02:00:00:00:01:{number:02d} nud {state}"

    def route(self):
        pick, number = self.random.choice, self.random.randrange(60)
        six = self.random.random() < 0.5
        table, metric = pick(("", " table 100", " table 101")), pick(("", " metric 10", " metric 20"))
        to = (f"2001:db8:{number:x}00::/48" if six else f"10.{100 + number}.0.0/16") + table + metric
        verb = pick(("add", "add", "append", "replace", "del", "del"))
        if verb == "del":
            return f"route del {to}"

        def via():
            hop = f"fe80::{self.random.randrange(1, 5)}" if six else f"10.9.9.{self.random.randrange(1, 5)}"
            return f"via {hop} dev {self.dev()}" + " onlink" * (not six)
        kind = pick(("one", "one", "several", "dev", "none"))
        if kind == "none":
            return f"route {verb} {pick(('blackhole', 'unreachable'))} {to}"
        if kind == "several":
            hops = "".join(f" nexthop {via()} weight {pick((1, 2))}" for _ in range(pick((2, 3))))
            return f"route {verb} {to}{hops}"
        return f"route {verb} {to} {via() if kind == 'one' else 'dev ' + self.dev()}" + \
            pick(("", "", " tos 0x10")) * (not six)

    def lines(self, count):
        kinds = self.random.choices((self.link, self.address, self.neighbour, self.route),
                                    weights=(1, 30, 30, 39), k=count)
        return "".join(kind() + "\n" for kind in kinds) + "link set lo mtu 12345\n"


def over(ns):
    """`ip -batch` has come to the last line."""
    equal(ns.link("lo")["mtu"], 12345, "MTU set by the last line")


def batch(ns, lines, again=False):
    """Starts `ip -batch`, again and again if asked for."""
    path = f"/tmp/{ns.name}.batch"
    with open(path, "w") as file:
        file.write(lines)
    command = f"ip -force -batch {path}"
    return ns.popen(f"sh -c 'while :; do {command}; done'" if again else command)


def listener(ns):
    """A socket that hears all, with room for what comes while this program does something else."""
    heard = ynl.family("linkwatch", ns)
    heard.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    heard.sock.bind((0, 0))
    for group in "devices", "addresses", "neighbours", "routes":
        number = heard.nlproto.get_mcast_id(group, heard.mcast_groups)
        heard.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, number)
    return heard


def waiting(client):
    """How many bytes wait in a client's sockets."""
    folder = pathlib.Path("/proc", str(client.process.pid))
    inodes = {re.sub(r"\D", "", os.readlink(path)) for path in (folder / "fd").iterdir()
              if os.readlink(path).startswith("socket:")}
    rows = [line.split() for line in (folder / "net/netlink").read_text().splitlines()]
    memory, inode = rows[0].index("Rmem"), rows[0].index("Inode")
    return sum(int(row[memory]) for row in rows[1:] if row[inode] in inodes)


def messages(heard):
    """Yields what a socket has heard, as (operation, message)."""
    heard.check_ntf()
    while not heard.async_msg_queue.empty():
        event = heard.async_msg_queue.get()
        yield event["name"], event["msg"]


@case
def who_joins_in_the_middle_ends_with_the_kernels_state():
    ns = start()
    changes = Changes(7)
    run(["ip", "-n", ns.name, "-batch", "-"], input=changes.devices())
    asked = ynl.family("linkwatch", ns)
    busy = batch(ns, changes.lines(CHANGES))
    wait_until(lambda: asked.dump("device-get", {"ifindex": 1})[0]["sequence"] > CHANGES / 4, 60, "the middle")
    joined = stream(ns)
    assert busy.poll() is None, "the changes are over already"
    while busy.poll() is None:
        follow(joined)
        select.select([joined], [], [], 0.1)
    over(ns)
    agrees(joined, ns)
    equal(joined.lost, 0, "missed")
    last = asked.dump("device-get", {"ifindex": 1})[0]["sequence"]
    assert last - joined.joined > CHANGES / 8, f"joined at {joined.joined}, of {last}"
    kinds = {kind for kind, *_ in joined.objects}
    equal(kinds, set(KINDS), "kinds of objects at the end")
    # A new client's snapshot alone says the same.
    agrees(stream(ns), ns)


@case
def who_is_too_slow_is_told_and_catches_up():
    """Its buffer runs over twice: what follows the snapshot may be lost, too."""
    ns = start()
    changes = Changes(11)
    run(["ip", "-n", ns.name, "-batch", "-"], input=changes.devices())
    slow = stream(ns)
    agrees(slow, ns)
    for turn in 1, 2:
        slow.pause()
        # More than its buffer takes, and of all kinds.
        flood = "link set d0 mtu 1400\nlink set d0 mtu 1500\n" * 2500
        batch(ns, flood + changes.lines(200)).wait()
        over(ns)
        slow.go_on()
        agrees(slow, ns)
        assert slow.lost >= turn, "nothing was missed by who did not read"
        # The socket gets events again.
        ns.run("ip link set lo mtu 12000")
        agrees(slow, ns)


@case
@churn
def numbers_are_those_of_the_order():
    """All kinds share the numbers; each event names the one before of its kind."""
    ns = start()
    changes = Changes(3)
    heard = listener(ns)
    run(["ip", "-n", ns.name, "-batch", "-"], input=changes.devices())
    batch(ns, changes.lines(300)).wait()
    over(ns)
    told, last = [], {}
    for name, message in messages(heard):
        equal(message["previous"], last.get(name, message["previous"]), "number before")
        last[name] = message["sequence"]
        told.append(message["sequence"])
    equal(told, list(range(told[0], told[0] + len(told))), "numbers")
    equal(len(last), 4, "kinds")


@case
@checked
def tells_what_changes():
    ns = start()
    ns.run("ip link add d0 type dummy; ip link set d0 up")
    heard = stream(ns)
    index = ns.link("d0")["ifindex"]

    def wait(kind, event, **fields):
        def found():
            for told_kind, told in heard.events():
                if told_kind == kind and told["event"] == event and \
                        all(told.get(name.replace("_", "-")) == value for name, value in fields.items()):
                    return told
        return wait_until(found, 10, f"{kind} {event} {fields}")
    ns.run("ip addr add 192.0.2.1/24 dev d0 label d0:one")
    wait("address", "set", address="192.0.2.1", label="d0:one", ifindex=index)
    ns.run("ip addr add 192.0.2.2/24 dev d0")
    assert "secondary" in wait("address", "set", address="192.0.2.2")
    ns.run("sysctl -qw net.ipv4.conf.d0.promote_secondaries=1; ip addr del 192.0.2.1/24 dev d0")
    wait("address", "delete", address="192.0.2.1")
    assert "secondary" not in wait("address", "set", address="192.0.2.2"), "it was promoted"
    ns.run("ip addr add 2001:db8::1/64 dev d0 nodad; ip addr del 2001:db8::1/64 dev d0")
    wait("address", "set", address="2001:db8::1", prefix_length=64)
    wait("address", "delete", address="2001:db8::1")
    ns.run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev d0")
    wait("neighbour", "set", address="192.0.2.9", state="permanent")
    ns.run("ip neigh change 192.0.2.9 lladdr 02:00:00:00:00:09 nud stale dev d0; ip neigh del 192.0.2.9 dev d0")
    wait("neighbour", "set", address="192.0.2.9", state="stale")
    wait("neighbour", "delete", address="192.0.2.9")
    ns.run("ip route add 198.51.100.0/24 via 192.0.2.9 metric 5; ip route add blackhole 198.51.100.0/24 metric 3")
    wait("route", "set", destination="198.51.100.0", metric=5)
    wait("route", "set", destination="198.51.100.0", metric=3, type=6)
    ns.run("ip route del blackhole 198.51.100.0/24 metric 3")
    wait("route", "set", destination="198.51.100.0", metric=5)
    # A device that goes down takes its routes with it: `ip monitor` does not say so.
    ns.run("ip link set d0 down")
    wait("route", "delete", destination="198.51.100.0")
    ns.run("ip link set d0 up")
    ns.run("ip -6 route add 2001:db8:1::/64 nexthop via fe80::7 dev d0 nexthop via fe80::8 dev d0")
    equal(len(wait("route", "set", destination="2001:db8:1::")["nexthop"]), 2, "next hops")
    ns.run("ip -6 route append 2001:db8:1::/64 via fe80::9 dev d0")
    equal(len(wait("route", "set", destination="2001:db8:1::")["nexthop"]), 3, "next hops")
    ns.run("ip -6 route del 2001:db8:1::/64 via fe80::7 dev d0")
    left = wait("route", "set", destination="2001:db8:1::")["nexthop"]
    equal(sorted(hop["gateway"] for hop in left), ["fe80::8", "fe80::9"], "next hops")
    ns.run("ip -6 route del 2001:db8:1::/64")
    wait("route", "delete", destination="2001:db8:1::")
    ns.run("ip nexthop add id 7 via 192.0.2.9 dev d0; ip route add 203.0.113.0/24 nhid 7")
    equal(wait("route", "set", destination="203.0.113.0").get("nexthop"), None, "next hops of an object")
    # Of neither of these `ip monitor` tells: routes go with their object, and with the last address.
    ns.run("ip nexthop del id 7")
    wait("route", "delete", destination="203.0.113.0")
    ns.run("ip addr flush dev d0")
    wait("route", "delete", destination="192.0.2.0")


LINKS = {"vpair": "peer name vpair1", "veth": "peer name veth1", "vlan": "id 7", "macvlan": "",
         "bridge": "", "vxlan": "id 3 remote 192.0.2.9 dstport 4789", "etherip": "remote 192.0.2.9",
         "bond": "", "dummy": ""}


# Tunnels whose drivers set the MTU or the address behind the registration.
TUNNELS = {"geneve": ("", "id 4 remote 192.0.2.9"), "gretap": ("", "local 192.0.2.1 remote 192.0.2.9"),
           "ip6gretap": ("mtu 1300", "local 2001:db8::1 remote 2001:db8::9"),
           "ip6tnl": ("mtu 1300", "local 2001:db8::1 remote 2001:db8::9"),
           "sit": ("mtu 1400", "local 192.0.2.1 remote 192.0.2.9"),
           "ipip": ("", "local 192.0.2.1 remote 192.0.2.9"), "gre": ("", "local 192.0.2.1 remote 192.0.2.9")}
TUNSETLINK, ARPHRD_PPP = 0x400454CD, 512


def tunnels(ns):
    """Makes those that the kernel has; returns their kinds."""
    made = []
    # Their modules make some here, too; but not in the namespaces of other cases.
    setting = pathlib.Path("/proc/sys/net/core/fb_tunnels_only_for_init_net")
    setting.write_text("0")
    defer(setting.write_text, "1")
    for kind, (words, more) in TUNNELS.items():
        done = ns.run(f"ip link add t{kind} {words} type {kind} {more}", check=False)
        assert not done.returncode or "Unknown device type" in done.stderr, (kind, done.stderr)
        if not done.returncode:
            made.append(kind)
    assert {"gretap", "ip6gretap", "ip6tnl", "gre"} <= set(made), made
    return made


@case
@checked
def the_stream_is_a_fresh_dump():
    """Of devices of any kind, made, renamed and changed while they are down and while they are up."""
    modprobe("vpair", "etherip")
    ns = start()
    ns.run("ip link add low type dummy; ip link set low up mtu 1300; ip addr add 192.0.2.1/24 dev low")
    heard = stream(ns, "--kind device --kind address --kind route")

    def same(what):
        left = None

        def none():
            nonlocal left
            left = of_a_dump(heard, ns)
            return not left
        try:
            wait_until(none, 10)
        except AssertionError:
            raise AssertionError(f"{what}: {len(left)} differ (what, told, dumped): {left[:3]}") from None
    made = []
    for kind, words in LINKS.items():
        link = "link low" if kind in ("vlan", "macvlan") else ""
        if not ns.run(f"ip link add {link} {kind}0 type {kind} {words}", check=False).returncode:
            made.append(kind)
    assert {"vpair", "veth", "etherip", "dummy"} <= set(made), made
    same("made")
    tunnelled = tunnels(ns)
    same("tunnels")
    tap = tuntap(ns, "tap0", TAP)
    same("a tap")
    fcntl.ioctl(tap, TUNSETLINK, ARPHRD_PPP)
    same("a tap of another type")
    equal([told["hardware-type"] for told in heard.objects.values() if told.get("name") == "tap0"], [ARPHRD_PPP],
          "hardware type of the tap")
    # Of a C tunnel that changes while it is down nothing is told before it comes up.
    for kind in {"ipip", "gre"} & set(tunnelled):
        ns.run(f"ip link change t{kind} type {kind} local 192.0.2.7 remote 192.0.2.9 dev low; ip link set t{kind} up")
        equal(ns.link(f"t{kind}")["address"], "192.0.2.7", "address of the tunnel")
    same("tunnels changed while they were down")
    ns.run("ip link change etherip0 type etherip dev low")
    equal(ns.link("etherip0")["mtu"], 1300 - 36, "MTU of the tunnel")
    same("a tunnel over another device, down")
    ns.run("ip link set low mtu 1400; ip link change etherip0 type etherip nodev")
    same("over any device")
    for n, kind in enumerate(made):
        ns.run(f"ip addr add 10.7.{n}.1/24 dev {kind}0; ip addr add 10.7.{n}.2/24 dev {kind}0 label {kind}0:b")
    # While they are down a name may change, and the labels with it.
    for kind in made:
        ns.run(f"ip link set {kind}0 name n{kind}")
    same("renamed")
    equal(sorted(told["label"] for (kind, *_), told in heard.objects.items()
                 if kind == "address" and told["address"].startswith("10.7.0.")), ["nvpair", "nvpair:b"], "labels")
    for kind in made:
        ns.run(f"ip link set n{kind} up", check=False)
    same("up")
    ns.run("ip link set vpair1 up; ip link set veth1 up")
    same("both ends up")
    ns.run("ip link set vpair1 down; ip link set nveth down")
    same("an end down")
    # Carrier by hand, of a device that is down, too.
    ns.run("ip link set ndummy carrier off; ip link set low down; ip link set low carrier off", check=False)
    same("without carrier")
    ns.run("ip link set ndummy down; ip link set ndummy carrier on; ip link set low up; ip link set ndummy up",
           check=False)
    same("with carrier")
    # A port that leaves a bridge lives on, though `ip monitor` says that it was deleted.
    if "bridge" in made:
        ns.run("ip link set ndummy master nbridge; ip link set ndummy nomaster")
        same("a port that has left its bridge")
        index = ns.link("ndummy")["ifindex"]
        assert ("device", index) in heard.objects, "the port is gone"
    other = NetNs()
    ns.run(f"ip link set nvpair netns {other.name}; ip link del nveth")
    same("gone")


@case
def a_socket_hears_what_it_asks_for():
    """Kinds by groups, devices by the socket's filter; dumps by their requests."""
    ns = start()
    ns.run("ip link add d0 type dummy; ip link set d0 up; ip link add d1 type dummy; ip link set d1 up")
    index = ns.link("d1")["ifindex"]
    kinds = stream(ns, "--kind address")
    device = stream(ns, "--dev d1")
    for each in kinds, device:
        follow(each)
        each.pause()
    ns.run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev d0; ip link set d0 mtu 1400")
    # The kernel keeps from a socket what is not asked for.
    equal([waiting(each) for each in (kinds, device)], [0, 0], "bytes that wait")
    ns.run("ip addr add 192.0.2.1/24 dev d0; ip addr add 198.51.100.1/24 dev d1; ip neigh add 198.51.100.9 "
           "lladdr 02:00:00:00:00:09 dev d1; ip link set d1 mtu 1300")
    assert waiting(kinds) and waiting(device), "nothing waits of what is asked for"
    told = []
    for each in kinds, device:
        each.go_on()
        wait_until(lambda: not waiting(each), 10, "all is read")
    wait_until(lambda: told.extend(kinds.events()) or len(told) > 1, 10, "two addresses")
    equal([(kind, event["address"]) for kind, event in told],
          [("address", "192.0.2.1"), ("address", "198.51.100.1")], "addresses")
    told = []
    wait_until(lambda: told.extend(device.events()) or any(event["event"] == "mtu" for _, event in told), 10,
               "the last change")
    equal({kind for kind, _ in told}, set(KINDS), "kinds")
    equal({event["ifindex"] for kind, event in told if kind != "route"}, {index}, "devices")
    equal({hop["ifindex"] for kind, event in told if kind == "route" for hop in event["nexthop"]}, {index},
          "devices of routes")
    asked = ynl.family("linkwatch", ns)
    equal([found["name"] for found in asked.dump("device-get", {"ifindex": index})], ["d1"], "devices")
    equal({found["ifindex"] for found in asked.dump("address-get", {"ifindex": index})}, {index}, "devices")
    equal([found["address"] for found in asked.dump("neighbour-get", {"ifindex": index})], ["198.51.100.9"],
          "neighbours")
    routes = asked.dump("route-get", {"ifindex": index})
    assert "198.51.100.0" in [route["destination"] for route in routes]
    assert all(hop["ifindex"] == index for route in routes for hop in route["nexthop"]), routes
    equal(asked.dump("address-get", {"ifindex": 999}), [], "of no device")


@case
def namespaces_hear_of_their_own_objects():
    a, b = start(), NetNs()
    in_b = listener(b)
    a.run("ip link add d0 type dummy; ip link set d0 up; ip addr add 192.0.2.1/24 dev d0; "
          "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev d0")
    equal(list(messages(in_b)), [], "told to another namespace")
    asked = ynl.family("linkwatch", b)
    for kind in KINDS:
        dump = asked.dump(f"{kind}-get", {})
        assert not [told for told in dump if "192.0.2" in str(told)], dump


@case
@churn
def unloaded_under_changes():
    """The client says so and ends."""
    ns = start()
    changes = Changes(5)
    run(["ip", "-n", ns.name, "-batch", "-"], input=changes.devices())
    for _ in range(3):
        heard = stream(ns)
        busy = batch(ns, changes.lines(300), again=True)
        for kind in ("address", "neighbour", "route"):
            wait_until(lambda: any(told == kind for told, _ in heard.events()), 30, f"an event of a {kind}")
        rmmod("linkwatch")
        busy.kill()
        busy.wait()
        equal(heard.process.wait(30), 1, "the client's status")
        try:
            heard.read()
            raise AssertionError("the client's output does not end")
        except AssertionError as error:
            assert "linkwatch: the module was unloaded" in str(error), error
        run(["modprobe", "linkwatch"])


@case
@churn
def namespace_dies_with_its_last_listener():
    """A listener keeps its namespace alive, and hears what happens there; with it the namespace goes."""
    ns, other = start(), NetNs()
    heard, asker = listener(ns), ynl.family("linkwatch", ns)
    ns.run(f"ip link add d0 type veth peer name d1 netns {other.name}; ip link set d0 up; "
           "ip addr add 192.0.2.1/24 dev d0")
    changes = Changes(9)
    busy = batch(ns, changes.devices(20) + changes.lines(300), again=True)
    wait_until(lambda: any(name == "route-event" for name, _ in messages(heard)), 30, "a route")
    ns.delete()
    assert {told["name"] for told in asker.dump("device-get", {})} >= {"d0", "lo"}
    other.link("d1")
    # Now it dies, with addresses, routes and neighbours in it and changes going on.
    heard.sock.close()
    asker.sock.close()
    busy.kill()
    busy.wait()
    wait_until(lambda: other.run("ip link show d1", check=False).returncode, 30, "the namespace is gone")
    rmmod("linkwatch")


main(29)
