// SPDX-License-Identifier: GPL-2.0
// error: the driver's devices have an Ethernet header

//! A device whose packets are Ethernet frames receives one that begins with an IP header.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Softirq,
    netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
    skb::{Skb, Xnet},
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Has taps read a link header that is not there",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub struct Device;

#[vtable]
impl Driver for Device {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(_: &mut Setup<'_>) {}

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.rx_ip(skb, Xnet::Same, softirq);
        Transmit::Done
    }
}
