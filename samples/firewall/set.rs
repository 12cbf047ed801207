// SPDX-License-Identifier: GPL-2.0

//! The rules of a namespace, which are replaced as a whole, and cheaply where little changes.
//!
//! They are in levels, each at least [`RATIO`] times as large as the next. A new rule makes a level of
//! its own, together with those that are not so much larger. So each rule is put into few levels until
//! all are there, and a packet asks few levels. A level is shared by the sets that have it.

use core::num::NonZero;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::classify::{
    sort,
    Lead,
    State,
    MAX_COMPARISONS, //
};

use crate::{
    level::{
        Charged,
        Entry,
        Level,
        Looks,
        Order,
        Refused,
        CHAINS, //
    },
    rules::{
        Chain,
        Facts,
        Key,
        Rule,
        SetMark,
        FIRST_PRIORITY, //
    }, //
};

/// How much larger a level is than the next.
const RATIO: usize = 6;

/// What is between the places of two rules of one priority: so often a rule is put right before another
/// one, until all get new places.
const STEP: u64 = 1 << 32;

/// The rules of a namespace.
pub(crate) struct RuleSet {
    /// The largest first.
    levels: KVec<Arc<Level>>,
    /// Of the contents.
    generation: NonZero<u32>,
    looks: Looks,
    /// Of each chain and each state of a connection the rule that decides, whatever else a packet is.
    leads: [[Option<Place>; State::ALL.len()]; CHAINS.len()],
}

/// Where a rule is.
#[derive(Clone, Copy)]
struct Place {
    level: u32,
    at: u32,
}

impl RuleSet {
    /// No rules.
    pub(crate) fn empty() -> Self {
        Self {
            levels: KVec::new(),
            generation: NonZero::<u32>::MIN,
            looks: Looks::default(),
            leads: Default::default(),
        }
    }

    /// With these levels.
    fn of(levels: KVec<Arc<Level>>, generation: NonZero<u32>) -> Self {
        let mut set = Self {
            levels,
            generation,
            ..Self::empty()
        };
        let mut leads = [Lead::<Order>::new(); CHAINS.len()];
        for level in &set.levels {
            set.looks = set.looks.or(level.looks());
            for (lead, own) in leads.iter_mut().zip(level.leads()) {
                lead.join(own);
            }
        }
        for (chain, lead) in set.leads.iter_mut().zip(&leads) {
            for (place, state) in chain.iter_mut().zip(State::ALL) {
                *place = lead.get(state).and_then(|order| at(&set.levels, order));
            }
        }
        set
    }

    /// What its rules look at beside the headers of a packet.
    #[inline]
    pub(crate) fn looks(&self) -> Looks {
        self.looks
    }

    /// The rule that decides on packets of the state, whatever else they are.
    #[inline]
    pub(crate) fn leading(&self, chain: Chain, state: State) -> Option<&Entry> {
        let place = (*self.leads.get(chain as usize)?.get(state as usize)?)?;
        let level = self.levels.get(place.level as usize)?;
        level.entry(place.at as usize)
    }

    /// The first rule that matches; `FURTHER` if one of the rules looks at more than headers.
    #[inline]
    pub(crate) fn find<const FURTHER: bool>(
        &self,
        chain: Chain,
        key: &Key,
        facts: &Facts,
    ) -> Option<&Entry> {
        let mut first: Option<&Entry> = None;
        for level in &self.levels {
            let found = level.find::<FURTHER>(chain, key, facts);
            first = match (first, found) {
                (Some(one), Some(other)) if other.order() < one.order() => Some(other),
                (None, found) => found,
                (first, _) => first,
            };
        }
        first
    }

    /// What the mark of a packet becomes by this rule.
    pub(crate) fn set_mark(&self, entry: &Entry) -> Option<SetMark> {
        let mut levels = self.levels.iter();
        levels.find_map(|level| level.set_mark(entry.order()))
    }

    /// The rule with this number.
    pub(crate) fn get(&self, id: u32) -> Option<Rule> {
        let mut levels = self.levels.iter();
        levels.find_map(|level| level.rule(level.position(id)?))
    }

    pub(crate) fn has(&self, id: u32) -> bool {
        self.levels.iter().any(|level| level.position(id).is_some())
    }

