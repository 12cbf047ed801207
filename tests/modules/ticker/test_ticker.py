#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of timers and work, with those of ticker.rs, which arms them at the worst moments. What they do is
seen by ynl and by ip.

    +-------- a --------+
    |  t0  t1 ... tn    |   devices of the kind ticker: each has a timer and work, which never stop by themselves,
    |                   |   and which each packet that is sent arms, too
    |  timer, work of a |   their notifications go to who listens in a
    +-------------------+
      timer, work of the module
"""

import json
import os
import pathlib
import sys
import time

import ynl
from selftest import (NetNs, case, checked, churn, defer, equal, loaded, main, modprobe, rmmod, run,
                      wait_until)

HERE = pathlib.Path(__file__).resolve().parent
# Seconds that anything may take on a busy machine.
LIMIT = 30


class Ticker:
    """The family, asked in a namespace."""

    def __init__(self, ns):
        self.family = ynl.family("ticker", ns, HERE)
        defer(self.close)

    def close(self):
        """A socket keeps its namespace."""
        if self.family.sock:
            self.family.sock.close()
            self.family.sock = None

    def set(self, **config):
        self.family.do("config-set", config)

    def stats(self, name):
        return self.family.do("stats-get", {})[name]

    def listen(self):
        self.family.ntf_subscribe("ticks")

    def heard(self, number):
        """That many notifications."""
        found = []
        for message in self.family.poll_ntf(duration=LIMIT):
            found.append(message["msg"])
            if len(found) == number:
                return found
        raise AssertionError(f"{len(found)} notifications within {LIMIT} s, not {number}")


def start():
    modprobe("ticker")
    ns = NetNs()
    return ns, Ticker(ns)


def device(ns, name, what="packets"):
    """How often the timer of a device has expired, or ("dropped") its work has run."""
    text = ns.run(f"ip -s -j link show dev {name}").stdout
    return json.loads(text)[0]["stats64"]["rx"][what]


def grows(count, by=2):
    """Waits until a count has grown."""
    before = count()
    wait_until(lambda: count() >= before + by, LIMIT, "what is counted happens")


def devices(ns, number):
    """Makes that many devices, and waits for the timer and the work of each."""
    names = [f"t{index}" for index in range(number)]
    lines = [f"link add {name} type ticker\nlink set {name} up\n" for name in names]
    ns.run("ip -batch -", input="".join(lines))
    for name in names:
        grows(lambda name=name: device(ns, name), 1)
        grows(lambda name=name: device(ns, name, "dropped"), 1)


@case
def a_namespace_is_notified_periodically():
    """As often as it was asked for, counted without a gap, and not in another namespace."""
    _, ticker = start()
    _, other = start()
    other.listen()
    ticker.listen()
    period = 0.1
    for source in "timer", "work":
        begun = time.monotonic()
        ticker.set(**{source: int(period * 1000)})
        heard = ticker.heard(6)
        took = time.monotonic() - begun
        equal([message["count"] for message in heard], [1, 2, 3, 4, 5, 6], f"counts of {source}")
        equal({message["source"] for message in heard}, {source}, "sources")
        # Never early, but for what a busy emulator's jiffies are behind when it begins.
        assert took >= 5 * period, f"six periods of {source} took {took} s"
        ticker.set(**{source: 0})
    other.set(work=10)
    equal(other.heard(1)[0]["count"], 1, "the first of the other namespace")


@case
def timers_and_work_are_stopped_and_changed():
    """Changing brings the next time forward; stopping ends it until it is armed again."""
    _, ticker = start()

    def check(what):
        def runs(by=2):
            grows(lambda: ticker.stats(what), by)

        def time_passes():
            grows(lambda: ticker.stats(f"module-{what}"), 10)
        ticker.set(**{what: 1_000_000})
        time_passes()
        equal(ticker.stats(what), 0, f"{what} before the first period")
        ticker.set(**{what: 10})
        runs()
        ticker.set(**{what: 0})
        # A callback that runs just now may still count, and does not arm it again.
        time_passes()
        stopped = ticker.stats(what)
        time_passes()
        equal(ticker.stats(what), stopped, f"{what} when it is stopped")
        ticker.set(**{what: 10})
        runs()
    check("timer")
    check("work")


@case
def a_module_and_a_device_have_timers_and_work():
    ns, ticker = start()
    grows(lambda: ticker.stats("module-timer"))
    grows(lambda: ticker.stats("module-work"))
    devices(ns, 1)
    # They go on while the device is down: nobody has stopped them.
    ns.run("ip link set t0 down")
    grows(lambda: device(ns, "t0"))
    grows(lambda: device(ns, "t0", "dropped"))


def flooded(ns, number=0):
    """Sends on a device until the case ends, as often as it is there again."""
    program = ("import socket,time\n"
               "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
               "while not time.sleep(0.01):\n for n in range(8):\n"
               f"  try: s.sendto(b'x'*100,('198.51.{number}.2',9))\n"
               "  except OSError: pass\n")
    process = ns.popen(f"{sys.executable} -c \"{program}\"")
    sending(ns, number)
    return process


def sending(ns, number=0):
    """What the flood is sent to is behind a device."""
    name = f"t{number}"
    ns.up(name, f"198.51.{number}.1/24")
    grows(lambda: ns.link(name)["stats64"]["tx"]["packets"], 100)


def ended(*processes):
    for process in processes:
        process.kill()
        process.wait()


def drained():
    """Waits until namespaces that were deleted are gone: they go one after the other, by the time that one made
    later has gone."""
    last = NetNs()
    run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", last.name])
    last.delete()
    wait_until(lambda: not os.path.exists("/sys/class/net/v0"), LIMIT, "the namespaces are gone")


def unloaded():
    """Unloads the module, and lets what may have been left of it happen."""
    rmmod("ticker")
    assert not loaded("ticker")
    # Takes longer than what is armed by the module waits for.
    NetNs()


@case
@checked
@churn
def rmmod_under_load():
    """Everything is armed, and arms itself, when the module goes; so does what it does on its way."""
    for _ in range(2):
        ns, ticker = start()
        other = NetNs()
        for where in ns, other:
            there = Ticker(where)
            there.set(timer=1, work=1)
            there.close()
            devices(where, 2)
            flooded(where)
        grows(lambda: ticker.stats("timer"))
        ticker.close()
        unloaded()


@case
@checked
@churn
def a_namespace_dies_under_load():
    _, first = start()
    for _ in range(2):
        ns, ticker = start()
        ticker.set(timer=1, work=1)
        devices(ns, 2)
        sender = flooded(ns)
        ticker.close()
        ns.delete()
        # It has kept it.
        ended(sender)
    drained()
    grows(lambda: first.stats("module-timer"))
    first.close()
    unloaded()


@case
@checked
@churn
def a_device_goes_with_all_armed():
    """`ndo_stop` and `ndo_uninit` of ticker.rs arm timer and work, and they arm themselves; so do packets."""
    ns, ticker = start()
    for turn in range(2):
        devices(ns, 2)
        for number in range(2):
            if turn == 0:
                flooded(ns, number)
            else:
                sending(ns, number)
        ns.run("ip -batch -", input="link del t0\nlink set t1 down\nlink del t1\n")
    # One that cannot be registered: its name is taken.
    devices(ns, 1)
    assert ns.run("ip link add t0 type ticker", check=False).returncode
    ticker.close()


@case
@churn
def a_device_moves_with_all_armed():
    """To another namespace and back, under traffic: its timer and its work go on in the other one, until it is
    deleted. Neither namespace is kept by what has run for it."""
    ns, ticker = start()
    other, there = start()
    devices(ns, 1)
    for where in ticker, there:
        where.set(timer=1, work=1)
    senders = [flooded(ns)]
    here, away = ns, other
    for turn in range(2):
        here.run(f"ip link set t0 netns {away.name}")
        assert here.run("ip link show t0", check=False).returncode, "it is there still"
        here, away = away, here
        for what in "packets", "dropped":
            grows(lambda what=what, where=here: device(where, "t0", what))
        if turn == 0:
            senders.append(flooded(here))
        else:
            sending(here)
        for where in ticker, there:
            grows(lambda where=where: where.stats("timer"))
            grows(lambda where=where: where.stats("work"))
    # Deleted where it came from; then by the end of the other one.
    here.run("ip link del t0")
    devices(ns, 1)
    sending(ns)
    ns.run(f"ip link set t0 netns {other.name}")
    there.close()
    ticker.close()
    other.delete()
    ended(*senders)
    ns.delete()
    drained()
    unloaded()


def running(ticker):
    """Waits until work runs, which goes on for a while, with and without RTNL."""
    ticker.set(linger=200, work=1)
    wait_until(lambda: ticker.stats("working") >= 1, LIMIT, "work runs")


@case
def what_is_running_is_waited_for():
    """Work that runs, takes RTNL or waits for it, when its device, its namespace or the module goes: that
    waits for it, and it does not wait for that."""
    ns, ticker = start()
    dying, there = start()
    devices(ns, 1)
    running(ticker)
    ns.run("ip link del t0")
    running(there)
    there.close()
    dying.delete()
    run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", ns.name])
    devices(ns, 1)
    running(ticker)
    ticker.close()
    ns.delete()
    wait_until(lambda: not os.path.exists("/sys/class/net/v0"), LIMIT, "the namespaces are gone")
    last, ticker = start()
    devices(last, 1)
    running(ticker)
    ticker.close()
    unloaded()


main(42)
