#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of the client `bbr3`: what it says is what `ss -ti` says, how it ends, what it refuses.

    +---- a ----+            +---- b ----+
    |  10.9.0.1 o---- e0 ----o  10.9.0.2 |   a sends; netem is on its e0
    +-----------+            +-----------+
"""

import ipaddress
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import time

import tcp
import ynl
from selftest import NetNs, case, checked, defer, equal, main, modprobe, need, paced, rmmod, run, wait_until
from tcp import Path, set_algorithm, transfer

UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}


def rate(text):
    """The bits per second that a text like `4.8Mbps` says, and how exactly."""
    number, decimals, unit = re.fullmatch(r"(\d+(?:\.(\d+))?)([KMG]?)bps", text).groups()
    return float(number) * UNITS[unit], 0.5 * 10 ** -len(decimals or "") * UNITS[unit]


def near(one, other, what):
    (one, inexact), (other, also) = rate(one), rate(other)
    # Both round.
    assert abs(one - other) <= 1.01 * (inexact + also), f"{what}: {one} and {other} bits/s"


def sending(path, options="-t 60"):
    """iperf3 from a to b by BBRv3: its data connection's local port."""
    need("iperf3")
    path.b.popen("iperf3 -s -1")
    wait_until(lambda: path.b.run("ss -Hltn sport = :5201").stdout, 20, "iperf3 listens")
    client = path.a.popen(f"iperf3 -c {tcp.B} -C bbr3 {options}")

    def port():
        # Its control connection is one of the system's own algorithm.
        found = re.search(r"10\.9\.0\.1:(\d+) 10\.9\.0\.2:5201\n\t ", path.a.run("bbr3 -H").stdout)
        return found and found[1]
    return client, wait_until(port, 20, "iperf3 sends")


