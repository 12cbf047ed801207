#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each case of a selftest runs on a kernel of `make test`, whatever its marks."""

import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from hostcases import main, test  # noqa: E402

TEST = vmlib.script("test")


@test
def each_case_runs():
    """The kernel's selftests beside veth have a verb of their own; user-mode Linux has none of the kernel's."""
    lost = []
    for path in TEST.selftests():
        kernels = ["stock"] if path.parent.name == "kernel" else TEST.KERNELS
        ran = {name for kernel in kernels for name in TEST.cases_of(path, kernel, part=True)}
        lost += [f"{path.relative_to(ROOT)}: {name}" for name in TEST.cases_of(path, "stock", part=False)
                 if name not in ran]
    assert not lost, f"{len(lost)} run on no kernel: {', '.join(lost)}"


main()
