#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The family of the tests in Rust, against the same in C. Runs in the machine."""

import ctypes
import os
import struct
import subprocess
import sys

from nlraw import DUMP, Socket, attr, nest, parse
from selftest import case, equal, main, wait_until

CHECK, ECHO, LIST, MINE, ROOT, LENIENT, HOOKED, COUNT, BARE, TELL, TOLD, ALIVE = range(1, 13)
NAMES = ("u8 u16 u32 u64 s8 s16 s32 s64 uint sint be16 be32 flag text loose key long short any bits "
         "mask colour sparse inner many array hole pad pair words plain32 plain64 nests everywhere "
         "single outside").split()
N = {name: number for number, name in enumerate(NAMES, 1)}
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET, NEWUSER = 0x40000000, 0x10000000


def value(name, form, *values):
    return attr(N[name], struct.pack(form, *values))


def u8(number):
    return value("u8", "=B", number)


def violations():
    """Each message that a policy refuses or just admits: name, command, attributes, flags."""
    def integers():
        for name, form, bounds in (
                ("u8", "=B", (0, 10, 11, 255)), ("u16", "=H", (0, 4, 5, 65535)),
                ("u32", "=I", (0, 2, 3, 9, 10)),
                ("u64", "=Q", (0, 99999, 100000, 4 * 10 ** 9, 4 * 10 ** 9 + 1)),
                ("s8", "=b", (-128, -4, -3, 127)), ("s16", "=h", (-32768, -3, -2, 0)),
                ("s32", "=i", (-6, -5, 5, 6)), ("s64", "=q", (-100001, -100000, 100000, 100001)),
                ("uint", "=I", (0, 70, 71)), ("uint", "=Q", (70, 71, 1 << 40)),
                ("sint", "=i", (-71, -70, 70, 71)), ("sint", "=q", (-71, -70, 70, 71)),
                ("be16", ">H", (0, 258, 259)), ("be32", ">I", (0, 257, 258)),
                ("mask", "=I", (0, 7, 8)), ("colour", "=B", (0, 2, 3)),
                ("sparse", "=I", (0, 1, 2, 4, 9, 10)), ("many", "=H", (99, 100)),
                ("plain32", "=I", (0,)), ("plain64", "=Q", (0,))):
            for number in bounds:
                yield f"{name}={number}/{form}", value(name, form, number)
        for name in NAMES:
            for size in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12):
                yield f"{name}:{size}bytes", attr(N[name], bytes(size))
            yield f"{name}:nested", attr(N[name] | 0x8000, bytes(4))
        for name in ("text", "loose"):
            for text in (b"\0", b"1234567\0", b"12345678\0", b"123456789\0", b"12345678",
                         b"123456789", b"", b"12\0" + b"3456", b"1\0\0"):
                yield f"{name}={text!r}", attr(N[name], text)
        for bits, selector in ((0, 0), (1, 1), (7, 7), (1, 0), (8, 8), (0, 8), (8, 7)):
            yield f"bits={bits}/{selector}", value("bits", "=II", bits, selector)
        for depth in ("inner", "nests"):
            yield f"{depth}:empty", nest(N[depth])
            yield f"{depth}:number", nest(N[depth], attr(1, struct.pack("=I", 7)))
            yield f"{depth}:large", nest(N[depth], attr(1, struct.pack("=I", 8)))
            yield f"{depth}:long", nest(N[depth], attr(2, b"12345\0"))
            yield f"{depth}:unknown", nest(N[depth], attr(9, b"1234"))
            yield f"{depth}:deep", nest(N[depth], nest(3, attr(1, b"\3")))
            yield f"{depth}:deep low", nest(N[depth], nest(3, attr(1, b"\2")))
            yield f"{depth}:deep unknown", nest(N[depth], nest(3, attr(2, b"\2")))
            yield f"{depth}:deep unmarked", nest(N[depth], attr(3, attr(1, b"\3")))
            yield f"{depth}:unmarked", attr(N[depth], attr(1, struct.pack("=I", 7)))
            yield f"{depth}:trailing", attr(N[depth] | 0x8000, attr(1, struct.pack("=I", 7)) + b"x")
        element = attr(1, struct.pack("=I", 7))
        yield "array:two", nest(N["array"], nest(0, element), nest(1, element))
        yield "array:large", nest(N["array"], nest(0, element),
                                  nest(1, attr(1, struct.pack("=I", 8))))
        yield "array:short", nest(N["array"], attr(0, b"x"))
        yield "array:empty element", nest(N["array"], attr(0))
        yield "array:unmarked", attr(N["array"], nest(0, element))
        yield "type 0", attr(0, b"1234")
        yield "type 36", attr(36, b"1234")
        yield "type 16383", attr(16383, b"")
        yield "short header", u8(1) + b"\3\0\1\0"
        yield "long header", u8(1) + attr(N["u16"], b"12", length=400)
        yield "trailing", u8(1) + b"xy"
        yield "several", u8(11) + u8(1)
    for name, attrs in integers():
        yield f"check {name}", CHECK, attrs, 0
        yield f"check later {name}", CHECK, u8(1) + attrs, 0
    for command, flags in ((LIST, 0), (LIST, DUMP), (MINE, 0), (LENIENT, 0), (LENIENT, DUMP),
                           (COUNT, 0), (BARE, 0), (ALIVE, 0), (COUNT, DUMP), (BARE, DUMP),
                           (TOLD, 0), (99, 0), (99, DUMP), (CHECK, DUMP)):
        for name, attrs in (("u8", u8(1)), ("u8 large", u8(11)), ("u8 long", attr(N["u8"], b"1234")),
                            ("u8 none", attr(N["u8"])),
                            ("u32", value("u32", "=I", 3)), ("u32 large", value("u32", "=I", 10)),
                            ("u16", value("u16", "=H", 5)), ("text", attr(N["text"], b"123456789\0")),
                            ("unknown", attr(77, b"1234")), ("trailing", u8(1) + b"x"),
                            ("inner", attr(N["inner"], attr(1, struct.pack("=I", 9)))),
                            ("inner unknown", nest(N["inner"], attr(9, b"1234")))):
            # Without a violation the C family's operations do nothing, and ours do.
            yield f"command {command} flags {flags:x} {name}", command, attrs, flags


