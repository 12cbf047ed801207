// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! What is lent under a transmit queue's lock, kept beyond it.

#![forbid(unsafe_code)]

use kernet::netdev::{Driver, Sender};

pub fn keep<D: Driver>(queue: &mut Sender<'_, D, u64>, kept: &mut Option<&'static mut u64>) {
    *kept = Some(queue.state);
}
