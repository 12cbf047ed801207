#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the classifier in one place after the other: its tests have to find each.

usage: mutants.py [NUMBER...]     all if none is named

Says `ok NUMBER: what` for each that the tests have found, and ends with how many.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from kernetlib import Failure, environment, main, toolchain  # noqa: E402

CRATE = ROOT / "rust/classify"

# What is broken, in which file, and how.
MUTANTS = (
    ("the first table that has a rule decides", "lib.rs", "if table.first() >= best {", "if best != u32::MAX {"),
    ("a condition is not asked about", "tree.rs", "(!rule.is_conditional() || granted(rule))", "!rule.is_conditional()"),
    ("few rules: a condition is not asked about", "lib.rs", "(!rule.is_conditional() || granted(rule))", "true"),
    ("a prefix has to be longer", "rule.rs", "self.source.common(key.source) >=", "self.source.common(key.source) >"),
    ("the last port of a range is not in it", "rule.rs", "self.min <= port && port <= self.max", "self.min <= port && port < self.max"),
    ("a packet without ports has port 0", "rule.rs", "ports.is_some_and(|(source, destination)| {", "Some(ports.unwrap_or((0, 0))).is_some_and(|(source, destination)| {"),
    ("an interface out is not looked at", "rule.rs", "&& (self.output == 0 || self.output == key.output)", ""),
    ("lengths are rounded up", "shape.rs", "A::LENGTHS.iter().rev().find(|length| **length <= len)", "A::LENGTHS.iter().find(|length| **length >= len)"),
    ("a merged table keeps the longer length", "shape.rs", "self.source.min(other.source)", "self.source.max(other.source)"),
    ("a merged table keeps exact fields of both", "shape.rs", "self.exact & other.exact", "self.exact | other.exact"),
    ("a merge forgets the rules of one", "shape.rs", "if group.table == one.shape || group.table == other.shape {", "if group.table == one.shape {"),
    ("a table's first rule is its last", "table.rs", "of.first = of.first.min(number);", "of.first = number;"),
    ("rules of a key are in no order", "table.rs", "entries.sort_unstable_by_key(|entry| entry.what);", "entries.reverse();"),
    ("a table loses the last bucket's end", "table.rs", "while self.starts.len() < all {", "while self.starts.len() < begin {"),
    ("a tree is for fewer packets than its key", "table.rs", "let last = !(!prefix.network() & A::mask(len));", "let last = prefix.network();"),
    ("what a table costs is not added up", "table.rs", "self.cost.comparisons.saturating_add(longest.len)", "self.cost.comparisons.max(longest.len)"),
    ("nothing is refused", "index.rs", "if cost.comparisons > MAX_COMPARISONS {", "if cost.comparisons == usize::MAX {"),
    ("a span ends one value early", "spans.rs", "last.next().filter(|next| *next <= field.last())", "Some(last)"),
    ("a table of two rules ends with the first", "spans.rs", "if *count == 0 {", "if *count <= 1 {"),
    ("sets are those of their neighbours", "spans.rs", "found.map_or(0, |found| found.saturating_add(1))", "found.unwrap_or(0)"),
    ("heads are one interval late", "spans.rs", ".is_some_and(|start| start.head(shift) < head)", ".is_some_and(|start| start.head(shift) <= head)"),
    ("packets without ports have no span", "rule.rs", "0 => (A::default(), A::from(NO_PORT)),", "0 => (A::default(), A::from(NO_PORT - 1)),"),
    ("the start of an interval is before it", "tree.rs", "starts.partition_point(|start| *start <= value)", "starts.partition_point(|start| *start < value)"),
    ("pieces are the same where they are not", "tree.rs", "flat.as_slice().get(piece.from..piece.to) == Some(list)", "piece.to - piece.from == list.len()"),
    ("a rule with a condition decides", "sweep.rs", "!rule.is_conditional()\n            && Field", "Field"),
    ("a rule decides on a piece that it is not all of", "sweep.rs", "&& whole.has(rank)", ""),
    ("a rule decides that wants a part", "sweep.rs", "from <= first && last <= to", "from <= first || last <= to"),
    ("a piece has not what began before", "sweep.rs", "some.set(&here);", ""),
    ("a rule ends one value early", "sweep.rs", "to.next().filter(|next| *next <= last)", "Some(to)"),
)


def caught(crate, target):
    """Whether the tests of a copy fail, and its last words."""
    tools = toolchain()
    done = subprocess.run([tools["CARGO"], "test", "--quiet", "--lib", "--manifest-path", str(crate / "Cargo.toml"),
                           "--target-dir", str(target), "--", "--skip", "hundred_thousand"],
                          env=environment(tools, RUSTC=tools["RUSTC"], KERNET_PACKETS="6000"),
                          capture_output=True, text=True, timeout=1200)
    said = done.stdout + done.stderr
    if "error: could not compile" in said:
        raise Failure(f"it does not compile:\n{said[-2000:]}")
    return done.returncode != 0 and "FAILED" in said


def run():
    wanted = [int(word) for word in sys.argv[1:]] or range(len(MUTANTS) + 1)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "build/classify-mutants")
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        for number in wanted:
            copy = pathlib.Path(folder) / "classify"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(CRATE, copy, ignore=shutil.ignore_patterns("target"))
            what = "as it is"
            if number:
                what, name, old, new = MUTANTS[number - 1]
                text = (copy / name).read_text()
                if old not in text:
                    raise Failure(f"mutant {number}: {name} has no `{old}`")
                (copy / name).write_text(text.replace(old, new))
            # As it is the tests pass.
            good = caught(copy, target) == bool(number)
            print(f"{'ok' if good else 'not ok'} {number}: {what}", flush=True)
            if not good:
                survived.append(number)
    print(f"verdict: {'not found: ' + str(survived) if survived else 'each was found'}", flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    main(run)
