// SPDX-License-Identifier: GPL-2.0
// error: mismatched types
// error: expected `Softirq<'_>`, found `Rcu<'_>`

//! A packet sent by who is told of a neighbour, perhaps under the lock of the neighbours' table.

#![forbid(unsafe_code)]

use kernet::{
    context::{bh_disabled, Rcu},
    neighbour::Neighbour,
    notifier::NeighbourNotifier,
    skb::Skb,
    wire::ethernet::{Address, EtherType},
};

pub struct Mine;

impl NeighbourNotifier for Mine {
    fn event(neighbour: &Neighbour, rcu: Rcu<'_>) {
        bh_disabled(rcu, |softirq| {
            if let Ok(skb) = Skb::new(0, 0, softirq) {
                let to = Address::BROADCAST;
                let _ = neighbour.device().send(skb, to, EtherType::IPV4, softirq);
            }
        });
    }
}