def refusals():
    """What a loaded family answers to each."""
    sock = Socket("conform")
    answers = {}
    for name, command, attrs, flags in violations():
        answer = sock.ask(command, attrs, 4 | flags)
        answers[name] = answer if isinstance(answer, dict) else None
    answers["reserved"] = sock.ask(BARE, reserved=1)
    answers["flags"] = sock.ask(BARE, flags=4 | 0x400)
    answers["no header"] = sock.ask(BARE, raw=b"\1\1")
    sock.close()
    return answers


@case
def refuses_as_c_does():
    subprocess.run(["insmod", os.environ["KERNET_CONFORM_C"]], check=True)
    wanted = refusals()
    subprocess.run(["rmmod", "conform_c"], check=True)
    subprocess.run(["modprobe", "conform"], check=True)
    got = refusals()
    different = [f"{name}: {got[name]}, C: {said}" for name, said in wanted.items()
                 if got[name] != said]
    refused = sum(said is not None for said in wanted.values())
    if len(wanted) < 900 or refused < 500 or len(wanted) - refused < 100:
        raise AssertionError(f"{len(wanted)} messages, {refused} refused")
    if different:
        print("\n".join(different[:40]), file=sys.stderr)
        raise AssertionError(f"{len(different)} of {len(wanted)} differ: {different[0]}")
    print(f"{len(wanted)} messages, of which {refused} are refused", file=sys.stderr)


