# SPDX-License-Identifier: GPL-2.0
"""What hooks and rules cost a packet that is received.

    loop --> right --> IP --> hook --> UDP --> a socket's filter
"""

import contextlib
import socket
import struct

import netlink
import rtnl
import shapes
from devices import FOREIGN, LOCAL, delivered
from lib import DISCARD, module, run, workload

# Ports of rules, none of which is the packet's.
FIRST_PORT = 1000


# Of what takes long for a packet.
FEW = 3


def behind(setup, summed=False, samples=24):
    """Packets received while `setup` holds."""
    @contextlib.contextmanager
    def side():
        with setup(), delivered(summed, samples) as measure:
            yield measure
    return side


@contextlib.contextmanager
def nftables(rules=0):
    lines = [f"udp dport {FIRST_PORT + i} drop;" for i in range(rules)]
    table = "table ip bench { chain input { type filter hook input priority 0; policy accept; %s }; }"
    run(["nft", "-f", "-"], input=table % " ".join(lines))
    try:
        yield
    finally:
        run(["nft", "delete", "table", "ip", "bench"])


@contextlib.contextmanager
def iptables(rules):
    lines = [f"-A INPUT -p udp --dport {FIRST_PORT + i} -j DROP" for i in range(rules)]
    run(["iptables-legacy-restore"], input="\n".join(["*filter", *lines, "COMMIT", ""]))
    try:
        yield
    finally:
        run(["iptables-legacy-restore"], input="*filter\nCOMMIT\n")


@contextlib.contextmanager
def nftables_text(text):
    """A chain of the input hook, and the sets that it uses."""
    # A line each: nft wants one after a brace.
    run(["nft", "-f", "-"], input="table ip bench {\n%s\n}" % text)
    try:
        yield
    finally:
        run(["nft", "delete", "table", "ip", "bench"])


def nftables_set(kind, elements, match):
    """What one writes by hand where all rules look at the same fields."""
    return nftables_text("set s { type %s; elements = { %s }; }; chain input { type filter hook input priority 0; "
                         "policy accept; %s @s drop; };" % (kind, ", ".join(elements), match))


# Of the firewall's specification.
RULE_FLUSH, RULE_REPLACE = 3, 9
RULES = 8
CHAIN, ACTION, PROTOCOL, SOURCE, SOURCE_LEN, DESTINATION, DESTINATION_LEN = 3, 4, 6, 7, 8, 9, 10
SOURCE_MIN, SOURCE_MAX, PORT_MIN, PORT_MAX, STATE = 11, 12, 13, 14, 17
INPUT, ACCEPT, DROP = 0, 0, 1
ESTABLISHED = 1 << 1
SO_SNDBUFFORCE = 32


def number(value):
    return struct.pack("=H", value)


@contextlib.contextmanager
def loaded(rules):
    """Rules of the firewall that drop, unless they say another action: lists of attributes, all in one message."""
    family = netlink.Family("firewall")
    family.socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
    if rules:
        family.ask(RULE_REPLACE, b"".join(netlink.nest(RULES, rtnl.attributes(
            {CHAIN: bytes([INPUT]), ACTION: bytes([DROP]), **dict(rule)}.items())) for rule in rules))
    try:
        yield
    finally:
        family.ask(RULE_FLUSH)


def firewall(rules):
    return loaded([[(PROTOCOL, bytes([socket.IPPROTO_UDP])), (PORT_MIN, number(FIRST_PORT + i))]
                   for i in range(rules)])


@contextlib.contextmanager
def with_modules(rules, *names):
    with module(*names), rules:
        yield


def by_firewall(setup, rules):
    """Our side, with rules that `setup` loads."""
    return behind(lambda: with_modules(setup(rules), "kernet", "kernet_conntrack", "firewall"))


@workload("hook", "a hook that accepts", "packet", quick=True)
def hook():
    return (delivered, {"C module": behind(lambda: module("bench_hook_c")),
                        "nftables": behind(nftables)},
            behind(lambda: module("kernet", "bench_hook")))


def in_a_hook(name, **peers):
    """What a hook does with each packet; the floor is a hook that does nothing."""
    def side(*names):
        return behind(lambda: module(*names), summed=True)
    peers = {peer: side(setup) if isinstance(setup, str) else behind(setup, summed=True)
             for peer, setup in peers.items()}
    return side("bench_hook_c"), {"C module": side(f"bench_{name}_c"), **peers}, side("kernet", f"bench_{name}")


