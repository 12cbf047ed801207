#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of linkwatch, driven by the kernel's own ynl library from the specification alone."""

import json

import ynl
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


@case
def unknown_attributes_are_refused():
    ns = start()
    listener = family(ns)
    try:
        listener.dump("device-get", {"mtu": 1})
    except ynl.NlError as refusal:
        equal(refusal.error, 22, "errno")
        assert "nknown" in str(refusal.nl_msg.extack), refusal
    else:
        raise AssertionError("accepted")


@case
def dumps_many_devices():
    ns = start()
    batch = "".join(f"link add d{n} type veth peer name p{n}\n" for n in range(100))
    run(["ip", "-n", ns.name, "-batch", "-"], input=batch, timeout=240)
    equal(len(family(ns).dump("device-get", {})), 201, "devices")


main()
