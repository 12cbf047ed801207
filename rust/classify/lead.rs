// SPDX-License-Identifier: GPL-2.0

//! Which packets are decided on before anything but the state of their connection is looked at.

use super::{
    State,
    States, //
};

/// The rules in front of the first that looks at more than the state of a packet's connection. `P` orders
/// rules.
///
/// Where such a rule wants the state, it decides: what the packet is does not matter.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Lead, State, States};
///
/// let mut lead = Lead::new();
/// lead.add(10, Some(States::of(State::Established)));
/// lead.add(20, None); // it looks at ports
/// lead.add(30, Some(States::of(State::New)));
/// assert_eq!(lead.get(State::Established), Some(10));
/// assert_eq!(lead.get(State::New), None); // it may be the rule at 20
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lead<P> {
    /// The first rule that looks at no more and wants the state.
    first: [Option<P>; State::ALL.len()],
    /// The first that looks at more.
    end: Option<P>,
}

impl<P: Copy + Ord> Lead<P> {
    /// Without rules.
    pub const fn new() -> Self {
        Self {
            first: [None; State::ALL.len()],
            end: None,
        }
    }

    /// Takes a rule into account, whichever came before it. `states` are those that it wants, if it looks
    /// at no more; all, if it looks at nothing.
    pub fn add(&mut self, place: P, states: Option<States>) {
        let Some(states) = states else {
            self.end = earlier(self.end, Some(place));
            return;
        };
        for (first, state) in self.first.iter_mut().zip(State::ALL) {
            if states.has(state) {
                *first = earlier(*first, Some(place));
            }
        }
    }

    /// Takes the rules into account that another one has.
    pub fn join(&mut self, other: &Self) {
        for (first, other) in self.first.iter_mut().zip(other.first) {
            *first = earlier(*first, other);
        }
        self.end = earlier(self.end, other.end);
    }

    /// The rule that decides on packets of the state.
    pub fn get(&self, state: State) -> Option<P> {
        let first = self.first.get(state as usize).copied().flatten()?;
        self.end.is_none_or(|end| first < end).then_some(first)
    }
}

impl<P: Copy + Ord> Default for Lead<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// The first of two places.
fn earlier<P: Ord>(one: Option<P>, other: Option<P>) -> Option<P> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
