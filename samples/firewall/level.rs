// SPDX-License-Identifier: GPL-2.0

//! Rules that were put together at one time, and how packets find theirs. Never changed.

use core::array;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    classify::{
        self,
        sort,
        Classifier,
        Lead,
        Memory,
        NoMemory,
        MAX_COMPARISONS, //
    },
    percpu::PacketCounter,
    random,
    wire::ip::Version, //
};

use crate::rules::{
    Act,
    Chain,
    Facts,
    Kept,
    Key,
    Match,
    More,
    Rule,
    SetMark, //
};

/// Memory of classifiers, charged to who changes the rules.
pub(crate) struct Charged;

impl Memory for Charged {
    type Array<T: Copy + Send + Sync + 'static> = KVVec<T>;

    fn array<T: Copy + Send + Sync + 'static>(len: usize, value: T) -> Result<KVVec<T>, NoMemory> {
        KVVec::from_elem(value, len, GFP_KERNEL_ACCOUNT).map_err(|_| NoMemory)
    }

    type Box<T: Send + Sync + 'static> = KBox<T>;

    fn boxed<T: Send + Sync + 'static>(value: T) -> Result<KBox<T>, NoMemory> {
        KBox::new(value, GFP_KERNEL_ACCOUNT).map_err(|_| NoMemory)
    }
}

/// What is known of a rule beside what its classifier has.
pub(crate) struct Entry {
    pub(crate) place: u64,
    /// Shared with the levels that a change of the rules makes.
    pub(crate) counters: Arc<PacketCounter>,
    pub(crate) id: u32,
    pub(crate) priority: u32,
    pub(crate) act: Act,
    kept: Kept,
}

const _: () = assert!(size_of::<Entry>() <= 32, "there are very many");

/// What few rules have, and all that want none of it do without.
#[derive(Clone, Copy)]
struct Rare {
    more: Option<More>,
    set_mark: Option<SetMark>,
}

const _: () = assert!(size_of::<(u32, Rare)>() <= 40, "a rule may have as much");

impl Rare {
    /// Of a rule; `None` if it has nothing of the kind.
    fn of(rule: &Rule) -> Option<Self> {
        let own = Self {
            more: rule.matches.condition().more(),
            set_mark: rule.action.set_mark(),
        };
        (own.more.is_some() || own.set_mark.is_some()).then_some(own)
    }
}

impl Entry {
    /// What orders rules.
    #[inline]
    pub(crate) fn order(&self) -> Order {
        (self.priority, self.place)
    }
}

/// Classifiers of a chain. Their tags are the places of rules in the level.
struct ChainRules {
    v4: Classifier<u32, Charged>,
    v6: Classifier<u128, Charged>,
    /// Rules of both families, which have no addresses.
    both: Classifier<u32, Charged>,
}

/// Rules in their order.
pub(crate) struct Level {
    entries: KVVec<Entry>,
    /// The entries by their ids.
    by_id: KVVec<u32>,
    /// What few have, by their places.
    rare: KVVec<(u32, Rare)>,
    /// Each on its own: what is made of rules is not moved over the stack, of which there is little.
    chains: [KBox<ChainRules>; CHAINS.len()],
    /// Of each chain, which of its rules may decide by the state of the connection alone.
    leads: [Lead<Order>; CHAINS.len()],
    looks: Looks,
}

/// What orders rules.
pub(crate) type Order = (u32, u64);

pub(crate) const CHAINS: [Chain; 3] = [Chain::Input, Chain::Forward, Chain::Output];

/// What some rules look at beside the headers of a packet.
#[derive(Clone, Copy, Default)]
pub(crate) struct Looks {
    /// At anything.
    pub(crate) further: bool,
    /// At the connection.
    pub(crate) at_state: bool,
    /// At TCP flags.
    pub(crate) at_flags: bool,
    /// At length, hop limit, DSCP or mark.
    pub(crate) at_meta: bool,
}

impl Looks {
    /// What these or others look at.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            further: self.further || other.further,
            at_state: self.at_state || other.at_state,
            at_flags: self.at_flags || other.at_flags,
            at_meta: self.at_meta || other.at_meta,
        }
    }

    fn of(matches: &Match) -> Self {
        let condition = matches.condition();
        Self {
            further: !condition.is_none(),
            at_state: condition.wanted_states().is_some(),
            at_flags: condition.wanted_flags().is_some(),
            at_meta: condition.more().is_some(),
        }
    }
}

/// Why rules cannot be put together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    NoMemory,
    /// Another error.
    Because(Error),
    /// So many rules would have to be compared with a packet.
    TooCostly(usize),
}

