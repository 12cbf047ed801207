// SPDX-License-Identifier: GPL-2.0
// error: E0308

//! What needs RTNL, without it.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{Driver, DriverDevice},
};

pub fn carrier<D: Driver>(dev: &DriverDevice<D>, softirq: Softirq<'_>) {
    dev.carrier_on(softirq);
}
