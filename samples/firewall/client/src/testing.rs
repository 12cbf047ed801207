// SPDX-License-Identifier: GPL-2.0

//! Rules that chance makes, for tests.

use std::net::IpAddr;

use crate::rule::{Action, Chain, End, Family, Flags, Prefix, Protocol, RejectWith, Rule, States};

/// Numbers that look like chance (xorshift).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.number() >> 11) % end
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.number()) << 64 | u128::from(self.number())
    }
}

fn end(draw: &mut Draw, family: Option<Family>, ports: bool) -> End {
    let mut end = End::default();
    if let (Some(family), true) = (family, draw.below(3) > 0) {
        let prefix = match family {
            Family::IPV4 => {
                let address = IpAddr::from((draw.number() as u32).to_be_bytes());
                Prefix::of(address, draw.below(33) as u8)
            }
            _ => {
                let address = IpAddr::from(draw.wide().to_be_bytes());
                Prefix::of(address, draw.below(129) as u8)
            }
        };
        end.prefix = Some(prefix);
    }
    if ports && draw.below(2) > 0 {
        let first = draw.number() as u16;
        let last = first.saturating_add([0, 0, 1, 500, u16::MAX][draw.below(5) as usize]);
        end.ports = Some((first, last));
    }
    end
}

fn can_be(rule: &Rule, with: RejectWith) -> bool {
    match with {
        RejectWith::TCP_RESET => rule.protocol == Some(Protocol::TCP),
        // What the family of its addresses is, a text says.
        with => with
            .family()
            .is_none_or(|family| rule.family == Some(family)),
    }
}

/// A rule that could be there; without a priority.
pub(crate) fn rule(draw: &mut Draw) -> Rule {
    let mut rule = Rule::new(Chain(draw.below(3) as u8), Action(draw.below(3) as u8));
    rule.family = [None, Some(Family::IPV4), Some(Family::IPV6)][draw.below(3) as usize];
    rule.protocol = match draw.below(4) {
        0 => None,
        1 => Some(Protocol(draw.number() as u8)),
        _ => Some(Protocol([6, 17, 1, 58][draw.below(4) as usize])),
    };
    let ports = rule.protocol.is_some_and(Protocol::has_ports);
    rule.source = end(draw, rule.family, ports);
    rule.destination = end(draw, rule.family, ports);
    let messages = [
        (Protocol::ICMP, Family::IPV6),
        (Protocol::ICMPV6, Family::IPV4),
    ];
    for (protocol, other) in messages {
        if rule.protocol == Some(protocol) && rule.family != Some(other) && draw.below(2) > 0 {
            let code = (draw.below(2) > 0).then_some(draw.number() as u8);
            rule.message = Some((draw.number() as u8, code));
        }
    }
    if rule.protocol == Some(Protocol::TCP) && draw.below(2) > 0 {
        let mask = 1 + draw.below(255) as u8;
        rule.flags = Some((Flags(draw.number() as u8 & mask), Flags(mask)));
    }
    if rule.reject.is_some() {
        let answers: Vec<u8> = (0..10)
            .filter(|with| can_be(&rule, RejectWith(*with)))
            .collect();
        rule.reject = Some(RejectWith(
            answers[draw.below(answers.len() as u64) as usize],
        ));
    }
    let mark = |draw: &mut Draw| {
        let mask = match draw.below(3) {
            0 => u32::MAX,
            _ => 1 + (draw.number() as u32 >> 1),
        };
        (draw.number() as u32 & mask, mask)
    };
    if rule.action == Action::ACCEPT && draw.below(4) == 0 {
        rule.set_mark = Some(mark(draw));
    }
    if draw.below(4) == 0 {
        rule.mark = Some(mark(draw));
    }
    if draw.below(4) == 0 {
        let min = draw.number() as u32 >> draw.below(32);
        rule.length = Some((min, [min, u32::MAX][draw.below(2) as usize]));
    }
    if draw.below(4) == 0 {
        let min = draw.number() as u8;
        rule.ttl = Some((min, [min, u8::MAX][draw.below(2) as usize]));
    }
    if draw.below(4) == 0 {
        rule.dscp = Some(draw.below(64) as u8);
    }
    if draw.below(3) == 0 {
        rule.states = Some(States(1 + draw.below(31) as u8));
    }
    if draw.below(2) > 0 {
        rule.packets = Some(draw.number() >> draw.below(64));
        rule.bytes = Some(draw.number());
    }
    rule
}

/// Rules that could be there together: each id once.
pub(crate) fn rules(draw: &mut Draw, count: u32) -> Vec<Rule> {
    let mut priority = 0;
    (1..=count)
        .map(|number| {
            priority += [0, 0, 0, 1, 700][draw.below(5) as usize];
            let mut rule = rule(draw);
            rule.id = (draw.below(3) > 0).then_some(number.wrapping_mul(2_654_435_761).max(1));
            rule.priority = Some(priority);
            rule
        })
        .collect()
}
