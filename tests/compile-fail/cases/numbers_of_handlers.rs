// SPDX-License-Identifier: GPL-2.0
// error: only what gets can dump
// error: handlers are in the order of their types, a do before its dump
// error: a request has at most 256 types of attributes
// error: a header of more than 256 bytes
// error: the state of a dump has at most 48 bytes
// error: the state of a part of a dump of all families has at most 40 bytes
// error: only rtnetlink's dumps end apart
// error: types below 16 are netlink's own

//! Dumps that the core would give no memory, or not ask.

#![forbid(unsafe_code)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{
    netlink::{
        socket, Dump, DumpOfAll, Entries, Full, Lock, Message, Request, UnderRtnl, Unlocked,
    },
    netns::Net,
    nlattr::{Attrs, Table, Writer},
    rtnl::message::{Handler, Handlers, Registration},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_handlers",
    authors: ["Nobody"],
    description: "Writes beyond what a dump has",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = Registration<Mine>;
}

impl Handlers for Mine {
    const FAMILY: u8 = 100;
    const HANDLERS: &'static [Handler<Self>] = &[
        Handler::new_dump::<Get<UnderRtnl, 26, 0, 4>, 1>(),
        Handler::new_dump::<Get<UnderRtnl, 22, 0, 4>, 1>(),
    ];
}

kernet::slot!(Mine: socket::Slot);

impl socket::Socket for Mine {
    const UNIT: u8 = 31;
    const HANDLERS: &'static [socket::Handler<Self>] = &[];
}

// Small enough to be compiled only where it is called.
#[inline(never)]
pub fn handlers() -> [Handler<Mine>; 5] {
    [
        Handler::new_dump::<Get<UnderRtnl, 20, 0, 4>, 1>(),
        Handler::new_dump::<Get<UnderRtnl, 22, 0, 4>, 257>(),
        Handler::new_dump::<Get<UnderRtnl, 22, 0, 257>, 1>(),
        Handler::new_dump::<Get<UnderRtnl, 22, 49, 4>, 1>(),
        Handler::new_dump_of_all::<Get<UnderRtnl, 22, 41, 4>, 1>(),
    ]
}

#[inline(never)]
pub fn handlers_of_a_protocol() -> [socket::Handler<Mine>; 2] {
    [
        socket::Handler::new_dump::<Get<Unlocked, 15, 0, 4>, 1>(),
        socket::Handler::new_dump::<Get<Unlocked, 16, 0, 4>, 1>(),
    ]
}

pub struct Entry;

impl Message for Entry {
    const TYPE: u16 = 20;

    type Header = [u8; 4];
    type Builder = Writer<'static>;
}

struct Get<L, const TYPE: u16, const STATE: usize, const HEADER: usize>(PhantomData<L>);

impl<L: Lock, const TYPE: u16, const STATE: usize, const HEADER: usize, const N: usize> Dump<N>
    for Get<L, TYPE, STATE, HEADER>
{
    const TYPE: u16 = TYPE;
    const POLICY: &'static Table<N> = &Table::new(&[]);
    const SPLIT_DONE: bool = true;

    type Header = [u8; HEADER];
    type Request = Attrs<'static>;
    type Entry = Entry;
    type State = [u8; STATE];
    type Lock = L;

    fn start(
        _: &Request<'_, [u8; HEADER], Attrs<'static>>,
        _: L::Token<'_>,
    ) -> Result<[u8; STATE]> {
        Err(EINVAL)
    }

    fn run(
        _: &Net,
        _: &mut [u8; STATE],
        _: &mut Entries<'_, Entry>,
        _: L::Token<'_>,
    ) -> Result<(), Full> {
        Ok(())
    }
}

impl<const TYPE: u16, const STATE: usize, const HEADER: usize, const N: usize> DumpOfAll<N>
    for Get<UnderRtnl, TYPE, STATE, HEADER>
{
    fn all(_: &Net, _: <UnderRtnl as Lock>::Token<'_>) -> [u8; STATE] {
        [0; STATE]
    }
}
