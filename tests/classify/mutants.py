#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the classifier in one place after the other: its tests have to find each.

usage: mutants.py [NUMBER...]     all if none is named; 0 is none of them

All are in one program, which is told by KERNET_FAULT which of them it has. Says `ok NUMBER: what` for
each that the tests have found.
"""

import json
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

# What is broken, in which file, which expression, and what is in its place.
MUTANTS = (
    ("the first table that has a rule decides", "lib.rs", "table.first() >= best", "best != u32::MAX"),
    ("a condition is not asked about", "tree.rs", "(!rule.is_conditional() || granted(rule))", "!rule.is_conditional()"),
    ("few rules: a condition is not asked about", "lib.rs", "(!rule.is_conditional() || granted(rule))", "true"),
    ("a prefix has to be longer", "rule.rs", "self.source.common(key.source) >= u32::from(self.source_len)",
     "self.source.common(key.source) > u32::from(self.source_len)"),
    ("the last port of a range is not in it", "rule.rs", "self.min <= port && port <= self.max",
     "self.min <= port && port < self.max"),
    ("a packet without ports has port 0", "rule.rs", "ports.is_some_and(|(source, destination)| {",
     "Some(ports.unwrap_or((0, 0))).is_some_and(|(source, destination)| {"),
    ("an interface out is not looked at", "rule.rs", "(self.output == 0 || self.output == key.output)", "true"),
    ("lengths are rounded up", "shape.rs", "A::LENGTHS.iter().rev().find(|length| **length <= len)",
     "A::LENGTHS.iter().find(|length| **length >= len)"),
    ("a merged table keeps the longer length", "shape.rs", "self.source.min(other.source)", "self.source.max(other.source)"),
    ("a merged table keeps exact fields of both", "shape.rs", "self.exact & other.exact", "self.exact | other.exact"),
    ("a merge forgets the rules of one", "shape.rs", "group.table == one.shape || group.table == other.shape",
     "group.table == one.shape"),
    ("a table's first rule is its last", "table.rs", "of.first.min(number)", "number"),
    ("rules of a key are in no order", "table.rs", "entries.sort_unstable_by_key(|entry| entry.what)", "entries.reverse()"),
    ("a tree is for fewer packets than its key", "table.rs", "!(!prefix.network() & A::mask(len))", "prefix.network()"),
    ("what a table costs is not added up", "table.rs", "self.cost.comparisons.saturating_add(longest.len)",
     "self.cost.comparisons.max(longest.len)"),
    ("nothing is refused", "index.rs", "cost.comparisons > MAX_COMPARISONS", "false"),
    ("a span ends one value early", "spans.rs", "last.next().filter(|next| *next <= field.last())", "Some(last)"),
    ("a table of two rules ends with the first", "spans.rs", "*count == 0", "*count <= 1"),
    ("sets are those of their neighbours", "spans.rs", "found.map_or(0, |found| found.saturating_add(1))",
     "found.unwrap_or(0)"),
    ("heads are one interval late", "spans.rs", "start.head(shift) < head", "start.head(shift) <= head"),
    ("packets without ports have no span", "rule.rs", "(A::default(), A::from(NO_PORT))",
     "(A::default(), A::from(NO_PORT - 1))"),
    ("the start of an interval is before it", "tree.rs", "starts.partition_point(|start| *start <= value)",
     "starts.partition_point(|start| *start < value)"),
    ("a condition without states is not granted", "condition.rs", "self.states == 0", "self.states == 32"),
    ("a condition wants any of its flags", "condition.rs", "flags & self.flags_mask == self.flags",
     "flags & self.flags_mask & self.flags != 0"),
    ("a packet without flags has none set", "condition.rs", "self.has_flags(facts)",
     "facts.flags.unwrap_or(0) & self.flags_mask == self.flags"),
    ("the greatest length does not match", "condition.rs", "meta.length <= longest", "meta.length < longest"),
    ("the least hop limit does not match", "condition.rs", "least <= meta.hop_limit", "least < meta.hop_limit"),
    ("any code point matches", "condition.rs", "self.dscp.is_none_or(|dscp| dscp == meta.dscp)", "true"),
    ("all of a mark has to match", "condition.rs", "meta.mark & self.mark_mask == self.mark", "meta.mark == self.mark"),
    ("numbers are not looked at", "condition.rs", "self.more.holds(&facts.meta)", "true"),
    ("a rule leads in the states that it does not want", "lead.rs", "states.has(state)", "!states.has(state)"),
    ("who leads may be behind who looks at more", "lead.rs", "self.end.is_none_or(|end| first < end)", "true"),
    ("the last of two leads", "lead.rs", "Some(one.min(other))", "Some(one.max(other))"),
    ("what another one knows of the end is lost", "lead.rs", "earlier(self.end, other.end)", "self.end"),
    ("pieces are the same where they are not", "tree.rs", "flat.as_slice().get(piece.from..) == Some(list)",
     "flat.len() - piece.from == list.len()"),
    ("a tree is for fewer packets than its piece", "tree.rs", "piece.region.with(cut.field, start, end)",
     "piece.region.with(cut.field, start, start)"),
    ("a rule with a condition decides", "sweep.rs", "!rule.is_conditional()", "true"),
    ("a rule decides on a piece that it is not all of", "sweep.rs", "whole.has(rank)", "true"),
    ("a rule decides that wants a part", "sweep.rs", "from <= first && last <= to", "from <= first || last <= to"),
    ("a piece has not what began before", "sweep.rs", "some.set(&here)", "()"),
    ("a rule ends one value early", "sweep.rs", "to.next().filter(|next| *next <= last)", "Some(to)"),
)

FAULTY = """
/// Whether it has this fault.
pub(crate) fn faulty(number: u32) -> bool {
    extern crate std;
    static FAULT: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *FAULT.get_or_init(|| std::env::var("KERNET_FAULT").map_or(0, |text| text.parse().unwrap())) == number
}
"""


def broken(crate):
    """Puts all faults into a copy of the crate."""
    for number, (what, name, old, new) in enumerate(MUTANTS, 1):
        text = (crate / name).read_text()
        if text.count(old) != 1:
            raise Failure(f"mutant {number} ({what}): {name} has `{old}` {text.count(old)} times")
        # A block that begins in the expression ends in both.
        if old.endswith("{"):
            start = text.index(old)
            end = text.index("\n        })", start) + len("\n        })")
            body = text[start + len(old):end]
            text = text.replace(old + body, f"(if super::faulty({number}) {{ {new}{body} }} else {{ {old}{body} }})")
        else:
            text = text.replace(old, f"(if {'' if name == 'lib.rs' else 'super::'}faulty({number}) {{ {new} }} else {{ {old} }})")
        (crate / name).write_text(text)
    with open(crate / "lib.rs", "a") as root:
        root.write(FAULTY)


def program(crate, target):
    """The tests of the crate, as a program."""
    tools = toolchain()
    done = subprocess.run([tools["CARGO"], "test", "--lib", "--no-run", "--message-format=json", "--manifest-path",
                           str(crate / "Cargo.toml"), "--target-dir", str(target)],
                          env=environment(tools, RUSTC=tools["RUSTC"]), capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"it does not compile: {done.stderr[-2000:]}")
    made = [json.loads(line) for line in done.stdout.splitlines()]
    return next(line["executable"] for line in made if line.get("executable"))


def caught(path, number):
    """Whether the tests find a fault. A loop without end is found, too."""
    try:
        done = subprocess.run([path, "--skip", "hundred_thousand"], capture_output=True, text=True, timeout=600,
                              env=dict(os.environ, KERNET_FAULT=str(number), KERNET_PACKETS="20000"))
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def run():
    wanted = [int(word) for word in sys.argv[1:]] or range(len(MUTANTS) + 1)
    target = ROOT / "build/classify-mutants"
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "classify"
        shutil.copytree(CRATE, copy, ignore=shutil.ignore_patterns("target"))
        broken(copy)
        path = program(copy, target)
        for number in wanted:
            # Without a fault the tests pass.
            good = caught(path, number) == bool(number)
            what = MUTANTS[number - 1][0] if number else "as it is"
            print(f"{'ok' if good else 'not ok'} {number}: {what}", flush=True)
            if not good:
                survived.append(number)
    print(f"verdict: {'wrong: ' + str(survived) if survived else 'each was found'}", flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    main(run)
