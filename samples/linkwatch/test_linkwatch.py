#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of linkwatch, driven by the kernel's own ynl library from the specification alone."""

import bisect
import errno
import ipaddress
import itertools
import json
import struct

import nlraw
import ynl
from dumps import Dump, abandon, follow
from selftest import NetNs, case, checked, equal, main, modprobe, run, wait_until


def family(ns):
    return ynl.family("linkwatch", ns)


class Listener:
    """Hears what is told in a namespace."""

    def __init__(self, ns):
        self.family = family(ns)
        self.family.ntf_subscribe("devices")
        self.events = []

    def poll(self):
        self.family.check_ntf()
        while not self.family.async_msg_queue.empty():
            self.events.append(self.family.async_msg_queue.get()["msg"])
        return self.events

    def wait(self, event, **fields):
        def found():
            return next((told for told in self.poll() if told["event"] == event
                         and all(told[name] == value for name, value in fields.items())), None)
        return wait_until(found, 10, f"{event} {fields}")


def start():
    modprobe("linkwatch")
    return NetNs()


@case
@checked
def dump_says_what_ip_says():
    ns = start()
    ns.run("ip link add d0 type veth peer name d1; ip link set d0 up mtu 1400")
    dump = {device["name"]: device for device in family(ns).dump("device-get", {})}
    links = json.loads(ns.run("ip -j link show").stdout)
    equal(sorted(dump), sorted(link["ifname"] for link in links), "names")
    for link in links:
        device = dump[link["ifname"]]
        equal(device["ifindex"], link["ifindex"], "index")
        equal(device["mtu"], link["mtu"], "MTU")
        equal(device["up"], int("UP" in link["flags"]), "up")
        equal(device["carrier"], int("NO-CARRIER" not in link["flags"]), "carrier of a running one") \
            if "UP" in link["flags"] else None
        address = device["address"]
        equal(address if isinstance(address, str) else address.hex(":"), link["address"], "address")


@case
@checked
def tells_every_kind_of_event():
    ns = start()
    listener = Listener(ns)
    ns.run("ip link add d0 type veth peer name d1")
    listener.wait("register", name="d0")
    ns.run("ip link set d0 up; ip link set d1 up")
    listener.wait("up", name="d0", up=1)
    listener.wait("carrier", name="d0", carrier=1)
    ns.run("ip link set d0 mtu 1300")
    listener.wait("mtu", name="d0", mtu=1300)
    ns.run("ip link set d0 address 02:00:00:00:00:77")
    told = listener.wait("address", name="d0")
    assert "77" in str(told["address"]) or told["address"][-1] == 0x77, told
    ns.run("ip link set d0 down")
    listener.wait("down", name="d0", up=0)
    ns.run("ip link set d0 name e0")
    listener.wait("rename", name="e0")
    ns.run("ip link del e0")
    listener.wait("unregister", name="e0")


@case
def events_are_numbered():
    ns = start()
    listener = Listener(ns)
    for n in range(20):
        ns.run(f"ip link add d{n} type veth peer name p{n}; ip link del d{n}")
    listener.wait("unregister", name="d19")
    told = listener.poll()
    numbers = [event["sequence"] for event in told]
    equal(numbers, sorted(set(numbers)), "order of the numbers")
    equal([event["previous"] for event in told[1:]], numbers[:-1], "numbers before")


@case
def dump_ties_in_with_the_events():
    ns = start()
    listener = Listener(ns)
    ns.run("ip link add d0 type veth peer name d1")
    last = listener.wait("register", name="d0")["sequence"]
    ns.run("ip link set d1 up")
    listener.wait("up", name="d1")
    dump = family(ns).dump("device-get", {})
    numbers = {device["sequence"] for device in dump}
    equal(len(numbers), 1, "numbers in a dump")
    dumped = numbers.pop()
    assert dumped > last, (dumped, last)
    assert max(told["sequence"] for told in listener.poll()) <= dumped, "an event of before is missing"
    ns.run("ip link set d1 down")
    told = listener.wait("down", name="d1")
    assert told["sequence"] > dumped >= told["previous"], told


@case
def namespaces_hear_of_themselves_alone():
    a, b = start(), NetNs()
    in_a, in_b = Listener(a), Listener(b)
    a.run("ip link add d0 type veth peer name d1")
    in_a.wait("register", name="d0")
    a.run(f"ip link set d1 netns {b.name}")
    in_a.wait("unregister", name="d1")
    in_b.wait("register", name="d1")
    assert not [told for told in in_b.poll() if told["name"] == "d0"]


def number(made, kind, attribute):
    return made.attr_sets[kind][attribute].value


