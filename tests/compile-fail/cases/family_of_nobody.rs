// SPDX-License-Identifier: GPL-2.0
// error: not an address family of rtnetlink's

//! An address family that the core would stop the machine for.

#![forbid(unsafe_code)]

use kernet::rtnl::message::Handlers;

#[path = "../handler.rs"]
mod handler;

pub fn handlers() -> usize {
    handler::Mine::<130, 20, false>::HANDLERS.len()
}
