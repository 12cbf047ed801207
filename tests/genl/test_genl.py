#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the files of cases guest_*.py in a machine, with the family of tests/modules/conform in Rust
and in C.

usage: test_genl.py [FILE [CASE...]]       FILE is as `conform` for guest_conform.py

The C is written by the kernel's own generator from the same specification.
"""

import ast
import os
import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
os.environ["MODARGS"] = f"{os.environ.get('MODARGS', '')} TESTS=y".strip()

import vmlib  # noqa: E402
import ynlc  # noqa: E402
from kernetlib import run_logged, toolchain, wings  # noqa: E402

CONFORM = ROOT / "tests/modules/conform"
# Seconds of the machine. Some four hundred changed messages take one.
LIMIT = 1500 + int(os.environ.get("KERNET_MUTATIONS") or 0) // 200
FILES = [path.stem.removeprefix("guest_") for path in sorted(HERE.glob("guest_*.py"))]


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
    modules = vmlib.script("modules")
    run_logged("conform_c", modules.kbuild(kernel, out, out, tools, "modules"), out / "build.log",
               env=modules.make_environment(kernel, tools))
    return out / "conform_c.ko"


def declared(file):
    """The cases of a file."""
    return [node.name for node in ast.parse((HERE / f"guest_{file}.py").read_text()).body
            if isinstance(node, ast.FunctionDef) and node.decorator_list]


def main():
    tools = toolchain()
    kernel = vmlib.script("kernel").kernel("user")
    sources = vmlib.script("kernel").source()
    module = c_module(kernel, sources, tools)
    tree = vmlib.script("modules").stage(kernel)
    files = [sys.argv[1]] if sys.argv[1:] else FILES
    cases = sys.argv[2:]
    # It leaves the family loaded.
    first = ["refuses_as_c_does"] if files == ["conform"] and cases else []
    missing = {f"{file}_{name}" for file in files for name in declared(file)
               if not cases or name in [*first, *cases]}
    print(f"1..{len(missing) + 1}", flush=True)
    said = bytearray()
    command = "".join(f"{tools['PYTHON']} tests/genl/guest_{file}.py {' '.join([*first, *cases])}\n"
                      for file in files)
    layer = " ".join(["conform", *(f"kernet_{wing}" for wing in wings()), "kernet"])
    outcome = vmlib.boot(kernel, command + f"modprobe -r {layer} && echo verdict complete",
                         modules=tree, timeout=LIMIT, on_output=said.extend,
                         environment={"PYTHONPATH": str(ROOT / "tests/lib"), "KERNET_KSRC": str(sources),
                                      "KERNET_CONFORM_C": str(module),
                                      "KERNET_KERNEL": "user",
                                      "KERNET_MUTATIONS": os.environ.get("KERNET_MUTATIONS", "")})
    text = said.decode(errors="replace")
    for outcome_of, file, name, why in re.findall(r"^result (\w+) guest_(\w+) (\w+) ?(.*)$", text, re.M):
        missing.discard(f"{file}_{name}")
        word = {"pass": "ok", "skip": "skip"}.get(outcome_of, "not ok")
        print(f"{word} {file}_{name}{': ' * bool(why)}{why.strip()}", flush=True)
    for name in sorted(missing):
        print(f"not ok {name}: it has not reported")
    wrong = outcome.failure() or (None if "verdict complete" in text else "no verdict")
    print(f"not ok log: {wrong}" if wrong else "ok log")
    return 0


if __name__ == "__main__":
    sys.exit(main())
