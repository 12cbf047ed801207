// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A verdict on one packet, given as the answer for another.

#![forbid(unsafe_code)]

use kernet::netfilter::{Packet, Verdict};

pub fn swap<'a, 'b>(_mine: Packet<'a>, other: Packet<'b>) -> Verdict<'a> {
    other.accept()
}
