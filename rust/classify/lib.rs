// SPDX-License-Identifier: GPL-2.0

//! Which of many rules is the first that matches a packet, at a cost that hardly grows with them.
//!
//! A [`Rule`] says what it wants of addresses (prefixes), ports (ranges), protocol and interfaces; a
//! [`Key`] is what a packet has. A [`Classifier`] is built once from rules in their order, and never
//! changed: who changes the rules builds another one. [`Classifier::find`] gives the rule that asking
//! one after the other would give, always.
//!
//! # How
//!
//! - Rules that are exact in the same fields are in one hash table (tuple space search). Lengths of
//!   prefixes are rounded down to a few, so that there are few tables; at most [`MAX_TABLES`].
//! - For each field there is a map from values to the set of tables that have a rule for the value, as
//!   bits of a number. The intersection of a packet's sets is all that has to be looked at, in the
//!   order of the tables' first rules, up to the first table that begins behind the best rule found.
//! - Rules that have the same key in a table (port ranges, longer prefixes) are a list; where it would
//!   be long it is cut into a tree of intervals, field by field. A rule behind one that matches all that
//!   gets to a list is not in it.
//! - Few rules are asked one after the other.
//!
//! Packets change nothing: what a packet costs depends on the rules and on the packet, never on others.
//!
//! # Worst case
//!
//! [`Classifier::cost`] says how many rules are compared with a packet at most, whatever it is. Rules
//! that overlap so much that this is more than [`MAX_COMPARISONS`] are refused.
//!
//! # Conditions
//!
//! What a rule wants beyond these fields makes it conditional. `find` asks its caller about those that
//! match in all fields, in an order of its own: also about one behind the rule that decides. Asking changes nothing,
//! so a rate is taken for the rule that was found, afterwards.
//!
//! A [`Condition`] is one of a packet's state in its connection, its TCP flags, its length, its hop limit, its DSCP or its
//! mark. Where rules that look at nothing else come
//! first, [`Lead`] says which of them decides, before the packet's headers are read.
//!
//! # Memory
//!
//! All of it comes from [`Memory`], which may say that there is none. Nothing panics.

#![forbid(unsafe_code)]

mod address;
mod condition;
mod field;
mod index;
mod lead;
mod list;
mod rule;
mod shape;
mod sort;
mod spans;
mod sweep;
mod table;
mod tree;

mod testing;
mod tests;

use core::{
    fmt,
    ops::{
        Deref,
        DerefMut, //
    }, //
};

pub use self::{
    address::{
        Address,
        Prefix, //
    },
    condition::{
        Brief,
        Condition,
        Facts,
        Meta,
        More,
        State,
        States, //
    },
    lead::Lead,
    rule::{
        Key,
        Ports,
        Rule, //
    },
    sort::sort,
};

use self::{
    field::Field,
    spans::Spans,
    table::Tables,
    tree::Trees, //
};

/// The most hash tables of a classifier: as many as a number has bits.
pub const MAX_TABLES: usize = 64;

/// The most rules that may have to be compared with one packet.
pub const MAX_COMPARISONS: usize = 1024;

/// The most rules of a classifier.
pub const MAX_RULES: usize = 1 << 20;

/// So many rules are asked one after the other.
const LINEAR: usize = 4;

/// So many rules of a list are asked one after the other.
const LEAF: usize = 6;

/// Where a classifier has its memory from.
///
/// # Examples
///
/// ```
/// # extern crate std;
/// # use kernet_classify as classify;
/// use classify::{Memory, NoMemory};
///
/// /// Memory of the host.
/// struct Host;
///
/// impl Memory for Host {
///     type Array<T: Copy + Send + Sync + 'static> = Vec<T>;
///
///     fn array<T: Copy + Send + Sync + 'static>(len: usize, value: T) -> Result<Vec<T>, NoMemory> {
///         Ok(vec![value; len])
///     }
///
///     type Box<T: Send + Sync + 'static> = Box<T>;
///
///     fn boxed<T: Send + Sync + 'static>(value: T) -> Result<Box<T>, NoMemory> {
///         Ok(Box::new(value))
///     }
/// }
/// ```
pub trait Memory: 'static {
    /// An array whose length stays.
    type Array<T: Copy + Send + Sync + 'static>: DerefMut<Target = [T]> + Send + Sync;

    /// An array of `len` times `value`.
    ///
    /// # Errors
    ///
    /// [`NoMemory`].
    fn array<T: Copy + Send + Sync + 'static>(
        len: usize,
        value: T,
    ) -> Result<Self::Array<T>, NoMemory>;

    /// A value in memory of its own.
    type Box<T: Send + Sync + 'static>: Deref<Target = T> + Send + Sync;

    /// Moves a value there.
    ///
    /// # Errors
    ///
    /// [`NoMemory`].
    fn boxed<T: Send + Sync + 'static>(value: T) -> Result<Self::Box<T>, NoMemory>;

    /// Called now and then while a classifier is built: others may run meanwhile.
    fn pause() {}
}

/// There is not enough memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// Why there is no classifier of some rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is not enough memory.
    NoMemory,
    /// More than [`MAX_RULES`].
    TooMany,
    /// So many rules would have to be compared with a packet that gets to the worst place: more than
    /// [`MAX_COMPARISONS`].
    TooCostly {
        /// As many.
        comparisons: usize,
        /// The first rule of the longest list, by its tag.
        tag: u32,
    },
    /// The hashes of different rules were the same for each of several keys, which chance does not do.
    Collisions,
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMemory => f.write_str("there is not enough memory"),
            Self::TooMany => write!(f, "more than {MAX_RULES} rules"),
            Self::TooCostly { comparisons, .. } => write!(
                f,
                "rules overlap so much that {comparisons} have to be compared with a packet, which may be {MAX_COMPARISONS}"
            ),
            Self::Collisions => f.write_str("rules cannot be told apart by their hashes"),
        }
    }
}

