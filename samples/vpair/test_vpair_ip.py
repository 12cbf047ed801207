#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of vpair's plugin for iproute2: veth's commands with the name changed.

    +---- a ----+         +---- b ----+
    | left      o---------o     right |
    +-----------+         +-----------+
"""

import json
import shlex

from selftest import NetNs, case, equal, main, modprobe, run

ADDRESS, PEERS = "02:00:00:00:00:01", "02:00:00:00:00:02"


def ip(ns, words, **options):
    """`ip` alone: under emulation each process counts."""
    return run(["ip", "-n", ns.name, *shlex.split(words)], **options)


def links(ns):
    return json.loads(ip(ns, "-j link show").stdout)


def names(ns):
    return [link["ifname"] for link in links(ns)]


def two():
    modprobe("vpair")
    return NetNs(), NetNs()


@case
def the_peer_has_its_name():
    a, _ = two()
    a.run("ip link add left type vpair peer name right")
    equal(sorted(names(a)), ["left", "lo", "right"], "devices")
    equal((a.link("left")["link"], a.link("right")["link"]), ("right", "left"), "links")
    equal(a.link("left")["linkinfo"], {"info_kind": "vpair"}, "what is shown of the kind")


@case
def the_manual_page_is_right():
    """The commands of veth(4), with the type changed."""
    a, b = two()
    run(f"ip link add left netns {a.name} type vpair peer right netns {b.name}")
    equal((sorted(names(a)), sorted(names(b))), (["left", "lo"], ["lo", "right"]), "devices")
    a.up("left", "192.0.2.1/24")
    b.up("right", "192.0.2.2/24")
    assert a.ping("192.0.2.2")


@case
def the_peer_has_all_that_it_was_given():
    a, b = two()
    a.run(f"ip link add left address {ADDRESS} mtu 1400 type vpair "
          f"peer name right address {PEERS} mtu 1300 txqueuelen 7 netns {b.name}")
    left, right = a.link("left"), b.link("right")
    equal((left["address"], left["mtu"]), (ADDRESS, 1400), "left")
    equal((right["address"], right["mtu"], right["txqlen"]), (PEERS, 1300, 7), "right")
    equal(names(a), ["lo", "left"], "devices in a")


@case
def help_is_given():
    modprobe("vpair")
    asked = run("ip link help vpair").stdout
    assert asked.startswith("Usage: ... vpair [ peer OPTIONS ]\n"), asked
    equal(run("ip link add left type vpair help", check=False).stderr, asked, "help among the options")


@case
def does_as_veth_does():
    """Good and bad words: the same devices, the same status, the same message of `ip`.

    Where veth has the errno's text alone, vpair may say more.
    """
    modprobe("veth")
    modprobe("vpair")
    namespaces = {"veth": NetNs(), "vpair": NetNs()}
    for words in ("name right", "name right up", "right", "", "name left", "name right mtu 600",
                  "name right mtu x", "name right mtu 12",
                  "name right address 02:00:00:00:00", "name right mtu 70000",
                  "name right address x", f"name right address {PEERS} address {ADDRESS}",
                  "name right name other", "name right netns nowhere", "name", "name right mtu",
                  "name right bogus", "name 0123456789abcdef", "name right type dummy",
                  "name right numtxqueues 0", "index 77 name right", "index 0 name right",
                  "name right group nothing", "name right master nobody", "name right alias one"):
        outcomes = []
        for kind, ns in namespaces.items():
            done = ip(ns, f"link add index 55 name left type {kind} peer {words}", check=False)
            made = [(link["ifname"], link["ifindex"], link["mtu"], link["flags"], link.get("ifalias"))
                    for link in links(ns)]
            outcomes.append((done.returncode, done.stderr.replace(kind, "KIND"),
                             repr(made).replace(kind, "KIND")))
            if done.returncode == 0:
                ip(ns, "link del left")
        if outcomes[0][1].startswith("RTNETLINK answers: "):
            assert outcomes[1][1], f"no message for peer {words!r}"
            outcomes = [(status, made) for status, _, made in outcomes]
        equal(outcomes[1], outcomes[0], f"outcome of peer {words!r}")


@case
def refuses_bad_arguments():
    a, _ = two()
    for words, message in (("right", 'vpair: unknown option "right"'),
                           ("peers name right", 'vpair: unknown option "peers"'),
                           ("peer name right peer name other", "duplicate \"name\""),
                           ("peer type vpair", "Error: duplicate \"type\": \"vpair\""),
                           ("peer name right type vpair peer name other", "duplicate \"type\"")):
        done = ip(a, f"link add left type vpair {words}", check=False)
        assert done.returncode != 0, f"accepted: {words}"
        assert message in done.stderr.splitlines()[0], f"{words!r}: {done.stderr!r}"
        equal(names(a), ["lo"], f"devices after {words!r}")


@case
def a_request_that_is_full_is_refused():
    """`ip` has a kilobyte for all; 3 aliases and a longer one leave less and less for the peer."""
    a, _ = two()
    outcomes = set()
    for length in range(130, 200, 8):
        words = f"alias {'x' * 255} " * 3 + f"alias {'y' * length}"
        done = ip(a, f"link add left {words} type vpair peer name right", check=False)
        outcomes.add(done.returncode != 0)
        if done.returncode:
            assert "message exceeded bound" in done.stderr, (length, done.stderr)
            equal(names(a), ["lo"], f"devices with an alias of {length}")
        else:
            equal(sorted(names(a)), ["left", "lo", "right"], f"devices with an alias of {length}")
            ip(a, "link del left")
    equal(outcomes, {True, False}, "outcomes")


main(18)
