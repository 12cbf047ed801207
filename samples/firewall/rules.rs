// SPDX-License-Identifier: GPL-2.0

//! Rules, and which of them a packet matches. Knows nothing of packets' bytes or of netlink.

use core::{
    net::IpAddr,
    num::NonZero, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    percpu::PacketCounter,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

pub(crate) use crate::nl_generated::{
    Action,
    Chain, //
};

/// The most rules in a namespace.
pub(crate) const MAX_RULES: usize = 1024;

/// The priority of a first rule that is given none: there is room before it.
pub(crate) const FIRST_PRIORITY: u32 = 1 << 16;

/// What is between the places of two rules of one priority: so often a rule is put right before another
/// one, until all get new places.
const STEP: u64 = 1 << 32;

/// What rules look at in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) version: Version,
    /// Behind all extension headers.
    pub(crate) protocol: Protocol,
    /// An IPv4 address is the low 32 bits.
    pub(crate) source: u128,
    pub(crate) destination: u128,
    /// Source and destination; `None` where the protocol has none, or they are in another fragment.
    pub(crate) ports: Option<(u16, u16)>,
}

/// Addresses that have their first bits in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    network: u128,
    mask: u128,
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
        let mask = low_bits(u32::from(width(version))) & !host;
        (network & host == 0).then_some(Self { network, mask, len })
    }

    #[inline]
    fn contains(&self, address: u128) -> bool {
        address & self.mask == self.network
    }

    pub(crate) fn network(&self) -> u128 {
        self.network
    }

    pub(crate) fn len(&self) -> u8 {
        self.len
    }
}

/// Ports from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) min: u16,
    pub(crate) max: u16,
}

impl Ports {
    #[inline]
    fn contains(&self, port: u16) -> bool {
        self.min <= port && port <= self.max
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
}

/// The part of a [`Wish`] that cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Address,
    PrefixLen,
    PortMin,
    PortMax,
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
        // INVARIANT: `End::prefix` and `End::ports` have checked it.
        Ok(Self {
            chain: wish.chain,
            family,
            protocol: wish.protocol,
            source,
            destination,
            source_ports,
            destination_ports,
        })
    }

    /// Whether a packet in `chain` matches.
    #[inline]
    pub(crate) fn matches(&self, chain: Chain, key: &Key) -> bool {
        self.chain == chain
            && self.family.is_none_or(|family| family == key.version)
            && self
                .protocol
                .is_none_or(|protocol| protocol == key.protocol)
            && self.source.is_none_or(|prefix| prefix.contains(key.source))
            && self
                .destination
                .is_none_or(|prefix| prefix.contains(key.destination))
            && self.matches_ports(key.ports)
    }

    #[inline]
    fn matches_ports(&self, ports: Option<(u16, u16)>) -> bool {
        match (self.source_ports, self.destination_ports) {
            (None, None) => true,
            (source, destination) => ports.is_some_and(|ports| {
                source.is_none_or(|range| range.contains(ports.0))
                    && destination.is_none_or(|range| range.contains(ports.1))
            }),
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

/// The rules of a namespace, in their order.
pub(crate) struct RuleSet {
    /// Sorted by priority, then by place.
    rules: KVVec<Rule>,
    /// Of the contents.
    generation: NonZero<u32>,
}

impl RuleSet {
    /// No rules.
    pub(crate) fn empty() -> Self {
        Self {
            rules: KVVec::new(),
            generation: NonZero::<u32>::MIN,
        }
    }

    /// The first rule that matches.
    #[inline]
    pub(crate) fn find(&self, chain: Chain, key: &Key) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.matches.matches(chain, key))
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    pub(crate) fn generation(&self) -> NonZero<u32> {
        self.generation
    }

    /// The priority of the last rule.
    pub(crate) fn last_priority(&self) -> u32 {
        self.rules
            .last()
            .map_or(FIRST_PRIORITY, |rule| rule.priority)
    }

    /// A copy with one rule more: behind those of its priority, or right before rule `before`, which
    /// has that priority.
    pub(crate) fn with(&self, rule: Rule, before: Option<u32>) -> Result<Self> {
        let priority = rule.priority;
        let earlier = |other: &&Rule| match before {
            Some(id) => other.id != id,
            None => other.priority <= priority,
        };
        let mut rules = KVVec::with_capacity(self.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?;
        for other in self.iter().take_while(earlier) {
            rules.push(other.clone(), GFP_KERNEL_ACCOUNT)?;
        }
        let index = rules.len();
        rules.push(rule, GFP_KERNEL_ACCOUNT)?;
        for other in self.iter().skip(index) {
            rules.push(other.clone(), GFP_KERNEL_ACCOUNT)?;
        }
        match between(&rules, index, priority) {
            Some(place) => {
                if let Some(rule) = rules.get_mut(index) {
                    rule.place = place;
                }
            }
            None => set_places(&mut rules),
        }
        Ok(self.next(rules))
    }

    /// These rules in the place of all there are, in this order where priorities are the same.
    pub(crate) fn replaced(&self, mut rules: KVVec<Rule>) -> Self {
        set_places(&mut rules);
        rules.sort_unstable_by_key(|rule| (rule.priority, rule.place));
        self.next(rules)
    }

    /// A copy without a rule.
    pub(crate) fn without(&self, id: u32) -> Result<Self> {
        let mut rules = KVVec::with_capacity(self.len(), GFP_KERNEL_ACCOUNT)?;
        for rule in self.iter().filter(|rule| rule.id != id) {
            rules.push(rule.clone(), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(self.next(rules))
    }

    /// What is left when all rules go.
    pub(crate) fn flushed(&self) -> Self {
        self.next(KVVec::new())
    }

    fn next(&self, rules: KVVec<Rule>) -> Self {
        Self {
            rules,
            generation: self
                .generation
                .checked_add(1)
                .unwrap_or(NonZero::<u32>::MIN),
        }
    }
}

/// A place for the rule at `index`, of that priority, if there is one between its neighbours'.
fn between(rules: &[Rule], index: usize, priority: u32) -> Option<u64> {
    let place_of = |index: Option<usize>| {
        index
            .and_then(|index| rules.get(index))
            .filter(|rule| rule.priority == priority)
            .map(|rule| rule.place)
    };
    let low = place_of(index.checked_sub(1)).unwrap_or(0);
    match place_of(index.checked_add(1)) {
        None => low.checked_add(STEP),
        Some(high) => low
            .checked_add(high.checked_sub(low)? / 2)
            .filter(|place| *place > low),
    }
}

/// Gives rules places in the order in which they are.
fn set_places(rules: &mut [Rule]) {
    let mut place = 0u64;
    for rule in rules {
        // There are fewer than `MAX_RULES`.
        place = place.saturating_add(STEP);
        rule.place = place;
    }
}
