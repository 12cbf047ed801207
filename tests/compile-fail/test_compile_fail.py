#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compiles each case as a module's file is compiled, and sees that it fails as it says.

The first lines of a case say what it must give: `// error: TEXT` for each text that rustc has to
say, `// help: TEXT` for what `make` adds to its first error, `// undefined: SYMBOL` for a symbol that
the linker would miss, `// compiles` for none. One that is about a wing says `// wing: NAME`. The
modules that the documentation prints whole, as blocks of Rust, have to compile.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "scripts"))

import builderrors  # noqa: E402

BUILD = ROOT / "build" / pathlib.Path(os.environ["KERNET_KERNEL"]).name


def command():
    """rustc as kbuild has called it for a module, without source and output."""
    saved = (BUILD / "samples/vpair/.vpair.o.cmd").read_text().splitlines()[0]
    words = shlex.split(saved.partition(":= ")[2].partition(" ;")[0])
    variables = {"RUSTC_BOOTSTRAP": "1"}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "--out-dir":
            skip = True
        elif not word.startswith(("--emit", "@")) and not word.endswith("vpair.rs"):
            kept.append(word)
        elif word.startswith("@"):
            kept.append(word)
    return kept, variables


def without(head):
    """The wing that a case is about, if the kernel lacks its subsystem."""
    wing = next((line.partition(": ")[2] for line in head if line.startswith("// wing: ")), None)
    return wing and not (BUILD / f"rust/libkernet_{wing}.rmeta").is_file() and wing


PAGES = ("README.md", "Documentation/*.md", "samples/*/README.md")


def printed(folder):
    """The documentation's blocks of Rust, written to files."""
    for page in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        for number, block in enumerate(re.findall(r"^```rust\n(.*?)^```$", page.read_text(), re.M | re.S)):
            stem = page.stem if page.parent.name != page.stem else page.parent.name
            path = pathlib.Path(folder, f"{stem.lower()}_{number}.rs")
            if "\nmod nl_generated;\n" in block:
                # That of the module of this name.
                name = re.search(r'^    name: "(\w+)"', block, re.M)[1]
                generated = ROOT / f"tests/modules/{name}/nl_generated.rs"
                block = block.replace("\nmod nl_generated;", f'\n#[path = "{generated}"]\nmod nl_generated;')
            path.write_text(block)
            yield path, ["// compiles"]


# The module that rustdoc's examples are of, as the documentation of `kernet::module` says.
EXAMPLE = """#![forbid(unsafe_code)]
#![allow(dead_code)]
use kernel::prelude::*;
"""
MODULE = """kernet::module! {
    type: Example, name: "example", authors: ["You"], description: "An example", license: "GPL",
}
struct Example;
impl kernet::Module for Example {
    type State = ();
    type Parts = ();
}
"""


def examples(folder):
    """The examples of rustdoc, with the lines that it hides."""
    for source in sorted(path for crate in ("kernet", "conntrack", "defrag")
                         for path in ROOT.glob(f"rust/{crate}/**/*.rs")):
        comments = "\n".join(re.sub(r"^\s*//[/!] ?", "", line) if re.match(r"\s*//[/!]", line) else "\0"
                             for line in source.read_text().splitlines())
        for number, block in enumerate(re.findall(r"^```\n([^\0]*?)^```$", comments, re.M)):
            crate, *rest = source.relative_to(ROOT / "rust").with_suffix("").parts
            path = pathlib.Path(folder, "_".join(["example", crate, *rest, str(number)]) + ".rs")
            text = re.sub(r"^#(?: |$)", "", block, flags=re.M)
            path.write_text(EXAMPLE + ("" if "kernet::module!" in text else MODULE) + text)
            yield path, ["// compiles", *([] if crate == "kernet" else [f"// wing: {crate}"])]


def cases():
    """The files of this folder, with what each says that it must give."""
    for path in sorted((HERE / "cases").glob("*.rs")):
        yield path, [line for line in path.read_text().splitlines() if line.startswith("// ")]


# Of a name that is not there: a crate's, a type's, a trait's, a value's, a method's, a field's.
UNKNOWN = ("E0404", "E0405", "E0407", "E0412", "E0422", "E0425", "E0432", "E0433", "E0437", "E0438", "E0599", "E0609")


def check(path, head, rustc, variables, folder):
    """What is wrong with a case's outcome; None if nothing."""
    errors = [line.partition(": ")[2] for line in head if line.startswith("// error: ")]
    missing = [line.partition(": ")[2] for line in head if line.startswith("// undefined: ")]
    if not errors and not missing and "// compiles" not in head:
        return "the case does not say what it must give"
    out = pathlib.Path(folder, path.stem + ".o")
    wings = [word for line in head if line.startswith("// wing: ")
             for word in ("--extern", f"kernet_{line.removeprefix('// wing: ')}")]
    done = subprocess.run([*rustc, *wings, "--crate-name", path.stem, f"--emit=obj={out}", str(path)],
                          cwd=BUILD, capture_output=True, text=True,
                          env={**os.environ, **variables})
    first = next((line for line in done.stderr.splitlines() if line.startswith("error")), "")
    if errors:
        if not done.returncode:
            return "it compiles"
        lost = [text for text in errors if text not in done.stderr]
        if lost:
            return f"rustc does not say {lost[0]!r}, but {first!r}"
        # A name that has gone makes any program fail.
        for other in re.findall(rf"^error\[(?:{'|'.join(UNKNOWN)})\]: .*", done.stderr, re.M):
            if not any(text in other for text in errors):
                return f"it fails for another reason, too: {other!r}"
        said = builderrors.compiler_error(done.stderr)
        lost = [line for line in head if line.startswith("// help: ") and line.removeprefix("// ") not in said]
        return f"make does not say {lost[0]!r}" if lost else None
    if done.returncode:
        return f"rustc: {first}"
    symbols = subprocess.run(["nm", "-u", str(out)], capture_output=True, text=True).stdout.split()
    if missing:
        lost = [name for name in missing if not any(name in symbol for symbol in symbols)]
        return f"{lost[0]} is not undefined: it would link" if lost else None
    return "a build error is left" if any("rust_build_error" in name for name in symbols) else None


def main():
    rustc, variables = command()
    with tempfile.TemporaryDirectory() as folder:
        found = [*cases(), *printed(folder), *examples(folder)]
        print(f"1..{len(found)}", flush=True)
        for path, head in found:
            missing = without(head)
            if missing:
                print(f"skip {path.stem}: the kernel has nothing for the wing {missing}", flush=True)
                continue
            wrong = check(path, head, rustc, variables, folder)
            print(f"not ok {path.stem}: {wrong}" if wrong else f"ok {path.stem}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
