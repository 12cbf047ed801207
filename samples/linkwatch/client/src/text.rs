// SPDX-License-Identifier: GPL-2.0

//! A message in words, as `ip` says it.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

use crate::message::{Fields, Told, Value};

/// The names of the devices that there are, by what is told of them.
pub(crate) struct Names {
    /// By the index; with the number of the event that is known of the device.
    known: HashMap<u64, (u64, String)>,
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

    /// Whether there is a device with an index now, whatever was told.
    pub(crate) fn is_there(&self, index: u32) -> bool {
        rustix::net::netdevice::index_to_name(&self.socket, index).is_ok()
    }

    /// Forgets all: a snapshot follows.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }

    /// Takes a device's name from what is told of it, or forgets it with the device.
    pub(crate) fn learn(&mut self, told: &Fields<'_>) {
        let (Some(index), Some(name)) = (told.number("ifindex"), told.text("name")) else {
            return;
        };
        let sequence = told.number("sequence").unwrap_or(0);
        match self.known.get(&index) {
            // The snapshot says what has come of this event.
            Some((known, _)) if sequence < *known => (),
            _ if told.name("event") == Some("unregister") => {
                self.known.remove(&index);
            }
            _ => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.known.insert(index, (sequence, name));
            }
        }
    }

    /// A device's name; its index, if it is gone.
    fn of(&self, index: u64) -> Cow<'_, str> {
        match self.known.get(&index) {
            Some((_, name)) => name.into(),
            None => index.to_string().into(),
        }
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

    fn device(&mut self, told: &Fields<'_>, names: &Names) {
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

fn words(line: &mut Line, kind: &str, told: &Fields<'_>, names: &Names) {
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
