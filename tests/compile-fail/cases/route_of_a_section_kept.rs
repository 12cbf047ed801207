// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A packet that came to a protocol with a route that is lent, kept beyond the read-side section.

#![forbid(unsafe_code)]

use kernet::{
    ipv4::Packet,
    netns::Net,
    skb::Skb, //
};

pub fn keep(packet: Packet<'_>, net: &Net) -> Result<Skb<'static>, Skb<'static>> {
    packet.into_frame(255, net).map_err(|(_, skb)| skb)
}
