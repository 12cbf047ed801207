// SPDX-License-Identifier: GPL-2.0

//! Cuts a list of rules along one field: an interval of values after the other, each with its rules.

use super::{
    list::List,
    sort::sort,
    Address,
    Field,
    Memory,
    NoMemory,
    Rule, //
};

/// Values of all fields, from one to another, both included: what the packets have that get to a list.
#[derive(Clone, Copy)]
pub(super) struct Region<A> {
    first: [A; Field::ALL.len()],
    last: [A; Field::ALL.len()],
}

impl<A: Address> Region<A> {
    /// All packets.
    pub(super) fn all() -> Self {
        Self {
            first: [A::default(); Field::ALL.len()],
            last: Field::ALL.map(Field::last),
        }
    }

    pub(super) fn get(&self, field: Field) -> (A, A) {
        let at = field as usize;
        match (self.first.get(at), self.last.get(at)) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (A::default(), field.last()),
        }
    }

    /// With other values of a field.
    pub(super) fn with(mut self, field: Field, first: A, last: A) -> Self {
        let at = field as usize;
        if let (Some(from), Some(to)) = (self.first.get_mut(at), self.last.get_mut(at)) {
            (*from, *to) = (first, last);
        }
        self
    }

    /// Whether a rule wants nothing of a field that not all the packets have.
    fn is_within(&self, rule: &Rule<A>, field: Field) -> bool {
        let (first, last) = self.get(field);
        let (from, to) = rule.range(field);
        from <= first && last <= to
    }

    /// Whether a rule matches all the packets, whatever they have in field `but`.
    pub(super) fn is_decided_by(&self, rule: &Rule<A>, but: Option<Field>) -> bool {
        !rule.is_conditional()
            && Field::ALL
                .into_iter()
                .all(|field| Some(field) == but || self.is_within(rule, field))
    }
}

/// A set of numbers, of which the lowest are found at once.
struct Ranks<M: Memory> {
    /// The numbers; then which words of those are not zero; and so on.
    levels: [M::Array<u64>; 3],
}

impl<M: Memory> Ranks<M> {
    /// Of numbers below `len`, which is at most 2^20.
    fn new(len: usize) -> Result<Self, NoMemory> {
        let words = len.div_ceil(64);
        let above = words.div_ceil(64);
        Ok(Self {
            levels: [
                M::array(words, 0)?,
                M::array(above, 0)?,
                M::array(above.div_ceil(64), 0)?,
            ],
        })
    }

    fn insert(&mut self, rank: usize) {
        let mut at = rank;
        for level in &mut self.levels {
            if let Some(word) = level.get_mut(at / 64) {
                *word |= bit(at);
            }
            at /= 64;
        }
    }

    fn remove(&mut self, rank: usize) {
        let mut at = rank;
        for level in &mut self.levels {
            if let Some(word) = level.get_mut(at / 64) {
                *word &= !bit(at);
                if *word != 0 {
                    return;
                }
            }
            at /= 64;
        }
    }

    fn has(&self, rank: usize) -> bool {
        let [numbers, ..] = &self.levels;
        numbers
            .get(rank / 64)
            .is_some_and(|word| word & bit(rank) != 0)
    }

    fn len(&self) -> usize {
        let [numbers, ..] = &self.levels;
        numbers.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Becomes the other, of as many numbers.
    fn set(&mut self, other: &Self) {
        for (level, other) in self.levels.iter_mut().zip(&other.levels) {
            for (word, other) in level.iter_mut().zip(other.iter()) {
                *word = *other;
            }
        }
    }

    /// The lowest number from `from` on.
    fn next(&self, from: usize) -> Option<usize> {
        let mut at = from;
        for (height, level) in self.levels.iter().enumerate() {
            let above = match level.get(at / 64) {
                Some(word) => word & !bit(at).wrapping_sub(1),
                None => 0,
            };
            if above != 0 {
                let mut found = (at & !63).saturating_add(above.trailing_zeros() as usize);
                // Down to the numbers.
                for lower in self.levels.iter().take(height).rev() {
                    let word = lower.get(found)?;
                    found = found
                        .saturating_mul(64)
                        .saturating_add(word.trailing_zeros() as usize);
                }
                return Some(found);
            }
            at = (at / 64).saturating_add(1);
        }
        // Beyond the third level there are words.
        let top = self.levels.last()?;
        let (word, bits) = top
            .iter()
            .enumerate()
            .skip(at)
            .find(|(_, bits)| **bits != 0)?;
        let mut found = word
            .saturating_mul(64)
            .saturating_add(bits.trailing_zeros() as usize);
        for lower in self.levels.iter().take(2).rev() {
            let word = lower.get(found)?;
            found = found
                .saturating_mul(64)
                .saturating_add(word.trailing_zeros() as usize);
        }
        Some(found)
    }
}

fn bit(at: usize) -> u64 {
    1u64.wrapping_shl((at % 64) as u32)
}

#[derive(Clone, Copy)]
struct Edge<A> {
    at: A,
    rank: u32,
    begins: bool,
}

/// A list of rules, and where along a field each begins and ends to match.
pub(super) struct Sweep<'r, A: Address, M: Memory> {
    /// The numbers of the rules, ascending.
    numbers: &'r [u32],
    first: A,
    edges: List<Edge<A>, M>,
    /// Whether a rule matches all packets that have one of its values.
    decides: M::Array<bool>,
}

