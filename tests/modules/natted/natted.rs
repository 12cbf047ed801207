// SPDX-License-Identifier: GPL-2.0

//! NAT by a rule for each point and family, which says how often it was asked: for tests alone.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{
        Process,
        Rcu, //
    },
    netfilter::{
        Family,
        HookPoint,
        HookState,
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
use kernet_conntrack::Connection;
use kernet_nat::{
    self as nat,
    LocalIn,
    LocalOut,
    Nat,
    Opening,
    Place,
    Postrouting,
    Prerouting, //
};

mod control;
mod nl_generated;
mod rule;

use rule::{
    From,
    Rules,
    To, //
};

kernet::module! {
    type: Natted,
    name: "natted",
    authors: ["The kernet developers"],
    description: "NAT, of the tests",
    license: "GPL",
}

struct Natted;

kernet::slot!(Natted: nat::Slot);

impl kernet::Module for Natted {
    type State = State;
    type Parts = (
        nat::Registration<Natted>,
        nl_generated::Registration<control::Control>,
    );
}

/// The rules of a namespace, and how often each point was asked.
#[pin_data]
struct State {
    prerouting: Rules<To>,
    local_in: Rules<From>,
    local_out: Rules<To>,
    postrouting: Rules<From>,
    asked: [PacketCounter; 4],
}

impl netns::NetState for State {
    fn init<'a>(_: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        pin_init::pin_init_scope(move || {
            let counter = move || PacketCounter::new(process);
            Ok(try_pin_init!(Self {
                prerouting: Rules::new(),
                local_in: Rules::new(),
                local_out: Rules::new(),
                postrouting: Rules::new(),
                asked: [counter()?, counter()?, counter()?, counter()?],
            }? Error))
        })
    }
}

const fn at(point: Point) -> HookPoint {
    HookPoint {
        family: Family::Inet,
        point,
        priority: 0,
    }
}

/// What the rule of a point says to a connection.
fn find<'a, A: Send + Sync>(
    rules: &'a Rules<A>,
    packet: &Opening<'_, impl Place>,
    state: &HookState<'_>,
    rcu: Rcu<'a>,
) -> Option<&'a A> {
    let rule = rules.of(packet.family()).get(rcu)?;
    let device = state.input().or(state.output());
    rule.matching
        .is(Connection::of(packet, rcu), device)
        .then_some(&rule.action)
}

impl Nat for Natted {
    type Module = Natted;

    const HOOKS: &'static [HookPoint] = &[
        at(Point::Prerouting),
        at(Point::LocalIn),
        at(Point::LocalOut),
        at(Point::Postrouting),
    ];

    fn prerouting<'a>(
        packet: Opening<'a, Prerouting>,
        state: &HookState<'a>,
        rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        let Some(here) = state.net().state::<Natted>(rcu) else {
            return packet.leave();
        };
        let [asked, ..] = &here.asked;
        asked.add(0);
        match find(&here.prerouting, &packet, state, rcu) {
            Some(To::Dnat(range)) => packet.dnat(range),
            Some(To::Redirect(ports)) => packet.redirect(*ports),
            Some(To::Drop) => packet.drop_with(DropReason::NETFILTER_DROP),
            Some(To::Leave) | None => packet.leave(),
        }
    }

    fn local_in<'a>(
        packet: Opening<'a, LocalIn>,
        state: &HookState<'a>,
        rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        let Some(here) = state.net().state::<Natted>(rcu) else {
            return packet.leave();
        };
        let [_, asked, ..] = &here.asked;
        asked.add(0);
        match find(&here.local_in, &packet, state, rcu) {
            Some(From::Snat(range)) => packet.snat(range),
            Some(From::Drop) => packet.drop_with(DropReason::NETFILTER_DROP),
            // Nobody can masquerade here.
            Some(From::Leave | From::Masquerade(_)) | None => packet.leave(),
        }
    }

    fn local_out<'a>(
        packet: Opening<'a, LocalOut>,
        state: &HookState<'a>,
        rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        let Some(here) = state.net().state::<Natted>(rcu) else {
            return packet.leave();
        };
        let [.., asked, _] = &here.asked;
        asked.add(0);
        match find(&here.local_out, &packet, state, rcu) {
            Some(To::Dnat(range)) => packet.dnat(range),
            Some(To::Redirect(ports)) => packet.redirect(*ports),
            Some(To::Drop) => packet.drop_with(DropReason::NETFILTER_DROP),
            Some(To::Leave) | None => packet.leave(),
        }
    }

    fn postrouting<'a>(
        packet: Opening<'a, Postrouting>,
        state: &HookState<'a>,
        rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        let Some(here) = state.net().state::<Natted>(rcu) else {
            return packet.leave();
        };
        let [.., asked] = &here.asked;
        asked.add(0);
        match find(&here.postrouting, &packet, state, rcu) {
            Some(From::Snat(range)) => packet.snat(range),
            Some(From::Masquerade(ports)) => packet.masquerade(*ports),
            Some(From::Drop) => packet.drop_with(DropReason::NETFILTER_DROP),
            Some(From::Leave) | None => packet.leave(),
        }
    }
}
