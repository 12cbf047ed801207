#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of tcp_bbr3.

    +---- a ----+            +---- b ----+
    |  10.9.0.1 o---- e0 ----o  10.9.0.2 |   a sends; netem is on its e0
    +-----------+            +-----------+
"""

import errno
import ipaddress
import os
import re
import threading
import time

import tcp
import ynl
from selftest import case, checked, churn, defer, equal, iperf, main, modprobe, paced, rmmod, wait_until
from tcp import Info, Path, algorithm, set_algorithm, transfer

PROBE_BW = ("probe-bw-down", "probe-bw-cruise", "probe-bw-refill", "probe-bw-up")


class Watch:
    """The family, as a namespace sees it."""

    def __init__(self, ns):
        self.family = ynl.family("tcp_bbr3", ns)
        defer(self.close)

    def close(self):
        if self.family.sock:
            self.family.sock.close()

    def sockets(self):
        return self.family.dump("socket-get", {})

    def of(self, sock):
        """What is told of one socket of this process."""
        local = sock.getsockname()
        found = [told for told in self.sockets() if told["local-port"] == local[1] and
                 ipaddress.ip_address(told["local"]) == ipaddress.ip_address(local[0])]
        equal(len(found), 1, f"sockets at {local}")
        return found[0]


def busy(client, other):
    """Has the connection send until the case ends."""
    end = threading.Event()

    def send():
        data = bytes(65536)
        client.settimeout(5)
        while not end.is_set():
            try:
                client.send(data)
            except OSError:
                return

    def receive():
        other.settimeout(5)
        try:
            while other.recv(1 << 20):
                pass
        except OSError:
            return
    threads = [threading.Thread(target=work) for work in (send, receive)]
    for thread in threads:
        thread.start()

    def stop():
        end.set()
        client.close()
        other.close()
        for thread in threads:
            thread.join()
    defer(stop)


@case
@checked
@paced
def traffic():
    """It carries what is sent, `ss` shows it, and a module that nobody loaded is."""
    modprobe("tcp_bbr3")
    rmmod("tcp_bbr3")
    path = Path("delay 5ms")
    client, other = path.connect("bbr3")
    equal(algorithm(client), "bbr3")
    transfer(client, other, 5_000_000)
    line, = tcp.sockets(path.a, "dport = :%d" % client.getpeername()[1])
    assert " bbr3 " in line, line
    shown = re.search(r"bbr:\(bw:([\d.]+)([MGK]?)bps,mrtt:([\d.]+),pacing_gain:([\d.]+),cwnd_gain:([\d.]+)\)", line)
    assert shown, line
    assert float(shown[3]) >= 5, f"round trip time in {line}"
    assert iperf(path.a, path.b, tcp.B, "-C bbr3", amount="5M") >= 4_000_000


@case
def both_families():
    """IPv6 as IPv4; what is told of a socket is its own."""
    modprobe("tcp_bbr3")
    path = Path()
    watch = Watch(path.a)
    for address in tcp.B, "fd09::2":
        client, other = path.connect("bbr3", path.listener(address))
        transfer(client, other, 1_000_000)
        told = watch.of(client)
        equal((ipaddress.ip_address(told["remote"]), told["remote-port"]),
              (ipaddress.ip_address(address), client.getpeername()[1]), "remote end")
        assert told["rounds"] > 1 and told["max-bandwidth"] and told["min-rtt"], told
        info = Info(client)
        equal(told["cwnd"], info.cwnd, "window")
        client.close()
        other.close()
        wait_until(lambda: not watch.sockets(), 20, "nothing is told of a socket that is closed")


@case
@paced
def phases():
    """Startup and the cycle, seen by the family; the window and the rate follow the gains. Drain and DOWN take a
    round trip, in which nobody may look."""
    modprobe("tcp_bbr3")
    path = Path("delay 40ms rate 5mbit limit 1000")
    watch = Watch(path.a)
    client, other = path.connect("bbr3")
    equal(watch.of(client)["phase"], "startup")
    busy(client, other)
    seen = ["startup"]

    def look():
        told = watch.of(client)
        if seen[-1] != told["phase"]:
            seen.append(told["phase"])
        return told
    wait_until(lambda: look() and {"probe-bw-cruise", "probe-bw-up"} <= set(seen), 30, "the cycle")
    assert "startup" not in seen[1:] and set(seen) <= {"startup", "drain", "probe-rtt", *PROBE_BW}, seen
    told = look()
    # 5 Mbit/s are 598 KB/s without headers; a busy host paces late, and measures less.
    assert 300_000 < told["max-bandwidth"] < 660_000, told
    assert 40_000 <= told["min-rtt"] < 60_000, told
    equal(told["full"], 1)
    # The queue behind 20 ms holds a fraction of what is under way.
    cruise = wait_until(lambda: (told := look())["phase"] == "probe-bw-cruise" and told, 30, "cruise")
    assert cruise["pacing-rate"] <= cruise["max-bandwidth"], cruise
    assert cruise["cwnd"] <= 3 * 40_000 * cruise["max-bandwidth"] // 1448 // 1_000_000 + 20, cruise


@case
@paced
def probing_for_the_round_trip_time():
    """After five seconds half of what the path holds is in flight, for a fifth of a second."""
    modprobe("tcp_bbr3")
    path = Path("delay 20ms rate 20mbit limit 1000")
    watch = Watch(path.a)
    client, other = path.connect("bbr3")
    busy(client, other)
    begun = time.monotonic()
    told = wait_until(lambda: (told := watch.of(client))["phase"] == "probe-rtt" and told, 20, "probing")
    waited = time.monotonic() - begun
    assert waited > 4.5, f"probing after {waited} s"
    least = told["cwnd"]
    while (told := watch.of(client))["phase"] == "probe-rtt":
        least = min(least, told["cwnd"])
    held = 20_000 * told["max-bandwidth"] // 1448 // 1_000_000
    assert 4 <= least <= held * 3 // 4 + 2, f"{least} packets of {held}"


@case
def who_is_told():
    """A namespace is told of its own sockets, and only who administers it."""
    modprobe("tcp_bbr3")
    path = Path()
    a, b = Watch(path.a), Watch(path.b)
    client, other = path.connect("bbr3")
    transfer(client, other, 10_000)
    equal((len(a.sockets()), len(b.sockets())), (1, 0), "sockets in the namespaces")
    stats = a.family.do("stats-get", {})
    equal((stats["sockets"], b.family.do("stats-get", {})["sockets"]), (1, 0), "counts")
    set_algorithm(client, "cubic")
    equal(a.sockets(), [], "sockets with another algorithm")
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.setgroups([])
            os.setresuid(65534, 65534, 65534)
            a.family.dump("socket-get", {})
        except Exception as error:
            status = 0 if getattr(error, "error", None) == errno.EPERM or "Operation not permitted" in str(error) else 2
        finally:
            os._exit(status)
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "status of a user who asks")


@case
@churn
def a_namespace_that_goes():
    """A namespace dies with its sockets under way."""
    modprobe("tcp_bbr3")
    path = Path("delay 2ms")
    for _ in range(5):
        client, other = path.connect("bbr3")
        busy(client, other)
    tcp.default(path.a, "bbr3")
    wait_until(lambda: len(Watch(path.a).sockets()) == 5, 10, "five sockets")
    path.a.delete()
    path.b.delete()


@case
def idle():
    """A flow that was silent goes on at the rate that it knows, without a burst."""
    modprobe("tcp_bbr3")
    path = Path("delay 10ms rate 20mbit limit 1000")
    client, other = path.connect("bbr3")
    transfer(client, other, 8_000_000)
    watch = Watch(path.a)
    known = watch.of(client)
    assert known["full"], known
    time.sleep(1)
    transfer(client, other, 200_000)
    told = watch.of(client)
    assert told["max-bandwidth"] > known["max-bandwidth"] // 2, (known, told)
    assert told["phase"] in (*PROBE_BW, "probe-rtt"), told


@case
def losses_are_borne():
    """One percent of the packets is lost: what the kernel's own bbr carries then, BBRv3 carries. Of a path as fast
    as this one a busy host in user mode uses a part, as pacing is late there: the two are compared."""
    modprobe("tcp_bbr3", "tcp_bbr")
    rates = {}
    for name in "bbr3", "bbr":
        path = Path("delay 100ms rate 10mbit loss 1% limit 1000")
        client, other = path.connect(name)
        transfer(client, other, 1_000_000)
        begun = time.monotonic()
        transfer(client, other, 2_000_000)
        rates[name] = 16 / (time.monotonic() - begun)
        client.close()
        other.close()
    print("# Mbit/s of 10:", {name: round(rate, 1) for name, rate in rates.items()}, flush=True)
    assert rates["bbr3"] > 0.6 * rates["bbr"], rates


@case
@paced
def the_queue():
    """A deep buffer: CUBIC fills it, BBRv3 leaves it nearly empty."""
    modprobe("tcp_bbr3")
    delays = {}
    for name in "bbr3", "cubic":
        path = Path("delay 20ms rate 10mbit limit 1000")
        client, other = path.connect(name)
        busy(client, other)
        time.sleep(3)
        told = []
        for _ in range(40):
            told.append(Info(client).rtt)
            time.sleep(0.05)
        delays[name] = sorted(told)[len(told) // 2] / 1000
        client.close()
    print("# ms of round trip:", delays, flush=True)
    assert delays["bbr3"] < 20 + 15 and delays["cubic"] > delays["bbr3"] + 10, delays


main(60)
