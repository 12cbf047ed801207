# SPDX-License-Identifier: GPL-2.0
"""The checkout passes `make lint`, and each rule of it finds what it is there for."""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import partslib  # noqa: E402
import vmlib  # noqa: E402

LINT = vmlib.script("lint")
NAMES = vmlib.script("names")
LICENCE = "// SPDX-License-Identifier: GPL-2.0\n"

# Rule, file name, text that it must refuse, text that it must accept.
PLANTS = (
    (LINT.spdx, "rust/kernet/a.rs", "fn a() {}\n", LICENCE + "fn a() {}\n"),
    (LINT.forbid_unsafe, "samples/a/a.rs", LICENCE + "// #![forbid(unsafe_code)]\n",
     LICENCE + "#![forbid(unsafe_code)]\n"),
    (LINT.forbid_unsafe, "samples/a/ip.rs", LICENCE, LICENCE + "#![forbid(unsafe_code)]\n"),
    (LINT.forbid_unsafe, "tests/modules/a/a.rs", LICENCE, LICENCE + "#![forbid(unsafe_code)]\n"),
    (LINT.private_bindings, "samples/a/b.rs", "use kernel::bindings;\n", "// Not bindings.\n"),
    (LINT.private_bindings, "samples/a/b.rs", "use kernet::door as entry;\n", "// The door.\n"),
    (LINT.deferred, "samples/a/b.rs", "use kernel::workqueue::Work;\n", "use kernet::work::Work;\n"),
    (LINT.deferred, "samples/a/b.rs", "use kernel::debugfs::Dir;\n", "use kernet::debugfs::Folder;\n"),
    (LINT.deferred, "tests/modules/a/b.rs", "use kernel::{time::hrtimer, prelude::*};\n", "// No hrtimer.\n"),
    (LINT.safety, "rust/wing/a.rs", "fn a() {\n    unsafe { b() }\n}\n",
     "fn a() {\n    // SAFETY: By b.\n    unsafe { b() }\n}\n"),
    (LINT.no_unsafe, "samples/a/b.rs", "fn a() {\n    unsafe { b() }\n}\n",
     "#![forbid(unsafe_code)]\n// unsafe\nfn a() -> &'static str {\n    \"unsafe\"\n}\n"),
    (LINT.no_unsafe, "rust/wire/a.rs", "unsafe impl Send for A {}\n", "struct A;\n"),
    (LINT.safety, "rust/kernet/a.rs", "fn a() {\n    unsafe { b() }\n}\n",
     "fn a() {\n    // SAFETY: By b.\n    let x =\n        unsafe { b() };\n}\n"),
    (LINT.safety, "rust/kernet/a.rs", "    // SAFETY: By b.\n    b();\n    unsafe { b() }\n",
     "    // SAFETY: By b.\n    #[cfg(c)]\n    unsafe { b() }\n"),
    (LINT.safety, "rust/iplink/a.rs", "fn a() {\n    unsafe { b() }\n}\n",
     "fn a() {\n    // SAFETY: By b.\n    unsafe { b() }\n}\n"),
    (LINT.safety, "rust/kernet/a.rs", "unsafe impl Send for A {}\n",
     "// SAFETY: By b.\nunsafe impl Send for A {}\n"),
    (LINT.safety, "rust/kernet/a.rs", "/// Does.\npub unsafe fn a() {}\n",
     "/// Does.\n///\n/// # Safety\n///\n/// Not null.\npub unsafe fn a() {}\n"),
    (LINT.safety, "rust/kernet/a.rs", "fn a() {\n    // SAFETY: TODO.\n    unsafe { b() }\n}\n",
     "fn a() {\n    // SAFETY: By b.\n    unsafe { b() }\n}\n"),
    (LINT.invariants, "rust/kernet/a.rs", "/// # Invariants\n///\n/// Odd.\npub struct A(u32);\n",
     "/// # Invariants\n///\n/// Odd.\npub struct A(u32);\n// INVARIANT: One is.\n"),
    (LINT.bounds, "rust/kernet/a.rs", "pub trait A {\n    /// B.\n    const B: u8;\n}\n",
     "pub trait A {\n    fn b();\n}\nconst B: u8 = 1;\n"),
    (LINT.examples, "rust/kernet/a.rs", "/// B.\npub trait A {\n",
     "/// B.\n///\n/// # Examples\n///\n/// ```\n/// ```\n#[doc(alias = \"c\")]\npub trait A {\n"),
    (LINT.errors, "rust/kernet/a.rs", "/// A.\npub fn a(\n    b: u8,\n) -> Result<u8> {\n",
     "/// A.\n///\n/// # Errors\n///\n/// [`EINVAL`].\n#[inline]\npub fn a() -> Result {\nfn b() -> Result {\n"
     "pub fn c() -> u8 {\n"),
    (LINT.errors, "rust/wire/a.rs", "pub const fn new() -> impl PinInit<Self, Error> {\n",
     "#[doc(hidden)]\npub unsafe fn a() -> Result {\n"),
    (LINT.panics, "rust/kernet/a.rs", "fn a() {\n    b.unwrap();\n}\n",
     "#[kunit_tests(a)]\nmod tests {\n    fn a() {\n        b.unwrap();\n    }\n}\n"),
    (LINT.panics, "samples/a/a.rs",
     "#[cfg(test)]\nmod tests {\n}\nfn a() {\n    b.expect(\"c\");\n}\n", "/// `a.unwrap()`\n"),
    (LINT.length, "samples/a/a.rs", "\n" * 800, "\n"),
    (LINT.layers, "rust/kernet/rcu.rs", "use crate::{\n    context::Rcu,\n    netdev::Device, //\n};\n",
     "use crate::{\n    bindings,\n    context::{\n        self,\n        netdev, //\n    }, //\n};\n"),
    (LINT.layers, "rust/kernet/netdev/a.rs", "use crate::genl::Family;\n",
     "use crate::skb::Skb;\n#[kunit_tests(a)]\nmod tests {\n    use crate::genl::Family;\n}\n"),
    *((LINT.parts, "samples/a/a.rs", f"type Parts = ();\n{bad}", good) for bad, good in (
        ("impl Hook\n    for F {", "    type Parts = kernet::netfilter::Registration<F>;\nimpl Hook for F {"),
        ("#[vtable] impl kernet::netfilter::Hook for F {",
         "    type Parts = netfilter::Registration<F<V4>>;\nimpl<T: K> Hook for F<T> {"),
        ("impl<T: K<U>> Link<{ A }> for F<T> {", "    type Parts = rtnl::Registration<F<V4>, 1>;\nimpl Link<1> for F<V4> {"),
        ("impl  ::kernet::netfilter::Hook  for F {",
         "use kernet::netfilter::Registration as Hooks;\n    type Parts = Hooks<F>;\nimpl Hook for F {"),
        ("    type Module = F;\nimpl Hook for F {", "type G = F;\n    type Parts = netfilter::Registration<G>;\nimpl Hook for F {"),
        ("impl nl_generated::Operations for C {",
         "    type Parts = crate::nl_generated::Registration<C>;\nimpl Operations for C {"),
        ("impl DeviceNotifier for F {", "    type Parts = notifier::Registration<F, notifier::Devices>;\nimpl DeviceNotifier for F {"),
        ("impl NeighbourNotifier for F {\n// notifier::Registration<F, Neighbours>",
         "    type Parts = notifier::Registration<\n        F,\n        Neighbours,\n    >;\nimpl NeighbourNotifier for F {"),
        ("    type A = ipv4::Registration<F>;\nimpl ethertype::Handler for F {", "use kernel::irq::Handler;\nimpl Handler for F {\nimpl kernel::irq::Handler for G {"),
        ("impl ip::Offload for F {", "    type Parts = ipv6::OffloadRegistration<F>;\nimpl ip::Offload for F {"),
        ("impl kernet_nat::Nat for F {", "    type Parts = nat::Registration<F>;\nimpl Nat for F {"),
        ("impl Timer for F {", "/* impl Timer for F { */\n#[cfg(test)]\nmod tests {\n    impl Timer for F {}\n}\n"),
        ("module! { type: crate::M }\nimpl Hook for M {",
         "module! { type: crate::M }\n    type Parts = netfilter::Registration<Self>;\nimpl Hook for M {"))),
    (LINT.parts, "samples/a/a.rs", "type Parts = ();\nimpl Hook for Filter {\n",
     "type Parts = netfilter::Registration<Filter>;\nimpl Hook for Filter {\n"),
    (LINT.parts, "bench/modules/a.rs",
     "type Parts = notifier::Registration<A>;\nimpl notifier::Ipv4AddressNotifier for A {\n",
     "trait Hook {}\nimpl Hook for A {\nimpl ethtool::Operations<D> for A {\n// impl Timer for A {\n"),
    (LINT.c_names, "Documentation/names.md", "| `kfree` | nothing |\n", NAMES.HEAD + NAMES.OWN_HEAD),
    (LINT.c_names, "rust/kernet/lib.rs", "/// A.\npub fn a() {}\n",
     "/// A (`c`).\n#[doc(alias = \"c\")]\npub fn a() {}\n/// B.\n#[doc(hidden)]\npub fn b() {}\nfn c() {}\n"),
    (LINT.c_names, "rust/kernet/lib.rs", "/// A.\n#[doc(alias = \"c\")]\npub trait A {\n    fn a() {\n    }\n}\n",
     "/// A (`c`).\n#[doc(alias = \"c\")]\npub enum A {\n    B,\n}\nstruct C;\nimpl C {\n    pub fn a() {}\n}\n"),
    (LINT.c_names, "rust/kernet/lib.rs", "/// A thing.\n///\n/// As `c_thing()` is.\n#[doc(alias = \"c_thing\")]\npub fn a() {}\n",
     "/// A thing\n/// (`c_thing()`).\n#[doc(alias = \"c_thing\")]\npub fn a() {}\n"
     "/// Another.\n#[doc(alias = \"c_other\")]\n#[inline]\npub fn other() {}\n"),
    (LINT.c_names, "scripts/names_own.txt", "kernet::a: C has none\n", "# kernet::a: C has none\n"),
    (LINT.shell, "scripts/a", "#!/bin/sh\nif\n", "#!/bin/sh\ntrue\n"),
    (LINT.python, "scripts/a.py", "def\n", "a = 1\n"),
    (LINT.python, "scripts/a", "#!/usr/bin/env python3\nprint(a)\n", "#!/usr/bin/env python3\nprint(1)\n"),
    (LINT.whitespace, "a", "a \n", "a\n"),
    (LINT.whitespace, "a", "a", "a\n"),
)


