# SPDX-License-Identifier: GPL-2.0
"""The namespaces and the firewall that the selftests work on."""

import contextlib
import os
import pathlib
import socket
import struct

import ynl
from nlraw import Socket, attr, nest, parse
from selftest import NetNs, Skip, defer, equal, modprobe, wait_until

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
MAX_RULES = 100_000
A4, A6, R4, R6 = "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"
B4, B6 = "198.51.100.1", "2001:db8:1::1"


# Of the firewall's specification.
RULE_ADD, RULE_DEL, RULE_FLUSH, RULE_GET, RULE_REPLACE = 1, 2, 3, 4, 9
TRANSACTION_ADD, TRANSACTION_CHECK, TRANSACTION_COMMIT, TRANSACTION_ABORT = 11, 12, 13, 14
RULE, ID, COUNT, BEFORE, RULES, COMPARISONS, KEPT = 1, 2, 3, 7, 8, 9, 10
SO_SNDBUFFORCE = 32


class Bulk:
    """Many rules in a message, made by hand, as a library takes long."""

    def __init__(self, ns):
        with ns.enter():
            self.socket = Socket("firewall")
        self.socket.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)

    def replace(self, rules):
        """How many there are, or what the refusal says."""
        answer = self.socket.ask(RULE_REPLACE, encoded(rules))
        return answer if isinstance(answer, dict) else struct.unpack("=I", answer[0][8:12])[0]

    def add(self, rule, before=None):
        more = b"" if before is None else attr(BEFORE, struct.pack("=I", before))
        answer = self.socket.ask(RULE_ADD, nest(RULE, *map(attribute, rule.items())) + more)
        assert isinstance(answer, list), answer


class Transaction(Bulk):
    """Rules in many messages of a socket, made by hand."""

    def add(self, rules, size=1000):
        """How many the transaction has, or what the first refusal says; a message has `size` of them."""
        rules, said = list(rules), None
        for first in range(0, len(rules), size):
            said = self.send(encoded(rules[first:first + size]))
            if isinstance(said, dict):
                break
        return said

    def send(self, message):
        return self.said(self.socket.ask(TRANSACTION_ADD, message))

    def check(self, count):
        return self.said(self.socket.ask(TRANSACTION_CHECK, attr(COUNT, struct.pack("=I", count))))

    def commit(self, count):
        """How many rules there are, or what the refusal says."""
        return self.said(self.socket.ask(TRANSACTION_COMMIT, attr(COUNT, struct.pack("=I", count))))

    def abort(self):
        return self.said(self.socket.ask(TRANSACTION_ABORT))

    @staticmethod
    def said(answer):
        return answer if isinstance(answer, dict) else struct.unpack("=I", dict(parse(answer[0][4:]))[COUNT])[0]

    def close(self):
        self.socket.close()


def encoded(rules):
    """Rules as attributes of a request."""
    return b"".join(nest(RULES, *map(attribute, rule.items())) for rule in rules)


def attribute(item):
    """An attribute of a rule, by its name."""
    name, value = item
    number, form = ATTRIBUTES[name]
    if form is None:
        return attr(number, socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET, value))
    return attr(number, struct.pack("=" + form, {"input": 0, "forward": 1, "output": 2, "accept": 0,
                                                 "drop": 1, "ipv4": 0, "ipv6": 1}.get(value, value)))


ATTRIBUTES = {
    "id": (1, "I"), "priority": (2, "I"), "chain": (3, "B"), "action": (4, "B"), "family": (5, "B"),
    "protocol": (6, "B"), "source": (7, None), "source-prefix-len": (8, "B"), "destination": (9, None),
    "destination-prefix-len": (10, "B"), "source-port-min": (11, "H"), "source-port-max": (12, "H"),
    "destination-port-min": (13, "H"), "destination-port-max": (14, "H"), "packets": (15, "Q"), "bytes": (16, "Q"),
    "state": (17, "B"), "icmp-type": (18, "B"), "icmp-code": (19, "B"), "tcp-flags": (20, "B"),
    "tcp-flags-mask": (21, "B"), "reject-with": (22, "B"), "length-min": (23, "I"), "length-max": (24, "I"),
    "hop-limit-min": (25, "B"), "hop-limit-max": (26, "B"), "dscp": (27, "B"), "mark": (28, "I"),
    "mark-mask": (29, "I"), "set-mark": (30, "I"), "set-mark-mask": (31, "I")}


class Firewall:
    """The firewall of a namespace."""

    def __init__(self, ns):
        self.family = ynl.family("firewall", ns)

    def add(self, chain, action, **match):
        rule = {"chain": chain, "action": action}
        rule |= {name.replace("_", "-"): value for name, value in match.items()}
        return self.family.do("rule-add", {"rule": rule})["rule"]

    def replace(self, *rules):
        return self.family.do("rule-replace", {"rules": list(rules)})["count"]

    def delete(self, number):
        self.family.do("rule-del", {"id": number})

    def flush(self):
        return self.family.do("rule-flush", {})["count"]

    def get(self, number):
        return self.family.do("rule-get", {"id": number})["rule"]

    def dump(self):
        return [answer["rule"] for answer in self.family.dump("rule-get", {})]

    def stats(self):
        return self.family.do("stats-get", {})


