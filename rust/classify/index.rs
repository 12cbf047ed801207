// SPDX-License-Identifier: GPL-2.0

//! From rules to what finds them.

use super::{
    shape::Plan,
    spans::Spans,
    table,
    tree::Planter,
    Address,
    Cost,
    Error,
    Field,
    Index,
    Memory,
    Rule,
    LINEAR,
    MAX_COMPARISONS,
    MAX_RULES, //
};

/// How often other keys are tried when hashes are the same.
const ATTEMPTS: usize = 4;

/// How `rules` are found, and what it costs; none if one after the other.
pub(super) fn index<A: Address, M: Memory>(
    rules: &[Rule<A>],
    seed: u64,
) -> Result<(Option<Index<A, M>>, Cost), Error> {
    if rules.len() <= LINEAR {
        let cost = Cost {
            comparisons: rules.len(),
            ..Cost::default()
        };
        return Ok((None, cost));
    }
    if rules.len() > MAX_RULES {
        return Err(Error::TooMany);
    }
    let plan = Plan::<M>::new(rules)?;
    let mut random = seed;
    for _ in 0..ATTEMPTS {
        let keys = core::array::from_fn(|_| draw(&mut random));
        let mut planter = Planter::new(rules)?;
        let (tables, mut cost, worst) = match table::build(rules, &plan, keys, &mut planter) {
            Err(Error::Collisions) => continue,
            built => built?,
        };
        cost.depth = planter.depth();
        if cost.comparisons > MAX_COMPARISONS {
            return Err(Error::TooCostly {
                comparisons: cost.comparisons,
                tag: rules.get(worst as usize).map_or(0, Rule::tag),
            });
        }
        let [a, b, c, d, e, f, g] = Field::ALL;
        let spans = |field| Spans::<A, M>::new(field, rules, &plan.numbers);
        let index = Index {
            spans: [
                spans(a)?,
                spans(b)?,
                spans(c)?,
                spans(d)?,
                spans(e)?,
                spans(f)?,
                spans(g)?,
            ],
            tables,
            trees: planter.finish()?,
        };
        return Ok((Some(index), cost));
    }
    Err(Error::Collisions)
}

/// The next number of a sequence that `state` begins (SplitMix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
