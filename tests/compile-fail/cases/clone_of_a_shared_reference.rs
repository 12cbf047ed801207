// SPDX-License-Identifier: GPL-2.0
// error: E0596

//! A clone of a packet that other CPUs may look at: cloning notes in the packet that it is one of two.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Softirq, skb::Skb};

pub fn twice(skb: &Skb<'static>, softirq: Softirq<'_>) -> Result<Skb<'static>> {
    skb.try_clone(softirq)
}
