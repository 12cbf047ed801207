#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Modules come and go, objects are made and unmade by several processes, under traffic, dumps,
listeners and in namespaces that die. Runs in the machine.

usage: churn.py ROUNDS       says what was done, then `churned`
"""

import collections
import contextlib
import errno
import json
import multiprocessing
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import time

import rtnl
import ynl
from nlraw import Socket as Raw
from selftest import NetNs, rmmod, run, scope, unload, wait_until

SEED = int(os.environ.get("KERNET_SEED") or 1)
MODULES = ("vpair", "sink", "etherip", "ect", "firewall", "linkwatch", "siit", "tcp_bbr3", "tcp_copa", "nic", "conform",
           "relay", "edit", "settings", "stack", "stateful", "natted", "ticker", "keeper", "reckless", "astray")
# This one is loaded where there is one namespace, and refuses to be where there are more.
ALONE = "careless"
# These want what relay has, or reckless: they are loaded where it is not.
RIVALS = ("rival", "usurper", "tcp_newreno")
FAMILIES = {"ect": ("config-get", {}, False), "firewall": ("rule-get", {}, True),
            "linkwatch": ("device-get", {}, True), "siit": ("mapping-get", {}, True), "conform": ("object-get", {}, True),
            "tcp_bbr3": ("socket-get", {}, True)}
PEER, LOCAL, REMOTE = 1, 1, 2
PREFIX, PREFIX_LEN, NAT64 = 1, 2, socket.inet_pton(socket.AF_INET6, "2001:db8:64::")
TCP_CONGESTION = 13
# What is said to who asks for what is going, or is gone; the last of a dump whose module goes.
GOING = {errno.ENODEV, errno.EEXIST, errno.ENOENT, errno.EOPNOTSUPP, errno.ENETDOWN, errno.ENETUNREACH,
         errno.EBUSY, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.EINVAL, errno.EAGAIN, errno.ENXIO,
         errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.EINTR, errno.ENFILE, errno.EPERM,
         errno.EPROTONOSUPPORT}


def tolerant(function, *args, **named):
    """Calls it; whether it was granted. What is refused because something goes is what is wanted."""
    try:
        function(*args, **named)
        return True
    except (OSError, ynl.NlError) as error:
        number = getattr(error, "errno", None) or getattr(error, "error", None)
        if abs(number or 0) not in GOING:
            raise
        return False


def make_links(rng, done):
    """In a namespace of its own: devices of every kind, their addresses, their end, or the namespace's."""
    with scope():
        a, b = NetNs(), NetNs()
        with a.enter():
            kind = rng.choice(("vpair", "nic"))
            made = tolerant(rtnl.newlink, "pa", kind, peer=(PEER, "pb", b.name))
            done[f"{kind} made"] += made
            done["sink made"] += tolerant(rtnl.newlink, "s0", "sink")
            done["siit made"] += tolerant(rtnl.newlink, "x0", "siit", data=[(PREFIX, NAT64), (PREFIX_LEN, b"\x60")])
        batch = ["link set {0} up", "addr add 192.0.2.{1}/24 dev {0}", "addr add 2001:db8::{1}/64 dev {0}"]
        for ns, device, host in ((a, "pa", 1), (b, "pb", 2)):
            lines = "\n".join(line.format(device, host) for line in batch)
            run(["ip", "-n", ns.name, "-batch", "-force", "-"], input=lines + "\n", check=False)
        with a.enter():
            done["etherip made"] += tolerant(rtnl.newlink, "t0", "etherip", data=[
                (LOCAL, bytes([192, 0, 2, 1])), (REMOTE, bytes([192, 0, 2, 2]))]
                if rng.random() < 0.5 else [(REMOTE, socket.inet_pton(socket.AF_INET6, "2001:db8::2"))])
        for name in ("t0", "s0", "x0"):
            a.run(f"ip link set {name} up", check=False)
        # What is translated goes back into the translator.
        a.run("ip route add 198.51.100.0/24 dev x0; ip route add 2001:db8:64::/96 dev x0; "
              "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", check=False)
        done["packets"] += traffic(a, rng)
        if rng.random() < 0.5:
            for name in ("t0", "pa", "s0", "x0"):
                done["deleted"] += a.run(f"ip link del {name}", check=False).returncode == 0
        # Else they go with their namespaces.
        done["namespaces"] += 2


