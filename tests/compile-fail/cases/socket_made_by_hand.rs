// SPDX-License-Identifier: GPL-2.0
// error: with struct literal syntax due to private fields

//! A socket that nobody has lent.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Owned,
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "socket_made_by_hand",
    authors: ["Nobody"],
    description: "Makes a socket",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<Mine>;
}

kernet::slot!(Mine: tcp::Slot);

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, _owned: Owned<'_>) {
        let _mine = Socket {};
    }
}
