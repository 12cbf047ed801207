// SPDX-License-Identifier: GPL-2.0
// error: a device above others sends on several CPUs at a time

//! A driver that sends under the lock of its queue, above another device, which has one, too.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    netdev::{Device, DriverDevice},
    nlattr::ExtAck,
};

use kernel::macros::vtable;
use kernet::{
    context::Softirq,
    netdev::{Driver, Locked, Sender, Setup, Transmit},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Sends under a lock by a device that has one, too",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub struct End;

#[vtable]
impl Driver for End {
    type Module = Mine;
    type TxMode = Locked<()>;
    type Queue = ();
    type Ethtool = ();

    fn setup(_: &mut Setup<'_>) {}

    fn transmit(
        _: &DriverDevice<Self>,
        skb: Skb<'_>,
        _: Sender<'_, Self, ()>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        skb.consume(softirq);
        Transmit::Done
    }
}

pub fn link(dev: &DriverDevice<End>, lower: &Device, rtnl: Rtnl<'_>) -> Result {
    dev.link_lower(lower, ExtAck::NONE, rtnl)
}
