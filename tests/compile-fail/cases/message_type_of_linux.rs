// SPDX-License-Identifier: GPL-2.0
// error: Linux answers this type of the family itself

//! A handler in the place of Linux's own: of addresses of IPv4.

#![forbid(unsafe_code)]

use kernet::rtnl::message::Handlers;

#[path = "../handler.rs"]
mod handler;

pub fn handlers() -> usize {
    handler::Mine::<2, 20, false>::HANDLERS.len()
}