impl<'r, A: Address, M: Memory> Sweep<'r, A, M> {
    /// Of `field`, within `region`. `numbers` are ascending.
    #[inline(never)]
    pub(super) fn new(
        rules: &[Rule<A>],
        numbers: &'r [u32],
        region: &Region<A>,
        field: Field,
    ) -> Result<Self, NoMemory> {
        let (first, last) = region.get(field);
        let mut decides = M::array(numbers.len(), false)?;
        let mut edges = List::<Edge<A>, M>::new(
            numbers.len().saturating_mul(2),
            Edge {
                at: first,
                rank: 0,
                begins: false,
            },
        )?;
        for (rank, (number, decides)) in (0u32..).zip(numbers.iter().zip(decides.iter_mut())) {
            let Some(rule) = rules.get(*number as usize) else {
                continue;
            };
            let (from, to) = rule.range(field);
            if to < first || last < from {
                continue;
            }
            *decides = region.is_decided_by(rule, Some(field));
            edges.push(Edge {
                at: from.max(first),
                rank,
                begins: true,
            })?;
            if let Some(next) = to.next().filter(|next| *next <= last) {
                edges.push(Edge {
                    at: next,
                    rank,
                    begins: false,
                })?;
            }
        }
        sort::<_, M>(edges.as_mut_slice(), |one, other| one.at < other.at)?;
        M::pause();
        Ok(Self {
            numbers,
            first,
            edges,
            decides,
        })
    }

    /// Whether all rules match whatever the value is.
    pub(super) fn is_flat(&self) -> bool {
        let mut edges = self.edges.as_slice().iter();
        edges.all(|edge| edge.at == self.first)
    }

    /// Calls `each` with the first value of each piece, and with those of the rules that may match there,
    /// in their order. A piece has values between which no rule begins or ends, or more of them, up to
    /// `grain` rules. Ends where there would be more than `most` rules in all, and says whether it did
    /// not.
    pub(super) fn run(
        &self,
        grain: usize,
        most: usize,
        mut each: impl FnMut(A, &[u32]) -> Result<(), NoMemory>,
    ) -> Result<bool, NoMemory> {
        let len = self.numbers.len();
        // The rules that match at a value; at one of the piece; at all of them.
        let mut here = Ranks::<M>::new(len)?;
        let mut some = Ranks::<M>::new(if grain == 0 { 0 } else { len })?;
        let mut all = Ranks::<M>::new(if grain == 0 { 0 } else { len })?;
        let mut list = List::<u32, M>::new(16, 0)?;
        let mut edges = self
            .edges
            .as_slice()
            .chunk_by(|one, next| one.at == next.at)
            .peekable();
        let (mut start, mut total) = (self.first, 0usize);
        let mut count = 0usize;
        loop {
            // What changes at the start, and at more values as long as there are few.
            let mut at_start = true;
            while let Some(group) = edges.next_if(|group| {
                let at = group.first().map_or(start, |edge| edge.at);
                let begins = group.iter().filter(|edge| edge.begins).count();
                at == start || (grain != 0 && count.saturating_add(begins) <= grain)
            }) {
                at_start &= group.first().is_some_and(|edge| edge.at == start);
                for edge in group {
                    let rank = edge.rank as usize;
                    if edge.begins {
                        here.insert(rank);
                        count = count.saturating_add(1);
                    } else {
                        here.remove(rank);
                        all.remove(rank);
                        if at_start {
                            count = count.saturating_sub(1);
                        }
                    }
                    if edge.begins && grain != 0 {
                        some.insert(rank);
                        if at_start {
                            all.insert(rank);
                        }
                    } else if at_start && grain != 0 {
                        some.remove(rank);
                    }
                }
            }
            list.truncate(0);
            let (listed, whole) = if grain == 0 {
                (&here, &here)
            } else {
                (&some, &all)
            };
            let mut from = 0;
            while let Some(rank) = listed.next(from) {
                if let Some(number) = self.numbers.get(rank) {
                    list.push(*number)?;
                }
                if total.saturating_add(list.len()) > most {
                    return Ok(false);
                }
                // Nothing behind it is ever the first.
                if self.decides.get(rank) == Some(&true) && whole.has(rank) {
                    break;
                }
                from = rank.saturating_add(1);
            }
            total = total.saturating_add(list.len());
            each(start, list.as_slice())?;
            match edges.peek().and_then(|group| group.first()) {
                Some(edge) => start = edge.at,
                None => return Ok(true),
            }
            if grain != 0 {
                some.set(&here);
                all.set(&here);
                count = here.len();
            }
        }
    }
}
