// SPDX-License-Identifier: GPL-2.0

//! A netfilter hook that edits each packet: the Rust twin of `bench_edit_c.c`.

#![forbid(unsafe_code)]

use core::net::Ipv4Addr;
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
    skb::{
        Edit,
        EditError, //
    }, //
};

kernet::module! {
    type: Change,
    name: "bench_edit",
    authors: ["The kernet developers"],
    description: "Netfilter hook that edits each packet",
    license: "GPL",
}

struct Change;

impl kernet::Module for Change {
    type State = ();
    type Parts = netfilter::Registration<Change>;
}

kernet::slot!(Change: netfilter::Slot);

fn change(mut edit: Edit<'_>) -> Result<(), EditError> {
    edit.decrement_hop_limit()?;
    edit.set_dscp(8)?;
    edit.set_source(Ipv4Addr::new(192, 0, 2, 3).into())?;
    edit.set_source_port(7)
}

impl Hook for Change {
    type Module = Change;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::LocalIn,
        priority: priority::FILTER,
    }];

    fn hook<'a>(
        mut packet: Packet<'a>,
        _state: &netfilter::HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        match packet.edit().and_then(change) {
            Ok(()) => packet.accept(),
            Err(error) => packet.drop_with(error.reason()),
        }
    }
}
