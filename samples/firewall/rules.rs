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
    Brief,
    Condition,
    Facts,
    Meta,
    More,
    Ports,
    State,
    States, //
};

pub(crate) use crate::{
    nl_generated::{
        Chain,
        RejectWith, //
    },
    wish::{
        End,
        Field,
        Refusal,
        Wish, //
    },
};

/// The most rules in a namespace.
pub(crate) const MAX_RULES: usize = 100_000;

/// The priority of a first rule that is given none: there is room before it.
pub(crate) const FIRST_PRIORITY: u32 = 1 << 16;

/// What a rule does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Accept,
    /// Accepts it, with another mark.
    Mark(SetMark),
    Drop,
    /// Drops it, and tells the sender.
    Reject(RejectWith),
}

/// What the mark of a packet becomes: bits of a mask are those of the value, which has no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetMark {
    pub(crate) value: u32,
    pub(crate) mask: u32,
}

impl SetMark {
    pub(crate) fn of(self, mark: u32) -> u32 {
        (mark & !self.mask) | self.value
    }
}

/// What an [`Action`] is, without what few rules have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Accept,
    Mark,
    Drop,
    Reject(RejectWith),
}

const _: () = assert!(size_of::<Act>() == 1, "each rule has one");

impl Action {
    /// What is kept with each rule.
    pub(crate) fn act(self) -> Act {
        match self {
            Self::Accept => Act::Accept,
            Self::Mark(_) => Act::Mark,
            Self::Drop => Act::Drop,
            Self::Reject(with) => Act::Reject(with),
        }
    }

    /// What is kept apart.
    pub(crate) fn set_mark(self) -> Option<SetMark> {
        match self {
            Self::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    /// What two actions have in common that are the same, and no others.
    pub(crate) fn identity(self) -> (u8, u32, u32) {
        match self {
            Self::Accept => (0, 0, 0),
            Self::Drop => (1, 0, 0),
            Self::Reject(with) => (2, with as u32, 0),
            Self::Mark(SetMark { value, mask }) => (3, value, mask),
        }
    }
}

impl Act {
    /// The action again.
    pub(crate) fn action(self, mark: Option<SetMark>) -> Action {
        match (self, mark) {
            (Self::Mark, Some(mark)) => Action::Mark(mark),
            // No rule marks without a mark.
            (Self::Accept | Self::Mark, _) => Action::Accept,
            (Self::Drop, _) => Action::Drop,
            (Self::Reject(with), _) => Action::Reject(with),
        }
    }
}

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

pub(crate) fn width(version: Version) -> u8 {
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
    pub(crate) fn new(address: IpAddr, len: u8) -> Option<Self> {
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

/// What an ICMP message is, also of ICMPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) r#type: u8,
    pub(crate) code: Option<u8>,
}

/// What a rule matches: all that is not `None` has to.
///
/// # Invariants
///
/// Prefixes are of addresses of `family`; ports are of a `protocol` that has them, a message is of one that has
/// messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    chain: Chain,
    family: Option<Version>,
    protocol: Option<Protocol>,
    source: Option<Prefix>,
    destination: Option<Prefix>,
    source_ports: Option<Ports>,
    destination_ports: Option<Ports>,
    message: Option<Message>,
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
        let refuse = |(field, why)| Refusal {
            source: false,
            field,
            why,
        };
        let message = wish.message(family).map_err(refuse)?;
        let condition = wish.condition().map_err(refuse)?;
        // INVARIANT: `End::prefix`, `End::ports` and `Wish::message` have checked it.
        Ok(Self {
            chain: wish.chain,
            family,
            protocol: wish.protocol,
            source,
            destination,
            source_ports,
            destination_ports,
            message,
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
        // Where other protocols have ports. No rule has both, nor a message without its protocol.
        if let Some(Message { r#type, code }) = self.message {
            rule = rule.source_ports(one(r#type));
            if let Some(code) = code {
                rule = rule.destination_ports(one(code));
            }
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
        more: Option<More>,
        rule: &classify::Rule<A>,
        number: impl Fn(A) -> u128,
    ) -> Self {
        let (source, destination) = rule.prefixes();
        let (source_ports, destination_ports) = rule.ports();
        let protocol = rule.wanted_protocol().map(Protocol);
        let has_messages = protocol.is_some_and(has_messages);
        // As `one` has made them.
        let byte = |ports: Ports| {
            let [_, low] = ports.min.to_be_bytes();
            low
        };
        let message = source_ports.filter(|_| has_messages).map(|r#type| Message {
            r#type: byte(r#type),
            code: destination_ports.map(byte),
        });
        // INVARIANT: As it was.
        Self {
            chain: kept.chain,
            family: kept.family,
            protocol,
            source: kept.has(SOURCE).then(|| Prefix::of(source, &number)),
            destination: kept
                .has(DESTINATION)
                .then(|| Prefix::of(destination, &number)),
            source_ports: source_ports.filter(|_| !has_messages),
            destination_ports: destination_ports.filter(|_| !has_messages),
            message,
            condition: Condition::of(kept.brief, more),
        }
    }

    /// What the classifier is not told.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            chain: self.chain,
            family: self.family,
            has: [
                (SOURCE, self.source.is_some()),
                (DESTINATION, self.destination.is_some()),
                (MORE, self.condition.more().is_some()),
            ]
            .iter()
            .fold(0, |bits, (bit, has)| bits | if *has { *bit } else { 0 }),
            brief: self.condition.brief(),
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
            message: None,
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
            message: self.message,
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

    pub(crate) fn message(&self) -> Option<Message> {
        self.message
    }

    /// What it wants beside what the classifier looks at.
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
    message: Option<Message>,
    condition: Condition,
}

/// One end of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Peer {
    network: u128,
    len: Option<u8>,
    ports: Option<(u16, u16)>,
}

/// What a rule matches beside what the classifier has of it, and what few have, which is kept apart.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) chain: Chain,
    pub(crate) family: Option<Version>,
    has: u8,
    pub(crate) brief: Brief,
}

/// Bits of [`Kept::has`]: whether a prefix was asked for, as one without bits is not none.
const SOURCE: u8 = 1;
const DESTINATION: u8 = 2;
/// Whether it wants more than what is kept here.
const MORE: u8 = 4;

impl Kept {
    #[inline]
    fn has(&self, bit: u8) -> bool {
        self.has & bit != 0
    }

    #[inline]
    pub(crate) fn has_more(&self) -> bool {
        self.has(MORE)
    }
}

/// One number where ports are.
fn one(number: u8) -> Ports {
    let number = u16::from(number);
    Ports {
        min: number,
        max: number,
    }
}

/// Whether packets of the protocol have a type and a code.
fn has_messages(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::ICMP | Protocol::ICMPV6)
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
