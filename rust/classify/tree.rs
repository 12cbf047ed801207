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

/// A list that is to become a tree.
#[derive(Clone, Copy)]
struct Seedling<A> {
    /// Where the tree is below a node.
    place: Option<usize>,
    /// Where its rules begin.
    from: usize,
    depth: usize,
    region: Region<A>,
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
    // Not by recursion: the stack of the kernel is small.
    #[inline(never)]
    pub(super) fn plant(
        &mut self,
        numbers: &[u32],
        region: &Region<A>,
    ) -> Result<(u32, usize), NoMemory> {
        self.longest = 0;
        let mut root = NOTHING;
        let first = Seedling {
            place: None,
            from: 0,
            depth: 0,
            region: *region,
        };
        let mut todo = List::<Seedling<A>, M>::new(16, first)?;
        // The rules of those that are to do, one behind the other.
        let mut flat = List::<u32, M>::new(numbers.len(), 0)?;
        let mut list = List::<u32, M>::new(numbers.len(), 0)?;
        flat.extend(numbers)?;
        todo.push(first)?;
        while let Some(seedling) = todo.pop() {
            list.truncate(0);
            list.extend(flat.as_slice().get(seedling.from..).unwrap_or(&[]))?;
            flat.truncate(seedling.from);
            let grown = self.grow(&seedling, list.as_slice(), &mut flat, &mut todo)?;
            match seedling.place {
                None => root = grown,
                Some(place) => {
                    if let Some(below) = self.below.as_mut_slice().get_mut(place) {
                        *below = grown;
                    }
                }
            }
        }
        Ok((root, self.longest))
    }

    /// The highest tree.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    #[inline(never)]
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

    /// A leaf, or a node whose pieces are to do.
    #[inline(never)]
    fn grow(
        &mut self,
        seedling: &Seedling<A>,
        numbers: &[u32],
        flat: &mut List<u32, M>,
        todo: &mut List<Seedling<A>, M>,
    ) -> Result<u32, NoMemory> {
        self.depth = self.depth.max(seedling.depth);
        let decided = numbers.iter().position(|number| {
            self.rules
                .get(*number as usize)
                .is_some_and(|rule| seedling.region.is_decided_by(rule, None))
        });
        // Nothing behind a rule that matches all is ever the first.
        let len = decided.map_or(numbers.len(), |at| at.saturating_add(1));
        let numbers = numbers.get(..len).unwrap_or(numbers);
        if numbers.len() > LEAF && seedling.depth < MAX_DEPTH {
            if let Some(cut) = self.choose(numbers, &seedling.region)? {
                return self.cut(seedling, numbers, cut, flat, todo);
            }
        }
        self.leaf(numbers)
    }

    /// By which field the lists become shortest.
    #[inline(never)]
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

    #[inline(never)]
    fn cut(
        &mut self,
        seedling: &Seedling<A>,
        numbers: &[u32],
        cut: Cut,
        flat: &mut List<u32, M>,
        todo: &mut List<Seedling<A>, M>,
    ) -> Result<u32, NoMemory> {
        self.spare = self
            .spare
            .saturating_sub(cut.total.saturating_sub(numbers.len()));
        let region = &seedling.region;
        let (_, last) = region.get(cut.field);
        let (begin, from) = (todo.len(), self.below.len());
        let depth = seedling.depth.saturating_add(1);
        let sweep = Sweep::<A, M>::new(self.rules, numbers, region, cut.field)?;
        let (starts, below) = (&mut self.starts, &mut self.below);
        sweep.run(cut.grain, cut.most, |start, list| {
            let before = todo.as_slice().get(begin..).and_then(<[_]>::last);
            if before.is_some_and(|piece| flat.as_slice().get(piece.from..) == Some(list)) {
                return Ok(());
            }
            todo.push(Seedling {
                place: Some(below.len()),
                from: flat.len(),
                depth,
                // Up to the next piece, which is not known yet.
                region: region.with(cut.field, start, last),
            })?;
            flat.extend(list)?;
            starts.push(start)?;
            below.push(NOTHING)
        })?;
        let mut end = last;
        for piece in todo.as_mut_slice().iter_mut().skip(begin).rev() {
            let (start, _) = piece.region.get(cut.field);
            piece.region = piece.region.with(cut.field, start, end);
            end = start.previous();
        }
        let node = self.nodes.len();
        self.nodes.push(Node {
            field: cut.field,
            from: number(from),
            len: number(self.below.len().saturating_sub(from)),
        })?;
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
