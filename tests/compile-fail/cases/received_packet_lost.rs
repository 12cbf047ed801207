// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet of a receive handler that is forgotten on one path.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{
        rx_handler::{Packet, Verdict},
        Device,
    },
};

pub fn sometimes<'a>(
    packet: Packet<'a>,
    _device: &'a Device,
    _softirq: Softirq<'a>,
) -> Verdict<'a> {
    if packet.len() > 100 {
        return Verdict::Consumed;
    }
    Verdict::Pass(packet)
}
