// SPDX-License-Identifier: GPL-2.0

//! The walk over IPv6 extension headers; public as part of [`ipv6`](super::ipv6).

use core::iter::FusedIterator;

use zerocopy::network_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    ip::{
        Fragment,
        Protocol, //
    },
    options::Item,
    Error,
    Header as _,
    Layer, //
};

/// The most extension headers that are passed over.
///
/// RFC 8504 section 5.3 lets a host set such a limit; RFC 8200 section 4.1 recommends an order in
/// which there are seven.
pub const MAX_EXTENSIONS: u8 = 8;

/// The first eight octets of any extension header that the walk passes over.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ip::{Fragment, Protocol}, ipv6::Extension};
///
/// let second = Fragment { identification: 7, offset: 1232, more: false };
/// let header = Extension::fragment_header(Protocol::UDP, second);
/// assert_eq!((header.next_header(), header.fragment()), (Protocol::UDP, second));
/// ```
#[doc(alias = "struct ipv6_opt_hdr")]
#[doc(alias = "struct frag_hdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Extension {
    next_header: u8,
    len: u8,
    offset_flags: U16,
    identification: U32,
}

header!(Extension, Ipv6Extension, 8);

impl Extension {
    /// A fragment header before `next_header`; of the offset, in octets, what is below a multiple
    /// of 8 is cut off.
    #[inline]
    pub const fn fragment_header(next_header: Protocol, fragment: Fragment) -> Self {
        let more = if fragment.more { 1 } else { 0 };
        Self {
            next_header: next_header.0,
            len: 0,
            offset_flags: U16::new((fragment.offset & !7) | more),
            identification: U32::new(fragment.identification),
        }
    }

    /// What follows the extension header (`nexthdr`).
    #[doc(alias = "nexthdr")]
    #[inline]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.next_header)
    }

    /// Its length in octets, as a header of `protocol`; `None` if that is not passed over.
    #[doc(alias = "ipv6_optlen")]
    #[inline]
    pub fn len(&self, protocol: Protocol) -> Option<usize> {
        let len = usize::from(self.len);
        match protocol {
            // RFC 8200 sections 4.3, 4.4 and 4.6: in units of 8 octets, less the first.
            Protocol::HOP_BY_HOP | Protocol::ROUTING | Protocol::DESTINATION_OPTIONS => {
                Some(len.saturating_add(1).saturating_mul(8))
            }
            // RFC 8200 section 4.5: fixed; the octet is reserved and ignored.
            Protocol::FRAGMENT => Some(Self::LEN),
            // RFC 4302 section 2.2: in units of 4 octets, less two.
            Protocol::AH => Some(len.saturating_add(2).saturating_mul(4)),
            _ => None,
        }
    }

    /// How many segments are left, of a routing header (RFC 8200 section 4.4): if there are any, the
    /// packet's destination is not the final one.
    #[doc(alias = "ipv6_rt_hdr::segments_left")]
    #[inline]
    pub const fn segments_left(&self) -> u8 {
        // The fourth octet.
        self.offset_flags.get().to_be_bytes()[1]
    }

    /// What it says as a fragment header (RFC 8200 section 4.5).
    #[inline]
    pub const fn fragment(&self) -> Fragment {
        let bits = self.offset_flags.get();
        Fragment {
            identification: self.identification.get(),
            offset: bits & !7,
            more: bits & 1 != 0,
        }
    }
}

/// What is behind the extension headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upper {
    /// The protocol that the walk ended at; [`Protocol::NO_NEXT`] if nothing follows.
    pub protocol: Protocol,
    /// Where it begins, in octets from the end of the IPv6 header.
    pub offset: usize,
    /// What the fragment header says, if there is one.
    pub fragment: Option<Fragment>,
}

impl Upper {
    /// Whether the header of `protocol` is at `offset`; in a later fragment there is data.
    #[inline]
    pub fn has_header(&self) -> bool {
        self.protocol != Protocol::NO_NEXT && self.fragment.is_none_or(Fragment::is_first)
    }
}

/// A walk over extension headers that is given their first octets one header at a time
/// (`ipv6_skip_exthdr()`).
///
/// Whether all of a header is in the packet shows at the next one, or is for the owner of the
/// packet to compare with [`Upper::offset`].
///
/// # Examples
///
/// That of [`ipv6`](super::ipv6).
#[doc(alias = "ipv6_skip_exthdr")]
#[doc(alias = "ipv6_find_hdr")]
#[derive(Clone, Copy, Debug)]
pub struct Extensions {
    upper: Upper,
    passed: u8,
}

