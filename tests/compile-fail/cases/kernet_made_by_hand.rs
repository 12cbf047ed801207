// SPDX-License-Identifier: GPL-2.0
// error: E0603

//! The layer's own module, whose drop waits for RCU, made and dropped where sleeping is a bug.

#![forbid(unsafe_code)]

use kernet::context::rcu_read;

pub fn in_a_section() {
    rcu_read(|_| drop(kernet::Kernet(())));
}
