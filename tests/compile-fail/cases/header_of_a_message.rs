// SPDX-License-Identifier: GPL-2.0
// error: a header of more than 256 bytes

//! A request's header that is longer than it can be.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netlink::{Do, Replied, Reply, Request, Unlocked},
    nlattr::{Attrs, Table, Value},
    rtnl::message::{rtm, Handler, Handlers},
};

pub struct Mine;

impl Handlers for Mine {
    const FAMILY: u8 = 100;
    const HANDLERS: &'static [Handler<Self>] = &[Handler::new_do::<Mine, 1>()];
}

pub static HANDLERS: &[Handler<Mine>] = <Mine as Handlers>::HANDLERS;

static NONE: Table<1> = Table::new(&[]);

#[derive(Clone, Copy)]
pub struct Header;

impl Value for Header {
    const SIZE: usize = usize::MAX - 15;

    type Bytes = [u8; 0];

    fn read(_: &[u8]) -> Option<Self> {
        Some(Header)
    }

    fn bytes(self) -> [u8; 0] {
        []
    }
}

impl Do<1> for Mine {
    const TYPE: u16 = rtm::NEWADDR;
    const POLICY: &'static Table<1> = &NONE;

    type Header = Header;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(
        _: &Request<'_, Header, Attrs<'static>>,
        reply: Reply<'_, ()>,
        _: Process<'_>,
    ) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}
