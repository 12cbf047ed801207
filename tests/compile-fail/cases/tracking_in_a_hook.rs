// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: E0308

//! Tracking, switched on by a packet: that sleeps.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rcu,
    netfilter::{Family, HookState},
};
use kernet_conntrack::{enable, Slot};

pub struct Mine;

kernet::slot!(Mine: Slot);

pub fn look<'a>(state: &HookState<'a>, rcu: Rcu<'a>) -> Result {
    enable::<Mine>(state.net(), Family::Inet, rcu)
}
