// SPDX-License-Identifier: GPL-2.0

//! Rules as a text of the language, in their order.

use std::io::{self, Write};

use crate::rule::Rule;

/// Says the priority where it changes, so that the rules that are read have it again.
fn priority(out: &mut impl Write, rule: &Rule, before: &mut Option<u32>) -> io::Result<()> {
    if rule.priority != *before {
        if let Some(priority) = rule.priority {
            writeln!(out, "priority {priority}")?;
        }
        *before = rule.priority;
    }
    Ok(())
}

/// All of them: their ids and counters, too. The end says that it is one.
pub(crate) fn save(out: &mut impl Write, rules: &[Rule]) -> io::Result<()> {
    let mut before = None;
    for rule in rules {
        priority(out, rule, &mut before)?;
        writeln!(out, "{rule}")?;
    }
    writeln!(out, "end {}", rules.len())
}

/// A rule, with what is not its own behind it.
pub(crate) fn commented(out: &mut impl Write, rule: &Rule) -> io::Result<()> {
    let plain = Rule {
        id: None,
        packets: None,
        bytes: None,
        ..*rule
    };
    let id = rule.id.map(|id| format!("rule {id}, ")).unwrap_or_default();
    let (packets, bytes) = (rule.packets.unwrap_or(0), rule.bytes.unwrap_or(0));
    writeln!(out, "{plain}  # {id}{packets} packets, {bytes} bytes")
}

/// For people: what a rule has counted is a comment.
pub(crate) fn list(out: &mut impl Write, rules: &[Rule]) -> io::Result<()> {
    let mut before = None;
    rules.iter().try_for_each(|rule| {
        priority(out, rule, &mut before)?;
        commented(out, rule)
    })
}
