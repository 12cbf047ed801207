#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs guest_conform.py in a machine, with the family of tests/modules/conform in Rust and in C.

The C is written by the kernel's own generator from the same specification.
"""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
os.environ["MODARGS"] = f"{os.environ.get('MODARGS', '')} TESTS=y".strip()

import vmlib  # noqa: E402
import ynlc  # noqa: E402
from kernetlib import environment, make_arguments, run_logged, toolchain  # noqa: E402

CONFORM = ROOT / "tests/modules/conform"


def c_module(kernel, sources, tools):
    """The family in C, built for a kernel."""
    out = ROOT / "build" / f"conform-{kernel.name}"
    ynlc.generate(sources, CONFORM / "conform.yaml", out,
                  ["--mode", "uapi", "--header", "include/uapi/linux/conform.h"],
                  ["--mode", "kernel", "--header", "conform_gen.h"],
                  ["--mode", "kernel", "--source", "conform_gen.c"])
    # The generator knows no wide range of a signed integer.
    made = (out / "conform_gen.c").read_text()
    (out / "conform_gen.c").write_text(re.sub(r"FULL_RANGE\((NLA_S\w+)", r"FULL_RANGE_SIGNED(\1",
                                              made))
    shutil.copy(CONFORM / "conform_c.c", out / "conform_main.c")
    (out / "Kbuild").write_text("obj-m := conform_c.o\nconform_c-y := conform_main.o conform_gen.o\n"
                                f"ccflags-y := -I{out}/include -I{out}\n")
    run_logged("conform_c", ["make", "-C", str(kernel), *make_arguments(tools), f"M={out}",
                             "modules"], out / "build.log", env=environment(tools))
    return out / "conform_c.ko"


def main():
    tools = toolchain()
    kernel = vmlib.script("kernel").kernel((os.environ.get("KERNET_KERNELS") or "plain").split()[0])
    sources = vmlib.script("kernel").source()
    module = c_module(kernel, sources, tools)
    tree = vmlib.script("modules").stage(kernel)
    names = [node.name for node in ast.parse((HERE / "guest_conform.py").read_text()).body
             if isinstance(node, ast.FunctionDef) and node.decorator_list]
    if sys.argv[1:]:
        names = ["refuses_as_c_does", *sys.argv[1:]]
    said = bytearray()
    command = " ".join([tools["PYTHON"], "tests/genl/guest_conform.py", str(module), *sys.argv[1:]])
    outcome = vmlib.boot(kernel, command, modules=tree, timeout=1500,
                         environment={"KERNET_MUTATE": os.environ.get("KERNET_MUTATE", "20")},
                         on_output=said.extend)
    text = said.decode(errors="replace")
    for line in re.findall(r"^(?:ok|not ok) .*$", text, re.M):
        names = [name for name in names if name != line.split()[-1].rstrip(":")
                 and f" {name}:" not in line]
        print(line.strip(), flush=True)
    for name in names:
        print(f"not ok {name}: it has not reported")
    wrong = outcome.failure() or (None if "verdict complete" in text else "no verdict")
    print(f"not ok log: {wrong}" if wrong else "ok log")
    return 0


if __name__ == "__main__":
    sys.exit(main())
