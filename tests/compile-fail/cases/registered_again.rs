// SPDX-License-Identifier: GPL-2.0
// error: cannot find type `Loaded`
// error: struct `Loaded` is private
// error: Local: InPlaceModule` is not satisfied
// error: Running<Mine>: InPlaceModule` is not satisfied

//! A module's parts registered a second time, in memory that nobody unregisters.

#![forbid(unsafe_code)]

use core::mem;
use kernel::{module::this_module, prelude::*, InPlaceModule};
use kernet::{
    context::Softirq,
    ethertype::{self, Arrival, Handler},
    skb::Skb,
    wire::ethernet::EtherType,
};

kernet::module! {
    type: Mine,
    name: "registered_again",
    authors: ["Nobody"],
    description: "Outlives its unloading",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ethertype::Registration<Mine>;
}

fn again<M: InPlaceModule>() {
    mem::forget(KBox::pin_init(
        M::init(this_module::<LocalModule>()),
        GFP_ATOMIC,
    ));
}

impl Handler for Mine {
    type Module = Mine;
    const ETHERTYPE: EtherType = EtherType::LOOPBACK;

    fn rx(skb: Skb<'_>, _: &Arrival<'_>, softirq: Softirq<'_>) {
        // dev_add_pack() of a `packet_type` in this box, whose `func` is this module's.
        again::<LocalModule>();
        again::<Loaded>();
        again::<__kernet_module::Loaded>();
        again::<kernet::module::Running<Mine>>();
        skb.consume(softirq);
    }
}
