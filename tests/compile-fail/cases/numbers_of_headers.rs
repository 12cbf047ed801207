// SPDX-License-Identifier: GPL-2.0
// error: a header of more than 256 bytes

//! Headers before a packet and before a tunnel's frame, whose length the core would cut off.

#![forbid(unsafe_code)]

use core::pin::Pin;
use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Softirq,
    ipv4::{FailedPacket, Tunnel},
    netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
    netns::Net,
    skb::{Skb, SkbRef},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_headers",
    authors: ["Nobody"],
    description: "Pushes more than there is",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

#[vtable]
impl Driver for Mine {
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

pub fn push(skb: Pin<&mut SkbRef>) -> Result {
    skb.push_header(&[0u8; 257])
}

pub fn send<'a>(
    tunnel: &Tunnel,
    dev: &DriverDevice<Mine>,
    skb: Skb<'a>,
    net: &Net,
    softirq: Softirq<'_>,
) -> Result<(), FailedPacket<'a>> {
    tunnel.transmit(dev, skb, &[0u8; 257], net, softirq)
}
