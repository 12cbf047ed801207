// SPDX-License-Identifier: GPL-2.0
// error: E0423

//! A packet given back to a queueing discipline without stopping the queue.

#![forbid(unsafe_code)]

use kernet::{
    netdev::{Requeued, Transmit},
    skb::Skb,
};

pub fn busy(skb: Skb<'_>) -> Transmit {
    Transmit::Busy(Requeued(skb))
}
