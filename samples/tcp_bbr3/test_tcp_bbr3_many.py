#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftest of tcp_bbr3 with ten thousand sockets: both ends of connections over a namespace's loopback."""

import json
import os
import resource
import signal
import socket
import time
import traceback

import tcp
import ynl
from dumps import Dump
from selftest import NetNs, case, defer, equal, loaded, main, modprobe, rmmod, run, wait_until
from tcp import algorithm, set_algorithm

SOCKETS = 10_000
STEP = 1000


class Holder:
    """A process that has all sockets: when it is killed, all are closed at once."""

    def __init__(self, ns):
        self.ours, theirs = socket.socketpair()
        self.answers = self.ours.makefile()
        self.ns, self.ends = ns, []
        self.pid = os.fork()
        if not self.pid:
            self.ours.close()
            self.serve(theirs)
        theirs.close()
        defer(self.kill)

    def serve(self, orders):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (SOCKETS + 100,) * 2)
            for line in orders.makefile():
                name, *words = line.split()
                getattr(self, f"do_{name}")(*words)
                orders.send(b"done\n")
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def do_connect(self, count):
        with self.ns.enter():
            server = socket.create_server(("127.0.0.1", 0))
            for _ in range(int(count)):
                client = socket.socket()
                client.connect(server.getsockname())
                self.ends += client, server.accept()[0]
        server.close()

    def do_carry(self, every):
        for at in range(0, len(self.ends), 2 * int(every)):
            tcp.transfer(*self.ends[at:at + 2], 500_000)

    def do_switch(self, name, first, last):
        for sock in self.ends[int(first):int(last)]:
            set_algorithm(sock, name)
            equal(algorithm(sock), name)

    def ask(self, *words):
        self.ours.send(" ".join(map(str, words)).encode() + b"\n")
        equal(self.answers.readline(), "done\n", f"what {words} ends with")

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = None


@case
def ten_thousand():
    """They are told of in many messages, get another algorithm and this one again while they are told of, and are
    closed at once."""
    modprobe("tcp_bbr3")
    ns = NetNs()
    tcp.default(ns, "bbr3")
    family = ynl.family("tcp_bbr3", ns)
    defer(family.sock.close)
    begun = time.monotonic()
    took = {}

    def lap(name):
        nonlocal begun
        took[name], begun = round(time.monotonic() - begun, 1), time.monotonic()

    def count():
        stats = json.loads(ns.run("bbr3 --summary --json").stdout)
        equal(stats["fallbacks"], 0, "sockets without memory")
        return stats["sockets"]

    def dump():
        return Dump(ns, family, "socket-get", lambda attrs: attrs[1])

    def cookies(entries):
        """What names the sockets, each of them told once."""
        names = [name for _, name in entries if name]
        equal(len(set(names)), len(names), "sockets that are told once")
        return set(names)

    holder = Holder(ns)
    holder.ask("connect", SOCKETS // 2)
    equal(count(), SOCKETS, "sockets")
    lap("connect")
    entries, messages = dump().rest()
    there = cookies(entries)
    equal(len(there), SOCKETS, "sockets of a dump")
    assert messages > 100, f"a dump of {messages} messages"
    lap("dump")
    holder.ask("carry", 50)
    lap("carry")
    told = [json.loads(line) for line in ns.run("bbr3 --json").stdout.splitlines()]
    equal({socket["cookie"].to_bytes(8, "little") for socket in told}, there, "what the client lists")
    equal(sum(socket["rounds"] > 2 for socket in told), SOCKETS // 100, "sockets that have sent")
    lap("bbr3")
    lines = tcp.sockets(ns)
    equal(sum(" bbr3 " in line and " cwnd:" in line for line in lines), SOCKETS, "sockets that ss shows")
    lap("ss")
    # A dump tells what there was when it began, whatever becomes of it.
    began = dump()
    entries = began.read()
    for first in range(0, SOCKETS, STEP):
        holder.ask("switch", "cubic", first, first + STEP)
        equal(count(), SOCKETS - first - STEP, "sockets that are left")
        entries += began.read()
    equal(cookies(entries + began.rest()[0]), there, "what is told while algorithms change")
    equal(dump().rest()[0], [(False, None)], "what is told without sockets")
    lap("to cubic")
    for first in range(0, SOCKETS, STEP):
        began = dump()
        began.read()
        holder.ask("switch", "bbr3", first, first + STEP)
        began.close()
        equal(len(cookies(dump().rest()[0])), first + STEP, "sockets that are back")
    lap("to bbr3")
    # Nobody reads this one: what it would tell is kept, the sockets are not.
    began = dump()
    holder.kill()
    wait_until(lambda: count() == 0, 60, "all sockets are closed")
    tcp.default(ns, "reno")
    refused = run("rmmod tcp_bbr3", check=False)
    assert refused.returncode and "in use" in refused.stderr, f"unloaded in a dump: {refused.stderr}"
    equal(cookies(began.rest()[0]), there, "what is told when all are closed")
    began.close()
    rmmod("tcp_bbr3")
    equal(loaded("tcp_bbr3"), False, "loaded")
    lap("end")
    print("# seconds:", took, flush=True)


main(30)
