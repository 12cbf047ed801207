// SPDX-License-Identifier: GPL-2.0

//! Has a handler that nobody has, then one of `relay`: for tests alone.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netlink::{
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
