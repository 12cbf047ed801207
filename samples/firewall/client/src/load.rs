// SPDX-License-Identifier: GPL-2.0

//! Has the kernel check a text's rules, and put them in the place of all.

use std::{
    fmt, fs,
    io::{self, Read},
};

use kernet_client::{
    attribute::{each, number, put, put_nest},
    netlink::ATTRIBUTES,
    Asker, Failure, Refusal,
};

use crate::{
    language::{self, Fault, Rules},
    message,
    progress::Progress,
    rule::Rule,
    schema::{command, firewall as attribute},
    Firewall,
};

/// The status that says that the rules are wrong, and nothing has changed.
pub(crate) const WRONG: u8 = 3;
/// The one that says that it is not known whether anything has.
const UNKNOWN: u8 = 4;
/// The kernel has something else to do (`EBUSY`).
const BUSY: i32 = 16;

/// So long a message gets: less than the room that a socket has to send.
const MESSAGE: usize = 1 << 16;
/// So many faults are said.
const FAULTS: usize = 20;

/// A text, and what it is called.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// The text of a file, or of standard input if that is `-`.
    pub(crate) fn read(file: &str) -> Result<Self, Failure> {
        let (name, bytes) = match file {
            "-" => {
                let mut bytes = Vec::new();
                let read = io::stdin().lock().read_to_end(&mut bytes);
                ("standard input", read.map(|_| bytes))
            }
            _ => (file, fs::read(file)),
        };
        let bytes = bytes.map_err(|error| Failure::new(format!("{name}: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let good = error.as_bytes().get(..good).unwrap_or(&[]);
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let start = good
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(good.get(start..).unwrap_or(&[]))
                .chars()
                .count()
                + 1;
            let why = "what is here is not UTF-8".into();
            faults(name, &[Fault { line, column, why }])
        })?;
        Ok(Self {
            name: name.into(),
            text,
        })
    }

    pub(crate) fn rules(&self) -> Result<Rules, Failure> {
        language::parse(&self.text).map_err(|found| faults(&self.name, &found))
    }

    /// Says where the kernel has found something wrong.
    fn refused(&self, rules: &Rules, at: usize, attribute: Option<u16>, why: String) -> Failure {
        let line = rules.lines.get(at).copied().unwrap_or(0);
        let column = language::column_of(&self.text, line, attribute);
        faults(&self.name, &[Fault { line, column, why }])
    }
}

/// Faults as lines, the first ones.
pub(crate) fn faults(name: &str, found: &[Fault]) -> Failure {
    let mut lines: Vec<String> = found
        .iter()
        .take(FAULTS)
        .map(|fault| fault.of(name).to_string())
        .collect();
    if let Some(more) = found.len().checked_sub(FAULTS).filter(|more| *more > 0) {
        lines.push(format!("{name}: and {more} more"));
    }
    Failure::Lines {
        lines,
        status: WRONG,
    }
}

/// What counters begin at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Counters {
    /// Those of rules that are there go on, whatever the text says.
    GoOn,
    /// At what the text says, and that is 0 if it says nothing.
    AsSaid,
}

/// What the kernel says of the rules.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) count: u64,
    pub(crate) comparisons: u64,
    /// How many were there before, if that is said.
    pub(crate) kept: Option<u64>,
}

/// A message of a transaction.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
    /// Where its rules begin.
    starts: Vec<usize>,
    /// The first one, of all.
    first: usize,
}

impl Message {
    fn put(&mut self, rule: &Rule, counters: Counters) {
        let zero = (counters == Counters::AsSaid).then_some(0);
        let rule = match counters {
            Counters::GoOn => Rule {
                packets: None,
                bytes: None,
                ..*rule
            },
            Counters::AsSaid => Rule {
                packets: rule.packets.or(zero),
                bytes: rule.bytes.or(zero),
                ..*rule
            },
        };
        self.starts.push(self.bytes.len());
        put_nest(&mut self.bytes, attribute::RULES, |bytes| {
            message::put_rule(bytes, &rule);
        });
    }

