// SPDX-License-Identifier: GPL-2.0

//! IPv6: its header, and the walk over extension headers.
//!
//! Specification: RFC 8200, RFC 4302 section 2 (authentication header), RFC 7112 (a first fragment
//! has all headers). Jumbograms (RFC 2675) are **not** supported: a payload length of zero is taken
//! at its word. So it is in a packet that the kernel aggregated beyond 65535 octets, where only the
//! packet's metadata tells its length. Of the extension headers, hop-by-hop options, routing,
//! fragment, destination options and authentication are passed over; all others end the walk, as in
//! Linux.
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

use core::net::Ipv6Addr;

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
        Lengths,
        Protocol, //
    },
    Error,
    Header as _,
    Layer, //
};

pub use super::extension::{
    extensions,
    Extension,
    Extensions,
    Options,
    Upper,
    MAX_EXTENSIONS, //
};

const FLOW_LABEL_MASK: u32 = 0x000f_ffff;

/// An IPv6 header.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv6Addr;
/// use wire::{ip::Protocol, ipv6, Header as _};
///
/// let [source, group] = [Ipv6Addr::LOCALHOST, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)];
/// let mut header = ipv6::Header::new(source, group, Protocol::UDP, 8)?;
/// header.set_hop_limit(255);
/// let mut packet = [0; ipv6::Header::LEN + 8];
/// header.emit(&mut packet)?;
/// let (header, datagram) = ipv6::parse(&packet)?;
/// assert_eq!((header.hop_limit(), datagram.len()), (255, 8));
/// # Ok::<(), wire::Error>(())
/// ```
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

    /// The octet of DSCP and ECN (`ipv6_get_dsfield()`).
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

    /// What follows: the upper layer, or an extension header (`nexthdr`).
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

    /// The sender's address (`saddr()`).
    #[doc(alias = "saddr")]
    #[inline]
    pub const fn source(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(u128::from_be_bytes(self.source))
    }

    /// The receiver's address, or with a routing header the next one on the way (`daddr`).
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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            testing::{
                boundary,
                round_trip, //
            }, //
        },
        *, //
    };

    const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

    fn ping() -> [u8; 64] {
        captures::PING6[14..].try_into().unwrap()
    }

    #[test]
    fn deconstruct() {
        let bytes = ping();
        let (header, payload) = parse(&bytes).unwrap();
        assert_eq!(header.version(), 6);
        assert_eq!(header.traffic_class(), 0);
        assert_eq!((header.dscp(), header.ecn()), (0, Ecn::NotCapable));
        assert_eq!(header.flow_label(), 0x9a25a);
        assert_eq!(header.payload_len(), 24);
        assert_eq!(header.next_header(), Protocol::ICMPV6);
        assert_eq!(header.hop_limit(), 64);
        assert_eq!((header.source(), header.destination()), (A, B));
        assert_eq!(payload, &bytes[40..]);
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 41];
        let mut header = Header::new(A, B, Protocol::ICMPV6, 24).unwrap();
        header.set_flow_label(0xfff9_a25a);
        assert_eq!(header.emit(&mut bytes).unwrap(), [0xa5]);
        assert_eq!(bytes[..40], ping()[..40]);
    }

    #[test]
    fn payload_limit() {
        let len = |payload| Header::new(A, B, Protocol::UDP, payload).map(|h| h.payload_len());
        assert_eq!(len(65535), Ok(65535));
        let bad = |len| {
            Err(Error::BadTotalLength {
                layer: Layer::Ipv6,
                len,
            })
        };
        assert_eq!(len(65536), bad(65576));
        assert_eq!(len(usize::MAX), bad(u32::MAX));
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = *header;
            copy.set_traffic_class(!header.traffic_class());
            copy.set_traffic_class((header.dscp() << 2) | header.ecn().bits());
            copy.set_flow_label(!header.flow_label());
            copy.set_flow_label(header.flow_label());
            copy.set_payload_len(header.payload_len());
            copy.set_next_header(header.next_header());
            copy.set_hop_limit(header.hop_limit());
            copy.set_source(header.source());
            copy.set_destination(header.destination());
            copy
        });
    }

    #[test]
    fn lengths() {
        boundary(&ping(), |bytes| parse(bytes).map(|_| ()));
        let mut longest = std::vec![0; 40 + 65535];
        longest[0] = 0x60;
        longest[4..6].fill(0xff);
        assert_eq!(parse(&longest).unwrap().1.len(), 65535);
        let error = Error::truncated(Layer::Ipv6, 65575, 65574);
        assert_eq!(parse(&longest[..65574]), Err(error));
    }

    #[test]
    fn every_version() {
        for version in (0..16).filter(|version| *version != 6) {
            let mut bytes = ping();
            bytes[0] = version << 4;
            let layer = Layer::Ipv6;
            assert_eq!(parse(&bytes), Err(Error::BadVersion { layer, version }));
        }
    }

    #[test]
    fn forwarding() {
        let mut header = Header::new(A, B, Protocol::UDP, 0).unwrap();
        for (limit, after) in [(0, None), (1, None), (2, Some(1)), (255, Some(254))] {
            header.set_hop_limit(limit);
            assert_eq!(header.forward(), after.is_some());
            assert_eq!(header.hop_limit(), after.unwrap_or(limit));
        }
    }
}
