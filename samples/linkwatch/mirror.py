# SPDX-License-Identifier: GPL-2.0
"""A client of linkwatch's, compared with what `ip` says."""

import ipaddress
import json
import socket

import ynl
from selftest import wait_until

import client

SO_RCVBUFFORCE = 33


def stream(ns, buffer=64 << 20, listen=True, **options):
    """A client in a namespace, with room for what comes while this program does something else."""
    ynl.forget()
    with ns.enter():
        made = client.Stream(**options)
    made.listener.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
    if listen:
        made.listen()
    return made


def ip(ns, *words):
    return json.loads(ns.run(" ".join(("ip -N -d -j", *words))).stdout or "[]")


def network(text, family):
    if text == "default":
        text = "0.0.0.0/0" if family == 4 else "::/0"
    found = ipaddress.ip_network(text)
    return str(found.network_address), found.prefixlen


def kernel_state(ns):
    """What `ip` says there is, as {(kind, what names it): the rest}."""
    state, index = {}, {}
    for link in ip(ns, "addr show"):
        index[link["ifname"]] = number = link["ifindex"]
        state["device", number] = (link["ifname"], "UP" in link["flags"], link["mtu"], link["address"])
        for address in link["addr_info"]:
            four = address["family"] == "inet"
            peer = address.get("address")
            state["address", number, address["local"], address["prefixlen"], peer if four else None] = (
                address.get("broadcast") if four else None, int(address["scope"]) if four else None,
                address.get("label"), bool(four and address.get("secondary")))
    for neighbour in json.loads(ns.run("ip -j neigh show").stdout):
        known, = neighbour["state"]
        if known not in ("INCOMPLETE", "NOARP", "NONE"):
            state["neighbour", index[neighbour["dev"]], neighbour["dst"]] = known.lower(), neighbour.get("lladdr")
    for family in 4, 6:
        for route in ip(ns, f"-{family}", "route show table all"):
            hops = route.get("nexthops") or [route]
            name = ("route", int(route["table"]), *network(route["dst"], family))
            # Of several to one destination linkwatch tells the first.
            state.setdefault(name, (
                int(route["type"]), int(route["protocol"]), route.get("metric", 0),
                int(str(route.get("tos", 0)), 0), int(route["scope"]) if family == 4 else None,
                route.get("prefsrc") if family == 4 else None,
                tuple(sorted((index[hop["dev"]], hop.get("gateway") or "", hop.get("weight", 1))
                             for hop in hops if "dev" in hop))))
    return state


def mac(text):
    return text if isinstance(text, str) or text is None else text.hex(":")


def mirrored(stream):
    """The same of what a client has been told."""
    state = {}
    for (kind, *_), told in stream.objects.items():
        if kind == "device":
            state[kind, told["ifindex"]] = told["name"], bool(told["up"]), told["mtu"], mac(told["address"])
        elif kind == "address":
            four = ":" not in told["address"]
            state[kind, told["ifindex"], told["address"], told["prefix-length"], told.get("peer")] = (
                told.get("broadcast"), told.get("scope"), told.get("label"), four and "secondary" in told)
        elif kind == "neighbour":
            state[kind, told["ifindex"], told["address"]] = told["state"], mac(told.get("hardware-address"))
        else:
            state[kind, told["table"], told["destination"], told["destination-length"]] = (
                told["type"], told["protocol"], told["metric"], told.get("tos", 0), told.get("scope"),
                told.get("preferred-source"),
                tuple(sorted((hop["ifindex"], hop.get("gateway", ""), hop["weight"])
                             for hop in told.get("nexthop", ()) if "ifindex" in hop)))
    return state


def of_a_dump(stream, ns):
    """What differs between what a client has been told, and what a fresh snapshot says."""
    def objects(stream):
        # The order of next hops means nothing.
        return {name: told | {"nexthop": sorted(map(str, told.get("nexthop", ())))}
                for name, told in stream.objects.items()}
    follow(stream)
    with ns.enter():
        fresh = client.Stream(stream.kinds)
    for _ in fresh.snapshot():
        pass
    have, want = objects(stream), objects(fresh)
    fresh.close()
    return [(name, have.get(name), want.get(name)) for name in {*have, *want}
            if have.get(name) != want.get(name)]


def follow(stream):
    """Takes in what has come; returns how often some of it was missed."""
    lost = 0
    while True:
        try:
            for _ in stream.events():
                pass
            return lost
        except client.Lost:
            lost += 1
            for _ in stream.snapshot():
                pass


def agrees(stream, ns):
    """Waits until a client knows what the kernel says; fails with the difference."""
    difference = None

    def same():
        nonlocal difference
        want = kernel_state(ns)
        follow(stream)
        have = mirrored(stream)
        difference = [(name, have.get(name), want.get(name)) for name in {*have, *want}
                      if have.get(name) != want.get(name)]
        return not difference
    try:
        wait_until(same, 60)
    except AssertionError:
        raise AssertionError(f"{len(difference)} differ (what, told, kernel): {sorted(map(str, difference))[:4]}") \
            from None
