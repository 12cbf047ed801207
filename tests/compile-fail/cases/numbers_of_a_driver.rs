// SPDX-License-Identifier: GPL-2.0
// error: sizes of a ring that are out of order
// error: sizes of a ring that are no powers of two
// error: a ring that is too large
// error: a transmit ring whose size is no power of two
// error: a driver of devices without a link header has no receive queues, XDP or GRO cells
// error: private data is aligned to at most 32 bytes
// error: `set_coalesce` without `COALESCE`
// error: too many private flags

//! Drivers whose numbers C would index by, or that do what does not go together.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{Rtnl, Softirq},
    ethtool::{Coalesce, CoalesceParams, Operations},
    netdev::{Concurrent, Driver, DriverDevice, LinkLayer, RingSizes, Setup, Transmit, TxQueue},
    nlattr::{ExtAck, Table},
    rtnl::{Link, NewDevice, Registration, Request},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "numbers_of_a_driver",
    authors: ["Nobody"],
    description: "Has rings without an end",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        (
            Registration<Device<ORDER>, 1>,
            Registration<Device<THREE>, 1>,
            Registration<Device<LARGE>, 1>,
            Registration<Device<FIXED>, 1>,
        ),
        (
            Registration<Device<BARE>, 1>,
            Registration<Device<PLAIN, Aligned>, 1>,
            Registration<Device<COALESCES>, 1>,
            Registration<Device<FLAGS>, 1>,
        ),
    );
}

const PLAIN: u8 = 0;
const ORDER: u8 = 1;
const THREE: u8 = 2;
const LARGE: u8 = 3;
const FIXED: u8 = 4;
const BARE: u8 = 5;
const COALESCES: u8 = 6;
const FLAGS: u8 = 7;

struct Device<const KIND: u8, T = ()>(#[allow(dead_code)] T);

#[repr(align(64))]
struct Aligned;

const fn sizes(min: u32, default: u32, max: u32) -> RingSizes {
    RingSizes { min, default, max }
}

#[vtable]
impl<const KIND: u8, T: Send + Sync + 'static> Driver for Device<KIND, T> {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = Settings<KIND>;

    const LINK_LAYER: LinkLayer = match KIND {
        BARE => LinkLayer::Ip,
        _ => LinkLayer::Ethernet,
    };
    const GRO_CELLS: bool = true;
    const TX_RING: RingSizes = match KIND {
        ORDER => sizes(64, 32, 128),
        THREE => sizes(64, 96, 128),
        LARGE => sizes(64, 64, 1 << 14),
        FIXED => RingSizes::fixed(96),
        _ => sizes(64, 64, 128),
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

struct Settings<const KIND: u8>;

#[vtable]
impl<D: Driver, const KIND: u8> Operations<D> for Settings<KIND> {
    type Stats = ();
    type RxStats = ();
    type TxStats = ();

    const COALESCE: CoalesceParams = match KIND {
        COALESCES => CoalesceParams::NONE,
        _ => CoalesceParams::RX_USECS,
    };
    const PRIVATE_FLAGS: &'static [&'static str] = match KIND {
        FLAGS => &["flag"; 33],
        _ => &[],
    };

    fn set_coalesce(_: &DriverDevice<D>, _: Coalesce, _: ExtAck<'_>, _: Rtnl<'_>) -> Result {
        Ok(())
    }
}

impl<const KIND: u8, T: Send + Sync + 'static> Link<1> for Device<KIND, T> {
    const KIND: &'static CStr = c"kind";
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
