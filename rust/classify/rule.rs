// SPDX-License-Identifier: GPL-2.0

//! What a packet has, and what a rule wants of it.

use super::{
    field::NO_PORT,
    Address,
    Field,
    Prefix, //
};

/// What rules look at in a packet.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Key, Rule};
///
/// /// A later fragment of UDP, which has no ports.
/// let key = Key {
///     source: 0xc000_0201_u32,
///     destination: 0xc000_0202,
///     ports: None,
///     protocol: 17,
///     input: 2,
///     output: 0,
/// };
/// assert!(Rule::any(1).protocol(17).input(2).matches(&key));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<A> {
    /// Where it comes from.
    pub source: A,
    /// Where it goes to.
    pub destination: A,
    /// Source and destination port, in host byte order; `None` of a packet that has none, as of a later
    /// fragment.
    pub ports: Option<(u16, u16)>,
    /// The number of the IP protocol that is in it.
    pub protocol: u8,
    /// The number of the interface by which it came; 0 if by none.
    pub input: u32,
    /// The number of the interface by which it goes; 0 if by none.
    pub output: u32,
}

/// Ports from one to another, both included, in host byte order.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Ports, Rule};
///
/// /// What goes to an unprivileged port.
/// let rule = Rule::<u128>::any(1).destination_ports(Ports { min: 1024, max: u16::MAX });
/// assert_eq!(rule.ports().0, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first.
    pub min: u16,
    /// The last; if it is before the first there is none.
    pub max: u16,
}

impl Ports {
    #[inline]
    fn contains(self, port: u16) -> bool {
        self.min <= port && port <= self.max
    }

    fn is_one(self) -> bool {
        self.min == self.max
    }
}

/// What a rule wants of a packet: all of it.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Ports, Prefix, Rule};
///
/// /// HTTPS to 192.0.2.0/24. What is found has the tag 7.
/// let rule = Rule::any(7)
///     .destination(Prefix::of(0xc000_0200_u32, 24))
///     .protocol(6)
///     .destination_ports(Ports { min: 443, max: 443 });
/// assert_eq!((rule.tag(), rule.wanted_protocol()), (7, Some(6)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<A> {
    source: A,
    destination: A,
    tag: u32,
    /// 0 for any.
    input: u32,
    output: u32,
    source_ports: Ports,
    destination_ports: Ports,
    source_len: u8,
    destination_len: u8,
    protocol: u8,
    wants: u8,
}

// Bits of `Rule::wants`.
const PROTOCOL: u8 = 1;
const SOURCE_PORTS: u8 = 2;
const DESTINATION_PORTS: u8 = 4;
const PORTS: u8 = SOURCE_PORTS | DESTINATION_PORTS;
const INTERFACES: u8 = 8;
const CONDITION: u8 = 16;

/// Which of the fields other than addresses are exact; of a table, which are in its key.
pub(super) mod exact {
    pub(in super::super) const PROTOCOL: u8 = 1;
    pub(in super::super) const SOURCE_PORT: u8 = 2;
    pub(in super::super) const DESTINATION_PORT: u8 = 4;
    pub(in super::super) const INPUT: u8 = 8;
    pub(in super::super) const OUTPUT: u8 = 16;
}

impl<A: Address> Rule<A> {
    /// Matches every packet. `tag` is for who looks at what is found.
    pub fn any(tag: u32) -> Self {
        Self {
            source: A::default(),
            destination: A::default(),
            tag,
            input: 0,
            output: 0,
            source_ports: Ports { min: 0, max: 0 },
            destination_ports: Ports { min: 0, max: 0 },
            source_len: 0,
            destination_len: 0,
            protocol: 0,
            wants: 0,
        }
    }

    /// From one of these addresses.
    pub fn source(mut self, prefix: Prefix<A>) -> Self {
        (self.source, self.source_len) = (prefix.network(), prefix.len());
        self
    }

    /// To one of these addresses.
    pub fn destination(mut self, prefix: Prefix<A>) -> Self {
        (self.destination, self.destination_len) = (prefix.network(), prefix.len());
        self
    }