@case
def echoes_every_type():
    inner = [attr(1, struct.pack("=I", 7)), attr(2, b"abc\0"), nest(3, attr(1, b"\5"))]
    attrs = [u8(9), value("u16", "=H", 700), value("u32", "=I", 9), value("u64", "=Q", 10 ** 9),
             value("s8", "=b", -3), value("s16", "=h", -30000), value("s32", "=i", -5),
             value("s64", "=q", -99999), value("uint", "=I", 70), value("sint", "=i", -70),
             value("be16", ">H", 258), value("be32", ">I", 1 << 31),
             value("bits", "=II", 1, 5), value("mask", "=I", 6), value("colour", "=B", 2),
             value("sparse", "=I", 9), value("plain32", "=I", 77), value("plain64", "=Q", 1 << 60),
             attr(N["pair"], struct.pack("=I", 5) + struct.pack(">I", 6)),
             attr(N["text"], b"text\0"), attr(N["loose"], b"loose\0"), attr(N["long"], b"abcdefg"),
             attr(N["short"], b""), attr(N["any"], bytes(range(100))), attr(N["flag"]),
             attr(N["key"], b"keys"), attr(N["words"], struct.pack("=III", 1, 2, 1 << 31)),
             value("many", "=H", 1), value("many", "=H", 99), value("many", "=H", 50),
             nest(N["inner"], *inner), nest(N["nests"], inner[0]), nest(N["nests"]),
             nest(N["array"], nest(0, inner[0]), nest(5), nest(2, inner[0]))]
    sock = Socket("conform")
    answer = sock.ask(ECHO, b"".join(attrs))
    assert isinstance(answer, list), answer
    want = parse(b"".join(attrs))
    got = parse(answer[0][4:])
    equal(sorted(number for number, _ in got), sorted(number for number, _ in want), "types")
    for number in sorted({number for number, _ in want}):
        equal([data for n, data in got if n == number], [data for n, data in want if n == number],
              NAMES[number - 1])
    # Larger than the first message that is tried.
    big = os.urandom(30000)
    answer = sock.ask(ECHO, attr(N["any"], big))
    equal(dict(parse(answer[0][4:]))[N["any"]], big, "30000 bytes")


@case
def finds_what_is_in_a_nest():
    """In any order; of several of one type the last."""
    number, text = [struct.pack("=I", n) for n in (1, 2, 3)], [b"a\0", b"bc\0"]
    sock = Socket("conform")

    def answered(*attrs):
        answer = sock.ask(ECHO, nest(N["inner"], *attrs))
        return dict(parse(dict(parse(answer[0][4:]))[N["inner"]]))
    equal(answered(), {}, "an empty nest")
    equal(answered(attr(2, text[0]), attr(1, number[0])), {1: number[0], 2: text[0]}, "backwards")
    equal(answered(attr(1, number[0]), attr(2, text[0]), attr(1, number[1]), attr(2, text[1]),
                   attr(1, number[2])), {1: number[2], 2: text[1]}, "several")


def numbers(sock, count, flags=DUMP):
    answer = sock.ask(LIST, value("plain32", "=I", count), flags)
    assert isinstance(answer, list), answer
    return [struct.unpack("=I", dict(parse(body[4:]))[N["plain32"]])[0] for body in answer]


def alive(sock):
    fields = dict(parse(sock.ask(ALIVE)[0][4:]))
    return struct.unpack("=I", fields[N["plain32"]])[0], struct.unpack("=H", fields[N["many"]])[0]


def until(function, wanted, what):
    wait_until(lambda: function() == wanted, 60, f"{what}: {wanted!r}")


@case
def dumps():
    sock = Socket("conform")
    for count in (0, 1, 1000):
        equal(numbers(sock, count), list(range(count)), f"a dump of {count}")
    equal(sock.ask(LIST, value("u32", "=I", 9), DUMP)["errno"], 33, "refused at its start")
    equal(sock.ask(LIST, value("u32", "=I", 9), DUMP)["text"], "no dump of 9", "said at its start")
    equal(sock.ask(LIST, value("u32", "=I", 8), DUMP)["errno"], 33, "refused in its course")
    equal(sock.ask(LIST, u8(3))[0][4:], attr(N["u8"], b"\2"), "a do of the same name")
    equal(sock.ask(LIST)["missing"], N["u8"], "what is missing")
    equal(alive(sock)[0], 0, "states left")


