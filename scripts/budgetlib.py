# SPDX-License-Identifier: GPL-2.0
"""What the hour of `.ci/run` goes to: setup, kernels, machines, cases; and what a file may take.

A file of tests says its seconds in its last line, `main(SECONDS)`: of an idle machine whose
processor is as fast as this one was. Measured are the seconds of a processor that its machine
has used, and those that the machine has slept, so that a busy host does not fail a file.
"""

import ast
import os
import pathlib
import time

from kernetlib import CACHE, duration

HOUR = 3600
TICKS = os.sysconf("SC_CLK_TCK")
# Of a processor, for `work`: the one on which the files' seconds were measured.
REFERENCE = 0.25
TOOK = CACHE / "took"


def work():
    total = 0
    for number in range(2_000_000):
        total ^= number * number
    return total


def slowness():
    """How much longer this host's processor takes than the one of the files' seconds."""
    best = None
    for _ in range(3):
        start = time.process_time()
        work()
        took = time.process_time() - start
        best = min(best or took, took)
    return best / REFERENCE


def seconds_of(path):
    """What the file says that it may take; None if it does not say."""
    for node in reversed(ast.parse(path.read_text()).body):
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
                and getattr(node.value.func, "id", "") == "main"):
            given = node.value.args
            return given[0].value if given and isinstance(given[0], ast.Constant) else None
    return None


def processor_seconds(session):
    """What the processes of a session have used, with those that have ended."""
    ticks = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            # Of those that have ended, the session's first process alone has waited for all.
            own = int(fields[11]) + int(fields[12])
            ticks += own + (int(fields[13]) + int(fields[14]) if int(path.parent.name) == session else 0)
    return ticks / TICKS


def record(what, seconds):
    """Notes what something took that is done once on a machine."""
    TOOK.mkdir(parents=True, exist_ok=True)
    (TOOK / what).write_text(f"{seconds:.0f}\n")


def recorded(what):
    """How long it took, and when that was."""
    try:
        return float((TOOK / what).read_text()), (TOOK / what).stat().st_mtime
    except (OSError, ValueError):
        return None, 0


class Times:
    """What parts of a run took."""

    def __init__(self):
        self.start, self.began = time.monotonic(), time.time()
        self.parts, self.cases = [], []

    def lines(self):
        """For another process: `read` takes them."""
        for name, seconds in self.parts:
            yield f"time part {seconds:.1f} {name}"
        for name, seconds in self.cases:
            yield f"time case {seconds:.1f} {name}"

    def read(self, line):
        """Whether the line was one of `lines`."""
        words = line.split(" ", 3)
        if len(words) != 4 or words[0] != "time":
            return False
        {"part": self.parts, "case": self.cases}[words[1]].append((words[3], float(words[2])))
        return True

    def table(self, once):
        """The lines of the table; `once` are the names of what a machine does once."""
        whole = time.monotonic() - self.start
        rows, known = [], 0
        for name in once:
            seconds, ended = recorded(name)
            rows.append((name, seconds))
            # What was done within this run is a part of it.
            known += seconds if seconds and ended < self.began else 0
        rows += self.parts
        longest = sorted(self.cases, key=lambda case: -case[1])[:10]
        width = max(len(name) for name, _ in [*rows, *longest, ("tests", 0)])
        for name, seconds in rows:
            yield f"{name:{width}}  {duration(seconds) if seconds is not None else 'not recorded':>8}"
        yield "the ten longest cases:"
        for name, seconds in longest:
            yield f"{name:{width}}  {duration(seconds):>8}"
        yield (f"of the hour: {100 * (known + whole) / HOUR:.0f} % ({duration(known)} for what was done "
               f"before and is done once, {duration(whole)} for this run)")
