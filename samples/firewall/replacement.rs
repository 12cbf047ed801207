// SPDX-License-Identifier: GPL-2.0

//! Rules that are to take the place of all there are, and which of those they are.
//!
//! A rule that matches and does the same as one that is there is that rule: it keeps the number, if none is
//! asked for, and the counters, if it is not said what they begin at. Of several that are the same the one
//! with the number that is asked for is meant; else the first is the first, the second the second.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    classify::sort,
    context::Process,
    percpu::PacketCounter, //
};

use crate::{
    draft::Draft,
    level::{
        Charged,
        Refused, //
    },
    rules::{
        Identity,
        Rule,
        FIRST_PRIORITY, //
    },
    set::RuleSet, //
};

/// What is to be published.
pub(crate) struct Replacement {
    pub(crate) rules: RuleSet,
    /// The last number that was given to a rule without one.
    pub(crate) last_id: u32,
    pub(crate) outcome: Outcome,
}

/// What a change of all rules comes to.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) count: u32,
    pub(crate) comparisons: u32,
    /// How many rules were there before.
    pub(crate) kept: u32,
}

/// Why rules cannot take the place of all.
#[derive(Clone, Copy)]
pub(crate) enum Why {
    /// The rule at this index, from 0 on, has a number that one before it has.
    Twice {
        at: usize,
        id: u32,
    },
    Refused(Refused),
}

impl<E: Into<Refused>> From<E> for Why {
    fn from(refused: E) -> Self {
        Self::Refused(refused.into())
    }
}

/// A rule that is there, which one that is asked for may turn out to be.
struct Old {
    rule: Rule,
    taken: bool,
}

impl Replacement {
    /// Has these rules, in this order where priorities are the same, take the place of `current`.
    pub(crate) fn new(
        drafts: &[Draft],
        current: &RuleSet,
        last_id: u32,
        process: Process<'_>,
    ) -> Result<Self, Why> {
        let mut ids = asked_ids(drafts)?;
        let mut olds = KVVec::with_capacity(current.len(), GFP_KERNEL_ACCOUNT)?;
        for rule in current.iter_from((0, 0)) {
            olds.push(Old { rule, taken: false }, GFP_KERNEL_ACCOUNT)?;
        }
        let pairs = pair(drafts, &mut olds)?;

        let mut rules = KVVec::with_capacity(drafts.len(), GFP_KERNEL_ACCOUNT)?;
        let mut chosen = KVVec::with_capacity(drafts.len(), GFP_KERNEL_ACCOUNT)?;
        let mut priority = FIRST_PRIORITY;
        let mut kept = 0u32;
        for (draft, pair) in drafts.iter().zip(&pairs) {
            let old = pair.and_then(|at| olds.get(at as usize));
            kept = kept.saturating_add(u32::from(old.is_some()));
            let old_id = old.map(|old| old.rule.id).filter(|id| !has(&ids, *id));
            if let (None, Some(id)) = (draft.id, old_id) {
                chosen.push(id, GFP_KERNEL_ACCOUNT)?;
            }
            priority = draft.priority.unwrap_or(priority);
            rules.push(
                Rule {
                    // 0 gets a number when it is known which there are.
                    id: draft.id.or(old_id).unwrap_or(0),
                    priority,
                    place: 0,
                    matches: draft.matches,
                    action: draft.action,
                    counters: counters(draft, old, process)?,
                },
                GFP_KERNEL_ACCOUNT,
            )?;
        }
        drop(olds);
        for id in &chosen {
            ids.push(*id, GFP_KERNEL_ACCOUNT)?;
        }
        sort::<_, Charged>(&mut ids, |one, other| one < other)?;
        let mut last_id = last_id;
        for rule in rules.iter_mut().filter(|rule| rule.id == 0) {
            last_id = free_id(last_id, |id| has(&ids, id));
            rule.id = last_id;
        }
        let rules = current.replaced(rules)?;
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Self {
            outcome: Outcome {
                count: number(rules.len()),
                comparisons: number(rules.comparisons()),
                kept,
            },
            rules,
            last_id,
        })
    }
}

/// The next number after `last` that no rule has.
pub(crate) fn free_id(last: u32, taken: impl Fn(u32) -> bool) -> u32 {
    let mut id = last;
    loop {
        id = id.wrapping_add(1).max(1);
        // There are more numbers than rules.
        if !taken(id) {
            return id;
        }
    }
}

/// Whether a number is one of these, which are in order.
fn has(ids: &[u32], id: u32) -> bool {
    ids.binary_search(&id).is_ok()
}

