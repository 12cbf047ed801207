// SPDX-License-Identifier: GPL-2.0
// error: E0505

//! A packet that is given up while it is being edited.

#![forbid(unsafe_code)]

use kernet::netfilter::{Packet, Verdict};

pub fn early(mut packet: Packet<'_>) -> Verdict<'_> {
    let Ok(mut edit) = packet.edit() else {
        return packet.accept();
    };
    let verdict = packet.accept();
    let _ = edit.set_hop_limit(1);
    verdict
}
