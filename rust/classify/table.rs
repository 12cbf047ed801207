// SPDX-License-Identifier: GPL-2.0

//! Hash tables that are never changed.

use super::{
    address::fold,
    list::List,
    rule::masks,
    shape::{
        Plan,
        Shape, //
    },
    sort::sort,
    sweep::Region,
    tree::Planter,
    Address,
    Cost,
    Error,
    Field,
    Key,
    Memory,
    Prefix,
    Rule,
    LEAF,
    MAX_TABLES, //
};

/// Rules whose keys have the same fields.
#[derive(Clone, Copy)]
pub(super) struct Table<A> {
    // What of a packet is in its key.
    source: A,
    destination: A,
    rest: u64,
    interfaces: u64,
    /// The first rule.
    first: u32,
    /// Where its buckets are, and how many there are.
    base: u32,
    buckets: u32,
}

impl<A: Address> Table<A> {
    #[inline]
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// The hash of a packet's key.
    #[inline]
    pub(super) fn hash(&self, key: &Key<A>, keys: &[u64; 4]) -> u64 {
        let [first, second, third, _] = *keys;
        let addresses = A::mix(
            key.source & self.source,
            key.destination & self.destination,
            keys,
        );
        let hash = fold(addresses ^ first, (key.rest() & self.rest) ^ second);
        if self.interfaces == 0 {
            return hash;
        }
        fold(hash ^ (key.interfaces() & self.interfaces), third | 1)
    }

    /// Whether two packets have the same key.
    fn is_same(&self, one: &Key<A>, other: &Key<A>) -> bool {
        one.source & self.source == other.source & self.source
            && one.destination & self.destination == other.destination & self.destination
            && one.rest() & self.rest == other.rest() & self.rest
            && one.interfaces() & self.interfaces == other.interfaces() & self.interfaces
    }

    #[inline]
    fn slot(&self, hash: u64) -> u32 {
        // Of 32 bits: as many parts as there are buckets.
        let part = (hash >> 32).wrapping_mul(u64::from(self.buckets)) >> 32;
        self.base.wrapping_add(part as u32)
    }
}

/// A rule of a bucket, or the tree of those with one key.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    fingerprint: u32,
    what: u32,
}

/// A bit of [`Entry::what`]; roots are apart.
const TREE: u32 = 1 << 31;

impl Entry {
    /// Whether its hash may be this one.
    #[inline]
    pub(super) fn may_be(&self, hash: u64) -> bool {
        self.fingerprint == hash as u32
    }

    #[inline]
    pub(super) fn rule(&self) -> u32 {
        self.what
    }
}

/// The tables.
pub(super) struct Tables<A: Address, M: Memory> {
    keys: [u64; 4],
    tables: M::Array<Table<A>>,
    /// Where each bucket starts, and where the last one ends.
    starts: M::Array<u32>,
    entries: M::Array<Entry>,
    /// The roots of trees.
    roots: M::Array<u32>,
}

impl<A: Address, M: Memory> Tables<A, M> {
    #[inline]
    pub(super) fn keys(&self) -> &[u64; 4] {
        &self.keys
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Table<A>> {
        self.tables.get(number as usize)
    }

    /// What may have this hash, in the order of rules.
    #[inline]
    pub(super) fn bucket(&self, table: &Table<A>, hash: u64) -> &[Entry] {
        let slot = table.slot(hash) as usize;
        let from = self.starts.get(slot);
        let to = self.starts.get(slot.wrapping_add(1));
        match (from, to) {
            (Some(from), Some(to)) => self
                .entries
                .get(*from as usize..*to as usize)
                .unwrap_or(&[]),
            _ => &[],
        }
    }

    /// The root of the tree that an entry is of, if it is.
    #[inline]
    pub(super) fn tree(&self, entry: &Entry) -> Option<u32> {
        if entry.what & TREE == 0 {
            return None;
        }
        self.roots.get((entry.what & !TREE) as usize).copied()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.tables)
            .saturating_add(size_of_val(&*self.starts))
            .saturating_add(size_of_val(&*self.entries))
            .saturating_add(size_of_val(&*self.roots))
    }
}

