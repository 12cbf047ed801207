#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""tcp_bbr3 and a peer that acknowledges by a script: window, rate and phase step by step, as the draft's
pseudo-code has them, and what no peer should send.

    +---- namespace ----+        +-- this program --+
    |  10.8.0.1    tun0 o--------o  10.8.0.2        |
    +-------------------+        +------------------+
"""

import contextlib
import random
import time

import ynl
from selftest import case, defer, equal, main, modprobe, paced, wait_until
from tcp import Info
from tcppeer import MSS, Peer


class Script(Peer):
    """A peer of a socket that has a megabyte to send."""

    def __init__(self, algorithm="bbr3"):
        modprobe("tcp_bbr3")
        super().__init__(algorithm)
        self.family = ynl.family("tcp_bbr3", self.ns)
        defer(self.family.sock.close)
        self.acked = 0
        self.fill()

    def fill(self):
        """Has the socket always something to send."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.send(bytes(100 * MSS))
        except BlockingIOError:
            pass

    def told(self):
        told, = self.family.dump("socket-get", {})
        return told

    def cwnd(self):
        return Info(self.socket).cwnd

    def deliver(self, count, delay=0.02):
        """After a while acknowledges `count` packets more, or as many as there are."""
        with contextlib.suppress(TimeoutError):
            self.read(count, 2)
        time.sleep(delay)
        self.acked += min(count, len(self.sent)) * MSS
        self.ack(self.acked)
        self.fill()


def fill_pipe(script):
    """Rounds until the pipe is full: 40 packets are delivered in each, whatever is in flight."""
    for _ in range(2):
        script.deliver(script.cwnd())
    # As many rounds as a busy host may want, whose pauses look like a path that becomes faster.
    for _ in range(60):
        script.deliver(40)
        if script.told()["full"]:
            return
    raise AssertionError(f"the pipe does not become full: {script.told()}")


@case
@paced
def startup():
    """The window grows by what is acknowledged, the rate by the bandwidth, 2.77 times 0.99."""
    script = Script()
    equal((script.told()["phase"], script.cwnd()), ("startup", 10), "phase and window at first")
    window = 10
    for _ in range(3):
        # A window is delivered in each round: the next one is twice as much.
        script.deliver(window)
        window *= 2
        equal(script.cwnd(), window, "window")
    told, info = script.told(), Info(script.socket)
    equal(told["phase"], "startup")
    equal(told["full"], 0)
    assert "inflight-longterm" not in told and "inflight-shortterm" not in told, told
    assert told["min-rtt"] >= 20_000, told
    # As of the last round: what is told of the rate is no less than 2.77 * 0.99 of the bandwidth then.
    gain = info.pacing_rate / told["max-bandwidth"]
    assert gain >= 2.77 * 0.99 - 0.01, f"the rate is {gain} of the bandwidth"


@case
@paced
def a_full_pipe():
    """Three rounds without a quarter more, and Startup is over; what is drained is above the product."""
    script = Script()
    fill_pipe(script)
    told = script.told()
    assert told["phase"] in ("drain", "probe-bw-down", "probe-bw-cruise"), told
    seen = {told["phase"]}
    for _ in range(60):
        # Nearly all, so that what is in flight becomes less than the product.
        script.deliver(max(1, len(script.read(1)) - 4))
        seen.add(script.told()["phase"])
        if seen & {"probe-bw-cruise", "probe-bw-refill"}:
            break
    assert "probe-bw-cruise" in seen or "probe-bw-refill" in seen, (seen, script.told())
    told = script.told()
    product = told["max-bandwidth"] * told["min-rtt"] // 1_000_000 // MSS
    # Twice the product, and room for offloads and bunches of ACKs.
    assert 4 <= told["cwnd"] <= 2.25 * product + 3 * 64 + 40, (told, product)


@case
@paced
def a_loss_in_the_cycle():
    """A hole in what is acknowledged, for a round: bounds of this cycle, at 0.7 or what was delivered."""
    script = Script()
    fill_pipe(script)
    for _ in range(6):
        script.deliver(min(20, len(script.read(1))))
    before = script.told()
    for _ in range(6):
        waiting = sorted(script.read(12))
        hole = waiting[0]
        time.sleep(0.02)
        begin, end = waiting[1][0], waiting[9][0] + waiting[9][1]
        script.ack(hole[0], [(begin, end)])
        # It is sent again.
        wait_until(lambda: any(at == hole[0] for at, _ in script.read(1)) or True, 1)
        time.sleep(0.02)
        script.acked = end
        script.ack(end)
        script.fill()
        told = script.told()
        if "inflight-shortterm" in told:
            break
    info = Info(script.socket)
    assert info.retransmits >= 1, vars(info)
    assert "inflight-shortterm" in told or "inflight-longterm" in told, (before, told)
    assert told.get("inflight-shortterm", 1000) <= before["cwnd"], (before, told)
    assert info.cwnd >= 4, vars(info)


@case
def nothing_comes_back():
    """The timer expires: the window is one or two packets, and comes back with the ACKs."""
    script = Script()
    script.deliver(10)
    script.deliver(10)
    window = script.cwnd()
    wait_until(lambda: Info(script.socket).state == "loss", 20, "the timer expires")
    cut = script.cwnd()
    assert 1 <= cut < window, (cut, window)
    # All that was sent arrives in the end.
    script.acked = max(at + length for at, length in script.read(1))
    script.ack(script.acked)
    wait_until(lambda: Info(script.socket).state == "open", 5, "recovery is over")
    assert script.cwnd() >= window, (script.cwnd(), window)
    script.fill()
    script.deliver(4)


@case
def absurd_acks():
    """ACKs of what was never sent, of what was long ago, of ranges that are none; windows of 0 and 1."""
    for algorithm in "bbr3", "copa":
        modprobe("tcp_copa")
        draw = random.Random(7)
        script = Peer(algorithm)
        script.socket.setblocking(False)
        acked = 0
        for turn in range(400):
            try:
                script.socket.send(bytes(20 * MSS))
            except BlockingIOError:
                pass
            try:
                waiting = sorted(script.read(1, 0.05))
            except TimeoutError:
                waiting = []
            last = max([at + length for at, length in waiting], default=acked)
            script.window = draw.choice((0, 1, MSS, 1 << 20, 1 << 20, 1 << 20))
            wild = [draw.randrange(1 << 32) for _ in range(4)]
            sacks = [(begin, (begin + draw.choice((0, 1, MSS, 1 << 31))) & 0xffffffff)
                     for begin in draw.sample([*wild, acked, last, *(at for at, _ in waiting)], 2)]
            until = draw.choice((acked, last, acked - 1, last + 1, draw.choice(wild), acked + MSS // 2))
            script.ack(until & 0xffffffff, draw.choice(((), sacks, [(last - MSS, last)] if last > MSS else ())))
            if acked <= until <= last:
                acked = until
            info = Info(script.socket)
            assert 1 <= info.cwnd <= 1 << 28 and info.pacing_rate, (turn, vars(info))
        script.window = 1 << 20
        script.ack(acked)
        script.socket.close()


main(60)
