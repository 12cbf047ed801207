// SPDX-License-Identifier: GPL-2.0
// error: a driver whose timer is used has a method `timer`
// error: a driver whose work is queued has a method `work`

//! The timer and the work of a device whose driver has neither: there is no callback.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Softirq,
    netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
    skb::Skb,
    timer::Jiffies,
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Arms what nobody has set up",
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
        skb.consume(softirq);
        Transmit::Done
    }
}

pub fn arm(dev: &DriverDevice<End>) {
    dev.timer().modify(Jiffies::ONE);
    dev.work().queue();
}
