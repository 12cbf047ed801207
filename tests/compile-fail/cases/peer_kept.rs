// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A peer, kept beyond the read-side section.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{Driver, DriverDevice},
};

pub fn keep<D: Driver>(
    dev: &DriverDevice<D>,
    softirq: Softirq<'_>,
) -> Option<&'static DriverDevice<D>> {
    dev.peer(softirq)
}
