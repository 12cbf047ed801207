// SPDX-License-Identifier: GPL-2.0

//! Says what BBRv3 knows of the paths of a namespace's TCP sockets, and what it does, as `ss -ti` does of what
//! all algorithms have.

#![forbid(unsafe_code)]

mod filter;
#[path = "schema_generated.rs"]
mod schema;
mod socket;
mod text;
mod watch;

use std::{
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use kernet_client::{attribute, end, json, seconds, wait, Asker, Failure, Family};

use crate::{
    filter::{End, Filter, Prefix},
    schema::{command, stats},
    socket::Socket,
    watch::Log,
};

struct Bbr3;

impl Family for Bbr3 {
    const NAME: &'static str = schema::FAMILY;
    const MODULE: &'static str = "tcp_bbr3";
    const VERSION: u8 = schema::VERSION;
}

#[derive(Debug)]
struct Options {
    filter: Filter,
    watch: Option<Duration>,
    is_json: bool,
    has_header: bool,
    is_summary: bool,
}

/// Between two looks: who looks is to have time for something else.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

fn interval(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        interval if interval < LEAST_INTERVAL => Err("less than 0.01 seconds".into()),
        interval => Ok(interval),
    }
}

fn options() -> Command {
    let prefix = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("ADDRESS[/LENGTH]")
            .action(ArgAction::Append)
            .value_parser(Prefix::parse)
            .help(help)
    };
    let port = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("PORT")
            .action(ArgAction::Append)
            .value_parser(clap::value_parser!(u16))
            .help(help)
    };
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new("bbr3")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Says what BBRv3 knows of the paths of TCP sockets, and what it does.")
        .infer_long_args(true)
        .args([
            prefix("src", "Sockets with this local address alone; may be given more than once"),
            prefix("dst", "Sockets with this remote address alone; may be given more than once"),
            port("sport", "Sockets with this local port alone; may be given more than once"),
            port("dport", "Sockets with this remote port alone; may be given more than once"),
            Arg::new("watch")
                .long("watch")
                .value_name("SECONDS")
                .num_args(0..=1)
                .default_missing_value("1")
                .value_parser(interval)
                .help("Look again and again; on a terminal draw all anew, else print what has changed"),
            flag("json").help("A JSON object in each line"),
            flag("no-header").short('H').help("No header line"),
            flag("summary").short('s').help("How many sockets there are, and how many got no memory and use Reno")
                .conflicts_with_all(["src", "dst", "sport", "dport", "watch"]),
        ])
}

impl Options {
    fn of(matches: &ArgMatches) -> Self {
        let end = |prefixes, ports| End {
            prefixes: matches
                .get_many(prefixes)
                .into_iter()
                .flatten()
                .copied()
                .collect(),
            ports: matches
                .get_many(ports)
                .into_iter()
                .flatten()
                .copied()
                .collect(),
        };
        Self {
            filter: Filter {
                local: end("src", "sport"),
                remote: end("dst", "dport"),
            },
            watch: matches.get_one("watch").copied(),
            is_json: matches.get_flag("json"),
            has_header: !matches.get_flag("no-header"),
            is_summary: matches.get_flag("summary"),
        }
    }
}

/// By which sockets are sorted: the kernel's order means nothing.
fn order(socket: &Socket) -> (SocketAddr, SocketAddr, u64) {
    (socket.local, socket.remote, socket.cookie)
}

fn sockets(asker: &mut Asker<Bbr3>, filter: &Filter) -> Result<Vec<Socket>, Failure> {
    let mut sockets = Vec::new();
    asker.dump(command::SOCKET_GET, Vec::new(), |attributes| {
        let socket = Socket::parse(attributes)?;
        if filter.has(&socket) {
            sockets.push(socket);
        }
        Ok(())
    })?;
    sockets.sort_by_key(order);
    Ok(sockets)
}

type Out = BufWriter<StdoutLock<'static>>;

fn list(out: &mut Out, sockets: &[Socket], options: &Options) -> io::Result<()> {
    match options.is_json {
        true => sockets
            .iter()
            .try_for_each(|socket| json::line(out, socket)),
        false => text::table(out, sockets, options.has_header),
    }
}

/// Draws the sockets anew on a terminal.
fn redraw(out: &mut Out, sockets: &[Socket], options: &Options) -> io::Result<()> {
    let mut text = Vec::new();
    text::table(&mut text, sockets, options.has_header)?;
    // One that does not say how large it is is as they always were.
    let (rows, columns) = match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        _ => (24, 80),
    };
    watch::draw(out, &String::from_utf8_lossy(&text), rows, columns)
}

