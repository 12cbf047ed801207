// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A packet that is edited after its hook has answered.

#![forbid(unsafe_code)]

use kernet::{netfilter::Packet, skb::Edit};

pub fn keep(packet: &mut Packet<'_>, kept: &mut Option<Edit<'static>>) {
    *kept = packet.edit().ok();
}
