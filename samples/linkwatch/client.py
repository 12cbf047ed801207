#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints what linkwatch tells, as `ip monitor` does: what there is first, then what happens.

`pyynl` is the kernel's own, in tools/net/ynl of its source: PYTHONPATH has to name that folder.
"""

import argparse
import ctypes
import errno
import json
import pathlib
import select
import socket
import struct
import sys
import time

from pyynl.lib import Netlink, YnlFamily

SPEC = pathlib.Path(__file__).resolve().parents[2] / "Documentation/netlink/specs/linkwatch.yaml"
GROUPS = {"device": "devices", "address": "addresses", "neighbour": "neighbours", "route": "routes"}
# What of an object says which one it is.
KEYS = {"device": ("ifindex",), "address": ("ifindex", "address", "prefix-length", "peer"),
        "neighbour": ("ifindex", "address"),
        "route": ("table", "destination", "destination-length", "source", "source-length")}
# What is not the object's.
OF_EVENTS = ("sequence", "previous", "event")
SO_ATTACH_FILTER = 26


class Lost(Exception):
    """Some events were missed."""


def family():
    """The family, on a socket of its own, in the caller's namespace."""
    # The schema is the kernel's; the specification has been checked against it.
    return YnlFamily(str(SPEC), schema="")


def key(kind, told):
    """What names the object that a message is about."""
    return kind, *(told.get(name) for name in KEYS[kind])


def state(told):
    """The object itself."""
    return {name: value for name, value in told.items() if name not in OF_EVENTS}


def attach_filter(listener, ifindexes):
    """Lets the kernel keep from a family's socket what is told of other devices.

    By classic BPF, which finds an attribute of a netlink message itself. A route's devices are
    nested: the listener has to look at them.
    """
    load_byte, load_attribute, load_behind = 0x30, 0x20, 0x40
    set_a, set_x, a_to_x, equal, ret = 0x00, 0x01, 0x07, 0x15, 0x06
    command, attributes, whole = 16, 20, 0xffffffff
    find_attribute = 0xfffff000 + 12
    program = [(load_byte, 0, 0, command),
               (equal, 0, 1, listener.msgs["route-event"].rsp_value), (ret, 0, 0, whole),
               (set_a, 0, 0, attributes), (set_x, 0, 0, listener.attr_sets["device"]["ifindex"].value),
               (load_attribute, 0, 0, find_attribute), (equal, 0, 1, 0), (ret, 0, 0, 0),
               (a_to_x, 0, 0, 0), (load_behind, 0, 0, 4)]
    for ifindex in ifindexes:
        # A load takes the bytes to be in network order.
        program += [(equal, 0, 1, struct.unpack(">I", struct.pack("=I", ifindex))[0]), (ret, 0, 0, whole)]
    program.append((ret, 0, 0, 0))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    listener.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                             struct.pack("HL", len(program), ctypes.addressof(code)))


