// SPDX-License-Identifier: GPL-2.0
// error: a hook is at 1 to 8 places

//! A hook at more places than are kept for it.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rcu,
    netfilter::{self, Family, Hook, HookPoint, HookState, Packet, Point, Verdict},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_hooks",
    authors: ["Nobody"],
    description: "Has the core write beyond what is kept",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = netfilter::Registration<Mine>;
}

kernet::slot!(Mine: netfilter::Slot);

impl Hook for Mine {
    type Module = Mine;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::Forward,
        priority: 0,
    }; 9];

    fn hook<'a>(packet: Packet<'a>, _: &HookState<'a>, _: Rcu<'a>) -> Verdict<'a> {
        packet.accept()
    }
}