/// A rule on its way into a table.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    table: u8,
    hash: u64,
    rule: u32,
}

/// The longest list of a table.
#[derive(Clone, Copy, Default)]
struct Longest {
    len: usize,
    rule: u32,
}

/// Tables on their way, and what they cost.
struct Builder<'p, 'r, A: Address, M: Memory> {
    rules: &'r [Rule<A>],
    planter: &'p mut Planter<'r, A, M>,
    starts: List<u32, M>,
    entries: List<Entry, M>,
    roots: List<u32, M>,
    cost: Cost,
    longest: Longest,
}

/// Builds the tables of a plan. Long lists of one key are planted as trees. Says what looking at all
/// tables costs, and the first rule of the longest list.
///
/// # Errors
///
/// [`Error::Collisions`] if two keys have the same hash: other `keys` will do.
#[inline(never)]
pub(super) fn build<'r, A: Address, M: Memory>(
    rules: &'r [Rule<A>],
    plan: &Plan<M>,
    keys: [u64; 4],
    planter: &mut Planter<'r, A, M>,
) -> Result<(Tables<A, M>, Cost, u32), Error> {
    let shapes = plan.shapes.get(..plan.tables).unwrap_or(&[]);
    let empty = Table {
        source: A::default(),
        destination: A::default(),
        rest: 0,
        interfaces: 0,
        first: u32::MAX,
        base: 0,
        buckets: 0,
    };
    let mut tables = M::array(shapes.len(), empty)?;
    for (table, shape) in tables.iter_mut().zip(shapes) {
        let (rest, interfaces) = masks(shape.exact);
        *table = Table {
            source: A::mask(shape.source),
            destination: A::mask(shape.destination),
            rest,
            interfaces,
            ..empty
        };
    }
    let mut items = List::<Item, M>::new(rules.len(), Item::default())?;
    for ((number, rule), table) in (0u32..).zip(rules).zip(plan.numbers.iter()) {
        let Some(of) = tables.get_mut(usize::from(*table)) else {
            continue;
        };
        of.first = of.first.min(number);
        items.push(Item {
            table: *table,
            hash: of.hash(&rule.sample(), &keys),
            rule: number,
        })?;
    }
    M::pause();
    sort::<_, M>(items.as_mut_slice(), |one, other| one < other)?;
    M::pause();

    let mut builder = Builder {
        rules,
        planter,
        starts: List::new(items.len().saturating_add(1), 0)?,
        entries: List::new(
            items.len(),
            Entry {
                fingerprint: 0,
                what: 0,
            },
        )?,
        roots: List::new(0, 0)?,
        cost: Cost {
            tables: shapes.len(),
            ..Cost::default()
        },
        longest: Longest::default(),
    };
    let mut rest = items.as_slice();
    for ((number, table), shape) in (0u8..).zip(tables.iter_mut()).zip(shapes) {
        let len = rest.partition_point(|item| item.table <= number);
        let (own, others) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        rest = others;
        builder.table(own, table, *shape)?;
    }
    let end = builder.entries.len();
    builder.starts.push(count(end))?;
    let (cost, longest) = (builder.cost, builder.longest);
    let tables = Tables {
        keys,
        tables,
        starts: builder.starts.finish(0)?,
        entries: builder.entries.finish(Entry {
            fingerprint: 0,
            what: 0,
        })?,
        roots: builder.roots.finish(0)?,
    };
    Ok((tables, cost, longest.rule))
}

