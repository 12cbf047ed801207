// SPDX-License-Identifier: GPL-2.0

//! Handlers of every other kind: a dump whose state is in a box, one in a read-side section, and an
//! operation for the host's administrator alone.

use kernel::prelude::*;
use kernet::{
    context::{
        Process,
        Rcu, //
    },
    netlink::{
        Access,
        Do,
        Dump,
        Entries,
        Full,
        Message,
        Replied,
        Reply,
        Request,
        UnderRcu,
        Unlocked, //
    },
    netns::Net,
    nlattr::{
        Attrs,
        Table,
        Writer, //
    },
    rtnl::message::{
        rtm,
        Handlers, //
    }, //
};

use crate::{
    Counting,
    Relay,
    NUMBER,
    NUMBERS, //
};

type Family = [u8; 4];
const FAMILY: Family = [Relay::FAMILY, 0, 0, 0];

pub(crate) struct Numbered;

impl Message for Numbered {
    const TYPE: u16 = rtm::NEWROUTE;

    type Header = Family;
    type Builder = Writer<'static>;
}

pub(crate) struct Count;

impl Dump<2> for Count {
    const TYPE: u16 = rtm::GETROUTE;
    const POLICY: &'static Table<2> = &NUMBERS;
    const SPLIT_DONE: bool = true;

    type Header = Family;
    type Request = Attrs<'static>;
    type Entry = Numbered;
    type State = Counting;
    type Lock = Unlocked;

    fn start(
        request: &Request<'_, Family, Attrs<'static>>,
        _process: Process<'_>,
    ) -> Result<Counting> {
        Counting::new(request.u32(NUMBER).unwrap_or(0))
    }

    fn run(
        _net: &Net,
        counting: &mut Counting,
        entries: &mut Entries<'_, Numbered>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        counting.run(entries, FAMILY)
    }
}

pub(crate) struct Root;

impl Do<2> for Root {
    const TYPE: u16 = rtm::NEWNEIGH;
    const ACCESS: Access = Access::Admin;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = Family;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = UnderRcu;

    fn run(
        _request: &Request<'_, Family, Attrs<'static>>,
        reply: Reply<'_, ()>,
        _rcu: Rcu<'_>,
    ) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}

pub(crate) struct One;

impl Dump<2> for One {
    const TYPE: u16 = rtm::GETNEIGH;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = Family;
    type Request = Attrs<'static>;
    type Entry = Numbered;
    type State = bool;
    type Lock = UnderRcu;

    fn start(_request: &Request<'_, Family, Attrs<'static>>, _rcu: Rcu<'_>) -> Result<bool> {
        Ok(false)
    }

    fn run(
        _net: &Net,
        done: &mut bool,
        entries: &mut Entries<'_, Numbered>,
        _rcu: Rcu<'_>,
    ) -> Result<(), Full> {
        if !*done {
            entries.put(FAMILY, |message| message.put_u32(NUMBER, 1))?;
            *done = true;
        }
        Ok(())
    }
}
