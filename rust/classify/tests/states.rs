// SPDX-License-Identifier: GPL-2.0

//! Rules that look at the state of a packet's connection, and who decides before anything else is looked at.

#![cfg(test)]

use std::vec::Vec;

use super::{
    super::testing::Random,
    universe::{
        keys,
        rule, //
    },
    *, //
};

/// A rule, and what it wants beside its fields.
#[derive(Clone, Copy)]
struct Stateful {
    rule: Rule<u32>,
    condition: Condition,
}

impl Stateful {
    fn new(rule: Rule<u32>, condition: Condition) -> Self {
        let rule = match condition.is_none() {
            true => rule,
            false => rule.conditional(),
        };
        Self { rule, condition }
    }

    /// One of a universe.
    fn draw(random: &mut Random, tag: u32) -> Self {
        let bits = random.weighted(&[(0, 4), (1, 2), (6, 2), (8, 1), (16, 1), (31, 1), (9, 1)]);
        let mut condition = match States::from_bits(bits) {
            Some(states) => Condition::NONE.states(states),
            None => Condition::NONE,
        };
        if random.below(3) == 0 {
            let mask = 1 + random.below(7) as u8;
            condition = condition.flags(random.next() as u8 & mask, mask);
        }
        if random.below(3) == 0 {
            condition = numbers(random, condition);
        }
        // Of those that chance marks the caller would have to know more.
        let made = rule(random, tag);
        let plain = match made.is_conditional() || random.below(3) == 0 {
            true => Rule::any(tag),
            false => made,
        };
        Self::new(plain, condition)
    }

    /// What it wants, if it looks at nothing but the state.
    fn states(&self) -> Option<States> {
        let tag = self.rule.tag();
        let bare = [Rule::any(tag), Rule::any(tag).conditional()].contains(&self.rule);
        let bare =
            bare && self.condition.wanted_flags().is_none() && self.condition.more().is_none();
        bare.then(|| self.condition.wanted_states().unwrap_or(States::ALL))
    }
}

/// And what it wants of numbers that are not large.
fn numbers(random: &mut Random, mut condition: Condition) -> Condition {
    let range = |random: &mut Random, greatest: u32| {
        let min = random.below(4) as u32;
        match random.below(4) {
            0 => (min, greatest),
            1 => (0, min),
            _ => (min, min + random.below(2) as u32),
        }
    };
    if random.below(2) == 0 {
        let (min, max) = range(random, u32::MAX);
        condition = condition.lengths(min, max);
    }
    if random.below(2) == 0 {
        let (min, max) = range(random, u8::MAX.into());
        condition = condition.hop_limits(min as u8, max as u8);
    }
    if random.below(3) == 0 {
        condition = condition.dscp(random.below(3) as u8);
    }
    if random.below(3) == 0 {
        condition = condition.mark(random.next() as u32 & 7, 1 + random.below(7) as u32);
    }
    condition
}

/// Whether numbers of a packet are those that a condition wants, by what it says of itself.
fn wanted(condition: &Condition, meta: &Meta) -> bool {
    let within = |range: Option<(u64, u64)>, value: u64| {
        let (min, max) = range.unwrap_or((0, u64::MAX));
        (min..=max).contains(&value)
    };
    let lengths = condition.wanted_lengths();
    let limits = condition.wanted_hop_limits();
    within(
        lengths.map(|(min, max)| (min.into(), max.into())),
        meta.length.into(),
    ) && within(
        limits.map(|(min, max)| (min.into(), max.into())),
        meta.hop_limit.into(),
    ) && [None, Some(meta.dscp)].contains(&condition.wanted_dscp())
        && (0..32).all(|bit| match condition.wanted_mark() {
            Some((mark, mask)) if mask >> bit & 1 == 1 => (mark ^ meta.mark) >> bit & 1 == 0,
            _ => true,
        })
}

/// Sets of rules that are put together one after the other, as a module's are.
struct Levels {
    sets: Vec<Set<u32>>,
    lead: Lead<u32>,
}

impl Levels {
    /// Each rule is in the set that `level` says.
    fn new(rules: &[Stateful], levels: usize, level: impl Fn(u32) -> usize) -> Self {
        let mut lead = Lead::new();
        let sets = (0..levels)
            .map(|number| {
                let mut own = Lead::new();
                let mut taken = Vec::new();
                for rule in rules.iter().filter(|rule| level(rule.rule.tag()) == number) {
                    own.add(rule.rule.tag(), rule.states());
                    taken.push(rule.rule);
                }
                lead.join(&own);
                Set::new(taken, seed()).unwrap()
            })
            .collect();
        Self { sets, lead }
    }