    /// With one of these source ports; a packet without ports does not match.
    pub fn source_ports(mut self, ports: Ports) -> Self {
        self.source_ports = ports;
        self.wants |= SOURCE_PORTS;
        self
    }

    /// With one of these destination ports; a packet without ports does not match.
    pub fn destination_ports(mut self, ports: Ports) -> Self {
        self.destination_ports = ports;
        self.wants |= DESTINATION_PORTS;
        self
    }

    /// Of this IP protocol, by its number.
    pub fn protocol(mut self, protocol: u8) -> Self {
        self.protocol = protocol;
        self.wants |= PROTOCOL;
        self
    }

    /// In by this interface; 0 is any.
    pub fn input(mut self, interface: u32) -> Self {
        self.input = interface;
        if interface != 0 {
            self.wants |= INTERFACES;
        }
        self
    }

    /// Out by this interface; 0 is any.
    pub fn output(mut self, interface: u32) -> Self {
        self.output = interface;
        if interface != 0 {
            self.wants |= INTERFACES;
        }
        self
    }

    /// And what only the caller of [`Classifier::find`](super::Classifier::find) knows.
    pub fn conditional(mut self) -> Self {
        self.wants |= CONDITION;
        self
    }

    /// With another tag.
    pub fn tagged(mut self, tag: u32) -> Self {
        self.tag = tag;
        self
    }

    /// As it was given.
    #[inline]
    pub fn tag(&self) -> u32 {
        self.tag
    }

    /// Whether it wants what is not in the fields.
    #[inline]
    pub fn is_conditional(&self) -> bool {
        self.wants & CONDITION != 0
    }

    /// Prefixes of the source and of the destination.
    pub fn prefixes(&self) -> (Prefix<A>, Prefix<A>) {
        (
            Prefix::of(self.source, self.source_len),
            Prefix::of(self.destination, self.destination_len),
        )
    }

    /// Source and destination ports, where it wants any.
    pub fn ports(&self) -> (Option<Ports>, Option<Ports>) {
        (
            (self.wants & SOURCE_PORTS != 0).then_some(self.source_ports),
            (self.wants & DESTINATION_PORTS != 0).then_some(self.destination_ports),
        )
    }

    /// The protocol, if it wants one.
    pub fn wanted_protocol(&self) -> Option<u8> {
        (self.wants & PROTOCOL != 0).then_some(self.protocol)
    }

    /// The interfaces in and out, 0 for any.
    pub fn interfaces(&self) -> (u32, u32) {
        (self.input, self.output)
    }

    /// Whether a packet has all that is in fields.
    #[inline]
    pub fn matches(&self, key: &Key<A>) -> bool {
        self.source.common(key.source) >= u32::from(self.source_len)
            && self.destination.common(key.destination) >= u32::from(self.destination_len)
            && (self.wants & PROTOCOL == 0 || self.protocol == key.protocol)
            && (self.wants & PORTS == 0 || self.matches_ports(key.ports))
            && (self.wants & INTERFACES == 0 || self.matches_interfaces(key))
    }

    #[inline]
    fn matches_ports(&self, ports: Option<(u16, u16)>) -> bool {
        ports.is_some_and(|(source, destination)| {
            (self.wants & SOURCE_PORTS == 0 || self.source_ports.contains(source))
                && (self.wants & DESTINATION_PORTS == 0
                    || self.destination_ports.contains(destination))
        })
    }

    #[inline]
    fn matches_interfaces(&self, key: &Key<A>) -> bool {
        (self.input == 0 || self.input == key.input)
            && (self.output == 0 || self.output == key.output)
    }

