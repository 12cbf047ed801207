// SPDX-License-Identifier: GPL-2.0
// error: E0053

//! RTNL, in a handler that is registered without.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    netlink::{Do, Replied, Reply, Request, Unlocked},
    nlattr::{Attrs, Table},
    rtnl::message::{Handler, Handlers},
};

pub struct Mine;

impl Handlers for Mine {
    const FAMILY: u8 = 100;
    const HANDLERS: &'static [Handler<Self>] = &[Handler::new_do::<Self, 1>()];
}

static NONE: Table<1> = Table::new(&[]);

impl Do<1> for Mine {
    const TYPE: u16 = 20;
    const POLICY: &'static Table<1> = &NONE;

    type Header = [u8; 4];
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(
        _request: &Request<'_, [u8; 4], Attrs<'static>>,
        reply: Reply<'_, ()>,
        _token: Rtnl<'_>,
    ) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}

pub fn handlers() -> usize {
    Mine::HANDLERS.len()
}
