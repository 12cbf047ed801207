// SPDX-License-Identifier: GPL-2.0

//! Small universes, of which every packet is asked about.

#![cfg(test)]

use std::vec::Vec;

use super::{
    super::testing::Random,
    *, //
};

/// The bits of addresses that differ: two at each of two places, so that lengths are rounded.
const HIGH: u32 = 30;
const LOW: u32 = 7;

fn address(bits: usize) -> u32 {
    let bits = bits as u32;
    ((bits & 3) << HIGH) | ((bits >> 2) << LOW)
}

fn prefix(random: &mut Random) -> Prefix<u32> {
    let len = random.weighted(&[
        (0, 5),
        (1, 1),
        (2, 2),
        (16, 1),
        (23, 2),
        (24, 3),
        (25, 4),
        (32, 1),
    ]);
    Prefix::of(address(random.below(16)), len)
}

/// Rules that want ports, protocols and interfaces of a few, and overlap much.
pub(super) fn rule(random: &mut Random, tag: u32) -> Rule<u32> {
    let mut rule = Rule::any(tag)
        .source(prefix(random))
        .destination(prefix(random));
    let range = |random: &mut Random| {
        let min = random.below(5) as u16;
        let max = match random.below(8) {
            0 => u16::MAX,
            1 => min.saturating_sub(1),
            _ => min + (random.below(3) * random.below(2)) as u16,
        };
        Ports { min, max }
    };
    if random.below(2) == 0 {
        rule = rule.source_ports(range(random));
    }
    if random.below(2) == 0 {
        rule = rule.destination_ports(range(random));
    }
    if random.below(2) == 0 {
        rule = rule.protocol(random.below(2) as u8);
    }
    if random.below(4) == 0 {
        rule = rule.input(random.below(3) as u32);
    }
    if random.below(4) == 0 {
        rule = rule.output(random.below(3) as u32);
    }
    if random.below(6) == 0 {
        rule = rule.conditional();
    }
    rule
}

/// All packets that rules can tell apart, with few interfaces.
pub(super) fn keys() -> Vec<Key<u32>> {
    let mut keys = Vec::new();
    for addresses in 0..256 {
        for ports in 0..37 {
            for rest in 0..4u32 {
                keys.push(Key {
                    source: address(addresses & 15),
                    destination: address(addresses >> 4),
                    ports: (ports < 36).then_some((ports % 6, ports / 6)),
                    protocol: (rest & 1) as u8,
                    input: 1 + (rest >> 1),
                    output: 2 - (rest >> 1),
                });
            }
        }
    }
    keys
}

#[test]
fn every_packet_of_a_small_universe() {
    let keys = keys();
    let mut random = Random::new(seed());
    for round in 0..24 {
        let count = *[13, 20, 40, 90].get(round % 4).unwrap_or(&13);
        let rules: Vec<_> = (0..count).map(|tag| rule(&mut random, tag)).collect();
        let set = Set::new(rules.clone(), random.next()).unwrap();
        // Of conditions every third is granted.
        agrees(&set, &rules, keys.iter().copied(), |tag| tag % 3 == 0);
    }
}

#[test]
fn one_rule_after_the_other() {
    let keys = keys();
    let mut random = Random::new(seed());
    for count in 0..=LINEAR as u32 {
        let rules: Vec<_> = (0..count).map(|tag| rule(&mut random, tag)).collect();
        let set = Set::new(rules.clone(), 0).unwrap();
        assert_eq!(set.cost().comparisons, rules.len());
        agrees(&set, &rules, keys.iter().copied().step_by(7), |tag| {
            tag % 3 == 0
        });
    }
}

/// Prefixes of all lengths at both ends of an address, each with packets around it.
fn ends<A: Address>() {
    let mut rules = Vec::new();
    for len in 0..=A::WIDTH {
        for address in [A::default(), A::MAX] {
            let tag = rules.len() as u32;
            // The longest first.
            let prefix = Prefix::of(address, A::WIDTH - len);
            rules.push(Rule::any(tag).source(prefix));
            rules.push(Rule::any(tag + 1).destination(prefix).protocol(6));
        }
    }
    let set = Set::<A>::new(rules.clone(), seed()).unwrap();
    agrees(
        &set,
        &rules,
        Packets::new(&rules, seed()).take(20_000),
        |_| true,
    );
}

#[test]
fn prefixes_of_all_lengths() {
    ends::<u32>();
    ends::<u128>();
}
