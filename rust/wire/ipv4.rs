// SPDX-License-Identifier: GPL-2.0

//! IPv4.
//!
//! Specification: RFC 791, RFC 2474 (differentiated services), RFC 3168 (congestion notification).

use core::net::Ipv4Addr;

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    checksum::{
        self,
        Pseudo,
        Sum, //
    },
    ip::{
        Ecn,
        Fragment,
        Lengths,
        Protocol, //
    },
    options::Options,
    Error,
    Header as _,
    Layer, //
};

/// The longest header, with 40 octets of options.
pub const MAX_HEADER_LEN: usize = 60;

const MORE_FRAGMENTS: u16 = 0x2000;
const DONT_FRAGMENT: u16 = 0x4000;
const OFFSET_MASK: u16 = 0x1fff;

/// The fixed part of an IPv4 header.
#[doc(alias = "struct iphdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    version_header_len: u8,
    traffic_class: u8,
    total_len: U16,
    identification: U16,
    flags_offset: U16,
    ttl: u8,
    protocol: u8,
    checksum: U16,
    source: [u8; 4],
    destination: [u8; 4],
}

header!(Header, Ipv4, 20);

impl Header {
    /// A header without options for `payload_len` octets of `protocol`, with a TTL of 64 and "don't
    /// fragment" set (RFC 6864 section 4: then the identification may be zero), without checksum.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`] if the packet would be longer than 65535 octets.
    pub fn new(
        source: Ipv4Addr,
        destination: Ipv4Addr,
        protocol: Protocol,
        payload_len: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            version_header_len: 0x45,
            traffic_class: 0,
            total_len: U16::new(total_len(Self::LEN, payload_len)?),
            identification: U16::ZERO,
            flags_offset: U16::new(DONT_FRAGMENT),
            ttl: 64,
            protocol: protocol.0,
            checksum: U16::ZERO,
            source: source.octets(),
            destination: destination.octets(),
        })
    }

    /// The version; 4, if [`Header::check`] passes.
    #[inline]
    pub const fn version(&self) -> u8 {
        self.version_header_len >> 4
    }

    /// The length of the header with options that it claims, in octets: 0 to 60.
    #[doc(alias = "ihl")]
    #[inline]
    pub const fn header_len(&self) -> u8 {
        (self.version_header_len & 0x0f) << 2
    }

    /// The differentiated services code point, 0 to 63.
    #[doc(alias = "ipv4_get_dsfield")]
    #[inline]
    pub const fn dscp(&self) -> u8 {
        self.traffic_class >> 2
    }

    /// Congestion notification.
    #[inline]
    pub const fn ecn(&self) -> Ecn {
        Ecn::from_class(self.traffic_class)
    }

    /// The octet of DSCP and ECN as it is.
    #[doc(alias = "tos")]
    #[inline]
    pub const fn traffic_class(&self) -> u8 {
        self.traffic_class
    }

    /// The length of header and payload that it claims, in octets.
    ///
    /// Zero in a packet that the kernel aggregated beyond 65535 octets: only the packet's metadata
    /// tells then.
    #[doc(alias = "tot_len")]
    #[inline]
    pub const fn total_len(&self) -> u16 {
        self.total_len.get()
    }

    /// What the fragments of one datagram have in common.
    #[doc(alias = "id")]
    #[inline]
    pub const fn identification(&self) -> u16 {
        self.identification.get()
    }

    /// Whether it must not be fragmented on its way.
    #[doc(alias = "IP_DF")]
    #[inline]
    pub const fn dont_fragment(&self) -> bool {
        self.flags_offset.get() & DONT_FRAGMENT != 0
    }

    /// Whether more of the datagram is in other packets behind this one's part.
    #[doc(alias = "IP_MF")]
    #[inline]
    pub const fn more_fragments(&self) -> bool {
        self.flags_offset.get() & MORE_FRAGMENTS != 0
    }

    /// Where the payload belongs in the datagram's, in octets.
    #[doc(alias = "IP_OFFSET")]
    #[inline]
    pub const fn fragment_offset(&self) -> u16 {
        (self.flags_offset.get() & OFFSET_MASK) << 3
    }

    /// The part of a datagram it carries; `None` if it carries a whole one.
    #[doc(alias = "ip_is_fragment")]
    #[inline]
    pub fn fragment(&self) -> Option<Fragment> {
        let fragment = Fragment {
            identification: u32::from(self.identification()),
            offset: self.fragment_offset(),
            more: self.more_fragments(),
        };
        (!fragment.is_whole()).then_some(fragment)
    }

    /// How many more routers may forward it.
    #[inline]
    pub const fn ttl(&self) -> u8 {
        self.ttl
    }

    /// The payload's protocol.
    #[inline]
    pub const fn protocol(&self) -> Protocol {
        Protocol(self.protocol)
    }

    /// The header's checksum.
    #[doc(alias = "check")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// The sender's address.
    #[doc(alias = "saddr")]
    #[inline]
    pub const fn source(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.source;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The receiver's address.
    #[doc(alias = "daddr")]
    #[inline]
    pub const fn destination(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.destination;
        Ipv4Addr::new(a, b, c, d)
    }

    /// What the transport's checksum covers of the packet.
    #[inline]
    pub const fn pseudo(&self) -> Pseudo {
        Pseudo::v4(self.source(), self.destination())
    }

    /// Sets the octet of DSCP and ECN. The checksum is left to the caller, here and below.
    #[inline]
    pub fn set_traffic_class(&mut self, class: u8) {
        self.traffic_class = class;
    }

    /// Sets the length of header and payload, in octets.
    #[inline]
    pub fn set_total_len(&mut self, len: u16) {
        self.total_len.set(len);
    }

    /// Sets what the fragments of one datagram have in common.
    #[inline]
    pub fn set_identification(&mut self, identification: u16) {
        self.identification.set(identification);
    }

    /// Sets whether it must not be fragmented on its way.
    #[inline]
    pub fn set_dont_fragment(&mut self, on: bool) {
        let rest = self.flags_offset.get() & !DONT_FRAGMENT;
        self.flags_offset
            .set(if on { rest | DONT_FRAGMENT } else { rest });
    }

    /// Sets the place of the payload in the datagram's; `offset` is in octets, and what is below a
    /// multiple of 8 is cut off.
    #[inline]
    pub fn set_fragment(&mut self, offset: u16, more: bool) {
        let more = if more { MORE_FRAGMENTS } else { 0 };
        let rest = self.flags_offset.get() & !(OFFSET_MASK | MORE_FRAGMENTS);
        self.flags_offset.set(rest | more | (offset >> 3));
    }

    /// Sets how many more routers may forward it.
    #[inline]
    pub fn set_ttl(&mut self, ttl: u8) {
        self.ttl = ttl;
    }

    /// Sets the payload's protocol.
    #[inline]
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol.0;
    }

    /// Sets the checksum.
    #[inline]
    pub fn set_checksum(&mut self, checksum: u16) {
        self.checksum.set(checksum);
    }

    /// Sets the sender's address.
    #[inline]
    pub fn set_source(&mut self, address: Ipv4Addr) {
        self.source = address.octets();
    }

    /// Sets the receiver's address.
    #[inline]
    pub fn set_destination(&mut self, address: Ipv4Addr) {
        self.destination = address.octets();
    }

    /// Checks version and lengths of a packet of which `available` octets are there from the
    /// header on. The checksum is [`verify_checksum`]'s.
    ///
    /// # Errors
    ///
    /// [`Error::BadVersion`], [`Error::BadHeaderLength`], [`Error::BadTotalLength`],
    /// [`Error::Truncated`].
    #[inline]
    pub fn check(&self, available: usize) -> Result<Lengths, Error> {
        let layer = Layer::Ipv4;
        // RFC 791 section 3.1, "Version".
        if self.version() != 4 {
            return Err(Error::BadVersion {
                layer,
                version: self.version(),
            });
        }
        // RFC 791 section 3.1, "IHL": the minimum value for a correct header is 5 words.
        let header_len = usize::from(self.header_len());
        if header_len < Self::LEN {
            return Err(Error::BadHeaderLength {
                layer,
                len: u16::from(self.header_len()),
            });
        }
        // RFC 791 section 3.1, "Total Length": header and data.
        let total_len = usize::from(self.total_len());
        let lengths = Lengths::new(header_len, total_len).ok_or(Error::BadTotalLength {
            layer,
            len: u32::from(self.total_len()),
        })?;
        if total_len > available {
            return Err(Error::truncated(layer, total_len, available));
        }
        Ok(lengths)
    }

    /// Takes one from the TTL and keeps the checksum right (RFC 1812 section 5.3.1, RFC 1624).
    ///
    /// Returns whether it may be forwarded; if not it is unchanged, and ICMP "time exceeded" is due.
    #[doc(alias = "ip_decrease_ttl")]
    #[inline]
    pub fn forward(&mut self) -> bool {
        if self.ttl <= 1 {
            return false;
        }
        let before = u16::from_be_bytes([self.ttl, self.protocol]);
        self.ttl = self.ttl.saturating_sub(1);
        let after = u16::from_be_bytes([self.ttl, self.protocol]);
        self.checksum
            .set(checksum::update_u16(self.checksum.get(), before, after));
        true
    }

    /// Sets the checksum of a header with these options, which are whole 32-bit words.
    #[doc(alias = "ip_send_check")]
    #[inline]
    pub fn fill_checksum(&mut self, options: &[u8]) {
        self.checksum.set(0);
        let sum = Sum::new().bytes(self.as_octets()).bytes(options);
        self.checksum.set(sum.checksum());
    }

    /// Verifies the checksum of a header with these options.
    ///
    /// # Errors
    ///
    /// [`Error::BadChecksum`].
    #[doc(alias = "ip_fast_csum")]
    #[inline]
    pub fn verify_checksum(&self, options: &[u8]) -> Result<(), Error> {
        // RFC 791 section 3.1, "Header Checksum".
        match Sum::new().bytes(self.as_octets()).bytes(options).checksum() {
            0 => Ok(()),
            _ => Err(Error::BadChecksum { layer: Layer::Ipv4 }),
        }
    }

    #[inline]
    fn as_octets(&self) -> &[u8] {
        zerocopy::IntoBytes::as_bytes(self)
    }
}

