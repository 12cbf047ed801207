// SPDX-License-Identifier: GPL-2.0

//! A packet filter: ordered rules in each network namespace, set by generic netlink.

#![forbid(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::Atomic,
        Arc,
        Mutex,
        MutexGuard, //
    },
    time::Delta, //
};
use kernet::{
    context::{
        rcu_read,
        Process,
        Rcu, //
    },
    netfilter::{
        self,
        priority,
        Family,
        Hook,
        HookPoint,
        Packet,
        Point,
        Verdict, //
    },
    netns::{
        self,
        Net, //
    },
    nlattr::ExtAck,
    percpu::PacketCounter,
    rcu,
    skb::{
        DropReason,
        SkbRef, //
    },
    wire::ip::Version, //
};
use kernet_conntrack::{
    self as conntrack,
    CtState, //
};

mod control;
mod description;
mod draft;
mod level;
mod nl_generated;
mod packet;
mod reject;
mod replacement;
mod rules;
mod set;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;
mod transaction;
mod wish;

use level::Entry;
use rules::{
    Act,
    Chain,
    Facts,
    Key,
    Meta,
    SetMark,
    State, //
};
use set::RuleSet;
use transaction::Staged;

kernet::module! {
    type: Firewall,
    name: "firewall",
    authors: ["The kernet developers"],
    description: "Packet filter with rules per network namespace",
    license: "GPL",
}

struct Firewall;

kernet::slot!(Firewall: conntrack::Slot);

impl kernet::Module for Firewall {
    type State = Tables;
    type Parts = (
        conntrack::Registration<Firewall>,
        netfilter::Registration<Filter>,
        nl_generated::Registration<control::Control>,
    );
}

/// The firewall of a namespace.
#[pin_data]
struct Tables {
    /// What packets are matched against.
    active: rcu::RcuPointer<Arc<RuleSet>>,
    /// Held by who changes the rules.
    #[pin]
    editor: Mutex<Editor>,
    staged: Staged,
    accepted: PacketCounter,
    dropped: PacketCounter,
    malformed: PacketCounter,
}

/// What it takes to change the rules.
struct Editor {
    /// The active rules.
    current: Arc<RuleSet>,
    /// The last identifier that was given to a rule without one.
    last_id: u32,
}

impl netns::NetState for Tables {
    fn init<'a>(_: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        pin_init::pin_init_scope(move || {
            let current = Arc::new(RuleSet::empty(), GFP_KERNEL_ACCOUNT)?;
            let active = rcu::RcuBox::new(current.clone(), process)?;
            Ok(try_pin_init!(Self {
                active: rcu::RcuPointer::new(active),
                editor <- new_mutex!(Editor {
                    current,
                    last_id: 0,
                }),
                staged: Arc::new(Atomic::new(0), GFP_KERNEL_ACCOUNT)?,
                accepted: PacketCounter::new(process)?,
                dropped: PacketCounter::new(process)?,
                malformed: PacketCounter::new(process)?,
            }? Error))
        })
    }
}

impl Tables {
    /// Makes `rules` the active ones of `net`, whose table this is. `editor` is this table's, locked.
    ///
    /// Connections are tracked as long as active rules look at their state: from before the first is
    /// active until the last is not.
    fn publish(
        &self,
        net: &Net,
        editor: &mut Editor,
        rules: RuleSet,
        extack: ExtAck<'_>,
        process: Process<'_>,
    ) -> Result {
        let rules = Arc::new(rules, GFP_KERNEL_ACCOUNT)?;
        let node = rcu::RcuBox::new(rules.clone(), process)?;
        let (before, now) = (
            editor.current.looks().at_state,
            rules.looks().at_state, //
        );
        if now && !before {
            // Before the rules are exchanged: nothing fails afterwards.
            conntrack::enable::<Firewall>(net, Family::Inet, process).map_err(|error| {
                extack.error(
                    error,
                    fmt!("connections cannot be tracked, which a rule with a state needs"),
                )
            })?;
        }
        self.active.replace(Some(node), process);
        editor.current = rules;
        if before && !now {
            // Waits for who still goes by the rules from before. Fails where tracking is off already: in a
            // namespace that goes away.
            let _ = conntrack::disable::<Firewall>(net, Family::Inet, process);
        }
        Ok(())
    }

    /// What the rules are matched against.
    #[inline]
    fn key(&self, packet: &SkbRef, version: Version) -> Key {
        packet::key(packet, version).unwrap_or_else(|| {
            self.malformed.add(packet.len());
            packet::readable(packet, version)
        })
    }

    /// The active rules. Does not wait for who changes them.
    fn current(&self) -> Result<Arc<RuleSet>> {
        rcu_read(|rcu| self.active.get(rcu).cloned()).ok_or(ENODEV)
    }
}

/// So long an operation waits for others: no family can be registered before it has ended.
const PATIENCE: Delta = Delta::from_secs(2);

/// Locks what many may change.
fn wait_for<'a, T>(
    mutex: &'a Mutex<T>,
    extack: ExtAck<'_>,
    process: Process<'_>,
) -> Result<MutexGuard<'a, T>> {
    process.lock_within(mutex, PATIENCE).map_err(|error| {
        if error == EBUSY {
            return extack.error(
                EBUSY,
                fmt!("other changes of the rules have taken 2 seconds: try again"),
            );
        }
        error
    })
}

