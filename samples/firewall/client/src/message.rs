// SPDX-License-Identifier: GPL-2.0

//! Rules as attributes of a message, and back.

use std::net::IpAddr;

use kernet_client::{
    attribute::{each, ip, number, put},
    Failure,
};

use crate::{
    rule::{Action, Chain, End, Family, Flags, Prefix, Protocol, RejectWith, Rule, States},
    schema::rule as attribute,
};

/// A code point has six bits.
const MAX_DSCP: u8 = 63;

fn put_end(message: &mut Vec<u8>, end: &End, address: u16, len: u16, ports: [u16; 2]) {
    if let Some(prefix) = end.prefix {
        match prefix.address {
            IpAddr::V4(v4) => put(message, address, &v4.octets()),
            IpAddr::V6(v6) => put(message, address, &v6.octets()),
        }
        put(message, len, &[prefix.len]);
    }
    if let Some((first, last)) = end.ports {
        for (number, port) in ports.into_iter().zip([first, last]) {
            put(message, number, &port.to_ne_bytes());
        }
    }
}

/// Appends what a rule is.
pub(crate) fn put_rule(message: &mut Vec<u8>, rule: &Rule) {
    for (number, value) in [
        (attribute::ID, rule.id),
        (attribute::PRIORITY, rule.priority),
    ] {
        if let Some(value) = value {
            put(message, number, &value.to_ne_bytes());
        }
    }
    put(message, attribute::CHAIN, &[rule.chain.0]);
    put(message, attribute::ACTION, &[rule.action.0]);
    if let Some(with) = rule.reject {
        put(message, attribute::REJECT_WITH, &[with.0]);
    }
    if let Some(family) = rule.family {
        put(message, attribute::FAMILY, &[family.0]);
    }
    if let Some(protocol) = rule.protocol {
        put(message, attribute::PROTOCOL, &[protocol.0]);
    }
    put_end(
        message,
        &rule.source,
        attribute::SOURCE,
        attribute::SOURCE_PREFIX_LEN,
        [attribute::SOURCE_PORT_MIN, attribute::SOURCE_PORT_MAX],
    );
    put_end(
        message,
        &rule.destination,
        attribute::DESTINATION,
        attribute::DESTINATION_PREFIX_LEN,
        [
            attribute::DESTINATION_PORT_MIN,
            attribute::DESTINATION_PORT_MAX,
        ],
    );
    if let Some(states) = rule.states {
        put(message, attribute::STATE, &[states.0]);
    }
    if let Some((kind, code)) = rule.message {
        put(message, attribute::ICMP_TYPE, &[kind]);
        if let Some(code) = code {
            put(message, attribute::ICMP_CODE, &[code]);
        }
    }
    if let Some((flags, mask)) = rule.flags {
        put(message, attribute::TCP_FLAGS, &[flags.0]);
        put(message, attribute::TCP_FLAGS_MASK, &[mask.0]);
    }
    if let Some((min, max)) = rule.ttl {
        put(message, attribute::HOP_LIMIT_MIN, &[min]);
        put(message, attribute::HOP_LIMIT_MAX, &[max]);
    }
    if let Some(dscp) = rule.dscp {
        put(message, attribute::DSCP, &[dscp]);
    }
    for (pair, numbers) in [
        (rule.length, [attribute::LENGTH_MIN, attribute::LENGTH_MAX]),
        (rule.mark, [attribute::MARK, attribute::MARK_MASK]),
        (
            rule.set_mark,
            [attribute::SET_MARK, attribute::SET_MARK_MASK],
        ),
    ] {
        if let Some((one, other)) = pair {
            for (number, value) in numbers.into_iter().zip([one, other]) {
                put(message, number, &value.to_ne_bytes());
            }
        }
    }
    for (number, value) in [
        (attribute::PACKETS, rule.packets),
        (attribute::BYTES, rule.bytes),
    ] {
        if let Some(value) = value {
            put(message, number, &value.to_ne_bytes());
        }
    }
}

fn small(bytes: &[u8]) -> Option<u8> {
    number(bytes).and_then(|number| number.try_into().ok())
}

/// One end of a rule, as its attributes come.
#[derive(Default)]
struct Parts {
    address: Option<IpAddr>,
    len: Option<u8>,
    ports: [Option<u16>; 2],
}

