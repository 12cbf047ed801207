# SPDX-License-Identifier: GPL-2.0
"""What the selftests of the modules are written with. Runs in the test machine, as root.

A test is a function decorated with @case; what it sets up it hands to defer(). Each says
its result in a line that scripts/test reads: `result pass|fail|skip SUITE CASE MESSAGE`.
"""

import contextlib
import ctypes
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import traceback

CASES = []
_undo = None
# How much longer all may take: of a machine whose clock runs on while it waits for its host.
STRETCH = int(os.environ.get("KERNET_STRETCH", "1"))
# Words that mean nothing to sh, the first of which is a program's name.
PLAIN = re.compile(r"[a-z][\w.-]*( +[\w./:,@%+=-]+)*")


class Skip(Exception):
    """The case cannot run here, and why."""


@contextlib.contextmanager
def scope():
    """What is deferred in the block is done at its end."""
    global _undo
    outer = _undo
    try:
        with contextlib.ExitStack() as _undo:
            yield
    finally:
        _undo = outer


def case(function):
    CASES.append(function)
    return function


def checked(function):
    """Marks a case from which Debian's own kernel learns most: of a module's cases `make test` runs these
    there, `make test KERNEL=stock` all."""
    return _mark(function, "checked")


def paced(function):
    """Wraps a case of what happens in time, on a host that may have other things to do meanwhile: it is right
    if it is right once in five times. Its result says how often it was not."""
    def patient():
        for failed in range(4):
            try:
                with scope():
                    function()
                return f"after {failed} that failed" if failed else ""
            except AssertionError as error:
                print(f"{function.__name__}, again: {error}", file=sys.stderr)
        function()
        return "after 4 that failed"
    return functools.wraps(function)(patient)


def churn(function):
    """Marks a case that takes something away under traffic, which several processors see best: `make
    test` runs it on both kernels, `make test KERNEL=debug` with the checkers on several processors."""
    return _mark(function, "churn")


def emulated(function):
    """Marks a case that needs what user-mode Linux lacks: a processor beside the first, trampolines
    and metadata of BPF, PCI."""
    return _mark(function, "emulated")


def _mark(function, mark):
    function.marks = {mark, *getattr(function, "marks", ())}
    return function


def runs(marks, kernel, part):
    """Whether a case with these marks runs on a kernel, of all its cases or of the part that `make test`
    leaves to it."""
    if kernel == "user":
        return "emulated" not in marks
    wanted = {"stock": {"checked", "churn", "emulated"}, "debug": {"churn", "emulated"}}
    # Of `stock-7.2`, too.
    return not part or bool(wanted.get(kernel.partition("-")[0], set()) & set(marks))


def defer(function, *args, **named):
    """Calls the function when the case ends, the last one first."""
    _undo.callback(function, *args, **named)


def result(outcome, name, message="", suite=None):
    suite = suite or pathlib.Path(sys.argv[0]).stem.removeprefix("test_")
    print("result", outcome, suite, name, " ".join(str(message).split())[:400], flush=True)


def main(seconds=None):
    """Runs the cases, or those named on the command line. `seconds` is what they may take, on the
    first kernel of `make test` that runs them (see scripts/budgetlib.py)."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - {function.__name__ for function in CASES}
    if unknown:
        sys.exit(f"{sys.argv[0]}: no case {', '.join(sorted(unknown))}")
    for function in CASES:
        name = function.__name__
        if wanted and name not in wanted:
            continue
        if not runs(getattr(function, "marks", ()), os.environ.get("KERNET_KERNEL"),
                    os.environ.get("KERNET_CASES") == "part"):
            continue
        outcome, message = "pass", ""
        try:
            with scope():
                said = function()
            message = said if isinstance(said, str) else ""
        except Skip as skip:
            outcome, message = "skip", skip
        except subprocess.CalledProcessError as error:
            traceback.print_exc()
            said = (error.stderr or error.stdout or "").strip()
            outcome, message = "fail", f"{error.cmd}: status {error.returncode}: {said[-300:]}"
        except Exception as error:
            traceback.print_exc()
            outcome, message = "fail", f"{told(error)} ({place(error)})"
        result(outcome, name, message)


def told(error):
    """What an error says, with the notes of those whom it passed."""
    return ": ".join([type(error).__name__, str(error), *getattr(error, "__notes__", ())])


def place(error):
    """Where a case failed: the innermost line of a file of tests. An assertion without a text says no more."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((f for f in reversed(frames) if pathlib.Path(f.filename).stem.startswith("test_")), frames[-1])
    return f"{pathlib.Path(frame.filename).name}:{frame.lineno}: {frame.line}"


def run(command, check=True, timeout=60, **options):
    """Runs a command (a string, as sh would) and returns it finished, its output as text."""
    # Few need a shell, which takes as long to start under emulation as the command does.
    if isinstance(command, str) and PLAIN.fullmatch(command):
        command = command.split()
    return subprocess.run(command, shell=isinstance(command, str), check=check,
                          timeout=None if timeout is None else timeout * STRETCH,
                          capture_output=True, text=True, **options)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def modprobe(*names):
    for name in names:
        run(["modprobe", name])
        defer(rmmod, name)


