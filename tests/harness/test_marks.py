#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each case of a selftest runs on a kernel of `make test`, whatever its marks; what runs on the host can be asked
for; and each KUnit suite is known."""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from hostcases import main, test  # noqa: E402

TEST = vmlib.script("test")


@test
def each_case_runs():
    """The kernel's own selftests have a verb of their own (`KERNEL=stock ONLY=kernel`)."""
    lost = []
    for path in TEST.selftests():
        if path.parent.name == "kernel":
            continue
        ran = {name for kernel in TEST.KERNELS for name in TEST.cases_of(path, kernel, part=True)}
        lost += [f"{path.relative_to(ROOT)}: {name}" for name in TEST.cases_of(path, "stock", part=False)
                 if name not in ran]
    assert not lost, f"{len(lost)} run on no kernel: {', '.join(lost)}"


@test
def the_host_alone():
    """`make test KERNEL=plain` runs `--host` without a word behind it."""
    for words in [], ["all"], ["planted"], ["rest"]:
        done = subprocess.run([ROOT / "scripts/test", "--host", *words, "--kernel", "stock"],
                              capture_output=True, text=True)
        assert "name another one" in done.stderr, f"--host {words}: {done.stderr}"


@test
def each_suite_is_known():
    """All that says kunit_tests is a suite whose results are wanted."""
    for path in [*ROOT.glob("rust/**/*.rs"), *ROOT.glob("samples/**/*.rs"), *ROOT.glob("tests/modules/**/*.rs")]:
        said = path.read_text().count("kunit_tests(")
        suites = {entry.split()[0] for entry in TEST.suites_of(path)}
        assert len(suites) == said, f"{path.relative_to(ROOT)}: {said} suites, and {suites or 'none'} known"


main()
