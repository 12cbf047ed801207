// SPDX-License-Identifier: GPL-2.0

//! What IPv4 and IPv6 have in common: versions, protocol numbers, lengths, fragments, ports.

use core::fmt;

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    Error,
    Header as _,
    Layer, //
};

/// A version of the Internet Protocol.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ip::Version, ipv4, ipv6, Error};
///
/// /// The octets of an IP packet that begins at `bytes`, without the link's padding.
/// fn len(bytes: &[u8]) -> Result<Option<usize>, Error> {
///     Ok(match bytes.first().and_then(|&first| Version::of(first)) {
///         Some(Version::V4) => Some(usize::from(ipv4::parse(bytes)?.0.total_len())),
///         Some(Version::V6) => Some(ipv6::Header::LEN + ipv6::parse(bytes)?.1.len()),
///         None => None,
///     })
/// }
///
/// assert_eq!(len(&[0x20, 0]), Ok(None));
/// assert!(len(&[0x60, 0]).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// RFC 791.
    V4,
    /// RFC 8200.
    V6,
}

impl Version {
    /// The version of the packet that begins with this octet; `None` if it is neither.
    #[inline]
    pub const fn of(first: u8) -> Option<Self> {
        match first >> 4 {
            4 => Some(Self::V4),
            6 => Some(Self::V6),
            _ => None,
        }
    }
}

/// The protocol of an IPv4 payload, or of what follows an IPv6 or extension header (`iphdr::protocol`).
///
/// Registry: IANA "Assigned Internet Protocol Numbers".
#[doc(alias = "iphdr::protocol")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// IPv6 hop-by-hop options (`NEXTHDR_HOP`).
    #[doc(alias = "NEXTHDR_HOP")]
    pub const HOP_BY_HOP: Self = Self(0);
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// IGMP.
    pub const IGMP: Self = Self(2);
    /// IPv4 in IP (`IPPROTO_IPIP`).
    #[doc(alias = "IPPROTO_IPIP")]
    pub const IPV4: Self = Self(4);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// DCCP.
    pub const DCCP: Self = Self(33);
    /// IPv6 in IP.
    pub const IPV6: Self = Self(41);
    /// IPv6 routing header.
    #[doc(alias = "NEXTHDR_ROUTING")]
    pub const ROUTING: Self = Self(43);
    /// IPv6 fragment header.
    #[doc(alias = "NEXTHDR_FRAGMENT")]
    pub const FRAGMENT: Self = Self(44);
    /// GRE.
    pub const GRE: Self = Self(47);
    /// IPsec encapsulating security payload.
    pub const ESP: Self = Self(50);
    /// IPsec authentication header.
    pub const AH: Self = Self(51);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
    /// Nothing follows (RFC 8200 section 4.7) (`NEXTHDR_NONE`).
    #[doc(alias = "NEXTHDR_NONE")]
    pub const NO_NEXT: Self = Self(59);
    /// IPv6 destination options (`NEXTHDR_DEST`).
    #[doc(alias = "NEXTHDR_DEST")]
    pub const DESTINATION_OPTIONS: Self = Self(60);
    /// Ethernet in IP.
    pub const ETHERIP: Self = Self(97);
    /// SCTP.
    pub const SCTP: Self = Self(132);
    /// IPv6 mobility.
    pub const MOBILITY: Self = Self(135);
    /// UDP-Lite.
    pub const UDP_LITE: Self = Self(136);

    /// Whether its header begins as [`Ports`].
    #[inline]
    pub const fn has_ports(self) -> bool {
        matches!(
            self,
            Self::TCP | Self::UDP | Self::DCCP | Self::SCTP | Self::UDP_LITE
        )
    }

    /// Where its header has the checksum of the Internet, in octets, in a packet of this version;
    /// `None` if there is none, or another kind (SCTP).
    #[inline]
    pub const fn checksum_offset(self, version: Version) -> Option<u8> {
        match (self, version) {
            (Self::TCP, _) => Some(16),
            (Self::UDP | Self::UDP_LITE | Self::DCCP, _) => Some(6),
            (Self::ICMP, Version::V4) | (Self::ICMPV6, Version::V6) => Some(2),
            _ => None,
        }
    }

    /// Whether that checksum covers the addresses, too (`csum_tcpudp_magic()`).
    #[doc(alias = "csum_tcpudp_magic")]
    #[inline]
    pub const fn has_pseudo_header(self) -> bool {
        matches!(
            self,
            Self::TCP | Self::UDP | Self::UDP_LITE | Self::DCCP | Self::ICMPV6
        )
    }

    /// The protocol's name, in lower case, if it is one of the above.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::HOP_BY_HOP => "hop-by-hop options",
            Self::ICMP => "icmp",
            Self::IGMP => "igmp",
            Self::IPV4 => "ipv4",
            Self::TCP => "tcp",
            Self::UDP => "udp",
            Self::DCCP => "dccp",
            Self::IPV6 => "ipv6",
            Self::ROUTING => "routing header",
            Self::FRAGMENT => "fragment header",
            Self::GRE => "gre",
            Self::ESP => "esp",
            Self::AH => "ah",
            Self::ICMPV6 => "icmpv6",
            Self::NO_NEXT => "no next header",
            Self::DESTINATION_OPTIONS => "destination options",
            Self::ETHERIP => "etherip",
            Self::SCTP => "sctp",
            Self::MOBILITY => "mobility",
            Self::UDP_LITE => "udp-lite",
            _ => return None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "protocol {}", self.0),
        }
    }
}