    /// The rules in their order, from a place on.
    pub(crate) fn iter_from(&self, order: (u32, u64)) -> impl Iterator<Item = Rule> + '_ {
        let mut from = Some(order);
        core::iter::from_fn(move || {
            let order = from?;
            let (level, at, entry) = self.first_from(order)?;
            let (priority, place) = entry.order();
            from = match place.checked_add(1) {
                Some(place) => Some((priority, place)),
                None => priority.checked_add(1).map(|priority| (priority, 0)),
            };
            level.rule(at)
        })
    }

    /// The first rule that is not ordered before, and where it is.
    fn first_from(&self, order: (u32, u64)) -> Option<(&Level, usize, &Entry)> {
        self.levels
            .iter()
            .filter_map(|level| {
                let at = level.from(order);
                Some((&**level, at, level.entry(at)?))
            })
            .min_by_key(|(_, _, entry)| entry.order())
    }

    /// The last rule that is ordered before.
    fn last_before(&self, order: (u32, u64)) -> Option<&Entry> {
        self.levels
            .iter()
            .filter_map(|level| level.entry(level.from(order).checked_sub(1)?))
            .max_by_key(|entry| entry.order())
    }

    pub(crate) fn len(&self) -> usize {
        let len = |sum: usize, level: &Arc<Level>| sum.saturating_add(level.len());
        self.levels.iter().fold(0, len)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    pub(crate) fn generation(&self) -> NonZero<u32> {
        self.generation
    }

    /// The priority of the last rule.
    pub(crate) fn last_priority(&self) -> u32 {
        let last = self.levels.iter().filter_map(|level| level.last());
        last.map(|entry| entry.priority)
            .max()
            .unwrap_or(FIRST_PRIORITY)
    }

    /// How many rules are compared with a packet at most.
    pub(crate) fn comparisons(&self) -> usize {
        let mut sums = [0usize; 3];
        for level in &self.levels {
            for (sum, comparisons) in sums.iter_mut().zip(level.comparisons()) {
                *sum = sum.saturating_add(comparisons);
            }
        }
        sums.into_iter().max().unwrap_or(0)
    }

    /// A copy with one rule more: behind those of its priority, or right before rule `before`, which
    /// has that priority.
    pub(crate) fn with(&self, mut rule: Rule, before: Option<&Rule>) -> Result<Self, Refused> {
        let priority = rule.priority;
        let low = self.last_before(match before {
            Some(before) => (priority, before.place),
            None => (priority, u64::MAX),
        });
        let low = low
            .filter(|entry| entry.priority == priority)
            .map_or(0, |entry| entry.place);
        let place = match before {
            None => low.checked_add(STEP),
            Some(before) => Some(low.saturating_add(before.place.saturating_sub(low) / 2))
                .filter(|place| *place > low),
        };
        if let Some(place) = place {
            rule.place = place;
            return self.merged(rule);
        }
        // There is no place left: all get new ones.
        let mut rules = KVVec::with_capacity(self.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?;
        let before = before.map_or((priority, u64::MAX), |before| (priority, before.place));
        let mut new = Some(rule);
        for other in self.iter_from((0, 0)) {
            if (other.priority, other.place) >= before {
                if let Some(rule) = new.take() {
                    rules.push(rule, GFP_KERNEL_ACCOUNT)?;
                }
            }
            rules.push(other, GFP_KERNEL_ACCOUNT)?;
        }
        if let Some(rule) = new {
            rules.push(rule, GFP_KERNEL_ACCOUNT)?;
        }
        set_places(&mut rules);
        self.next(one(&rules)?)
    }

    /// A copy with a rule more, which has its place.
    fn merged(&self, rule: Rule) -> Result<Self, Refused> {
        let mut kept = self.levels.len();
        let mut len = 1usize;
        while let Some(level) = kept.checked_sub(1).and_then(|last| self.levels.get(last)) {
            if level.len() >= len.saturating_mul(RATIO) {
                break;
            }
            len = len.saturating_add(level.len());
            kept = kept.saturating_sub(1);
        }
        self.with_levels(kept, Some(rule), len)
    }

    /// A copy whose levels from `kept` on are one, of `len` rules, with the rule.
    fn with_levels(&self, kept: usize, rule: Option<Rule>, len: usize) -> Result<Self, Refused> {
        let (kept, merged) = self
            .levels
            .split_at_checked(kept)
            .unwrap_or((&self.levels, &[]));
        let mut rules = KVVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        for level in merged {
            for rule in (0..level.len()).filter_map(|at| level.rule(at)) {
                rules.push(rule, GFP_KERNEL_ACCOUNT)?;
            }
        }
        if let Some(rule) = rule {
            rules.push(rule, GFP_KERNEL_ACCOUNT)?;
        }
        let rules = ordered(rules)?;
        let mut levels = KVec::with_capacity(kept.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?;
        for level in kept {
            levels.push(level.clone(), GFP_KERNEL_ACCOUNT)?;
        }
        levels.push(
            Arc::new(Level::new(&rules)?, GFP_KERNEL_ACCOUNT)?,
            GFP_KERNEL_ACCOUNT,
        )?;
        self.next(levels)
    }

    /// These rules in the place of all there are, in this order where priorities are the same.
    pub(crate) fn replaced(&self, mut rules: KVVec<Rule>) -> Result<Self, Refused> {
        set_places(&mut rules);
        self.next(one(&ordered(rules)?)?)
    }

    /// A copy without a rule.
    pub(crate) fn without(&self, id: u32) -> Result<Self, Refused> {
        let mut levels = KVec::with_capacity(self.levels.len(), GFP_KERNEL_ACCOUNT)?;
        for level in &self.levels {
            let Some(gone) = level.position(id) else {
                levels.push(level.clone(), GFP_KERNEL_ACCOUNT)?;
                continue;
            };
            let mut rules = KVVec::with_capacity(level.len(), GFP_KERNEL_ACCOUNT)?;
            for rule in (0..level.len())
                .filter(|at| *at != gone)
                .filter_map(|at| level.rule(at))
            {
                rules.push(rule, GFP_KERNEL_ACCOUNT)?;
            }
            if !rules.is_empty() {
                let level = Arc::new(Level::new(&rules)?, GFP_KERNEL_ACCOUNT)?;
                levels.push(level, GFP_KERNEL_ACCOUNT)?;
            }
        }
        self.next(levels)
    }

    /// What is left when all rules go.
    pub(crate) fn flushed(&self) -> Self {
        Self {
            generation: self.next_generation(),
            ..Self::empty()
        }
    }

    fn next(&self, levels: KVec<Arc<Level>>) -> Result<Self, Refused> {
        let set = Self::of(levels, self.next_generation());
        if set.comparisons() <= MAX_COMPARISONS || set.levels.len() <= 1 {
            return Ok(set);
        }
        // All in one, a packet asks about fewer.
        set.with_levels(0, None, set.len())
    }

    fn next_generation(&self) -> NonZero<u32> {
        self.generation
            .checked_add(1)
            .unwrap_or(NonZero::<u32>::MIN)
    }
}

/// Where the rule is that is ordered so.
fn at(levels: &[Arc<Level>], order: Order) -> Option<Place> {
    (0u32..).zip(levels).find_map(|(number, level)| {
        let at = level.from(order);
        let found = level.entry(at)?.order() == order;
        let at = u32::try_from(at).ok()?;
        found.then_some(Place { level: number, at })
    })
}

/// The rules by priority and place.
// Not by a sort of the library's, which takes much of the stack.
#[inline(never)]
fn ordered(rules: KVVec<Rule>) -> Result<KVVec<Rule>, Refused> {
    let order = |at: &u32| {
        let rule = rules.get(*at as usize);
        rule.map(|rule| (rule.priority, rule.place))
    };
    let mut sorted = KVVec::with_capacity(rules.len(), GFP_KERNEL_ACCOUNT)?;
    for (at, _) in (0u32..).zip(&rules) {
        sorted.push(at, GFP_KERNEL_ACCOUNT)?;
    }
    sort::<_, Charged>(&mut sorted, |one, other| order(one) < order(other))?;
    let mut moved = KVVec::with_capacity(rules.len(), GFP_KERNEL_ACCOUNT)?;
    for at in &sorted {
        if let Some(rule) = rules.get(*at as usize) {
            moved.push(rule.clone(), GFP_KERNEL_ACCOUNT)?;
        }
    }
    Ok(moved)
}

/// The only level, of rules that are in their order.
fn one(rules: &[Rule]) -> Result<KVec<Arc<Level>>, Refused> {
    let mut levels = KVec::new();
    if !rules.is_empty() {
        let level = Arc::new(Level::new(rules)?, GFP_KERNEL_ACCOUNT)?;
        levels.push(level, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(levels)
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