@case
def requests_are_checked():
    ns = start()
    made = family(ns)
    ifindex, mtu = (number(made, "device", name) for name in ("ifindex", "mtu"))
    with ns.enter():
        sock = nlraw.Socket("linkwatch")
    for what, attrs, offset in (
            ("an attribute of answers alone", nlraw.attr(mtu, bytes(4)), 20),
            ("an unknown one", nlraw.attr(99, bytes(4)), 20),
            ("a short index", nlraw.attr(ifindex, b"\1\0"), 20),
            ("a long one", nlraw.attr(ifindex, bytes(8)), 20),
            ("one behind a good one", nlraw.attr(ifindex, b"\1\0\0\0") + nlraw.attr(mtu, bytes(4)), 28),
            ("a length beyond the end", nlraw.attr(ifindex, b"\1\0\0\0", length=40), None)):
        answer = sock.ask(made.ops["device-get"].req_value, attrs, nlraw.DUMP)
        assert isinstance(answer, dict), f"{what}: accepted"
        equal((answer["errno"], answer.get("offset")), (errno.EINVAL, offset), f"{what}: errno and offset")
        assert answer.get("text"), f"{what}: no text"
    sock.close()


@case
def dump_of_devices_resumes_where_it_was():
    """Each message has the devices that there were when it was filled, and says if any had changed."""
    ns = start()
    batch = "".join(f"link add d{n} index {1000 + 10 * n} type dummy\n" for n in range(200))
    run(["ip", "-n", ns.name, "-batch", "-"], input=batch, timeout=240)
    made = family(ns)
    equal(len(made.dump("device-get", {})), 201, "devices")
    indexes = [1, *range(1000, 3000, 10)]
    ifindex = number(made, "device", "ifindex")

    def devices():
        return Dump(ns, made, "device-get", lambda attrs: struct.unpack("=I", attrs[ifindex])[0])
    turns = itertools.count()

    def change():
        turn = next(turns)
        if turn % 3 == 1:
            # Behind the dump, and before it.
            ns.run(f"ip link del d{turn}; ip link del d{199 - turn}; "
                   f"ip link add x{turn} index {2995 - turn} type dummy")
            for index in (1000 + 10 * turn, 2990 - 10 * turn):
                indexes.remove(index)
            bisect.insort(indexes, 2995 - turn)
        elif turn % 3 == 2:
            ns.run("ip link set d100 mtu 1400; ip link set d100 mtu 1500")
        return turn % 3 != 0
    quiet, changed = follow(devices(), indexes, change)
    assert quiet > 1 and changed > 1, (quiet, changed)
    # What happens to other objects does not change the devices.
    quiet, changed = follow(devices(), indexes, lambda: bool(ns.run(
        "ip addr add 192.0.2.1/32 dev lo; ip addr del 192.0.2.1/32 dev lo").stderr))
    assert quiet > 4 and not changed, (quiet, changed)


@case
def dump_of_10000_routes_is_of_one_moment():
    """What comes and goes after its beginning it does not tell: the stream does."""
    ns = start()

    def prefix(n):
        return f"10.{n >> 8}.{n & 255}.0/24"
    batch = "".join(f"route add blackhole {prefix(n)}\n" for n in range(10000))
    run(["ip", "-n", ns.name, "-batch", "-"], input=batch, timeout=240)
    made = family(ns)
    destination, length = (number(made, "route", name) for name in ("destination", "destination-length"))

    def routes():
        return Dump(ns, made, "route-get", lambda attrs: (attrs[destination], attrs[length][0]))

    def told(found):
        return sorted(f"{ipaddress.ip_address(name[0])}/{name[1]}" for _, name in found[:-1] if name[1] == 24)
    there = set(range(10000))
    for turn in range(2):
        dump, found, messages = routes(), [], 0
        expected = sorted(map(prefix, there))
        while not dump.done:
            found += dump.read()
            if messages % 50 == 10 and not turn:
                gone, new = messages + 7000, messages + 20000
                run(["ip", "-n", ns.name, "-batch", "-"], input="".join(
                    f"route del blackhole {prefix(gone + n)}\nroute add blackhole {prefix(new + n)}\n"
                    for n in range(5)))
                there = there - set(range(gone, gone + 5)) | set(range(new, new + 5))
            messages += 1
        dump.close()
        assert messages > 200, messages
        assert told(found) == expected, f"{len(found)} routes, {set(told(found)) ^ set(expected)}"
        assert not any(interrupted for interrupted, _ in found), "nothing has changed in a snapshot"
    assert there != set(range(10000))


@case
@checked
def dumps_are_left_in_their_course():
    ns = start()
    batch = "link add d0 type dummy\nlink set d0 up\n" + "".join(
        f"addr add 10.1.{n}.1/24 dev d0\nneigh add 10.1.{n}.9 lladdr 02:00:00:00:00:09 dev d0\n"
        for n in range(150))
    run(["ip", "-n", ns.name, "-batch", "-"], input=batch, timeout=240)
    # Of devices a number is kept alone.
    for kind in ("address", "neighbour", "route"):
        made = family(ns)
        abandon("linkwatch", lambda: Dump(ns, made, f"{kind}-get", lambda attrs: attrs), closed=10, killed=2)


main(27)
