#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs guest_netlink.py in a machine, with the modules relay, rival and usurper of tests/modules.

usage: test_netlink.py [CASE...]

On the first of KERNET_KERNELS all cases are run, on the others those that are marked @checked.
"""

import ast
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
os.environ["MODARGS"] = f"{os.environ.get('MODARGS', '')} TESTS=y".strip()

import vmlib  # noqa: E402
from kernetlib import toolchain  # noqa: E402

GUEST = HERE / "guest_netlink.py"


def cases(checked):
    wanted = {"case", "checked"} if checked else {"case"}
    return [node.name for node in ast.parse(GUEST.read_text()).body
            if isinstance(node, ast.FunctionDef)
            and wanted <= {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}]


def run(name, wanted, tools):
    kernel = vmlib.script("kernel").kernel(name)
    tree = vmlib.script("modules").stage(kernel)
    said = bytearray()
    command = " ".join([tools["PYTHON"], str(GUEST.relative_to(ROOT)), *wanted])
    outcome = vmlib.boot(kernel, command, modules=tree, timeout=900, on_output=said.extend,
                         environment={"PYTHONPATH": "tests/lib"})
    text = said.decode(errors="replace")
    missing = list(wanted)
    for result, case, why in re.findall(r"^result (\w+) guest_netlink (\w+) ?(.*)$", text, re.M):
        if case in missing:
            missing.remove(case)
        good = {"pass": "ok", "skip": "skip"}.get(result)
        print(f"{good} {name}_{case}" if good else f"not ok {name}_{case}: {why.strip()}", flush=True)
    for case in missing:
        print(f"not ok {name}_{case}: it has not reported")
    wrong = outcome.failure() or (None if "verdict complete" in text else "no verdict")
    print(f"not ok {name}_log: {wrong}" if wrong else f"ok {name}_log", flush=True)


def main():
    tools = toolchain()
    for number, name in enumerate((os.environ.get("KERNET_KERNELS") or "plain").split()):
        run(name, sys.argv[1:] or cases(checked=number > 0), tools)
    return 0


if __name__ == "__main__":
    sys.exit(main())
