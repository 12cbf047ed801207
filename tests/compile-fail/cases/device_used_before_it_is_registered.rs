// SPDX-License-Identifier: GPL-2.0
// error: method `init` is not a member of trait `Driver`
// error: const `HAS_INIT` is not a member of trait `Driver`
// error: expected `&DriverDevice<Device>`, found `&NewDevice<'_>`

//! A packet sent for a device that is being made: it has no statistics to count in.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{bh_disabled, Rtnl, Softirq},
    ipv4::{FailedPacket, Tunnel},
    netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
    nlattr::{ExtAck, Table},
    rtnl::{self, Link, NewDevice, Request},
    skb::Skb,
};

kernet::module! {
    type: Mine,
    name: "early",
    authors: ["Nobody"],
    description: "Sends too early",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = rtnl::Registration<Device, 1>;
}

struct Device;

fn send(
    tunnel: &Tunnel,
    dev: &DriverDevice<Device>,
    rtnl: Rtnl<'_>,
) -> Result<(), FailedPacket<'_>> {
    bh_disabled(rtnl, |softirq| {
        let Ok(skb) = Skb::new(256, 256, softirq) else {
            return Ok(());
        };
        tunnel.transmit(dev, skb, &[0u8; 2], dev.net(softirq), softirq)
    })
}

#[vtable]
impl Driver for Device {
    type Module = Mine;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(_: &mut Setup<'_>) {}

    fn init(_: &DriverDevice<Self>, _: Rtnl<'_>) -> Result {
        Ok(())
    }

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

static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Device {
    const KIND: &'static CStr = c"early";
    const POLICY: &'static Table<1> = &POLICY;

    fn create(
        device: &NewDevice<'_>,
        _: &Request<'_>,
        _: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        send(unreachable(), device, rtnl)
            .map(|()| Device)
            .map_err(|_| EINVAL)
    }
}

fn unreachable() -> &'static Tunnel {
    loop {}
}
