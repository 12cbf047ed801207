// SPDX-License-Identifier: GPL-2.0
// error: a driver that is `Locked` has receive queues, and `tx_complete`

//! A driver that sends under the lock of its queue, and never completes what it has sent.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{Rtnl, Softirq},
    netdev::{Driver, DriverDevice, Locked, Sender, Setup, Transmit},
    nlattr::{ExtAck, Table},
    rtnl::{Link, NewDevice, Registration, Request},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "lock_without_completion",
    authors: ["Nobody"],
    description: "Has a ring that nobody empties",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = Registration<Mine, 1>;
}

#[vtable]
impl Driver for Mine {
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

impl Link<1> for Mine {
    const KIND: &'static CStr = c"mine";
    const POLICY: &'static Table<1> = &Table::new(&[]);

    fn create(
        _: &NewDevice<'_>,
        _: &Request<'_>,
        _: ExtAck<'_>,
        _: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Err(EINVAL)
    }
}
