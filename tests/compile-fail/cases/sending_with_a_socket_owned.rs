// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! What sends wants `Softirq`; with bottom halves disabled under a socket's lock there is `Rcu` alone.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::{bh_disabled, Owned, Softirq},
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "sending_with_a_socket_owned",
    authors: ["Nobody"],
    description: "Sends with a socket's lock",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<Mine>;
}

kernet::slot!(Mine: tcp::Slot);

fn send(_softirq: Softirq<'_>) {}

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, owned: Owned<'_>) {
        bh_disabled(owned, |context| send(context));
    }
}
