// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet that goes out of scope with what is kept in it.

#![forbid(unsafe_code)]

use kernet::skb::{Skb, WithControl};

pub fn lost(skb: Skb<'_>) -> u64 {
    *WithControl::new(skb, 1u64).control()
}