def traffic(ns, rng):
    """Datagrams for all that is there."""
    sent = 0
    with ns.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for _ in range(rng.randrange(50, 300)):
            with contextlib.suppress(OSError):
                sock.sendto(bytes(rng.choice((1, 100, 1400, 4000))), (rng.choice(("192.0.2.2", "198.51.100.2")), 9))
                sent += 1
        for device in ("pa", "t0", "s0"):
            with contextlib.suppress(OSError), \
                    socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
                raw.setblocking(False)
                raw.bind((device, 0x9000))
                for _ in range(50):
                    raw.send(b"\2\0\0\0\0\2\2\0\0\0\0\1\x90\0\0\0\2\0\2\0\0\0\0\1\1\0\0\0" + bytes(60))
                    sent += 1
    return sent


def ask_families(rng, done):
    """Dumps that are read, dumps that are left, rules, listeners; each with its socket or without."""
    with scope():
        ns = NetNs()
        for name, (operation, values, dump) in FAMILIES.items():
            specs = ynl.CONFORM if name == "conform" else ynl.SPECS
            try:
                family = ynl.family(name, ns, specs)
            except Exception:
                # It is not there: ynl says so in several ways.
                done["families not there"] += 1
                continue
            try:
                if name == "firewall":
                    for number in range(rng.randrange(1, 20)):
                        done["rules"] += tolerant(family.do, "rule-add", {
                            "rule": {"chain": "input", "action": "drop", "protocol": 17, "source-port-min": number,
                                     "source-port-max": number + 5,
                                     **({"state": ["new", "invalid"]} if number % 5 == 4 else {})}})
                if name == "ect":
                    tolerant(family.do, "config-set", {"server": 1})
                asked = tolerant(family.dump if dump else family.do, operation, values)
                done["dumps" if dump else "requests"] += asked
            finally:
                family.sock.close()
            done["listeners"] += listens(ns, family.yaml["name"])
            done["dumps left"] += leaves(ns, family.yaml["name"])
        done["connections"] += tolerant(connects, ns, rng)


def connects(ns, rng):
    """A connection to itself by one of the algorithms, which may go while it is there."""
    ns.run("ip link set lo up")
    with ns.enter(), socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, rng.choice((b"bbr3", b"copa")))
        client.settimeout(10)
        client.connect(server.getsockname())
        client.sendall(bytes(10000))


def listens(ns, name):
    """Joins the family's groups, and leaves by closing."""
    with ns.enter():
        raw = Raw()
    try:
        groups = raw.resolve(name)[1]
        for group in groups.values():
            raw.join(group)
        return len(groups)
    except OSError:
        return 0
    finally:
        raw.close()


def leaves(ns, name):
    """Begins dumps of all operations, and closes the socket in the midst of them."""
    with ns.enter():
        raw = Raw(buffer=4096)
    try:
        number, _ = raw.resolve(name)
        for command in range(1, 12):
            raw.family = number
            raw.send(command, flags=0x300)
        return 1
    except OSError:
        return 0
    finally:
        raw.close()


def reload(rng, done):
    """Unloads a module, whatever it has, and loads it again."""
    name = rng.choice(MODULES)
    for command in (["rmmod", name], ["modprobe", name]):
        ended = subprocess.run(command, capture_output=True, text=True)
        done[f"{command[0]} {'done' if ended.returncode == 0 else 'refused'}"] += 1


WORKERS = {"links": make_links, "families": ask_families, "reload": reload}


