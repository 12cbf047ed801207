# SPDX-License-Identifier: GPL-2.0
"""Nothing costs more than it did: the quick workloads against the recorded figures."""

import json
import os
import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from kernetlib import Failure  # noqa: E402

BENCH = vmlib.script("bench")
TOLERANCE = 0.02


def compare(recorded, measured):
    """What is wrong with each of the recorded workloads, None if nothing is."""
    found = {result["name"]: result["sides"]["ours"]["median"] for result in measured}
    for result in recorded:
        name, before = result["name"], result["sides"]["ours"]["median"]
        now = found.pop(name, None)
        if now is None:
            yield name, "was not measured"
        elif now > before * (1 + TOLERANCE):
            yield name, (f"{now:g} {result['unit']} per {result['per']}, {before:g} before: "
                         f"{100 * now / before - 100:.1f} % more")
        else:
            yield name, None
    for name in found:
        yield name, "no figure is recorded; run make bench"


def says(name, wrong):
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}", flush=True)


def can_fail():
    """The comparison sees what is beyond the tolerance, and no more."""
    def result(name, median):
        return {"name": name, "unit": "instructions", "per": "packet",
                "sides": {"ours": {"median": median}}}
    wrong = dict(compare([result("same", 1000), result("more", 1000), result("lost", 1000)],
                         [result("same", 1019), result("more", 1021), result("new", 1)]))
    return [name for name, text in wrong.items() if text] == ["more", "lost", "new"]


def main():
    says("can_fail", None if can_fail() else "it does not see what it should")
    if "plain" not in os.environ.get("KERNET_KERNELS", "plain").split():
        print("1..1", flush=True)
        return
    kernel = vmlib.script("kernel").kernel("plain")
    path = BENCH.RESULTS / "results.json"
    if not path.exists():
        print("1..2\nskip recorded: no figures are recorded; run make bench", flush=True)
        return
    report = json.loads(path.read_text())
    recorded = [result for result in report["results"] if result["quick"]]
    print(f"1..{1 + len(recorded)}", flush=True)
    for key, value in BENCH.where(kernel).items():
        if report[key] != value:
            for result in recorded:
                print(f"skip {result['name']}: recorded with {key} {report[key]}, this is {value}")
            return
    try:
        measured = BENCH.measure(kernel, BENCH.stage(kernel, "bench"), "--quick", "--ours")
    except Failure as failure:
        says("measured", failure)
        return
    for name, wrong in compare(recorded, measured):
        says(name, wrong)


main()
