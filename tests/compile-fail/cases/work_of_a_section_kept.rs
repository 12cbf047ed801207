// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A namespace's work item, kept beyond the read-side section after which its memory may go.

#![forbid(unsafe_code)]

use kernet::{
    context::rcu_read,
    netns::Net,
    work::{NetWork, WorkRef},
};

pub fn keep<W: NetWork>(net: &Net) -> Option<WorkRef<'_>> {
    rcu_read(|rcu| net.work::<W>(rcu))
}
