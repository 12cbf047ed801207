// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! A node allocated by flags that let it wait for memory, where sleeping is a bug.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Softirq, rcu::RcuBox};

pub fn wait(_softirq: Softirq<'_>) -> Result<RcuBox<u32>> {
    RcuBox::new(1, GFP_KERNEL)
}
