// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of function
// error: use of moved value

//! A packet of a receive handler, kept beyond the handler, and passed on after it was made its own.

#![forbid(unsafe_code)]

use core::mem::ManuallyDrop;
use kernel::sync::SpinLock;
use kernet::{
    context::Softirq,
    netdev::rx_handler::{Packet, Verdict},
};

pub fn keep(place: &SpinLock<Option<ManuallyDrop<Packet<'static>>>>, packet: Packet<'_>) {
    *place.lock() = Some(ManuallyDrop::new(packet));
}

pub fn pass_on<'a>(packet: Packet<'a>, softirq: Softirq<'a>) -> Verdict<'a> {
    if let Some(skb) = packet.unshare(softirq) {
        skb.drop_with(kernet::skb::DropReason::NOT_SPECIFIED, softirq);
    }
    Verdict::Pass(packet)
}
