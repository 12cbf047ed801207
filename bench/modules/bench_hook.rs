// SPDX-License-Identifier: GPL-2.0

//! A netfilter hook that accepts: the Rust twin of `bench_hook_c.c`.

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
    }, //
};

kernet::module! {
    type: Accept,
    name: "bench_hook",
    authors: ["The kernet developers"],
    description: "Netfilter hook that accepts",
    license: "GPL",
}

struct Accept;

impl kernet::Module for Accept {
    type State = ();
    type Parts = netfilter::Registration<Accept>;
}

kernet::slot!(Accept: netfilter::Slot);

impl Hook for Accept {
    type Module = Accept;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::LocalIn,
        priority: priority::FILTER,
    }];

    fn hook<'a>(
        packet: Packet<'a>,
        _state: &netfilter::HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        packet.accept()
    }
}
