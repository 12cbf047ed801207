// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! RTNL, taken in a read-side section by the token from outside.

#![forbid(unsafe_code)]

use kernet::context::{
    rcu_read,
    Process, //
};

pub fn lock(process: Process<'_>) {
    rcu_read(|_| process.with_rtnl(|_| ()));
}
