// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: E0599
// error: the method was found for

//! Masquerading where the destination is translated.

#![forbid(unsafe_code)]

use kernet::netfilter::Verdict;
use kernet_nat::{Opening, Ports, Prerouting};

pub fn hide<'a>(packet: Opening<'a, Prerouting>) -> Verdict<'a> {
    packet.masquerade(Ports::ANY)
}
