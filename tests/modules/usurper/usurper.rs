// SPDX-License-Identifier: GPL-2.0

//! Has a handler that nobody has, then one of `relay`: for tests alone.

#![forbid(unsafe_code)]

use kernet::rtnl::message::{
    self,
    rtm,
    Handler,
    Handlers, //
};

#[path = "../rival/nothing.rs"]
mod nothing;

use nothing::Nothing;

kernet::module! {
    type: Usurper,
    name: "usurper",
    authors: ["The kernet developers"],
    description: "Wants what is another module's",
    license: "GPL",
}

struct Usurper;

impl kernet::Module for Usurper {
    type State = ();
    type Parts = message::Registration<Usurper>;
}

impl Handlers for Usurper {
    const FAMILY: u8 = 100;
    const HANDLERS: &'static [Handler<Self>] = &[
        Handler::new_do::<Nothing<{ rtm::NEWROUTE }>, 1>(),
        Handler::new_do::<Nothing<{ rtm::NEWNEIGH }>, 1>(),
    ];
}