@case
@checked
@paced
def agrees_with_ss():
    """Beside iperf3: what both tell of its socket, when it has sent for a while and is stopped, so that nothing changes
    from one look to the next."""
    modprobe("tcp_bbr3")
    path = Path("delay 20ms rate 10mbit limit 1000")
    client, port = sending(path)
    wait_until(lambda: " full_bw_reached" in path.a.run(f"bbr3 -H --sport {port}").stdout, 30, "a bandwidth")
    client.send_signal(signal.SIGSTOP)

    def both():
        """What `bbr3` says before and after `ss`, if that is the same."""
        before = path.a.run(f"bbr3 -H --sport {port}").stdout
        line, = tcp.sockets(path.a, f"sport = :{port}")
        shown = re.search(r" bbr:\(bw:(\S+?),mrtt:([\d.]+),pacing_gain:([\d.]+),cwnd_gain:([\d.]+)\)", line)
        if shown and path.a.run(f"bbr3 -H --sport {port}").stdout == before:
            return before, line, shown
        return None
    said, line, shown = wait_until(both, 30, "two looks that see the same")
    first, second = said.splitlines()
    local, remote = first.split()
    equal((local, remote), (f"{tcp.A}:{port}", f"{tcp.B}:5201"), "ends")
    assert f" {local} {remote} " in f" {line} ", line
    found = re.fullmatch(r"\t (?P<phase>[\w-]+) bw:(?P<bw>\S+) max_bw:(?P<max>\S+) minrtt:(?P<rtt>[\d.]+) cwnd:(?P<cwnd>\d+)"
                         r"(?P<bounds>( inflight_(long|short)term:\d+)*) pacing_rate (?P<pacing>\S+) rounds:(?P<rounds>\d+)"
                         r" full_bw_reached", second)
    assert found, second
    near(found["bw"], shown[1], "bandwidth")
    assert abs(float(found["rtt"]) - float(shown[2])) < 0.001, (second, line)
    # Within a round rate and window follow the ACKs.
    pacing = rate(re.search(r" pacing_rate (\S+)", line)[1])[0]
    assert 0.7 * pacing < rate(found["pacing"])[0] < 1.4 * pacing, (second, line)
    window = int(re.search(r" cwnd:(\d+)", line)[1])
    assert abs(int(found["cwnd"]) - window) <= max(4, window // 2), (second, line)
    assert int(found["rounds"]) > 2 and float(found["rtt"]) >= 20, second
    # 10 Mbit/s are 9.57 without headers.
    assert 4e6 < rate(found["max"])[0] < 12e6 and rate(found["bw"])[0] <= rate(found["max"])[0], second


@case
def json_is_the_families():
    """The same numbers, under the names of the specification."""
    modprobe("tcp_bbr3")
    path = Path("delay 5ms")
    for address in tcp.B, "fd09::2":
        client, other = path.connect("bbr3", path.listener(address))
        transfer(client, other, 500_000)
    family = ynl.family("tcp_bbr3", path.a)
    defer(lambda: family.sock.close())
    told = {socket["cookie"]: socket for socket in family.dump("socket-get", {})}
    for socket in told.values():
        for end in "local", "remote":
            socket[end] = str(ipaddress.ip_address(socket[end]))
    said = [json.loads(line) for line in path.a.run("bbr3 --json").stdout.splitlines()]
    equal(len(said), 2, "sockets")
    equal({socket["cookie"]: socket for socket in said}, told, "JSON")
    equal(json.loads(path.a.run("bbr3 --summary --json").stdout), {"fallbacks": 0, "sockets": 2}, "summary")
    equal(path.a.run("bbr3 -s").stdout, "fallbacks: 0\nsockets: 2\n", "summary")


@case
def filters():
    modprobe("tcp_bbr3")
    path = Path()
    servers = [path.listener(), path.listener(), path.listener("fd09::2")]
    ports = [server.getsockname()[1] for server in servers]
    clients = [path.connect("bbr3", server)[0] for server in servers for _ in range(2)]
    own = [client.getsockname()[1] for client in clients]

    def count(options):
        lines = path.a.run(f"bbr3 {options}").stdout.splitlines()
        equal(lines[0].split(), ["Local", "Address:Port", "Peer", "Address:Port"], "header")
        return (len(lines) - 1) / 2
    for options, sockets in (("", 6), (f"--dport {ports[0]}", 2), (f"--dport {ports[0]} --dport {ports[1]}", 4),
                             (f"--sport {own[0]}", 1), (f"--sport {own[0]} --dport {ports[1]}", 0),
                             ("--dst 10.9.0.2", 4), ("--dst 10.0.0.0/8", 4), ("--dst 10.9.0.1", 0),
                             ("--src 10.9.0.1", 4), ("--src fd09::/64", 2), ("--src ::/0 --src 10.9.0.0/31", 6),
                             (f"--src fd09::1 --dport {ports[2]} --sport {own[4]}", 1)):
        equal(count(options), sockets, f"sockets of {options!r}")


def reader(stream):
    """Lines that come, as a list that grows."""
    lines = []

    def read():
        for line in stream:
            lines.append(line)
    threading.Thread(target=read, daemon=True).start()
    return lines


@case
def watch_prints_changes():
    """What has changed alone, and which socket has gone: closed, or given to another algorithm."""
    modprobe("tcp_bbr3")
    path = Path("delay 2ms")
    (one, other), (two, _) = path.connect("bbr3"), path.connect("bbr3")
    texts = reader(path.a.popen("bbr3 --watch 0.1", stdout=subprocess.PIPE).stdout)
    objects = reader(path.a.popen("bbr3 --watch 0.1 --json", stdout=subprocess.PIPE).stdout)
    wait_until(lambda: len(texts) == 2 and len(objects) == 2, 20, "both sockets")
    # Nothing happens in between.
    time.sleep(0.5)
    equal((len(texts), len(objects)), (2, 2), "lines without a change")
    ends = [f"{tcp.A}:{sock.getsockname()[1]} {tcp.B}:{sock.getpeername()[1]} " for sock in (one, two)]
    transfer(one, other, 200_000)
    wait_until(lambda: len(texts) > 2 and len(objects) > 2, 20, "a change")
    assert all(line.startswith(ends[0]) for line in texts[2:]), texts
    assert all(json.loads(line)["local-port"] == one.getsockname()[1] for line in objects[2:]), objects
    set_algorithm(two, "cubic")
    wait_until(lambda: f"{ends[1]}gone\n" in texts, 20, "a socket has another algorithm")
    wait_until(lambda: any(json.loads(line).get("gone") for line in objects), 20, "a socket is gone")
    one.close()
    other.close()
    wait_until(lambda: f"{ends[0]}gone\n" in texts, 20, "a socket is closed")
    set_algorithm(two, "bbr3")
    wait_until(lambda: texts[-1].startswith(ends[1]) and "gone" not in texts[-1], 20, "a socket is back")


@case
def watch_draws_on_a_terminal():
    modprobe("tcp_bbr3")
    path = Path()
    for _ in range(20):
        path.connect("bbr3")
    ours, theirs = pty.openpty()
    defer(os.close, ours)
    run(["stty", "rows", "10", "cols", "60"], stdin=theirs)
    with path.a.enter():
        process = subprocess.Popen(["bbr3", "--watch", "0.1"], stdout=theirs, stderr=theirs)
    os.close(theirs)
    defer(process.wait)
    defer(process.kill)
    drawn = ""
    while drawn.count("\x1b[H") < 3:
        drawn += os.read(ours, 65536).decode()
    first = drawn.split("\x1b[H")[1]
    # The terminal begins a line with \r.
    lines = first.removesuffix("\x1b[J").split("\x1b[K\r\n")
    assert lines[0].startswith("Local Address:Port") and lines[8].startswith("... 33 lines more"), lines
    assert all(len(line) <= 52 for line in lines), lines


@case
def ends_when_nobody_reads():
    """At once, and without a word."""
    modprobe("tcp_bbr3")
    path = Path()
    path.connect("bbr3")
    done = path.a.run("bash -c 'bbr3 --watch 60 | head -n 1; echo ${PIPESTATUS[0]}'", timeout=40)
    first, status = done.stdout.splitlines()
    assert first.startswith(f"{tcp.A}:"), first
    equal((status, done.stderr), ("141", ""), "status and errors")


@case
def says_why_not():
    modprobe("tcp_bbr3")
    ns = NetNs()
    for options in ("--src nowhere", "--dport 65536", "--watch 0", "--watch soon", "-s --watch", "more"):
        done = ns.run(f"bbr3 {options}", check=False)
        equal((done.returncode, done.stdout), (2, ""), options)
        assert done.stderr.startswith("error: "), done.stderr
    done = ns.run("setpriv --reuid 65534 --regid 65534 --clear-groups bbr3", check=False)
    equal((done.returncode, done.stdout, done.stderr),
          (1, "", "bbr3: not permitted: needs CAP_NET_ADMIN in the network namespace, as root has\n"), "a user who asks")
    # How many there are is told to all.
    equal(ns.run("setpriv --reuid 65534 --regid 65534 --clear-groups bbr3 -s").stdout, "fallbacks: 0\nsockets: 0\n")
    done = ns.run("bbr3 > /dev/full", check=False)
    equal((done.returncode, done.stderr), (1, "bbr3: standard output: No space left on device (os error 28)\n"), "a full disk")


@case
def says_that_the_module_is_missing():
    modprobe("tcp_bbr3")
    path = Path()
    client, _ = path.connect("bbr3")
    watch = path.a.popen("bbr3 --watch 0.1", stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert " startup " in watch.stdout.readline()
    set_algorithm(client, "reno")
    rmmod("tcp_bbr3")
    equal((watch.communicate(timeout=30)[1], watch.returncode), ("bbr3: the module was unloaded\n", 1), "error")
    # Else the kernel would load it.
    modprobe_path = pathlib.Path("/proc/sys/kernel/modprobe")
    defer(modprobe_path.write_text, modprobe_path.read_text())
    modprobe_path.write_text("/bin/false")
    done = run("bbr3", check=False)
    equal((done.returncode, done.stdout, done.stderr),
          (1, "", "bbr3: the kernel has no family tcp-bbr3; load the module: modprobe tcp_bbr3\n"), "error")


main(60)
