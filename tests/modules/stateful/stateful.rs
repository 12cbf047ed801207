// SPDX-License-Identifier: GPL-2.0

//! A filter that lets connections begin on one side only, and says what it has seen: for tests alone.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::{
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
    percpu::PacketCounter,
    skb::DropReason, //
};
use kernet_conntrack::{
    self as conntrack,
    Connection,
    CtState, //
    Direction,
};

mod control;
// One of the states is called `new`.
#[allow(clippy::wrong_self_convention)]
mod nl_generated;
mod seen;

kernet::module! {
    type: Stateful,
    name: "stateful",
    authors: ["The kernet developers"],
    description: "Filter of connections, of the tests",
    license: "GPL",
}

struct Stateful;

kernet::slot!(Stateful: conntrack::Slot);

impl kernet::Module for Stateful {
    type State = Seen;
    type Parts = (
        conntrack::Registration<Stateful>,
        netfilter::Registration<Filter>,
        nl_generated::Registration<control::Control>,
    );
}

/// What the filter does in a namespace, and has seen there.
#[pin_data]
struct Seen {
    /// The index of the device outside, or 0.
    outside: Atomic<u32>,
    mark: Atomic<u32>,
    mask: Atomic<u32>,
    states: [PacketCounter; 5],
    reply: PacketCounter,
    dropped: PacketCounter,
    early: PacketCounter,
    mark_errors: PacketCounter,
    last: seen::Last,
}

impl netns::NetState for Seen {
    fn init<'a>(_: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        pin_init::pin_init_scope(move || {
            let counters = move || PacketCounter::new(process);
            Ok(try_pin_init!(Self {
                outside: Atomic::<u32>::new(0),
                mark: Atomic::<u32>::new(0),
                mask: Atomic::<u32>::new(0),
                states: [counters()?, counters()?, counters()?, counters()?, counters()?],
                reply: counters()?,
                dropped: counters()?,
                early: counters()?,
                mark_errors: counters()?,
                last: seen::Last::new(),
            }? Error))
        })
    }
}

impl Seen {
    fn of(&self, state: CtState) -> &PacketCounter {
        let [invalid, untracked, new, established, related] = &self.states;
        match state {
            CtState::Invalid => invalid,
            CtState::Untracked => untracked,
            CtState::New => new,
            CtState::Established => established,
            CtState::Related => related,
        }
    }

    /// Marks a packet's connection as it was asked.
    fn mark(&self, connection: &Connection<'_>) {
        let (mark, mask) = (self.mark.load(Relaxed), self.mask.load(Relaxed));
        let marked = match mask {
            0 => return,
            u32::MAX => connection.set_mark(mark),
            mask => connection.set_mark_bits(mark, mask),
        };
        if marked.is_err() {
            self.mark_errors.add(0);
        }
    }
}

/// The hook: in front of tracking, and where packets are filtered.
struct Filter;

kernet::slot!(Filter: netfilter::Slot);

/// Behind what says how packets are to be tracked, in front of what tracks them.
const EARLY: i32 = priority::RAW + 50;

const fn filter(point: Point) -> HookPoint {
    HookPoint {
        family: Family::Inet,
        point,
        priority: priority::FILTER,
    }
}

impl Hook for Filter {
    type Module = Stateful;

    const HOOKS: &'static [HookPoint] = &[
        HookPoint {
            family: Family::Inet,
            point: Point::Prerouting,
            priority: EARLY,
        },
        filter(Point::LocalIn),
        filter(Point::Forward),
        filter(Point::LocalOut),
    ];

    fn hook<'a>(packet: Packet<'a>, state: &netfilter::HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
        let Some(seen) = state.net().state::<Stateful>(rcu) else {
            return packet.accept();
        };
        let connection = Connection::of(&packet, rcu);
        if state.point() == Point::Prerouting {
            if connection.is_some() {
                seen.early.add(0);
            }
            return packet.accept();
        }
        if let Some(connection) = connection {
            seen.mark(&connection);
            seen.last.note(&connection);
            if connection.direction() == Direction::Reply {
                seen.reply.add(0);
            }
        }
        let what = conntrack::state(&packet, rcu);
        seen.of(what).add(0);
        let outside = state
            .input()
            .is_some_and(|device| device.ifindex() == seen.outside.load(Relaxed));
        if outside && matches!(what, CtState::New | CtState::Invalid) {
            seen.dropped.add(0);
            return packet.drop_with(DropReason::NETFILTER_DROP);
        }
        packet.accept()
    }
}
