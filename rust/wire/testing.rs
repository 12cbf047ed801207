// SPDX-License-Identifier: GPL-2.0

//! What the tests of every header do alike.

use std::{
    vec,
    vec::Vec, //
};

use super::{
    Error,
    Header, //
};

/// A generator of the same numbers in every run (xorshift64*), never cryptographic.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// `parse` takes `bytes`, which are all it needs, and more; every shorter length is truncated, and
/// the error says how many octets there are and asks for more than that, but no more than all.
pub(super) fn boundary(bytes: &[u8], parse: impl Fn(&[u8]) -> Result<(), Error>) {
    for have in 0..bytes.len() {
        match parse(&bytes[..have]) {
            Err(Error::Truncated { need, have: h, .. }) => {
                assert!(h as usize <= have, "{have}: {h}");
                assert!(need > h && need as usize <= bytes.len(), "{have}: {need}");
            }
            other => panic!("{have} of {} octets: {other:?}", bytes.len()),
        }
    }
    assert_eq!(parse(bytes), Ok(()));
    let mut longer = vec![0xa5; bytes.len() + 1];
    longer[..bytes.len()].copy_from_slice(bytes);
    assert_eq!(parse(&longer), Ok(()));
}

/// Any bytes are a header; what `rebuild` makes of its getters is the same bytes, and writing it
/// touches no others.
pub(super) fn round_trip<H: Header + PartialEq + core::fmt::Debug>(rebuild: impl Fn(&H) -> H) {
    let len = core::mem::size_of::<H>();
    let mut random = Random::new(len as u64);
    for _ in 0..500 {
        let bytes = random.bytes(len);
        let (header, rest) = H::view(&bytes).unwrap();
        assert!(rest.is_empty());
        let mut out = vec![0xa5; len + 1];
        let rebuilt = rebuild(header);
        assert_eq!(rebuilt, *header);
        assert_eq!(rebuilt.emit(&mut out).unwrap(), [0xa5]);
        assert_eq!(out[..len], bytes);
        let mut short = vec![0xa5; len - 1];
        assert_eq!(
            rebuilt.emit(&mut short),
            Err(Error::truncated(H::LAYER, len, len - 1))
        );
        assert!(short.iter().all(|byte| *byte == 0xa5));
    }
}
