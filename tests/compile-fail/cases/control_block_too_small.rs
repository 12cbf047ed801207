// SPDX-License-Identifier: GPL-2.0
// error: more than a control block takes

//! More than 48 bytes in a packet's control block.

#![forbid(unsafe_code)]

use kernet::skb::{Skb, WithControl};

// Small enough to be compiled only where it is called.
#[inline(never)]
pub fn keep(skb: Skb<'static>) -> WithControl<'static, [u64; 7]> {
    WithControl::new(skb, [0; 7])
}