impl Extensions {
    /// A walk that begins behind an IPv6 header whose next header is `first`.
    #[inline]
    pub const fn new(first: Protocol) -> Self {
        Self {
            upper: Upper {
                protocol: first,
                offset: 0,
                fragment: None,
            },
            passed: 0,
        }
    }

    /// Where the next [`Extension`] is, in octets from the end of the IPv6 header; `None` at the
    /// end of the walk.
    #[inline]
    pub fn wanted(&self) -> Option<usize> {
        let extension = matches!(
            self.upper.protocol,
            Protocol::HOP_BY_HOP
                | Protocol::ROUTING
                | Protocol::FRAGMENT
                | Protocol::AH
                | Protocol::DESTINATION_OPTIONS
        );
        // RFC 8200 section 4.5: the rest of the headers is in the first fragment only.
        let later = self.upper.fragment.is_some_and(|f| !f.is_first());
        (extension && !later).then_some(self.upper.offset)
    }

    /// Passes over the extension header at [`Extensions::wanted`]. At the end of the walk it does
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Error::BadOrder`], [`Error::TooMany`].
    #[inline]
    pub fn step(&mut self, extension: &Extension) -> Result<(), Error> {
        let layer = Layer::Ipv6Extension;
        let protocol = self.upper.protocol;
        let (Some(_), Some(len)) = (self.wanted(), extension.len(protocol)) else {
            return Ok(());
        };
        // RFC 8200 section 4.1: hop-by-hop options stand immediately after the IPv6 header only;
        // the others in any order, any number of times.
        if protocol == Protocol::HOP_BY_HOP && self.passed != 0 {
            return Err(Error::BadOrder { layer, protocol });
        }
        if self.passed >= MAX_EXTENSIONS {
            return Err(Error::TooMany { layer });
        }
        self.passed = self.passed.saturating_add(1);
        if protocol == Protocol::FRAGMENT {
            self.upper.fragment = Some(extension.fragment());
        }
        self.upper.protocol = extension.next_header();
        self.upper.offset = self.upper.offset.saturating_add(len);
        Ok(())
    }

    /// Where the walk is; at its end, what is behind the extension headers.
    #[inline]
    pub const fn upper(&self) -> Upper {
        self.upper
    }
}

/// Passes over the extension headers of a payload that is all in one slice.
///
/// # Errors
///
/// [`Error::Truncated`] if a header is not all there, and those of [`Extensions::step`].
#[inline]
pub fn extensions(bytes: &[u8], first: Protocol) -> Result<Upper, Error> {
    let mut walk = Extensions::new(first);
    let truncated = |need| Error::truncated(Layer::Ipv6Extension, need, bytes.len());
    while let Some(offset) = walk.wanted() {
        let rest = bytes.get(offset..).ok_or_else(|| truncated(offset))?;
        let (extension, _) = Extension::view(rest)?;
        walk.step(extension)?;
    }
    let upper = walk.upper();
    if upper.offset > bytes.len() {
        return Err(truncated(upper.offset));
    }
    Ok(upper)
}

/// The options of a hop-by-hop or destination options header, padding left out.
///
/// Each is there in full, or is an [`Error::BadOption`], which is the last item.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::ipv6::Options;
///
/// // A hop-by-hop header: a router alert (5), and padding (1).
/// let extension = [17, 0, 5, 2, 0, 0, 1, 0];
/// let kinds: Result<Vec<u8>, _> = Options::new(&extension[2..]).map(|item| Ok(item?.kind)).collect();
/// assert_eq!(kinds, Ok::<_, wire::Error>(vec![5]));
/// ```
#[derive(Clone, Debug)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// Goes over `bytes`, an extension header without its first two octets.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<Item<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [kind, rest @ ..] = self.0 {
            // RFC 8200 section 4.2: Pad1 is one octet, PadN has a length as all others do.
            if *kind == 0 {
                self.0 = rest;
                continue;
            }
            let data = rest
                .split_first()
                .and_then(|(len, rest)| rest.split_at_checked(usize::from(*len)));
            let Some((data, rest)) = data else {
                self.0 = &[];
                return Some(Err(Error::BadOption {
                    layer: Layer::Ipv6Extension,
                    kind: *kind,
                }));
            };
            self.0 = rest;
            if *kind != 1 {
                return Some(Ok(Item { kind: *kind, data }));
            }
        }
        None
    }
}

