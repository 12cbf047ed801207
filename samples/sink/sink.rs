// SPDX-License-Identifier: GPL-2.0

//! A device that takes every packet and keeps none.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*, //
};
use kernet::{
    context::{
        Rtnl,
        Softirq, //
    },
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Features,
        Setup,
        Transmit,
        TxQueue, //
    },
    nlattr::{
        ExtAck,
        Table, //
    },
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::Skb, //
};

kernet::module! {
    type: Sink,
    name: "sink",
    authors: ["The kernet developers"],
    description: "Network device that swallows what it is sent",
    license: "GPL",
    alias: ["rtnl-link-sink"],
}

struct Sink;

impl kernet::Module for Sink {
    type State = ();
    type Parts = rtnl::Registration<Device, 1>;
}

/// A sink. There is nothing to know of it.
struct Device;

#[vtable]
impl Driver for Device {
    type Module = Sink;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        let features = Features::SG
            .with(Features::FRAGLIST)
            .with(Features::GSO_SOFTWARE)
            .with(Features::GSO_ENCAP_ALL)
            .with(Features::HW_CSUM)
            .with(Features::HIGHDMA);
        setup
            .features(features)
            .encapsulation_features(features)
            .mtu_range(0, 0)
            .no_arp()
            .no_queue()
            .live_address_change();
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.count_tx(skb.len(), softirq);
        dev.tx_timestamp(&mut skb, softirq);
        skb.consume(softirq);
        Transmit::Done
    }
}

/// The kind has no attributes.
static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Device {
    const KIND: &'static CStr = c"sink";
    const POLICY: &'static Table<1> = &POLICY;

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Ok(Device)
    }
}
