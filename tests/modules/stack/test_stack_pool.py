#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of a device whose ports come and go, with the kind pool of stack.ko.

    +-------- host ---------+            +--------- far --------+
    | p0 192.0.2.1          |            |   br0 192.0.2.9      |
    |  +-- l0 --------------- veth ------ f0 --+                |
    |  +-- l1 --------------- veth ------ f1 --+                |
    +-----------------------+            +----------------------+
"""

import json
import os

from selftest import NetNs, case, churn, equal, iperf, main, modprobe, rmmod, wait_until

FAR, NEAR = "192.0.2.9", "192.0.2.1"
LIMIT = 30
GROUP = "33:33:00:00:12:34"


class Host:
    def __init__(self, ports=(0, 1)):
        modprobe("stack")
        self.ns, self.far = NetNs(), NetNs()
        self.far.run("ip link add br0 type bridge")
        self.far.up("br0", f"{FAR}/24")
        self.ns.run("ip link add p0 type pool")
        for number in ports:
            self.port(number)
        self.ns.up("p0", f"{NEAR}/24")

    def port(self, number):
        self.wire(number)
        self.ns.run(f"ip link set l{number} master p0")

    def wire(self, number):
        self.ns.run(f"ip link add l{number} type veth peer name f{number} netns {self.far.name}")
        self.far.run(f"ip link set f{number} master br0")
        self.far.up(f"f{number}")
        self.ns.up(f"l{number}")

    def carried(self, number):
        return self.ns.link(f"l{number}")["stats64"]["tx"]["packets"]

    def flood(self):
        self.ns.popen(f"ping -q -f {FAR}")

    def goes_on(self, number):
        before = self.carried(number)
        wait_until(lambda: self.carried(number) > before + 100, LIMIT, f"traffic by l{number}")

    def is_asked(self, number, ns=None):
        """Whether a port receives what is sent to the pool's address, and to the group."""
        name, ns = f"l{number}", ns or self.ns
        unicast = [entry["mac"] for entry in json.loads(ns.run(f"bridge -j fdb show dev {name}").stdout)]
        groups = json.loads(ns.run(f"ip -j maddr show dev {name}").stdout)[0]["maddr"]
        return self.ns.link("p0")["address"] in unicast, GROUP in [entry.get("link") for entry in groups]


@case
def ports_come_and_go():
    host = Host()
    equal(host.ns.link("l0")["master"], "p0", "the master")
    assert host.ns.ping(FAR)
    assert host.far.ping(NEAR)
    assert iperf(host.ns, host.far, FAR) > 1 << 20
    assert iperf(host.far, host.ns, NEAR) > 1 << 20
    host.flood()
    host.goes_on(0)
    host.ns.run("ip link set l0 down")
    host.goes_on(1)
    host.ns.run("ip link set l0 up")
    host.goes_on(0)
    host.ns.run("ip link set l0 nomaster")
    assert "master" not in host.ns.link("l0")
    host.goes_on(1)
    # It is free again.
    host.ns.run("ip link add br0 type bridge")
    host.ns.run("ip link set l0 master br0")
    host.ns.run("ip link set l1 nomaster")
    wait_until(lambda: host.ns.link("p0")["operstate"] == "DOWN", LIMIT, "p0 has no port")
    # From one master to the other in one step.
    host.ns.run("ip link set l0 master p0")
    wait_until(lambda: host.ns.link("p0")["operstate"] == "UP", LIMIT, "p0 has a port")
    host.goes_on(0)


@case
def a_port_receives_what_the_pool_is_to():
    """Also one that comes when the pool is up; one that is moved to another namespace is lost, as by a bond."""
    host = Host(ports=(0,))
    host.ns.run(f"ip maddr add {GROUP} dev p0")
    equal(host.is_asked(0), (True, True), "of the first port")
    host.port(1)
    equal(host.is_asked(1), (True, True), "of a port that came later")
    host.ns.run("ip link set l1 nomaster")
    equal(host.is_asked(1), (False, False), "of one that has gone")
    host.ns.run("ip link set p0 down")
    equal(host.is_asked(0), (False, False), "while the pool is down")
    host.ns.run("ip link set p0 up")
    equal(host.is_asked(0), (True, True), "when it is up again")
    other = NetNs()
    host.ns.run("ip link set l1 master p0")
    host.ns.run(f"ip link set l0 netns {other.name}")
    assert "master" not in other.link("l0")
    equal(host.is_asked(0, other), (False, False), "after a move")
    equal(host.is_asked(1), (True, True), "of the port that is left")
    assert host.ns.ping(FAR)
    # It may come back, and is free for others.
    other.run(f"ip link set l0 netns {host.ns.name}")
    host.ns.run("ip link set l0 up master p0")
    equal(host.is_asked(0), (True, True), "of one that has come back")
    host.ns.run(f"ip maddr del {GROUP} dev p0")


@case
def requests_are_refused():
    host = Host(ports=(0,))
    for command, error in (("ip link set lo master p0", "a port is an Ethernet device"),
                           ("ip link set p0 master p0", None)):
        done = host.ns.run(command, check=False)
        assert done.returncode and (error or "") in done.stderr, (command, done)
    assert "master" not in host.ns.link("lo")
    # A bridge's port has its handler, and a pool above a pool is below it.
    host.wire(1)
    host.ns.run("ip link add p1 type pool")
    host.ns.run("ip link set p1 master p0")
    assert host.ns.run("ip link set p0 master p1", check=False).returncode
    host.ns.run("ip link add link l1 name u1 type stack")
    assert host.ns.run("ip link set l1 master p0", check=False).returncode, "it has a handler"
    assert "master" not in host.ns.link("l1"), "what was refused is no port"
    host.ns.run("ip link del u1")
    host.ns.run("ip link set l1 master p0")


@case
@churn
def ports_are_exchanged_under_traffic():
    host = Host()
    host.flood()
    host.far.popen(f"ping -q -f {NEAR}")
    # Each exchange takes seconds where processors are emulated.
    for _ in range(20 if os.environ["KERNET_KERNEL"] == "user" else 5):
        for number in 0, 1:
            host.ns.run(f"ip link set l{number} nomaster")
            host.goes_on(1 - number)
            host.ns.run(f"ip link set l{number} master p0")
    host.ns.run("ip link del l0")
    host.goes_on(1)
    host.port(0)
    host.ns.run("ip link del p0")
    assert "master" not in host.ns.link("l1")
    host.ns.run("ip link add br0 type bridge")
    host.ns.run("ip link set l1 master br0")


@case
@churn
def unloaded_under_traffic():
    for _ in range(2):
        host = Host()
        host.flood()
        host.goes_on(0)
        rmmod("stack")
        assert "master" not in host.ns.link("l0")
        host.ns.run("ip link add br0 type bridge")
        host.ns.run("ip link set l0 master br0")


main(40)
