// SPDX-License-Identifier: GPL-2.0

//! What words say: numbers, addresses, ports, names.

use std::net::IpAddr;

use super::Wrong;
use crate::rule::{Flags, Prefix};

/// Reads a number; `what` it is the number of.
pub(super) fn number<N: std::str::FromStr>(at: usize, word: &str, what: &str) -> Result<N, Wrong> {
    // Signs are none of the language's.
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let value = word.parse().ok().filter(|_| digits);
    value.ok_or_else(|| (at, format!("`{word}` is no {what}")))
}

/// Names in a sentence.
pub(super) fn listed(names: &[(u8, &str)]) -> String {
    let names: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    match &names[..] {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => names.concat(),
    }
}

/// Reads an address, or one and the length of a prefix.
pub(super) fn prefix(at: usize, word: &str) -> Result<Prefix, Wrong> {
    let (address, len) = match word.split_once('/') {
        Some((address, len)) => (address, Some((at + address.len() + 1, len))),
        None => (word, None),
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| (at, format!("`{address}` is no address")))?;
    let width = Prefix::width(&address);
    let len = match len {
        None => width,
        Some((at, "")) => return Err((at, "a prefix wants its length behind the /".into())),
        Some((at, len)) => match number::<u8>(at, len, "length of a prefix")? {
            len if len > width => {
                return Err((at, format!("an address of this kind has {width} bits")))
            }
            len => len,
        },
    };
    let prefix = Prefix::of(address, len);
    if prefix.address != address {
        return Err((
            at,
            format!("{word} has bits behind the prefix: the network is {prefix}"),
        ));
    }
    Ok(prefix)
}

/// Reads a port, or the first and the last one.
pub(super) fn ports(at: usize, word: &str) -> Result<(u16, u16), Wrong> {
    let (first, last) = match word.split_once('-') {
        Some((first, last)) => (first, Some((at + first.len() + 1, last))),
        None => (word, None),
    };
    let first = number(at, first, "port")?;
    let last = match last {
        Some((at, last)) => number(at, last, "port")?,
        None => first,
    };
    match first > last {
        true => Err((at, format!("the last port of {word} is before the first"))),
        false => Ok((first, last)),
    }
}

/// Reads names that are bits, with commas between them.
pub(super) fn bits(at: usize, word: &str, names: &[(u8, &str)], what: &str) -> Result<u8, Wrong> {
    let mut all = 0;
    let mut at = at;
    for name in word.split(',') {
        let Some((bit, _)) = names.iter().find(|(_, known)| *known == name) else {
            let names = listed(names);
            return Err((at, format!("`{name}` is no {what}: {names} is one")));
        };
        if all & bit != 0 {
            return Err((at, format!("the {what} {name} is said twice")));
        }
        all |= bit;
        at += name.len() + 1;
    }
    Ok(all)
}

/// Reads flags that are set, and those that are looked at, if others are, too.
pub(super) fn flags(at: usize, word: &str) -> Result<(Flags, Flags), Wrong> {
    let read = |at, word| bits(at, word, Flags::NAMES, "flag").map(Flags);
    let Some((set, mask)) = word.split_once('/') else {
        let set = read(at, word)?;
        return Ok((set, set));
    };
    let looked = read(at + set.len() + 1, mask)?;
    let set = match set {
        "none" => Flags(0),
        set => read(at, set)?,
    };
    match set.0 & !looked.0 {
        0 => Ok((set, looked)),
        other => {
            let mut column = at;
            for name in word.split([',', '/']) {
                let known = Flags::NAMES.iter().find(|(_, known)| *known == name);
                if known.is_some_and(|(bit, _)| other & bit != 0) {
                    break;
                }
                column += name.len() + 1;
            }
            Err((column, format!("{} is not among {looked}", Flags(other))))
        }
    }
}
