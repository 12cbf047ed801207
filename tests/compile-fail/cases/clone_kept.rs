// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A clone, which has the route of the packet that it was made of, kept for longer than that.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Softirq, skb::Skb};

pub fn keep(skb: &mut Skb<'_>, softirq: Softirq<'_>) -> Result<Skb<'static>> {
    skb.try_clone(softirq)
}
