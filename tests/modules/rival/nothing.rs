// SPDX-License-Identifier: GPL-2.0

//! A handler that does nothing.

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
    }, //
};

/// Answers with an acknowledgement.
pub(crate) struct Nothing<const TYPE: u16>;

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
        Ok(reply.ack_only())
    }
}
