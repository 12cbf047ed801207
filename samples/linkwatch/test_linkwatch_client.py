#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of the client `linkwatch`: what it prints, how it ends, how long it takes."""

import json
import os
import pathlib
import subprocess

from selftest import NetNs, case, defer, equal, main, modprobe, rmmod, run

ROUTES = 10000


def start():
    modprobe("linkwatch")
    return NetNs()


def lines(done):
    """What a call has printed, without the numbers."""
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


@case
def says_what_there_is():
    ns = start()
    ns.run("ip link add d0 type dummy; ip link set d0 address 02:00:00:00:00:01 mtu 1400 up; "
           "ip addr add 192.0.2.1/24 dev d0; ip addr add 192.0.2.2/24 dev d0; "
           "ip addr add 192.0.2.3 peer 198.51.100.3/32 dev d0; ip -6 addr flush dev d0; "
           "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev d0; ip route add 203.0.113.0/24 metric 7 "
           "nexthop via 192.0.2.9 dev d0 nexthop via 192.0.2.8 dev d0; ip route add 203.0.113.9 via 192.0.2.9; "
           "ip nexthop add id 4 via 192.0.2.9 dev d0; ip route add 198.18.0.0/15 nhid 4")
    said = lines(ns.run("linkwatch --dev d0 --duration 0 --kind device --kind address --kind neighbour"))
    index = ns.link("d0")["ifindex"]
    equal(said, [f"device is {index}: d0 up mtu 1400 02:00:00:00:00:01", "address is 192.0.2.1/24 dev d0",
                 "address is 192.0.2.3 peer 198.51.100.3/32 dev d0", "address is 192.0.2.2/24 dev d0 secondary",
                 "neighbour is 192.0.2.9 dev d0 02:00:00:00:00:09 permanent"], "lines")
    # The kinds come in the order that is asked for.
    said = lines(ns.run("linkwatch --dev d0 --duration 0 --kind neighbour --kind address --kind neighbour"))
    equal([line.partition(" ")[0] for line in said], ["neighbour", *["address"] * 3], "kinds")
    routes = lines(ns.run("linkwatch --kind route --duration 0"))
    for route in ("203.0.113.0/24 table 254 metric 7 via 192.0.2.9 dev d0 via 192.0.2.8 dev d0",
                  "203.0.113.9/32 table 254 metric 0 via 192.0.2.9 dev d0",
                  "198.18.0.0/15 table 254 metric 0 nhid 4"):
        assert f"route is {route}" in routes, (route, routes)
    said = ns.run("linkwatch --json --kind device --dev lo --duration 0").stdout
    equal(said.count("\n"), 1, "lines")
    told = json.loads(said)
    assert told.pop("sequence"), told
    equal(told, {"kind": "device", "ifindex": 1, "name": "lo", "up": 1, "carrier": 1, "mtu": 65536,
                 "hardware-type": 772, "address": "00:00:00:00:00:00"}, "JSON")


@case
def says_what_happens():
    ns = start()
    ns.run("ip link add d0 type dummy")
    heard = ns.popen("linkwatch --kind device --kind neighbour", stdout=subprocess.PIPE)
    while " d0 " not in heard.stdout.readline():
        pass
    ns.run("ip link set d0 address 02:00:00:00:00:01 name e0; ip link set e0 mtu 1400 up; "
           "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev e0; ip link del e0")
    said = []
    while not said or "unregister" not in said[-1]:
        said.append(heard.stdout.readline().partition(" ")[2])
    said = "".join(said)
    for words in ("device rename", ": e0 ", "device mtu", " mtu 1400 ", "device up",
                  "neighbour set 192.0.2.9 dev e0 02:00:00:00:00:09 permanent", "device unregister"):
        assert words in said, (words, said)


@case
def names_are_those_of_the_moment():
    """Also when nothing about devices is asked for; an index may get another device."""
    ns = start()
    ns.run("ip link add d0 index 77 type dummy; ip link set d0 up; ip -6 addr flush dev d0")
    heard = ns.popen("linkwatch --kind address", stdout=subprocess.PIPE)
    changes = (("ip addr add 192.0.2.1/24 dev d0", "set 192.0.2.1/24 dev d0"),
               ("ip link set d0 name e0", "set 192.0.2.1/24 dev e0"),
               ("ip addr add 192.0.2.2/32 dev e0", "set 192.0.2.2/32 dev e0"),
               ("ip link del e0", "delete 192.0.2.1/24 dev e0"),
               ("ip link add f0 index 77 type dummy; ip addr add 192.0.2.3/24 dev f0", "set 192.0.2.3/24 dev f0"))
    # It listens.
    while " dev lo" not in heard.stdout.readline():
        pass
    said = []
    for command, words in changes:
        ns.run(command)
        while not said or said[-1] != f"address {words}\n":
            said.append(heard.stdout.readline().partition(" ")[2])
            assert said[-1].startswith("address ") and " dev 77" not in said[-1], said


