// SPDX-License-Identifier: GPL-2.0

//! Sets of rules of shapes that were published: how often which protocols, ports and lengths of
//! prefixes occur in access lists (`acl`), firewalls (`fw`) and chains of a host's filter (`ipc`).

#![cfg(test)]

use std::{
    collections::HashSet,
    vec::Vec, //
};

use super::{
    super::{
        Address,
        Ports,
        Prefix,
        Rule, //
    },
    Random, //
};

/// What ports a rule wants.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Any,
    /// Those of clients.
    High,
    Range,
    One,
}

use Class::{
    Any,
    High,
    One,
    Range, //
};

/// How often what occurs.
pub(in super::super) struct Shape {
    pub(in super::super) name: &'static str,
    /// 255 is any.
    protocols: &'static [(u8, usize)],
    ports: &'static [((Class, Class), usize)],
    /// Lengths of source and destination prefixes; 99 is one of many.
    lengths: &'static [((u8, u8), usize)],
}

const MANY: u8 = 99;
const ANY: u8 = 255;

pub(in super::super) const SHAPES: [Shape; 6] = [
    Shape {
        name: "acl1",
        protocols: &[(6, 87), (ANY, 8), (17, 5)],
        ports: &[((Any, One), 58), ((Any, Any), 30), ((Any, Range), 12)],
        lengths: &[
            ((32, 32), 75),
            ((24, 32), 8),
            ((MANY, 32), 9),
            ((MANY, MANY), 8),
        ],
    },
    Shape {
        name: "acl3",
        protocols: &[(6, 66), (17, 26), (ANY, 5), (1, 3)],
        ports: &[
            ((Any, One), 67),
            ((Any, High), 13),
            ((Any, Range), 11),
            ((Any, Any), 9),
        ],
        lengths: &[
            ((32, 32), 26),
            ((24, 32), 12),
            ((MANY, 32), 20),
            ((MANY, MANY), 42),
        ],
    },
    Shape {
        name: "fw1",
        protocols: &[(6, 57), (17, 32), (47, 6), (ANY, 5)],
        ports: &[
            ((Any, One), 57),
            ((Any, Any), 21),
            ((One, Any), 10),
            ((High, High), 6),
            ((High, One), 6),
        ],
        lengths: &[
            ((0, 32), 55),
            ((32, 0), 14),
            ((0, 0), 7),
            ((MANY, 32), 12),
            ((MANY, MANY), 12),
        ],
    },
    Shape {
        name: "fw5",
        protocols: &[(6, 52), (17, 39), (ANY, 9)],
        ports: &[
            ((Any, One), 54),
            ((Any, Any), 21),
            ((One, Any), 15),
            ((Range, Range), 10),
        ],
        lengths: &[
            ((0, 32), 46),
            ((32, 0), 23),
            ((MANY, 32), 16),
            ((MANY, MANY), 15),
        ],
    },
    Shape {
        name: "ipc1",
        protocols: &[(17, 38), (ANY, 34), (6, 26), (1, 2)],
        ports: &[
            ((Any, Any), 39),
            ((Any, One), 35),
            ((One, Any), 14),
            ((Any, High), 7),
            ((One, One), 5),
        ],
        lengths: &[
            ((32, 32), 24),
            ((24, 24), 10),
            ((MANY, 32), 26),
            ((MANY, MANY), 40),
        ],
    },
    Shape {
        name: "ipc2",
        protocols: &[(1, 36), (ANY, 27), (17, 26), (6, 11)],
        ports: &[((Any, Any), 64), ((One, One), 16), ((Any, One), 20)],
        lengths: &[
            ((0, 32), 53),
            ((32, 32), 26),
            ((32, 0), 11),
            ((MANY, MANY), 10),
        ],
    },
];

/// Addresses that a generator makes.
pub(in super::super) trait Wide: Address {
    /// From as many bits as there are, the first first.
    fn from_bits(bits: u128) -> Self;
    /// What stands for a length of IPv4.
    fn length(len: u8, random: &mut Random) -> u8;
}

impl Wide for u32 {
    fn from_bits(bits: u128) -> Self {
        (bits >> 96) as u32
    }

    fn length(len: u8, _: &mut Random) -> u8 {
        len
    }
}

impl Wide for u128 {
    fn from_bits(bits: u128) -> Self {
        (0x2001_0db8 << 96) | (bits >> 32)
    }

    fn length(len: u8, random: &mut Random) -> u8 {
        match len {
            0 => 0,
            1..=15 => 32,
            16..=20 => 48,
            21..=24 => 56,
            25..=31 => 64,
            _ => *[64, 128, 128].get(random.below(3)).unwrap_or(&128),
        }
    }
}

/// An address of a tree that branches little near its root, some branches more often than others. Many
/// addresses are of few networks.
fn address<A: Wide>(random: &mut Random) -> A {
    let mut bits = 0u128;
    for level in 0..32u64 {
        let hash = (bits as u64 ^ (bits >> 64) as u64 ^ level).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Of sixteen branches few are taken at the top, more at the bottom.
        let mut branch = (hash >> 60) as u128;
        while branch < 64 && random.below(10) < if level < 4 { 3 } else { 7 } {
            branch += 1;
        }
        bits = (bits << 4) | (branch % 16);
    }
    A::from_bits(bits)
}

fn prefix<A: Wide>(len: u8, random: &mut Random) -> Prefix<A> {
    let len = match len {
        MANY => *[
            8, 12, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        ]
        .get(random.below(19))
        .unwrap_or(&24),
        len => len,
    };
    let len = A::length(len, random);
    Prefix::of(address(random), len)
}

fn ports(class: Class, random: &mut Random) -> Option<Ports> {
    // Few services are wanted by most rules.
    let service = |random: &mut Random| {
        let most = 2 << random.below(13);
        let rank = 1 + random.below(most);
        (rank * 7919 % 65521) as u16
    };
    match class {
        Any => None,
        High => Some(Ports {
            min: 1024,
            max: u16::MAX,
        }),
        One => {
            let port = service(random);
            Some(Ports {
                min: port,
                max: port,
            })
        }
        Range => {
            let min = service(random) / 16 * 16;
            Some(Ports {
                min,
                max: min.saturating_add(15 << random.below(8)),
            })
        }
    }
}

/// At most so many rules of a shape, no two alike, tagged from 0 on.
pub(in super::super) fn generate<A: Wide>(shape: &Shape, count: usize, seed: u64) -> Vec<Rule<A>> {
    let mut random = Random::new(seed);
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    for _ in 0..count.saturating_mul(8) {
        if rules.len() >= count {
            break;
        }
        let (source, destination) = random.weighted(shape.lengths);
        let mut rule = Rule::any(0)
            .source(prefix(source, &mut random))
            .destination(prefix(destination, &mut random));
        let protocol = random.weighted(shape.protocols);
        if protocol != ANY {
            rule = rule.protocol(protocol);
        }
        let (source, destination) = random.weighted(shape.ports);
        if matches!(protocol, 6 | 17) {
            if let Some(ports) = ports(source, &mut random) {
                rule = rule.source_ports(ports);
            }
            if let Some(ports) = ports(destination, &mut random) {
                rule = rule.destination_ports(ports);
            }
        }
        // One that matches all ends the set.
        if rule == Rule::any(0) || !seen.insert(std::format!("{rule:?}")) {
            continue;
        }
        rules.push(rule);
    }
    for (tag, rule) in rules.iter_mut().enumerate() {
        *rule = rule.tagged(tag as u32);
    }
    rules
}
