// SPDX-License-Identifier: GPL-2.0

//! Has the netlink protocol of `relay`, after a handler that nobody has: for tests alone.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netlink::{
        socket,
        Do,
        Replied,
        Reply,
        Request,
        Unlocked, //
    },
    nlattr::{
        Attrs,
        Table, //
    },
    rtnl::message::{
        self,
        rtm,
        Handler,
        Handlers, //
    }, //
};

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

/// Answers with an acknowledgement.
struct Nothing<const TYPE: u16>;

static POLICY: Table<1> = Table::new(&[]);

impl<const TYPE: u16> Do<1> for Nothing<TYPE> {
    const TYPE: u16 = TYPE;
    const POLICY: &'static Table<1> = &POLICY;

    type Header = [u8; 4];
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(
        _request: &Request<'_, [u8; 4], Attrs<'static>>,
        reply: Reply<'_, ()>,
        _process: Process<'_>,
    ) -> Result<Replied> {
        Ok(reply.none())
    }
}

impl socket::Socket for Rival {
    const UNIT: u8 = 31;
    const HANDLERS: &'static [socket::Handler<Self>] =
        &[socket::Handler::new_do::<Nothing<16>, 1>()];

    fn slot() -> &'static socket::Slot {
        static SLOT: socket::Slot = socket::Slot::new();
        &SLOT
    }
}
