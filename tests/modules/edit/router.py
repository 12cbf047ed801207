# SPDX-License-Identifier: GPL-2.0
"""r, which edits and forwards, and b, which receives: as test_edit.py has them in its diagram."""

import pathlib
import random

import ynl
from packets import Capture, Wire, ip, marker
from selftest import NetNs, defer, modprobe

HERE = pathlib.Path(__file__).resolve().parent
R4, R6, B4, B6 = "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"
FAR4, FAR6, OWN4, OWN6 = "198.51.100.9", "2001:db8:1::9", "198.51.100.1", "2001:db8:1::1"
NEW4, NEW6, OTHER4, OTHER6 = "192.0.2.77", "2001:db8::77", "198.51.100.77", "2001:db8:1::77"
STATES = ("none", "verified", "complete", "partial")


def mapped(address):
    """An address as the family is told it."""
    return ip(f"::ffff:{address}" if ip(address).version == 4 else address).packed


class Editor:
    """What is done in a namespace."""

    def __init__(self, ns):
        self.family = ynl.family("edit", ns, HERE)
        self.rules = set()
        defer(self.close)

    def close(self):
        if self.family.sock:
            self.family.sock.close()
            self.family.sock = None

    def rule(self, index=0, **rule):
        rule = {name.replace("_", "-"): value for name, value in rule.items()}
        for name in "source", "destination":
            if name in rule:
                rule[name] = mapped(rule[name])
        self.family.do("rule-set", {"index": index, **rule})

    def device(self, **config):
        self.family.do("device-set", config)

    def stats(self):
        return self.family.do("stats-get", {})


class Router:
    """r and b, with what sends to r and receives in b."""

    def __init__(self):
        modprobe("edit")
        self.r, self.b = NetNs(), NetNs()
        self.r.run(f"ip link add rb type veth peer name bb netns {self.b.name}")
        self.r.run("ip link add edit0 type edit")
        # What goes out has its checksum, in segments.
        self.r.run("ethtool -K rb tx off tso off gso off sg off")
        self.r.up("rb", f"{R4}/24", f"{R6}/64")
        self.r.up("edit0", f"{OWN4}/24", f"{OWN6}/64")
        self.b.up("bb", f"{B4}/24", f"{B6}/64")
        with self.r.enter():
            for name in "ipv4/ip_forward", "ipv6/conf/all/forwarding":
                pathlib.Path("/proc/sys/net", name).write_text("1")
        at = self.b.link("bb")["address"]
        for address in B4, B6, NEW4, NEW6:
            self.r.run(f"ip neigh replace {address} lladdr {at} dev rb")
        self.wire, self.capture = Wire(self.r, "edit0"), Capture(self.b, "bb")
        defer(self.wire.close)
        defer(self.capture.close)
        self.editor = Editor(self.r)

    def through(self, packet, state="none", segment=0, count=1):
        """What arrives in b of a packet that r receives in this state."""
        self.editor.device(sum="as-it-is" if state == "partial" or segment else state)
        self.wire.send(packet, state == "partial", segment)
        return self.capture.take(packet.payload[-8:] if not segment else packet.payload[:8], count)


def payload(size=40):
    return random.randbytes(size) + marker()
