// SPDX-License-Identifier: GPL-2.0

//! Rules, and how they are written.

use std::{fmt, net::IpAddr};

use crate::schema::names;

/// A value that the specification has a name for.
macro_rules! named {
    ($(#[$about:meta])* $name:ident, $names:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) u8);

        impl $name {
            pub(crate) const NAMES: &'static [(u8, &'static str)] = $names;

            pub(crate) fn of(name: &str) -> Option<Self> {
                let found = Self::NAMES.iter().find(|(_, known)| *known == name);
                found.map(|(number, _)| Self(*number))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match Self::NAMES.iter().find(|(number, _)| *number == self.0) {
                    Some((_, name)) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }
    };
}

named!(
    /// Where a rule looks at packets.
    Chain,
    names::CHAIN
);
named!(
    /// What it does with them.
    Action,
    names::ACTION
);
named!(
    /// What the sender of a rejected packet is told.
    RejectWith,
    names::REJECT_WITH
);
named!(Family, names::FAMILY);
named!(
    /// A protocol's number, and what it is called here.
    Protocol,
    &[
        (1, "icmp"),
        (2, "igmp"),
        (4, "ipip"),
        (6, "tcp"),
        (17, "udp"),
        (33, "dccp"),
        (47, "gre"),
        (50, "esp"),
        (51, "ah"),
        (58, "icmpv6"),
        (89, "ospf"),
        (103, "pim"),
        (112, "vrrp"),
        (115, "l2tp"),
        (132, "sctp"),
        (136, "udplite"),
    ]
);

impl Action {
    pub(crate) const ACCEPT: Self = Self(0);
    pub(crate) const REJECT: Self = Self(2);
}

impl RejectWith {
    /// What it is if a rule does not say.
    pub(crate) const PORT_UNREACHABLE: Self = Self(0);
    pub(crate) const TCP_RESET: Self = Self(1);

    /// `None` if it has no name: what it means cannot be written.
    pub(crate) fn known(number: u8) -> Option<Self> {
        Self::NAMES
            .iter()
            .any(|(known, _)| *known == number)
            .then_some(Self(number))
    }

    /// The family that it is of alone.
    pub(crate) fn family(self) -> Option<Family> {
        match self.0 {
            5..=7 => Some(Family::IPV4),
            8 | 9 => Some(Family::IPV6),
            _ => None,
        }
    }
}

impl Family {
    pub(crate) const IPV4: Self = Self(0);
    pub(crate) const IPV6: Self = Self(1);

    pub(crate) fn of_address(address: &IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::IPV4,
            IpAddr::V6(_) => Self::IPV6,
        }
    }
}

impl Protocol {
    pub(crate) const ICMP: Self = Self(1);
    pub(crate) const TCP: Self = Self(6);
    pub(crate) const ICMPV6: Self = Self(58);

    /// Whether its packets have ports that the firewall looks at.
    pub(crate) fn has_ports(self) -> bool {
        matches!(self.0, 6 | 17 | 33 | 132 | 136)
    }

    fn has_name(self) -> bool {
        Self::NAMES.iter().any(|(number, _)| *number == self.0)
    }
}

/// Values of which each is a bit, and the specification has names for.
macro_rules! named_bits {
    ($(#[$about:meta])* $name:ident, $names:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) u8);

        impl $name {
            pub(crate) const NAMES: &'static [(u8, &'static str)] = $names;

            /// `None` if one of the bits has no name: what it means cannot be written.
            pub(crate) fn of(bits: u8) -> Option<Self> {
                let named = Self::NAMES.iter().fold(0, |named, (bit, _)| named | bit);
                (bits & !named == 0).then_some(Self(bits))
            }
        }

        // All bits have names, by `of` and the language.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let said = Self::NAMES.iter().filter(|(bit, _)| self.0 & bit != 0);
                let names: Vec<&str> = said.map(|(_, name)| *name).collect();
                match names.is_empty() {
                    true => f.write_str("none"),
                    false => f.write_str(&names.join(",")),
                }
            }
        }
    };
}

named_bits!(
    /// States of connections.
    States,
    names::STATE
);
named_bits!(
    /// Control bits of TCP.
    Flags,
    names::TCP_FLAG
);

/// Addresses that have their first bits in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) address: IpAddr,
    pub(crate) len: u8,
}

impl Prefix {
    /// How many bits an address has.
    pub(crate) fn width(address: &IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// The one with these first bits, whatever those behind them are.
    pub(crate) fn of(address: IpAddr, len: u8) -> Self {
        let behind = Self::width(&address).saturating_sub(len).into();
        let address = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(behind).unwrap_or(0);
                IpAddr::from((v4.to_bits() & mask).to_be_bytes())
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(behind).unwrap_or(0);
                IpAddr::from((v6.to_bits() & mask).to_be_bytes())
            }
        };
        Self { address, len }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        match self.len == Self::width(&self.address) {
            true => Ok(()),
            false => write!(f, "/{}", self.len),
        }
    }
}

