// SPDX-License-Identifier: GPL-2.0

//! A netfilter hook that looks a device up: the Rust twin of `bench_lookup_c.c`.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
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
    skb::DropReason, //
};

kernet::module! {
    type: Lookup,
    name: "bench_lookup",
    authors: ["The kernet developers"],
    description: "Netfilter hook that looks a device up",
    license: "GPL",
}

struct Lookup;

impl kernet::Module for Lookup {
    type State = ();
    type Parts = netfilter::Registration<Lookup>;
}

kernet::slot!(Lookup: netfilter::Slot);

impl Hook for Lookup {
    type Module = Lookup;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::LocalIn,
        priority: priority::FILTER,
    }];

    fn hook<'a>(packet: Packet<'a>, state: &netfilter::HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
        // The loopback device, which each namespace has.
        match state.net().device_by_index(1, rcu) {
            Some(_) => packet.accept(),
            None => packet.drop_with(DropReason::NETFILTER_DROP),
        }
    }
}
