# SPDX-License-Identifier: GPL-2.0
"""What the client `linkwatch` says, compared with what `ip` says."""

import collections
import ipaddress
import json
import os
import pathlib
import signal
import subprocess

from selftest import wait_until

KINDS = ("device", "address", "neighbour", "route")
# What of an object says which one it is.
KEYS = {"device": ("ifindex",), "address": ("ifindex", "address", "prefix-length", "peer"),
        "neighbour": ("ifindex", "address"),
        "route": ("table", "destination", "destination-length", "source", "source-length")}
# What is not the object's.
OF_EVENTS = ("sequence", "previous", "event")
LOST = "some events were missed; this is what there is now:"


def name_of(told):
    """What names the object that a message is about."""
    return told["kind"], *(told.get(part) for part in KEYS[told["kind"]])


class Stream:
    """A client in a namespace, and the objects that there are by what it says."""

    def __init__(self, ns, options=""):
        self.options = options
        # Of one file, so that what is said on either is in order.
        self.process = ns.popen(f"linkwatch --json {options}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.fd = self.process.stdout.fileno()
        os.set_blocking(self.fd, False)
        self.rest, self.lines, self.objects = b"", collections.deque(), {}
        # How often it has missed something; the last event that a snapshot knew of.
        self.lost = self.joined = 0
        # It listens before it says anything.
        wait_until(self.read, 60, "the client's first words")

    def fileno(self):
        return self.fd

    def read(self):
        """Takes the lines that have come; says whether there are any."""
        while True:
            try:
                data = os.read(self.fd, 1 << 20)
            except BlockingIOError:
                return bool(self.lines)
            if not data:
                raise AssertionError(f"linkwatch has ended with {self.process.wait(10)}: {[*self.lines][-1:]}")
            *lines, self.rest = (self.rest + data).split(b"\n")
            self.lines.extend(line.decode() for line in lines)

    def events(self):
        """Yields the events that have come, as (kind, message)."""
        self.read()
        while self.lines:
            line = self.lines.popleft()
            if line == LOST:
                self.lost += 1
                self.objects.clear()
                continue
            told = json.loads(line)
            kind, name = told["kind"], name_of(told)
            if told.get("event") in ("unregister", "delete"):
                del self.objects[name]
            else:
                self.objects[name] = told
            if "event" in told:
                yield kind, told
            else:
                self.joined = max(self.joined, told["sequence"])

    def pause(self):
        """It reads nothing until `go_on`."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
                   == "T", 10, "the client is stopped")

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.kill()
        self.process.wait()


def stream(ns, options=""):
    return Stream(ns, options)


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
    def objects(found):
        # The order of next hops means nothing.
        return {name: {key: value for key, value in told.items() if key not in OF_EVENTS} |
                {"nexthop": sorted(map(str, told.get("nexthop", ())))} for name, told in found.items()}
    follow(stream)
    dump = ns.run(f"linkwatch --json {stream.options} --duration 0").stdout
    have = objects(stream.objects)
    want = objects({name_of(told): told for told in map(json.loads, dump.splitlines())})
    return [(name, have.get(name), want.get(name)) for name in {*have, *want}
            if have.get(name) != want.get(name)]


def follow(stream):
    """Takes in what has come; returns how often some of it was missed."""
    before = stream.lost
    for _ in stream.events():
        pass
    return stream.lost - before


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
        wait_until(same, 120)
    except AssertionError:
        raise AssertionError(f"{len(difference)} differ (what, told, kernel): {sorted(map(str, difference))[:4]}") \
            from None
