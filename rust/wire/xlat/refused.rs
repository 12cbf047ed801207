// SPDX-License-Identifier: GPL-2.0

//! Why a packet is not translated, by which rule, and what its sender is told.

use core::{
    fmt,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    }, //
};

use super::super::{
    icmp,
    icmpv6,
    ip::{
        Protocol,
        Version, //
    },
    Error, //
};

/// Why a packet is not translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A header is not what its own specification says, or is not all there.
    Header(Error),
    /// The IPv4 source may not be one: loopback, multicast, none, link-local.
    Source4(Ipv4Addr),
    /// The IPv6 source may not be one: loopback, multicast, none, link-local.
    Source6(Ipv6Addr),
    /// The IPv4 destination is a group's, a link's or none.
    Destination4(Ipv4Addr),
    /// The IPv6 destination is a group's, a link's or none.
    Destination6(Ipv6Addr),
    /// Nothing stands for the IPv4 address.
    Unmapped4(Ipv4Addr),
    /// Nothing stands for the IPv6 address.
    Unmapped6(Ipv6Addr),
    /// The well-known prefix stands for no private address.
    Private(Ipv4Addr),
    /// An IPv4 option of a source route that has not ended, of this kind.
    SourceRoute(u8),
    /// An IPv6 routing header with segments left; the place of their number in the packet.
    SegmentsLeft(u32),
    /// More of the headers is behind a fragment header: this one.
    FragmentedHeaders(Protocol),
    /// A part of an ICMP message.
    FragmentedIcmp,
    /// A protocol of one link (IGMP), or one that means something else in the other version: ICMP of the
    /// other version, extension headers.
    Protocol(Protocol),
    /// An ICMP message of a type that is not translated.
    IcmpType(icmp::Type),
    /// An ICMPv6 message of a type that is not translated.
    Icmpv6Type(icmpv6::Type),
    /// An ICMP error of a translated type, with this code, which is not.
    IcmpCode(icmp::Type, u8),
    /// An ICMPv6 error of a translated type, with this code, which is not.
    Icmpv6Code(icmpv6::Type, u8),
    /// An ICMP error about a field that the other version has not, at this place.
    Pointer(u32),
    /// An ICMP error about an ICMP error.
    Nested,
    /// UDP without a checksum.
    NoChecksum,
    /// It is longer than the next hop's MTU, which is this for the sender's version.
    TooBig(u32),
    /// It is longer than a packet of the other version can be.
    TooLong(u32),
}

/// What the sender of a refused packet is told by ICMP of its own version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// By ICMP: type, code, and the MTU, which is zero where there is none.
    V4(icmp::Type, u8, u32),
    /// By ICMPv6: type, code, and the MTU or the place of the fault.
    V6(icmpv6::Type, u8, u32),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Header(error)
    }
}

