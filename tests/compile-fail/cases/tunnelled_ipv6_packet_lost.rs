// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet of a protocol over IPv6 that goes out of scope, on one of the paths.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    ipv6::Packet, //
};

pub fn lost(packet: Packet<'_>, softirq: Softirq<'_>) {
    if packet.header().hop_limit() == 1 {
        packet.reject(softirq);
    }
}