    fn find(&self, rules: &[Stateful], key: &Key<u32>, facts: &Facts) -> Option<u32> {
        if let Some(tag) = self.lead.get(facts.state) {
            return Some(tag);
        }
        let granted = |tag: u32| rules[tag as usize].condition.holds(facts);
        let found = self.sets.iter().filter_map(|set| found(set, key, granted));
        found.min()
    }
}

/// The first that matches, asked one after the other.
fn first(rules: &[Stateful], key: &Key<u32>, facts: &Facts) -> Option<u32> {
    let wants = |rule: &&Stateful| {
        let state = match rule.condition.wanted_states() {
            Some(states) => states.bits() >> facts.state as u8 & 1 == 1,
            None => true,
        };
        let flags = match (rule.condition.wanted_flags(), facts.flags) {
            (None, _) => true,
            (Some((flags, mask)), Some(have)) => (0..8)
                .filter(|bit| mask >> bit & 1 == 1)
                .all(|bit| (have ^ flags) >> bit & 1 == 0),
            (Some(_), None) => false,
        };
        state && flags && wanted(&rule.condition, &facts.meta)
    };
    let plain: Vec<_> = rules.iter().filter(wants).map(|rule| rule.rule).collect();
    linear(&plain, key, |_| true)
}

#[test]
fn every_state_of_a_small_universe() {
    let keys: Vec<_> = keys().into_iter().step_by(5).collect();
    let mut random = Random::new(seed());
    let (mut led, mut all) = (0, 0);
    for round in 0..60 {
        let count = *[1, 3, LINEAR as u32 + 1, 13, 40]
            .get(round % 5)
            .unwrap_or(&1);
        let rules: Vec<_> = (0..count)
            .map(|tag| Stateful::draw(&mut random, tag))
            .collect();
        let levels = 1 + random.below(4);
        let spread = 1 + random.below(7) as u32;
        let sets = Levels::new(&rules, levels, |tag| (tag / spread) as usize % levels);
        for state in State::ALL {
            all += 1;
            led += usize::from(sets.lead.get(state).is_some());
            for key in &keys {
                // Of three bits each set, and none at all.
                let flags = random.below(9) as u8;
                let facts = Facts {
                    state,
                    flags: (flags < 8).then_some(flags),
                    meta: Meta {
                        length: random.below(6) as u32,
                        hop_limit: random.below(6) as u8,
                        dscp: random.below(4) as u8,
                        mark: random.below(16) as u32,
                    },
                };
                let expected = first(&rules, key, &facts);
                let got = sets.find(&rules, key, &facts);
                assert_eq!(got, expected, "{key:?} of {facts:?} among {count} rules");
            }
        }
    }
    assert!(led > all / 20 && led < all / 2, "{led} of {all} were led");
}

#[test]
fn rules_of_a_shape_behind_those_for_states() {
    let mut random = Random::new(seed());
    for shape in &SHAPES {
        let plain = generate::<u32>(shape, 500, seed());
        let mut rules = Vec::new();
        // Established and related; invalid.
        for bits in [0b110, 0b1000] {
            let states = States::from_bits(bits).unwrap();
            let tag = rules.len() as u32;
            rules.push(Stateful::new(
                Rule::any(tag),
                Condition::NONE.states(states),
            ));
        }
        for rule in &plain {
            let tag = rules.len() as u32;
            let condition = match States::from_bits(random.weighted(&[(0, 2), (1, 2), (17, 1)])) {
                Some(states) => Condition::NONE.states(states),
                None => Condition::NONE,
            };
            rules.push(Stateful::new(rule.tagged(tag), condition));
        }
        let sets = Levels::new(&rules, 1, |_| 0);
        let leads = State::ALL.map(|state| sets.lead.get(state));
        assert_eq!(leads, [None, Some(0), Some(0), Some(1), None]);
        let fields: Vec<_> = rules.iter().map(|rule| rule.rule).collect();
        for key in Packets::new(&fields, seed()).take(400) {
            for state in State::ALL {
                let facts = Facts {
                    state,
                    ..Facts::NONE
                };
                let got = sets.find(&rules, &key, &facts);
                assert_eq!(got, first(&rules, &key, &facts), "{key:?} of {state:?}");
            }
        }
    }
}

