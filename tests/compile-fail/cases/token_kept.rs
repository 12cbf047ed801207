// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A token, kept beyond the callback.

#![forbid(unsafe_code)]

use kernet::context::Rtnl;

pub fn keep(rtnl: Rtnl<'_>) -> Rtnl<'static> {
    rtnl
}
