// SPDX-License-Identifier: GPL-2.0
// error: E0621

//! A receive queue, kept beyond the read-side section after which its content may go.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    napi::RxQueue,
    netdev::{Driver, DriverDevice},
};

pub fn keep<'a, D: Driver>(dev: &'a DriverDevice<D>, rcu: Rcu<'_>) -> Option<&'a RxQueue<D>> {
    dev.rx_queue(0, rcu)
}
