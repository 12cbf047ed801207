// SPDX-License-Identifier: GPL-2.0
// error: more than a control block takes
// error: a control block is not aligned for it

//! More than 48 bytes in a packet's control block, and what has to be elsewhere.

#![forbid(unsafe_code)]

use kernet::skb::{Skb, WithControl};

// Small enough to be compiled only where it is called.
#[inline(never)]
pub fn keep(skb: Skb<'static>) -> WithControl<'static, [u64; 7]> {
    WithControl::new(skb, [0; 7])
}

#[derive(Clone, Copy)]
#[repr(align(16))]
pub struct Aligned;

#[inline(never)]
pub fn keep_aligned(skb: Skb<'static>) -> WithControl<'static, Aligned> {
    WithControl::new(skb, Aligned)
}
