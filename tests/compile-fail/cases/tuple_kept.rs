// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: E0515

//! A connection's tuple, kept beyond its packet.

#![forbid(unsafe_code)]

use kernet::{context::Rcu, netfilter::Packet};
use kernet_conntrack::{Connection, Direction, Tuple};

pub fn keep<'a>(packet: Packet<'a>, rcu: Rcu<'a>) -> Option<Tuple<'a>> {
    Connection::of(&packet, rcu).map(|connection| connection.tuple(Direction::Original))
}
