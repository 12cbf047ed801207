// SPDX-License-Identifier: GPL-2.0
// error: E0382

//! A packet that was consumed.

#![forbid(unsafe_code)]

use kernet::{context::Softirq, skb::Skb};

pub fn late(skb: Skb<'_>, softirq: Softirq<'_>) -> u32 {
    skb.consume(softirq);
    skb.len()
}