fn total_len(header_len: usize, payload_len: usize) -> Result<u16, Error> {
    let len = header_len.saturating_add(payload_len);
    u16::try_from(len).map_err(|_| Error::BadTotalLength {
        layer: Layer::Ipv4,
        len: u32::try_from(len).unwrap_or(u32::MAX),
    })
}

/// Goes over the options of a header, which are the second of what [`parse`] returns.
#[inline]
pub const fn options(bytes: &[u8]) -> Options<'_> {
    Options::new(Layer::Ipv4, bytes)
}

/// Views a packet; returns its header, options and payload, without the link's padding.
///
/// The checksum is not verified: see [`Header::verify_checksum`].
///
/// # Errors
///
/// Those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8], &[u8]), Error> {
    let (header, rest) = Header::view(bytes)?;
    let lengths = header.check(bytes.len())?;
    let truncated = || Error::truncated(Layer::Ipv4, lengths.total_len(), bytes.len());
    let (rest, _padding) = rest
        .split_at_checked(lengths.total_len().saturating_sub(Header::LEN))
        .ok_or_else(truncated)?;
    let (options, payload) = rest
        .split_at_checked(lengths.header_len().saturating_sub(Header::LEN))
        .ok_or_else(truncated)?;
    Ok((header, options, payload))
}