/// What a packet costs at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Hash tables that are looked at.
    pub tables: usize,
    /// Rules that are compared with it.
    pub comparisons: usize,
    /// Steps down the highest tree.
    pub depth: usize,
    /// Entries of the longest bucket of a table.
    pub bucket: usize,
}

/// Rules in an order, and how the first that matches is found.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// # use classify::{Memory, NoMemory};
/// use classify::{Classifier, Error, Key, Rule};
/// #
/// # struct Host;
/// #
/// # impl Memory for Host {
/// #     type Array<T: Copy + Send + Sync + 'static> = Vec<T>;
/// #     fn array<T: Copy + Send + Sync + 'static>(len: usize, value: T) -> Result<Vec<T>, NoMemory> {
/// #         Ok(vec![value; len])
/// #     }
/// #     type Box<T: Send + Sync + 'static> = Box<T>;
/// #     fn boxed<T: Send + Sync + 'static>(value: T) -> Result<Box<T>, NoMemory> {
/// #         Ok(Box::new(value))
/// #     }
/// # }
///
/// // TCP is 1, all else is 2. `Host` is a `Memory`.
/// let rules = vec![Rule::any(1).protocol(6), Rule::any(2)];
/// let seed = 0x5eed; // a random number
/// let classifier = Classifier::<u32, Host>::new(rules, seed)?;
/// let key = Key { source: 1, destination: 2, ports: None, protocol: 17, input: 0, output: 0 };
/// assert_eq!(classifier.find(&key, |_| false).map(Rule::tag), Some(2));
/// # Ok::<(), Error>(())
/// ```
pub struct Classifier<A: Address, M: Memory> {
    rules: M::Array<Rule<A>>,
    /// None where rules are asked one after the other.
    index: Option<M::Box<Index<A, M>>>,
    cost: Cost,
}

/// How rules are found.
struct Index<A: Address, M: Memory> {
    /// For each field, in the order of [`Field::ALL`], unless all rules want any value: which tables
    /// have a rule for a value.
    spans: [Option<M::Box<Spans<A, M>>>; Field::ALL.len()],
    tables: Tables<A, M>,
    trees: Trees<A, M>,
}

impl<A: Address, M: Memory> Classifier<A, M> {
    /// Builds the classifier of `rules`, the first of which has precedence. `seed` is a random number
    /// that who chooses the rules does not know.
    ///
    /// # Errors
    ///
    /// Says which.
    #[inline(never)]
    pub fn new(rules: M::Array<Rule<A>>, seed: u64) -> Result<Self, Error> {
        let (index, cost) = index::index::<A, M>(&rules, seed)?;
        let index = index.map(M::boxed).transpose()?;
        Ok(Self { rules, index, cost })
    }

    /// The first rule that matches, and for which `granted` is true if it is conditional.
    #[inline]
    pub fn find(
        &self,
        key: &Key<A>,
        mut granted: impl FnMut(&Rule<A>) -> bool,
    ) -> Option<&Rule<A>> {
        let Some(index) = &self.index else {
            return self
                .rules
                .iter()
                .find(|rule| rule.matches(key) && (!rule.is_conditional() || granted(rule)));
        };
        let found = index.find(&self.rules, key, &mut granted)?;
        self.rules.get(found as usize)
    }

    /// The rules, in their order.
    pub fn rules(&self) -> &[Rule<A>] {
        &self.rules
    }

    /// What a packet costs at most.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Bytes of memory that all this takes.
    pub fn bytes(&self) -> usize {
        let index = self.index.as_deref().map_or(0, |index| {
            let spans = index
                .spans
                .iter()
                .flatten()
                .map(|spans| spans.bytes())
                .fold(0, usize::saturating_add);
            spans
                .saturating_add(index.tables.bytes())
                .saturating_add(index.trees.bytes())
                .saturating_add(size_of_val(index))
        });
        size_of_val(&*self.rules)
            .saturating_add(index)
            .saturating_add(size_of::<Self>())
    }
}

impl<A: Address, M: Memory> Index<A, M> {
    /// The number of the rule.
    // Apart, so that what few rules cost is not what saves registers for many.
    #[inline(never)]
    fn find(
        &self,
        rules: &[Rule<A>],
        key: &Key<A>,
        granted: &mut impl FnMut(&Rule<A>) -> bool,
    ) -> Option<u32> {
        let mut best = u32::MAX;
        let mut set = self.tables_for(key);
        while set != 0 {
            let number = set.trailing_zeros();
            set &= set.wrapping_sub(1);
            let Some(table) = self.tables.get(number) else {
                break;
            };
            // The tables are in the order of their first rules.
            if table.first() >= best {
                break;
            }
            #[cfg(test)]
            testing::probed();
            let hash = table.hash(key, self.tables.keys());
            for entry in self.tables.bucket(table, hash) {
                if !entry.may_be(hash) {
                    continue;
                }
                let found = match self.tables.tree(entry) {
                    Some(root) => self.trees.find(root, rules, key, best, granted),
                    None if entry.rule() >= best => None,
                    None => tree::check(rules, entry.rule(), key, granted),
                };
                if let Some(found) = found {
                    best = best.min(found);
                    break;
                }
            }
        }
        (best != u32::MAX).then_some(best)
    }

    /// The tables that may have a rule for the packet.
    #[inline]
    fn tables_for(&self, key: &Key<A>) -> u64 {
        let mut set = u64::MAX;
        for (spans, field) in self.spans.iter().zip(Field::ALL) {
            if let Some(spans) = spans {
                set &= spans.get(key.value(field));
                if set == 0 {
                    break;
                }
            }
        }
        set
    }
}