#[test]
fn who_decides_by_the_state_alone() {
    let [new, established] = [State::New, State::Established].map(States::of);
    let mut lead = Lead::new();
    assert_eq!(State::ALL.map(|state| lead.get(state)), [None; 5]);
    // In any order.
    lead.add(5, Some(new));
    lead.add(9, Some(States::ALL));
    lead.add(4, Some(new | established));
    assert_eq!(lead.get(State::New), Some(4));
    assert_eq!(lead.get(State::Untracked), Some(9));
    lead.add(5, None);
    assert_eq!(lead.get(State::Established), Some(4));
    assert_eq!(lead.get(State::Untracked), None);
    let mut other = Lead::default();
    other.add(3, None);
    other.add(1, Some(established));
    lead.join(&other);
    assert_eq!(lead.get(State::New), None);
    assert_eq!(lead.get(State::Established), Some(1));
}

#[test]
fn sets_of_states() {
    for bits in 0..=u8::MAX {
        let set = States::from_bits(bits);
        assert_eq!(set.is_some(), (1..32).contains(&bits), "{bits}");
        for (number, state) in State::ALL.into_iter().enumerate() {
            let has = set.is_some_and(|set| set.has(state));
            assert_eq!(has, set.is_some() && bits >> number & 1 == 1, "{bits}");
        }
    }
    for (number, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(States::of(state).bits(), 1 << number);
        let wants = Condition::NONE.states(States::of(state));
        let facts = |state| Facts {
            state,
            ..Facts::NONE
        };
        assert!(wants.holds(&facts(state)) && Condition::NONE.holds(&facts(state)));
        assert!(!wants.holds(&facts(State::ALL[(number + 1) % 5])));
    }
}

#[test]
fn flags_among_those_of_a_mask() {
    let wants = Condition::NONE.flags(0b1010, 0b0110);
    assert_eq!(wants.wanted_flags(), Some((0b0010, 0b0110)));
    assert!(!wants.is_none() && Condition::NONE.wanted_flags().is_none());
    for bits in 0..=u8::MAX {
        let facts = Facts {
            flags: Some(bits),
            ..Facts::NONE
        };
        assert_eq!(wants.holds(&facts), bits & 0b0110 == 0b0010, "{bits:b}");
    }
    let none = Condition::NONE.flags(0, 1);
    for (flags, expected) in [(None, false), (Some(2), true), (Some(1), false)] {
        let facts = Facts {
            flags,
            ..Facts::NONE
        };
        assert_eq!(none.holds(&facts), expected);
    }
}

#[test]
fn numbers_at_their_bounds() {
    let of = |change: fn(&mut Meta, u32), value| {
        let mut facts = Facts::NONE;
        change(&mut facts.meta, value);
        facts
    };
    type Case = (Condition, fn(&mut Meta, u32), u32, u32);
    let cases: [Case; 4] = [
        (
            Condition::NONE.lengths(40, 1500),
            |meta, value| meta.length = value,
            40,
            1500,
        ),
        (
            Condition::NONE.hop_limits(2, 254),
            |meta, value| meta.hop_limit = value as u8,
            2,
            254,
        ),
        (
            Condition::NONE.dscp(46),
            |meta, value| meta.dscp = value as u8,
            46,
            46,
        ),
        (
            Condition::NONE.mark(0x10, 0xf0),
            |meta, value| meta.mark = value,
            0x10,
            0x1f,
        ),
    ];
    for (condition, change, first, last) in cases {
        assert!(
            condition.more().is_some() && !condition.is_none(),
            "{condition:?}"
        );
        assert_eq!(
            Condition::of(condition.brief(), condition.more()),
            condition
        );
        for (value, expected) in [
            (first - 1, false),
            (first, true),
            (last, true),
            (last + 1, false),
        ] {
            assert_eq!(
                condition.holds(&of(change, value)),
                expected,
                "{condition:?} of {value}"
            );
        }
    }
    // All there are are any.
    let any = Condition::NONE.lengths(0, u32::MAX).hop_limits(0, u8::MAX);
    assert_eq!((any, any.more()), (Condition::NONE, None));
    let told = Condition::NONE
        .lengths(1, 2)
        .hop_limits(3, 4)
        .dscp(0)
        .mark(7, 5);
    assert_eq!(told.wanted_lengths(), Some((1, 2)));
    assert_eq!(told.wanted_hop_limits(), Some((3, 4)));
    assert_eq!(
        (told.wanted_dscp(), told.wanted_mark()),
        (Some(0), Some((5, 5)))
    );
}
