// SPDX-License-Identifier: GPL-2.0
// error: `Mine` has no static of its own
// error: `kernet::slot!(Mine: kernet::tcp::Slot);` gives it one

//! An algorithm without the static that its table is kept in.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Owned,
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "congestion_control_without_a_slot",
    authors: ["Nobody"],
    description: "Has no table",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<Mine>;
}

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, _owned: Owned<'_>) {}
}
