// SPDX-License-Identifier: GPL-2.0
// error: E0382

//! A packet that was handed on already.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{Driver, DriverDevice},
    skb::{DropReason, Skb},
};

pub fn twice<D: Driver>(dev: &DriverDevice<D>, skb: Skb<'_>, softirq: Softirq<'_>) {
    for _ in 0..2 {
        if let Some(received) = dev.forward_skb(skb, dev, softirq) {
            received.drop_with(DropReason::NOMEM, softirq);
        }
    }
}
