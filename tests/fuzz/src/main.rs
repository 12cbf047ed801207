// SPDX-License-Identifier: GPL-2.0

//! Throws packets that are nearly valid at the device behind its standard input.
//!
//! usage: throw form=packet|tap|frags seed=N count=N kinds=KIND,... KEY=VALUE...
//!
//! The input is a packet socket that is bound, with PACKET_VNET_HDR (form `packet`), or a tap device
//! with IFF_VNET_HDR (`tap`), to which a packet may be written in pieces (`frags`: IFF_NAPI_FRAGS).
//! The same words throw the same packets. It says in the end how many were taken, and what was said
//! of those that were not.

#![forbid(unsafe_code)]

mod flow;
mod frame;
mod mutation;
mod port;

use std::{
    collections::BTreeMap,
    env,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    process::ExitCode,
    str::FromStr,
};

use fastrand::Rng;
use flow::Ends;
use port::{
    Form,
    Port, //
};

type Words = BTreeMap<String, String>;

fn word<T: FromStr>(words: &Words, name: &str) -> Result<T, String> {
    let text = words.get(name).ok_or(format!("{name}= is missing"))?;
    text.parse()
        .map_err(|_| format!("{name}={text} is not understood"))
}

fn mac(words: &Words, name: &str) -> Result<[u8; 6], String> {
    let text: String = word(words, name)?;
    let octets: Option<Vec<u8>> = text
        .split(':')
        .map(|octet| u8::from_str_radix(octet, 16).ok())
        .collect();
    octets
        .and_then(|octets| octets.try_into().ok())
        .ok_or(format!("{name}={text} is no address"))
}

fn run() -> Result<(), String> {
    let words: Words = env::args()
        .skip(1)
        .filter_map(|word| {
            word.split_once('=')
                .map(|(key, value)| (key.into(), value.into()))
        })
        .collect();
    let ends = Ends {
        from: mac(&words, "from")?,
        to: mac(&words, "to")?,
        from4: word::<Ipv4Addr>(&words, "from4")?,
        to4: word::<Ipv4Addr>(&words, "to4")?,
        from6: word::<Ipv6Addr>(&words, "from6")?,
        to6: word::<Ipv6Addr>(&words, "to6")?,
    };
    let kinds: String = word(&words, "kinds")?;
    let frames = kinds
        .split(',')
        .map(|kind| flow::frames(kind, &ends))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let form = match words.get("form").map(String::as_str) {
        Some("packet") => Form::Packet,
        Some("tap") => Form::Tap,
        Some("frags") => Form::Pieces,
        _ => return Err("form= is packet, tap or frags".into()),
    };
    let count: u64 = word(&words, "count")?;
    let mut rng = Rng::with_seed(word(&words, "seed")?);
    let mut port = Port::new(form).map_err(|error| format!("standard input: {error}"))?;
    // Short ones are many, as those that are copied take the time.
    let (long, short): (Vec<_>, Vec<_>) = frames
        .into_iter()
        .partition(|frame| frame.bytes.len() > 2000);
    for _ in 0..count {
        let of = if long.is_empty() || rng.u8(..) < 220 {
            &short
        } else {
            &long
        };
        let frame = &of[rng.usize(..of.len())];
        port.throw(mutation::changed(&mut rng, frame), &mut rng);
    }
    port.flush();
    println!("{}", port.said());
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("throw: {error}");
            ExitCode::FAILURE
        }
    }
}
