#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of rules that reject: what the sender is told, and when it is told nothing."""

import contextlib
import errno
import socket
import struct
import threading
import time

from selftest import NetNs, case, checked, churn, defer, equal, loaded, main, modprobe, need, rmmod, wait_until
from topology import (A4, A6, B4, B6, Firewall, ICMP, ICMPV6, R4, R6, TCP, UDP, connects, count, ipv4, ipv6, reaches,
                      refused, send, three, two, wire)

# Type and code, by IPv4 and IPv6; None where the family has none of that name.
ANSWERS = {"port-unreachable": ((3, 3), (1, 4)), "no-route": ((3, 0), (1, 0)), "host-unreachable": ((3, 1), (1, 3)),
           "admin-prohibited": ((3, 13), (1, 1)), "prot-unreachable": ((3, 2), None),
           "net-prohibited": ((3, 9), None), "host-prohibited": ((3, 10), None), "policy-fail": (None, (1, 5)),
           "reject-route": (None, (1, 6))}
FIN, SYN, RST, ACK = 1, 2, 4, 16
IP_RECVERR, IPV6_RECVERR = 11, 25
ETH_P_ALL, PACKET_HOST = 3, 0


def can(firewall):
    """Whether this kernel rejects; where it does not, that is said."""
    if loaded("kernet_reject"):
        return True
    for with_ in ({}, {"reject_with": "no-route"}):
        refused(lambda: firewall.add("input", "reject", **with_), errno.EOPNOTSUPP, "CONFIG_NF_REJECT_IPV4",
                ".rule.action")
    equal(firewall.dump(), [], "rules")
    return False


def unlimited(*hosts):
    """As many errors as there are packets."""
    for host in hosts:
        host.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")


