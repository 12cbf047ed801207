// SPDX-License-Identifier: GPL-2.0
// error: missing: `USE_VTABLE_ATTR`
// help: write `#[vtable]` above the `impl`

//! A driver without `#[vtable]`, whose methods nobody would call.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Forgets an attribute",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub struct End;

impl Driver for End {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(_: &mut Setup<'_>) {}

    fn transmit(
        _: &DriverDevice<Self>,
        skb: Skb<'_>,
        _: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        skb.consume(softirq);
        Transmit::Done
    }
}
