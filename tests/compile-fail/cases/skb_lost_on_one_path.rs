// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet that one path forgets.

#![forbid(unsafe_code)]

use kernet::{context::Softirq, skb::Skb};

pub fn sometimes(skb: Skb<'_>, softirq: Softirq<'_>) {
    if skb.len() > 100 {
        skb.consume(softirq);
    }
}
