// SPDX-License-Identifier: GPL-2.0

//! What a rule is asked to match, and why it cannot.

use core::net::IpAddr;
use kernet::wire::ip::{
    Protocol,
    Version, //
};

use crate::rules::{
    number,
    width,
    Chain,
    Condition,
    Message,
    Ports,
    Prefix,
    RejectWith,
    States, //
};

/// One end of what a rule is asked to match, as a request states it.
#[derive(Clone, Copy, Default)]
pub(crate) struct End {
    pub(crate) address: Option<IpAddr>,
    pub(crate) prefix_len: Option<u8>,
    pub(crate) port_min: Option<u16>,
    pub(crate) port_max: Option<u16>,
}

/// What a rule is asked to match, as a request states it.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) chain: Chain,
    pub(crate) family: Option<Version>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) source: End,
    pub(crate) destination: End,
    /// Of a packet's connection, by their bits in the specification.
    pub(crate) states: Option<u8>,
    pub(crate) icmp_type: Option<u8>,
    pub(crate) icmp_code: Option<u8>,
    /// As they are in a TCP header.
    pub(crate) tcp_flags: Option<u8>,
    pub(crate) tcp_flags_mask: Option<u8>,
    pub(crate) lengths: (Option<u32>, Option<u32>),
    pub(crate) hop_limits: (Option<u8>, Option<u8>),
    pub(crate) dscp: Option<u8>,
    pub(crate) mark: (Option<u32>, Option<u32>),
}

/// The part of a [`Wish`] that cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Address,
    PrefixLen,
    PortMin,
    PortMax,
    States,
    IcmpType,
    IcmpCode,
    TcpFlags,
    TcpFlagsMask,
    LengthMax,
    HopLimitMax,
    Mark,
    MarkMask,
}

/// Why a [`Wish`] cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Whether it is of the source; of the destination otherwise.
    pub(crate) source: bool,
    pub(crate) field: Field,
    pub(crate) why: &'static str,
}

impl Wish {
    /// What it says of an ICMP message.
    pub(crate) fn message(
        &self,
        family: Option<Version>,
    ) -> Result<Option<Message>, (Field, &'static str)> {
        let Some(r#type) = self.icmp_type else {
            return match self.icmp_code {
                None => Ok(None),
                Some(_) => Err((Field::IcmpCode, "a code without a type")),
            };
        };
        let other = match self.protocol {
            Some(Protocol::ICMP) => Version::V6,
            Some(Protocol::ICMPV6) => Version::V4,
            _ => return Err((Field::IcmpType, "a type needs the protocol ICMP or ICMPv6")),
        };
        if family == Some(other) {
            return Err((Field::IcmpType, "the protocol is of the other family"));
        }
        Ok(Some(Message {
            r#type,
            code: self.icmp_code,
        }))
    }

    /// What it says of numbers that few rules look at.
    fn numbers(&self, mut condition: Condition) -> Result<Condition, (Field, &'static str)> {
        if let Some((min, max)) = range(self.lengths, u32::MIN) {
            if min > max {
                return Err((Field::LengthMax, "the greatest length is below the least"));
            }
            condition = condition.lengths(min, max);
        }
        if let Some((min, max)) = range(self.hop_limits, u8::MIN) {
            if min > max {
                return Err((Field::HopLimitMax, "the greatest limit is below the least"));
            }
            condition = condition.hop_limits(min, max);
        }
        if let Some(dscp) = self.dscp {
            condition = condition.dscp(dscp);
        }
        match bits(self.mark) {
            Ok(None) => Ok(condition),
            Ok(Some((mark, mask))) => Ok(condition.mark(mark, mask)),
            Err(Bits::None) => Err((Field::MarkMask, "none of the mark's bits is looked at")),
            Err(Bits::Beyond) => Err((Field::Mark, "a bit of the mark is not in the mask")),
        }
    }

