// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: lifetime may not live long enough

//! A packet's connection, kept beyond its hook.

#![forbid(unsafe_code)]

use kernet::{context::Rcu, skb::SkbRef};
use kernet_conntrack::Connection;

pub fn keep<'a>(packet: &'a SkbRef, rcu: Rcu<'a>) -> Option<Connection<'static>> {
    Connection::of(packet, rcu)
}
