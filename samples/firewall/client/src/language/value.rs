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

/// Reads a number, or the least and the greatest one.
pub(super) fn range<N: std::str::FromStr + Copy + PartialOrd>(
    at: usize,
    word: &str,
    what: &str,
) -> Result<(N, N), Wrong> {
    let (first, last) = match word.split_once('-') {
        Some((first, last)) => (first, Some((at + first.len() + 1, last))),
        None => (word, None),
    };
    let first = number(at, first, what)?;
    let last = match last {
        Some((at, last)) => number(at, last, what)?,
        None => first,
    };
    match first > last {
        true => Err((at, format!("the last {what} of {word} is before the first"))),
        false => Ok((first, last)),
    }
}

/// Reads a number of 32 bits, in decimal or as in 0x1f.
fn wide(at: usize, word: &str) -> Result<u32, Wrong> {
    let Some(digits) = word.strip_prefix("0x") else {
        return number(at, word, "mark");
    };
    let hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| hex);
    value.ok_or_else(|| (at, format!("`{word}` is no mark")))
}

/// Reads a mark and the bits of it that are meant, if these are not all.
pub(super) fn mark(at: usize, word: &str) -> Result<(u32, u32), Wrong> {
    let Some((value, mask)) = word.split_once('/') else {
        return Ok((wide(at, word)?, u32::MAX));
    };
    let behind = at + value.len() + 1;
    let (value, mask) = (wide(at, value)?, wide(behind, mask)?);
    match mask {
        0 => Err((behind, "none of the bits is meant".into())),
        mask if value & !mask != 0 => {
            Err((at, format!("{word} has bits that are not in the mask")))
        }
        mask => Ok((value, mask)),
    }
}

/// Code points by their names: RFC 2474, 2597, 3246, 5865, 8622.
const CODE_POINTS: &[(u8, &str)] = &[
    (0, "cs0"),
    (8, "cs1"),
    (16, "cs2"),
    (24, "cs3"),
    (32, "cs4"),
    (40, "cs5"),
    (48, "cs6"),
    (56, "cs7"),
    (10, "af11"),
    (12, "af12"),
    (14, "af13"),
    (18, "af21"),
    (20, "af22"),
    (22, "af23"),
    (26, "af31"),
    (28, "af32"),
    (30, "af33"),
    (34, "af41"),
    (36, "af42"),
    (38, "af43"),
    (46, "ef"),
    (44, "va"),
    (1, "le"),
];

/// Reads a code point of differentiated services: a number or a name.
pub(super) fn dscp(at: usize, word: &str) -> Result<u8, Wrong> {
    if let Some((dscp, _)) = CODE_POINTS.iter().find(|(_, name)| *name == word) {
        return Ok(*dscp);
    }
    match number::<u8>(at, word, "code point: those go from 0 to 63")? {
        dscp if dscp < 64 => Ok(dscp),
        _ => Err((
            at,
            format!("`{word}` is no code point: those go from 0 to 63"),
        )),
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
