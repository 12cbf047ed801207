// SPDX-License-Identifier: GPL-2.0

//! A handler of rtnetlink messages, for the cases that differ in what it is for.

use kernel::prelude::*;
use kernet::{
    context::Process,
    netlink::{Do, Replied, Reply, Request, Unlocked},
    nlattr::{Attrs, Table},
    rtnl::message::{Handler, Handlers},
};

pub struct Mine<const FAMILY: u8, const TYPE: u16, const BULK: bool>;

impl<const FAMILY: u8, const TYPE: u16, const BULK: bool> Handlers for Mine<FAMILY, TYPE, BULK> {
    const FAMILY: u8 = FAMILY;
    const HANDLERS: &'static [Handler<Self>] = &[Handler::new_do::<Self, 1>()];
}

static NONE: Table<1> = Table::new(&[]);

impl<const FAMILY: u8, const TYPE: u16, const BULK: bool> Do<1> for Mine<FAMILY, TYPE, BULK> {
    const TYPE: u16 = TYPE;
    const BULK: bool = BULK;
    const POLICY: &'static Table<1> = &NONE;

    type Header = [u8; 4];
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(
        _request: &Request<'_, [u8; 4], Attrs<'static>>,
        reply: Reply<'_, ()>,
        _token: Process<'_>,
    ) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}
