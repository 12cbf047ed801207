// SPDX-License-Identifier: GPL-2.0
// error: E0308

//! A sleeping call, where sleeping is a bug.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Softirq, skb::Ring};

pub fn sleep(softirq: Softirq<'_>) -> Result<Pin<KBox<Ring>>> {
    KBox::pin_init(Ring::new(16, softirq), GFP_ATOMIC)
}
