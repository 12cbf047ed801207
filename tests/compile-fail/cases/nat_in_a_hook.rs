// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: E0308

//! NAT, switched on by a packet: that sleeps.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rcu,
    netfilter::{Family, HookState},
};
use kernet_nat::{enable, Nat};

pub fn look<'a, T: Nat>(state: &HookState<'a>, rcu: Rcu<'a>) -> Result {
    enable::<T>(state.net(), Family::Inet, rcu)
}
