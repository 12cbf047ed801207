// SPDX-License-Identifier: GPL-2.0

//! Rules, and which of them a packet matches. Knows nothing of packets' bytes or of netlink.

use core::net::IpAddr;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    classify::{
        self,
        Address, //
    },
    percpu::PacketCounter,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

pub(crate) use kernet::classify::{
    Condition,
    Facts,
    Ports,
    State,
    States, //
};

pub(crate) use crate::nl_generated::{
    Action,
    Chain, //
};

/// The most rules in a namespace.
pub(crate) const MAX_RULES: usize = 100_000;

/// The priority of a first rule that is given none: there is room before it.
pub(crate) const FIRST_PRIORITY: u32 = 1 << 16;

/// What rules look at in a packet, of IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    V4(classify::Key<u32>),
    V6(classify::Key<u128>),
}

/// Addresses that have their first bits in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// An IPv4 address is the low 32 bits.
    network: u128,
    len: u8,
}

/// The number with the `bits` lowest bits set.
fn low_bits(bits: u32) -> u128 {
    1u128
        .checked_shl(bits)
        .map_or(u128::MAX, |bit| bit.wrapping_sub(1))
}

fn width(version: Version) -> u8 {
    match version {
        Version::V4 => 32,
        Version::V6 => 128,
    }
}

/// An address as a number, and what it is an address of.
pub(crate) fn number(address: IpAddr) -> (u128, Version) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), Version::V4),
        IpAddr::V6(address) => (address.to_bits(), Version::V6),
    }
}

impl Prefix {
    /// `None` if the address has bits behind the prefix, or not as many bits.
    fn new(address: IpAddr, len: u8) -> Option<Self> {
        let (network, version) = number(address);
        let host = low_bits(u32::from(width(version).checked_sub(len)?));
        (network & host == 0).then_some(Self { network, len })
    }

    /// As it was when it was asked for, in a rule of the classifier's.
    fn of<A: Address>(prefix: classify::Prefix<A>, number: impl Fn(A) -> u128) -> Self {
        Self {
            network: number(prefix.network()),
            len: prefix.len(),
        }
    }

    pub(crate) fn network(&self) -> u128 {
        self.network
    }

    pub(crate) fn len(&self) -> u8 {
        self.len
    }
}

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
}

/// The part of a [`Wish`] that cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Address,
    PrefixLen,
    PortMin,
    PortMax,
    States,
}

/// Why a [`Wish`] cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Whether it is of the source; of the destination otherwise.
    pub(crate) source: bool,
    pub(crate) field: Field,
    pub(crate) why: &'static str,
}

/// What a rule matches: all that is not `None` has to.
///
/// # Invariants
///
/// Prefixes are of addresses of `family`; ports are of a `protocol` that has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    chain: Chain,
    family: Option<Version>,
    protocol: Option<Protocol>,
    source: Option<Prefix>,
    destination: Option<Prefix>,
    source_ports: Option<Ports>,
    destination_ports: Option<Ports>,
    condition: Condition,
}

impl Match {
    /// Checks that the wish can be granted.
    pub(crate) fn new(wish: &Wish) -> Result<Self, Refusal> {
        let mut family = wish.family;
        let mut ends = [(None, None); 2];
        for ((source, end), place) in [(true, &wish.source), (false, &wish.destination)]
            .into_iter()
            .zip(&mut ends)
        {
            let refuse = |field, why| Refusal { source, field, why };
            *place = (
                end.prefix(&mut family)
                    .map_err(|(field, why)| refuse(field, why))?,
                end.ports(wish.protocol)
                    .map_err(|(field, why)| refuse(field, why))?,
            );
        }
        let [(source, source_ports), (destination, destination_ports)] = ends;
        let condition = match wish.states.map(States::from_bits) {
            None => Condition::NONE,
            Some(Some(states)) => Condition::NONE.states(states),
            Some(None) => {
                return Err(Refusal {
                    source: false,
                    field: Field::States,
                    why: "no packet is in one of no states",
                })
            }
        };
        // INVARIANT: `End::prefix` and `End::ports` have checked it.
        Ok(Self {
            chain: wish.chain,
            family,
            protocol: wish.protocol,
            source,
            destination,
            source_ports,
            destination_ports,
            condition,
        })
    }

    /// What the classifier is told of it: all but the chain and the family. Addresses are made by
    /// `address`.
    fn classified<A: Address>(&self, tag: u32, address: impl Fn(u128) -> A) -> classify::Rule<A> {
        let prefix = |prefix: Prefix| classify::Prefix::of(address(prefix.network), prefix.len);
        let mut rule = classify::Rule::any(tag);
        if let Some(source) = self.source {
            rule = rule.source(prefix(source));
        }
        if let Some(destination) = self.destination {
            rule = rule.destination(prefix(destination));
        }
        if let Some(ports) = self.source_ports {
            rule = rule.source_ports(ports);
        }
        if let Some(ports) = self.destination_ports {
            rule = rule.destination_ports(ports);
        }
        if let Some(protocol) = self.protocol {
            rule = rule.protocol(protocol.0);
        }
        if !self.condition.is_none() {
            rule = rule.conditional();
        }
        rule
    }

