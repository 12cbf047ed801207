// SPDX-License-Identifier: GPL-2.0

//! Has the netlink protocol of `relay`, after a handler that nobody has: for tests alone.

#![forbid(unsafe_code)]

use kernet::{
    netlink::socket,
    rtnl::message::{
        self,
        rtm,
        Handler,
        Handlers, //
    }, //
};

mod nothing;

use nothing::Nothing;

kernet::module! {
    type: Rival,
    name: "rival",
    authors: ["The kernet developers"],
    description: "Wants what is another module's",
    license: "GPL",
}

struct Rival;

impl kernet::Module for Rival {
    type State = ();
    type Parts = (message::Registration<Rival>, socket::Registration<Rival>);
}

impl Handlers for Rival {
    const FAMILY: u8 = 100;
    const HANDLERS: &'static [Handler<Self>] =
        &[Handler::new_do::<Nothing<{ rtm::NEWROUTE }>, 1>()];
}

kernet::slot!(Rival: socket::Slot);

impl socket::Socket for Rival {
    const UNIT: u8 = 31;
    const HANDLERS: &'static [socket::Handler<Self>] =
        &[socket::Handler::new_do::<Nothing<16>, 1>()];
}