impl Parts {
    /// `None` if a half is missing: then something would be lost.
    fn end(self) -> Option<End> {
        let prefix = match (self.address, self.len) {
            (Some(address), len) => Some(Prefix {
                address,
                len: len.unwrap_or(Prefix::width(&address)),
            }),
            (None, None) => None,
            (None, Some(_)) => return None,
        };
        let ports = pair(self.ports)?;
        Some(End { prefix, ports })
    }
}

/// What comes in two attributes.
#[derive(Default)]
struct Pairs {
    flags: [Option<Flags>; 2],
    length: [Option<u32>; 2],
    ttl: [Option<u8>; 2],
    mark: [Option<u32>; 2],
    set_mark: [Option<u32>; 2],
}

/// Both or neither; `None` if there is one alone.
fn pair<T>(halves: [Option<T>; 2]) -> Option<Option<(T, T)>> {
    match halves {
        [Some(one), Some(other)] => Some(Some((one, other))),
        [None, None] => Some(None),
        _ => None,
    }
}

/// Sets what several attributes say together; `None` if one of them is missing.
fn halves(
    rule: &mut Rule,
    [source, destination]: [Parts; 2],
    (kind, code): (Option<u8>, Option<u8>),
    pairs: Pairs,
) -> Option<()> {
    rule.source = source.end()?;
    rule.destination = destination.end()?;
    rule.message = match (kind, code) {
        (None, Some(_)) => return None,
        (kind, code) => kind.map(|kind| (kind, code)),
    };
    rule.flags = pair(pairs.flags)?;
    rule.length = pair(pairs.length)?;
    rule.ttl = pair(pairs.ttl)?;
    rule.mark = pair(pairs.mark)?;
    rule.set_mark = pair(pairs.set_mark)?;
    if rule.action == Action::REJECT {
        rule.reject.get_or_insert(RejectWith::PORT_UNREACHABLE);
    } else if rule.reject.is_some() {
        return None;
    }
    if rule.set_mark.is_some() && rule.action != Action::ACCEPT {
        return None;
    }
    Some(())
}

