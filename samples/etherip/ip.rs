// SPDX-License-Identifier: GPL-2.0

//! `ip link add e0 type etherip ...`: the plugin for iproute2.

#![no_std]
#![forbid(unsafe_code)]

use core::{
    ffi::CStr,
    net::IpAddr, //
};
use iplink::{
    word,
    End,
    Json,
    Kind,
    Options,
    Refused,
    Shown, //
};

mod uapi;

iplink::plugin! { type: Etherip, kind: "etherip" }

struct Etherip;

/// Bit 0 of a TOS: the inner packet's, and the rest for those that have none.
const INHERIT: u8 = 1;

impl Kind for Etherip {
    const HELP: &'static CStr = c"\
Usage: ... etherip remote ADDR
\t\t[ local { ADDR | any } ]
\t\t[ { ttl | hoplimit } { TTL | inherit } ]
\t\t[ { tos | tclass } { TOS | inherit | inherit/TOS } ]
\t\t[ [no]pmtudisc ]
\t\t[ [no]ignore-df ]
\t\t[ dev DEV | nodev ]

ADDR := { IPV4_ADDRESS | IPV6_ADDRESS }
TTL  := 1..255
TOS  := 0..ff, or a name of /etc/iproute2/rt_dsfield
";

    const MAX_ATTR: u16 = uapi::IGNORE_DF;
    const SHOW: Option<fn(&Shown<'_>)> = Some(show);

    fn parse(options: &mut Options<'_>) -> Result<(), Refused> {
        while let Some(option) = options.next() {
            match option.to_bytes() {
                b"remote" => put_address(options, uapi::REMOTE)?,
                b"local" => put_address(options, uapi::LOCAL)?,
                b"ttl" | b"hoplimit" | b"hlim" => {
                    let ttl = ttl(options.value());
                    options.put(uapi::TTL, &[ttl])?;
                }
                b"tos" | b"tclass" | b"tc" | b"dsfield" => {
                    let tos = tos(options.value());
                    options.put(uapi::TOS, &[tos])?;
                }
                b"pmtudisc" => options.put(uapi::PMTUDISC, &[1])?,
                b"nopmtudisc" => options.put(uapi::PMTUDISC, &[0])?,
                b"ignore-df" => options.put(uapi::IGNORE_DF, &[1])?,
                b"noignore-df" => options.put(uapi::IGNORE_DF, &[0])?,
                b"dev" => {
                    let index = word::device(options.value())?;
                    options.put(uapi::LINK, &index.to_ne_bytes())?;
                }
                b"nodev" => options.put(uapi::LINK, &[0; 4])?,
                _ => return Err(options.unknown()),
            }
        }
        if options.creates() {
            options.require(uapi::REMOTE, c"remote");
        }
        Ok(())
    }
}

fn put_address(options: &mut Options<'_>, kind: u16) -> Result<(), Refused> {
    match word::address(options.value()) {
        IpAddr::V4(address) => options.put(kind, &address.octets()),
        IpAddr::V6(address) => options.put(kind, &address.octets()),
    }
}

fn ttl(word: &CStr) -> u8 {
    if word == c"inherit" {
        return 0;
    }
    word::u8(word).unwrap_or_else(|| word::invalid(word, c"a TTL is 1 to 255, or inherit"))
}

fn tos(word: &CStr) -> u8 {
    if word == c"inherit" {
        return INHERIT;
    }
    let (number, flag) = match word.to_bytes_with_nul().strip_prefix(b"inherit/") {
        Some(rest) => (CStr::from_bytes_with_nul(rest).unwrap_or(c""), INHERIT),
        None => (word, 0),
    };
    match word::dsfield(number) {
        Some(tos) => tos | flag,
        None => word::invalid(
            word,
            c"a TOS is 0 to ff (hexadecimal), a name in rt_dsfield, inherit, or inherit/TOS",
        ),
    }
}

fn show(shown: &Shown<'_>) {
    shown.endpoint(End::Remote, uapi::REMOTE);
    shown.endpoint(End::Local, uapi::LOCAL);
    if let Some(link) = shown.u32(uapi::LINK).filter(|link| *link != 0) {
        shown.device("dev", c"link", link);
    }
    if let Some(ttl) = shown.u8(uapi::TTL) {
        shown.json(c"ttl", Json::Number(ttl.into()));
        match ttl {
            0 => shown.text(format_args!("ttl inherit ")),
            _ => shown.text(format_args!("ttl {ttl} ")),
        }
    }
    if let Some(tos) = shown.u8(uapi::TOS).filter(|tos| *tos != 0) {
        shown.json(c"tos", Json::Hex(tos.into()));
        match (tos & !INHERIT, tos & INHERIT) {
            (0, _) => shown.text(format_args!("tos inherit ")),
            (tos, 0) => shown.text(format_args!("tos {tos:#x} ")),
            (tos, _) => shown.text(format_args!("tos inherit/{tos:#x} ")),
        }
    }
    if let Some(on) = shown.u8(uapi::PMTUDISC) {
        shown.json(c"pmtudisc", Json::Bool(on != 0));
        if on == 0 {
            shown.text(format_args!("nopmtudisc "));
        }
    }
    if shown.u8(uapi::IGNORE_DF).is_some_and(|on| on != 0) {
        shown.json(c"ignore_df", Json::Bool(true));
        shown.text(format_args!("ignore-df "));
    }
}
