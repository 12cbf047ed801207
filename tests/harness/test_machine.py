# SPDX-License-Identifier: GPL-2.0
"""The harness tells the truth: a run with a planted fault fails, and for that reason.

Each test runs a program of plants/ in a machine the way `make test` runs the selftests.
"""

import contextlib
import io
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from planting import plant_for  # noqa: E402

TEST = vmlib.script("test")

# What is waited for ever after it: nothing that the test could learn more from.
HOPELESS = "unregister_netdevice: waiting"

# Kernel, plants, what the results must say (none: that all is well), the time limit.
RUNS = (
    ("user", ["good"], [], 400),
    ("user", ["failing"], [r"not ok \d+ user failing plant\n# AssertionError: one is 1"], 400),
    ("user", ["warn"], [r"not ok \d+ user log\n# the kernel complains: .*WARNING: ",
                        r"not ok \d+ user warn plant\n# declared, but"], 400),
    ("user", ["missing"], [r"\nok \d+ user missing reports",
                           r"not ok \d+ user missing plant\n# declared, but"], 400),
    ("user", ["killed"], [r"not ok \d+ user log\n# guest-tests: status 137",
                          r"not ok \d+ user machine taint\n# declared, but"], 400),
    ("user", ["hang"], [r"not ok \d+ user log\n# the machine was stopped at its time limit",
                        r"not ok \d+ user hang plant\n# declared, but"], 60),
    ("user", ["leaked_ref"], [r"not ok \d+ user log\n# the kernel complains: .*(?:unregister_netdevice:"
                              r" waiting for plant0|leaked reference)"], 400),
    ("user", ["lockdep", "leak"], [r"not ok \d+ user log\n# the kernel complains: .*circular locking",
                                   r"not ok \d+ user machine lockdep\n# lockdep is disarmed",
                                   r"not ok \d+ user machine kmemleak\n# \d+ leaks"], 600),
    ("user", ["kasan"], [r"not ok \d+ user log\n# the kernel complains: .*BUG: KASAN: "
                         r"slab-out-of-bounds"], 600),
    ("stock", ["good"], [], 400),
    ("stock", ["warn"], [r"not ok \d+ stock log\n# the kernel complains: .*WARNING: ",
                         r"not ok \d+ stock warn plant\n# declared, but"], 400),
    ("stock", ["hang"], [r"not ok \d+ stock log\n# the machine was stopped at its time limit",
                         r"not ok \d+ stock hang plant\n# declared, but"], 60),
    ("debug", ["lockdep", "leak"], [r"not ok \d+ debug log\n# the kernel complains: .*circular locking",
                                    r"not ok \d+ debug machine lockdep\n# lockdep is disarmed",
                                    r"not ok \d+ debug machine kmemleak\n# \d+ leaks"], 900),
    ("debug", ["kasan"], [r"not ok \d+ debug log\n# the kernel complains: .*BUG: KASAN: "
                          r"slab-out-of-bounds"], 900),
)


def outcome_of(kernel, plants, limit):
    tap = TEST.Tap()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        TEST.machine(tap, kernel, ["kernet"],
                     [ROOT / f"tests/harness/plants/test_{plant}.py" for plant in plants],
                     limit=limit, until=HOPELESS, budgets=False, more={"KERNET_PLANT": str(plant_for(kernel))})
    return tap.failed, "\n" + said.getvalue()


def streams(kernel):
    """What is wrong with a command's input, output and status: it has those of any shell's. A program
    that it leaves behind holds nobody up."""
    command = ("echo by-name >/dev/stdout; echo by-number >/proc/self/fd/1; echo error | tee /dev/stderr >/dev/null; "
               "cat; sleep 1000 & seq 100000; exit 7")
    said = {"out": bytearray(), "err": bytearray()}
    read, write = os.pipe()
    os.write(write, b"from the host\n")
    os.close(write)
    outcome = vmlib.boot(vmlib.script("kernel").kernel(kernel), command, timeout=400, input=read,
                         on_output=said["out"].extend, on_error=said["err"].extend)
    os.close(read)
    wanted = {"out": "by-name\nby-number\nfrom the host\n" + "".join(f"{n}\n" for n in range(1, 100001)),
              "err": "error\n"}
    for name, text in wanted.items():
        if said[name].decode(errors="replace") != text:
            return f"{name}: {len(said[name])} bytes, {bytes(said[name][:80])!r}"
    return outcome.failure() or (outcome.status != 7 and f"status {outcome.status}")


def main():
    kernels = os.environ.get("KERNET_KERNELS", "user stock debug").split()
    runs = [run for run in RUNS if {"_".join(run[1]), run[0]} & set(sys.argv[1:]) or not sys.argv[1:]]
    streaming = [kernel for kernel in ("stock", "user") if {"streams", kernel} & set(sys.argv[1:]) or not sys.argv[1:]]
    print(f"1..{len(runs) + len(streaming)}", flush=True)
    for kernel in streaming:
        if kernel not in kernels:
            print(f"skip streams_{kernel}: for the {kernel} kernel", flush=True)
            continue
        wrong = streams(kernel)
        print(f"not ok streams_{kernel}: {wrong}" if wrong else f"ok streams_{kernel}", flush=True)
    for kernel, plants, wanted, limit in runs:
        name = f"{'_'.join(plants)}_{kernel}"
        if kernel not in kernels:
            print(f"skip {name}: for the {kernel} kernel", flush=True)
            continue
        failed, said = outcome_of(kernel, plants, limit)
        lost = [text for text in wanted if not re.search(text, said)]
        if bool(failed) != bool(wanted):
            print(f"not ok {name}: {failed} failures", flush=True)
        elif lost:
            print(f"not ok {name}: the results lack {lost[0]!r}", flush=True)
        else:
            print(f"ok {name}", flush=True)
            continue
        print(said, file=sys.stderr)


main()