class Group:
    """A control group of memory, with what its processes are charged for."""

    def __init__(self):
        root = pathlib.Path("/sys/fs/cgroup")
        if "memory" not in (root / "cgroup.controllers").read_text().split():
            raise Skip("this kernel has no memory controller (CONFIG_MEMCG)")
        (root / "cgroup.subtree_control").write_text("+memory")
        self.path = root / f"t{os.getpid()}"
        self.path.mkdir()
        defer(self.path.rmdir)

    def run(self, function):
        """Calls the function in a process of the group; what it returns."""
        read, write = os.pipe()
        child = os.fork()
        if not child:
            (self.path / "cgroup.procs").write_text("0")
            os.write(write, repr(function()).encode())
            os._exit(0)
        os.close(write)
        with open(read) as said:
            text = said.read()
        equal(os.waitpid(child, 0)[1], 0, "status")
        return eval(text)

    def kernel(self):
        """Bytes of kernel memory."""
        stat = dict(line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        return int(stat["kernel"])


def veth(left, left_name, right, right_name):
    left.run(f"ip link add {left_name} type veth peer name {right_name} netns {right.name}")


def two():
    """a and r, with a firewall loaded."""
    modprobe("firewall")
    a, r = NetNs(), NetNs()
    veth(a, "ar", r, "ra")
    a.up("ar", f"{A4}/24", f"{A6}/64")
    r.up("ra", f"{R4}/24", f"{R6}/64")
    return a, r


def three():
    a, r = two()
    b = NetNs()
    veth(r, "rb", b, "bb")
    r.up("rb", "198.51.100.2/24", "2001:db8:1::2/64")
    b.up("bb", f"{B4}/24", f"{B6}/64")
    r.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    a.run(f"ip route add default via {R4}; ip -6 route add default via {R6}")
    b.run("ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8:1::2")
    return a, r, b


def silent(ns, address):
    """Whether no ping is answered."""
    done = ns.run(f"ping -q -i 0.05 -W 0.3 -c 2 {address}", check=False)
    return " 0 received" in done.stdout or "not permitted" in done.stderr


def refused(function, number, text="", attribute=None):
    """The function is refused by this error, this message, this attribute."""
    try:
        function()
    except ynl.NlError as refusal:
        equal(refusal.error, number, f"error ({refusal})")
        extack = refusal.nl_msg.extack or {}
        assert text in extack.get("msg", ""), refusal
        if attribute:
            equal(extack.get("bad-attr") or extack.get("miss-type"), attribute, f"attribute ({refusal})")
        return
    raise AssertionError("accepted")


def connects(client, server, address, port, patience=20):
    """Whether TCP from one namespace gets to the other, within `patience` seconds."""
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.enter():
        listener = socket.create_server((address, port), family=kind)
    with listener, client.enter(), socket.socket(kind) as sock:
        sock.settimeout(patience)
        try:
            sock.connect((address, port))
        except OSError:
            return False
        return True


def send(ns, address, port, size=10, source_port=0):
    """Sends a datagram; fragments it, if it has to be."""
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ns.enter(), socket.socket(kind, socket.SOCK_DGRAM) as sock:
        sock.bind(("", source_port))
        sock.sendto(bytes(size), (address, port))


def count(firewall, rule):
    return firewall.get(rule["id"])["packets"]


def reaches(firewall, rule, packets):
    wait_until(lambda: count(firewall, rule) >= packets, 20, f"{packets} packets in rule {rule['id']}")
    equal(count(firewall, rule), packets, f"packets of rule {rule['id']}")


def ipv4(payload, protocol=UDP, total=None, first=0x45, fragment=0, source=A4, destination=R4):
    total = 20 + len(payload) if total is None else total
    header = struct.pack("!BBHHHBBH4s4s", first, 0, total, 1, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    words = sum(struct.unpack("!10H", header))
    words = (words & 0xffff) + (words >> 16)
    words = (words & 0xffff) + (words >> 16)
    return header[:10] + struct.pack("!H", ~words & 0xffff) + header[12:] + payload


def ipv6(payload, following=UDP, length=None, version=6, source=A6, destination=R6):
    length = len(payload) if length is None else length
    return struct.pack("!IHBB", version << 28, length, following, 64) + \
        socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination) + payload


@contextlib.contextmanager
def wire(ns, device, peer, peer_device):
    """Sends packets as they are from a device to its peer."""
    target = bytes.fromhex(peer.link(peer_device)["address"].replace(":", ""))
    with ns.enter(), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        yield lambda packet: sock.sendto(
            packet, (device, 0x86dd if packet[0] >> 4 == 6 else 0x0800, 0, 0, target))
