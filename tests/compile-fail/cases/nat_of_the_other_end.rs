// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: E0599
// error: E0277

//! The source, translated where the destination is; and any that there is.

#![forbid(unsafe_code)]

use kernet::netfilter::Verdict;
use kernet_nat::{LocalOut, Opening, Place, Range, Source};

pub fn hide<'a>(packet: Opening<'a, LocalOut>, range: &Range) -> Verdict<'a> {
    packet.snat(range)
}

fn any<P: Source + Place>(_: Opening<'_, P>) {}

pub fn source(packet: Opening<'_, LocalOut>) {
    any(packet);
}
