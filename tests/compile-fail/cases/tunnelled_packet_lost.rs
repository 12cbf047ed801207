// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet of a protocol that goes out of scope.

#![forbid(unsafe_code)]

use kernet::ipv4::Packet;

pub fn lost(packet: Packet<'_>) -> u32 {
    packet.skb().len()
}
