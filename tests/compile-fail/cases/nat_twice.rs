// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: E0382

//! A packet of which two things are said.

#![forbid(unsafe_code)]

use kernet::netfilter::Verdict;
use kernet_nat::{Opening, Ports, Postrouting, Range};

pub fn hide<'a>(packet: Opening<'a, Postrouting>, range: &Range) -> Verdict<'a> {
    let _ = packet.snat(range);
    packet.masquerade(Ports::ANY)
}
