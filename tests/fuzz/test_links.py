#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every link kind and netlink protocol with requests that are not quite valid: KERNET_MUTATIONS of
them, drawn by KERNET_SEED. The generic netlink families' are in samples/*/test_*_mutations.py."""

import collections
import errno
import os
import socket
import struct
import sys

import mutate
import rtnl
from rtnl import (IFINFOMSG, IFLA_ADDRESS, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINKINFO,
                  IFLA_MTU, NLA_F_NESTED, NLM_F_CREATE, NLM_F_EXCL, attribute, attributes, message, u32)
from selftest import NetNs, case, main, modprobe

# Devices are slow to make and to unmake, and so is what dumps; `make test` throws a few.
COUNT = (mutate.COUNT if os.environ.get("KERNET_MUTATIONS") else 2000) // 10 or 1
IFLA_TXQLEN, IFLA_GROUP, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES = 13, 27, 31, 32
IFLA_GSO_MAX_SIZE = 41
# That of all devices here, by which they are deleted.
GROUP = 7
AT_ONCE = 16
# Requests after which there is another namespace: what has left the group is there until then.
PART = 2000
DUMP = 0x300
RELAY_PROTOCOL, RELAY_FAMILY = 31, 100


def linkinfo(kind, *data):
    info = [(IFLA_INFO_KIND, kind.encode() + b"\0")]
    if data:
        info.append((IFLA_INFO_DATA | NLA_F_NESTED, attributes(data)))
    return IFLA_LINKINFO | NLA_F_NESTED, attributes(info)


def named(name, *attrs):
    return IFINFOMSG + attributes([(IFLA_IFNAME, name.encode() + b"\0"), (IFLA_GROUP, u32(GROUP)), *attrs])


def requests(kind, variants):
    """That make, change, ask about and delete links of a kind, whose own attributes are `variants`."""
    made = []
    for number, data in enumerate(variants):
        info = linkinfo(kind, *data)
        create = NLM_F_CREATE | NLM_F_EXCL
        made += [
            message(rtnl.RTM_NEWLINK, create, named(f"a{number}", info)),
            message(rtnl.RTM_NEWLINK, create, named(
                f"b{number}", (IFLA_MTU, u32(1400)), (IFLA_ADDRESS, b"\2\0\0\0\0\7"),
                (IFLA_TXQLEN, u32(10)), (IFLA_NUM_TX_QUEUES, u32(2)), (IFLA_NUM_RX_QUEUES, u32(3)),
                (IFLA_GSO_MAX_SIZE, u32(9000)), info)),
            message(rtnl.RTM_NEWLINK, 0, named(f"a{number}", info)),
            message(rtnl.RTM_SETLINK, 0, named(f"a{number}", (IFLA_MTU, u32(1280)), info))]
    made += [message(rtnl.RTM_GETLINK, 0, named("a0")), message(rtnl.RTM_GETLINK, DUMP, IFINFOMSG),
             message(rtnl.RTM_DELLINK, 0, named("a0"))]
    return made


def survives(kind, variants):
    """Links of a kind are made, changed and deleted by changed requests, in namespaces that go."""
    messages = requests(kind, variants)
    everything = message(rtnl.RTM_DELLINK, 0, IFINFOMSG + attribute(IFLA_GROUP, u32(GROUP)))
    answers = collections.Counter()
    for at in range(0, COUNT, PART):
        ns = NetNs()
        answers += mutate.throw(ns, messages, [everything], AT_ONCE, min(PART, COUNT - at), at,
                                protocol=socket.NETLINK_ROUTE, header=len(IFINFOMSG))
        ns.delete()
    told(kind, COUNT, answers, errno.EINVAL, errno.EEXIST)
    ns = NetNs()
    with ns.enter():
        rtnl.request(messages[0])


def told(name, count, answers, *wanted):
    said = {errno.errorcode.get(number, "ok"): times for number, times in answers.most_common()}
    print(f"{name}: {count} messages: {said}", file=sys.stderr, flush=True)
    assert answers[0] and all(answers[number] for number in wanted) and len(answers) > 3, said


def peer(name, *attrs):
    return 1, IFINFOMSG + attributes([(IFLA_IFNAME, name.encode() + b"\0"), (IFLA_GROUP, u32(GROUP)), *attrs])


@case
def of_vpair():
    modprobe("vpair")
    survives("vpair", [[], [peer("p1")], [peer("p2", (IFLA_MTU, u32(1300)), (IFLA_NUM_RX_QUEUES, u32(4)),
                                               (IFLA_ADDRESS, b"\2\0\0\0\0\10"))]])


@case
def of_etherip():
    modprobe("etherip")
    survives("etherip", [[(2, socket.inet_aton("127.0.0.2"))],
                         [(1, socket.inet_aton("127.0.0.1")), (2, socket.inet_aton("127.0.0.3")),
                          (3, b"\x40"), (4, b"\x10"), (5, b"\1"), (6, u32(1))],
                         [(2, socket.inet_pton(socket.AF_INET6, "2001:db8::9"))],
                         [(1, socket.inet_pton(socket.AF_INET6, "::1")),
                          (2, socket.inet_pton(socket.AF_INET6, "fe80::3")), (3, b"\x40"), (4, b"\1"), (5, b"\0"),
                          (6, u32(1))]])


@case
def of_sink():
    modprobe("sink")
    survives("sink", [[]])


@case
def of_siit():
    modprobe("siit")
    prefix = [(1, socket.inet_pton(socket.AF_INET6, "2001:db8:64::")), (2, b"\x60")]
    survives("siit", [[], prefix, [*prefix, (3, u32(1400)), (4, b"\1"), (5, b"\0"), (6, b"\1"), (7, b"\0"),
                                   (8, socket.inet_aton("192.0.2.0")), (9, b"\x18"),
                                   (10, socket.inet_pton(socket.AF_INET6, "2001:db8:9::")), (11, b"\x40")]])


@case
def of_nic():
    modprobe("nic")
    survives("nic", [[], [peer("p1")]])


@case
def of_a_protocol():
    """The one of the tests' own, and its handlers of rtnetlink."""
    modprobe("relay")
    number = attribute(1, u32(7))
    for protocol, header, kinds in (
            (RELAY_PROTOCOL, u32(0), [(kind, number) for kind in range(16, 21)]),
            (socket.NETLINK_ROUTE, struct.pack("=BBBBI", RELAY_FAMILY, 32, 0, 0, 1),
             [(kind, attribute(2, u32(9))) for kind in (20, 21, 22)]),
            (socket.NETLINK_ROUTE, struct.pack("=Bxxx", RELAY_FAMILY),
             [(kind, number) for kind in (24, 26, 28, 30)])):
        messages = [message(kind, flags, header + attrs) for kind, attrs in kinds for flags in (0, DUMP)]
        answers = mutate.throw(NetNs(), messages, (), 8, COUNT, 0, protocol=protocol,
                               header=len(header))
        told(f"relay {protocol}", COUNT, answers, errno.EINVAL)


main(30)
