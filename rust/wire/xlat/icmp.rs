// SPDX-License-Identifier: GPL-2.0

//! Types, codes and pointers of both ICMPs (RFC 7915 sections 4.2 and 5.2).

use super::super::{
    icmp,
    icmpv6,
    ip::Protocol, //
};
use super::{
    mtu,
    Refused,
    Settings, //
};

/// What both have: an echo request and its reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// With this type in the other version.
    Echo(u8),
    Error,
}

/// What a message of ICMP is.
#[inline]
pub(super) fn kind4(kind: icmp::Type) -> Result<Kind, Refused> {
    match kind {
        icmp::Type::ECHO => Ok(Kind::Echo(icmpv6::Type::ECHO_REQUEST.0)),
        icmp::Type::ECHO_REPLY => Ok(Kind::Echo(icmpv6::Type::ECHO_REPLY.0)),
        kind if kind.is_error() => Ok(Kind::Error),
        // Information, timestamp, address mask; routers; what is not known.
        kind => Err(Refused::IcmpType(kind)),
    }
}

/// What a message of ICMPv6 is.
#[inline]
pub(super) fn kind6(kind: icmpv6::Type) -> Result<Kind, Refused> {
    match kind {
        icmpv6::Type::ECHO_REQUEST => Ok(Kind::Echo(icmp::Type::ECHO.0)),
        icmpv6::Type::ECHO_REPLY => Ok(Kind::Echo(icmp::Type::ECHO_REPLY.0)),
        kind if kind.is_error() => Ok(Kind::Error),
        // Multicast listeners, neighbour discovery, what is not known.
        kind => Err(Refused::Icmpv6Type(kind)),
    }
}

/// An error in ICMPv6.
pub(super) struct Error6 {
    pub(super) kind: icmpv6::Type,
    pub(super) code: u8,
    /// MTU or pointer.
    pub(super) value: u32,
}

/// An error in ICMP.
pub(super) struct Error4 {
    pub(super) kind: icmp::Type,
    pub(super) code: u8,
    /// The MTU.
    pub(super) mtu: u16,
    /// The pointer, which is in another octet.
    pub(super) pointer: u8,
}

/// Where a field of the IPv4 header is in the IPv6 header (RFC 7915 figure 3).
fn pointer_to_v6(at: u8) -> Result<u32, Refused> {
    Ok(match at {
        0 => 0,
        1 => 1,
        2 | 3 => 4,
        8 => 7,
        9 => 6,
        12..=15 => 8,
        16..=19 => 24,
        _ => return Err(Refused::Pointer(u32::from(at))),
    })
}

/// Where a field of the IPv6 header is in the IPv4 header (RFC 7915 figure 6).
fn pointer_to_v4(at: u32) -> Result<u8, Refused> {
    Ok(match at {
        0 => 0,
        1 => 1,
        4 | 5 => 2,
        6 => 9,
        7 => 8,
        8..=23 => 12,
        24..=39 => 16,
        _ => return Err(Refused::Pointer(at)),
    })
}

