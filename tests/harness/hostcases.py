# SPDX-License-Identifier: GPL-2.0
"""Cases of a test program on the host, which scripts/test reads."""

import sys

TESTS = []


class Skip(Exception):
    """The test cannot run here, and why."""


def test(function):
    TESTS.append(function)
    return function


def main():
    """Runs the cases, or those named on the command line."""
    wanted = [function for function in TESTS if function.__name__ in sys.argv[1:] or not sys.argv[1:]]
    print(f"1..{len(wanted)}", flush=True)
    for function in wanted:
        try:
            function()
            print(f"ok {function.__name__}", flush=True)
        except Skip as skip:
            print(f"skip {function.__name__}: {skip}", flush=True)
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok {function.__name__}: {why}", flush=True)