@case
def keeps_state_for_sockets():
    watch = Socket("conform")
    before = alive(watch)[0]
    socks = [Socket("conform") for _ in range(20)]
    for turn in range(1, 4):
        for sock in socks:
            answer = dict(parse(sock.ask(COUNT)[0][4:]))
            equal(struct.unpack("=I", answer[N["plain32"]])[0], turn, "count")
    equal(alive(watch)[0], before + 20, "states")
    for sock in socks:
        sock.close()
    until(lambda: alive(watch)[0], before, "states after the sockets")


@case
def hooks():
    sock = Socket("conform")
    equal(sock.ask(HOOKED, u8(2)), {"errno": 1, "text": "the hook wants u8 to be 1"}, "refused")
    answer = dict(parse(sock.ask(HOOKED, u8(1))[0][4:]))
    equal(struct.unpack("=I", answer[N["plain32"]])[0], 1, "lent")
    equal(alive(sock)[0], 0, "left of hooks")


def enter(namespace):
    """The thread goes into the namespace of an open file."""
    if LIBC.setns(namespace.fileno(), NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def told(sock):
    return [struct.unpack("=I", dict(parse(body[4:]))[N["plain32"]])[0]
            for _, _, _, body in sock.receive() if body[0] == TOLD]


@case
def tells():
    subprocess.run(["ip", "netns", "add", "other"], check=True)
    try:
        here = Socket("conform")
        _, groups = here.resolve("conform")
        here = Socket("conform")
        here.join(groups["events"])
        equal(alive(Socket("conform"))[1], 1, "listeners")
        with open("/run/netns/other") as there, open("/proc/self/ns/net") as home:
            enter(there)
            other, teller = Socket("conform"), Socket("conform")
            other.join(groups["events"])
            enter(home)
        asker = Socket("conform")
        asker.ask(TELL, value("plain32", "=I", 1))
        equal(told(here), [1], "told here")
        teller.ask(TELL, value("plain32", "=I", 2))
        equal(told(other), [2], "told there")
        asker.ask(TELL, value("plain32", "=I", 3) + attr(N["everywhere"]))
        equal(told(here), [3], "told everywhere, here")
        equal(told(other), [3], "told everywhere, there")
        asker.send(TELL, value("plain32", "=I", 4) + attr(N["single"]))
        equal(told(asker), [4], "told alone")
        for sock in (here, other):
            sock.close()
        until(lambda: alive(asker)[1], 0, "listeners left")
        equal(asker.ask(TELL, value("plain32", "=I", 5)), asker.ask(BARE), "told to nobody")
    finally:
        subprocess.run(["ip", "netns", "del", "other"], check=True)


@case
def asks_for_privileges():
    """As nobody, and as root of a user namespace with a network namespace of its own."""
    def refused(sock, command):
        answer = sock.ask(command, u8(1))
        return answer["errno"] if isinstance(answer, dict) else 0

    def inside(enter):
        out, into = os.pipe()
        child = os.fork()
        if not child:
            status = b"failed"
            try:
                enter()
                sock = Socket("conform")
                found = [refused(sock, MINE), refused(sock, ROOT), refused(sock, CHECK)]
                _, groups = sock.resolve("conform")
                for name in ("events", "guarded"):
                    try:
                        sock.join(groups[name])
                        found.append(0)
                    except OSError as error:
                        found.append(error.errno)
                status = repr(found).encode()
            except Exception as error:
                status = repr(error).encode()
            finally:
                os.write(into, status)
                os._exit(0)
        os.close(into)
        os.waitpid(child, 0)
        with os.fdopen(out) as pipe:
            return pipe.read()

    equal(inside(lambda: None), "[0, 0, 0, 0, 0]", "root")
    equal(inside(lambda: os.setuid(65534)), "[1, 1, 0, 0, 1]", "nobody")

    # Nobody is root there.
    def own():
        os.setuid(65534)
        if LIBC.unshare(NEWUSER | NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
    equal(inside(own), "[0, 1, 0, 0, 0]", "root of a namespace")


main()
