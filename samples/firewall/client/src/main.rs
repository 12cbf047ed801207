// SPDX-License-Identifier: GPL-2.0

//! Checks, loads, lists and saves the rules of a network namespace's firewall.

#![forbid(unsafe_code)]

mod language;
mod load;
mod message;
mod monitor;
mod progress;
mod rule;
#[path = "schema_generated.rs"]
mod schema;
#[cfg(test)]
mod testing;
mod text;

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use kernet_client::{
    attribute::{each, number},
    end, seconds, Asker, Failure, Family, Plain,
};

use crate::{
    load::{Counters, Source},
    progress::Progress,
    rule::Rule,
    schema::{command, firewall as attribute},
};

/// How often a dump is begun anew when the rules change meanwhile.
const DUMPS: usize = 10;

struct Firewall;

impl Family for Firewall {
    const NAME: &'static str = schema::FAMILY;
    const MODULE: &'static str = "firewall";
    const VERSION: u8 = schema::VERSION;
}

fn options() -> Command {
    let file = || {
        Arg::new("file")
            .value_name("FILE")
            .help("A file of rules, or - for standard input")
    };
    let progress = || {
        Arg::new("progress")
            .long("progress")
            .action(ArgAction::SetTrue)
            .help("Say how far it has come, also where no terminal is")
    };
    let empty = Arg::new("empty")
        .long("empty")
        .action(ArgAction::SetTrue)
        .help("Let a text without rules and without an end delete all rules");
    Command::new("fw")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Checks, loads, lists and saves the rules of a network namespace's firewall.")
        .infer_long_args(true)
        .subcommand_required(true)
        .subcommands([
            Command::new("check")
                .about("Check whether a file's rules could be loaded; change nothing")
                .args([file().required(true), progress()]),
            Command::new("load")
                .about("Put a file's rules in the place of all; counters of rules that stay go on")
                .args([file().required(true), progress(), empty]),
            Command::new("list").about("Print the rules, and what they have counted"),
            Command::new("save")
                .about("Print the rules, their ids and their counters, for restore"),
            Command::new("restore")
                .about("Put back what save has printed, counters included")
                .args([file().default_value("-"), progress()]),
            Command::new("monitor")
                .about("Print the changes of rules as they happen")
                .arg(
                    Arg::new("duration")
                        .long("duration")
                        .value_name("SECONDS")
                        .value_parser(seconds)
                        .help("End after as many seconds"),
                ),
            Command::new("stats").about("Print what all rules together have counted"),
        ])
}

/// Writes to standard output.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Failure::of_output)
}

/// The rules that there are, of one moment.
fn rules() -> Result<Vec<Rule>, Failure> {
    let mut asker = Asker::<Firewall>::new()?;
    for _ in 0..DUMPS {
        let mut rules = Vec::new();
        let whole = asker.dump(command::RULE_GET, Vec::new(), |attributes| {
            let mut rule = None;
            each(attributes, |attribute, value| {
                if attribute == attribute::RULE {
                    rule = Some(value);
                }
                Some(())
            })?;
            rules.extend(rule.map(message::rule).transpose()?);
            Ok(())
        })?;
        if whole {
            return Ok(rules);
        }
    }
    Err(Failure::new(
        "the rules change all the time: they cannot be read as they are at one moment",
    ))
}

/// `1 rule`, `2 rules`.
fn counted(count: u64) -> String {
    format!("{count} rule{}", if count == 1 { "" } else { "s" })
}

fn send(
    options: &ArgMatches,
    name: &'static str,
    end: u8,
    counters: Counters,
) -> Result<(), Failure> {
    let file: &String = options
        .get_one("file")
        .ok_or_else(|| Failure::new("no file is named"))?;
    let source = Source::read(file)?;
    let rules = source.rules()?;
    let refuse = |why: &str| {
        let lines = vec![format!("{}: {why}", source.name)];
        Err(Failure::Lines {
            lines,
            status: load::WRONG,
        })
    };
    if counters == Counters::AsSaid && !rules.has_end {
        return refuse(
            "there is no line `end` in it, with which what `fw save` prints ends: it is not whole",
        );
    }
    // What comes from a program that has failed is empty, too.
    let is_meant = name != "load" || rules.has_end || options.get_flag("empty");
    if rules.rules.is_empty() && !is_meant {
        return refuse(
            "there is no rule in it, and all rules would be deleted; say --empty if they are to be",
        );
    }
    let mut progress = Progress::new(name, options.get_flag("progress"));
    let outcome = load::send(&source, &rules, end, counters, &mut progress)?;
    drop(progress);
    let comparisons = outcome.comparisons;
    let mut rules = counted(outcome.count);
    if let Some(new) = outcome.kept.map(|kept| outcome.count.saturating_sub(kept)) {
        rules += &format!(", {new} of them new");
    }
    let said = print(|out| match end {
        command::TRANSACTION_CHECK => {
            writeln!(
                out,
                "{}: {rules}; a packet is compared with at most {comparisons}",
                Plain(&source.name)
            )
        }
        _ => writeln!(out, "{rules}"),
    });
    if end == command::TRANSACTION_COMMIT {
        if let Err(failure) = said {
            // The status tells of the rules: they are in place.
            let _ = writeln!(
                io::stderr(),
                "fw: it is done: {rules}; but standard output takes it not"
            );
            failure.say("fw");
        }
        return Ok(());
    }
    said
}

fn stats() -> Result<(), Failure> {
    const LINES: [(u16, &str); 5] = [
        (attribute::COUNT, "rules"),
        (attribute::ACCEPTED, "accepted packets"),
        (attribute::DROPPED, "dropped packets"),
        (attribute::MALFORMED, "malformed packets"),
        (attribute::COMPARISONS, "comparisons at most"),
    ];
    let mut values = [0; LINES.len()];
    Asker::<Firewall>::new()?.ask(command::STATS_GET, Vec::new(), |attributes| {
        each(attributes, |attribute, value| {
            let found = LINES.iter().position(|(known, _)| *known == attribute);
            if let Some(place) = found.and_then(|found| values.get_mut(found)) {
                *place = number(value)?;
            }
            Some(())
        })
    })?;
    print(|out| {
        let mut lines = LINES.iter().zip(values);
        lines.try_for_each(|((_, name), value)| writeln!(out, "{name}: {value}"))
    })
}

fn run(name: &str, options: &ArgMatches) -> Result<(), Failure> {
    match name {
        "check" => send(options, "check", command::TRANSACTION_CHECK, Counters::GoOn),
        "load" => send(options, "load", command::TRANSACTION_COMMIT, Counters::GoOn),
        "restore" => send(
            options,
            "restore",
            command::TRANSACTION_COMMIT,
            Counters::AsSaid,
        ),
        "list" => {
            let rules = rules()?;
            print(|mut out| text::list(&mut out, &rules))
        }
        "save" => {
            let rules = rules()?;
            print(|mut out| text::save(&mut out, &rules))
        }
        "monitor" => monitor::follow(options.get_one("duration").copied()),
        _ => stats(),
    }
}

fn main() -> ExitCode {
    let options = options().get_matches();
    let Some((name, options)) = options.subcommand() else {
        return ExitCode::from(2);
    };
    end("fw", run(name, options))
}
