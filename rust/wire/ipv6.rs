// SPDX-License-Identifier: GPL-2.0

//! IPv6: its header, and the walk over extension headers.
//!
//! Specification: RFC 8200, RFC 4302 section 2 (authentication header), RFC 7112 (a first fragment
//! has all headers). Jumbograms (RFC 2675) are **not** supported: a payload length of zero is taken
//! at its word. Of the extension headers, hop-by-hop options, routing, fragment, destination
//! options and authentication are passed over; all others end the walk, as in Linux.
//!
//! # Extension headers a few octets at a time
//!
//! ```
//! # use kernet_wire as wire;
//! use wire::{ip::Protocol, ipv6, Error, Header};
//!
//! /// `read(offset)` copies eight octets out of a packet that may be in pieces.
//! fn upper(
//!     first: Protocol,
//!     read: impl Fn(usize) -> Result<ipv6::Extension, Error>,
//! ) -> Result<ipv6::Upper, Error> {
//!     let mut walk = ipv6::Extensions::new(first);
//!     while let Some(offset) = walk.wanted() {
//!         walk.step(&read(offset)?)?;
//!     }
//!     Ok(walk.upper())
//! }
//!
//! let payload = [17, 0, 1, 4, 0, 0, 0, 0];
//! let upper = upper(Protocol::DESTINATION_OPTIONS, |offset| {
//!     Ok(*ipv6::Extension::view(&payload[offset..])?.0)
//! })?;
//! assert_eq!((upper.protocol, upper.offset), (Protocol::UDP, 8));
//! # Ok::<(), Error>(())
//! ```

use core::{
    iter::FusedIterator,
    net::Ipv6Addr, //
};

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
    checksum::Pseudo,
    ip::{
        Ecn,
        Fragment,
        Lengths,
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

const FLOW_LABEL_MASK: u32 = 0x000f_ffff;

/// An IPv6 header.
#[doc(alias = "struct ipv6hdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    version_class_flow: U32,
    payload_len: U16,
    next_header: u8,
    hop_limit: u8,
    source: [u8; 16],
    destination: [u8; 16],
}

header!(Header, Ipv6, 40);

impl Header {
    /// A header for `payload_len` octets of `next_header`, with a hop limit of 64.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`] if the payload is longer than 65535 octets.
    pub fn new(
        source: Ipv6Addr,
        destination: Ipv6Addr,
        next_header: Protocol,
        payload_len: usize,
    ) -> Result<Self, Error> {
        let payload_len = u16::try_from(payload_len).map_err(|_| Error::BadTotalLength {
            layer: Layer::Ipv6,
            len: u32::try_from(payload_len.saturating_add(Self::LEN)).unwrap_or(u32::MAX),
        })?;
        Ok(Self {
            version_class_flow: U32::new(0x6000_0000),
            payload_len: U16::new(payload_len),
            next_header: next_header.0,
            hop_limit: 64,
            source: source.octets(),
            destination: destination.octets(),
        })
    }

    /// The version; 6, if [`Header::check`] passes.
    #[inline]
    pub const fn version(&self) -> u8 {
        // Four bits are left.
        (self.version_class_flow.get() >> 28) as u8
    }

    /// The octet of DSCP and ECN.
    #[doc(alias = "ipv6_get_dsfield")]
    #[inline]
    pub const fn traffic_class(&self) -> u8 {
        // The eight bits above the flow label.
        (self.version_class_flow.get() >> 20) as u8
    }

    /// The differentiated services code point, 0 to 63.
    #[inline]
    pub const fn dscp(&self) -> u8 {
        self.traffic_class() >> 2
    }

    /// Congestion notification.
    #[inline]
    pub const fn ecn(&self) -> Ecn {
        Ecn::from_class(self.traffic_class())
    }

    /// The flow label, 20 bits (RFC 6437).
    #[doc(alias = "ip6_flowlabel")]
    #[inline]
    pub const fn flow_label(&self) -> u32 {
        self.version_class_flow.get() & FLOW_LABEL_MASK
    }

    /// The length of what follows this header, in octets.
    #[inline]
    pub const fn payload_len(&self) -> u16 {
        self.payload_len.get()
    }

