// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A program, kept beyond the read-side section after which it may go.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netdev::{Driver, DriverDevice},
    xdp::Program,
};

pub fn keep<D: Driver>(dev: &'static DriverDevice<D>, rcu: Rcu<'_>) -> Option<&'static Program> {
    dev.xdp_program(rcu)
}
