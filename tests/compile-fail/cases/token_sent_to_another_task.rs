// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! A token in another task.

#![forbid(unsafe_code)]

use kernet::context::Rtnl;

fn send<T: Send>(_: T) {}

pub fn elsewhere(rtnl: Rtnl<'_>) {
    send(rtnl);
}
