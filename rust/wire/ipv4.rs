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
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv4Addr;
/// use wire::{ip::Protocol, ipv4, Header as _};
///
/// /// The header of a packet without options, before `len` octets of UDP.
/// fn header(source: Ipv4Addr, destination: Ipv4Addr, len: usize) -> Result<ipv4::Header, wire::Error> {
///     let mut header = ipv4::Header::new(source, destination, Protocol::UDP, len)?;
///     header.set_ttl(1);
///     header.fill_checksum(&[]);
///     Ok(header)
/// }
///
/// let mut header = header(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2), 8)?;
/// assert_eq!((header.total_len(), header.verify_checksum(&[])), (28, Ok(())));
/// assert!(!header.forward());
/// # Ok::<(), wire::Error>(())
/// ```
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

    /// The length of the header with options that it claims, in octets: 0 to 60 (`ihl`).
    #[doc(alias = "ihl")]
    #[inline]
    pub const fn header_len(&self) -> u8 {
        (self.version_header_len & 0x0f) << 2
    }

    /// The differentiated services code point, 0 to 63 (`ipv4_get_dsfield()`).
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

    /// The octet of DSCP and ECN as it is (`tos`).
    #[doc(alias = "tos")]
    #[inline]
    pub const fn traffic_class(&self) -> u8 {
        self.traffic_class
    }

    /// The length of header and payload that it claims, in octets (`tot_len`).
    ///
    /// Zero in a packet that the kernel aggregated beyond 65535 octets: only the packet's metadata
    /// tells then.
    #[doc(alias = "tot_len")]
    #[inline]
    pub const fn total_len(&self) -> u16 {
        self.total_len.get()
    }

    /// What the fragments of one datagram have in common (`id()`).
    #[doc(alias = "id")]
    #[inline]
    pub const fn identification(&self) -> u16 {
        self.identification.get()
    }

    /// Whether it must not be fragmented on its way (`IP_DF`).
    #[doc(alias = "IP_DF")]
    #[inline]
    pub const fn dont_fragment(&self) -> bool {
        self.flags_offset.get() & DONT_FRAGMENT != 0
    }

    /// Whether more of the datagram is in other packets behind this one's part (`IP_MF`).
    #[doc(alias = "IP_MF")]
    #[inline]
    pub const fn more_fragments(&self) -> bool {
        self.flags_offset.get() & MORE_FRAGMENTS != 0
    }

    /// Where the payload belongs in the datagram's, in octets (`IP_OFFSET`).
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

    /// The header's checksum (`check()`).
    #[doc(alias = "check")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// The sender's address (`saddr()`).
    #[doc(alias = "saddr")]
    #[inline]
    pub const fn source(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.source;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The receiver's address (`daddr`).
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
    /// header on. The checksum is [`Self::verify_checksum`]'s.
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

    /// Takes one from the TTL and keeps the checksum right (RFC 1812 section 5.3.1, RFC 1624)
    /// (`ip_decrease_ttl()`).
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

    /// Sets the checksum of a header with these options, which are whole 32-bit words
    /// (`ip_send_check()`).
    #[doc(alias = "ip_send_check")]
    #[inline]
    pub fn fill_checksum(&mut self, options: &[u8]) {
        self.checksum.set(0);
        let sum = Sum::new().bytes(self.as_octets()).bytes(options);
        self.checksum.set(sum.checksum());
    }

    /// Verifies the checksum of a header with these options (`ip_fast_csum()`).
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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            options::Item,
            testing::{
                boundary,
                round_trip,
                Random, //
            }, //
        },
        *, //
    };

    const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    fn ping() -> [u8; 44] {
        captures::PING[14..].try_into().unwrap()
    }

    #[test]
    fn deconstruct() {
        let bytes = ping();
        let (header, options, payload) = parse(&bytes).unwrap();
        assert_eq!(header.version(), 4);
        assert_eq!(header.header_len(), 20);
        assert_eq!((header.dscp(), header.ecn()), (0, Ecn::NotCapable));
        assert_eq!(header.traffic_class(), 0);
        assert_eq!(header.total_len(), 44);
        assert_eq!(header.identification(), 0xa68c);
        assert!(header.dont_fragment() && !header.more_fragments());
        assert_eq!(header.fragment_offset(), 0);
        assert_eq!(header.fragment(), None);
        assert_eq!(header.ttl(), 64);
        assert_eq!(header.protocol(), Protocol::ICMP);
        assert_eq!(header.checksum(), 0x1041);
        assert_eq!((header.source(), header.destination()), (A, B));
        assert!(options.is_empty());
        assert_eq!(payload, &bytes[20..]);
        assert_eq!(header.verify_checksum(options), Ok(()));
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 22];
        let mut header = Header::new(A, B, Protocol::ICMP, 24).unwrap();
        header.set_identification(0xa68c);
        header.fill_checksum(&[]);
        assert_eq!(header.emit(&mut bytes).unwrap(), [0xa5; 2]);
        assert_eq!(bytes[..20], ping()[..20]);
    }

    #[test]
    fn payload_limit() {
        let len = |payload| Header::new(A, B, Protocol::UDP, payload).map(|h| h.total_len());
        assert_eq!(len(0), Ok(20));
        assert_eq!(len(65515), Ok(65535));
        let bad = |len| {
            Err(Error::BadTotalLength {
                layer: Layer::Ipv4,
                len,
            })
        };
        assert_eq!(len(65516), bad(65536));
        assert_eq!(len(usize::MAX), bad(u32::MAX));
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = *header;
            copy.set_traffic_class((header.dscp() << 2) | header.ecn().bits());
            copy.set_total_len(header.total_len());
            copy.set_identification(header.identification());
            copy.set_dont_fragment(!header.dont_fragment());
            copy.set_dont_fragment(header.dont_fragment());
            copy.set_fragment(!header.fragment_offset(), !header.more_fragments());
            copy.set_fragment(header.fragment_offset(), header.more_fragments());
            copy.set_ttl(header.ttl());
            copy.set_protocol(header.protocol());
            copy.set_checksum(header.checksum());
            copy.set_source(header.source());
            copy.set_destination(header.destination());
            copy
        });
    }

    #[test]
    fn lengths() {
        boundary(&ping(), |bytes| parse(bytes).map(|_| ()));
        boundary(&captures::RECORD_ROUTE[14..], |bytes| {
            parse(bytes).map(|_| ())
        });
    }

    #[test]
    fn padding_is_cut_off() {
        let mut bytes = ping().to_vec();
        bytes.resize(60, 0);
        assert_eq!(parse(&bytes).unwrap().2.len(), 24);
    }

    #[test]
    fn every_version_and_header_length() {
        for first in 0..=u8::MAX {
            let mut bytes = [0; 60];
            bytes[0] = first;
            bytes[3] = 60;
            let layer = Layer::Ipv4;
            let header_len = (first & 0xf) * 4;
            let lengths = match (first >> 4, header_len) {
                (4, 20..) => Ok((usize::from(header_len), 60)),
                (4, _) => Err(Error::BadHeaderLength {
                    layer,
                    len: u16::from(header_len),
                }),
                (version, _) => Err(Error::BadVersion { layer, version }),
            };
            let (header, _) = Header::view(&bytes).unwrap();
            let checked = header.check(60).map(|l| (l.header_len(), l.total_len()));
            assert_eq!(checked, lengths);
            if let Ok((header_len, total_len)) = lengths {
                let (_, options, payload) = parse(&bytes).unwrap();
                assert_eq!(options.len(), header_len - 20);
                assert_eq!(payload.len(), total_len - header_len);
            }
        }
    }

    #[test]
    fn total_length() {
        let mut bytes = captures::RECORD_ROUTE[14..].to_vec();
        let mut check = |len: u16| {
            bytes[2..4].copy_from_slice(&len.to_be_bytes());
            parse(&bytes).map(|(_, options, payload)| (options.len(), payload.len()))
        };
        let bad = |len| {
            Err(Error::BadTotalLength {
                layer: Layer::Ipv4,
                len,
            })
        };
        assert_eq!(check(0), bad(0));
        assert_eq!(check(59), bad(59));
        assert_eq!(check(60), Ok((40, 0)));
        assert_eq!(check(61), Ok((40, 1)));
        assert_eq!(check(76), Ok((40, 16)));
        assert_eq!(check(77), Err(Error::truncated(Layer::Ipv4, 77, 76)));
        assert_eq!(check(65535), Err(Error::truncated(Layer::Ipv4, 65535, 76)));
    }

    #[test]
    fn option_list() {
        let (header, bytes, payload) = parse(&captures::RECORD_ROUTE[14..]).unwrap();
        assert_eq!(header.verify_checksum(bytes), Ok(()));
        assert!(header.verify_checksum(&[]).is_err());
        let mut options = options(bytes);
        // RFC 791 section 3.1: record route is type 7, here with a pointer and nine addresses.
        let Some(Ok(Item { kind: 7, data })) = options.next() else {
            panic!("no record route");
        };
        assert_eq!(data.len(), 37);
        assert_eq!(
            (&data[1..5], &data[5..9]),
            (&A.octets()[..], &B.octets()[..])
        );
        assert!(options.next().is_none());
        assert_eq!(payload.len(), 16);
    }

    #[test]
    fn fragments() {
        let mut header = Header::new(A, B, Protocol::UDP, 0).unwrap();
        header.set_identification(0xbeef);
        header.set_fragment(1480, true);
        let mut expected = Fragment {
            identification: 0xbeef,
            offset: 1480,
            more: true,
        };
        assert_eq!(header.fragment(), Some(expected));
        assert!(!expected.is_first() && !expected.is_whole());
        header.set_fragment(65528, false);
        (expected.offset, expected.more) = (65528, false);
        assert_eq!(header.fragment(), Some(expected));
        header.set_fragment(0, true);
        assert!(header.fragment().unwrap().is_first());
        header.set_fragment(7, false);
        assert_eq!(header.fragment(), None);
        assert!(header.dont_fragment());
    }

    #[test]
    fn checksum_of_any_change() {
        let bytes = ping();
        for bit in 0..160 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (header, _) = Header::view(&bytes).unwrap();
            let layer = Layer::Ipv4;
            assert_eq!(
                header.verify_checksum(&[]),
                Err(Error::BadChecksum { layer })
            );
        }
    }

    #[test]
    fn forwarding() {
        let mut random = Random::new(4);
        for _ in 0..1000 {
            let bytes = random.bytes(20);
            let mut header = *Header::view(&bytes).unwrap().0;
            header.fill_checksum(&[]);
            let before = header;
            if header.forward() {
                assert_eq!(header.ttl(), before.ttl() - 1);
                assert_eq!(header.verify_checksum(&[]), Ok(()));
            } else {
                assert_eq!(header, before);
            }
        }
        let mut header = Header::new(A, B, Protocol::UDP, 0).unwrap();
        for (ttl, forwarded) in [(0, false), (1, false), (2, true), (255, true)] {
            header.set_ttl(ttl);
            assert_eq!(header.forward(), forwarded, "{ttl}");
        }
    }
}
