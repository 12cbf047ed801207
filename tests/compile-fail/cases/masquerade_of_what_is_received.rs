// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: E0599
// error: the method was found for

//! Masquerading where no device sends.

#![forbid(unsafe_code)]

use kernet::netfilter::Verdict;
use kernet_nat::{LocalIn, Opening, Ports};

pub fn hide<'a>(packet: Opening<'a, LocalIn>) -> Verdict<'a> {
    packet.masquerade(Ports::ANY)
}
