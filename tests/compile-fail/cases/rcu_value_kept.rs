// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A value, kept beyond the read-side section.

#![forbid(unsafe_code)]

use kernet::context::rcu_read;
use kernet::rcu::RcuPointer;

pub fn keep(cell: &RcuPointer<u32>) -> Option<&u32> {
    rcu_read(|rcu| cell.get(rcu))
}
