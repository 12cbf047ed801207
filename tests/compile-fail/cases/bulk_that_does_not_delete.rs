// SPDX-License-Identifier: GPL-2.0
// error: only what deletes can delete many at once

//! A request to make many at once.

#![forbid(unsafe_code)]

use kernet::rtnl::message::Handlers;

#[path = "../handler.rs"]
mod handler;

pub fn handlers() -> usize {
    handler::Mine::<100, 20, true>::HANDLERS.len()
}