    /// The first and the last value that it wants of a field.
    pub(super) fn range(&self, field: Field) -> (A, A) {
        let prefix = |network: A, len| (network, !(!network & A::mask(len)));
        let one_or_any = |number: u32| match number {
            0 => (A::default(), field.last()),
            _ => (A::from(number), A::from(number)),
        };
        let ports = |wanted, ports: Ports| match self.wants & wanted {
            0 => (A::default(), A::from(NO_PORT)),
            _ => (A::from(u32::from(ports.min)), A::from(u32::from(ports.max))),
        };
        match field {
            Field::Source => prefix(self.source, self.source_len),
            Field::Destination => prefix(self.destination, self.destination_len),
            Field::SourcePort => ports(SOURCE_PORTS, self.source_ports),
            Field::DestinationPort => ports(DESTINATION_PORTS, self.destination_ports),
            Field::Protocol => match self.wanted_protocol() {
                None => (A::default(), field.last()),
                Some(protocol) => (A::from(u32::from(protocol)), A::from(u32::from(protocol))),
            },
            Field::Input => one_or_any(self.input),
            Field::Output => one_or_any(self.output),
        }
    }

    /// Whether no packet has what it wants.
    pub(super) fn is_void(&self) -> bool {
        Field::ALL.into_iter().any(|field| {
            let (first, last) = self.range(field);
            last < first
        })
    }

    /// The lengths of its prefixes.
    pub(super) fn lengths(&self) -> (u8, u8) {
        (self.source_len, self.destination_len)
    }

    /// Which of the other fields it wants one value of.
    pub(super) fn exact(&self) -> u8 {
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        let (source, destination) = self.ports();
        bit(self.wants & PROTOCOL != 0, exact::PROTOCOL)
            | bit(source.is_some_and(Ports::is_one), exact::SOURCE_PORT)
            | bit(
                destination.is_some_and(Ports::is_one),
                exact::DESTINATION_PORT,
            )
            | bit(self.input != 0, exact::INPUT)
            | bit(self.output != 0, exact::OUTPUT)
    }

    /// A packet that has all that it wants exactly; the rest is of no meaning.
    pub(super) fn sample(&self) -> Key<A> {
        Key {
            source: self.source,
            destination: self.destination,
            ports: (self.wants & PORTS != 0)
                .then_some((self.source_ports.min, self.destination_ports.min)),
            protocol: self.protocol,
            input: self.input,
            output: self.output,
        }
    }
}

impl<A: Address> Key<A> {
    /// The value of a field.
    #[inline]
    pub(super) fn value(&self, field: Field) -> A {
        let port = |port: Option<u16>| A::from(port.map_or(NO_PORT, u32::from));
        match field {
            Field::Source => self.source,
            Field::Destination => self.destination,
            Field::SourcePort => port(self.ports.map(|ports| ports.0)),
            Field::DestinationPort => port(self.ports.map(|ports| ports.1)),
            Field::Protocol => A::from(u32::from(self.protocol)),
            Field::Input => A::from(self.input),
            Field::Output => A::from(self.output),
        }
    }

    /// What is neither an address nor an interface.
    #[inline]
    pub(super) fn rest(&self) -> u64 {
        let ports = self.ports.map_or(0, |(source, destination)| {
            (u64::from(source) << 32) | (u64::from(destination) << 16) | HAS_PORTS
        });
        ports | u64::from(self.protocol)
    }

    #[inline]
    pub(super) fn interfaces(&self) -> u64 {
        (u64::from(self.input) << 32) | u64::from(self.output)
    }
}

/// A bit of [`Key::rest`]: port 0 is not no port.
const HAS_PORTS: u64 = 0x100;

/// The bits of [`Key::rest`] and of [`Key::interfaces`] that are in a key.
pub(super) fn masks(fields: u8) -> (u64, u64) {
    let bits = |bit: u8, mask: u64| if fields & bit != 0 { mask } else { 0 };
    (
        bits(exact::PROTOCOL, 0xff)
            | bits(exact::SOURCE_PORT, (0xffff << 32) | HAS_PORTS)
            | bits(exact::DESTINATION_PORT, (0xffff << 16) | HAS_PORTS),
        bits(exact::INPUT, 0xffff_ffff << 32) | bits(exact::OUTPUT, 0xffff_ffff),
    )
}
