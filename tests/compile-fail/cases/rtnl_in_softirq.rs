// SPDX-License-Identifier: GPL-2.0
// error: E0599

//! RTNL, where sleeping is a bug.

#![forbid(unsafe_code)]

use kernet::context::Softirq;

pub fn lock(softirq: Softirq<'_>) {
    softirq.with_rtnl(|_| ());
}
