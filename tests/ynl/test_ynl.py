#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What scripts/ynl-gen-rust writes: ours is fresh, and it takes the kernel's specifications.

Each generic netlink specification of the kernel's is made a module that refuses everything, and
that is compiled as kbuild compiles one, so that policies, the order of operations and all else that
is checked at compile time is.
"""

import importlib.machinery
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True

import vmlib  # noqa: E402
from kernetlib import Failure, toolchain  # noqa: E402

MODULE = """
kernet::module! {
    type: Module,
    name: "spec",
    authors: ["The kernet developers"],
    description: "A specification",
    license: "GPL",
}

struct Module;

impl kernet::Module for Module {
    type State = ();
    type Parts = Registration<Module>;
}

"""


def rustc():
    """rustc as kbuild has called it for a module."""
    os.environ.setdefault("KERNET_KERNEL", str(vmlib.script("kernel").kernel("user")))
    spec = importlib.util.spec_from_loader("compile_fail", importlib.machinery.SourceFileLoader(
        "compile_fail", str(HERE.parent / "compile-fail/test_compile_fail.py")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled(path, kernel, compiler, command, variables, folder):
    """What is wrong with a specification's Rust; None if nothing."""
    import ynlfamily
    from ynltypes import Unsupported
    try:
        writer = ynlfamily.Writer(ynlfamily.load(kernel, path), path.name)
        text = writer.text()
    except Unsupported as error:
        return str(error)
    text = re.sub(r"^(//!.*\n)+", "", text, flags=re.M)
    text = "#![forbid(unsafe_code)]\n" + text + MODULE + writer.skeleton()
    source = pathlib.Path(folder, re.sub(r"\W", "_", path.stem) + ".rs")
    source.write_text(text)
    done = subprocess.run([*command, "--crate-name", source.stem,
                           f"--emit=obj={source.with_suffix('.o')}", str(source)],
                          cwd=compiler.BUILD, capture_output=True, text=True,
                          env={**os.environ, **variables})
    if done.returncode:
        if os.environ.get("KERNET_KEEP"):
            print(done.stderr, file=sys.stderr)
        return "; ".join(re.findall(r"^error.*\n.*$", done.stderr, re.M)[:2]) or done.stderr[:200]
    return None


# An attribute's type and checks, and its policy; None if there is none that checks all of it.
CHECKS = (("type: binary, checks: {min-len: 2, max-len: 6}", "Policy::between(2, 6)"),
          ("type: binary, checks: {max-len: 6}", "Policy::max_len(6)"),
          ("type: binary, checks: {exact-len: 4, max-len: 6}", None),
          ("type: string, checks: {min-len: 2, max-len: 6}", None),
          ("type: u32, checks: {max-len: 6}", None),
          ("type: nest, nested-attributes: s, checks: {max-len: 6}", None))


def checks(kernel, folder):
    """What is wrong with what is made of attributes' checks: none is lost silently."""
    import ynlfamily
    from ynltypes import Unsupported
    path = pathlib.Path(folder, "checks.yaml")
    for attribute, policy in CHECKS:
        path.write_text(f"""# SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
---
name: checks
protocol: genetlink
doc: Checks.
attribute-sets: [{{name: s, attributes: [{{name: a, {attribute}}}]}}]
operations:
  list: [{{name: o, doc: o, attribute-set: s, do: {{request: {{attributes: [a]}}}}}}]
""")
        try:
            text = ynlfamily.Writer(ynlfamily.load(kernel, path), path.name).text()
        except Unsupported as error:
            if policy or "checks" not in str(error):
                return f"{attribute}: {error}"
            continue
        if not policy or policy not in text:
            return f"{attribute}: {re.findall(r'Policy::.*', text)}"
    return None


def main():
    tools = toolchain()
    if sys.executable != tools["PYTHON"]:
        os.execv(tools["PYTHON"], [tools["PYTHON"], *sys.argv])
    done = subprocess.run([str(ROOT / "scripts/ynl-gen-rust"), "--check"], capture_output=True,
                          text=True)
    wrong = done.stderr.strip().splitlines()
    print(f"not ok fresh: {wrong[-1] if wrong else 'status'}" if done.returncode else "ok fresh",
          flush=True)
    kernel = vmlib.script("kernel").source()
    specs = [path for path in sorted((kernel / "Documentation/netlink/specs").glob("*.yaml"))
             if not re.search(r"^protocol: netlink-raw", path.read_text(), re.M)]
    if len(specs) < 25:
        raise Failure(f"{len(specs)} specifications of generic netlink, where at least 25 are known")
    specs = [path for path in specs if path.stem in sys.argv[1:] or not sys.argv[1:]]
    print(f"1..{2 + len(specs)}", flush=True)
    compiler = rustc()
    command, variables = compiler.command()
    with tempfile.TemporaryDirectory() as folder:
        wrong = checks(kernel, folder)
        print(f"not ok checks: {wrong}" if wrong else "ok checks", flush=True)
        for path in specs:
            wrong = compiled(path, kernel, compiler, command, variables, folder)
            print(f"not ok {path.stem}: {wrong}" if wrong else f"ok {path.stem}", flush=True)
    return 0


sys.exit(main())
