// SPDX-License-Identifier: GPL-2.0
// error: the driver's devices have no Ethernet header

//! A device whose packets begin with an IP header receives an Ethernet frame.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Softirq,
    netdev::{Concurrent, Driver, DriverDevice, LinkLayer, Setup, Transmit, TxQueue},
    skb::{Skb, Xnet},
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["You"],
    description: "A case",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub struct Device;

#[kernel::macros::vtable]
impl Driver for Device {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const LINK_LAYER: LinkLayer = LinkLayer::Ip;

    fn setup(_setup: &mut Setup<'_>) {}

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.rx(skb, Xnet::Same, softirq);
        Transmit::Done
    }
}
