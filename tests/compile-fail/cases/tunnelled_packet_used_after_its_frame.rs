// SPDX-License-Identifier: GPL-2.0
// error: borrow of moved value: `packet`

//! A packet of a protocol, rejected after its frame was taken out.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    ipv4::Packet, //
};

pub fn both(packet: Packet<'_>, softirq: Softirq<'_>) {
    let net = packet.net();
    if let Ok(frame) = packet.into_frame(2, net) {
        frame.consume(softirq);
    }
    let _ = packet.ifindex();
}
