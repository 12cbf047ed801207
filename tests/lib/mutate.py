# SPDX-License-Identifier: GPL-2.0
"""Valid requests of a netlink family, changed at random, many to a datagram."""

import collections
import errno
import os
import pathlib
import random
import re
import socket
import struct
import sys

import ynl
from selftest import wait_until

REQUEST, DUMP, ERROR, DONE = 1, 0x300, 2, 3
SOL_NETLINK, CAP_ACK = 270, 10
HEADER = struct.Struct("=IHHII")
OF_A_SOCKET = 32
DEBUG = os.environ["KERNET_KERNEL"] == "debug"
# KASAN keeps what is freed.
CHECKED = os.environ["KERNET_KERNEL"] in ("user", "debug")
# How many a case sends; 1,000,000 take some minutes under emulation.
COUNT = int(os.environ.get("KERNET_MUTATIONS") or (1000 if DEBUG else 30000))
SEED = int(os.environ.get("KERNET_SEED") or 0)
GENERIC = 16


def changed(rng, messages, header=4):
    """A message like one of `messages`, with up to four bytes, its end or its flags changed. `header` is
    the length of what its attributes are behind."""
    message = rng.choice(messages)
    _, family, flags, _, _ = HEADER.unpack_from(message)
    body = bytearray(message[HEADER.size:])
    if rng.random() < 0.2:
        body += rng.choice(messages)[HEADER.size + header:]
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        # Seldom before the attributes: the command and the version.
        place = rng.randrange(0 if rng.random() < 0.1 else min(header, len(body) - 1), len(body))
        body[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256), body[place] ^ 1))
    if rng.random() < 0.1:
        del body[rng.randrange(len(body)):]
    flags = rng.choice((flags, flags, REQUEST, REQUEST | DUMP, REQUEST | rng.randrange(1 << 12)))
    return HEADER.pack(HEADER.size + len(body), family, flags, 0, 0) + body + bytes(-len(body) % 4)


def unreclaimable():
    """Bytes of the kernel's own allocations."""
    text = pathlib.Path("/proc/meminfo").read_text()
    return 1024 * int(re.search(r"SUnreclaim: *(\d+)", text)[1])


def survives(name, ns, requests, after=(), at_once=64, specs=ynl.SPECS, count=COUNT, seed=0):
    """A family takes `count` changed messages and is none the worse for it.

    `requests` are valid ones, as ynl.encode takes them; those of `after` follow each datagram of
    `at_once` as they are. A dump makes others of its datagram busy.
    """
    family = ynl.family(name, ns, specs)
    messages = [ynl.encode(family, *request) for request in requests]
    after = [ynl.encode(family, *request) for request in after]
    throw(ns, messages, after, at_once, count // 4, seed)
    before = unreclaimable()
    answers = throw(ns, messages, after, at_once, count, seed)
    said = {errno.errorcode.get(number, "ok"): count for number, count in answers.most_common()}
    print(f"{name}: {count} messages: {said}", file=sys.stderr, flush=True)
    assert answers[0] and answers[errno.EINVAL] and len(answers) > 3, said
    # What a family loses of one in a hundred messages is more. What RCU has yet to free is not lost.
    # On a checked kernel kmemleak judges.
    if not CHECKED:
        wait_until(lambda: unreclaimable() - before < max(1 << 20, 16 * count), 30,
                   f"no more than the {before} bytes of before are in use")
    operation, values, *dump = requests[0]
    (family.dump if dump else family.do)(operation, values)


def throw(ns, messages, after, at_once, count, seed, protocol=GENERIC, header=4):
    """Sends so many; how often which errno came."""
    rng = random.Random(f"{count} {seed} {SEED}")
    answers = collections.Counter()
    sent = 0
    while sent < count:
        with ns.enter():
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        with sock:
            sock.setblocking(False)
            sock.setsockopt(SOL_NETLINK, CAP_ACK, 1)
            for _ in range(OF_A_SOCKET):
                sent += at_once
                data = b"".join(changed(rng, messages, header) for _ in range(at_once)) + b"".join(after)
                try:
                    sock.send(data)
                except BlockingIOError:
                    pass
                drain(sock, answers)
    return answers


def drain(sock, answers):
    # A dump that goes on for ever is left to the socket's end.
    for _ in range(200):
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            # Answers were lost for want of room.
            answers[error.errno] += 1
            continue
        while len(data) >= HEADER.size + 4:
            size, kind = HEADER.unpack_from(data)[:2]
            if kind in (ERROR, DONE):
                answers[-struct.unpack_from("=i", data, HEADER.size)[0]] += 1
            data = data[(size + 3) & ~3:]