    /// For packets of IPv4, whatever its family is.
    pub(crate) fn v4(&self, tag: u32) -> classify::Rule<u32> {
        // IPv4 addresses are the low bits.
        self.classified(tag, |address| address as u32)
    }

    /// For packets of IPv6.
    pub(crate) fn v6(&self, tag: u32) -> classify::Rule<u128> {
        self.classified(tag, |address| address)
    }

    /// What the classifier was told, and what it was not.
    pub(crate) fn again<A: Address>(
        kept: &Kept,
        rule: &classify::Rule<A>,
        number: impl Fn(A) -> u128,
    ) -> Self {
        let (source, destination) = rule.prefixes();
        let (source_ports, destination_ports) = rule.ports();
        // INVARIANT: As it was.
        Self {
            chain: kept.chain,
            family: kept.family,
            protocol: rule.wanted_protocol().map(Protocol),
            source: kept.has_source.then(|| Prefix::of(source, &number)),
            destination: kept
                .has_destination
                .then(|| Prefix::of(destination, &number)),
            source_ports,
            destination_ports,
            condition: kept.condition,
        }
    }

    /// What the classifier is not told.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            chain: self.chain,
            family: self.family,
            has_source: self.source.is_some(),
            has_destination: self.destination.is_some(),
            condition: self.condition,
        }
    }

    /// The states that it wants, all if it wants none, of one that looks at nothing else.
    pub(crate) fn states_alone(&self) -> Option<States> {
        let states = self.condition.wanted_states();
        // INVARIANT: Neither prefixes nor ports.
        let alone = Self {
            chain: self.chain,
            family: None,
            protocol: None,
            source: None,
            destination: None,
            source_ports: None,
            destination_ports: None,
            condition: states.map_or(Condition::NONE, |states| Condition::NONE.states(states)),
        };
        (*self == alone).then(|| states.unwrap_or(States::ALL))
    }

    /// What two matches have in common that are the same, and no others.
    pub(crate) fn identity(&self) -> Identity {
        let end = |prefix: Option<Prefix>, ports: Option<Ports>| Peer {
            network: prefix.map_or(0, |prefix| prefix.network),
            len: prefix.map(|prefix| prefix.len),
            ports: ports.map(|ports| (ports.min, ports.max)),
        };
        Identity {
            chain: self.chain as u8,
            family: self.family.map(width),
            protocol: self.protocol.map(|protocol| protocol.0),
            source: end(self.source, self.source_ports),
            destination: end(self.destination, self.destination_ports),
            condition: self.condition,
        }
    }

    pub(crate) fn in_chain(&self) -> Chain {
        self.chain
    }

    pub(crate) fn family(&self) -> Option<Version> {
        self.family
    }

    pub(crate) fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }

    pub(crate) fn source(&self) -> (Option<Prefix>, Option<Ports>) {
        (self.source, self.source_ports)
    }

    pub(crate) fn destination(&self) -> (Option<Prefix>, Option<Ports>) {
        (self.destination, self.destination_ports)
    }

    /// What it wants beside what is in the packet's headers.
    pub(crate) fn condition(&self) -> Condition {
        self.condition
    }
}

/// What a rule matches, in an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    chain: u8,
    family: Option<u8>,
    protocol: Option<u8>,
    source: Peer,
    destination: Peer,
    condition: Condition,
}

/// One end of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Peer {
    network: u128,
    len: Option<u8>,
    ports: Option<(u16, u16)>,
}

/// What a rule matches beside what the classifier has of it.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) chain: Chain,
    pub(crate) family: Option<Version>,
    /// Whether a prefix was asked for, as one without bits is not none.
    has_source: bool,
    has_destination: bool,
    pub(crate) condition: Condition,
}

impl End {
    /// The prefix, which settles the family if nothing did before.
    fn prefix(
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

    fn ports(&self, protocol: Option<Protocol>) -> Result<Option<Ports>, (Field, &'static str)> {
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

/// A rule in its place.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) id: u32,
    pub(crate) priority: u32,
    /// Orders the rules of one priority. The set that it is in chooses it.
    pub(crate) place: u64,
    pub(crate) matches: Match,
    pub(crate) action: Action,
    /// Shared by the copies that a change of the rules makes.
    pub(crate) counters: Arc<PacketCounter>,
}