impl Refused {
    /// The paragraph of the specification that says so.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Header(_) => "the header's own specification",
            Self::Source4(_) => "RFC 7915 section 4.1, Source Address",
            Self::Source6(_) => "RFC 7915 section 5.1, Source Address",
            Self::Destination4(_) | Self::Destination6(_) => "RFC 7915 section 1.2, multicast",
            Self::Unmapped4(_) | Self::Unmapped6(_) => "RFC 7915 section 6",
            Self::Private(_) => "RFC 6052 section 3.1",
            Self::SourceRoute(_) => "RFC 7915 section 4.1, source route",
            Self::SegmentsLeft(_) => "RFC 7915 section 5.1, Segments Left",
            Self::FragmentedHeaders(_) => "RFC 7915 section 5.1.1, Fragment Offset",
            Self::FragmentedIcmp => "RFC 7915 section 1.2, fragmented ICMP",
            Self::Protocol(_) => "RFC 7915 sections 4.1 and 5.1, Protocol",
            Self::IcmpType(_) | Self::IcmpCode(..) => "RFC 7915 section 4.2",
            Self::Icmpv6Type(_) | Self::Icmpv6Code(..) => "RFC 7915 section 5.2",
            Self::Pointer(_) => "RFC 7915 figures 3 and 6",
            Self::Nested => "RFC 7915 sections 4.3 and 5.3",
            Self::NoChecksum => "RFC 7915 section 4.5",
            Self::TooBig(_) => "RFC 7915 sections 4.1 and 5.1.1, MTU",
            Self::TooLong(_) => "RFC 791 section 3.1, Total Length",
        }
    }

    /// The field of the packet that breaks the rule.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Header(error) => error.layer().name(),
            Self::Source4(_) | Self::Source6(_) => "source",
            Self::Destination4(_) | Self::Destination6(_) => "destination",
            Self::Unmapped4(_) | Self::Unmapped6(_) | Self::Private(_) => "address",
            Self::SourceRoute(_) => "options",
            Self::SegmentsLeft(_) => "segments left",
            Self::FragmentedHeaders(_) => "next header of the fragment header",
            Self::FragmentedIcmp => "fragment offset",
            Self::Protocol(_) => "protocol",
            Self::IcmpType(_) | Self::Icmpv6Type(_) => "type",
            Self::IcmpCode(..) | Self::Icmpv6Code(..) => "code",
            Self::Pointer(_) => "pointer",
            Self::Nested => "quoted packet",
            Self::NoChecksum => "checksum",
            Self::TooBig(_) | Self::TooLong(_) => "length",
        }
    }

    /// What the sender of a packet of this version is told; `None` if it is dropped silently.
    ///
    /// Nobody is told about an ICMP error, which is for the caller to know.
    pub const fn answer(self, version: Version) -> Option<Answer> {
        let prohibited = match version {
            // RFC 7915 section 4.4.
            Version::V4 => Answer::V4(
                icmp::Type::DESTINATION_UNREACHABLE,
                icmp::unreachable::ADMINISTRATIVELY_PROHIBITED,
                0,
            ),
            // RFC 7915 section 5.4.
            Version::V6 => Answer::V6(
                icmpv6::Type::DESTINATION_UNREACHABLE,
                icmpv6::unreachable::ADMINISTRATIVELY_PROHIBITED,
                0,
            ),
        };
        match self {
            Self::Unmapped4(_)
            | Self::Unmapped6(_)
            | Self::Private(_)
            | Self::FragmentedHeaders(_)
            | Self::FragmentedIcmp
            | Self::NoChecksum => Some(prohibited),
            // RFC 7915 section 4.1: "source route failed".
            Self::SourceRoute(_) => Some(Answer::V4(icmp::Type::DESTINATION_UNREACHABLE, 5, 0)),
            // RFC 7915 section 5.1: "erroneous header field encountered".
            Self::SegmentsLeft(at) => Some(Answer::V6(icmpv6::Type::PARAMETER_PROBLEM, 0, at)),
            Self::TooBig(mtu) | Self::TooLong(mtu) => Some(match version {
                Version::V4 => Answer::V4(
                    icmp::Type::DESTINATION_UNREACHABLE,
                    icmp::unreachable::FRAGMENTATION_NEEDED,
                    mtu,
                ),
                Version::V6 => Answer::V6(icmpv6::Type::PACKET_TOO_BIG, 0, mtu),
            }),
            Self::Header(_)
            | Self::Source4(_)
            | Self::Source6(_)
            | Self::Destination4(_)
            | Self::Destination6(_)
            | Self::Protocol(_)
            | Self::IcmpType(_)
            | Self::Icmpv6Type(_)
            | Self::IcmpCode(..)
            | Self::Icmpv6Code(..)
            | Self::Pointer(_)
            | Self::Nested => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field())?;
        match self {
            Self::Header(error) => write!(f, "{error}"),
            Self::Source4(address) | Self::Destination4(address) => {
                write!(f, "{address} is not of one host")
            }
            Self::Source6(address) | Self::Destination6(address) => {
                write!(f, "{address} is not of one host")
            }
            Self::Unmapped4(address) => write!(f, "nothing stands for {address}"),
            Self::Unmapped6(address) => write!(f, "nothing stands for {address}"),
            Self::Private(address) => write!(f, "{address} is private"),
            Self::SourceRoute(kind) => write!(f, "option {kind} is not at its end"),
            Self::SegmentsLeft(_) => f.write_str("not zero"),
            Self::FragmentedHeaders(protocol) => write!(f, "{protocol}"),
            Self::FragmentedIcmp => f.write_str("a fragment of ICMP"),
            Self::Protocol(protocol) => write!(f, "{protocol} stays in its version"),
            Self::IcmpType(kind) => write!(f, "ICMP {}", kind.0),
            Self::Icmpv6Type(kind) => write!(f, "ICMPv6 {}", kind.0),
            Self::IcmpCode(kind, code) => write!(f, "ICMP {} code {code}", kind.0),
            Self::Icmpv6Code(kind, code) => write!(f, "ICMPv6 {} code {code}", kind.0),
            Self::Pointer(at) => write!(f, "octet {at} has no counterpart"),
            Self::Nested => f.write_str("an ICMP error about an ICMP error"),
            Self::NoChecksum => f.write_str("UDP has none"),
            Self::TooBig(mtu) | Self::TooLong(mtu) => write!(f, "more than {mtu} octets"),
        }?;
        write!(f, " ({})", self.rule())
    }
}

impl core::error::Error for Refused {}
