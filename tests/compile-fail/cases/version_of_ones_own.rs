// SPDX-License-Identifier: GPL-2.0
// error: the trait bound `Mine: kernet::ip::version::private::Version` is not satisfied

//! A tunnel over a version of IP that a module has made up.

#![forbid(unsafe_code)]

use kernet::ip::Tunnel;

pub enum Mine {}

pub fn unreachable(tunnel: &Tunnel<Mine>) -> bool {
    let _ = tunnel;
    false
}
