// SPDX-License-Identifier: GPL-2.0

//! Options of the form that IPv4 and TCP share: a kind, and but for two kinds a length and data.
//!
//! Specification: RFC 791 section 3.1, RFC 9293 section 3.1.

use core::iter::FusedIterator;

use super::{
    Error,
    Layer, //
};

/// The kind of octet that ends the list.
pub const END: u8 = 0;

/// The kind of octet that pads between options.
pub const NO_OPERATION: u8 = 1;

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// What it is.
    pub kind: u8,
    /// What it says; without the octets of kind and length.
    pub data: &'a [u8],
}

/// The options of a header, padding left out.
///
/// Each is there in full, or is an [`Error::BadOption`], which is the last item.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    layer: Layer,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    pub(super) const fn new(layer: Layer, bytes: &'a [u8]) -> Self {
        Self { layer, rest: bytes }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<Item<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [kind, rest @ ..] = self.rest {
            match *kind {
                END => break,
                NO_OPERATION => self.rest = rest,
                kind => {
                    // Both RFCs: the length counts the octets of kind and length.
                    let data = rest.split_first().and_then(|(len, rest)| {
                        rest.split_at_checked(usize::from(*len).checked_sub(2)?)
                    });
                    let Some((data, rest)) = data else {
                        self.rest = &[];
                        return Some(Err(Error::BadOption {
                            layer: self.layer,
                            kind,
                        }));
                    };
                    self.rest = rest;
                    return Some(Ok(Item { kind, data }));
                }
            }
        }
        self.rest = &[];
        None
    }
}

impl FusedIterator for Options<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        vec,
        vec::Vec, //
    };

    fn all(bytes: &[u8]) -> Vec<Result<Item<'_>, Error>> {
        Options::new(Layer::Ipv4, bytes).collect()
    }

    #[test]
    fn well_formed() {
        assert_eq!(all(&[]), vec![]);
        assert_eq!(all(&[1, 1, 1]), vec![]);
        let empty = Item { kind: 7, data: &[] };
        let two = Item {
            kind: 8,
            data: &[0xaa, 0xbb],
        };
        assert_eq!(
            all(&[1, 7, 2, 1, 8, 4, 0xaa, 0xbb, 0, 9]),
            vec![Ok(empty), Ok(two)]
        );
    }

    #[test]
    fn malformed() {
        let bad = Err(Error::BadOption {
            layer: Layer::Ipv4,
            kind: 7,
        });
        // No length; lengths below two; one octet short.
        for bytes in [
            &[7][..],
            &[7, 0],
            &[7, 1, 1],
            &[7, 2 + 1],
            &[7, 5, 0, 0],
            &[7, 255, 0],
        ] {
            assert_eq!(all(bytes), vec![bad], "{bytes:?}");
        }
        let first = Ok(Item {
            kind: 9,
            data: &[0],
        });
        assert_eq!(all(&[9, 3, 0, 7, 9, 0, 9, 3, 0]), vec![first, bad]);
    }
}
