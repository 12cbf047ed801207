// SPDX-License-Identifier: GPL-2.0

//! What sets cost at most, what is refused, and where memory is short.

#![cfg(test)]

use std::{
    format,
    vec::Vec, //
};

use super::{
    super::testing::{
        with_allocations,
        Random, //
    },
    *, //
};

fn any(tag: usize) -> Rule<u32> {
    Rule::any(tag as u32).protocol(17)
}

fn ports(min: usize, max: usize) -> Ports {
    Ports {
        min: min as u16,
        max: max as u16,
    }
}

#[test]
fn nested_ranges_cost_little() {
    let rules: Vec<_> = (0..20_000)
        .map(|n| any(n).destination_ports(ports(20_000 - n, 40_000 + n)))
        .collect();
    let set = Set::new(rules.clone(), 1).unwrap();
    assert!(set.cost().comparisons <= LEAF, "{:?}", set.cost());
    agrees(&set, &rules, Packets::new(&rules, 1).take(2000), |_| true);
}

/// Ranges of both ports; of every `some`th rule of the destination's alone, which so decides on all
/// packets that have those.
fn ranges(some: usize, most: usize) {
    let mut random = Random::new(seed());
    let range = |random: &mut Random| {
        let min = random.below(60_000);
        ports(min, min + random.below(1200))
    };
    let rules: Vec<_> = (0..5000)
        .map(|n| {
            let rule = any(n).destination_ports(range(&mut random));
            match n % some {
                0 => rule,
                _ => rule.source_ports(range(&mut random)),
            }
        })
        .collect();
    let set = Set::new(rules.clone(), 1).unwrap();
    let Cost {
        comparisons, depth, ..
    } = set.cost();
    assert!(comparisons <= most && depth >= 2, "{:?}", set.cost());
    agrees(&set, &rules, Packets::new(&rules, 1).take(10_000), |_| true);
}

#[test]
fn ranges_of_both_ports() {
    ranges(usize::MAX, 40);
}

#[test]
fn ranges_of_which_some_decide() {
    ranges(7, 250);
}

#[test]
fn rules_that_all_overlap_are_refused() {
    // What nothing but the caller can tell apart.
    let rules = |count: usize| -> Vec<_> { (0..count).map(|n| any(n + 7).conditional()).collect() };
    let error = Set::new(rules(MAX_COMPARISONS + 1), 1).err();
    assert_eq!(
        error,
        Some(Error::TooCostly {
            comparisons: MAX_COMPARISONS + 1,
            tag: 7
        })
    );
    assert!(format!("{}", error.unwrap()).contains("1025 have to be compared"));
    let set = Set::new(rules(MAX_COMPARISONS), 1).unwrap();
    assert_eq!(set.cost().comparisons, MAX_COMPARISONS);
    // And never the wrong one, whatever is granted.
    for granted in [7, 500, MAX_COMPARISONS as u32 + 6, 0] {
        let key = Packets::new(set.rules(), 1).next().unwrap();
        let key = Key {
            protocol: 17,
            ..key
        };
        let expected = (granted != 0).then_some(granted);
        assert_eq!(found(&set, &key, |tag| tag == granted), expected);
    }
}

#[test]
fn as_many_rules_as_may_be_compared_are_never_refused() {
    let mut random = Random::new(seed());
    let rules: Vec<_> = (0..MAX_COMPARISONS)
        .map(|n| {
            let (low, high) = (random.below(30_000), 35_000 + random.below(30_000));
            any(n)
                .source_ports(ports(low, high))
                .destination_ports(ports(65_535 - high, 65_535 - low))
                .conditional()
        })
        .collect();
    let set = Set::new(rules.clone(), 1).unwrap();
    agrees(&set, &rules, Packets::new(&rules, 1).take(500), |tag| {
        tag % 97 == 3
    });
}

#[test]
fn what_is_behind_a_rule_for_all_costs_nothing() {
    let rules: Vec<_> = (0..3000).map(any).collect();
    let set = Set::new(rules.clone(), 1).unwrap();
    assert_eq!(set.cost().comparisons, 1);
    agrees(&set, &rules, Packets::new(&rules, 1).take(50), |_| true);
}

#[test]
fn too_many_rules() {
    let rules = std::vec![any(0); MAX_RULES + 1];
    assert_eq!(Set::new(rules, 1).err(), Some(Error::TooMany));
}

#[test]
fn seeds_change_no_decision() {
    let shape = SHAPES.first().unwrap();
    let rules = generate::<u32>(shape, 2000, 3);
    let sets: Vec<_> = (0..8)
        .map(|seed| Set::new(rules.clone(), seed << 60).unwrap())
        .collect();
    for key in Packets::new(&rules, 3).take(3000) {
        let expected = linear(&rules, &key, |_| true);
        for set in &sets {
            assert_eq!(found(set, &key, |_| true), expected);
        }
    }
}

#[test]
fn each_allocation_fails_in_turn() {
    let shape = SHAPES.get(3).unwrap();
    let mut rules = generate::<u32>(shape, 400, 3);
    // Some that make a tree.
    for n in 0..200 {
        rules.push(any(400 + n).destination_ports(ports(n * 9, n * 9 + 30)));
    }
    let mut allowed = 0;
    loop {
        let made = with_allocations(allowed, || Set::new(rules.clone(), 1));
        match made {
            Err(error) => assert_eq!(error, Error::NoMemory),
            Ok(set) => {
                assert!(set.cost().depth > 0, "no tree");
                break;
            }
        }
        allowed += 1;
    }
    assert!(allowed > 50, "{allowed} allocations");
}

#[test]
fn what_a_rule_was_given_it_says() {
    let net = Prefix::new(0xc000_0200u32, 24).unwrap();
    let rule = Rule::any(3)
        .source(net)
        .destination_ports(ports(5, 9))
        .protocol(6)
        .output(4);
    assert_eq!(rule.prefixes(), (net, Prefix::of(0, 0)));
    assert_eq!(rule.ports(), (None, Some(ports(5, 9))));
    assert_eq!(rule.wanted_protocol(), Some(6));
    assert_eq!(rule.interfaces(), (0, 4));
    assert_eq!((rule.tag(), rule.is_conditional()), (3, false));
    assert_eq!(Prefix::new(0xc000_0201u32, 24), None);
    assert_eq!(Prefix::new(0u32, 33), None);
    assert_eq!(core::mem::size_of_val(&rule), 32);
}

#[test]
fn sorted_as_by_the_library() {
    let mut random = Random::new(seed());
    for len in (0..40).chain([100, 1000, 4097]) {
        let mut items: Vec<(u8, usize)> = (0..len).map(|at| (random.next() as u8, at)).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        sort::<_, Host>(&mut items, |one, other| one.0 < other.0).unwrap();
        assert_eq!(items, expected);
    }
}