    /// What follows: the upper layer, or an extension header.
    #[doc(alias = "nexthdr")]
    #[inline]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.next_header)
    }

    /// How many more routers may forward it.
    #[inline]
    pub const fn hop_limit(&self) -> u8 {
        self.hop_limit
    }

    /// The sender's address.
    #[doc(alias = "saddr")]
    #[inline]
    pub const fn source(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(u128::from_be_bytes(self.source))
    }

    /// The receiver's address, or with a routing header the next one on the way.
    #[doc(alias = "daddr")]
    #[inline]
    pub const fn destination(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(u128::from_be_bytes(self.destination))
    }

    /// What the transport's checksum covers of a packet that has no routing header.
    #[inline]
    pub fn pseudo(&self) -> Pseudo {
        Pseudo::v6(self.source(), self.destination())
    }

    /// Sets the octet of DSCP and ECN.
    #[inline]
    pub fn set_traffic_class(&mut self, class: u8) {
        let rest = self.version_class_flow.get() & !(0xff << 20);
        self.version_class_flow.set(rest | (u32::from(class) << 20));
    }

    /// Sets the flow label; what is beyond 20 bits is cut off.
    #[inline]
    pub fn set_flow_label(&mut self, label: u32) {
        let rest = self.version_class_flow.get() & !FLOW_LABEL_MASK;
        self.version_class_flow
            .set(rest | (label & FLOW_LABEL_MASK));
    }

    /// Sets the length of what follows this header, in octets.
    #[inline]
    pub fn set_payload_len(&mut self, len: u16) {
        self.payload_len.set(len);
    }

    /// Sets what follows.
    #[inline]
    pub fn set_next_header(&mut self, protocol: Protocol) {
        self.next_header = protocol.0;
    }

    /// Sets how many more routers may forward it.
    #[inline]
    pub fn set_hop_limit(&mut self, limit: u8) {
        self.hop_limit = limit;
    }

    /// Sets the sender's address.
    #[inline]
    pub fn set_source(&mut self, address: Ipv6Addr) {
        self.source = address.octets();
    }

    /// Sets the receiver's address.
    #[inline]
    pub fn set_destination(&mut self, address: Ipv6Addr) {
        self.destination = address.octets();
    }

    /// Checks version and length of a packet of which `available` octets are there from the header
    /// on.
    ///
    /// # Errors
    ///
    /// [`Error::BadVersion`], [`Error::Truncated`].
    #[inline]
    pub fn check(&self, available: usize) -> Result<Lengths, Error> {
        let layer = Layer::Ipv6;
        // RFC 8200 section 3, "Version".
        if self.version() != 6 {
            return Err(Error::BadVersion {
                layer,
                version: self.version(),
            });
        }
        // RFC 8200 section 3, "Payload Length": the packet after this header.
        let total_len = Self::LEN.saturating_add(usize::from(self.payload_len()));
        if total_len > available {
            return Err(Error::truncated(layer, total_len, available));
        }
        Lengths::new(Self::LEN, total_len).ok_or(Error::truncated(layer, Self::LEN, available))
    }

    /// Takes one from the hop limit.
    ///
    /// Returns whether it may be forwarded; if not it is unchanged, and ICMPv6 "time exceeded" is
    /// due (RFC 8200 section 3, "Hop Limit").
    #[inline]
    pub fn forward(&mut self) -> bool {
        if self.hop_limit <= 1 {
            return false;
        }
        self.hop_limit = self.hop_limit.saturating_sub(1);
        true
    }
}

/// The first eight octets of any extension header that the walk passes over.
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

    /// What follows the extension header.
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

/// A walk over extension headers that is given their first octets one header at a time.
///
/// Whether all of a header is in the packet shows at the next one, or is for the owner of the
/// packet to compare with [`Upper::offset`].
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

/// Views a packet; returns its header and payload, extension headers included, without the link's
/// padding.
///
/// # Errors
///
/// Those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    let (header, rest) = Header::view(bytes)?;
    let lengths = header.check(bytes.len())?;
    let payload = rest.get(..lengths.payload_len()).ok_or(Error::truncated(
        Layer::Ipv6,
        lengths.total_len(),
        bytes.len(),
    ))?;
    Ok((header, payload))
}
