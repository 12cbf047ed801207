// SPDX-License-Identifier: GPL-2.0
// error: no method named `with_rtnl` found for struct `Rcu

//! RTNL, taken where a neighbour's table may be locked.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    neighbour::Neighbour,
    notifier::NeighbourNotifier, //
};

pub struct Sleeper;

impl NeighbourNotifier for Sleeper {
    fn event(_neighbour: &Neighbour, rcu: Rcu<'_>) {
        rcu.with_rtnl(|_| ());
    }
}
