// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: E0277

//! A connection, where its packet may be gone.

#![forbid(unsafe_code)]

use kernet::{
    context::{bh_disabled, Rcu},
    skb::SkbRef,
};
use kernet_conntrack::Connection;

pub fn send<'a>(packet: &'a SkbRef, rcu: Rcu<'a>) {
    let connection = Connection::of(packet, rcu);
    bh_disabled(rcu, move |_| connection.map(|connection| connection.mark()));
}
