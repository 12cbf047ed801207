// SPDX-License-Identifier: GPL-2.0

//! Lists of rules that have the same key in a table, cut into trees where they are long.

use super::{
    list::List,
    sweep::{
        Region,
        Sweep, //
    },
    Address,
    Field,
    Key,
    Memory,
    NoMemory,
    Rule,
    LEAF, //
};

/// The highest tree: its steps down.
const MAX_DEPTH: usize = 5;

/// How many rules pieces of a list have at least, the finest first; 0 is as fine as it can be.
const GRAINS: [usize; 7] = [0, 12, 48, 192, 768, 3072, 12_288];

// What is below a node: the number of another one, with this bit; ...
const NODE: u32 = 1 << 31;
// ... that of a rule, with this bit; ...
const ONE: u32 = 1 << 30;
// ... nothing; else where a list is.
const NOTHING: u32 = u32::MAX;

/// Below a node, by the value of a field.
#[derive(Clone, Copy)]
struct Node {
    field: Field,
    /// Where its values and what is below are.
    from: u32,
    len: u32,
}

impl Node {
    fn range(&self) -> core::ops::Range<usize> {
        let from = self.from as usize;
        from..from.saturating_add(self.len as usize)
    }
}

/// The trees.
pub(super) struct Trees<A: Address, M: Memory> {
    nodes: M::Array<Node>,
    /// First values of intervals, ascending for each node.
    starts: M::Array<A>,
    below: M::Array<u32>,
    /// Lists: how many, then the numbers of the rules.
    lists: M::Array<u32>,
}

/// Whether a rule is the one.
#[inline]
pub(super) fn check<A: Address>(
    rules: &[Rule<A>],
    number: u32,
    key: &Key<A>,
    granted: &mut impl FnMut(&Rule<A>) -> bool,
) -> Option<u32> {
    let rule = rules.get(number as usize)?;
    #[cfg(test)]
    super::testing::compared();
    (rule.matches(key) && (!rule.is_conditional() || granted(rule))).then_some(number)
}

impl<A: Address, M: Memory> Trees<A, M> {
    /// The first rule of a tree that matches, and is before `best`.
    pub(super) fn find(
        &self,
        root: u32,
        rules: &[Rule<A>],
        key: &Key<A>,
        best: u32,
        granted: &mut impl FnMut(&Rule<A>) -> bool,
    ) -> Option<u32> {
        let mut at = root;
        for _ in 0..=MAX_DEPTH {
            if at == NOTHING || at & NODE == 0 {
                break;
            }
            let node = self.nodes.get((at & !NODE) as usize)?;
            let value = key.value(node.field);
            let starts = self.starts.get(node.range())?;
            let after = starts.partition_point(|start| *start <= value);
            at = *self.below.get(node.range())?.get(after.checked_sub(1)?)?;
        }
        if at == NOTHING || at & NODE != 0 {
            return None;
        }
        if at & ONE != 0 {
            let number = at & !ONE;
            return (number < best)
                .then(|| check(rules, number, key, granted))
                .flatten();
        }
        let len = *self.lists.get(at as usize)? as usize;
        let from = (at as usize).checked_add(1)?;
        let list = self.lists.get(from..from.checked_add(len)?)?;
        list.iter()
            .take_while(|number| **number < best)
            .find_map(|number| check(rules, *number, key, granted))
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.nodes)
            .saturating_add(size_of_val(&*self.starts))
            .saturating_add(size_of_val(&*self.below))
            .saturating_add(size_of_val(&*self.lists))
    }
}

/// What trees are made of.
pub(super) struct Planter<'r, A: Address, M: Memory> {
    rules: &'r [Rule<A>],
    nodes: List<Node, M>,
    starts: List<A, M>,
    below: List<u32, M>,
    lists: List<u32, M>,
    /// How many more rules lists may have than there are, in all.
    spare: usize,
    /// The longest list of the tree that was planted last.
    longest: usize,
    depth: usize,
}

/// A way to cut a list.
#[derive(Clone, Copy)]
struct Cut {
    field: Field,
    grain: usize,
    longest: usize,
    total: usize,
    most: usize,
}

/// An interval of a list that is cut.
#[derive(Clone, Copy)]
struct Piece<A> {
    start: A,
    from: usize,
    to: usize,
}

impl<'r, A: Address, M: Memory> Planter<'r, A, M> {
    pub(super) fn new(rules: &'r [Rule<A>]) -> Result<Self, NoMemory> {
        let node = Node {
            field: Field::Source,
            from: 0,
            len: 0,
        };
        Ok(Self {
            rules,
            nodes: List::new(0, node)?,
            starts: List::new(0, A::default())?,
            below: List::new(0, 0)?,
            lists: List::new(0, 0)?,
            spare: rules.len().saturating_mul(3),
            longest: 0,
            depth: 0,
        })
    }

    /// Plants a tree of the rules `numbers`, which are ascending, for packets of `region`. Returns its
    /// root and how long its longest list is.
    pub(super) fn plant(
        &mut self,
        numbers: &[u32],
        region: &Region<A>,
    ) -> Result<(u32, usize), NoMemory> {
        self.longest = 0;
        let root = self.tree(numbers, region, 0)?;
        Ok((root, self.longest))
    }