    /// What it says beside headers.
    pub(crate) fn condition(&self) -> Result<Condition, (Field, &'static str)> {
        let mut condition = Condition::NONE;
        if let Some(bits) = self.states {
            let states = States::from_bits(bits);
            let why = "no packet is in one of no states";
            condition = condition.states(states.ok_or((Field::States, why))?);
        }
        condition = self.numbers(condition)?;
        let (flags, mask, field) = match (self.tcp_flags, self.tcp_flags_mask) {
            (None, None) => return Ok(condition),
            (Some(flags), None) => (flags, flags, Field::TcpFlags),
            (flags, Some(mask)) => (flags.unwrap_or(0), mask, Field::TcpFlagsMask),
        };
        if self.protocol != Some(Protocol::TCP) {
            return Err((field, "flags need the protocol TCP"));
        }
        if mask == 0 {
            return Err((field, "none of the flags is looked at"));
        }
        if flags & !mask != 0 {
            return Err((Field::TcpFlags, "a flag is not in the mask"));
        }
        Ok(condition.flags(flags, mask))
    }
}

/// The least and the greatest number; one alone is both, if it is the least.
fn range<T: Copy>(asked: (Option<T>, Option<T>), least: T) -> Option<(T, T)> {
    match asked {
        (None, None) => None,
        (Some(min), max) => Some((min, max.unwrap_or(min))),
        (None, Some(max)) => Some((least, max)),
    }
}

/// What is wrong with bits and the mask of those that are meant.
pub(crate) enum Bits {
    /// The mask has none.
    None,
    /// One is not in the mask.
    Beyond,
}

/// The bits and the mask, which is all bits if it is not said.
pub(crate) fn bits(asked: (Option<u32>, Option<u32>)) -> Result<Option<(u32, u32)>, Bits> {
    let (value, mask) = match asked {
        (None, None) => return Ok(None),
        (value, mask) => (value.unwrap_or(0), mask.unwrap_or(u32::MAX)),
    };
    match mask {
        0 => Err(Bits::None),
        mask if value & !mask != 0 => Err(Bits::Beyond),
        mask => Ok(Some((value, mask))),
    }
}

impl RejectWith {
    /// Why a rule of the protocol and the family cannot reject so.
    pub(crate) fn why_not(
        self,
        protocol: Option<Protocol>,
        family: Option<Version>,
    ) -> Option<&'static str> {
        match self {
            Self::PortUnreachable
            | Self::NoRoute
            | Self::HostUnreachable
            | Self::AdminProhibited => None,
            Self::TcpReset => {
                (protocol != Some(Protocol::TCP)).then_some("a reset needs the protocol TCP")
            }
            Self::ProtUnreachable | Self::NetProhibited | Self::HostProhibited => (family
                != Some(Version::V4))
            .then_some("ICMP alone says that: it needs the family ipv4"),
            Self::PolicyFail | Self::RejectRoute => (family != Some(Version::V6))
                .then_some("ICMPv6 alone says that: it needs the family ipv6"),
        }
    }
}

impl End {
    /// The prefix, which settles the family if nothing did before.
    pub(crate) fn prefix(
        &self,
        family: &mut Option<Version>,
    ) -> Result<Option<Prefix>, (Field, &'static str)> {
        let Some(address) = self.address else {
            return match self.prefix_len {
                None => Ok(None),
                Some(_) => Err((Field::PrefixLen, "a prefix length without an address")),
            };
        };
        let (_, version) = number(address);
        if *family.get_or_insert(version) != version {
            return Err((Field::Address, "the address is of another family"));
        }
        let len = self.prefix_len.unwrap_or(width(version));
        if len > width(version) {
            return Err((Field::PrefixLen, "more bits than the address has"));
        }
        match Prefix::new(address, len) {
            None => Err((Field::Address, "the address has bits behind the prefix")),
            prefix => Ok(prefix),
        }
    }

    /// The ports, of a protocol that has them.
    pub(crate) fn ports(
        &self,
        protocol: Option<Protocol>,
    ) -> Result<Option<Ports>, (Field, &'static str)> {
        let (ports, field) = match (self.port_min, self.port_max) {
            (None, None) => return Ok(None),
            (Some(min), None) => (Ports { min, max: min }, Field::PortMin),
            (None, Some(max)) => (Ports { min: 0, max }, Field::PortMax),
            (Some(min), Some(max)) => (Ports { min, max }, Field::PortMax),
        };
        if !protocol.is_some_and(Protocol::has_ports) {
            return Err((field, "ports need a protocol that has them"));
        }
        if ports.min > ports.max {
            return Err((Field::PortMax, "the last port is before the first"));
        }
        Ok(Some(ports))
    }
}
