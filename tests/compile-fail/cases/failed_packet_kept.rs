// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A packet that a tunnel has not sent, kept for longer than one that was given to it.

#![forbid(unsafe_code)]

use kernet::{ipv4::FailedPacket, skb::Skb};

pub fn keep(failed: FailedPacket<'_>) -> Skb<'static> {
    failed.skb
}
