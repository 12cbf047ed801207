// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! An address, kept beyond the notification.

#![forbid(unsafe_code)]

use kernet::address::Ipv4Address;

pub fn keep(address: &Ipv4Address) -> &'static Ipv4Address {
    address
}
