// SPDX-License-Identifier: GPL-2.0

//! Attributes of a message.

use std::net::IpAddr;

use netlink_packet_core::{NlasIterator, NLA_F_NESTED};

use crate::Failure;

/// Of an attribute: its length and number.
const HEADER: usize = 4;

/// Shows each attribute's number and value; `show` says by `None` that a value makes no sense.
///
/// # Errors
///
/// If one makes no sense.
pub fn each<'a>(
    bytes: &'a [u8],
    mut show: impl FnMut(u16, &'a [u8]) -> Option<()>,
) -> Result<(), Failure> {
    for found in NlasIterator::new(bytes) {
        let found = found?;
        // The buffer goes on behind the attribute.
        let end = usize::from(found.length());
        let number = found.kind();
        found
            .into_inner()
            .get(HEADER..end)
            .and_then(|value| show(number, value))
            .ok_or_else(|| {
                Failure::new(format!(
                    "the kernel's message makes no sense: attribute {number}"
                ))
            })?;
    }
    Ok(())
}

/// A number of 1, 2, 4 or 8 bytes.
pub fn number(bytes: &[u8]) -> Option<u64> {
    match *bytes {
        [byte] => Some(byte.into()),
        [a, b] => Some(u16::from_ne_bytes([a, b]).into()),
        [a, b, c, d] => Some(u32::from_ne_bytes([a, b, c, d]).into()),
        _ => bytes.try_into().ok().map(u64::from_ne_bytes),
    }
}

/// An address of 4 or 16 bytes.
pub fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match <[u8; 4]>::try_from(bytes) {
        Ok(four) => Some(four.into()),
        Err(_) => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Appends an attribute; nothing, if its value is longer than an attribute can be.
pub fn put(message: &mut Vec<u8>, number: u16, value: &[u8]) {
    let Ok(length) = u16::try_from(HEADER + value.len()) else {
        return;
    };
    message.extend(length.to_ne_bytes());
    message.extend(number.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Appends a nest with what `fill` appends; nothing, if that is longer than an attribute can be.
pub fn put_nest(message: &mut Vec<u8>, number: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut nest = Vec::new();
    fill(&mut nest);
    put(message, number | NLA_F_NESTED, &nest);
}

/// The bytes of an attribute.
pub fn made(number: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, number, value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_read() {
        let mut bytes = made(3, &[1]);
        bytes.extend(made(4, &7u32.to_ne_bytes()));
        bytes.extend(made(5, &[]));
        let mut seen = Vec::new();
        each(&bytes, |number, value| {
            seen.push((number, value.to_vec()));
            Some(())
        })
        .unwrap();
        assert_eq!(seen, [(3, vec![1]), (4, vec![7, 0, 0, 0]), (5, vec![])]);
    }

    #[test]
    fn a_nest_has_the_length_of_what_is_in_it() {
        let mut bytes = vec![0; 4];
        put_nest(&mut bytes, 8, |message| put(message, 1, &[5, 6, 7]));
        assert_eq!(u16::from_ne_bytes([bytes[4], bytes[5]]), 12);
        let mut seen = Vec::new();
        each(&bytes[4..], |number, value| {
            seen.push((number, value.len()));
            Some(())
        })
        .unwrap();
        assert_eq!(seen, [(8, 8)]);
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        assert!(made(1, &vec![0; usize::from(u16::MAX) - 3]).is_empty());
        assert_eq!(made(1, &vec![0; usize::from(u16::MAX) - 4]).len(), 1 << 16);
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let refused = |bytes: &[u8]| each(bytes, |_, value| number(value).map(drop)).is_err();
        assert!(refused(&made(1, &[1, 2, 3])));
        // Longer than the message, and shorter than its own header.
        assert!(refused(&[9, 0, 1, 0, 1, 0, 0, 0]));
        assert!(refused(&[3, 0, 1, 0]));
        assert!(!refused(&made(1, &[1, 2])));
    }

    #[test]
    fn numbers_and_addresses_have_their_lengths() {
        let numbers = [
            &[5][..],
            &5u16.to_ne_bytes(),
            &5u32.to_ne_bytes(),
            &5u64.to_ne_bytes(),
        ];
        assert!(numbers.iter().all(|bytes| number(bytes) == Some(5)));
        assert_eq!(
            (number(&[]), number(&[0; 3]), number(&[0; 9])),
            (None, None, None)
        );
        assert_eq!(ip(&[192, 0, 2, 1]), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(ip(&[0; 16]), Some("::".parse().unwrap()));
        assert_eq!((ip(&[]), ip(&[0; 5])), (None, None));
    }
}
