# SPDX-License-Identifier: GPL-2.0
"""What being told of a device costs: all notifiers are called, with and without one more."""

import contextlib
import pathlib

from lib import SAMPLE_SIZE, counted, link, loop, module, workload

SAMPLES = 24


def told(name, counter, *modules):
    @contextlib.contextmanager
    def side():
        with module(*modules), link("told0", "bench_floor"):
            def measure():
                with counter(name):
                    return loop("notify told0", SAMPLES)
            yield measure
    return side


def uncounted(_):
    return contextlib.nullcontext()


def by_parameter(name):
    path = pathlib.Path("/sys/module", name, "parameters/going_down")
    return counted(lambda: int(path.read_text()), SAMPLES * SAMPLE_SIZE, f"events counted by {name}")


@workload("notifier", "a device's event", "event")
def notifier():
    return (told(None, uncounted),
            {"C twin": told("bench_notifier_c", by_parameter, "bench_notifier_c")},
            told("bench_notifier", uncounted, "kernet", "bench_notifier"))
