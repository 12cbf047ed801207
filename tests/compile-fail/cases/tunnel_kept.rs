// SPDX-License-Identifier: GPL-2.0
// error: explicit lifetime required in the type of `rcu`

//! A tunnel that a change may free, kept beyond the read side.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    ipv4::Tunnel,
    rcu::RcuPointer, //
};

pub fn keep<'a>(cell: &'a RcuPointer<Tunnel>, rcu: Rcu<'_>) -> Option<&'a Tunnel> {
    cell.get(rcu)
}
