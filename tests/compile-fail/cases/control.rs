// SPDX-License-Identifier: GPL-2.0
// compiles

//! A packet that is sent, dropped with a reason, or consumed.

#![forbid(unsafe_code)]

use kernet::{
    context::{Napi, Softirq},
    skb::{DropReason, Skb},
};

pub fn dropped(skb: Skb<'_>, softirq: Softirq<'_>) {
    skb.drop_with(DropReason::NOMEM, softirq);
}

pub fn consumed(mut skb: Skb<'_>, napi: Napi<'_>) -> u32 {
    let pulled = skb.as_mut().pull(4);
    let len = skb.len();
    skb.consume(napi);
    if pulled.is_ok() {
        len
    } else {
        0
    }
}
