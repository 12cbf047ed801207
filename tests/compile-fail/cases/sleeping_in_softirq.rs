// SPDX-License-Identifier: GPL-2.0
// error: E0308

//! A sleeping call, where sleeping is a bug.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Softirq, napi::Ring};

pub fn sleep(softirq: Softirq<'_>) -> Result<Pin<KBox<Ring<16>>>> {
    KBox::pin_init(Ring::new(softirq), GFP_ATOMIC)
}
