#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of tcp_copa.

    +---- a ----+            +---- b ----+
    |  10.9.0.1 o---- e0 ----o  10.9.0.2 |   a sends; netem is on its e0
    +-----------+            +-----------+
"""

import time

import tcp
from selftest import case, checked, iperf, main, modprobe
from tcp import Info, Path, transfer


@case
@checked
def traffic():
    """It carries what is sent, and `ss` shows the round trip times."""
    modprobe("tcp_copa")
    path = Path("delay 5ms")
    client, other = path.connect("copa")
    transfer(client, other, 5_000_000)
    line, = tcp.sockets(path.a, "dport = :%d" % client.getpeername()[1])
    assert " copa " in line, line
    assert iperf(path.a, path.b, tcp.B, "-C copa", amount="5M") >= 4_000_000


@case
def the_path_is_used_and_the_queue_is_short():
    modprobe("tcp_copa")
    path = Path("delay 20ms rate 20mbit limit 1000")
    client, other = path.connect("copa")
    transfer(client, other, 2_000_000)
    begun = time.monotonic()
    transfer(client, other, 6_000_000)
    rate = 6_000_000 * 8 / (time.monotonic() - begun) / 1e6
    rtt = Info(client).rtt / 1000
    print(f"# {rate:.1f} Mbit/s of 20, {rtt:.1f} ms of 20", flush=True)
    assert rate > 14 and rtt < 60, (rate, rtt)


main(20)
