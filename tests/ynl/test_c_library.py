#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Our families by the kernel's C library: what its generator writes for programs compiles with our
headers, and a program made of it (c_library.c) asks, and is told of changes."""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
import ynlc  # noqa: E402

OUT = ROOT / "build/ynl-c"
FAMILIES = [path.stem for path in sorted((ROOT / "include/uapi/linux").glob("*.h"))]
CASES = re.findall(r'\{ "(\w+)", \w+ \}', (HERE / "c_library.c").read_text())


def compiled(sources, name):
    """What the compiler says against a family's file; None if nothing."""
    ynlc.generate(sources, ROOT / f"Documentation/netlink/specs/{name}.yaml", OUT,
                  ["--mode", "user", "--header", f"{name}-user.h"],
                  ["--mode", "user", "--source", f"{name}-user.c"])
    return cc(sources, "-c", f"{name}-user.c", "-o", f"{name}-user.o")


def cc(sources, *words):
    library = sources / "tools/net/ynl/lib"
    done = subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Werror", f"-I{OUT}", f"-I{library}",
                           f"-I{ROOT}/include/uapi", *words], cwd=OUT, capture_output=True, text=True)
    return " ".join((done.stderr.strip() or f"status {done.returncode}").splitlines()[:3]) \
        if done.returncode else None


def main():
    sources = vmlib.script("kernel").source()
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"1..{len(FAMILIES) + len(CASES) + 1}", flush=True)
    for name in FAMILIES:
        wrong = compiled(sources, name)
        print(f"not ok {name}_compiles: {wrong}" if wrong else f"ok {name}_compiles", flush=True)
    wrong = cc(sources, str(HERE / "c_library.c"), *(f"{name}-user.o" for name in FAMILIES),
               str(sources / "tools/net/ynl/lib/ynl.c"), "-o", "client")
    if wrong:
        print(f"not ok client: {wrong}")
        return 0
    kernel = vmlib.script("kernel").kernel("user")
    tree = vmlib.script("modules").stage(kernel)
    said = bytearray()
    outcome = vmlib.boot(kernel, f"modprobe -a firewall linkwatch && {OUT}/client", modules=tree,
                         timeout=600, on_output=said.extend)
    lines = said.decode(errors="replace").splitlines()
    missing = set(CASES)
    for line in lines:
        found = re.match(r"(?:ok|not ok) (\w+)", line)
        if found:
            missing.discard(found[1])
            print(line)
    for name in sorted(missing):
        print(f"not ok {name}: it has not reported")
    print(f"not ok c_library_log: {outcome.failure()}" if outcome.failure() else "ok c_library_log")
    return 0


if __name__ == "__main__":
    sys.exit(main())
