// SPDX-License-Identifier: GPL-2.0

//! A generic netlink family that answers, lists, parses and tells: the Rust twin of
//! `bench_family_c.c`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::{
        self,
        Do,
        Dump,
        Entries,
        Family,
        Full,
        Op,
        Request, //
    },
    nlattr::{
        Policy,
        Table,
        Writer, //
    }, //
};

kernet::module! {
    type: Bench,
    name: "bench_family",
    authors: ["The kernet developers"],
    description: "Generic netlink family",
    license: "GPL",
}

struct Bench;

impl kernet::Module for Bench {
    type State = ();
    type Parts = genl::Registration<Bench>;
}

mod command {
    pub(crate) const GET: u8 = 1;
    pub(crate) const LIST: u8 = 2;
    pub(crate) const PARSE: u8 = 3;
    pub(crate) const NOTIFY: u8 = 4;
    pub(crate) const NOTHING: u8 = 5;
}

mod attr {
    pub(crate) const ID: u16 = 1;
    pub(crate) const NAME: u16 = 2;
    pub(crate) const UP: u16 = 3;
    pub(crate) const VALUE: u16 = 4;
    pub(crate) const ADDRESS: u16 = 5;
    pub(crate) const COUNT: u16 = 6;
    pub(crate) const NEST: u16 = 7;
}

const NESTED: u16 = 16;

static NUMBERS: Table<17> = Table::new(&[
    (1, Policy::U32),
    (2, Policy::U32),
    (3, Policy::U32),
    (4, Policy::U32),
    (5, Policy::U32),
    (6, Policy::U32),
    (7, Policy::U32),
    (8, Policy::U32),
    (9, Policy::U32),
    (10, Policy::U32),
    (11, Policy::U32),
    (12, Policy::U32),
    (13, Policy::U32),
    (14, Policy::U32),
    (15, Policy::U32),
    (16, Policy::U32),
]);
static WITH_ID: Table<2> = Table::new(&[(attr::ID, Policy::U32)]);
static WITH_COUNT: Table<7> = Table::new(&[(attr::COUNT, Policy::U32)]);
static WITH_NEST: Table<8> = Table::new(&[(attr::NEST, Policy::nested(&NUMBERS))]);

impl Family for Bench {
    const NAME: &'static CStr = c"bench_rust";
    const OPS: &'static [Op<Self>] = &[
        Op::new_do::<Get, 2>(),
        Op::new_dump::<List, 7>(),
        Op::new_do::<Parse, 8>(),
        Op::new_do::<Notify, 2>(),
        Op::new_do::<Nothing, 2>(),
    ];
    const GROUPS: &'static [&'static CStr] = &[c"events"];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

fn fill(writer: &mut Writer<'_>, id: u32) -> Result {
    writer.put_u32(attr::ID, id)?;
    writer.put_string(attr::NAME, b"an entry")?;
    writer.put_u8(attr::UP, 1)?;
    writer.put_uint(attr::VALUE, u64::from(id) << 32)?;
    writer.put(attr::ADDRESS, &[2, 0, 0, 0, 0, 1])
}

struct Get;

impl Do<Bench, 2> for Get {
    const COMMAND: u8 = command::GET;
    const POLICY: &'static Table<2> = &WITH_ID;

    fn run(request: &Request<'_, Bench>, process: Process<'_>) -> Result {
        let id = request.attrs().u32(attr::ID);
        let id = id.ok_or_else(|| request.extack().missing(attr::ID))?;
        request.reply(process, |writer| fill(writer, id))
    }
}

struct List;

impl Dump<Bench, 7> for List {
    const COMMAND: u8 = command::LIST;
    const POLICY: &'static Table<7> = &WITH_COUNT;

    /// The next entry.
    type Cursor = u32;

    fn run(
        request: &Request<'_, Bench>,
        cursor: &mut u32,
        entries: &mut Entries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        let count = request.attrs().u32(attr::COUNT).ok_or(EINVAL)?;
        while *cursor < count {
            entries.put(|writer| fill(writer, *cursor))?;
            *cursor = cursor.wrapping_add(1);
        }
        Ok(())
    }
}

struct Parse;

impl Do<Bench, 8> for Parse {
    const COMMAND: u8 = command::PARSE;
    const POLICY: &'static Table<8> = &WITH_NEST;

    fn run(request: &Request<'_, Bench>, _process: Process<'_>) -> Result {
        let extack = request.extack();
        let nested = request
            .attrs()
            .require(attr::NEST, extack)?
            .nested(&NUMBERS, extack)?;
        let attrs = nested.attrs();
        let sum = (1..=NESTED)
            .filter_map(|number| attrs.u32(number))
            .fold(0u32, u32::wrapping_add);
        if sum == u32::from(NESTED) * (u32::from(NESTED) + 1) / 2 {
            Ok(())
        } else {
            Err(ERANGE)
        }
    }
}

struct Notify;

impl Do<Bench, 2> for Notify {
    const COMMAND: u8 = command::NOTIFY;
    const POLICY: &'static Table<2> = &WITH_ID;

    fn run(request: &Request<'_, Bench>, process: Process<'_>) -> Result {
        // A listener that has no room left is told so by its socket.
        let _ = genl::multicast::<Bench, 0>(request.net(), command::NOTIFY, process, |writer| {
            fill(writer, 1)
        });
        Ok(())
    }
}

struct Nothing;

impl Do<Bench, 2> for Nothing {
    const COMMAND: u8 = command::NOTHING;
    const POLICY: &'static Table<2> = &WITH_ID;

    fn run(_request: &Request<'_, Bench>, _process: Process<'_>) -> Result {
        Ok(())
    }
}
