// SPDX-License-Identifier: GPL-2.0
// error: ETH_P_ALL needs a device or a namespace

//! A handler of all packets, which the core keeps elsewhere.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Softirq,
    ethertype::{self, Arrival, Handler},
    skb::Skb,
    wire::ethernet::EtherType,
};

kernet::module! {
    type: Mine,
    name: "ethertype_of_all",
    authors: ["Nobody"],
    description: "Has the core look for it on no device",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ethertype::Registration<Mine>;
}

impl Handler for Mine {
    type Module = Mine;

    const ETHERTYPE: EtherType = EtherType(3);

    fn rx(skb: Skb<'_>, _: &Arrival<'_>, softirq: Softirq<'_>) {
        skb.consume(softirq);
    }
}