fn summary(out: &mut Out, asker: &mut Asker<Bbr3>, is_json: bool) -> Result<(), Failure> {
    let mut counts = std::collections::BTreeMap::new();
    asker.ask(command::STATS_GET, Vec::new(), |attributes| {
        attribute::each(attributes, |number, value| {
            let name = match number {
                stats::SOCKETS => "sockets",
                stats::FALLBACKS => "fallbacks",
                _ => return Some(()),
            };
            counts.insert(name, attribute::number(value)?);
            Some(())
        })
    })?;
    let written = match is_json {
        true => json::line(out, &counts),
        false => counts
            .iter()
            .try_for_each(|(name, count)| writeln!(out, "{name}: {count}")),
    };
    written.map_err(Failure::of_output)
}

fn run(options: &Options) -> Result<(), Failure> {
    let mut asker = Asker::new()?;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let flush = |out: &mut Out| out.flush().map_err(Failure::of_output);
    if options.is_summary {
        summary(&mut out, &mut asker, options.is_json)?;
        return flush(&mut out);
    }
    let Some(interval) = options.watch else {
        let sockets = sockets(&mut asker, &options.filter)?;
        list(&mut out, &sockets, options).map_err(Failure::of_output)?;
        return flush(&mut out);
    };
    let is_drawn = !options.is_json && io::stdout().is_terminal();
    if is_drawn {
        out.write_all(b"\x1b[2J").map_err(Failure::of_output)?;
    }
    let mut log = Log::default();
    loop {
        let sockets = sockets(&mut asker, &options.filter)?;
        let written = match is_drawn {
            true => redraw(&mut out, &sockets, options),
            false => log.write(&mut out, sockets, options.is_json),
        };
        written.map_err(Failure::of_output)?;
        flush(&mut out)?;
        wait(None, Instant::now().checked_add(interval))?;
    }
}

fn main() -> ExitCode {
    end("bbr3", run(&Options::of(&options().get_matches())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &str) -> Result<Options, String> {
        let words = std::iter::once("bbr3").chain(words.split_whitespace());
        let matches = options().try_get_matches_from(words);
        matches
            .map(|matches| Options::of(&matches))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_options_all_is_asked_for() {
        let options = parsed("").unwrap();
        assert_eq!(options.filter, Filter::default());
        assert_eq!(
            (options.watch, options.is_json, options.has_header),
            (None, false, true)
        );
        assert!(!options.is_summary);
    }

    #[test]
    fn options_are_taken() {
        let options = parsed(
            "--src 192.0.2.0/24 --dst ::1 --dst ::2 --sport 1 --dport 80 --dport 443 --json -H",
        )
        .unwrap();
        let prefix = |text| Prefix::parse(text).unwrap();
        assert_eq!(options.filter.local.prefixes, [prefix("192.0.2.0/24")]);
        assert_eq!(
            options.filter.remote.prefixes,
            [prefix("::1"), prefix("::2")]
        );
        assert_eq!(
            (options.filter.local.ports, options.filter.remote.ports),
            (vec![1], vec![80, 443])
        );
        assert!(options.is_json && !options.has_header);
    }

    #[test]
    fn the_interval_may_be_left_out() {
        let watch = |words| parsed(words).unwrap().watch;
        assert_eq!(watch("--watch"), Some(Duration::from_secs(1)));
        assert_eq!(watch("--watch --json"), Some(Duration::from_secs(1)));
        assert_eq!(
            watch("--watch 0.5 --json"),
            Some(Duration::from_millis(500))
        );
        assert_eq!(watch("--watch=2"), Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, why) in [
            (
                "--src 192.0.2.300",
                "192.0.2.300 is no address of IPv4 or IPv6",
            ),
            ("--dst ::/129", "129 is no length from 0 to 128"),
            ("--sport 65536", "65536"),
            ("--dport http", "http"),
            ("--watch 0", "less than 0.01 seconds"),
            ("--watch 0.009", "less than 0.01 seconds"),
            ("--watch -1", "-1"),
            ("--watch soon", "not a number of seconds"),
            ("--summary --watch", "cannot be used with"),
            ("more", "more"),
        ] {
            let error = parsed(words).unwrap_err();
            assert!(
                error.starts_with("error: ") && error.contains(why),
                "{words}: {error}"
            );
        }
    }
}