/// One end of what a rule matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) prefix: Option<Prefix>,
    /// The first and the last.
    pub(crate) ports: Option<(u16, u16)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: Option<u32>,
    pub(crate) priority: Option<u32>,
    pub(crate) chain: Chain,
    pub(crate) action: Action,
    /// Of one that rejects.
    pub(crate) reject: Option<RejectWith>,
    /// What the mark becomes, of one that accepts, and of which of its bits.
    pub(crate) set_mark: Option<(u32, u32)>,
    /// That of the addresses, if there are any.
    pub(crate) family: Option<Family>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) source: End,
    pub(crate) destination: End,
    pub(crate) states: Option<States>,
    /// Type and code of an ICMP message.
    pub(crate) message: Option<(u8, Option<u8>)>,
    /// Those that are set, and those that are looked at.
    pub(crate) flags: Option<(Flags, Flags)>,
    /// The least and the greatest.
    pub(crate) length: Option<(u32, u32)>,
    pub(crate) ttl: Option<(u8, u8)>,
    pub(crate) dscp: Option<u8>,
    /// Bits of the mark, and those that are looked at.
    pub(crate) mark: Option<(u32, u32)>,
    pub(crate) packets: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

impl Rule {
    pub(crate) fn new(chain: Chain, action: Action) -> Self {
        Self {
            id: None,
            priority: None,
            chain,
            action,
            reject: (action == Action::REJECT).then_some(RejectWith::PORT_UNREACHABLE),
            set_mark: None,
            family: None,
            protocol: None,
            source: End::default(),
            destination: End::default(),
            states: None,
            message: None,
            flags: None,
            length: None,
            ttl: None,
            dscp: None,
            mark: None,
            packets: None,
            bytes: None,
        }
    }
}

/// Bits, and those that are meant, if they are not all.
struct Bits((u32, u32));

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((value, mask)) = self;
        write!(f, "{value:#x}")?;
        match *mask {
            u32::MAX => Ok(()),
            mask => write!(f, "/{mask:#x}"),
        }
    }
}

/// As the language has it: all but the priority, which is a line of its own.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.chain, self.action)?;
        match self.reject {
            None | Some(RejectWith::PORT_UNREACHABLE) => (),
            Some(with) => write!(f, " with {with}")?,
        }
        if let Some(mark) = self.set_mark {
            write!(f, " with mark {}", Bits(mark))?;
        }
        let ends = [("from", &self.source), ("to", &self.destination)];
        if let Some(family) = self.family {
            if ends.iter().all(|(_, end)| end.prefix.is_none()) {
                write!(f, " {family}")?;
            }
        }
        if let Some(protocol) = self.protocol {
            match protocol.has_name() {
                true => write!(f, " {protocol}")?,
                false => write!(f, " protocol {protocol}")?,
            }
        }
        for (name, end) in ends {
            if *end != End::default() {
                write!(f, " {name}")?;
            }
            if let Some(prefix) = end.prefix {
                write!(f, " {prefix}")?;
            }
            match end.ports {
                None => (),
                Some((min, max)) if min == max => write!(f, " port {min}")?,
                Some((min, max)) => write!(f, " port {min}-{max}")?,
            }
        }
        if let Some((kind, code)) = self.message {
            write!(f, " type {kind}")?;
            if let Some(code) = code {
                write!(f, " code {code}")?;
            }
        }
        match self.flags {
            None => (),
            Some((flags, mask)) if flags == mask => write!(f, " flags {flags}")?,
            Some((flags, mask)) => write!(f, " flags {flags}/{mask}")?,
        }
        let ranges = [
            ("length", self.length),
            ("ttl", self.ttl.map(|(min, max)| (min.into(), max.into()))),
        ];
        for (name, range) in ranges {
            match range {
                None => (),
                Some((min, max)) if min == max => write!(f, " {name} {min}")?,
                Some((min, max)) => write!(f, " {name} {min}-{max}")?,
            }
        }
        if let Some(dscp) = self.dscp {
            write!(f, " dscp {dscp}")?;
        }
        if let Some(mark) = self.mark {
            write!(f, " mark {}", Bits(mark))?;
        }
        if let Some(states) = self.states {
            write!(f, " state {states}")?;
        }
        let notes = [
            ("id", self.id.map(u64::from)),
            ("packets", self.packets),
            ("bytes", self.bytes),
        ];
        notes.iter().try_for_each(|(name, value)| match value {
            Some(value) => write!(f, " {name} {value}"),
            None => Ok(()),
        })
    }
}
