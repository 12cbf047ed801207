// SPDX-License-Identifier: GPL-2.0

//! A device that answers packets by ICMP in ways that are no answers, and has fragments reassembled that are not what
//! they say. For tests alone.

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
        LinkLayer,
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
    skb::Skb,
    wire::{
        icmp,
        icmpv6,
        ipv6,
        xlat::Answer, //
    }, //
};
use kernet_defrag::reassemble;

kernet::module! {
    type: Astray,
    name: "astray",
    authors: ["The kernet developers"],
    description: "Answers that are none, and fragments that lie",
    license: "GPL",
    alias: ["rtnl-link-astray"],
}

struct Astray;

impl kernet::Module for Astray {
    type State = ();
    type Parts = rtnl::Registration<Device, 1>;
}

/// What it has reassembled it counts as received.
struct Device;

/// IPv6's fragment header.
const FRAGMENT: u8 = 44;

#[vtable]
impl Driver for Device {
    type Module = Astray;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const LINK_LAYER: LinkLayer = LinkLayer::Ip;

    fn setup(setup: &mut Setup<'_>) {
        setup.no_queue().keep_dst();
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.count_tx(skb.len(), softirq);
        let fragment = skb
            .copy_header::<ipv6::Header>(0)
            .is_some_and(|header| header.version() == 6 && header.next_header().0 == FRAGMENT);
        if !fragment {
            for kind in 0..=u8::MAX {
                dev.icmp_send(
                    &mut skb,
                    Answer::V4(icmp::Type(kind), kind, u32::MAX),
                    softirq,
                );
                for place in [0, 0x7fff_ffff, 0xc000_0000, u32::MAX] {
                    let answer = Answer::V6(icmpv6::Type(kind), 2, place);
                    dev.icmp_send(&mut skb, answer, softirq);
                }
            }
            skb.consume(softirq);
        } else if let Some(whole) = reassemble(skb, dev, softirq) {
            dev.count_rx(whole.len(), softirq);
            whole.consume(softirq);
        }
        Transmit::Done
    }
}

static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Device {
    const KIND: &'static CStr = c"astray";
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
