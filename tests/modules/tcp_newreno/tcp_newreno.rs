// SPDX-License-Identifier: GPL-2.0

//! Reno: half the window at a loss, and a packet more each round trip.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Owned,
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: NewReno,
    name: "tcp_newreno",
    authors: ["You"],
    description: "Reno congestion control",
    license: "GPL",
}

struct NewReno;

impl kernet::Module for NewReno {
    type State = ();
    type Parts = tcp::Registration<NewReno>;
}

kernet::slot!(NewReno: tcp::Slot);

#[vtable]
impl CongestionControl for NewReno {
    const NAME: &'static str = "newreno";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(NewReno)
    }

    fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        (socket.cwnd() / 2).max(2)
    }

    fn cong_avoid(&mut self, socket: &mut Socket<'_>, _ack: u32, acked: u32, _owned: Owned<'_>) {
        if !socket.is_cwnd_limited() {
            return;
        }
        // What slow start leaves, up to the threshold.
        let left = socket.slow_start(acked);
        let cwnd = socket.cwnd();
        socket.additive_increase(cwnd, left);
    }

    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        socket.cwnd().max(socket.prior_cwnd())
    }
}
