// SPDX-License-Identifier: GPL-2.0
// error: E0382

//! A packet of one version is used when it is one of the other.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    skb::{DropReason, Skb},
    wire::xlat::{Mapping, Packet, Settings, Table, Translator},
};

pub fn used(
    skb: Skb<'_>,
    table: &Table<&'static [Mapping], &'static [u32]>,
    settings: &Settings,
    softirq: Softirq<'_>,
) {
    let translator = Translator::new(table, settings);
    match skb.translate(&translator, 1500, Packet::new(0)) {
        Ok((translated, _fragments)) => translated.consume(softirq),
        Err((same, error)) => same.drop_with(error.reason(), softirq),
    }
    skb.drop_with(DropReason::NOT_SPECIFIED, softirq);
}