@workload("lookup", "a hook that looks a device up by its index", "packet", quick=True)
def lookup():
    return in_a_hook("lookup")


@workload("timer", "a hook that arms a timer", "packet", quick=True)
def timer():
    return in_a_hook("timer")


@workload("edit", "a hook that changes TTL, DSCP, source address and port", "packet", quick=True)
def edit():
    return in_a_hook("edit", **{"C for any packet": "bench_edit_any_c"}, nftables=lambda: nftables_text(
        "chain input { type filter hook input priority 0; policy accept; "
        "ip ttl set 63 ip dscp set 8 ip saddr set 192.0.2.3 udp sport set 7; };"))


def rules(count):
    def sides():
        return (delivered, {"nftables": behind(lambda: nftables(count)),
                            "iptables": behind(lambda: with_modules(iptables(count), "iptable_filter"))},
                by_firewall(firewall, count))
    return sides


for size in (1, 10, 100, 1000):
    workload(f"rules-{size}", f"rules that do not match: {size}", "packet",
             quick=size == 10)(rules(size))


def many_rules(count):
    """Beside a chain, and the set that one makes of it by hand."""
    def sides():
        ports = [str(FIRST_PORT + i) for i in range(count)]
        return (delivered, {"nftables": behind(lambda: nftables(count), samples=FEW),
                            "nftables set": behind(lambda: nftables_set("inet_service", ports, "udp dport"))},
                by_firewall(firewall, count))
    return sides


workload("rules-10000", "rules that do not match: 10000", "packet")(many_rules(10000))


def hosts(count):
    """Rules of a source address and a port each. nftables as a set only: a chain loads for minutes."""
    def sides():
        pairs = [(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", 1 + i % 1000) for i in range(count)]
        elements = [f"{address} . {port}" for address, port in pairs]
        rules = [[(PROTOCOL, bytes([socket.IPPROTO_UDP])), (SOURCE, socket.inet_aton(address)),
                  (PORT_MIN, number(port))] for address, port in pairs]
        return (delivered,
                {"nftables set": behind(lambda: nftables_set(
                    "ipv4_addr . inet_service", elements, "ip saddr . udp dport"))},
                by_firewall(loaded, rules))
    return sides


for size in (100, 100_000):
    workload(f"hosts-{size}", f"rules of a host and a port: {size}", "packet")(hosts(size))


def shaped(shape, count):
    """Rules of a published shape, of which none matches."""
    def sides():
        rules = shapes.generate(shape, count, avoid=(FOREIGN, LOCAL, 17, 9, DISCARD))
        chain = "chain input { type filter hook input priority 0; policy accept; %s }"
        return (delivered, {"nftables": behind(lambda: nftables_text(
                    chain % " ".join(map(shapes.nftables, rules))), samples=FEW)},
                by_firewall(loaded, [attributes(rule) for rule in rules]))
    return sides


def attributes(rule):
    """A rule of a shape, as the firewall's attributes."""
    found = []
    for kind, length, (address, bits) in ((SOURCE, SOURCE_LEN, rule.source),
                                          (DESTINATION, DESTINATION_LEN, rule.destination)):
        if bits:
            found += [(kind, struct.pack("!I", address)), (length, bytes([bits]))]
    if rule.protocol is not None:
        found.append((PROTOCOL, bytes([rule.protocol])))
    for least, most, ports in ((SOURCE_MIN, SOURCE_MAX, rule.source_ports),
                               (PORT_MIN, PORT_MAX, rule.destination_ports)):
        if ports:
            found += [(least, number(ports[0])), (most, number(ports[1]))]
    return found


for shape in shapes.SHAPES:
    for size in (100, 10_000):
        workload(f"{shape}-{size}", f"{shape} rules that do not match: {size}", "packet")(shaped(shape, size))


def connected(side):
    """The packets that are measured answer one that was sent: they are of a connection."""
    @contextlib.contextmanager
    def answered():
        with side() as measure:
            def after_the_first():
                with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as sock:
                    sock.sendto(struct.pack("!HHHH", DISCARD, 9, 8, 0), (FOREIGN, 0))
                return measure()
            yield after_the_first
    return answered


@workload("established", "a packet of a connection, which the first rule lets pass; the second drops all",
          "packet")
def established():
    return (delivered, {"nftables": connected(behind(lambda: nftables_text(
                "chain input { type filter hook input priority 0; ct state established accept; drop; };")))},
            connected(by_firewall(loaded, [[(ACTION, bytes([ACCEPT])), (STATE, bytes([ESTABLISHED]))], []])))
