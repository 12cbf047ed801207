#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip's plugin for iproute2: what `ip` takes, shows and refuses.

    +------------------- a -------------------+
    | u0 (dummy) 192.0.2.1/24                 |
    | t0 (etherip) and g0 (gretap) are by ip  |
    +-----------------------------------------+
"""

import json
import shlex

from selftest import NetNs, case, checked, equal, main, modprobe, run

A, B = "192.0.2.1", "192.0.2.129"
A6, B6 = "2001:db8:a::1", "2001:db8:b::1"


def underlay():
    modprobe("etherip")
    a = NetNs()
    a.run(f"ip link add u0 type dummy; ip addr add {A}/24 dev u0; ip link set u0 up")
    return a


def data(ns, name="t0"):
    return ns.link(name)["linkinfo"].get("info_data")


def text(ns, name="t0", kind="etherip"):
    """What `ip -d link show` says behind the kind, up to what is of all kinds."""
    lines = ns.run(f"ip -d link show dev {name}").stdout.splitlines()
    line = next(line for line in lines if line.startswith(f"    {kind} "))
    return line.removeprefix(f"    {kind} ").partition(" addrgenmode")[0].strip()


@case
@checked
def every_option_is_set_and_shown():
    a = underlay()
    a.run(f"ip link add t0 type etherip remote {B} local {A} dev u0 ttl 9 tos inherit/b8 nopmtudisc")
    equal(text(a), f"remote {B} local {A} dev u0 ttl 9 tos inherit/0xb8 nopmtudisc", "text")
    equal(data(a), {"remote": B, "local": A, "link": "u0", "ttl": 9, "tos": "0xb9", "pmtudisc": False},
          "JSON")
    equal(a.link("t0")["link"], "u0", "the kernel's link")


@case
def defaults_are_shown():
    a = underlay()
    a.run(f"ip link add t0 type etherip remote {B}")
    equal(text(a), f"remote {B} local any ttl inherit", "text")
    equal(data(a), {"remote": B, "local": "any", "ttl": 0, "pmtudisc": True}, "JSON")


@case
@checked
def ends_of_ipv6():
    """The same options, and those names that `ip6gretap` has for them."""
    a = underlay()
    for words, text_of_it, said in (
            (f"remote {B6}", f"remote {B6} local any ttl inherit",
             {"remote": B6, "local": "any", "ttl": 0, "pmtudisc": True}),
            (f"remote {B6} local any", f"remote {B6} local any ttl inherit",
             {"remote": B6, "local": "any", "ttl": 0, "pmtudisc": True}),
            (f"local {A6} remote {B6} dev u0 hoplimit 9 tclass inherit/b8 nopmtudisc",
             f"remote {B6} local {A6} dev u0 ttl 9 tos inherit/0xb8 nopmtudisc",
             {"remote": B6, "local": A6, "link": "u0", "ttl": 9, "tos": "0xb9", "pmtudisc": False}),
            ("remote fe80::9 dev u0 hlim 1 tc 4", "remote fe80::9 local any dev u0 ttl 1 tos 0x4",
             {"remote": "fe80::9", "local": "any", "link": "u0", "ttl": 1, "tos": "0x4", "pmtudisc": True})):
        a.run(f"ip link add t0 type etherip {words}")
        equal((text(a), data(a)), (text_of_it, said), words)
        # What is shown can be given.
        a.run(f"ip link del t0; ip link add t0 type etherip {text_of_it}")
        equal((text(a), data(a)), (text_of_it, said), text_of_it)
        a.run("ip link del t0")


@case
def a_change_leaves_the_rest():
    a = underlay()
    a.run(f"ip link add t0 type etherip remote {B} local {A} dev u0 ttl 9 tos 10 nopmtudisc")
    want = {"remote": B, "local": A, "link": "u0", "ttl": 9, "tos": "0x10", "pmtudisc": False}
    equal(data(a), want, "before")
    for words, changed in (("ttl 255", {"ttl": 255}), ("tos inherit", {"tos": "0x1"}),
                           ("pmtudisc", {"pmtudisc": True}), ("nodev", {"link": None}),
                           ("remote 192.0.2.200", {"remote": "192.0.2.200"}),
                           ("local any dev u0", {"local": "any", "link": "u0"}),
                           ("ttl inherit tos 0", {"ttl": 0, "tos": None}), ("", {})):
        a.run(f"ip link change t0 type etherip {words}")
        want = {key: value for key, value in {**want, **changed}.items() if value is not None}
        equal(data(a), want, f"after {words!r}")


@case
def fragments_although_forbidden():
    """`ignore-df` as gretap has it, which shows it when it is on."""
    modprobe("ip_gre")
    a = underlay()
    words = f"remote {B} local {A} dev u0 ttl inherit nopmtudisc ignore-df"
    a.run(f"ip link add t0 type etherip {words}; ip link add g0 type gretap {words}")
    equal((data(a)["ignore_df"], data(a, "g0")["ignore_df"]), (True, True), "JSON")
    assert "ignore-df" in text(a, "g0", "gretap").split()
    equal(text(a), words, "text")
    a.run("ip link change t0 type etherip noignore-df")
    equal((text(a), data(a).get("ignore_df")), (words.removesuffix(" ignore-df"), None), "without")


@case
def what_is_shown_can_be_given():
    a = underlay()
    for words in (f"remote {B}", f"remote {B} local {A} dev u0 ttl 1 tos 1 nopmtudisc",
                  f"remote {B} ttl 255 tos ff", f"remote {B} tos 0x1c", f"remote {B} tos inherit/4"):
        a.run(f"ip link add t0 type etherip {words}")
        shown, before = text(a), data(a)
        a.run(f"ip link del t0; ip link add t0 type etherip {shown}")
        equal((text(a), data(a)), (shown, before), f"of {shown!r}")
        a.run("ip link del t0")


@case
def shows_as_gretap_does():
    """The C peer's options that etherip has, under the same names in text and JSON."""
    modprobe("ip_gre")
    a = underlay()
    for words in (f"remote {B}", f"remote {B} local {A} dev u0 ttl 9 tos b8 nopmtudisc",
                  f"remote {B} tos inherit ttl inherit"):
        a.run(f"ip link add t0 type etherip {words}; ip link add g0 type gretap {words}")
        own, peer = data(a), data(a, "g0")
        equal(own, {key: value for key, value in peer.items() if key in own}, f"JSON of {words!r}")
        equal(set(peer) & {"remote", "local", "link", "ttl", "tos", "pmtudisc"}, set(own), "keys")
        theirs = text(a, "g0", "gretap")
        assert theirs.startswith(text(a)), (text(a), theirs)
        a.run("ip link del t0; ip link del g0")


