// SPDX-License-Identifier: GPL-2.0
// error: E0308

//! What needs RTNL, without it.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{Dev, Driver},
};

pub fn carrier<D: Driver>(dev: &Dev<D>, softirq: Softirq<'_>) {
    dev.carrier_on(softirq);
}