/// The hook, at the three points where packets are filtered.
struct Filter;

kernet::slot!(Filter: netfilter::Slot);

// At all points.
const _: () = assert!(
    priority::FILTER > priority::CONNTRACK,
    "packets are filtered when it is known which connection they are of"
);

impl Hook for Filter {
    type Module = Firewall;

    const HOOKS: &'static [HookPoint] = &[
        HookPoint {
            family: Family::Inet,
            point: Point::LocalIn,
            priority: priority::FILTER,
        },
        HookPoint {
            family: Family::Inet,
            point: Point::Forward,
            priority: priority::FILTER,
        },
        HookPoint {
            family: Family::Inet,
            point: Point::LocalOut,
            priority: priority::FILTER,
        },
    ];

    fn hook<'a>(packet: Packet<'a>, state: &netfilter::HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
        // A namespace that is going away has no rules any more.
        let Some(tables) = state.net().state::<Firewall>(rcu) else {
            return packet.accept();
        };
        let version = match state.family() {
            Family::Ipv6 => Version::V6,
            _ => Version::V4,
        };
        let chain = match state.point() {
            Point::LocalIn | Point::Prerouting => Chain::Input,
            Point::Forward => Chain::Forward,
            Point::LocalOut | Point::Postrouting => Chain::Output,
        };
        let len = packet.len();
        let Some(rules) = tables.active.get(rcu).filter(|rules| !rules.is_empty()) else {
            tables.accepted.add(len);
            return packet.accept();
        };
        let rule = if rules.looks().further {
            match further(tables, rules, chain, &packet, version, rcu) {
                Ok(rule) => rule,
                Err(packet::HidesFlags) => {
                    tables.malformed.add(len);
                    tables.dropped.add(len);
                    return packet.drop_with(DropReason::NETFILTER_DROP);
                }
            }
        } else {
            let key = tables.key(&packet, version);
            rules.find::<false>(chain, &key, &NOTHING)
        };
        let act = rule.map_or(Act::Accept, |rule| {
            rule.counters.add(len);
            rule.act
        });
        match act {
            Act::Accept => {
                tables.accepted.add(len);
                packet.accept()
            }
            Act::Drop => {
                tables.dropped.add(len);
                packet.drop_with(DropReason::NETFILTER_DROP)
            }
            Act::Reject(with) => {
                tables.dropped.add(len);
                reject::reject(packet, with, state, rcu)
            }
            Act::Mark => {
                let mark = rule.and_then(|rule| rules.set_mark(rule));
                marked(tables, packet, mark, state, rcu)
            }
        }
    }
}

/// What is known of a packet where no rule asks.
const NOTHING: Facts = Facts::NONE;

/// Accepts the packet with another mark. At local output its route is one by the mark: it is looked up again.
#[inline(never)]
fn marked<'a>(
    tables: &Tables,
    mut packet: Packet<'a>,
    mark: Option<SetMark>,
    state: &netfilter::HookState<'a>,
    rcu: Rcu<'a>,
) -> Verdict<'a> {
    let (len, before) = (packet.len(), packet.mark());
    let after = mark.map_or(before, |mark| mark.of(before));
    if after != before {
        packet.set_mark(after);
        packet = match packet.reroute(state, rcu) {
            Ok(packet) => packet,
            Err(dropped) => {
                tables.dropped.add(len);
                return dropped;
            }
        };
    }
    tables.accepted.add(len);
    packet.accept()
}

/// The rule that decides, where some look at more than headers.
///
/// # Errors
///
/// The packet has to be dropped, whatever the rules are: it is made to get past those that look at TCP flags.
// Apart, so that what it costs is not what saves registers for the others.
#[inline(never)]
fn further<'t>(
    tables: &Tables,
    rules: &'t RuleSet,
    chain: Chain,
    packet: &SkbRef,
    version: Version,
    rcu: Rcu<'_>,
) -> Result<Option<&'t Entry>, packet::HidesFlags> {
    let looks = rules.looks();
    let state = match looks.at_state {
        true => state(packet, rcu),
        false => NOTHING.state,
    };
    // Most packets: nothing of them is looked at.
    if let Some(rule) = rules.leading(chain, state) {
        return Ok(Some(rule));
    }
    let facts = Facts {
        state,
        flags: match looks.at_flags {
            true => packet::tcp_flags(packet, version)?,
            false => None,
        },
        meta: match looks.at_meta {
            true => packet::meta(packet, version),
            false => Meta::NONE,
        },
    };
    Ok(rules.find::<true>(chain, &tables.key(packet, version), &facts))
}

/// How a packet belongs to a connection, which stays the packet's.
#[inline]
fn state(packet: &SkbRef, rcu: Rcu<'_>) -> State {
    match conntrack::state(packet, rcu) {
        CtState::New => State::New,
        CtState::Established => State::Established,
        CtState::Related => State::Related,
        CtState::Invalid => State::Invalid,
        CtState::Untracked => State::Untracked,
    }
}