/// Reads a rule of the kernel's.
pub(crate) fn rule(bytes: &[u8]) -> Result<Rule, Failure> {
    let mut rule = Rule::new(Chain(0), Action(0));
    let (mut source, mut destination) = (Parts::default(), Parts::default());
    let (mut kind, mut code, mut pairs) = (None, None, Pairs::default());
    let port = |bytes| number(bytes).and_then(|port| port.try_into().ok());
    let id = |bytes| number(bytes).and_then(|id| id.try_into().ok());
    each(bytes, |attribute, value| {
        match attribute {
            attribute::ID => rule.id = Some(id(value)?),
            attribute::PRIORITY => rule.priority = Some(id(value)?),
            attribute::CHAIN => rule.chain = Chain(small(value)?),
            attribute::ACTION => rule.action = Action(small(value)?),
            attribute::REJECT_WITH => rule.reject = Some(RejectWith::known(small(value)?)?),
            attribute::FAMILY => rule.family = Some(Family(small(value)?)),
            attribute::PROTOCOL => rule.protocol = Some(Protocol(small(value)?)),
            attribute::SOURCE => source.address = Some(ip(value)?),
            attribute::SOURCE_PREFIX_LEN => source.len = Some(small(value)?),
            attribute::SOURCE_PORT_MIN => source.ports[0] = Some(port(value)?),
            attribute::SOURCE_PORT_MAX => source.ports[1] = Some(port(value)?),
            attribute::DESTINATION => destination.address = Some(ip(value)?),
            attribute::DESTINATION_PREFIX_LEN => destination.len = Some(small(value)?),
            attribute::DESTINATION_PORT_MIN => destination.ports[0] = Some(port(value)?),
            attribute::DESTINATION_PORT_MAX => destination.ports[1] = Some(port(value)?),
            attribute::PACKETS => rule.packets = Some(number(value)?),
            attribute::BYTES => rule.bytes = Some(number(value)?),
            attribute::STATE => rule.states = Some(States::of(small(value)?)?),
            attribute::ICMP_TYPE => kind = Some(small(value)?),
            attribute::ICMP_CODE => code = Some(small(value)?),
            attribute::TCP_FLAGS => pairs.flags[0] = Some(Flags::of(small(value)?)?),
            attribute::TCP_FLAGS_MASK => pairs.flags[1] = Some(Flags::of(small(value)?)?),
            attribute::LENGTH_MIN => pairs.length[0] = Some(id(value)?),
            attribute::LENGTH_MAX => pairs.length[1] = Some(id(value)?),
            attribute::HOP_LIMIT_MIN => pairs.ttl[0] = Some(small(value)?),
            attribute::HOP_LIMIT_MAX => pairs.ttl[1] = Some(small(value)?),
            attribute::DSCP => rule.dscp = Some(small(value).filter(|point| *point <= MAX_DSCP)?),
            attribute::MARK => pairs.mark[0] = Some(id(value)?),
            attribute::MARK_MASK => pairs.mark[1] = Some(id(value)?),
            attribute::SET_MARK => pairs.set_mark[0] = Some(id(value)?),
            attribute::SET_MARK_MASK => pairs.set_mark[1] = Some(id(value)?),
            // A newer module's: what it means cannot be written.
            _ => return None,
        }
        Some(())
    })?;
    halves(&mut rule, [source, destination], (kind, code), pairs).ok_or_else(|| {
        Failure::new("the kernel's message makes no sense: half of what a rule matches is missing")
    })?;
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rules, Draw};

    #[test]
    fn what_is_put_is_read() {
        let mut draw = Draw::new(3);
        for before in rules(&mut draw, 2000) {
            let mut bytes = Vec::new();
            put_rule(&mut bytes, &before);
            assert_eq!(bytes.len() % 4, 0);
            assert_eq!(rule(&bytes).unwrap(), before);
        }
    }

    #[test]
    fn what_is_not_known_is_not_passed_over() {
        let mut bytes = Vec::new();
        put(&mut bytes, 99, &[1]);
        assert!(rule(&bytes).is_err());
        let mut bytes = Vec::new();
        put(&mut bytes, attribute::SOURCE, &[1, 2, 3]);
        assert!(rule(&bytes).is_err());
        // What newer modules may have: a state, an answer, a code point.
        let known = [
            (attribute::STATE, 31),
            (attribute::REJECT_WITH, 9),
            (attribute::DSCP, 63),
        ];
        for (attribute, most) in known {
            for (value, accepted) in [(most, true), (most + 1, false)] {
                let mut bytes = Vec::new();
                put_rule(&mut bytes, &Rule::new(Chain(0), Action::REJECT));
                put(&mut bytes, attribute, &[value]);
                assert_eq!(rule(&bytes).is_ok(), accepted, "{attribute}: {value}");
            }
        }
    }

    #[test]
    fn only_what_accepts_sets_a_mark() {
        let mut rule_with_mark = Rule::new(Chain(0), Action::ACCEPT);
        rule_with_mark.set_mark = Some((1, u32::MAX));
        for (action, accepted) in [
            (Action::ACCEPT, true),
            (Action::REJECT, false),
            (Action(1), false),
        ] {
            let mut bytes = Vec::new();
            put_rule(
                &mut bytes,
                &Rule {
                    action,
                    ..rule_with_mark
                },
            );
            assert_eq!(rule(&bytes).is_ok(), accepted);
        }
    }

    #[test]
    fn half_of_a_pair_is_not_passed_over() {
        for (attribute, value) in [
            (attribute::TCP_FLAGS, &[2][..]),
            (attribute::TCP_FLAGS_MASK, &[2]),
            (attribute::ICMP_CODE, &[4]),
            (attribute::REJECT_WITH, &[1]),
            (attribute::LENGTH_MIN, &[1, 0, 0, 0]),
            (attribute::HOP_LIMIT_MAX, &[1]),
            (attribute::MARK_MASK, &[1, 0, 0, 0]),
            (attribute::SET_MARK, &[1, 0, 0, 0]),
            (attribute::SOURCE_PREFIX_LEN, &[24]),
            (attribute::SOURCE_PORT_MIN, &[1, 0]),
            (attribute::DESTINATION_PORT_MAX, &[1, 0]),
        ] {
            let mut bytes = Vec::new();
            put_rule(&mut bytes, &Rule::new(Chain(0), Action(0)));
            assert!(rule(&bytes).is_ok());
            put(&mut bytes, attribute, value);
            assert!(rule(&bytes).is_err(), "{attribute}");
        }
    }
}
