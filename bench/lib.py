# SPDX-License-Identifier: GPL-2.0
"""What the workloads are written with. Runs in the machine, as root.

A workload is a function decorated with @workload that returns its sides. A side is a context
manager: it sets up what is to be measured and yields a function that measures it, which returns
the instructions per operation of each sample.
"""

import contextlib
import ctypes
import dataclasses
import pathlib
import socket
import statistics
import struct
import typing

import selftest

WORKLOADS = {}
LOOP = pathlib.Path("/sys/kernel/debug/kernet_bench")
# As bench_loop.c has it.
SAMPLE_SIZE = 512

ROUNDS_MIN, ROUNDS_MAX = 2, 3
SETTLED = 0.001


def run(command, **options):
    """Runs a command, for as long as it takes: the clock runs away while all wait for the disk."""
    return selftest.run(command, timeout=None, **options)


class Failure(Exception):
    """The workload has not done what it was to do."""


@dataclasses.dataclass
class Workload:
    name: str
    what: str
    # What the figures are per, and of.
    per: str
    unit: str
    # Whether `make test` compares it with the recorded figures.
    quick: bool
    sides: typing.Callable


def workload(name, what, per, unit="instructions", quick=False):
    """Declares a workload.

    The function returns (floor, peers, ours): a side or None; the C peers' sides, by their names;
    our side.
    """
    def register(function):
        WORKLOADS[name] = Workload(name, what, per, unit, quick, function)
        return function
    return register


def round_of(side):
    """A round's figure: the median of its samples."""
    with side() as measure_side:
        return statistics.median(measure_side())


def settled(figures):
    """Whether the last round has moved no median."""
    return all(abs(statistics.median(values) - statistics.median(values[:-1]))
               <= SETTLED * abs(statistics.median(values)) for values in figures.values())


def measure(name, ours_alone=False):
    """Measures the sides of a workload in turns until their medians settle."""
    work = WORKLOADS[name]
    floor, peers, ours = work.sides()
    sides = {"floor": floor, **peers, "ours": ours}
    sides = {key: side for key, side in sides.items() if side and (key == "ours" or not ours_alone)}
    figures = {key: [] for key in sides}
    # The first round fills caches and loads what modules need.
    for count in range(ROUNDS_MAX + 1):
        for key, side in sides.items():
            figure = round_of(side)
            if count:
                figures[key].append(figure)
        # Bytes and grace periods are what they are; more rounds say no more of them.
        if count >= ROUNDS_MIN and (work.unit != "instructions" or settled(figures)):
            break
    return {"name": name, "what": work.what, "per": work.per, "unit": work.unit, "quick": work.quick,
            "rounds": count,
            "sides": {key: {"median": round(statistics.median(values), 2),
                            "min": round(min(values), 2), "max": round(max(values), 2)}
                      for key, values in figures.items()}}


def loop(command, count=24):
    """Instructions per operation, of each sample of the loop in the kernel."""
    LOOP.write_text(f"{command} {count}")
    return [int(line) / SAMPLE_SIZE for line in LOOP.read_text().split()]


def client(path, mode, samples, *words):
    """(operations, instructions) of each sample of the program bench/client.c."""
    done = run([path, mode, str(samples), *map(str, words)])
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


def check_clock():
    """Refuses a machine whose clock does not count instructions."""
    per_turn = min(loop("spin"))
    # Two instructions per turn, and reading the clock once in a sample.
    if not 2 <= per_turn <= 2.5:
        raise Failure(f"a loop of 2 instructions takes {per_turn:.2f} ticks: this machine's clock does "
                      "not count instructions; it has to run with -icount shift=0,sleep=off")


@contextlib.contextmanager
def counted(read, more, what):
    """Fails unless the counter that `read` reads grows by `more` in the block."""
    before = read()
    yield
    grown = read() - before
    if grown != more:
        raise Failure(f"{what}: {grown}, not {more}")


def statistic(device, name):
    path = pathlib.Path("/sys/class/net", device, "statistics", name)
    return lambda: int(path.read_text())


def ip(*lines):
    """Commands of `ip`, in one process."""
    run(["ip", "-batch", "-"], input="\n".join(lines) + "\n")


@contextlib.contextmanager
def module(*names):
    """Loads modules, which are unloaded at the end in reverse."""
    for name in names:
        run(["modprobe", name])
    try:
        yield
    finally:
        for name in reversed(names):
            run(["rmmod", name])


@contextlib.contextmanager
def link(name, kind, *lines):
    """A link, made by `ip`, with further commands for it."""
    ip(f"link add {name} type {kind}", f"link set {name} up", *lines)
    try:
        yield
    finally:
        ip(f"link del {name}")


def packets(verb, device, frame, counter=None, samples=24):
    """A function that has the device `transmit` or `receive` the frame.

    `counter` has to have counted each of them afterwards.
    """
    def measure():
        LOOP.write_text(f"frame {frame.hex()}")
        what = f"packets counted after {verb} on {device}"
        with counted(counter, samples * SAMPLE_SIZE, what) if counter else contextlib.nullcontext():
            return loop(f"{verb} {device}", samples)
    return measure


def address(device):
    text = pathlib.Path("/sys/class/net", device, "address").read_text()
    return bytes.fromhex(text.strip().replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(destination, payload, ethertype=0x0800):
    return destination + bytes.fromhex("020000000099") + struct.pack("!H", ethertype) + payload


def ipv4(source, destination, protocol, payload):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


DISCARD = 9


def datagram(source, destination, size=18, summed=False):
    """An IPv4 packet with UDP for the discarding socket, of an even size; `summed`: with a checksum."""
    def payload(check):
        return struct.pack("!HHHH", 9, DISCARD, 8 + size, check) + bytes(size)
    pseudo = struct.pack("!4s4sHH", socket.inet_aton(source), socket.inet_aton(destination), 17, 8 + size)
    return ipv4(source, destination, 17, payload(checksum(pseudo + payload(0)) if summed else 0))


@contextlib.contextmanager
def discarding():
    """A socket at whose filter all packets for DISCARD end. Yields the counter of them."""
    accept_nothing = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(accept_nothing))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
        sock.bind(("0.0.0.0", DISCARD))

        def drops():
            for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]:
                words = line.split()
                if int(words[1].partition(":")[2], 16) == DISCARD:
                    return int(words[-1])
            raise Failure("the discarding socket is not in /proc/net/udp")
        yield drops
