#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Dumps of the tests' family while its objects come and go. Runs in the machine."""

import array
import bisect
import contextlib
import os
import random
import signal
import struct

import ynl
from dumps import Dump, abandon, follow
from mutate import COUNT, survives
from nlraw import HEADER, INTERRUPTED
from selftest import NetNs, case, equal, main, modprobe, wait_until

# Of blocks of ten objects; as many more have room between two blocks.
BLOCKS, BLOCK = 1000, 10
# Of changed messages that one namespace gets.
PART = 30000


def number(attrs):
    return struct.unpack("=I", attrs[1])[0]


class Objects:
    """The objects of a namespace, and what is known of them here."""

    def __init__(self, data=bytes(64)):
        modprobe("conform")
        self.ns, self.data, self.ids = NetNs(), data, []
        self.family = ynl.family("conform", self.ns, ynl.CONFORM)

    def add(self, first, count=1):
        self.family.do("object-add", {"id": first, "count": count, "data": self.data})
        at = bisect.bisect_left(self.ids, first)
        assert self.ids[at:at + 1] == [] or self.ids[at] >= first + count, "there already"
        self.ids[at:at] = range(first, first + count)

    def delete(self, index):
        self.family.do("object-del", {"id": self.ids.pop(index)})

    def blocks(self):
        for block in range(BLOCKS):
            self.add(2 * BLOCK * block, BLOCK)

    def dump(self, values=None, **options):
        return Dump(self.ns, self.family, "object-get", number, values, **options)

    def alive(self):
        """How many states of dumps there are."""
        return self.family.do("alive", {})["plain32"]


@case
def resume_where_they_were():
    """Whatever is added and deleted before, behind and where the dump is."""
    objects = Objects()
    objects.blocks()
    draw = random.Random(1)
    dump = objects.dump()
    gone = []

    def change():
        if draw.random() < 0.4:
            return False
        for _ in range(draw.randrange(1, 4)):
            if gone and draw.random() < 0.5:
                objects.add(gone.pop(draw.randrange(len(gone))))
            else:
                index = draw.randrange(len(objects.ids))
                gone.append(objects.ids[index])
                objects.delete(index)
        if draw.random() < 0.3:
            first = 2 * BLOCK * draw.randrange(BLOCKS) + BLOCK
            if not set(range(first, first + BLOCK)) & {*objects.ids, *gone}:
                objects.add(first, BLOCK)
        return True
    quiet, changed = follow(dump, objects.ids, change)
    assert quiet > 60 and changed > 100, (quiet, changed)
    # What goes and comes again is a change.
    dump = objects.dump()

    def there_and_back():
        again = objects.ids[-1]
        objects.delete(-1)
        objects.add(again)
        return True
    quiet, changed = follow(dump, objects.ids, there_and_back)
    equal(quiet, 2, "messages filled before the first change")
    # What is asked for and changes nothing is none.
    dump = objects.dump()

    def nothing():
        objects.family.do("object-add", {"id": objects.ids[0]})
        objects.family.do("object-del", {"id": 2 * BLOCK * BLOCKS})
        return False
    quiet, changed = follow(dump, objects.ids, nothing)
    assert quiet > 200, quiet


@case
def say_that_all_is_gone():
    """After a change that leaves nothing more to dump, the end says so."""
    objects = Objects()
    objects.add(0, 200)
    dump = objects.dump()
    messages = [dump.read()]
    objects.family.do("object-del", {"id": 0, "count": 200})
    while not dump.done:
        messages.append(dump.read())
    equal([said for message in messages for said, _ in message],
          [False] * sum(map(len, messages[:-1])) + [True], "entries that say that the set has changed")
    equal(messages[-1], [(True, None)], "the end")
    equal(len(messages), 3, "messages: two were filled before")


@case
def an_entry_that_is_taken_back_does_not_take_the_flag_with_it():
    objects = Objects()
    objects.add(0, 1000)
    trial = objects.dump()
    first, second, third = trial.read(), trial.read(), trial.read()
    trial.close()
    dump = objects.dump({"without": third[0][1]})
    equal((dump.read(), False), (first, False), "the first message")
    objects.delete(-1)
    equal(dump.read(), second, "the second message")
    equal(dump.read()[:2], [(True, third[1][1]), (False, third[2][1])], "the third message")
    dump.close()


