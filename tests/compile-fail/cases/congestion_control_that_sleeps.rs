// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! Process context, claimed where a socket is owned, perhaps in softirq.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{Owned, Process},
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "congestion_control_that_sleeps",
    authors: ["Nobody"],
    description: "Sleeps with a socket's lock",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<Mine>;
}

kernet::slot!(Mine: tcp::Slot);

fn sleep(process: Process<'_>) {
    process.with_rtnl(|_| ());
}

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, owned: Owned<'_>) {
        sleep(owned);
    }
}
