// SPDX-License-Identifier: GPL-2.0

//! From the value of a field to the tables that have a rule for it.

use super::{
    list::List,
    sort::sort,
    Address,
    Field,
    Memory,
    NoMemory,
    Rule,
    MAX_TABLES, //
};

/// Intervals of a field's values, each with a set of tables: that of all that have a rule for one of
/// the values, and perhaps more.
pub(super) struct Spans<A: Address, M: Memory> {
    /// The first values of the intervals, ascending, the first of which is 0.
    starts: M::Array<A>,
    /// The class of each interval.
    classes: M::Array<u16>,
    /// The set of each class.
    sets: M::Array<u64>,
    /// How many intervals start before the values with each head, and one more.
    heads: M::Array<u32>,
    shift: u32,
}

/// Where a table begins or ends to have a rule.
#[derive(Clone, Copy)]
struct Edge<A> {
    at: A,
    table: u8,
    begins: bool,
}

impl<A: Address, M: Memory> Spans<A, M> {
    /// Of those `rules` that are in a table, by `numbers`. `None` if all want any value.
    // On a stack of its own: that of the kernel is small.
    #[inline(never)]
    pub(super) fn new(
        field: Field,
        rules: &[Rule<A>],
        numbers: &[u8],
    ) -> Result<Option<M::Box<Self>>, NoMemory> {
        let (starts, sets) = intervals::<A, M>(field, rules, numbers)?;
        let len = sets.len();
        if len <= 1 {
            return Ok(None);
        }
        let known = classes::<M>(sets.as_slice())?;
        let mut classes = M::array(len, 0u16)?;
        for (class, set) in classes.iter_mut().zip(sets.as_slice()) {
            // Behind the first, which is in no order.
            let found = known.get(1..).unwrap_or(&[]).binary_search(set);
            let found = found.map_or(0, |found| found.saturating_add(1));
            *class = u16::try_from(found).unwrap_or(0);
        }
        let starts = starts.finish(A::default())?;
        let bits = len.checked_ilog2().unwrap_or(0).saturating_sub(1);
        let shift = field.width::<A>().saturating_sub(bits);
        M::boxed(Self {
            heads: heads::<A, M>(&starts, bits, shift)?,
            shift,
            starts,
            classes,
            sets: known,
        })
        .map(Some)
    }

    /// The tables for a value.
    #[inline]
    pub(super) fn get(&self, value: A) -> u64 {
        self.find(value).unwrap_or(u64::MAX)
    }

    #[inline]
    fn find(&self, value: A) -> Option<u64> {
        let head = value.head(self.shift);
        let from = *self.heads.get(head)? as usize;
        let to = *self.heads.get(head.checked_add(1)?)? as usize;
        let after = self
            .starts
            .get(from..to)?
            .partition_point(|start| *start <= value);
        let class = self.classes.get(from.checked_add(after)?.checked_sub(1)?)?;
        self.sets.get(usize::from(*class)).copied()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.starts)
            .saturating_add(size_of_val(&*self.classes))
            .saturating_add(size_of_val(&*self.sets))
            .saturating_add(size_of_val(&*self.heads))
            .saturating_add(size_of::<Self>())
    }
}

/// The first values of the intervals, and their sets.
#[expect(clippy::type_complexity, reason = "two lists")]
#[inline(never)]
fn intervals<A: Address, M: Memory>(
    field: Field,
    rules: &[Rule<A>],
    numbers: &[u8],
) -> Result<(List<A, M>, List<u64, M>), NoMemory> {
    let mut edges = List::<Edge<A>, M>::new(
        rules.len().saturating_mul(2),
        Edge {
            at: A::default(),
            table: 0,
            begins: false,
        },
    )?;
    for (rule, number) in rules.iter().zip(numbers) {
        if usize::from(*number) >= MAX_TABLES {
            continue;
        }
        let (first, last) = rule.range(field);
        edges.push(Edge {
            at: first,
            table: *number,
            begins: true,
        })?;
        if let Some(next) = last.next().filter(|next| *next <= field.last()) {
            edges.push(Edge {
                at: next,
                table: *number,
                begins: false,
            })?;
        }
    }
    M::pause();
    sort::<_, M>(edges.as_mut_slice(), |one, other| one.at < other.at)?;
    M::pause();

    let mut starts = List::<A, M>::new(8, A::default())?;
    let mut sets = List::<u64, M>::new(8, 0)?;
    // How many rules of each table there are for the values here.
    let mut counts = [0u32; MAX_TABLES];
    let mut set = 0u64;
    let mut edges = edges.as_slice().iter().peekable();
    let mut at = A::default();
    loop {
        while let Some(edge) = edges.next_if(|edge| edge.at == at) {
            let bit = 1u64.checked_shl(u32::from(edge.table)).unwrap_or(0);
            if let Some(count) = counts.get_mut(usize::from(edge.table)) {
                if edge.begins {
                    *count = count.saturating_add(1);
                    set |= bit;
                } else {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        set &= !bit;
                    }
                }
            }
        }
        if sets.as_slice().last() != Some(&set) {
            starts.push(at)?;
            sets.push(set)?;
        }
        match edges.peek() {
            Some(edge) => at = edge.at,
            None => return Ok((starts, sets)),
        }
    }
}

/// The sets that there are: the first is that of all tables, the others are ascending.
fn classes<M: Memory>(sets: &[u64]) -> Result<M::Array<u64>, NoMemory> {
    let mut sorted = List::<u64, M>::new(sets.len(), 0)?;
    sorted.extend(sets)?;
    sort::<_, M>(sorted.as_mut_slice(), |one, other| one < other)?;
    let mut known = List::<u64, M>::new(8, 0)?;
    // Stands for all that have no number: too many tables are looked at, never too few.
    known.push(u64::MAX)?;
    for set in sorted.as_slice() {
        let more = known.len() == 1 || known.as_slice().last() != Some(set);
        if more && known.len() <= usize::from(u16::MAX) {
            known.push(*set)?;
        }
    }
    known.finish(0)
}

/// For each value of the first `bits` bits how many of `starts` are before, and how many there are.
fn heads<A: Address, M: Memory>(
    starts: &[A],
    bits: u32,
    shift: u32,
) -> Result<M::Array<u32>, NoMemory> {
    let len = 1usize.checked_shl(bits).unwrap_or(1).saturating_add(1);
    let mut heads = M::array(len, 0u32)?;
    let mut at = 0usize;
    for (head, place) in heads.iter_mut().enumerate() {
        while starts.get(at).is_some_and(|start| start.head(shift) < head) {
            at = at.saturating_add(1);
        }
        *place = u32::try_from(at).unwrap_or(u32::MAX);
    }
    Ok(heads)
}
