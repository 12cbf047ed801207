#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compiles each case as a module's file is compiled, and sees that it fails as it says.

The first lines of a case say what it must give: `// error: TEXT` for each text that rustc has to
say, `// help: TEXT` for what `make` adds to its first error, `// undefined: SYMBOL` for a symbol that
the linker would miss, `// compiles` for none. One that is about a wing says `// wing: NAME`. The
modules that the documentation prints whole, as blocks of Rust, have to compile.

Each assertion by which kernet and its wings refuse, when a module is compiled, what the module gives
has a case that fails by it and says its message.
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
import vmlib  # noqa: E402

LINT = vmlib.script("lint")
CRATES = ("kernet", "conntrack", "defrag", "nat", "reject")
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
            wings = re.findall(r"^use kernet_(\w+)::", block, re.M)
            yield path, ["// compiles", *(f"// wing: {wing}" for wing in wings)]


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


def sources():
    """The files of kernet and its wings."""
    return sorted(path for crate in CRATES for path in ROOT.glob(f"rust/{crate}/**/*.rs"))


def examples(folder):
    """The examples of rustdoc, with the lines that it hides."""
    for source in sources():
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


# Text of a crate, and whether a module may trip the assertion in it.
PLANTS = (
    ('const fn a(b: u8) {\n    assert!(b < 9, "b");\n}\n', True),
    ("const _: () = assert!(A < 9);\n", False),
    ("const _: () = {\n    assert!(A < 9);\n};\n", False),
    ("#[macro_export]\nmacro_rules! a {\n    ($b:expr) => {\n        const _: () = assert!($b < 9);\n", True),
    ("impl A<'_> {\n    fn a<const B: u8>() {\n        const { assert!(B < 9) };\n", False),
    ("impl A<'_> {\n    pub fn a<const B: u8>() {\n        const { assert!(B < 9) };\n", True),
    ("impl A<'_> {\n    fn a<B: C<()>>() {\n        const { assert!(B::D < 9) };\n", True),
    ("impl<\n    const B: u8,\n> A<B> {\n    fn a() {\n        const { assert!(B < 9) };\n", True),
    ("impl A {\n}\npub trait B {\n    fn b() {\n        const { assert!(Self::C < 9) };\n", True),
    ("#[kunit_tests(a)]\nmod tests {\n    fn a() {\n        assert!(b());\n    }\n}\n", False),
)


def is_own(text, at):
    """Whether an assertion is about kernet's own constants, as its place says: in `const _`, which is evaluated when
    kernet is compiled, unless it is in a macro for modules; at the head of a `const` block in a private function that
    has no types of the caller's."""
    if "#[macro_export]" not in text and any(found.start() < at < found.end() for found in re.finditer(
            r"^( *)const _: \(\) = (?:\{\n.*?^\1\}|[^;]*);$", text, re.M | re.S)):
        return True
    functions = re.findall(r"^ *((?:\S+ )*)fn \w+([^(]*)\(", text[:at], re.M)
    blocks = re.findall(r"^ *(?:pub\S* )?(?:unsafe )?(impl|trait \w+)(<[^>]*|)", text[:at], re.M)
    if not functions or not blocks or not re.search(r"\bconst \{\s*$", text[:at]):
        return False
    visible, taken = functions[-1]
    taken = re.sub(r"const \w+: \w+", "", taken) + blocks[-1][1]
    return "pub" not in visible and blocks[-1][0] == "impl" and not re.sub(r"'\w+|[<>,\s]", "", taken)


def assertions(text):
    """The assertions of a file that a module may trip: line and column, and the message or None."""
    tests = LINT.test_lines(text)
    for found in re.finditer(r"\bassert(?:_eq|_ne)?!\(", text):
        start = text.rfind("\n", 0, found.start()) + 1
        line = text.count("\n", 0, start) + 1
        if line in tests or "//" in text[start:found.start()] or is_own(text, found.start()):
            continue
        depth, message = 0, None
        for token in re.finditer(r'"((?:\\.|[^"\\])*)"|[()]|//.*|[^\s,]', text[found.end() - 1:]):
            depth += {"(": 1, ")": -1}.get(token[0], 0)
            if not depth:
                break
            message = token[1]
        yield (line, found.start() - start + 1), message


def unsaid(tripped):
    """The assertions that no case fails by, or a case that does not say their message."""
    for text, trips in PLANTS:
        if bool(list(assertions(text))) != trips:
            yield f"whether a module trips it is not understood: {text!r}"
    for path in sources():
        crate, *_, name = path.relative_to(ROOT / "rust").parts
        if name == "tests.rs" or crate != "kernet" and not (BUILD / f"rust/libkernet_{crate}.rmeta").is_file():
            continue
        for (line, column), message in assertions(path.read_text()):
            place = f"{path.relative_to(ROOT)}:{line}:{column}"
            if not message:
                yield f"{place}: an assertion without a message"
            elif place not in tripped:
                yield f"{place}: no case fails by {message!r}"
            for case, errors in tripped.get(place, ()):
                if not any(error in (message or "") for error in errors):
                    yield f"{place}: {case} fails by {message!r}, and does not say so"


# Of a name that is not there: a crate's, a type's, a trait's, a value's, a method's, a field's.
UNKNOWN = ("E0404", "E0405", "E0407", "E0412", "E0422", "E0425", "E0432", "E0433", "E0437", "E0438", "E0599", "E0609")


def check(path, head, rustc, variables, folder, tripped):
    """What is wrong with a case's outcome; None if nothing. Notes in `tripped` what it says of places in the crates."""
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
        for place in set(re.findall(r"(?:-->|:::) (\S+:\d+:\d+)$", done.stderr, re.M)):
            place = os.path.relpath(os.path.normpath(BUILD / place), ROOT)
            tripped.setdefault(place, []).append((path.stem, errors))
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
        print(f"1..{len(found) + 1}", flush=True)
        tripped = {}
        for path, head in found:
            missing = without(head)
            if missing:
                print(f"skip {path.stem}: the kernel has nothing for the wing {missing}", flush=True)
                continue
            wrong = check(path, head, rustc, variables, folder, tripped)
            print(f"not ok {path.stem}: {wrong}" if wrong else f"ok {path.stem}", flush=True)
        missing = list(unsaid(tripped))
        print(f"not ok assertions: {len(missing)}, the first: {missing[0]}" if missing else "ok assertions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
