// SPDX-License-Identifier: GPL-2.0

//! Which rules are in one table: those that are exact in the same fields, about.

use super::{
    list::List,
    rule::exact,
    sort::sort,
    Address,
    Memory,
    NoMemory,
    Rule,
    MAX_TABLES, //
};

/// What is in the key of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// Bits of the source address.
    pub(super) source: u8,
    pub(super) destination: u8,
    /// Bits of [`exact`].
    pub(super) exact: u8,
}

impl Shape {
    /// That of a rule.
    fn of<A: Address>(rule: &Rule<A>) -> Self {
        let rounded = |len: u8| {
            let shorter = A::LENGTHS.iter().rev().find(|length| **length <= len);
            shorter.copied().unwrap_or(0)
        };
        let (source, destination) = rule.lengths();
        Self {
            source: rounded(source),
            destination: rounded(destination),
            exact: rule.exact(),
        }
    }

    /// What both have.
    fn meet(self, other: Self) -> Self {
        Self {
            source: self.source.min(other.source),
            destination: self.destination.min(other.destination),
            exact: self.exact & other.exact,
        }
    }

    /// How many bits of a key are not in that of a coarser one.
    fn loss(self, coarser: Self) -> u64 {
        let lost = self.exact & !coarser.exact;
        let bits = |bit: u8, bits: u64| if lost & bit != 0 { bits } else { 0 };
        u64::from(self.source.saturating_sub(coarser.source))
            .saturating_add(u64::from(
                self.destination.saturating_sub(coarser.destination),
            ))
            .saturating_add(bits(exact::PROTOCOL, 2))
            .saturating_add(bits(exact::SOURCE_PORT, 16))
            .saturating_add(bits(exact::DESTINATION_PORT, 16))
            .saturating_add(bits(exact::INPUT, 6))
            .saturating_add(bits(exact::OUTPUT, 6))
    }
}

/// Rules of one shape.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    shape: Shape,
    count: u32,
    /// The shape of the table that they are in.
    table: Shape,
}

/// The tables, and which of them each rule is in.
pub(super) struct Plan<M: Memory> {
    /// In the order of their first rules.
    pub(super) shapes: [Shape; MAX_TABLES],
    /// The number of the table of each rule; [`NOWHERE`].
    pub(super) numbers: M::Array<u8>,
    /// How many tables there are.
    pub(super) tables: usize,
}

/// Instead of the number of a table: of a rule that matches nothing.
pub(super) const NOWHERE: u8 = u8::MAX;

impl<M: Memory> Plan<M> {
    #[inline(never)]
    pub(super) fn new<A: Address>(rules: &[Rule<A>]) -> Result<Self, NoMemory> {
        let groups = groups::<A, M>(rules)?;
        let groups = groups.as_slice();
        let mut plan = Self {
            shapes: [Shape::default(); MAX_TABLES],
            numbers: M::array(rules.len(), NOWHERE)?,
            tables: 0,
        };
        for (number, rule) in plan.numbers.iter_mut().zip(rules) {
            if rule.is_void() {
                continue;
            }
            let shape = Shape::of(rule);
            let found = groups.binary_search_by_key(&shape, |group| group.shape);
            let table = found
                .ok()
                .and_then(|at| groups.get(at))
                .map_or(shape, |group| group.table);
            let known = plan
                .shapes
                .iter()
                .take(plan.tables)
                .position(|other| *other == table);
            let at = known.unwrap_or(plan.tables);
            if known.is_none() {
                if let Some(place) = plan.shapes.get_mut(at) {
                    *place = table;
                    plan.tables = plan.tables.saturating_add(1);
                }
            }
            *number = u8::try_from(at).unwrap_or(NOWHERE);
        }
        Ok(plan)
    }
}

/// The shapes that there are, in their order, each with one of at most [`MAX_TABLES`] coarser ones.
#[inline(never)]
fn groups<A: Address, M: Memory>(rules: &[Rule<A>]) -> Result<List<Group, M>, NoMemory> {
    let mut shapes = M::array(rules.len(), Shape::default())?;
    for (shape, rule) in shapes.iter_mut().zip(rules) {
        *shape = Shape::of(rule);
    }
    sort::<_, M>(&mut shapes, |one, other| one < other)?;
    let mut groups = List::<Group, M>::new(16, Group::default())?;
    for shape in shapes.iter() {
        match groups.as_mut_slice().last_mut() {
            Some(group) if group.shape == *shape => group.count = group.count.saturating_add(1),
            _ => groups.push(Group {
                shape: *shape,
                count: 1,
                table: *shape,
            })?,
        }
    }
    // As tables: those of the fewest rules are merged with that by which the least is lost.
    let mut tables = List::<Group, M>::new(groups.len(), Group::default())?;
    tables.extend(groups.as_slice())?;
    while tables.len() > MAX_TABLES {
        let Some((one, other)) = cheapest(tables.as_slice()) else {
            break;
        };
        let both = one.shape.meet(other.shape);
        for group in groups.as_mut_slice() {
            if group.table == one.shape || group.table == other.shape {
                group.table = both;
            }
        }
        let mut kept = List::<Group, M>::new(tables.len(), Group::default())?;
        let mut count = one.count.saturating_add(other.count);
        for table in tables.as_slice() {
            if table.shape == both {
                if *table != one && *table != other {
                    count = count.saturating_add(table.count);
                }
            } else if *table != one && *table != other {
                kept.push(*table)?;
            }
        }
        kept.push(Group {
            shape: both,
            count,
            table: both,
        })?;
        tables = kept;
        M::pause();
    }
    Ok(groups)
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape
    }
}

/// The two tables that are merged next.
fn cheapest(tables: &[Group]) -> Option<(Group, Group)> {
    let one = *tables.iter().min_by_key(|table| table.count)?;
    let loss = |other: &&Group| {
        let both = one.shape.meet(other.shape);
        let of = |group: &Group| u64::from(group.count).saturating_mul(group.shape.loss(both));
        of(&one).saturating_add(of(other))
    };
    let other = *tables
        .iter()
        .filter(|table| **table != one)
        .min_by_key(loss)?;
    Some((one, other))
}
