// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of method

//! A socket kept beyond the callback that lends it.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Owned,
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "socket_kept",
    authors: ["Nobody"],
    description: "Uses a socket that was closed",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<Mine>;
}

kernet::slot!(Mine: tcp::Slot);

fn keep(_socket: &'static Socket<'static>) {}

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, socket: &mut Socket<'_>, _ack: u32, _acked: u32, _owned: Owned<'_>) {
        keep(socket);
    }
}