    /// The rule that a refusal is about, and the attribute.
    fn blamed(&self, refusal: &Refusal) -> Option<(usize, Option<u16>)> {
        let at = refusal.offset?.checked_sub(ATTRIBUTES)?;
        let found = self
            .starts
            .partition_point(|start| *start <= at)
            .checked_sub(1)?;
        let number = self.bytes.get(at + 2..at + 4)?;
        let number = u16::from_ne_bytes(number.try_into().ok()?) & 0x3fff;
        let of_rule = self.starts.get(found).is_some_and(|start| *start < at);
        Some((self.first + found, of_rule.then_some(number)))
    }
}

/// The rule's number that the text of a refusal begins with, from 0 on, and the rest.
fn numbered(text: &str) -> Option<(usize, &str)> {
    let (number, why) = text.strip_prefix("rule ")?.split_once(": ")?;
    Some((number.parse::<usize>().ok()?.checked_sub(1)?, why))
}

/// Why it is not known whether rules are in place.
fn unknown(why: impl fmt::Display) -> Failure {
    Failure::Lines {
        lines: vec![format!(
            "fw: it is not known whether the rules are in place: fw list says ({why})"
        )],
        status: UNKNOWN,
    }
}

/// Sends the rules of a text, and has the kernel do with them what the command says.
pub(crate) fn send(
    source: &Source,
    rules: &Rules,
    end: u8,
    counters: Counters,
    progress: &mut Progress,
) -> Result<Outcome, Failure> {
    let all = rules.rules.len();
    let mut asker = Asker::<Firewall>::new()?;
    let mut message = Message::default();
    let mut rest = rules.rules.iter().peekable();
    while rest.peek().is_some() {
        message.first += message.starts.len();
        message.bytes.clear();
        message.starts.clear();
        while message.bytes.len() < MESSAGE {
            match rest.next() {
                Some(rule) => message.put(rule, counters),
                None => break,
            }
        }
        progress.at(message.first, all);
        asker.begin(command::TRANSACTION_ADD, message.bytes.clone())?;
        asker.finish(|_| Ok(()))?.map_err(|refusal| {
            let text = refusal.to_string();
            let (number, why) = match numbered(&text) {
                Some((number, why)) => (Some(number), why),
                None => (None, text.as_str()),
            };
            let blamed = message.blamed(&refusal);
            match blamed.or(number.map(|at| (at, None))) {
                Some((at, attribute)) => {
                    source.refused(rules, at, attribute, format!("the kernel refuses: {why}"))
                }
                None => refusal.into(),
            }
        })?;
    }
    progress.stage("the kernel puts together", all);
    let mut count = Vec::new();
    let wanted = u32::try_from(all).unwrap_or(u32::MAX);
    put(&mut count, attribute::COUNT, &wanted.to_ne_bytes());
    asker.begin(end, count)?;
    let mut outcome = None;
    let answer = asker.finish(|attributes| {
        let mut told = Outcome::default();
        each(attributes, |attribute, value| {
            let value = number(value)?;
            match attribute {
                attribute::COUNT => told.count = value,
                attribute::COMPARISONS => told.comparisons = value,
                attribute::KEPT => told.kept = Some(value),
                _ => (),
            }
            Some(())
        })?;
        outcome = Some(told);
        Ok(())
    });
    judge(source, rules, end, answer, outcome)
}

