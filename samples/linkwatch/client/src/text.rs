// SPDX-License-Identifier: GPL-2.0

//! A message in words, as `ip` says it.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::message::{Fields, Told, Value};

/// The names of devices, as far as they are known.
pub(crate) struct Names {
    known: HashMap<u64, String>,
    /// The line that is being put together.
    line: String,
    /// By which the kernel is asked.
    socket: rustix::fd::OwnedFd,
}

impl Names {
    pub(crate) fn new() -> io::Result<Self> {
        use rustix::net::{socket_with, AddressFamily, SocketFlags, SocketType};
        Ok(Self {
            known: HashMap::new(),
            line: String::new(),
            socket: socket_with(
                AddressFamily::UNIX,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC,
                None,
            )?,
        })
    }

    /// The index of a device that is there.
    pub(crate) fn index(&self, name: &str) -> io::Result<u32> {
        Ok(rustix::net::netdevice::name_to_index(&self.socket, name)?)
    }

    /// Takes a device's name from what is told of it.
    pub(crate) fn learn(&mut self, told: &Fields<'_>) {
        if let (Some(index), Some(name)) = (told.number("ifindex"), told.text("name")) {
            self.known
                .insert(index, String::from_utf8_lossy(name).into_owned());
        }
    }

    /// A device's name; its index, if it is gone.
    fn of(&mut self, index: u64) -> &str {
        let socket = &self.socket;
        self.known.entry(index).or_insert_with(|| {
            u32::try_from(index)
                .ok()
                .and_then(|index| rustix::net::netdevice::index_to_name(socket, index).ok())
                .unwrap_or_else(|| index.to_string())
        })
    }
}

/// A line that is put together of words.
struct Line(String);

impl Line {
    /// Adds words, separated by a blank.
    fn say(&mut self, words: std::fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // A string takes all.
        let _ = self.0.write_fmt(words);
    }

    /// Adds an attribute, if it is there.
    fn value(&mut self, before: &str, value: Option<&Value<'_>>) {
        if let Some(value) = value {
            self.say(format_args!("{before}{value}"));
        }
    }

    fn device(&mut self, told: &Fields<'_>, names: &mut Names) {
        if let Some(index) = told.number("ifindex") {
            self.say(format_args!("dev {}", names.of(index)));
        }
    }

    /// An address with the length of its prefix.
    fn prefix(&mut self, address: Option<&Value<'_>>, length: Option<u64>) {
        if let (Some(address), Some(length)) = (address, length) {
            self.say(format_args!("{address}/{length}"));
        }
    }
}

fn words(line: &mut Line, kind: &str, told: &Fields<'_>, names: &mut Names) {
    match kind {
        "device" => {
            if let (Some(index), Some(name)) = (told.number("ifindex"), told.get("name")) {
                line.say(format_args!("{index}: {name}"));
            }
            let up = told.number("up") == Some(1);
            line.say(format_args!("{}", if up { "up" } else { "down" }));
            if told.number("carrier") == Some(0) {
                line.say(format_args!("no-carrier"));
            }
            line.value("mtu ", told.get("mtu"));
            line.value("", told.get("address"));
        }
        "address" => {
            let length = told.number("prefix-length");
            match told.get("peer") {
                Some(peer) => {
                    line.value("", told.get("address"));
                    line.say(format_args!("peer"));
                    line.prefix(Some(peer), length);
                }
                None => line.prefix(told.get("address"), length),
            }
            line.device(told, names);
            if told.get("secondary").is_some() {
                line.say(format_args!("secondary"));
            }
        }
        "neighbour" => {
            line.value("", told.get("address"));
            line.device(told, names);
            line.value("", told.get("hardware-address"));
            line.value("", told.get("state"));
        }
        _ => {
            line.prefix(told.get("destination"), told.number("destination-length"));
            line.value("table ", told.get("table"));
            line.value("metric ", told.get("metric"));
            for hop in told.nests("nexthop") {
                line.value("via ", hop.get("gateway"));
                line.device(hop, names);
            }
            line.value("nhid ", told.get("nexthop-id"));
        }
    }
}

/// Writes a message in words.
pub(crate) fn text(out: &mut impl Write, told: &Told<'_>, names: &mut Names) -> io::Result<()> {
    let mut line = Line(std::mem::take(&mut names.line));
    line.0.clear();
    line.say(format_args!(
        "{}",
        told.fields.number("sequence").unwrap_or(0)
    ));
    line.say(format_args!(
        "{} {}",
        told.kind,
        told.fields.name("event").unwrap_or("is")
    ));
    words(&mut line, told.kind, &told.fields, names);
    line.0.push('\n');
    out.write_all(line.0.as_bytes())?;
    names.line = line.0;
    Ok(())
}

/// A blank behind each colon and comma: for people's eyes.
struct Spaced(CompactFormatter);

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
}

/// Writes a message as a JSON object in a line.
pub(crate) fn json(out: &mut impl Write, told: &Told<'_>) -> io::Result<()> {
    serde::Serialize::serialize(
        told,
        &mut Serializer::with_formatter(&mut *out, Spaced(CompactFormatter)),
    )
    .map_err(io::Error::from)?;
    out.write_all(b"\n")
}