impl FusedIterator for Options<'_> {}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            testing::{
                boundary,
                round_trip,
                Random, //
            }, //
        },
        *, //
    };
    use std::{
        vec,
        vec::Vec, //
    };

    const LAYER: Layer = Layer::Ipv6Extension;

    /// A chain of headers of these protocols and length fields, and UDP behind.
    fn chain(headers: &[(Protocol, u8)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (n, (protocol, len)) in headers.iter().enumerate() {
            let next = headers.get(n + 1).map_or(Protocol::UDP, |next| next.0);
            let octets = match *protocol {
                Protocol::AH => (usize::from(*len) + 2) * 4,
                Protocol::FRAGMENT => 8,
                _ => (usize::from(*len) + 1) * 8,
            };
            let mut header = vec![0; octets];
            (header[0], header[1]) = (next.0, *len);
            bytes.append(&mut header);
        }
        bytes
    }

    #[test]
    fn none() {
        for first in (0..=u8::MAX).map(Protocol) {
            let upper = extensions(&[], first);
            if [0, 43, 44, 51, 60].contains(&first.0) {
                assert_eq!(upper, Err(Error::truncated(LAYER, 8, 0)), "{first}");
            } else {
                let upper = upper.unwrap();
                assert_eq!((upper.protocol, upper.offset), (first, 0));
                assert_eq!(upper.has_header(), first != Protocol::NO_NEXT);
            }
        }
    }

    #[test]
    fn recommended_order() {
        let headers = [
            (Protocol::HOP_BY_HOP, 0),
            (Protocol::DESTINATION_OPTIONS, 1),
            (Protocol::ROUTING, 2),
            (Protocol::FRAGMENT, 255),
            (Protocol::AH, 4),
            (Protocol::DESTINATION_OPTIONS, 0),
        ];
        let bytes = chain(&headers);
        assert_eq!(bytes.len(), 8 + 16 + 24 + 8 + 24 + 8);
        let upper = extensions(&bytes, Protocol::HOP_BY_HOP).unwrap();
        assert_eq!((upper.protocol, upper.offset), (Protocol::UDP, bytes.len()));
        assert!(upper.fragment.unwrap().is_whole() && upper.has_header());
        boundary(&bytes, |bytes| {
            extensions(bytes, Protocol::HOP_BY_HOP).map(|_| ())
        });
    }

    #[test]
    fn longest() {
        let hop_by_hop = chain(&[(Protocol::HOP_BY_HOP, 255)]);
        assert_eq!(hop_by_hop.len(), 2048);
        assert_eq!(
            extensions(&hop_by_hop, Protocol::HOP_BY_HOP)
                .unwrap()
                .offset,
            2048
        );
        let ah = chain(&[(Protocol::AH, 255)]);
        assert_eq!(extensions(&ah, Protocol::AH).unwrap().offset, 1028);
    }

    #[test]
    fn hop_by_hop_comes_first() {
        let bytes = chain(&[(Protocol::ROUTING, 0), (Protocol::HOP_BY_HOP, 0)]);
        assert_eq!(
            extensions(&bytes, Protocol::ROUTING),
            Err(Error::BadOrder {
                layer: LAYER,
                protocol: Protocol::HOP_BY_HOP
            })
        );
    }

    #[test]
    fn limit() {
        let most = usize::from(MAX_EXTENSIONS);
        let bytes = chain(&vec![(Protocol::DESTINATION_OPTIONS, 0); most]);
        assert!(extensions(&bytes, Protocol::DESTINATION_OPTIONS).is_ok());
        let bytes = chain(&vec![(Protocol::DESTINATION_OPTIONS, 0); most + 1]);
        let error = Error::TooMany { layer: LAYER };
        assert_eq!(
            extensions(&bytes, Protocol::DESTINATION_OPTIONS),
            Err(error)
        );
    }

    #[test]
    fn later_fragment_ends_the_walk() {
        let payload = &captures::LATER_FRAGMENT[54..];
        let upper = extensions(payload, Protocol::FRAGMENT).unwrap();
        let fragment = Fragment {
            identification: 0x66d3_da2d,
            offset: 1448,
            more: false,
        };
        let expected = Upper {
            protocol: Protocol::ICMPV6,
            offset: 8,
            fragment: Some(fragment),
        };
        assert_eq!(upper, expected);
        assert!(!upper.has_header());
        let header = Extension::fragment_header(Protocol::ICMPV6, fragment);
        let mut bytes = [0xa5; 9];
        assert_eq!(header.emit(&mut bytes).unwrap(), [0xa5]);
        assert_eq!(bytes[..8], payload[..8]);

        // What looks like an extension header behind is data.
        let mut bytes = payload.to_vec();
        bytes[0] = Protocol::ROUTING.0;
        let upper = extensions(&bytes, Protocol::FRAGMENT).unwrap();
        assert_eq!((upper.protocol, upper.offset), (Protocol::ROUTING, 8));
        // In a first fragment it is not.
        bytes[2..4].copy_from_slice(&1_u16.to_be_bytes());
        bytes[8..10].copy_from_slice(&[Protocol::TCP.0, 1]);
        let upper = extensions(&bytes, Protocol::FRAGMENT).unwrap();
        assert_eq!((upper.protocol, upper.offset), (Protocol::TCP, 24));
    }

    #[test]
    fn segments_of_a_routing_header() {
        let (extension, _) = Extension::view(&[17, 2, 4, 3, 1, 0, 0, 0]).unwrap();
        assert_eq!(extension.segments_left(), 3);
    }

    #[test]
    fn step_at_the_end_does_nothing() {
        let mut walk = Extensions::new(Protocol::UDP);
        let (extension, _) = Extension::view(&[17; 8]).unwrap();
        walk.step(extension).unwrap();
        assert_eq!(walk.upper().offset, 0);
        assert_eq!(extension.len(Protocol::UDP), None);
    }

    #[test]
    fn captured_options() {
        let payload = &captures::LISTENER_REPORT[54..];
        let upper = extensions(payload, Protocol::HOP_BY_HOP).unwrap();
        assert_eq!((upper.protocol, upper.offset), (Protocol::ICMPV6, 8));
        // RFC 2711: router alert is option 5, and 0 in it means MLD; PadN follows.
        let options: Vec<_> = Options::new(&payload[2..8]).collect();
        let alert = Item {
            kind: 5,
            data: &[0, 0],
        };
        assert_eq!(options, [Ok(alert)]);
    }

    #[test]
    fn options() {
        let all = |bytes| Options::new(bytes).collect::<Vec<_>>();
        assert_eq!(all(&[]), []);
        assert_eq!(all(&[0, 0, 1, 0, 1, 2, 9, 9, 0]), []);
        let empty = Ok(Item { kind: 5, data: &[] });
        assert_eq!(all(&[5, 0]), [empty]);
        let bad = |kind| Err(Error::BadOption { layer: LAYER, kind });
        assert_eq!(all(&[1]), [bad(1)]);
        assert_eq!(all(&[1, 1]), [bad(1)]);
        assert_eq!(all(&[5, 0, 6, 255, 0]), [empty, bad(6)]);
    }

    #[test]
    fn round_trip_of_fragments() {
        round_trip::<Extension>(|extension| {
            let mut copy =
                Extension::fragment_header(extension.next_header(), extension.fragment());
            // Reserved, and so not of the getters.
            copy.len = extension.len;
            let reserved = extension.offset_flags.get() & 6;
            copy.offset_flags.set(copy.offset_flags.get() | reserved);
            copy
        });
    }

    #[test]
    fn any_bytes() {
        let mut random = Random::new(5);
        for _ in 0..20_000 {
            let len = random.below(80);
            let mut bytes = random.bytes(len);
            // Mostly short headers that go on.
            for header in bytes.chunks_mut(8) {
                header[0] = [0, 17, 43, 44, 51, 60, 60, 43][random.below(8)];
                if let Some(len) = header.get_mut(1) {
                    *len &= 1;
                }
            }
            let first = Protocol([0, 43, 44, 51, 60][random.below(5)]);
            if let Ok(upper) = extensions(&bytes, first) {
                assert!(upper.offset <= bytes.len());
            }
            assert!(Options::new(&bytes).count() <= bytes.len());
        }
    }
}