@case
def names_of_devices_are_names_in_json():
    a = underlay()
    a.run("ip link set u0 down; ip link set u0 name 'u\"\\0'; "
          f"ip link add t0 type etherip remote {B} dev 'u\"\\0'")
    equal(data(a)["link"], 'u"\\0', "JSON")


@case
def helps():
    modprobe("etherip")
    asked = run("ip link help etherip")
    assert asked.stdout.startswith("Usage: ... etherip remote ADDR\n"), asked.stdout
    for option in ("local", "ttl", "hoplimit", "tos", "tclass", "[no]pmtudisc", "[no]ignore-df", "dev"):
        assert option in asked.stdout, option
    within = run("ip link add t0 type etherip help", check=False)
    equal((within.returncode != 0, within.stderr), (True, asked.stdout), "help among the options")


@case
def refuses_bad_arguments():
    a = underlay()
    ttl, tos = "a TTL is 1 to 255, or inherit", "a TOS is 0 to ff"
    incomplete = 'Command line is not complete. Try option "help"'
    for words, message in (
            ("", "Error: a required attribute is missing."),
            ("ttl 3", 'Error: argument "remote" is required'),
            ("remote", incomplete),
            (f"remote {B} ttl", incomplete),
            ("remote 2001:db8::x", 'Error: argument "2001:db8::x" is wrong: an IPv6 address is expected'),
            ("remote fe80::1%u0", 'Error: argument "fe80::1%u0" is wrong: an IPv6 address is expected'),
            (f"remote {B6} local {A}", f"Error: {A} and {B6} are of different versions of IP."),
            (f"remote {B} local {A6}", f"Error: {A6} and {B} are of different versions of IP."),
            ("remote ::", "Error: :: is not the address of a host."),
            ("remote ff02::5", "Error: ff02::5 is not the address of a host."),
            ("remote fe80::5", "Error: fe80::5 is an address of a link: say of which, by a device."),
            (f"remote {B6} hoplimit 1 ttl 1", 'Error: duplicate "ttl": "1" is the second value.'),
            (f"remote {B6} tclass 100", f'Error: argument "100" is wrong: {tos}'),
            ("remote host", 'rather than "host"'),
            ("remote any", "Error: 0.0.0.0 is not the address of a host."),
            ("remote 224.0.0.5", "Error: 224.0.0.5 is not the address of a host."),
            (f"remote {B} local 300.1.1.1", 'rather than "300.1.1.1"'),
            (f"remote {B} local 255.255.255.255", "255.255.255.255 is not the address of a host"),
            (f"remote {B} ttl 256", f'Error: argument "256" is wrong: {ttl}'),
            (f"remote {B} ttl -1", f'Error: argument "-1" is wrong: {ttl}'),
            (f"remote {B} ttl ''", f'Error: argument "" is wrong: {ttl}'),
            (f"remote {B} ttl inheri", f'Error: argument "inheri" is wrong: {ttl}'),
            (f"remote {B} tos 100", f'Error: argument "100" is wrong: {tos}'),
            (f"remote {B} tos inherit/", f'Error: argument "inherit/" is wrong: {tos}'),
            (f"remote {B} tos inherit/zz", f'Error: argument "inherit/zz" is wrong: {tos}'),
            (f"remote {B} dev nowhere", 'Cannot find device "nowhere"'),
            (f"remote {B} remote {A}", f'Error: duplicate "remote": "{A}" is the second value.'),
            (f"remote {B} ttl 1 ttl 1", 'Error: duplicate "ttl": "1" is the second value.'),
            (f"remote {B} pmtudisc nopmtudisc", 'Error: duplicate "nopmtudisc"'),
            (f"remote {B} ignore-df", "Error: ignore-df goes with nopmtudisc alone."),
            (f"remote {B6} pmtudisc ignore-df", "Error: ignore-df goes with nopmtudisc alone."),
            (f"remote {B} ignore-df noignore-df", 'Error: duplicate "noignore-df"'),
            (f"remote {B} key 1", 'etherip: unknown option "key"'),
            (f"remote {B} ttl1", 'etherip: unknown option "ttl1"')):
        done = run(["ip", "-n", a.name, *shlex.split(f"link add t0 type etherip {words}")], check=False)
        assert done.returncode != 0, f"accepted: {words}"
        assert message in done.stderr, f"{words!r}: {done.stderr!r} for {message!r}"
    equal([link["ifname"] for link in json.loads(a.run("ip -j link show").stdout)], ["lo", "u0"],
          "devices left")


@case
def a_change_refuses_bad_arguments():
    a = underlay()
    a.run(f"ip link add t0 type etherip remote {B} ttl 7")
    before = data(a)
    for words, message in (("ttl 9 tos x", 'argument "x" is wrong'), ("remote any", "not the address"),
                           ("ttl 9 bogus", 'unknown option "bogus"'), ("dev nowhere", "Cannot find")):
        done = a.run(f"ip link change t0 type etherip {words}", check=False)
        assert done.returncode and message in done.stderr, f"{words}: {done.stderr!r}"
        equal(data(a), before, f"settings after {words!r}")


@case
def takes_a_batch():
    """Words of one line are not those of another."""
    a = underlay()
    lines = [f"link add t{n} type etherip remote 192.0.2.{n} ttl {n}" for n in range(10, 20)]
    run(["ip", "-n", a.name, "-batch", "-"], input="\n".join(lines) + "\n")
    for n in range(10, 20):
        equal((data(a, f"t{n}")["remote"], data(a, f"t{n}")["ttl"]), (f"192.0.2.{n}", n), f"t{n}")


main(17)