/// The numbers that are asked for, in order.
fn asked_ids(drafts: &[Draft]) -> Result<KVVec<u32>, Why> {
    let asked = || {
        (0usize..)
            .zip(drafts)
            .filter_map(|(at, draft)| Some((draft.id?, at)))
    };
    let mut found = KVVec::with_capacity(asked().count(), GFP_KERNEL_ACCOUNT)?;
    for id in asked() {
        found.push(id, GFP_KERNEL_ACCOUNT)?;
    }
    sort::<_, Charged>(&mut found, |one, other| one < other)?;
    for pair in found.windows(2) {
        if let [(one, _), (id, at)] = *pair {
            if one == id {
                return Err(Why::Twice { at, id });
            }
        }
    }
    let mut ids = KVVec::with_capacity(found.len(), GFP_KERNEL_ACCOUNT)?;
    for (id, _) in &found {
        ids.push(*id, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(ids)
}

/// What two rules have in common that are the same.
type Same = (Identity, (u8, u32, u32));

impl Draft {
    fn same(&self) -> Same {
        (self.matches.identity(), self.action.identity())
    }
}

impl Old {
    fn same(&self) -> Same {
        (self.rule.matches.identity(), self.rule.action.identity())
    }
}

/// Of each rule that is asked for the place of the one among `olds` that it is.
fn pair(drafts: &[Draft], olds: &mut [Old]) -> Result<KVVec<Option<u32>>, Why> {
    let mut pairs = KVVec::from_elem(None, drafts.len(), GFP_KERNEL_ACCOUNT)?;
    if olds.is_empty() {
        return Ok(pairs);
    }
    // Those that their numbers name.
    let by_id = sorted(olds, |old| old.rule.id)?;
    for (draft, pair) in drafts.iter().zip(pairs.iter_mut()) {
        let Some(id) = draft.id else {
            continue;
        };
        let of = |at: &u32| olds.get(*at as usize).map_or(0, |old| old.rule.id);
        let found = by_id.binary_search_by_key(&id, of).ok();
        let Some(at) = found.and_then(|found| by_id.get(found)) else {
            continue;
        };
        if let Some(old) = olds.get_mut(*at as usize) {
            if old.same() == draft.same() {
                old.taken = true;
                *pair = Some(*at);
            }
        }
    }
    // Those that are left, in their order.
    let news = sorted(drafts, Draft::same)?;
    let order = sorted(olds, Old::same)?;
    let of = |at: &u32| olds.get(*at as usize).map(Old::same);
    let mut left = order.as_slice();
    for run in news.chunk_by(|one, other| {
        let of = |at: &u32| drafts.get(*at as usize).map(Draft::same);
        of(one) == of(other)
    }) {
        let wanted = run
            .first()
            .and_then(|at| drafts.get(*at as usize))
            .map(Draft::same);
        let start = left.partition_point(|at| of(at) < wanted);
        left = left.get(start..).unwrap_or(&[]);
        let is_free = |at: &&u32| olds.get(**at as usize).is_some_and(|old| !old.taken);
        let mut same = left
            .iter()
            .take_while(|at| of(at) == wanted)
            .filter(is_free);
        for at in run {
            if let Some(pair @ None) = pairs.get_mut(*at as usize) {
                *pair = same.next().copied();
            }
        }
    }
    Ok(pairs)
}

/// The places of items, in the order of what `key` makes of these, and in their own.
fn sorted<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Result<KVVec<u32>, Why> {
    let mut places = KVVec::with_capacity(items.len(), GFP_KERNEL_ACCOUNT)?;
    for (at, _) in (0u32..).zip(items) {
        places.push(at, GFP_KERNEL_ACCOUNT)?;
    }
    let of = |at: &u32| items.get(*at as usize).map(&key);
    sort::<_, Charged>(&mut places, |one, other| of(one) < of(other))?;
    Ok(places)
}

/// The counters that a rule is to have.
fn counters(
    draft: &Draft,
    old: Option<&Old>,
    process: Process<'_>,
) -> Result<Arc<PacketCounter>, Refused> {
    let counter = match (draft.totals, old) {
        (Some(totals), _) => PacketCounter::starting_at(totals, process)?,
        (None, Some(old)) => return Ok(old.rule.counters.clone()),
        (None, None) => PacketCounter::new(process)?,
    };
    Ok(Arc::new(counter, GFP_KERNEL_ACCOUNT)?)
}
