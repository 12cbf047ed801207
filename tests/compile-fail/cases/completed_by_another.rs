// SPDX-License-Identifier: GPL-2.0
// error: E0451

//! Packets completed by somebody else than the poll of their queue, who may have less in flight.

#![forbid(unsafe_code)]

use kernet::netdev::Completions;

pub fn complete(sent: Completions<'_>) {
    let Completions { packets, .. } = sent;
    let _ = packets;
}
