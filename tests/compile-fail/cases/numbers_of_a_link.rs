// SPDX-License-Identifier: GPL-2.0
// error: the peer's attribute is outside of the table
// error: the peer's attribute may be shorter than an ifinfomsg
// error: the name of a kind of links has 1 to 13 bytes
// error: a kind of links has at most 50 types of attributes
// error: a pair of devices without a link header
// error: settings of more than 8192 bytes
// error: private data of more than 1 MiB

//! Kinds of links whose numbers the core would rely on.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{Rtnl, Softirq},
    netdev::{Concurrent, Driver, DriverDevice, LinkLayer, Setup, Transmit, TxQueue},
    nlattr::{ExtAck, Policy, Table},
    rtnl::{Link, NewDevice, Registration, Request},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "numbers",
    authors: ["Nobody"],
    description: "Has the core follow a pointer that nobody has set",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        (
            Registration<Device<OUTSIDE, 0>, 3>,
            Registration<Device<SHORT, 0>, 3>,
            Registration<Device<NAMED, 0>, 3>,
            Registration<Device<BARE, 0>, 3>,
        ),
        Registration<Device<PLAIN, 0>, 52>,
        Registration<Device<LARGE, 0>, 3>,
        Registration<Device<PLAIN, { 1 << 32 }>, 3>,
    );
}

const PLAIN: u8 = 0;
const OUTSIDE: u8 = 1;
const SHORT: u8 = 2;
const NAMED: u8 = 3;
const LARGE: u8 = 4;
const BARE: u8 = 5;

struct Device<const KIND: u8, const SIZE: usize>([u8; SIZE]);

#[vtable]
impl<const KIND: u8, const SIZE: usize> Driver for Device<KIND, SIZE> {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const LINK_LAYER: LinkLayer = match KIND {
        BARE => LinkLayer::Ip,
        _ => LinkLayer::Ethernet,
    };

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

impl<const KIND: u8, const SIZE: usize, const N: usize> Link<N> for Device<KIND, SIZE> {
    const KIND: &'static CStr = match KIND {
        NAMED => c"a name of many bytes",
        _ => c"kind",
    };
    const POLICY: &'static Table<N> = &Table::new(&[(1, Policy::min_len(16)), (2, Policy::BINARY)]);
    const PEER: Option<u16> = match KIND {
        OUTSIDE => Some(40),
        SHORT => Some(2),
        _ => Some(1),
    };
    const INFO_SIZE: usize = match KIND {
        LARGE => usize::MAX,
        _ => 0,
    };

    fn create(
        _: &NewDevice<'_>,
        _: &Request<'_>,
        _: ExtAck<'_>,
        _: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Err(EINVAL)
    }
}
