#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of the congestion control layer, by the algorithms of `reckless`, of `tcp_newreno` and by
those that there are.

    +---- a ----+            +---- b ----+
    |  10.9.0.1 o---- e0 ----o  10.9.0.2 |
    +-----------+            +-----------+
"""

import ctypes
import errno
import itertools
import os
import pathlib
import re
import socket
import threading

import faults
import tcp
from selftest import (NetNs, case, checked, churn, equal, loaded, main, modprobe, rmmod, run,
                      wait_until)
from tcp import Info, Path, algorithm, set_algorithm, shown, transfer

ABSURD = "absurd-fifteen."
LIMIT = 60


def counts(ns):
    """What the module has counted."""
    with ns.enter():
        text = pathlib.Path("/proc/thread-self/net/reckless").read_text()
    return {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", text)}


def setting(ns, name, value):
    with ns.enter():
        pathlib.Path("/proc/sys/net/reckless", name).write_text(str(value))


def released(ns):
    """Each state that was made is released and dropped, once; none was another socket's."""
    def all_of_them():
        have = counts(ns)
        return have["made"] == have["released"] == have["dropped"] and have
    have = wait_until(all_of_them, LIMIT, f"all states are released: {counts(ns)}")
    equal(have["cloned"], 0, "sockets with another one's state")
    return have


def loses(client, other, before):
    """Sends, and whether the threshold is less now: a few large packets may all get through."""
    transfer(client, other, 500_000)
    return Info(client).ssthresh < before


def refused(number, function, *args):
    try:
        function(*args)
    except OSError as error:
        equal(error.errno, number, "error")
    else:
        raise AssertionError("it was not refused")


@case
@checked
def the_example():
    """The Reno of the documentation."""
    modprobe("tcp_newreno")
    path = Path()
    client, other = path.connect("newreno")
    transfer(client, other, 3_000_000)
    equal(algorithm(client), "newreno")
    assert Info(client).cwnd > 10, "slow start"
    line, = tcp.sockets(path.a, "dport = :%d" % client.getpeername()[1])
    assert " newreno " in line, line
    path.shape("loss 5%")
    before = Info(client).ssthresh
    wait_until(lambda: loses(client, other, before), LIMIT, "a threshold after losses")


@case
def absurd_answers():
    """Windows, thresholds and counts of 0, and larger than can be."""
    modprobe("reckless")
    path = Path("loss 2%")
    server = path.listener()
    for answer in 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff:
        setting(path.a, "answer", answer)
        for name in ABSURD, "classic":
            client, other = path.connect(name, server)
            transfer(client, other, 300_000)
            info = Info(client)
            assert 1 <= info.cwnd <= 1 << 28 and 1 <= info.ssthresh < 1 << 31, vars(info)
            client.close()
            other.close()
    have = released(path.a)
    assert have["made"] == 6 and have["calls"] > 1000, have


TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE = 30, 34


@case
def a_route_changes_the_algorithm():
    """Of a socket that is connecting, whose SYN was not sent: the core releases nothing then."""
    modprobe("reckless")
    path = Path()
    server = path.listener()
    names = ABSURD, "classic", "cubic", "reno"
    setting(path.a, "answer", 100)
    made = 0
    for first, second in itertools.permutations(names, 2):
        path.a.run(f"ip route replace {tcp.B}/32 dev e0 congctl {second}")
        client = path.socket()
        client.settimeout(60)
        for option in TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_CONNECT:
            client.setsockopt(socket.IPPROTO_TCP, option, 1)
        client.connect(server.getsockname())
        set_algorithm(client, first)
        client.sendall(b"x")
        other, _ = server.accept()
        equal(other.recv(1), b"x")
        equal(algorithm(client), second)
        transfer(client, other, 300_000)
        client.close()
        other.close()
        made += second == ABSURD
        equal(released(path.a)["made"], made, "states")


@case
def a_state_that_is_refused():
    """The socket uses Reno then, under the same name, until it gets the algorithm again."""
    modprobe("reckless")
    path = Path()
    server = path.listener()
    before = counts(path.a)["fallbacks"]
    setting(path.a, "answer", 100)
    setting(path.a, "fail", 1)
    client, other = path.connect(ABSURD, server)
    transfer(client, other, 1_000_000)
    equal(algorithm(client), ABSURD)
    equal(shown(client), b"", "information")
    have = counts(path.a)
    equal((have["made"], have["fallbacks"] - before), (0, 1), "states and fallbacks")
    path.shape("loss 5%")
    wait_until(lambda: loses(client, other, 1000), LIMIT, "Reno halves its window")
    assert Info(client).ssthresh >= 2, vars(Info(client))
    # The same again is another try.
    setting(path.a, "fail", 0)
    set_algorithm(client, ABSURD)
    equal(counts(path.a)["made"], 1, "states")
    equal(len(shown(client)), 16, "information")
    transfer(client, other, 100_000)
    # So is another connection.
    setting(path.a, "fail", 1)
    set_algorithm(client, "reno")
    set_algorithm(client, ABSURD)
    equal(shown(client), b"", "information")
    setting(path.a, "fail", 0)
    disconnect(client)
    client.connect(server.getsockname())
    equal(len(shown(client)), 16, "information")
    client.close()
    released(path.a)