/// What the answer to a check or a commit comes to.
fn judge(
    source: &Source,
    rules: &Rules,
    end: u8,
    answer: Result<Result<(), Refusal>, Failure>,
    outcome: Option<Outcome>,
) -> Result<Outcome, Failure> {
    let is_commit = end == command::TRANSACTION_COMMIT;
    let refusal = match (answer, outcome) {
        // It is done, whatever comes behind.
        (_, Some(outcome)) => return Ok(outcome),
        // It is done, but there was no room to say more.
        (Ok(Ok(())), None) if is_commit => {
            return Ok(Outcome {
                count: rules.rules.len() as u64,
                ..Outcome::default()
            });
        }
        (Ok(Ok(())), None) => return Err(Failure::new("the kernel does not say what it comes to")),
        (Err(failure), None) if is_commit => return Err(unknown(failure)),
        (Err(failure), None) => return Err(failure),
        (Ok(Err(refusal)), None) => refusal,
    };
    let Some(text) = &refusal.text else {
        return Err(match is_commit && !refusal.is_forbidden() {
            true => unknown(refusal),
            false => refusal.into(),
        });
    };
    Err(match numbered(text) {
        Some((at, why)) => source.refused(rules, at, None, format!("the kernel refuses: {why}")),
        // The rules are not to blame.
        None if refusal.errno == BUSY || refusal.is_forbidden() => refusal.into(),
        None => Failure::Lines {
            lines: vec![format!(
                "{}: the kernel refuses the rules: {text}",
                source.name
            )],
            status: WRONG,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            name: "rules".into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_refusal_is_of_a_place_in_the_text() {
        let source = source("# Two\ninput drop\ninput drop tcp to ::1 port 80\n");
        let rules = source.rules().unwrap();
        let mut message = Message {
            first: 0,
            ..Message::default()
        };
        for rule in &rules.rules {
            message.put(rule, Counters::GoOn);
        }
        let second = message.starts[1];
        let refusal = |at: usize| Refusal {
            errno: 22,
            offset: Some(ATTRIBUTES + at),
            ..Refusal::default()
        };
        // In the second: the nest, and in it the chain, the action, the family, the protocol, the address.
        assert_eq!(message.blamed(&refusal(second)), Some((1, None)));
        let address = second + 4 + 4 * 8;
        let blamed = message.blamed(&refusal(address)).unwrap();
        assert_eq!(blamed, (1, Some(crate::schema::rule::DESTINATION)));
        let failure = source.refused(&rules, blamed.0, blamed.1, "why".into());
        assert_eq!(failure.to_string(), "rules:3:19: why");
        assert_eq!(message.blamed(&Refusal::default()), None);
    }

    #[test]
    fn a_text_may_say_which_rule_it_is() {
        assert_eq!(numbered("rule 12: why: so"), Some((11, "why: so")));
        assert_eq!(numbered("rule 0: why"), None);
        assert_eq!(numbered("rules overlap"), None);
    }

    #[test]
    fn counters_begin_as_is_asked() {
        let rule = source("input drop packets 5\n")
            .rules()
            .unwrap()
            .rules
            .remove(0);
        let sent = |counters| {
            let mut message = Message::default();
            message.put(&rule, counters);
            let rule = message::rule(&message.bytes[4..]).unwrap();
            (rule.packets, rule.bytes)
        };
        assert_eq!(sent(Counters::GoOn), (None, None));
        assert_eq!(sent(Counters::AsSaid), (Some(5), Some(0)));
    }

    #[test]
    fn not_too_many_faults_are_said() {
        let failure = source(&"x\n".repeat(FAULTS + 5)).rules().unwrap_err();
        let said = failure.to_string();
        assert_eq!(said.lines().count(), FAULTS + 1);
        assert_eq!(said.lines().last(), Some("rules: and 5 more"));
    }

    #[test]
    fn what_may_have_been_done_is_not_said_to_be_refused() {
        let source = source("input drop\n");
        let rules = source.rules().unwrap();
        let refusal = |errno, text: Option<&str>| {
            Ok(Err(Refusal {
                errno,
                text: text.map(str::to_owned),
                offset: None,
            }))
        };
        let status = |end, answer, outcome| match judge(&source, &rules, end, answer, outcome) {
            Ok(outcome) => Err(outcome.count),
            Err(Failure::Lines { lines, status }) => {
                let says_so = lines.concat().starts_with("fw: it is not known whether");
                assert_eq!(says_so, status == UNKNOWN, "{lines:?}");
                Ok(status)
            }
            Err(_) => Ok(1),
        };
        let lost = || Err(Failure::new("netlink: no buffer space"));
        let done = Outcome {
            count: 1,
            ..Outcome::default()
        };
        let commit = command::TRANSACTION_COMMIT;
        for (answer, expected) in [
            (lost(), UNKNOWN),
            (refusal(12, None), UNKNOWN),
            (refusal(4, None), UNKNOWN),
            (refusal(7, Some("rules overlap")), WRONG),
            (refusal(17, Some("rule 1: twice")), WRONG),
            (refusal(16, Some("try again")), 1),
            (refusal(1, None), 1),
        ] {
            assert_eq!(status(commit, answer, None), Ok(expected));
        }
        assert_eq!(status(commit, lost(), Some(done)), Err(1));
        assert_eq!(status(commit, Ok(Ok(())), None), Err(1));
        let check = command::TRANSACTION_CHECK;
        for answer in [lost(), Ok(Ok(())), refusal(12, None)] {
            assert_eq!(status(check, answer, None), Ok(1));
        }
    }
}
