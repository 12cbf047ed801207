// SPDX-License-Identifier: GPL-2.0
// error: `Handler` has no static of its own

//! A receive handler without the static that says whether its module is there.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Softirq,
    netdev::{
        rx_handler::{Packet, RxHandler, Verdict},
        Device,
    },
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "A handler that nobody unregisters",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub struct Handler;

impl RxHandler for Handler {
    type Module = Mine;
    type Port = ();

    fn rx<'a>(_: &'a (), _: &'a Device, packet: Packet<'a>, _: Softirq<'a>) -> Verdict<'a> {
        Verdict::Pass(packet)
    }
}