def planted(rule, name, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return list(rule([name], pathlib.Path(folder)))


def taken_away():
    """Each part that a module lists is missed when it is not there: what is wrong, if something is."""
    seen = 0
    for folder in (*(ROOT / "samples").glob("*/"), *(ROOT / "tests/modules").glob("*/")):
        files = {path: path.read_text() for path in folder.rglob("*.rs")}
        for path, text in files.items():
            declared = re.search(r"type Parts =(.*?);", text, re.S)
            for part in re.finditer(r"(?:\w+::)*\b(?:Net)?Registration<[^<>]*>", declared[1] if declared else ""):
                if part[0].startswith("conntrack::"):
                    # Of no trait: it is for any type.
                    continue
                start = declared.start(1) + part.start()
                without = text[:start] + "()" + text[start + len(part[0]):]
                found = list(partslib.unlisted({**files, path: without}))
                seen += 1
                if len(found) != 1:
                    return f"{path}: without {part[0]} it says {found}"
    return None if seen > 40 else f"only {seen} parts were found"


def names_of_c():
    """Each name of C's is in the kernel's source: what is wrong, if something is."""
    found = list(NAMES.unknown(vmlib.script("kernel").source()))
    return found[0] if found else None


def circles():
    """Files that need each other are found, and a file that is not drawn: what is wrong, if something is."""
    found = LINT.circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}})
    if found != {frozenset("abc"), frozenset("de")}:
        return f"it finds {found}"
    said = planted(LINT.layers, "rust/kernet/undrawn.rs", "fn a() {}\n")
    return None if said == ["rust/kernet/undrawn.rs:1: CONTRIBUTING.md does not draw it"] else f"it says {said}"


