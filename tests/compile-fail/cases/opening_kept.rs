// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: lifetime may not live long enough

//! The packet that opens a connection, kept beyond the call.

#![forbid(unsafe_code)]

use kernet_nat::{Opening, Postrouting};

pub fn keep(packet: Opening<'_, Postrouting>) -> Opening<'static, Postrouting> {
    packet
}
