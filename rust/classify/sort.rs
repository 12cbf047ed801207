// SPDX-License-Identifier: GPL-2.0

//! Sorting that neither recurses nor has room on the stack, of which the kernel has little.

use super::{
    list::copy,
    Memory,
    NoMemory, //
};

/// So many items are put in order by insertion.
const RUN: usize = 8;

/// Sorts items; equal ones stay in their order. Takes as much memory again.
///
/// `before` says whether the first has to come before the second.
///
/// # Errors
///
/// [`NoMemory`]; the items are as they were.
pub fn sort<T: Copy + Send + Sync + 'static, M: Memory>(
    items: &mut [T],
    before: impl Fn(&T, &T) -> bool,
) -> Result<(), NoMemory> {
    let sorted = items
        .iter()
        .zip(items.iter().skip(1))
        .all(|(one, next)| !before(next, one));
    let Some(first) = items.first().filter(|_| !sorted) else {
        return Ok(());
    };
    let mut spare = M::array(items.len(), *first)?;
    for run in items.chunks_mut(RUN) {
        insertion(run, &before);
    }
    let mut width = RUN;
    while width < items.len() {
        let pair = width.saturating_mul(2);
        for (from, to) in items.chunks(pair).zip(spare.chunks_mut(pair)) {
            let (left, right) = from.split_at_checked(width).unwrap_or((from, &[]));
            merge(left, right, to, &before);
        }
        copy(items, &spare);
        M::pause();
        width = pair;
    }
    Ok(())
}

fn insertion<T: Copy>(run: &mut [T], before: &impl Fn(&T, &T) -> bool) {
    for sorted in 1..run.len() {
        let mut at = sorted;
        while let Some(previous) = at.checked_sub(1) {
            match (run.get(previous), run.get(at)) {
                (Some(one), Some(next)) if before(next, one) => run.swap(previous, at),
                _ => break,
            }
            at = previous;
        }
    }
}

fn merge<'a, T: Copy>(
    mut left: &'a [T],
    mut right: &'a [T],
    to: &mut [T],
    before: &impl Fn(&T, &T) -> bool,
) {
    for place in to {
        let (next, from) = match (left.first(), right.first()) {
            (Some(one), Some(other)) if before(other, one) => (*other, &mut right),
            (Some(one), _) => (*one, &mut left),
            (None, Some(other)) => (*other, &mut right),
            (None, None) => return,
        };
        *place = next;
        *from = from.get(1..).unwrap_or(&[]);
    }
}
