// SPDX-License-Identifier: GPL-2.0

//! Prints what linkwatch tells, as `ip monitor` does: what there is first, then what happens.

#![forbid(unsafe_code)]

mod devices;
mod filter;
mod message;
mod netlink;
#[path = "schema_generated.rs"]
mod schema;
mod stream;
mod text;

use std::{
    collections::HashSet,
    io::{self, BufWriter, StdoutLock, Write},
    os::fd::AsFd,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Arg, ArgAction, Command};
use kernet_client::{attribute, end, json, seconds, wait, Asker, Failure, Listener, Lost};

use crate::{
    devices::Devices,
    message::{Fields, Told},
    netlink::Linkwatch,
    schema::{Kind, KINDS},
    stream::{Objects, Verdict},
    text::Names,
};

struct Options {
    /// Indexes into `KINDS`.
    kinds: Vec<usize>,
    devices: Vec<String>,
    duration: Option<Duration>,
    json: bool,
}

fn options() -> Options {
    let names = KINDS.each_ref().map(|kind| kind.name);
    let options = Command::new("linkwatch")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Prints what linkwatch tells, as `ip monitor` does: what there is first, then what happens.")
        .infer_long_args(true)
        .args([
            Arg::new("kind").long("kind").value_name("KIND").action(ArgAction::Append).value_parser(names)
                .help("This kind alone; may be given more than once"),
            Arg::new("dev").long("dev").value_name("NAME").action(ArgAction::Append)
                .help("What is about this device alone; may be given more than once"),
            Arg::new("duration").long("duration").value_name("SECONDS").value_parser(seconds)
                .help("End after as many seconds"),
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("A JSON object in each line"),
        ])
        .get_matches();
    let wanted: Vec<&String> = options.get_many("kind").into_iter().flatten().collect();
    let mut kinds = Vec::new();
    for name in wanted {
        // In the order asked for, each once.
        match names.iter().position(|known| known == name) {
            Some(index) if !kinds.contains(&index) => kinds.push(index),
            _ => (),
        }
    }
    if kinds.is_empty() {
        kinds.extend(0..KINDS.len());
    }
    Options {
        kinds,
        devices: options
            .get_many("dev")
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        duration: options.get_one("duration").copied(),
        json: options.get_flag("json"),
    }
}

/// Where the lines go.
struct Output {
    out: BufWriter<StdoutLock<'static>>,
    names: Names,
    json: bool,
}

impl Output {
    fn say(&mut self, kind: &Kind, fields: Fields<'_>) -> Result<(), Failure> {
        let told = Told {
            kind: kind.name,
            fields,
        };
        let written = match self.json {
            true => json::line(&mut self.out, &told),
            false => text::text(&mut self.out, &told, &mut self.names),
        };
        written.map_err(Failure::of_output)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::of_output)
    }
}

fn parse<'a>(attributes: &'a [u8], kind: &Kind) -> Result<Fields<'a>, Failure> {
    Fields::parse(attributes, kind.attributes).ok_or_else(|| {
        Failure::new(format!(
            "the kernel's message of a {} makes no sense",
            kind.name
        ))
    })
}

/// Says what there is, when events come already.
fn snapshot(
    asker: &mut Asker<Linkwatch>,
    kinds: &[usize],
    objects: &mut Objects,
    output: &mut Output,
) -> Result<(), Failure> {
    objects.clear();
    output.names.clear();
    // The devices first, for their names, whether they are asked for or not.
    let unsaid = KINDS
        .iter()
        .position(Kind::is_device)
        .filter(|device| kinds.first() != Some(device));
    let said = kinds.iter().map(|index| (*index, true));
    // A dump can be asked about one device.
    let device = match objects.devices.indexes()[..] {
        [device] => Some(device),
        _ => None,
    };
    let mut there = HashSet::new();
    for (index, is_said) in unsaid.map(|index| (index, false)).into_iter().chain(said) {
        let Some(kind) = KINDS.get(index) else {
            continue;
        };
        let device = device.filter(|_| !kind.is_device());
        let request = device.map_or(Vec::new(), |device| {
            attribute::made(schema::IFINDEX, &device.to_ne_bytes())
        });
        asker.dump(kind.get, request, |attributes| {
            let told = parse(attributes, kind)?;
            if kind.is_device() {
                output.names.learn(&told);
                there.extend(told.number("ifindex"));
            }
            if objects.entry(index, &told) && is_said {
                output.say(kind, told)?;
            }
            Ok(())
        })?;
    }
    objects.devices.snapshot(&there);
    Ok(())
}

/// Says what has happened until nothing more waits; `false` if some was missed.
fn events(
    listener: &mut Listener<Linkwatch>,
    objects: &mut Objects,
    output: &mut Output,
) -> Result<bool, Failure> {
    let mut whole = true;
    while whole {
        let more = listener.next(|command, attributes| {
            // What comes behind a gap the next snapshot says.
            if let (true, Some((index, kind))) = (whole, stream::of_event(command)) {
                let told = parse(attributes, kind)?;
                let verdict = objects.event(index, &told);
                if kind.is_device() {
                    output.names.learn(&told);
                    let names = &output.names;
                    objects.devices.event(&told, |index| names.is_there(index));
                }
                match verdict {
                    Verdict::News if objects.have(index) => output.say(kind, told)?,
                    Verdict::News | Verdict::Known => (),
                    Verdict::Gap => whole = false,
                }
            }
            Ok(())
        })?;
        match more {
            Ok(true) => (),
            Ok(false) => break,
            Err(Lost) => whole = false,
        }
    }
    Ok(whole)
}

fn follow(options: &Options) -> Result<(), Failure> {
    let until = options
        .duration
        .and_then(|duration| Instant::now().checked_add(duration));
    let names = Names::new()?;
    let mut devices = Devices::default();
    for name in &options.devices {
        let index = names
            .index(name)
            .map_err(|error| match error.raw_os_error() {
                Some(code) if code == rustix::io::Errno::NODEV.raw_os_error() => {
                    Failure::new(format!("--dev {name}: there is no such device"))
                }
                _ => Failure::new(format!("--dev {name}: {error}")),
            })?;
        devices.add(name, index);
    }
    let mut output = Output {
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        names,
        json: options.json,
    };
    let kinds: Vec<&Kind> = options
        .kinds
        .iter()
        .filter_map(|kind| KINDS.get(*kind))
        .collect();

    // Events wait in a socket of their own while the snapshot is taken by another.
    let mut asker = Asker::new()?;
    let indexes = devices.indexes();
    let wanted = (!devices.are_all()).then_some(&indexes[..]);
    let mut listener = netlink::listener(asker.numbers(), &kinds, wanted)?;
    let mut objects = Objects::new(options.kinds.clone(), devices);
    snapshot(&mut asker, &options.kinds, &mut objects, &mut output)?;
    loop {
        while !events(&mut listener, &mut objects, &mut output)? {
            listener.empty()?;
            // In the order in which it was said, though it may be one file.
            output.flush()?;
            // Where else could it be said that this cannot be said?
            let _ = writeln!(
                io::stderr(),
                "some events were missed; this is what there is now:"
            );
            snapshot(&mut asker, &options.kinds, &mut objects, &mut output)?;
        }
        output.flush()?;
        if let Some(name) = objects.devices.last() {
            return Err(Failure::new(format!("--dev {name}: the device is gone")));
        }
        if !wait(Some(listener.as_fd()), until)? {
            return Ok(());
        }
    }
}

fn main() -> ExitCode {
    end("linkwatch", follow(&options()))
}
