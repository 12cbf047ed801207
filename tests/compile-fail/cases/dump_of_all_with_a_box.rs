// SPDX-License-Identifier: GPL-2.0
// error: Value` is not satisfied

//! A part of a dump of all families whose state nobody would drop.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    netlink::{Dump, DumpOfAll, Entries, Full, Message, Request, UnderRtnl},
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
    type State = KBox<u32>;
    type Lock = UnderRtnl;

    fn start(_: &Request<'_, [u8; 4], Attrs<'static>>, _: Rtnl<'_>) -> Result<KBox<u32>> {
        Err(EINVAL)
    }

    fn run(_: &Net, _: &mut KBox<u32>, _: &mut Entries<'_, Mine>, _: Rtnl<'_>) -> Result<(), Full> {
        Ok(())
    }
}

impl DumpOfAll<1> for Mine {
    fn all(_: &Net, _: Rtnl<'_>) -> KBox<u32> {
        loop {}
    }
}