impl<A: Address, M: Memory> Builder<'_, '_, A, M> {
    /// A table of its items, which are sorted.
    fn table(&mut self, items: &[Item], table: &mut Table<A>, shape: Shape) -> Result<(), Error> {
        let same = |one: &Item, other: &Item| one.hash == other.hash;
        let keys = items.chunk_by(same).count();
        table.base = count(self.starts.len());
        table.buckets = count(keys);
        let begin = self.entries.len();
        // As many entries as there are in the bucket, and comparisons at most.
        let mut longest = Longest::default();
        let mut bucket = begin;
        for run in items.chunk_by(same) {
            let Some(first) = run.first() else {
                continue;
            };
            let slot = table.slot(first.hash) as usize;
            if self.starts.len() <= slot {
                self.close(bucket);
                bucket = self.entries.len();
            }
            while self.starts.len() <= slot {
                let at = count(self.entries.len());
                self.starts.push(at)?;
            }
            let len = self.run(run, first, table, shape)?;
            if len > longest.len {
                longest = Longest {
                    len,
                    rule: first.rule,
                };
            }
        }
        self.close(bucket);
        let all = (table.base as usize).saturating_add(keys);
        while self.starts.len() < all {
            let at = count(self.entries.len());
            self.starts.push(at)?;
        }
        self.cost.comparisons = self.cost.comparisons.saturating_add(longest.len);
        if longest.len > self.longest.len {
            self.longest = longest;
        }
        Ok(())
    }

    /// The entries of one key. Returns how many rules are compared with a packet that has it.
    fn run(
        &mut self,
        run: &[Item],
        first: &Item,
        table: &Table<A>,
        shape: Shape,
    ) -> Result<usize, Error> {
        let sample = |item: &Item| self.rules.get(item.rule as usize).map(Rule::sample);
        let Some(key) = sample(first) else {
            return Ok(0);
        };
        let all_same = run
            .iter()
            .all(|item| sample(item).is_some_and(|other| table.is_same(&key, &other)));
        if !all_same {
            return Err(Error::Collisions);
        }
        let fingerprint = first.hash as u32;
        if run.len() <= LEAF {
            for item in run {
                self.entries.push(Entry {
                    fingerprint,
                    what: item.rule,
                })?;
            }
            return Ok(run.len());
        }
        let mut numbers = M::array(run.len(), 0u32)?;
        for (number, item) in numbers.iter_mut().zip(run) {
            *number = item.rule;
        }
        let (root, longest) = self.planter.plant(&numbers, &region(&key, shape))?;
        self.entries.push(Entry {
            fingerprint,
            what: TREE | count(self.roots.len()),
        })?;
        self.roots.push(root)?;
        Ok(longest)
    }

    /// Puts the entries of the bucket that begins at `from` into their order.
    fn close(&mut self, from: usize) {
        let entries = self
            .entries
            .as_mut_slice()
            .get_mut(from..)
            .unwrap_or(&mut []);
        self.cost.bucket = self.cost.bucket.max(entries.len());
        // Trees, which say nothing of their rules, come last.
        entries.sort_unstable_by_key(|entry| entry.what);
    }
}

/// What packets have that have this key.
fn region<A: Address>(key: &Key<A>, shape: Shape) -> Region<A> {
    use super::rule::exact;

    let mut region = Region::all();
    for (field, address, len) in [
        (Field::Source, key.source, shape.source),
        (Field::Destination, key.destination, shape.destination),
    ] {
        let prefix = Prefix::of(address, len);
        let last = !(!prefix.network() & A::mask(len));
        region = region.with(field, prefix.network(), last);
    }
    for (field, bit) in [
        (Field::Protocol, exact::PROTOCOL),
        (Field::SourcePort, exact::SOURCE_PORT),
        (Field::DestinationPort, exact::DESTINATION_PORT),
        (Field::Input, exact::INPUT),
        (Field::Output, exact::OUTPUT),
    ] {
        if shape.exact & bit != 0 {
            let value = key.value(field);
            region = region.with(field, value, value);
        }
    }
    region
}

/// What is counted here is less than 2^31.
fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const _: () = assert!(MAX_TABLES <= 64);
const _: () = assert!(super::MAX_RULES < TREE as usize);
