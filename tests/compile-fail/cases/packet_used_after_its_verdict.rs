// SPDX-License-Identifier: GPL-2.0
// error: borrow of moved value

//! A packet that a hook looks at after it has dropped it.

#![forbid(unsafe_code)]

use kernet::netfilter::{Packet, Verdict};
use kernet::skb::DropReason;

pub fn late(packet: Packet<'_>) -> (u32, Verdict<'_>) {
    let verdict = packet.drop_with(DropReason::NETFILTER_DROP);
    (packet.len(), verdict)
}