impl From<classify::Error> for Refused {
    fn from(error: classify::Error) -> Self {
        match error {
            classify::Error::TooCostly { comparisons, .. } => Self::TooCostly(comparisons),
            // There are fewer rules than a classifier takes; hashes that chance does not make would be
            // others the next time.
            _ => Self::NoMemory,
        }
    }
}

impl From<NoMemory> for Refused {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoMemory => ENOMEM,
            Refused::Because(error) => error,
            Refused::TooCostly(_) => E2BIG,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Because(error)
    }
}

impl From<kernel::alloc::AllocError> for Refused {
    fn from(_: kernel::alloc::AllocError) -> Self {
        Self::NoMemory
    }
}

impl Level {
    /// Of rules that are in their order.
    #[inline(never)]
    pub(crate) fn new(rules: &[Rule]) -> Result<Self, Refused> {
        let mut entries = KVVec::with_capacity(rules.len(), GFP_KERNEL_ACCOUNT)?;
        let mut by_id = KVVec::with_capacity(rules.len(), GFP_KERNEL_ACCOUNT)?;
        let count = rules.iter().filter_map(Rare::of).count();
        let mut rare = KVVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
        for (tag, rule) in (0u32..).zip(rules) {
            by_id.push(tag, GFP_KERNEL_ACCOUNT)?;
            if let Some(own) = Rare::of(rule) {
                rare.push((tag, own), GFP_KERNEL_ACCOUNT)?;
            }
            entries.push(
                Entry {
                    place: rule.place,
                    counters: rule.counters.clone(),
                    id: rule.id,
                    priority: rule.priority,
                    act: rule.action.act(),
                    kept: rule.matches.kept(),
                },
                GFP_KERNEL_ACCOUNT,
            )?;
        }
        let mut leads = [Lead::new(); CHAINS.len()];
        let mut looks = Looks::default();
        for rule in rules {
            looks = looks.or(Looks::of(&rule.matches));
            if let Some(lead) = leads.get_mut(rule.matches.in_chain() as usize) {
                lead.add((rule.priority, rule.place), rule.matches.states_alone());
            }
        }
        let id = |tag: &u32| rules.get(*tag as usize).map(|rule| rule.id);
        sort::<_, Charged>(&mut by_id, |one, other| id(one) < id(other))?;
        let [input, forward, output] = CHAINS;
        Ok(Self {
            entries,
            by_id,
            rare,
            chains: [
                ChainRules::new(rules, input)?,
                ChainRules::new(rules, forward)?,
                ChainRules::new(rules, output)?,
            ],
            leads,
            looks,
        })
    }

    /// Of each chain, which of its rules may decide by the state of the connection alone.
    pub(crate) fn leads(&self) -> &[Lead<Order>; CHAINS.len()] {
        &self.leads
    }