def kind(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def attempt(ns, address, port):
    """The error of a connect, which comes long before the connect gives up."""
    with ns.enter(), socket.socket(kind(address)) as sock:
        sock.settimeout(20)
        start = time.monotonic()
        number = sock.connect_ex((address, port))
        assert time.monotonic() - start < 10, "it was not told at once"
        return number


@contextlib.contextmanager
def datagrams(ns, address, port=9):
    """A socket that goes to an address, and hears of errors."""
    with ns.enter():
        sock = socket.socket(kind(address), socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(20)
        if ":" in address:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.connect((address, port))
        yield sock


def told(sock):
    """Type and code of the error that has come back."""
    try:
        sock.recv(1)
    except OSError as error:
        assert not isinstance(error, TimeoutError), "no error"
    _, control, _, _ = sock.recvmsg(2000, 512, socket.MSG_ERRQUEUE)
    (_, _, data), = control
    return struct.unpack("=IBBB", data[:7])[2:]


def words(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data + bytes(len(data) % 2))) \
        if not len(data) % 2 else words(data + b"\0")
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def pseudo(source, destination, protocol, length):
    return socket.inet_pton(kind(source), source) + socket.inet_pton(kind(source), destination) + \
        struct.pack("!IxxxB", length, protocol)


def packet(family, protocol, data, place, source=None, destination=None, wrong=0):
    """A packet whose sum, at `place` of the data, is right, or wrong by so much."""
    source = source or (A4 if family == 4 else A6)
    destination = destination or (R4 if family == 4 else R6)
    head = b"" if protocol == ICMP else pseudo(source, destination, protocol, len(data))
    value = (~words(head + data) & 0xffff) ^ wrong
    data = data[:place] + struct.pack("!H", value) + data[place + 2:]
    return (ipv4 if family == 4 else ipv6)(data, protocol, source=source, destination=destination)


def segment(family, flags, port=25, data=b"", **other):
    header = struct.pack("!HHLLBBHHH", 4242, port, 1000, 77, 5 << 4, flags, 100, 0, 0)
    return packet(family, TCP, header + data, 16, **other)


def datagram(family, source_port, port=9, data=bytes(8), **other):
    header = struct.pack("!HHHH", source_port, port, 8 + len(data), 0)
    return packet(family, UDP, header + data, 6, **other)


class Ear:
    """The answers that come in at a device: resets and errors, each with right sums."""

    def __init__(self, ns, device):
        with ns.enter():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self.sock.bind((device, ETH_P_ALL))
        defer(self.sock.close)
        self.sock.settimeout(20)

    def next(self):
        while True:
            data, (_, _, packet_type, *_) = self.sock.recvfrom(65535)
            answer = packet_type == PACKET_HOST and self.answer(data)
            if answer:
                return answer

    @staticmethod
    def answer(data):
        if data[0] >> 4 == 4:
            data = data[:struct.unpack("!H", data[2:4])[0]]
            equal(words(data[:20]), 0xffff, "sum of the IPv4 header")
            protocol, payload = data[9], data[20:]
            ends = [socket.inet_ntop(socket.AF_INET, data[at:at + 4]) for at in (12, 16)]
        elif data[0] >> 4 == 6:
            protocol, payload = data[6], data[40:40 + struct.unpack("!H", data[4:6])[0]]
            ends = [socket.inet_ntop(socket.AF_INET6, data[at:at + 16]) for at in (8, 24)]
        else:
            return None
        if protocol == TCP and payload[13] & RST:
            equal(words(pseudo(*ends, TCP, len(payload)) + payload), 0xffff, "sum of the reset")
            source, destination, seq, ack = struct.unpack("!HHLL", payload[:12])
            return "reset", *ends, source, destination, payload[13], seq, ack, len(payload)
        if protocol == ICMP and payload[0] == 3 or protocol == ICMPV6 and payload[0] == 1:
            head = b"" if protocol == ICMP else pseudo(*ends, ICMPV6, len(payload))
            equal(words(head + payload), 0xffff, "sum of the error")
            return "error", *ends, tuple(payload[:2]), payload[8:]
        return None


@case
@checked
def a_connection_is_refused_at_once():
    """By a reset, which is what a closed port says, in both families; other ports are as before."""
    a, r = two()
    firewall = Firewall(r)
    if not can(firewall):
        return
    need("curl")
    rule = firewall.add("input", "reject", protocol=TCP, destination_port_min=25, reject_with="tcp-reset")
    equal((rule["action"], rule["reject-with"]), ("reject", "tcp-reset"), "rule")
    for number, address in enumerate((R4, R6), 1):
        equal(attempt(a, address, 25), errno.ECONNREFUSED, f"error of {address}")
        reaches(firewall, rule, number)
        assert connects(a, r, address, 26), "another port"
    equal(firewall.stats()["dropped"], 2, "dropped")
    with r.enter():
        listener = socket.create_server((R4, 25))
    with listener:
        done = a.run(f"curl -sS --max-time 30 http://{R4}:25/", check=False)
        equal(done.returncode, 7, f"status of curl ({done.stderr})")
    firewall.flush()
    assert connects(a, r, R4, 25) and connects(a, r, R6, 25)


@case
@checked
def each_answer_by_its_name():
    """An error has the type and the code that the rule names; port-unreachable, if it names none."""
    a, r = two()
    unlimited(r)
    firewall = Firewall(r)
    if not can(firewall):
        return
    equal(firewall.add("input", "reject", protocol=UDP)["reject-with"], "port-unreachable", "default")
    with datagrams(a, R4) as four, datagrams(a, R6) as six:
        for name, answers in ANSWERS.items():
            families = [family for family, answer in zip(("ipv4", "ipv6"), answers) if answer]
            given = {"family": families[0]} if len(families) == 1 else {}
            rule = firewall.add("input", "reject", protocol=UDP, priority=0, reject_with=name, **given)
            for sock, answer in ((four, answers[0]), (six, answers[1])):
                if answer:
                    sock.send(b"x")
                    equal(told(sock), answer, name)
            equal(count(firewall, rule), len(families), f"packets of {name}")
            firewall.delete(rule["id"])


@case
@checked
def what_is_forwarded():
    """The router answers for a host behind it; connections to that end by its reset."""
    a, r, b = three()
    unlimited(r)
    assert a.ping(B4) and a.ping(B6)
    firewall = Firewall(r)
    if not can(firewall):
        return
    firewall.add("forward", "reject", protocol=ICMP, reject_with="admin-prohibited")
    firewall.add("forward", "reject", protocol=ICMPV6, reject_with="no-route", destination=B6)
    for address, text in ((B4, "Packet filtered"), (B6, "No route")):
        done = a.run(f"ping -c 1 -W 20 {address}", check=False)
        assert done.returncode and text in done.stdout, done.stdout
    # A connection that goes on.
    for address in (B4, B6):
        with b.enter():
            listener = socket.create_server((address, 0), family=kind(address))
        with listener:
            with a.enter():
                client = socket.create_connection(listener.getsockname()[:2], timeout=20)
            server = listener.accept()[0]
            with client, server:
                rule = firewall.add("forward", "reject", protocol=TCP, source=address, reject_with="tcp-reset")
                server.settimeout(20)
                server.send(b"x")
                try:
                    server.recv(1)
                    raise AssertionError("the connection goes on")
                except ConnectionResetError:
                    pass
                # Nor does a reset of the other end get an answer.
                equal(count(firewall, rule), 1, "packets")


@case
@checked
def what_this_host_sends():
    """The call says EPERM, and the answer comes by loopback."""
    a, r = two()
    unlimited(r)
    assert r.ping(A4) and r.ping(A6)
    firewall = Firewall(r)
    if not can(firewall):
        return
    firewall.add("output", "reject", protocol=UDP, reject_with="host-unreachable")
    firewall.add("output", "reject", protocol=TCP, tcp_flags=["syn"], tcp_flags_mask=["syn", "rst"],
                 destination_port_min=25, reject_with="tcp-reset")
    firewall.add("output", "reject", protocol=TCP, destination_port_min=26)
    for address, answer in ((A4, (3, 1)), (A6, (1, 3)), ("127.0.0.1", (3, 1)), ("::1", (1, 3))):
        with datagrams(r, address) as sock:
            try:
                sock.send(b"x")
                raise AssertionError("sent")
            except PermissionError:
                equal(told(sock), answer, f"told of {address}")
        # While TCP sends, nobody but a reset gets through to its socket: of an error it hears when it tries again.
        for port in (25, 26):
            equal(attempt(r, address, port), errno.ECONNREFUSED, f"error of port {port} of {address}")


@case
def loopback():
    a, r = two()
    unlimited(r)
    firewall = Firewall(r)
    if not can(firewall):
        return
    firewall.add("input", "reject", protocol=TCP, destination_port_min=25, reject_with="tcp-reset")
    firewall.add("input", "reject", protocol=TCP, destination_port_min=26)
    for address in ("127.0.0.1", "::1", R4, R6):
        for port in (25, 26):
            equal(attempt(r, address, port), errno.ECONNREFUSED, f"port {port} of {address}")
    # What answers is judged by the rules, too, and is not answered itself.
    rules = [firewall.add("output", "reject", protocol=protocol, icmp_type=number)
             for protocol, number in ((ICMP, 3), (ICMPV6, 1))]
    rules.append(firewall.add("output", "reject", protocol=TCP, tcp_flags=["rst"], reject_with="tcp-reset"))
    send(r, "127.0.0.1", 9)
    send(r, "::1", 9)
    for rule in rules[:2]:
        reaches(firewall, rule, 1)
    with r.enter(), socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", 25))
        reaches(firewall, rules[2], 1)


@case
def answers_are_exact():
    """Numbers, flags and what is quoted, as RFC 9293 and RFC 1812 want them."""
    a, r = two()
    need("ethtool")
    unlimited(r)
    # Sums are computed before they are seen.
    r.run("ethtool -K ra tx off")
    assert a.ping(R4) and a.ping(R6)
    firewall = Firewall(r)
    if not can(firewall):
        return
    firewall.add("input", "reject", protocol=TCP, reject_with="tcp-reset")
    firewall.add("input", "reject", protocol=UDP)
    ear = Ear(a, "ar")
    with wire(a, "ar", r, "ra") as put:
        for family, mine, theirs, code in ((4, A4, R4, (3, 3)), (6, A6, R6, (1, 4))):
            for flags, data, number in ((SYN, b"", 1001), (FIN, b"", 1001), (0, b"12345", 1005),
                                        (SYN | FIN, b"123", 1005)):
                put(segment(family, flags, data=data))
                equal(ear.next(), ("reset", theirs, mine, 25, 4242, RST | ACK, 0, number, 20), "answer")
            put(segment(family, SYN | ACK))
            equal(ear.next(), ("reset", theirs, mine, 25, 4242, RST, 77, 0, 20), "answer to an answer")
            sent = datagram(family, 4242, data=bytes(300))
            put(sent)
            what, *ends, said, quoted = ear.next()
            equal((what, ends, said), ("error", [theirs, mine], code), "error")
            assert quoted == sent[:len(quoted)] and len(quoted) > 100, "it quotes another packet"


@case
def what_gets_no_answer():
    """A reset, an error, what is sent to many, what is damaged, what is a part."""
    a, r, b = three()
    unlimited(r)
    assert a.ping(B4) and a.ping(B6)
    firewall = Firewall(r)
    if not can(firewall):
        return
    ear = Ear(a, "ar")
    rules = {}
    for chain in ("input", "forward"):
        rules[chain, TCP] = firewall.add(chain, "reject", protocol=TCP, reject_with="tcp-reset")
        rules[chain, UDP] = firewall.add(chain, "reject", protocol=UDP, reject_with="admin-prohibited")
        for protocol, number in ((ICMP, 3), (ICMPV6, 1)):
            rules[chain, protocol] = firewall.add(chain, "reject", protocol=protocol, icmp_type=number)
    error = struct.pack("!BBHI", 3, 3, 0, 0) + datagram(4, 1, source=R4, destination=A4)[:28]
    error6 = struct.pack("!BBHI", 1, 4, 0, 0) + datagram(6, 1, source=R6, destination=A6)
    later = ipv4(bytes(100), UDP, fragment=100, destination=B4)
    silent = {
        4: [(("input", TCP), segment(4, RST)), (("input", TCP), segment(4, RST | ACK)),
            (("input", TCP), segment(4, SYN, wrong=1)), (("input", UDP), datagram(4, 7, wrong=0x100)),
            (("input", TCP), ipv4(struct.pack("!HHLL", 4242, 25, 1, 1), TCP)),
            (("input", TCP), segment(4, SYN, destination="192.0.2.255")),
            (("input", UDP), datagram(4, 7, destination="192.0.2.255")),
            (("input", UDP), datagram(4, 7, destination="224.0.0.1")),
            (("input", ICMP), packet(4, ICMP, error, 2)),
            (("forward", UDP), later), (("forward", TCP), segment(4, RST, destination=B4)),
            (("forward", UDP), datagram(4, 7, wrong=3, destination=B4))],
        6: [(("input", TCP), segment(6, RST)), (("input", TCP), segment(6, SYN, wrong=1)),
            (("input", UDP), datagram(6, 7, wrong=0x100)),
            (("input", TCP), ipv6(struct.pack("!HHLL", 4242, 25, 1, 1), TCP)),
            (("input", UDP), datagram(6, 7, destination="ff02::1")),
            (("input", ICMPV6), packet(6, ICMPV6, error6, 2)),
            (("forward", TCP), segment(6, RST, destination=B6)),
            (("forward", UDP), datagram(6, 7, wrong=3, destination=B6))]}
    expected = {rule["id"]: 0 for rule in rules.values()}
    with wire(a, "ar", r, "ra") as put:
        for family, packets in silent.items():
            for number, (name, data) in enumerate(packets, 1):
                put(data)
                expected[rules[name]["id"]] += 1
                put(datagram(family, 5000 + number))
                expected[rules["input", UDP]["id"]] += 1
                what, _, _, code, quoted = (*ear.next(), None)[:5]
                equal((what, code), ("error", (3, 13) if family == 4 else (1, 1)), f"answer behind {name}, {number}")
                port, = struct.unpack("!H", quoted[20 if family == 4 else 40:][:2])
                equal(port, 5000 + number, f"port of the answer behind {name}, {number}")
    equal({rule["id"]: rule["packets"] for rule in firewall.dump()}, expected, "packets of the rules")


@case
def what_is_refused():
    """Each bad combination, by its reason; the rules are as they were."""
    modprobe("firewall")
    firewall = Firewall(NetNs())
    if not can(firewall):
        return
    for chosen, text in (({"reject_with": "tcp-reset"}, "needs the protocol TCP"),
                         ({"reject_with": "tcp-reset", "protocol": UDP}, "needs the protocol TCP"),
                         ({"reject_with": "prot-unreachable"}, "needs the family ipv4"),
                         ({"reject_with": "net-prohibited", "family": "ipv6"}, "needs the family ipv4"),
                         ({"reject_with": "policy-fail", "source": A4}, "needs the family ipv6"),
                         ({"reject_with": "reject-route", "protocol": ICMPV6}, "needs the family ipv6")):
        refused(lambda: firewall.add("input", "reject", **chosen), errno.EINVAL, text, ".rule.reject-with")
    for action in ("accept", "drop"):
        refused(lambda: firewall.add("input", action, reject_with="no-route"), errno.EINVAL, "that rejects",
                ".rule.reject-with")
    refused(lambda: firewall.add("input", "reject", reject_with=10), errno.ERANGE)
    refused(lambda: firewall.add("input", 3), errno.ERANGE)
    # Of many rules the message names the one.
    good = {"chain": "input", "action": "reject", "protocol": TCP, "reject-with": "tcp-reset"}
    refused(lambda: firewall.replace(good, good | {"protocol": UDP}), errno.EINVAL, "rule 2: a reset needs")
    equal(firewall.dump(), [], "rules")


@case
def counters_go_on_where_the_answer_is_the_same():
    a, r = two()
    firewall = Firewall(r)
    if not can(firewall):
        return
    rules = [{"chain": "input", "action": "reject", "protocol": UDP, "reject-with": name}
             for name in ("no-route", "port-unreachable")]
    firewall.replace(*rules)
    send(a, R4, 9)
    reaches(firewall, firewall.dump()[0], 1)
    first, second = firewall.dump()
    equal((first["packets"], second["packets"]), (1, 0), "packets")
    firewall.replace(*reversed(rules))
    equal([(rule["id"], rule["packets"], rule["reject-with"]) for rule in firewall.dump()],
          [(second["id"], 0, "port-unreachable"), (first["id"], 1, "no-route")], "rules the other way round")
    firewall.replace({"chain": "input", "action": "drop", "protocol": UDP})
    equal([(rule["packets"], rule["id"] in (first["id"], second["id"])) for rule in firewall.dump()], [(0, False)],
          "one that drops")


RULES = """input reject with tcp-reset tcp to port 25
input reject udp from 192.0.2.0/24
forward reject with host-prohibited ipv4 protocol 200
forward reject with policy-fail from 2001:db8::/32
"""


@case
def by_fw():
    """The language says it, and what is saved is the same again; errors name the column."""
    modprobe("firewall")
    ns = NetNs()
    if not can(Firewall(ns)):
        done = ns.run("fw check -", check=False, input=RULES)
        assert done.returncode and "CONFIG_NF_REJECT_IPV4" in done.stderr and "standard input:1:" in done.stderr, done
        return
    ns.run("fw load -", input=RULES)
    saved = ns.run("fw save").stdout
    equal([line.partition(" id ")[0] for line in saved.splitlines()[1:-1]], RULES.splitlines(), "rules")
    ns.run("fw load --empty -", input="")
    ns.run("fw restore", input=saved)
    equal(ns.run("fw save").stdout, saved, "saved again")
    for text, place in (("input reject with tcp-reset udp", "1:19"), ("input reject with nothing tcp", "1:19"),
                        ("input drop with tcp-reset tcp", "1:12"), ("input reject with", "1:18"),
                        ("input reject with host-prohibited ipv6", "1:19")):
        done = ns.run("fw check -", check=False, input=text + "\n")
        assert done.returncode and place in done.stderr, (text, done.stderr)


@case
@checked
def it_comes_with_who_uses_it():
    """vpair loads neither it nor what it is made of."""
    names = ("firewall", "kernet_reject", "nf_reject_ipv4", "nf_reject_ipv6")
    for name in names:
        if loaded(name):
            rmmod(name)
    modprobe("vpair")
    equal([name for name in names if loaded(name)], [], "loaded")


@case
@churn
def under_traffic():
    """Rules that reject come and go, namespaces die, and the module is unloaded."""
    a, r, b = three()
    firewall = Firewall(r)
    if not can(firewall):
        return
    stop = threading.Event()

    def traffic():
        while not stop.is_set():
            for address in (R4, R6, B4, B6):
                for port in (25, 26):
                    with a.enter(), socket.socket(kind(address)) as sock:
                        sock.settimeout(1)
                        sock.connect_ex((address, port))
    worker = threading.Thread(target=traffic)
    worker.start()
    try:
        for number in range(20):
            firewall.replace(*({"chain": chain, "action": "reject", "protocol": TCP, "destination-port-min": port,
                                "reject-with": with_}
                               for chain in ("input", "forward") for port, with_ in
                               ((25, "tcp-reset"), (26, "no-route" if number % 2 else "port-unreachable"))))
            wait_until(lambda: firewall.dump()[0]["packets"], 20, "a packet is rejected")
        firewall.family.sock.close()
        rmmod("firewall")
    finally:
        stop.set()
        worker.join()


main(60)