class Stream:
    """The objects of the kinds asked for, followed event by event."""

    def __init__(self, kinds=tuple(GROUPS), devices=()):
        self.kinds, self.devices = tuple(kinds), set(devices)
        # Events wait in a socket of their own while the snapshot is taken by another.
        self.listener, self.asker = family(), family()
        if devices:
            attach_filter(self.listener, devices)
        self.listener.sock.bind((0, 0))
        self.objects, self.known, self.last = {}, {}, {}

    def fileno(self):
        return self.listener.sock.fileno()

    def close(self):
        self.listener.sock.close()
        self.asker.sock.close()

    def listen(self):
        """Lets events come from now on."""
        for kind in self.kinds:
            group = self.listener.nlproto.get_mcast_id(GROUPS[kind], self.listener.mcast_groups)
            self.listener.sock.setsockopt(Netlink.SOL_NETLINK, Netlink.NETLINK_ADD_MEMBERSHIP, group)

    def about(self, kind, told):
        """Whether a message is about a device that was asked for."""
        if not self.devices:
            return True
        if kind == "route":
            return any(hop.get("ifindex") in self.devices for hop in told.get("nexthop", ()))
        return told["ifindex"] in self.devices

    def snapshot(self):
        """Takes what there is, when events come already; yields it as (kind, message)."""
        self.objects.clear()
        self.known.clear()
        self.last.clear()
        for kind in self.kinds:
            for told in self.asker.dump(f"{kind}-get", {}):
                if self.about(kind, told):
                    self.objects[key(kind, told)] = state(told)
                    self.known[key(kind, told)] = told["sequence"]
                    yield kind, told

    def events(self):
        """Yields the events that have come, as (kind, message); raises Lost if some have not.

        Then a new snapshot says what is so.
        """
        try:
            self.listener.check_ntf()
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self.overrun()
        while not self.listener.async_msg_queue.empty():
            event = self.listener.async_msg_queue.get()
            kind, told = event["name"].removesuffix("-event"), event["msg"]
            # With a filter the numbers before are not all ours.
            if not self.devices and self.last.get(kind, told["previous"]) != told["previous"]:
                self.overrun()
            self.last[kind] = told["sequence"]
            if self.apply(kind, told):
                yield kind, told

    def overrun(self):
        """Forgets what has come: the snapshot will be newer.

        All of it: until its buffer is empty, a socket that has missed something gets nothing more,
        and does not say so again.
        """
        while True:
            try:
                self.listener.sock.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
        while not self.listener.async_msg_queue.empty():
            self.listener.async_msg_queue.get()
        raise Lost

    def apply(self, kind, told):
        """Changes the object that an event is about; False if it is so already."""
        name = key(kind, told)
        if told["sequence"] <= self.known.get(name, 0):
            return False
        if told["event"] in ("unregister", "delete"):
            return self.objects.pop(name, None) is not None
        if not self.about(kind, told):
            # The route has left the device.
            return self.objects.pop(name, None) is not None
        self.objects[name] = state(told)
        return True


def prefix(told, name):
    """An address with the length of its prefix."""
    return f"{told[name]}/{told[name + '-length']}"


def text(kind, told, names):
    """A message in words, as `ip` would say it."""
    def dev(at):
        return f"dev {names.get(at['ifindex'], at['ifindex'])}" if "ifindex" in at else ""
    if kind == "device":
        words = [f"{told['ifindex']}: {told['name']}", "up" if told["up"] else "down",
                 "" if told.get("carrier", 1) else "no-carrier", f"mtu {told['mtu']}", told.get("address", "")]
    elif kind == "address":
        peer = f"{told['address']} peer {told['peer']}" if "peer" in told else told["address"]
        words = [f"{peer}/{told['prefix-length']}", dev(told), "secondary" if "secondary" in told else ""]
    elif kind == "neighbour":
        words = [told["address"], dev(told), told.get("hardware-address", ""), told.get("state", "")]
    else:
        hops = [" ".join(filter(None, (f"via {hop['gateway']}" if "gateway" in hop else "", dev(hop))))
                for hop in told.get("nexthop", ())]
        words = [prefix(told, "destination"), f"table {told['table']}", f"metric {told['metric']}", *hops,
                 f"nhid {told['nexthop-id']}" if "nexthop-id" in told else ""]
    return " ".join(str(word) for word in words if word)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", action="append", choices=tuple(GROUPS), help="these kinds alone")
    parser.add_argument("--dev", action="append", default=[], help="these devices alone")
    parser.add_argument("--duration", type=float, help="end after as many seconds")
    parser.add_argument("--json", action="store_true", help="a JSON object in each line")
    options = parser.parse_args()
    stream = Stream(options.kind or GROUPS, [socket.if_nametoindex(name) for name in options.dev])
    end = options.duration and time.monotonic() + options.duration
    names = dict(socket.if_nameindex())
    stream.listen()

    def say(kind, told):
        if kind == "device":
            names[told["ifindex"]] = told["name"]
        if options.json:
            print(json.dumps({"kind": kind, **told}), flush=True)
        else:
            print(told["sequence"], kind, told.get("event", "is"), text(kind, told, names), flush=True)

    fresh = True
    while True:
        try:
            if fresh:
                for kind, told in stream.snapshot():
                    say(kind, told)
                fresh = False
            for kind, told in stream.events():
                say(kind, told)
        except Lost:
            print("some events were missed; this is what there is now:", file=sys.stderr, flush=True)
            fresh = True
            continue
        left = end and end - time.monotonic()
        if end and left <= 0:
            return
        select.select([stream], [], [], left)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