@case
def switching_while_it_sends():
    """From each algorithm to each other one, on a connection under way."""
    modprobe("reckless", "tcp_bbr3", "tcp_copa", "tcp_bbr")
    names = ["reno", "cubic", "bbr", "bbr3", "copa", "classic", ABSURD]
    path = Path("delay 2ms loss 0.5%")
    setting(path.a, "answer", 50)
    client, other = path.connect("reno")
    pairs = [name for pair in itertools.permutations(names, 2) for name in pair]
    done = []

    def step(sent):
        if pairs:
            name = pairs.pop(0)
            set_algorithm(client, name)
            equal(algorithm(client), name)
            done.append(name)
            info = Info(client)
            assert info.cwnd >= 1, vars(info)
    while pairs:
        transfer(client, other, 2_000_000, step)
    equal(len(done), 84, "switches")
    client.close()
    released(path.a)


@case
def listeners():
    """Children get their listener's algorithm, and each a state of its own."""
    modprobe("reckless")
    path = Path()
    setting(path.b, "answer", 20)
    server = path.listener(algorithm=ABSURD)
    equal(counts(path.b)["made"], 0, "states of a listener")
    ends = [path.connect(server=server) for _ in range(40)]
    for client, other in ends:
        equal(algorithm(other), ABSURD)
        transfer(other, client, 20_000)
    equal(counts(path.b)["made"], 40, "states")
    # A listener that gets another one has children of that.
    set_algorithm(server, "reno")
    _, other = path.connect(server=server)
    equal(algorithm(other), "reno")
    for client, other in ends:
        client.close()
        other.close()
    equal(released(path.b)["made"], 40)


@case
def connecting_again():
    """A socket that is disconnected has no state; connected again, it has a new one."""
    modprobe("reckless")
    path = Path()
    setting(path.a, "answer", 20)
    server = path.listener()
    client = path.socket(ABSURD)
    for number in range(1, 4):
        client.connect(server.getsockname())
        other, _ = server.accept()
        transfer(client, other, 50_000)
        equal(counts(path.a)["made"], number, "states")
        disconnect(client)
        equal(counts(path.a)["released"], number, "released")
        other.close()
    client.close()
    released(path.a)


def disconnect(sock):
    """connect(AF_UNSPEC)"""
    address = ctypes.create_string_buffer(16)
    if ctypes.CDLL(None, use_errno=True).connect(sock.fileno(), address, 16):
        raise OSError(ctypes.get_errno(), "disconnecting")


@case
def who_may():
    """An algorithm that is restricted wants CAP_NET_ADMIN; the other is everybody's."""
    modprobe("reckless", "tcp_bbr3")
    path = Path()
    client, _ = path.connect()
    allowed = pathlib.Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
    assert "bbr3" in allowed and ABSURD in allowed and "classic" not in allowed, allowed

    def as_nobody(name):
        pid = os.fork()
        if not pid:
            number = 255
            try:
                os.setgroups([])
                os.setresuid(65534, 65534, 65534)
                set_algorithm(client, name)
                number = 0
            except OSError as error:
                number = error.errno
            finally:
                os._exit(number)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    equal(as_nobody("classic"), errno.EPERM, "restricted")
    equal(as_nobody("bbr3"), 0)
    equal(algorithm(client), "bbr3")
    equal(as_nobody("no-such-one"), errno.ENOENT)
    set_algorithm(client, "classic")
    equal(algorithm(client), "classic")


@case
@churn
def defaults_of_namespaces():
    """Sockets of a namespace begin with its default, which holds the module as long as it is that."""
    modprobe("reckless", "tcp_bbr3")
    path = Path()
    # 7.2 keeps a reference to a module whose algorithm it refuses: reckless could not be unloaded any more.
    if not os.uname().release.startswith("7.2."):
        refused(errno.EPERM, tcp.default, path.a, "classic")
    tcp.default(path.a, "bbr3")
    equal(tcp.default(path.a), "bbr3")
    client, other = path.connect()
    equal((algorithm(client), algorithm(other)), ("bbr3", tcp.default(path.b)))
    transfer(client, other, 100_000)
    child = NetNs()
    client.close()
    other.close()
    # The sockets of the connection go a moment later.
    equal(run("rmmod tcp_bbr3", check=False).returncode, 1, "status of rmmod")
    tcp.default(path.a, "reno")
    del child
    rmmod("tcp_bbr3")
    modprobe("tcp_bbr3")
    tcp.default(path.a, "bbr3")
    path.a.delete()
    rmmod("tcp_bbr3")
    modprobe("tcp_bbr3")