    /// The highest tree.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn finish(self) -> Result<Trees<A, M>, NoMemory> {
        let node = Node {
            field: Field::Source,
            from: 0,
            len: 0,
        };
        Ok(Trees {
            nodes: self.nodes.finish(node)?,
            starts: self.starts.finish(A::default())?,
            below: self.below.finish(0)?,
            lists: self.lists.finish(0)?,
        })
    }

    fn tree(&mut self, numbers: &[u32], region: &Region<A>, depth: usize) -> Result<u32, NoMemory> {
        self.depth = self.depth.max(depth);
        let decided = numbers.iter().position(|number| {
            self.rules
                .get(*number as usize)
                .is_some_and(|rule| region.is_decided_by(rule, None))
        });
        // Nothing behind a rule that matches all is ever the first.
        let len = decided.map_or(numbers.len(), |at| at.saturating_add(1));
        let numbers = numbers.get(..len).unwrap_or(numbers);
        if numbers.len() > LEAF && depth < MAX_DEPTH {
            if let Some(cut) = self.choose(numbers, region)? {
                return self.cut(numbers, region, depth, cut);
            }
        }
        self.leaf(numbers)
    }

    /// By which field the lists become shortest.
    fn choose(&self, numbers: &[u32], region: &Region<A>) -> Result<Option<Cut>, NoMemory> {
        let len = numbers.len();
        let most = len.saturating_add(len.saturating_mul(2).min(self.spare / 2));
        let mut best: Option<Cut> = None;
        for field in Field::ALL {
            let sweep = Sweep::<A, M>::new(self.rules, numbers, region, field)?;
            if sweep.is_flat() {
                continue;
            }
            // As fine as there is memory for.
            for grain in GRAINS.into_iter().take_while(|grain| *grain < len) {
                let (mut longest, mut total) = (0usize, 0usize);
                let done = sweep.run(grain, most, |_, list| {
                    longest = longest.max(list.len());
                    total = total.saturating_add(list.len());
                    Ok(())
                })?;
                let better = best.is_none_or(|best| (longest, total) < (best.longest, best.total));
                if done && longest < len && better {
                    best = Some(Cut {
                        field,
                        grain,
                        longest,
                        total,
                        most,
                    });
                }
                if done {
                    break;
                }
            }
        }
        Ok(best)
    }

    fn cut(
        &mut self,
        numbers: &[u32],
        region: &Region<A>,
        depth: usize,
        cut: Cut,
    ) -> Result<u32, NoMemory> {
        self.spare = self
            .spare
            .saturating_sub(cut.total.saturating_sub(numbers.len()));
        let (first, last) = region.get(cut.field);
        let nowhere = Piece {
            start: first,
            from: 0,
            to: 0,
        };
        let mut pieces = List::<Piece<A>, M>::new(16, nowhere)?;
        let mut flat = List::<u32, M>::new(16, 0)?;
        let sweep = Sweep::<A, M>::new(self.rules, numbers, region, cut.field)?;
        sweep.run(cut.grain, cut.most, |start, list| {
            let same = pieces
                .as_slice()
                .last()
                .is_some_and(|piece| flat.as_slice().get(piece.from..piece.to) == Some(list));
            if same {
                return Ok(());
            }
            let from = flat.len();
            flat.extend(list)?;
            pieces.push(Piece {
                start,
                from,
                to: flat.len(),
            })
        })?;
        drop(sweep);

        let from = self.below.len();
        for piece in pieces.as_slice() {
            self.starts.push(piece.start)?;
            self.below.push(NOTHING)?;
        }
        let node = self.nodes.len();
        self.nodes.push(Node {
            field: cut.field,
            from: number(from),
            len: number(pieces.len()),
        })?;
        let depth = depth.saturating_add(1);
        for (at, piece) in pieces.as_slice().iter().enumerate() {
            let end = match pieces.as_slice().get(at.saturating_add(1)) {
                Some(next) => next.start.previous(),
                None => last,
            };
            let part = region.with(cut.field, piece.start, end);
            let list = flat.as_slice().get(piece.from..piece.to).unwrap_or(&[]);
            let child = self.tree(list, &part, depth)?;
            if let Some(place) = self.below.as_mut_slice().get_mut(from.saturating_add(at)) {
                *place = child;
            }
        }
        Ok(NODE | number(node))
    }

    fn leaf(&mut self, numbers: &[u32]) -> Result<u32, NoMemory> {
        self.longest = self.longest.max(numbers.len());
        match numbers {
            [] => Ok(NOTHING),
            [one] => Ok(ONE | *one),
            list => {
                let at = self.lists.len();
                self.lists.push(number(list.len()))?;
                self.lists.extend(list)?;
                Ok(number(at))
            }
        }
    }
}

/// What is counted here is less than 2^30: rules are at most 2^20, and lists a few times as long.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NOTHING)
}
