// SPDX-License-Identifier: GPL-2.0
// error: cannot be sent between threads safely

//! A state that is dropped on another CPU than that which made it, and must not be.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*, types::NotThreadSafe};
use kernet::{
    context::Owned,
    tcp::{self, CongestionControl, Socket},
};

kernet::module! {
    type: Mine,
    name: "state_of_another_task",
    authors: ["Nobody"],
    description: "Drops what is a task's elsewhere",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = tcp::Registration<State>;
}

struct State(NotThreadSafe);

kernet::slot!(State: tcp::Slot);

#[vtable]
impl CongestionControl for State {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(State(NotThreadSafe))
    }

    fn cong_avoid(&mut self, _: &mut Socket<'_>, _: u32, _: u32, _: Owned<'_>) {}
}
