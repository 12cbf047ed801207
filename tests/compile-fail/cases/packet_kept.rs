// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of function

//! A packet with a route and a connection entry, kept beyond the callback that it was given to.

#![forbid(unsafe_code)]

use core::mem::ManuallyDrop;
use kernel::sync::SpinLock;
use kernet::skb::Skb;

pub fn keep(place: &SpinLock<Option<ManuallyDrop<Skb<'static>>>>, skb: Skb<'_>) {
    *place.lock() = Some(ManuallyDrop::new(skb));
}
