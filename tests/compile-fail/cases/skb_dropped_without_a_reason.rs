// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet that goes out of scope.

#![forbid(unsafe_code)]

use kernet::skb::Skb;

pub fn lost(skb: Skb<'_>) -> u32 {
    skb.len()
}
