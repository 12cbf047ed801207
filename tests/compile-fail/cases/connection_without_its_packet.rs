// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: E0505

//! A connection, looked at when its packet has gone on and may be freed.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netfilter::{Packet, Verdict},
};
use kernet_conntrack::Connection;

pub fn mark<'a>(packet: Packet<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
    let connection = Connection::of(&packet, rcu);
    let verdict = packet.accept();
    let _ = connection.map(|connection| connection.set_mark(1));
    verdict
}
