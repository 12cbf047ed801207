// SPDX-License-Identifier: GPL-2.0

//! `ip link add x0 type siit ...`: the plugin for iproute2.

#![no_std]
#![forbid(unsafe_code)]

use core::{
    ffi::CStr,
    fmt::{
        self,
        Write, //
    },
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    str::FromStr, //
};
use iplink::{
    word,
    Json,
    Kind,
    Options,
    Refused,
    Shown, //
};

mod uapi;

iplink::plugin! { type: Siit, kind: "siit" }

struct Siit;

impl Kind for Siit {
    const HELP: &'static CStr = c"\
Usage: ... siit [ prefix PREFIX6 | noprefix ]
\t\t[ lowest-ipv6-mtu MTU ]
\t\t[ [no]zero-checksum ]
\t\t[ [no]hairpin ]
\t\t[ [no]private ]
\t\t[ [no]copy-class ]
\t\t[ source4 PREFIX4 ]
\t\t[ source6 PREFIX6 ]

PREFIX6 := IPV6_ADDRESS/LEN; of a prefix LEN is 32, 40, 48, 56, 64 or 96
PREFIX4 := IPV4_ADDRESS/LEN
MTU     := 1280..65535
";

    const MAX_ATTR: u16 = uapi::MAPPINGS;
    const SHOW: Option<fn(&Shown<'_>)> = Some(show);

    fn parse(options: &mut Options<'_>) -> Result<(), Refused> {
        while let Some(option) = options.next() {
            let (name, on) = match option.to_bytes() {
                [b'n', b'o', name @ ..] => (name, 0),
                name => (name, 1),
            };
            match (name, on) {
                (b"prefix", 1) => {
                    let (address, len) = prefix::<Ipv6Addr>(options.value(), 128);
                    options.put(uapi::PREFIX, &address.octets())?;
                    options.put(uapi::PREFIX_LEN, &[len])?;
                }
                (b"prefix", _) => options.put(uapi::PREFIX_LEN, &[0])?,
                (b"lowest-ipv6-mtu", 1) => {
                    let word = options.value();
                    let mtu = word::u32(word)
                        .unwrap_or_else(|| word::invalid(word, c"an MTU is 1280 to 65535"));
                    options.put(uapi::LOWEST_IPV6_MTU, &mtu.to_ne_bytes())?;
                }
                (b"zero-checksum", on) => options.put(uapi::ZERO_CHECKSUM, &[on])?,
                (b"hairpin", on) => options.put(uapi::HAIRPIN, &[on])?,
                (b"private", on) => options.put(uapi::PRIVATE, &[on])?,
                (b"copy-class", on) => options.put(uapi::COPY_CLASS, &[on])?,
                (b"source4", 1) => {
                    let (address, len) = prefix::<Ipv4Addr>(options.value(), 32);
                    options.put(uapi::SOURCE4, &address.octets())?;
                    options.put(uapi::SOURCE4_LEN, &[len])?;
                }
                (b"source6", 1) => {
                    let (address, len) = prefix::<Ipv6Addr>(options.value(), 128);
                    options.put(uapi::SOURCE6, &address.octets())?;
                    options.put(uapi::SOURCE6_LEN, &[len])?;
                }
                _ => return Err(options.unknown()),
            }
        }
        Ok(())
    }
}

/// An address and a length, which is `max` if there is none.
fn prefix<A: FromStr>(word: &CStr, max: u8) -> (A, u8) {
    let parsed = word.to_str().ok().and_then(|text| {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, len.parse().ok()?),
            None => (text, max),
        };
        (len <= max).then_some((address.parse().ok()?, len))
    });
    parsed.unwrap_or_else(|| word::invalid(word, c"a prefix is an address, / and a length"))
}

/// Text with a NUL behind it.
struct Text([u8; 64], usize);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // The last octet stays zero.
            let place = self.0.get_mut(self.1).filter(|_| self.1 < 63);
            *place.ok_or(fmt::Error)? = byte;
            self.1 += 1;
        }
        Ok(())
    }
}

/// Shows a prefix behind its name, which is the key in JSON, too.
fn show_prefix(shown: &Shown<'_>, name: &CStr, address: impl fmt::Display, len: u8) {
    let mut text = Text([0; 64], 0);
    if write!(text, "{address}/{len}").is_err() {
        return;
    }
    if let (Ok(text), Ok(label)) = (CStr::from_bytes_until_nul(&text.0), name.to_str()) {
        shown.json(name, Json::String(text));
        shown.text(format_args!("{label} {address}/{len} "));
    }
}

fn show(shown: &Shown<'_>) {
    let address6 = |kind| {
        let octets: &[u8; 16] = shown.payload(kind)?.first_chunk()?;
        Some(Ipv6Addr::from(*octets))
    };
    if let (Some(prefix), Some(len)) = (address6(uapi::PREFIX), shown.u8(uapi::PREFIX_LEN)) {
        show_prefix(shown, c"prefix", prefix, len);
    }
    if let Some(mtu) = shown.u32(uapi::LOWEST_IPV6_MTU) {
        shown.json(c"lowest_ipv6_mtu", Json::Number(mtu));
        shown.text(format_args!("lowest-ipv6-mtu {mtu} "));
    }
    for (kind, key, name, usual) in [
        (uapi::ZERO_CHECKSUM, c"zero_checksum", "zero-checksum", 0),
        (uapi::HAIRPIN, c"hairpin", "hairpin", 1),
        (uapi::PRIVATE, c"private", "private", 0),
        (uapi::COPY_CLASS, c"copy_class", "copy-class", 1),
    ] {
        let Some(on) = shown.u8(kind) else {
            continue;
        };
        shown.json(key, Json::Bool(on != 0));
        match (on, usual) {
            (1, 0) => shown.text(format_args!("{name} ")),
            (0, 1) => shown.text(format_args!("no{name} ")),
            _ => {}
        }
    }
    if let Some(octets) = shown
        .payload(uapi::SOURCE4)
        .and_then(<[u8]>::first_chunk::<4>)
    {
        let address = Ipv4Addr::from(*octets);
        let len = shown.u8(uapi::SOURCE4_LEN).unwrap_or(32);
        show_prefix(shown, c"source4", address, len);
    }
    if let Some(address) = address6(uapi::SOURCE6) {
        let len = shown.u8(uapi::SOURCE6_LEN).unwrap_or(128);
        show_prefix(shown, c"source6", address, len);
    }
    if let Some(count) = shown.u32(uapi::MAPPINGS) {
        shown.json(c"mappings", Json::Number(count));
        if count != 0 {
            shown.text(format_args!("mappings {count} "));
        }
    }
}
