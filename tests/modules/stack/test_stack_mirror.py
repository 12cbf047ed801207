#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of a device that sends what another one sends and receives, with the kind mirror of stack.ko.

    +------- host -------+          +--- far ---+
    | m0 192.0.2.1       |          |           |
    |  +- l0 ------------- veth --- f0 192.0.2.9 |
    |                    |          +-----------+
    |                    |          +-- watch --+
    |     t0 ------------- veth --- w0          |
    +--------------------+          +-----------+
"""

import pathlib

import rtnl
from hosts import FAR, LIMIT, TARGET, Mirrored, drained, flooded, quiet, veth
from selftest import case, checked, churn, defer, equal, iperf, main, need, rmmod, run, wait_until

KEEP, CLASS, OWN_CLASS = 2, 3, 4


@case
@checked
def a_mirror_sends_on_two_devices():
    host = Mirrored()
    equal(host.ns.link("l0")["master"], "m0", "master")
    before = host.seen()["packets"]
    assert host.ns.ping(FAR, count=20)
    # A request and an answer each.
    wait_until(lambda: host.seen()["packets"] >= before + 40, LIMIT, "all is mirrored")
    before = host.seen()["bytes"]
    got = iperf(host.ns, host.far, FAR)
    assert got > 1 << 20, got
    wait_until(lambda: host.seen()["bytes"] >= before + got, LIMIT, f"{got} bytes are mirrored")
    assert host.far.ping("192.0.2.1")
    equal(host.ns.link("l0")["promiscuity"], 1, "promiscuity")
    host.ns.run("ip link set m0 down")
    equal(host.ns.link("l0")["promiscuity"], 0, "promiscuity")


def counted(file, wanted):
    """How many packets of a file tcpdump finds to be as wanted."""
    return len(run(["tcpdump", "-nr", file, wanted]).stdout.splitlines())


@case
def copies_are_edited():
    """The driver and the receive handler change the class of the copies, and the handler that of what it hands
    on; the packets, whose bytes these share, stay as they are. tcpdump finds no wrong checksum."""
    need("tcpdump")
    host = Mirrored(data=[(CLASS, b"\xb8"), (OWN_CLASS, b"\x48")])
    host.ns.up("m0", "2001:db8::1/64")
    marked = "(ip[1] = 0xb8 or ip6[0:2] & 0xff0 = 0xb80)"
    own = "(ip[1] = 0x48 or ip6[0:2] & 0xff0 = 0x480)"
    # Requests are sent, replies received.
    echoes = (("icmp[0] = 8", FAR, 0), ("icmp[0] = 0", FAR, 5), ("ip6[40] = 128", "2001:db8::9", 0),
              ("ip6[40] = 129", "2001:db8::9", 5))
    for which, (kind, address, received) in enumerate(echoes):
        files = {}
        for ns, name in (host.watch, "w0"), (host.far, "f0"), (host.ns, "m0"):
            file = files[name] = f"/tmp/mirror-{ns.name}-{which}.pcap"
            ns.popen(f"tcpdump -i {name} -w {file} -U --immediate-mode {kind!r}")
            wait_until(lambda file=file: pathlib.Path(file).exists() and pathlib.Path(file).stat().st_size >= 24,
                       LIMIT, "tcpdump")
            defer(pathlib.Path(file).unlink)
        assert host.ns.ping(address, count=5), address
        for name, wanted, number in ("w0", marked, 5), ("f0", f"{marked} or {own}", 0), ("m0", own, received):
            file = files[name]
            wait_until(lambda file=file: counted(file, kind) >= 5, LIMIT, f"{kind} at {name}")
            equal(counted(file, f"{kind} and ({wanted})"), number, f"{kind} with another class at {name}")
            text = run(["tcpdump", "-vvnr", file]).stdout
            assert "bad" not in text and "wrong" not in text, text
    assert iperf(host.ns, host.far, FAR) > 1 << 20


@case
def what_does_not_fit_is_not_mirrored():
    """The other device is down, or has a smaller MTU: the traffic goes on, and drops are counted."""
    host = Mirrored()

    def lost():
        stats = host.ns.link("m0")["stats64"]
        return stats["tx"]["dropped"], stats["rx"]["dropped"]
    host.ns.run("ip link set t0 mtu 600")
    before, seen = lost(), host.seen()["bytes"]
    assert host.ns.ping(FAR, count=5, options="-s 1200")
    after = lost()
    assert after[0] >= before[0] + 5 and after[1] >= before[1] + 5, (before, after)
    # Less than they have, whatever small packets there are beside.
    assert host.seen()["bytes"] < seen + 6000, (host.seen(), seen)
    host.ns.run("ip link set t0 down")
    before = lost()
    assert host.ns.ping(FAR, count=5)
    after = lost()
    assert after[0] >= before[0] + 5 and after[1] >= before[1] + 5, (before, after)


@case
@churn
def a_mirror_is_unloaded_under_traffic():
    """Its handler goes before its devices do."""
    host = Mirrored()
    for _ in range(2):
        flooded(host.ns, "m0", FAR)
        host.far.popen("ping -q -f 192.0.2.1")
        rmmod("stack")
        run(["modprobe", "stack"])
        host.mirror()


def target(host):
    """The index of a mirror's target, as `fill_info` shows it."""
    with host.ns.enter():
        return int.from_bytes(rtnl.info("m0")[TARGET], "little")


@case
@churn
def a_mirrors_devices_go_under_traffic():
    """Its target is given up, wherever it goes; the mirror outlives the device below."""
    host = Mirrored()
    flooded(host.ns, "m0", FAR)
    assert target(host)
    host.ns.run(f"ip link set t0 netns {host.far.name}")
    equal(target(host), 0, "the target that was moved")
    host.ns.run("ip link del m0")
    host.far.run(f"ip link set t0 netns {host.ns.name}")
    host.ns.up("t0")
    host.mirror()
    flooded(host.ns, "m0", FAR)
    assert target(host)
    host.ns.run("ip link del t0")
    equal(target(host), 0, "the target that was deleted")
    assert host.ns.ping(FAR)
    host.ns.run("ip link del l0")
    link_ = host.ns.link("m0")
    assert "NO-CARRIER" in link_["flags"], link_
    host.ns.run("ip link del m0")


@case
@churn
def what_is_kept_pins_no_device():
    """A namespace that never gives a device up by itself keeps neither it, nor the one it is in."""
    host = Mirrored(data=[(KEEP, b"")])
    flooded(host.ns, "m0", FAR)
    host.ns.run("ip link del t0")
    host.ns.run("ip link del m0")
    veth(host.ns, "t0", host.watch, "w0")
    host.ns.up("t0")
    host.mirror(data=[(KEEP, b"")])
    flooded(host.ns, "m0", FAR)
    quiet(host.ns)
    host.ns.delete()
    drained()
    rmmod("stack")


main(60)