/// Explicit congestion notification, of RFC 3168 section 5 (`INET_ECN_MASK`).
#[doc(alias = "INET_ECN_MASK")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ecn {
    /// The transport does not take part.
    NotCapable,
    /// The transport takes part; `ECT(1)`.
    Capable1,
    /// The transport takes part; `ECT(0)`.
    Capable0,
    /// The network is congested.
    Congested,
}

impl Ecn {
    /// The meaning of the low two bits of a traffic class.
    #[inline]
    pub(super) const fn from_class(class: u8) -> Self {
        match class & 3 {
            0 => Self::NotCapable,
            1 => Self::Capable1,
            2 => Self::Capable0,
            _ => Self::Congested,
        }
    }

    /// The two bits.
    #[inline]
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotCapable => 0,
            Self::Capable1 => 1,
            Self::Capable0 => 2,
            Self::Congested => 3,
        }
    }
}

/// Lengths of an IP packet that were checked against each other and against what there is.
///
/// # Invariants
///
/// `header_len <= total_len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    header_len: usize,
    total_len: usize,
}

impl Lengths {
    /// Lengths that keep the invariant; `None` if these do not.
    #[inline]
    pub(super) const fn new(header_len: usize, total_len: usize) -> Option<Self> {
        if header_len <= total_len {
            // INVARIANT: Just checked.
            Some(Self {
                header_len,
                total_len,
            })
        } else {
            None
        }
    }

    /// The header with its options, without IPv6 extension headers, in octets.
    #[inline]
    pub const fn header_len(self) -> usize {
        self.header_len
    }

    /// Header and payload, in octets. What the packet has beyond is the link's padding.
    #[inline]
    pub const fn total_len(self) -> usize {
        self.total_len
    }

    /// The payload, IPv6 extension headers included, in octets.
    #[inline]
    pub const fn payload_len(self) -> usize {
        // By the invariant nothing is cut off.
        self.total_len.saturating_sub(self.header_len)
    }
}

/// Which part of a datagram a packet carries.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::ip::Fragment;
///
/// /// Whether a filter can look at the ports: they are in the first part.
/// fn has_ports(fragment: Option<Fragment>) -> bool {
///     fragment.is_none_or(|fragment| fragment.is_first())
/// }
///
/// assert!(!has_ports(Some(Fragment { identification: 7, offset: 1480, more: false })));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// What the fragments of one datagram have in common; 16 bits in IPv4.
    pub identification: u32,
    /// Where the payload belongs in the datagram's, in octets; a multiple of 8.
    pub offset: u16,
    /// Whether there is more of the datagram behind.
    pub more: bool,
}

impl Fragment {
    /// Whether it is the first part, the one that has the next protocol's header.
    #[inline]
    pub const fn is_first(self) -> bool {
        self.offset == 0
    }

    /// Whether it is the whole datagram (RFC 6946, "atomic").
    #[inline]
    pub const fn is_whole(self) -> bool {
        self.offset == 0 && !self.more
    }
}

/// The first four octets of TCP, UDP, DCCP, SCTP and UDP-Lite.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ip::{self, Ports, Protocol}, Header as _};
///
/// let mut segment = [0; 20];
/// Ports::new(4000, 443).emit(&mut segment)?;
/// let ports = ip::ports(Protocol::TCP, &segment)?;
/// assert_eq!(ports.map(|ports| ports.destination()), Some(443));
/// assert_eq!(ip::ports(Protocol::ICMP, &segment)?, None);
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Ports {
    source: U16,
    destination: U16,
}