@case
def go_on_beside_a_process_that_changes_the_set():
    objects = Objects()
    objects.blocks()
    kept, churned = set(objects.ids), range(BLOCK, 2 * BLOCK * BLOCKS, 2 * BLOCK)
    behind = 2 * BLOCK * BLOCKS
    objects.family.do("object-add", {"id": behind, "count": 500})
    objects.family.do("object-del", {"id": behind, "count": 500})
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            # A socket of its own.
            own = ynl.family("conform", objects.ns, ynl.CONFORM)
            while True:
                for operation in ("object-add", "object-del"):
                    for first in churned:
                        own.do(operation, {"id": first, "count": BLOCK})
        os._exit(1)
    try:
        wait_until(lambda: len(objects.dump().rest()[0]) > len(kept) + 1, 60, "an object of the child's")
        said = 0
        for _ in range(3):
            found, messages = objects.dump().rest()
            names = [name for _, name in found[:-1]]
            assert messages > 200, messages
            assert all(a < b for a, b in zip(names, names[1:])), "one comes twice, or out of order"
            equal(len(kept & set(names)), len(kept), "objects that were there all the time")
            assert names[-1] < behind, "one that was deleted before"
            said += sum(interrupted for interrupted, _ in found)
        assert said, "the set has changed, and no dump says so"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert not any(said for said, _ in objects.dump().rest()[0]), "nothing changes any more"


@case
def of_100000_objects():
    """In messages of a page, and of 32 KiB."""
    objects = Objects(data=b"")
    objects.add(0, 100000)
    for room, least in ((4096, 700), (1 << 17, 90)):
        dump, found, messages = objects.dump(room=room), array.array("I"), 0
        # The headers, and two attributes of which one is empty; at the end, a status alone.
        while len(data := dump.sock.recv(room)) != HEADER.size + 4:
            words = array.array("I", data)
            equal(set(words[0::8]), {32}, "lengths")
            equal({flags >> 16 & INTERRUPTED for flags in set(words[1::8])}, {0}, "flags")
            found += words[6::8]
            messages += 1
        dump.close()
        assert found == array.array("I", range(100000)), f"{len(found)} objects"
        assert least < messages < 2 * least, f"{messages} messages"


@case
def states_are_dropped():
    objects = Objects()
    objects.add(0, 1000)
    before = objects.alive()
    dumps = [objects.dump() for _ in range(50)]
    equal(objects.alive(), before + 50, "states of dumps that go on")
    for dump in dumps:
        dump.close()
    wait_until(lambda: objects.alive() == before, 60, "no state is left of closed sockets")
    # Of one that ends, before the socket is closed.
    dump = objects.dump()
    dump.rest()
    equal(objects.alive(), before, "states after a dump")
    dump.close()


@case
def are_left_in_their_course():
    objects = Objects()
    objects.add(0, 1000)
    before = objects.alive()

    def begin():
        equal(objects.alive(), before, "states left of dumps before")
        return objects.dump()
    try:
        abandon("conform", begin)
    finally:
        objects.family.sock.close()
    again = Objects()
    equal(again.alive(), 0, "states of the new module")


@case
def survive_mutations():
    """Of all operations but a dump that counts as far as it is asked to."""
    modprobe("conform")
    full = {"u8": 9, "u16": 700, "u32": 9, "u64": 10 ** 9, "s8": -3, "s16": -30000, "s32": -5, "uint": 70,
            "sint": -70, "be16": 258, "text": "text", "long": b"abcdefg", "any": bytes(40), "flag": True,
            "inner": {"number": 7, "text": "abc", "deep": {"bottom": 5}}, "many": [1, 99],
            "array": [{"number": 7}, {}], "nests": [{"number": 7}, {}]}
    requests = [
        ("bare", {}), ("check", full), ("echo", full), ("list", {"u8": 3}), ("mine", {}), ("root", {}),
        ("lenient", {"u8": 1, "text": "abc"}), ("hooked", {"u8": 1}), ("count", {}), ("alive", {}),
        ("tell", {"plain32": 7}), ("tell", {"everywhere": True}), ("tell", {"single": True}),
        ("object-add", {"id": 7, "data": b"data"}), ("object-del", {"id": 7}),
        ("lenient", {"u8": 1}, True), ("object-get", {"without": 8}, True)]
    # Changed numbers are new objects, of which the dumps are: no more of them than a part makes.
    for at in range(0, COUNT, PART):
        survives("conform", NetNs(), requests, specs=ynl.CONFORM, at_once=8,
                 count=min(PART, COUNT - at), seed=at)
    equal(Objects().alive(), 0, "states left")


main()