@case
def ends_when_its_devices_are_gone():
    ns = start()
    ns.run("ip link add d0 index 77 type dummy; ip link add d1 type dummy")

    def follows(options):
        client = ns.popen(f"linkwatch --kind device --kind address {options}", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
        client.stdout.readline()
        return client

    def ended(client, name):
        said, errors = client.communicate(timeout=30)
        equal((client.returncode, errors), (1, f"linkwatch: --dev {name}: the device is gone\n"), "status and errors")
        return said
    for options, new in (("--dev d0", "192.0.2.1"), ("--dev d0 --kind route --json", "192.0.2.2")):
        one, both = follows(options), follows(f"{options} --dev d1")
        ns.run(f"ip link del d0; ip link add d0 index 77 type dummy; ip addr add {new}/24 dev d0")
        said = ended(one, "d0")
        assert "unregister" in said and new not in said, said
        # The other one is followed until it goes.
        ns.run("ip addr add 198.51.100.1/24 dev d1; ip link del d1; ip link add d1 type dummy")
        said = ended(both, "d1")
        assert "198.51.100.1" in said and new not in said, said
    # In another namespace it is gone, too.
    one = follows("--dev d0")
    ns.run(f"ip link set d0 netns {NetNs().name}")
    ended(one, "d0")
    # The module's end is not the device's.
    one = follows("--dev d1")
    rmmod("linkwatch")
    equal((one.communicate(timeout=30)[1], one.returncode), ("linkwatch: the module was unloaded\n", 1), "error")


@case
def ends_when_nobody_reads():
    """At once, not with the next event; and without a word."""
    ns = start()
    done = ns.run("bash -c 'linkwatch | head -n 1; echo ${PIPESTATUS[0]}'", timeout=60)
    first, status = done.stdout.splitlines()
    assert " device is 1: lo" in first, first
    equal((status, done.stderr), ("141", ""), "status and errors")
    # In the middle of its output.
    ns.run("ip link add d0 type dummy; ip link set d0 up")
    run(["ip", "-n", ns.name, "-batch", "-"], input="".join(
        f"route add blackhole 10.{n >> 8}.{n & 255}.0/24\n" for n in range(3000)))
    done = ns.run("bash -c 'linkwatch --kind route | head -n 1; echo ${PIPESTATUS[0]}'", timeout=60)
    equal((done.stdout.splitlines()[1:], done.stderr), (["141"], ""), "status and errors")


@case
def says_why_not():
    ns = start()
    done = ns.run("linkwatch --dev nosuch", check=False)
    equal((done.returncode, done.stdout, done.stderr),
          (1, "", "linkwatch: --dev nosuch: there is no such device\n"), "a device that is not there")
    for options in ("--kind nosuch", "--duration -1", "--duration soon", "more"):
        done = ns.run(f"linkwatch {options}", check=False)
        equal((done.returncode, done.stdout), (2, ""), options)
        assert done.stderr.startswith("error: "), done.stderr


def cost(ns, command):
    """The processor's seconds that a command takes."""
    with ns.enter():
        process = subprocess.Popen(command.split(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    equal(status, 0, command)
    return usage.ru_utime + usage.ru_stime


@case
def snapshot_takes_at_most_twice_the_time_of_ip():
    ns = start()
    run(["ip", "-n", ns.name, "-batch", "-"], timeout=240, input="".join(
        f"route add blackhole 10.{n >> 8}.{n & 255}.0/24\n" for n in range(ROUTES)))
    # By turns: what else the host does comes and goes, and only adds.
    theirs = ours = float("inf")
    for _ in range(8):
        theirs = min(theirs, cost(ns, "ip route show"))
        ours = min(ours, cost(ns, "linkwatch --kind route --duration 0"))
        if ours < 2 * theirs:
            break
    print(f"a snapshot of {ROUTES} routes: linkwatch {ours:.3f} s, ip {theirs:.3f} s", flush=True)
    assert ours < 2 * theirs, f"{ours:.3f} s, ip takes {theirs:.3f} s"


@case
def says_that_the_module_is_missing():
    rmmod("linkwatch")
    # Else the kernel would load it.
    modprobe_path = pathlib.Path("/proc/sys/kernel/modprobe")
    defer(modprobe_path.write_text, modprobe_path.read_text())
    modprobe_path.write_text("/bin/false")
    done = run("linkwatch --duration 0", check=False)
    equal((done.returncode, done.stderr),
          (1, "linkwatch: the kernel has no family linkwatch; load the module: modprobe linkwatch\n"), "error")


main(20)
