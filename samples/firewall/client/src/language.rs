// SPDX-License-Identifier: GPL-2.0

//! The language of rules: one in a line.
//!
//! ```text
//! # Before all others.
//! priority 10
//! input accept state established,related
//! input accept tcp from 192.0.2.0/24 to port 22 state new
//! input drop udp from port 1-1023 id 7 packets 3 bytes 120
//! forward reject with tcp-reset tcp to port 25
//! end 4
//! ```
//!
//! A rule begins with its chain and its action; what it matches comes in any order. A word that begins
//! neither is refused, so that chains of one's own and other actions can come. A last line may say how many
//! rules there are. Each line ends: a text without its rest is not taken for a whole one.

use std::{collections::HashMap, fmt};

use self::line::{line, place, Line, Places, Wrong};
use crate::{rule::Rule, schema::rule as attribute};

/// What is wrong in a text, and where: from 1 on, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) why: String,
}

impl Fault {
    /// With the name of the text.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl fmt::Display + 'a {
        struct Of<'a>(&'a Fault, &'a str);
        impl fmt::Display for Of<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self(Fault { line, column, why }, name) = self;
                write!(f, "{name}:{line}:{column}: {why}")
            }
        }
        Of(self, name)
    }
}

/// Where in a text something is, from 1 on.
fn column(line: &str, at: usize) -> usize {
    line.get(..at).unwrap_or(line).chars().count() + 1
}

/// Rules, and the lines of the text where they are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) lines: Vec<usize>,
    /// Whether the text says itself that it is whole.
    pub(crate) has_end: bool,
}

/// The lines of a text, and whether each ends.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), true),
            None => (line, false),
        })
}

/// What has been read of a text.
#[derive(Default)]
struct Reading {
    rules: Rules,
    /// The lines with ids.
    ids: HashMap<u32, usize>,
    /// That of the rules to come.
    priority: Option<u32>,
}

impl Reading {
    /// Adds what the line `number` says, and that where `places` says.
    fn add(&mut self, line: Line, number: usize, places: &Places) -> Result<(), Wrong> {
        match line {
            Line::Nothing => (),
            _ if self.rules.has_end => return Err((0, "this is behind the end".into())),
            Line::End(count) => {
                self.rules.has_end = true;
                let rules = self.rules.rules.len();
                if count != rules {
                    return Err((0, format!("rules before this end: {rules}, not {count}")));
                }
            }
            Line::Priority(priority) => self.priority = Some(priority),
            Line::Rule(mut rule) => {
                if let Some(id) = rule.id {
                    if let Some(first) = self.ids.insert(id, number) {
                        return Err((
                            place(places, attribute::ID),
                            format!("the rule in line {first} has the id {id} already"),
                        ));
                    }
                }
                rule.priority = self.priority;
                self.rules.rules.push(rule);
                self.rules.lines.push(number);
            }
        }
        Ok(())
    }
}

/// Reads a text; says all that is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Rules, Vec<Fault>> {
    let mut reading = Reading::default();
    let mut faults = Vec::new();
    let mut places = Places::new();
    for (number, (text, ends)) in (1..).zip(lines(text)) {
        let read = match line(text, &mut places) {
            _ if !ends => Err((
                text.len(),
                "the line does not end: what is behind it may be lost".into(),
            )),
            // Lines that are wrong are not counted.
            Ok(Line::End(_)) if !faults.is_empty() => Ok(()),
            Ok(line) => reading.add(line, number, &places),
            Err(wrong) => Err(wrong),
        };
        if let Err((at, why)) = read {
            faults.push(Fault {
                line: number,
                column: column(text, at),
                why,
            });
        }
    }
    match faults.is_empty() {
        true => Ok(reading.rules),
        false => Err(faults),
    }
}

/// Where a line of a text, counted from 1 on, says an attribute: the column.
pub(crate) fn column_of(text: &str, number: usize, attribute: Option<u16>) -> usize {
    let Some((text, _)) = lines(text).nth(number.saturating_sub(1)) else {
        return 1;
    };
    let mut places = Places::new();
    // The rule was read before.
    let _ = line(text, &mut places);
    let attribute = match attribute {
        Some(attribute::SOURCE_PREFIX_LEN) => attribute::SOURCE,
        Some(attribute::DESTINATION_PREFIX_LEN) => attribute::DESTINATION,
        Some(attribute::TCP_FLAGS_MASK) => attribute::TCP_FLAGS,
        Some(attribute) => attribute,
        None => attribute::CHAIN,
    };
    let at = match place(&places, attribute) {
        0 => place(&places, attribute::CHAIN),
        at => at,
    };
    column(text, at)
}

mod line;
mod tests;
mod value;