def loaded(name):
    return pathlib.Path("/sys/module", name).is_dir()


def rmmod(name, timeout=60):
    """Unloads a module if it is loaded; waits for those who still use it for a moment."""
    def gone():
        return not loaded(name) or run(["rmmod", name], check=False).returncode == 0
    try:
        wait_until(gone, timeout, f"{name} is unloaded")
    except AssertionError as error:
        raise AssertionError(f"{error}; used by {users(name) or 'no module'}") from None


def unload(name):
    """Unloads a module, and before it those that use it."""
    for user in users(name):
        unload(user)
    rmmod(name)


def users(name):
    """The modules that use one."""
    return [path.name for path in pathlib.Path("/sys/module", name).glob("holders/*")]


def wait_until(condition, timeout=10, what="the condition"):
    """Polls until the condition holds; returns what it said."""
    end = time.monotonic() + timeout * STRETCH
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.05)


def equal(have, want, what="value"):
    if have != want:
        raise AssertionError(f"{what} is {have!r}, not {want!r}")


class NetNs:
    """A network namespace of this case alone."""

    count = 0

    def __init__(self):
        NetNs.count += 1
        self.name = f"t{os.getpid()}-{NetNs.count}"
        run(["ip", "netns", "add", self.name])
        defer(self.delete)
        run(["ip", "-n", self.name, "link", "set", "lo", "up"])
        with self.enter():
            for which in "all", "default":
                pathlib.Path(f"/proc/sys/net/ipv6/conf/{which}/accept_dad").write_text("0")

    def delete(self):
        if pathlib.Path("/run/netns", self.name).exists():
            run(["ip", "netns", "del", self.name])

    def run(self, command, **options):
        """Runs a command there, with the host's /sys: `ip netns exec` would mount, for longer
        than most commands take under emulation."""
        with self.enter():
            return run(command, **options)

    def popen(self, command, **options):
        """Starts a command that ends with the case."""
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        # `exec`: what is killed is the program, not the shell before it.
        with self.enter():
            process = subprocess.Popen("exec " + command, shell=True, text=True, **options)
        def end():
            process.kill()
            process.wait()
        defer(end)
        return process

    def enter(self):
        """The calling thread enters the namespace, for sockets of its own, until `leave`."""
        return _Inside(self.name)

    def link(self, name):
        """What `ip` says of a link."""
        return json.loads(self.run(f"ip -d -s -j link show dev {name}").stdout)[0]

    def up(self, device, *addresses):
        for address in addresses:
            self.run(f"ip addr add {address} dev {device}")
        self.run(f"ip link set {device} up")

    def ping(self, address, count=3, options=""):
        """Whether all pings are answered."""
        done = self.run(f"ping -q -i 0.05 -W 5 -c {count} {options} {address}", check=False)
        return done.returncode == 0


class _Inside:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.old = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        new = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        _setns(new)
        os.close(new)

    def __exit__(self, *_):
        _setns(self.old)
        os.close(self.old)


def _setns(fd):
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def traced(event):
    """A list that, after the block, has what was traced of the event in it, `event: field=...`."""
    trace = pathlib.Path("/sys/kernel/tracing")
    enable = trace / "events" / event / "enable"
    (trace / "trace").write_text("")
    enable.write_text("1")
    lines = []
    try:
        yield lines
    finally:
        enable.write_text("0")
        mark = f" {event.partition('/')[2]}: "
        for line in (trace / "trace").read_text().splitlines():
            if mark in line:
                lines.append(line.partition(mark)[2].strip())


@contextlib.contextmanager
def drop_reasons():
    """A list that, after the block, has the reason of each packet dropped in it."""
    reasons = []
    with traced("skb/kfree_skb") as lines:
        yield reasons
    reasons += [line.rpartition("reason: ")[2] for line in lines if "reason: " in line]


def iperf(client, server, address, options="", seconds=1, amount=None):
    """Runs iperf3, for some time or until `amount` is sent; returns the bytes that the receiver has got. It counts
    none that come after the sender has put the last into its buffer: with an amount that is not far above what
    buffers hold, options say `-w`."""
    need("iperf3")
    process = server.popen("iperf3 -s -1 --json", stdout=subprocess.PIPE)
    wait_until(lambda: server.run("ss -Hltn sport = :5201", check=False).stdout, 20, "iperf3 listens")
    until = f"-n {amount}" if amount else f"-t {seconds}"
    client.run(f"iperf3 -c {address} {until} --json {options}", timeout=60 + seconds)
    answer = json.loads(process.communicate(timeout=30)[0])
    end = answer["end"]
    return end.get("sum_received", end.get("sum", {})).get("bytes", 0)
