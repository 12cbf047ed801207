// SPDX-License-Identifier: GPL-2.0
// error: not a type of rtnetlink's

//! A message type that the core would stop the machine for.

#![forbid(unsafe_code)]

use kernet::rtnl::message::Handlers;

#[path = "../handler.rs"]
mod handler;

pub fn handlers() -> usize {
    handler::Mine::<100, 15, false>::HANDLERS.len()
}
