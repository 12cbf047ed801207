// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: E0502

//! A connection, looked at when its packet was changed.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netfilter::{Packet, Verdict},
    wire::ipv4,
};
use kernet_conntrack::Connection;

pub fn mark<'a>(mut packet: Packet<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
    let connection = Connection::of(&packet, rcu);
    let pulled = packet.pull_header::<ipv4::Header>(0).is_ok();
    if let Some(connection) = connection.filter(|_| pulled) {
        let _ = connection.set_mark(1);
    }
    packet.accept()
}