def work(name, number, end, reports):
    """A process: does one thing until the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Namespaces are named by the process.
    rng = random.Random(f"{SEED} {name} {number}")
    done = collections.Counter()
    try:
        while time.monotonic() < end.value:
            WORKERS[name](rng, done)
            done[f"rounds of {name}"] += 1
    except BaseException as error:
        reports.put((name, f"{type(error).__name__}: {error}", dict(done)))
        raise
    reports.put((name, None, dict(done)))


def together(seconds, processes):
    """All kinds of work at once, each in so many processes."""
    end = multiprocessing.Value("d", time.monotonic() + seconds)
    reports = multiprocessing.Queue()
    running = [multiprocessing.Process(target=work, args=(name, number, end, reports))
               for name in WORKERS for number in range(processes)]
    for process in running:
        process.start()
    done, failures = collections.Counter(), []
    for _ in running:
        name, failure, counts = reports.get(timeout=seconds + 600)
        done.update(counts)
        failures += [f"{name}: {failure}"] if failure else []
    for process in running:
        process.join()
    return done, failures


def cycles(rounds):
    """Every module, or those that were named, is loaded and unloaded, one after the other, with something of it
    in use."""
    named = os.environ.get("KERNET_ONLY", "").split(",")
    chosen = [name for name in (ALONE, *MODULES, *RIVALS) if name in named or named == [""]]
    unknown = ", ".join(set(named) - {*chosen, ""})
    if unknown:
        sys.exit(f"ONLY={unknown}: no module is called so")
    done = collections.Counter()
    rng = random.Random(SEED)
    for _ in range(rounds if ALONE in chosen else 0):
        run(["modprobe", ALONE])
        rmmod(ALONE)
        done[f"{ALONE} loaded and unloaded"] += 1
    with scope():
        ns = NetNs()
        for number in range(rounds):
            assert run(["modprobe", ALONE], check=False).returncode, f"{ALONE} is loaded beside a namespace"
            done[f"{ALONE} refused"] += 1
            for name in chosen:
                if name == ALONE:
                    continue
                run(["modprobe", name])
                use(ns, name, rng)
                rmmod(name)
                done[f"{name} loaded and unloaded"] += 1
            if number % 100 == 99:
                print(f"churn: {number + 1} of {rounds} rounds", file=sys.stderr, flush=True)
    return done


def use(ns, name, rng):
    """Leaves something that the module's end has to take away."""
    if rng.random() < 0.5:
        return
    with ns.enter():
        if name in ("vpair", "nic"):
            rtnl.newlink("x0", name, peer=(PEER, "x1", None))
        elif name == "sink":
            rtnl.newlink("x0", name)
        elif name == "etherip":
            rtnl.newlink("x0", name, data=[(REMOTE, bytes([127, 0, 0, 2]))])
        elif name in FAMILIES:
            raw = Raw()
            # The family of a module has its name, with hyphens.
            for group in raw.resolve(name.replace("_", "-"))[1].values():
                raw.join(group)
            raw.close()
        elif name == "relay":
            Raw(protocol=31).close()
    if name in ("vpair", "nic", "sink", "etherip"):
        with ns.enter(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            request = rtnl.message(rtnl.RTM_NEWLINK, 0, struct.pack("=BxHiII", 0, 0, 0, 1, 1) + rtnl.attributes(
                [(rtnl.IFLA_IFNAME, b"x0\0")]))
            rtnl.request(request)
            raw.bind(("x0", 0x9000))
            with contextlib.suppress(OSError):
                raw.send(bytes(100))


def main():
    rounds = int(sys.argv[1])
    seconds = float(os.environ.get("KERNET_SECONDS") or 60)
    started = time.monotonic()
    run(["modprobe", "kernet"])
    done = cycles(rounds)
    for name in MODULES:
        run(["modprobe", name])
    more, failures = together(seconds, max(1, os.cpu_count() or 1))
    done.update(more)
    for name in MODULES:
        rmmod(name)
    # Namespaces that have died have given up all by then.
    left = wait_until(lambda: not [path for path in pathlib.Path("/run/netns").iterdir()
                                   if path.name.startswith("t")] or None, 60, "no namespace is left")
    assert left
    # With the wings that were loaded for others.
    unload("kernet")
    done["seconds"] = int(time.monotonic() - started)
    print("done", json.dumps(done), flush=True)
    for failure in failures:
        print("failure", failure, flush=True)
    if not failures:
        print("churned", flush=True)


if __name__ == "__main__":
    main()