header!(Ports, Transport, 4);

impl Ports {
    /// These ports.
    #[inline]
    pub const fn new(source: u16, destination: u16) -> Self {
        Self {
            source: U16::new(source),
            destination: U16::new(destination),
        }
    }

    /// The sender's port.
    #[inline]
    pub const fn source(&self) -> u16 {
        self.source.get()
    }

    /// The receiver's port.
    #[inline]
    pub const fn destination(&self) -> u16 {
        self.destination.get()
    }

    /// Sets the sender's port. The transport's checksum is left to the caller.
    #[inline]
    pub fn set_source(&mut self, port: u16) {
        self.source.set(port);
    }

    /// Sets the receiver's port. The transport's checksum is left to the caller.
    #[inline]
    pub fn set_destination(&mut self, port: u16) {
        self.destination.set(port);
    }
}

/// The version of the packet in `bytes`, by its first octet.
///
/// # Errors
///
/// [`Error::Truncated`]; [`Error::BadVersion`] naming IPv4, whose rule it is (RFC 791 section 3.1).
#[inline]
pub fn version(bytes: &[u8]) -> Result<Version, Error> {
    let first = *bytes.first().ok_or(Error::truncated(Layer::Ipv4, 1, 0))?;
    Version::of(first).ok_or(Error::BadVersion {
        layer: Layer::Ipv4,
        version: first >> 4,
    })
}

/// The ports at the start of a transport header; `None` if `protocol` has none.
///
/// # Errors
///
/// [`Error::Truncated`].
#[inline]
pub fn ports(protocol: Protocol, bytes: &[u8]) -> Result<Option<&Ports>, Error> {
    if !protocol.has_ports() {
        return Ok(None);
    }
    let (ports, _) = Ports::view(bytes)?;
    Ok(Some(ports))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn versions() {
        assert_eq!(version(&[0x45]), Ok(Version::V4));
        assert_eq!(version(&[0x60, 0]), Ok(Version::V6));
        assert_eq!(
            version(&[0x54]),
            Err(Error::BadVersion {
                layer: Layer::Ipv4,
                version: 5
            })
        );
        assert_eq!(version(&[]), Err(Error::truncated(Layer::Ipv4, 1, 0)));
    }

    #[test]
    fn port_numbers() {
        let bytes = [0xc0, 0x00, 0x00, 0x35];
        for protocol in (0..=u8::MAX).map(Protocol) {
            let has = [6, 17, 33, 132, 136].contains(&protocol.0);
            let ports = ports(protocol, &bytes).unwrap();
            assert_eq!(ports.is_some(), has, "{protocol}");
            if let Some(ports) = ports {
                assert_eq!((ports.source(), ports.destination()), (49152, 53));
            }
        }
        assert_eq!(ports(Protocol::GRE, &[]), Ok(None));
        super::super::testing::boundary(&bytes, |bytes| ports(Protocol::SCTP, bytes).map(|_| ()));
    }

    #[test]
    fn round_trip() {
        super::super::testing::round_trip::<Ports>(|ports| {
            let mut copy = Ports::new(0, 0);
            copy.set_source(ports.source());
            copy.set_destination(ports.destination());
            copy
        });
    }

    #[test]
    fn checksums() {
        for protocol in (0..=u8::MAX).map(Protocol) {
            let place = |version| protocol.checksum_offset(version);
            let expected = match protocol.0 {
                1 => (Some(2), None),
                6 => (Some(16), Some(16)),
                17 | 33 | 136 => (Some(6), Some(6)),
                58 => (None, Some(2)),
                _ => (None, None),
            };
            assert_eq!((place(Version::V4), place(Version::V6)), expected);
            let covers = expected.1.is_some();
            assert_eq!(protocol.has_pseudo_header(), covers, "{protocol}");
        }
    }

    #[test]
    fn lengths() {
        assert_eq!(Lengths::new(21, 20), None);
        let lengths = Lengths::new(20, 20).unwrap();
        assert_eq!(lengths.payload_len(), 0);
    }

    #[test]
    fn names() {
        assert_eq!(Protocol::ETHERIP.to_string(), "etherip");
        assert_eq!(Protocol(200).to_string(), "protocol 200");
        for bits in 0..=3 {
            assert_eq!(Ecn::from_class(0xfc | bits).bits(), bits);
        }
    }
}
