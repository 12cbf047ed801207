// SPDX-License-Identifier: GPL-2.0

//! The classifier finds what asking one rule after the other finds, at the cost that it says.

#![cfg(test)]

mod bounds;
mod states;
mod universe;

use std::{
    env,
    println,
    time::Instant, //
};

use super::{
    testing::{
        comparisons,
        generate,
        linear,
        probes,
        Host,
        Packets,
        Wide,
        SHAPES, //
    },
    *,
};

type Set<A> = Classifier<A, Host>;

/// The tag of what is found.
fn found<A: Address>(set: &Set<A>, key: &Key<A>, granted: impl Fn(u32) -> bool) -> Option<u32> {
    set.find(key, |rule| granted(rule.tag())).map(Rule::tag)
}

/// The set finds for each packet what the linear scan does, at no more than its cost.
fn agrees<A: Address>(
    set: &Set<A>,
    rules: &[Rule<A>],
    packets: impl Iterator<Item = Key<A>>,
    granted: impl Fn(u32) -> bool,
) {
    for key in packets {
        let expected = linear(rules, &key, &granted);
        comparisons();
        let got = found(set, &key, &granted);
        assert_eq!(got, expected, "{key:?} among {} rules", rules.len());
        if rules.len() > LINEAR {
            let compared = comparisons();
            let most = set.cost().comparisons;
            assert!(compared <= most, "{compared} comparisons, of {most}");
        }
    }
}

/// How many packets all tests of shapes together ask about, about.
fn packets() -> usize {
    env::var("KERNET_PACKETS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60_000)
}

fn seed() -> u64 {
    env::var("KERNET_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// All shapes in one size, each with its share of packets.
fn shapes<A: Wide>(count: usize, packets: usize) {
    for shape in &SHAPES {
        let rules = generate::<A>(shape, count, seed());
        assert!(
            rules.len() > count * 9 / 10,
            "{} of {count} rules of {}",
            rules.len(),
            shape.name
        );
        let start = Instant::now();
        let set = Set::new(rules.clone(), seed()).unwrap();
        let (built, bytes) = (start.elapsed(), set.bytes() / rules.len());
        // Of the rule itself 32 or 64.
        let most = if A::WIDTH == 32 { 75 } else { 165 };
        assert!(
            count < 10_000 || bytes <= most,
            "{bytes} bytes for each rule"
        );
        let share = packets / SHAPES.len();
        probes();
        agrees(
            &set,
            &rules,
            Packets::new(&rules, seed()).take(share),
            |_| true,
        );
        println!(
            "{} {} of {} bits: {:?}, {bytes} bytes each, built in {built:?}, {share} packets, {:.1} tables each",
            shape.name,
            rules.len(),
            A::WIDTH,
            set.cost(),
            probes() as f64 / share.max(1) as f64,
        );
    }
}

#[test]
fn shapes_of_one_to_a_thousand_rules() {
    for count in [1, 2, LINEAR, LINEAR + 1, 30, 100, 300, 1000] {
        shapes::<u32>(count, packets() / 20);
        shapes::<u128>(count, packets() / 20);
    }
}

#[test]
fn shapes_of_ten_thousand_rules() {
    shapes::<u32>(10_000, packets() / 10);
    shapes::<u128>(10_000, packets() / 10);
}

#[test]
fn shapes_of_a_hundred_thousand_rules() {
    shapes::<u32>(100_000, packets() / 100);
    shapes::<u128>(100_000, packets() / 100);
}