    pub(crate) fn looks(&self) -> Looks {
        self.looks
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The first rule of the chain that matches; `FURTHER` if one of them looks at more than headers.
    #[inline]
    pub(crate) fn find<const FURTHER: bool>(
        &self,
        chain: Chain,
        key: &Key,
        facts: &Facts,
    ) -> Option<&Entry> {
        let rules = self.chains.get(chain as usize)?;
        let (own, both) = match key {
            Key::V4(key) => (
                rules
                    .v4
                    .find(key, |rule| !FURTHER || self.grants(rule.tag(), facts))
                    .map(classify::Rule::tag),
                rules
                    .both
                    .find(key, |rule| !FURTHER || self.grants(rule.tag(), facts)),
            ),
            Key::V6(key) => (
                rules
                    .v6
                    .find(key, |rule| !FURTHER || self.grants(rule.tag(), facts))
                    .map(classify::Rule::tag),
                // Which look at no address.
                rules.both.find(
                    &classify::Key {
                        source: 0,
                        destination: 0,
                        ports: key.ports,
                        protocol: key.protocol,
                        input: key.input,
                        output: key.output,
                    },
                    |rule| !FURTHER || self.grants(rule.tag(), facts),
                ),
            ),
        };
        let both = both.map(classify::Rule::tag);
        let tag = match (own, both) {
            (Some(own), Some(both)) => own.min(both),
            (own, both) => own.or(both)?,
        };
        self.entries.get(tag as usize)
    }

    /// Whether a packet has what a rule wants beside headers.
    #[inline]
    fn grants(&self, tag: u32, facts: &Facts) -> bool {
        self.entries.get(tag as usize).is_some_and(|entry| {
            entry.kept.brief.holds(facts)
                && (!entry.kept.has_more() || self.grants_more(tag, facts))
        })
    }

    /// Whether it has what few rules want.
    #[inline(never)]
    fn grants_more(&self, tag: u32, facts: &Facts) -> bool {
        let more = self.rare(tag).and_then(|rare| rare.more);
        more.is_some_and(|more| more.holds(&facts.meta))
    }

    fn rare(&self, tag: u32) -> Option<&Rare> {
        let found = self.rare.binary_search_by_key(&tag, |(of, _)| *of).ok()?;
        self.rare.get(found).map(|(_, rare)| rare)
    }

    /// What the mark becomes by the rule in this place.
    pub(crate) fn set_mark(&self, order: Order) -> Option<SetMark> {
        let at = self.from(order);
        self.entry(at).filter(|entry| entry.order() == order)?;
        self.rare(u32::try_from(at).ok()?)?.set_mark
    }

    /// How many rules are compared with a packet of each chain at most.
    pub(crate) fn comparisons(&self) -> [usize; CHAINS.len()] {
        array::from_fn(|chain| {
            self.chains
                .get(chain)
                .map_or(0, |rules| rules.comparisons())
        })
    }

    /// Where the rule with this number is.
    pub(crate) fn position(&self, id: u32) -> Option<usize> {
        let of = |tag: &u32| self.entries.get(*tag as usize).map_or(0, |entry| entry.id);
        let found = self.by_id.binary_search_by_key(&id, of).ok()?;
        self.by_id.get(found).map(|tag| *tag as usize)
    }

    /// Where the first rule is that is not ordered before.
    pub(crate) fn from(&self, order: Order) -> usize {
        self.entries.partition_point(|entry| entry.order() < order)
    }

    pub(crate) fn entry(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    pub(crate) fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// The rule there.
    pub(crate) fn rule(&self, at: usize) -> Option<Rule> {
        let entry = self.entries.get(at)?;
        let chain = self.chains.get(entry.kept.chain as usize)?;
        let tag = u32::try_from(at).ok()?;
        let rare = self.rare(tag);
        let more = rare.and_then(|rare| rare.more);
        let kept = &entry.kept;
        let matches = match kept.family {
            None => Match::again(kept, more, tagged(&chain.both, tag)?, u128::from),
            Some(Version::V4) => Match::again(kept, more, tagged(&chain.v4, tag)?, u128::from),
            Some(Version::V6) => Match::again(kept, more, tagged(&chain.v6, tag)?, |v6| v6),
        };
        Some(Rule {
            id: entry.id,
            priority: entry.priority,
            place: entry.place,
            matches,
            action: entry.act.action(rare.and_then(|rare| rare.set_mark)),
            counters: entry.counters.clone(),
        })
    }
}

impl ChainRules {
    #[inline(never)]
    fn new(rules: &[Rule], chain: Chain) -> Result<KBox<Self>, Refused> {
        let of = |family| {
            (0u32..)
                .zip(rules)
                .filter(move |(_, rule)| {
                    rule.matches.in_chain() == chain && rule.matches.family() == family
                })
                .map(|(tag, rule)| (tag, &rule.matches))
        };
        let made = Self {
            v4: classifier(of(Some(Version::V4)), |tag, matches| matches.v4(tag))?,
            v6: classifier(of(Some(Version::V6)), |tag, matches| matches.v6(tag))?,
            both: classifier(of(None), |tag, matches| matches.v4(tag))?,
        };
        match made.comparisons() {
            comparisons if comparisons > MAX_COMPARISONS => Err(Refused::TooCostly(comparisons)),
            _ => Ok(KBox::new(made, GFP_KERNEL_ACCOUNT)?),
        }
    }

    /// How many rules are compared with a packet at most.
    fn comparisons(&self) -> usize {
        let own = self.v4.cost().comparisons.max(self.v6.cost().comparisons);
        own.saturating_add(self.both.cost().comparisons)
    }
}

/// A classifier of what `rule` makes of these.
fn classifier<'r, A: classify::Address>(
    matches: impl Iterator<Item = (u32, &'r Match)> + Clone,
    rule: impl Fn(u32, &Match) -> classify::Rule<A>,
) -> Result<Classifier<A, Charged>, Refused> {
    let mut rules = KVVec::with_capacity(matches.clone().count(), GFP_KERNEL_ACCOUNT)?;
    for (tag, matches) in matches {
        rules.push(rule(tag, matches), GFP_KERNEL_ACCOUNT)?;
    }
    Ok(Classifier::new(rules, random::u64())?)
}

/// The rule with this tag: they are in the order of tags.
fn tagged<A: classify::Address>(
    classifier: &Classifier<A, Charged>,
    tag: u32,
) -> Option<&classify::Rule<A>> {
    let rules = classifier.rules();
    let found = rules.binary_search_by_key(&tag, classify::Rule::tag).ok()?;
    rules.get(found)
}