def counted():
    """Whether `lint` counts what is unsafe, and nothing that only looks so."""
    text = "// unsafe {\nfn a() {\n    unsafe { b() };\n    unsafe {\n        c()\n    }\n}\nunsafe fn d() {}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "rust/kernet/a.rs")
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return LINT.budget(["rust/kernet/a.rs"], pathlib.Path(folder))


def main():
    print(f"1..{4 + len(PLANTS) + len(LINT.RULES) + len(LINT.TOOLS)}", flush=True)
    print("ok budget" if counted() == [("rust/kernet/a.rs", 2)] else f"not ok budget: {counted()}", flush=True)
    for test in taken_away, circles, names_of_c:
        wrong = test()
        print(f"not ok {test.__name__}: {wrong}" if wrong else f"ok {test.__name__}", flush=True)
    for number, (rule, name, bad, good) in enumerate(PLANTS):
        test = f"plant_{rule.__name__}_{number}"
        if not planted(rule, name, bad):
            print(f"not ok {test}: the rule does not see {bad!r}")
        elif planted(rule, name, good):
            print(f"not ok {test}: the rule refuses {good!r}: {planted(rule, name, good)[0]}")
        else:
            print(f"ok {test}", flush=True)
    subprocess.run([str(ROOT / "scripts/lint")])


main()
