// SPDX-License-Identifier: GPL-2.0
// error: Nested` is not satisfied

//! A part of a dump of all families, which holds RTNL, that might take it.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netlink::{Dump, DumpOfAll, Entries, Full, Message, Request, Unlocked},
    netns::Net,
    nlattr::{Attrs, Table, Writer},
};

pub struct Mine;

static NONE: Table<1> = Table::new(&[]);

impl Message for Mine {
    const TYPE: u16 = 20;

    type Header = [u8; 4];
    type Builder = Writer<'static>;
}

impl Dump<1> for Mine {
    const TYPE: u16 = 22;
    const POLICY: &'static Table<1> = &NONE;

    type Header = [u8; 4];
    type Request = Attrs<'static>;
    type Entry = Mine;
    type State = u64;
    type Lock = Unlocked;

    fn start(_: &Request<'_, [u8; 4], Attrs<'static>>, _: Process<'_>) -> Result<u64> {
        Err(EINVAL)
    }

    fn run(_: &Net, _: &mut u64, _: &mut Entries<'_, Mine>, _: Process<'_>) -> Result<(), Full> {
        Ok(())
    }
}

impl DumpOfAll<1> for Mine {
    fn all(_: &Net, _: Process<'_>) -> u64 {
        loop {}
    }
}
