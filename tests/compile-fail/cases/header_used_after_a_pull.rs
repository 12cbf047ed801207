// SPDX-License-Identifier: GPL-2.0
// error: E0502

//! A view of bytes that may have moved.

#![forbid(unsafe_code)]

use kernet::{context::Softirq, skb::Skb, wire::ethernet};

pub fn stale(mut skb: Skb<'_>, softirq: Softirq<'_>) -> u16 {
    let Some(header) = skb.header::<ethernet::Header>(0) else {
        skb.consume(softirq);
        return 0;
    };
    let _ = skb.as_mut().pull(14);
    let protocol = header.ethertype().0;
    skb.consume(softirq);
    protocol
}