/// An ICMP error about a packet of `total_len` octets, as ICMPv6.
pub(super) fn error_to_v6(
    header: &icmp::Header,
    total_len: u16,
    settings: &Settings,
) -> Result<Error6, Refused> {
    let (kind, code) = (header.kind(), header.code());
    let refused = Err(Refused::IcmpCode(kind, code));
    let unreachable = |code| (icmpv6::Type::DESTINATION_UNREACHABLE, code, 0);
    let (kind, code, value) = match (kind, code) {
        (icmp::Type::DESTINATION_UNREACHABLE, code) => match code {
            // Net, host; source route failed; unknown, isolated; type of service.
            0 | 1 | 5..=8 | 11 | 12 => unreachable(icmpv6::unreachable::NO_ROUTE),
            // Protocol: the place of the next header.
            2 => (icmpv6::Type::PARAMETER_PROBLEM, 1, 6),
            3 => unreachable(icmpv6::unreachable::PORT),
            4 => {
                let mtu = mtu::to_v6(header.mtu(), total_len, settings);
                (icmpv6::Type::PACKET_TOO_BIG, 0, mtu)
            }
            // Prohibited: net, host, communication; precedence cutoff.
            9 | 10 | 13 | 15 => unreachable(icmpv6::unreachable::ADMINISTRATIVELY_PROHIBITED),
            // Precedence violation, and what is not known.
            _ => return refused,
        },
        (icmp::Type::TIME_EXCEEDED, code) => (icmpv6::Type::TIME_EXCEEDED, code, 0),
        (icmp::Type::PARAMETER_PROBLEM, 0 | 2) => {
            let [pointer, _] = header.identifier().to_be_bytes();
            let pointer = pointer_to_v6(pointer)?;
            (icmpv6::Type::PARAMETER_PROBLEM, 0, pointer)
        }
        (icmp::Type::PARAMETER_PROBLEM, _) => return refused,
        // Redirect, source quench.
        (kind, _) => return Err(Refused::IcmpType(kind)),
    };
    Ok(Error6 { kind, code, value })
}

/// An ICMPv6 error, as ICMP.
pub(super) fn error_to_v4(header: &icmpv6::Header, settings: &Settings) -> Result<Error4, Refused> {
    let (kind, code) = (header.kind(), header.code());
    let refused = Err(Refused::Icmpv6Code(kind, code));
    let unreachable = icmp::Type::DESTINATION_UNREACHABLE;
    let (mut mtu, mut pointer) = (0, 0);
    let (kind, code) = match (kind, code) {
        (icmpv6::Type::DESTINATION_UNREACHABLE, code) => match code {
            // No route, beyond the scope, address.
            0 | 2 | 3 => (unreachable, icmp::unreachable::HOST),
            // Communication with the host is prohibited.
            1 => (unreachable, 10),
            4 => (unreachable, icmp::unreachable::PORT),
            _ => return refused,
        },
        (icmpv6::Type::PACKET_TOO_BIG, _) => {
            mtu = mtu::to_v4(header.value(), settings);
            (unreachable, icmp::unreachable::FRAGMENTATION_NEEDED)
        }
        (icmpv6::Type::TIME_EXCEEDED, code) => (icmp::Type::TIME_EXCEEDED, code),
        (icmpv6::Type::PARAMETER_PROBLEM, 0) => {
            pointer = pointer_to_v4(header.value())?;
            (icmp::Type::PARAMETER_PROBLEM, 0)
        }
        (icmpv6::Type::PARAMETER_PROBLEM, 1) => (unreachable, icmp::unreachable::PROTOCOL),
        (icmpv6::Type::PARAMETER_PROBLEM, _) => return refused,
        (kind, _) => return Err(Refused::Icmpv6Type(kind)),
    };
    Ok(Error4 {
        kind,
        code,
        mtu,
        pointer,
    })
}

/// How long the quoted packet is in an error whose type has RFC 4884's length, and the unit it is
/// counted in; `None` if the type has none.
pub(super) fn unit4(kind: icmp::Type) -> Option<usize> {
    // RFC 4884 section 4: with ICMP in words of 32 bits.
    matches!(
        kind,
        icmp::Type::DESTINATION_UNREACHABLE
            | icmp::Type::TIME_EXCEEDED
            | icmp::Type::PARAMETER_PROBLEM
    )
    .then_some(4)
}

/// The same of ICMPv6, in words of 64 bits.
pub(super) fn unit6(kind: icmpv6::Type) -> Option<usize> {
    matches!(
        kind,
        icmpv6::Type::DESTINATION_UNREACHABLE | icmpv6::Type::TIME_EXCEEDED
    )
    .then_some(8)
}

/// The protocol's number in IPv6.
#[inline]
pub(super) const fn protocol_to_v6(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::ICMP => Protocol::ICMPV6,
        other => other,
    }
}

/// The protocol's number in IPv4.
#[inline]
pub(super) const fn protocol_to_v4(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::ICMPV6 => Protocol::ICMP,
        other => other,
    }
}
