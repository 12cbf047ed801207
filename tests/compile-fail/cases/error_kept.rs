// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! What an ICMP error quotes, kept for longer than its callback.

#![forbid(unsafe_code)]

use kernet::{ipv6::IcmpError, skb::SkbRef};

pub fn keep(error: &IcmpError<'_>) -> &'static SkbRef {
    error.quoted()
}
