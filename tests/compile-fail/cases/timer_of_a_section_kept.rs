// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A namespace's timer, kept beyond the read-side section after which its memory may go.

#![forbid(unsafe_code)]

use kernet::{
    context::rcu_read,
    netns::Net,
    timer::{NetTimer, TimerRef},
};

pub fn keep<T: NetTimer>(net: &Net) -> Option<TimerRef<'_>> {
    rcu_read(|rcu| net.timer::<T>(rcu))
}