@case
@churn
def unloading():
    """A socket holds the module, until it is closed or has another algorithm."""
    modprobe("reckless")
    path = Path()
    setting(path.a, "answer", 20)
    client, other = path.connect(ABSURD)
    transfer(client, other, 50_000)
    busy = run("rmmod reckless", check=False)
    equal(busy.returncode, 1, "status of rmmod")
    assert "in use" in busy.stderr, busy.stderr
    set_algorithm(client, "reno")
    rmmod("reckless")
    refused(errno.ENOENT, set_algorithm, client, "no-such-one")
    transfer(client, other, 50_000)
    # A name that is not there loads the module that has it.
    set_algorithm(client, "classic")
    assert loaded("reckless")
    client.close()
    rmmod("reckless")


@case
def failing_to_load():
    """The last algorithm has a name that is taken: what was registered before is gone, too."""
    modprobe("tcp_newreno")
    failed = run("modprobe reckless", check=False)
    # The loader says EBUSY for EEXIST.
    assert failed.returncode and "busy" in failed.stderr, failed
    available = pathlib.Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    assert ABSURD not in available and "newreno" in available, available
    rmmod("tcp_newreno")
    modprobe("reckless")


@case
@churn
def shown_while_it_changes():
    """`ss` and TCP_CC_INFO are answered without the socket's lock, while the algorithm changes."""
    modprobe("reckless", "tcp_bbr3", "tcp_copa", "tcp_bbr")
    path = Path()
    setting(path.a, "answer", 0x5a5a5a5a)
    client, other = path.connect("bbr3")
    end = threading.Event()
    found = {}

    def look():
        while not end.is_set():
            data = shown(client)
            found[len(data)] = found.get(len(data), 0) + 1
            # Of ours, words that are all as they were set.
            if len(data) == 16 and data[4:8] == b"ZZZZ":
                assert data[8:] == b"ZZZZ" * 2, data
            tcp.sockets(path.a)
    failures = []

    def guarded():
        try:
            look()
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=guarded) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        names = itertools.cycle(("bbr3", ABSURD, "copa", "reno", "bbr", "classic"))
        for _ in range(20):
            transfer(client, other, 12_000_000, lambda sent: set_algorithm(client, next(names)))
            if found.get(16) and found.get(0):
                break
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert found.get(16) and found.get(0), found
    client.close()
    released(path.a)


@case
def memory():
    """Each allocation of setting an algorithm fails in its turn: the socket has it, or Reno in its place."""
    inject = faults.Faults()
    modprobe("reckless", "tcp_bbr3")
    path = Path()
    setting(path.a, "answer", 20)
    client, other = path.connect("reno")
    for name in ABSURD, "bbr3":
        seen = []

        def judge(error):
            assert error is None, error
            equal(algorithm(client), name)
            seen.append(bool(shown(client)))
            transfer(client, other, 5_000)
            set_algorithm(client, "reno")
        inject.each(lambda: set_algorithm(client, name), judge)
        assert True in seen and False in seen, f"{name}: {seen}"
    client.close()
    released(path.a)


@case
def subflows():
    """The subflows of MPTCP have the algorithm of their connection."""
    modprobe("reckless", "tcp_bbr3")
    path = Path()
    setting(path.a, "answer", 20)
    server = path.listener(protocol=tcp.IPPROTO_MPTCP)
    for name in ABSURD, "bbr3":
        client, other = path.connect(name, server, tcp.IPPROTO_MPTCP)
        equal(algorithm(client), name)
        transfer(client, other, 1_000_000)
        lines = tcp.sockets(path.a, "dport = :%d" % server.getsockname()[1])
        assert any(f" {name} " in line and "tcp-ulp-mptcp" in line for line in lines), lines
        # All subflows, while they send.
        names = itertools.cycle(("reno", name))
        transfer(client, other, 1_000_000, lambda sent: set_algorithm(client, next(names)))
        client.close()
        other.close()
    released(path.a)


@case
def many_sockets():
    """A hundred at a time, a thousand in all: each has its state, and gives it back."""
    modprobe("reckless")
    path = Path()
    setting(path.a, "answer", 20)
    server = path.listener()
    before = counts(path.a)["made"]
    for _ in range(10):
        ends = []
        for _ in range(100):
            with path.a.enter():
                client = socket.socket()
            set_algorithm(client, ABSURD)
            client.connect(server.getsockname())
            other, _ = server.accept()
            ends.append((client, other))
        for client, other in ends:
            client.send(b"x" * 100)
            equal(len(other.recv(100)), 100)
        for client, other in ends:
            client.close()
            other.close()
    equal(released(path.a)["made"] - before, 1000, "states")


main(60)
