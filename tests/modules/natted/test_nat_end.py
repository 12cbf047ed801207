#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The ends of the wing nat while connections are translated: of the module, of r, of its devices. See nat.py."""

from nat import B4, B6, BOTH, DGRAM, Nat, client, exchange, listener, three, version
from selftest import case, churn, loaded, main, modprobe, need, rmmod, wait_until


def busy():
    """a, r and b, with connections of all kinds that are translated, and new ones all the time."""
    a, r, b, nat = three()
    held = []
    for near, router, _, far, pool in BOTH:
        nat.rule("postrouting", "masquerade", family=version(near))
        there = listener(b, far)
        held.append((client(a, far, there.getsockname()[1]), there))
        exchange(*held[-1])
        there = listener(b, far, DGRAM)
        port = there.getsockname()[1]
        nat.rule("prerouting", "dnat", far, ports=(port, port), port=8080)
        held.append((client(a, router, 8080, DGRAM), there))
        exchange(*held[-1])
        # Each ping of one packet is a connection of its own.
        a.popen(f"sh -c 'while :; do ping -q -c 1 -W 1 {far}; done'")
        a.popen(f"ping -q -i 0.01 {far}")
    wait_until(lambda: nat.stats()["postrouting"] > 20, 30, "connections")
    return a, r, b, nat, held


@case
@churn
def unloaded_under_traffic():
    """The module and the wing go; what was translated is not, and what comes is not either, until it is back."""
    a, r, b, nat, _ = busy()
    nat.close()
    rmmod("natted")
    rmmod("kernet_nat")
    assert not loaded("kernet_nat")
    for address in B4, B6:
        assert not a.ping(address, 1, "-W 0.3"), f"{address} answers an address that it knows no way to"
    for _ in range(2):
        modprobe("natted")
        again = Nat(r)
        again.enable()
        again.rule("postrouting", "masquerade")
        for address in B4, B6:
            assert a.ping(address, 2), f"{address} does not answer"
        again.close()
        rmmod("natted")


@case
@churn
def switched_under_traffic():
    """On and off, many times: a new connection is translated when it is on."""
    a, r, b, nat, _ = busy()
    for _ in range(20):
        nat.enable(0)
        nat.enable()
    for address in B4, B6:
        assert a.ping(address, 2), f"{address} does not answer"


@case
@churn
def a_namespace_dies_under_traffic():
    """With NAT on, and connections that are translated; others are translated after it."""
    a, r, b, nat, held = busy()
    nat.close()
    r.delete()
    wait_until(lambda: a.run("ip link show dev ar", check=False).returncode != 0, 60, "r has died")
    for near, far in held:
        near.close()
        far.close()
    a, r, b, nat = three()
    nat.rule("postrouting", "masquerade")
    for address in B4, B6:
        assert a.ping(address, 1), f"{address} does not answer"


@case
@churn
def a_device_is_deleted_under_traffic():
    """By which connections are masqueraded: they end. Another one in its place has new ones."""
    need("conntrack")
    a, r, b, nat, _ = busy()
    r.run("ip link del rb")

    def masqueraded():
        return [line for family in ("ipv4", "ipv6")
                for line in r.run(f"conntrack -L -f {family} -p tcp").stdout.splitlines()]

    wait_until(lambda: not masqueraded(), 30, "the connections by rb end")
    r.run(f"ip link add rb type veth peer name b0 netns {b.name}")
    for ns, device, host in (r, "rb", 1), (b, "b0", 2):
        ns.up(device, f"198.51.100.{host}/24", f"2001:db8:2::{host}/64")
    for address in B4, B6:
        wait_until(lambda: a.ping(address, 1), 30, f"{address} answers")


main(20)
