// SPDX-License-Identifier: GPL-2.0

//! A table of addresses of a family of its own, as phonet has one, and a netlink protocol of its own:
//! for tests alone.

#![forbid(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    }, //
};
use kernet::{
    context::Process,
    netlink::{
        self,
        Message, //
    },
    netns::{
        self,
        Net, //
    },
    nlattr::{
        Policy,
        Table,
        Writer, //
    },
    rtnl, //
};

mod address;
mod other;
mod protocol;

kernet::module! {
    type: Relay,
    name: "relay",
    authors: ["The kernet developers"],
    description: "rtnetlink handlers and a netlink protocol of the tests",
    license: "GPL",
}

pub(crate) struct Relay;

impl kernet::Module for Relay {
    type State = Addresses;
    type Parts = (
        rtnl::message::Registration<Relay>,
        netlink::socket::Registration<Relay>,
    );
}

/// The addresses of a namespace, with the devices' numbers.
#[pin_data]
pub(crate) struct Addresses {
    #[pin]
    table: Mutex<RBTree<u32, u32>>,
    /// Counts changes.
    generation: Atomic<u32>,
}

impl netns::NetState for Addresses {
    fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            table <- new_mutex!(RBTree::new()),
            generation: Atomic::<u32>::new(1),
        }? Error)
    }
}

/// How many dumps there are whose state is to be dropped.
static ALIVE: Atomic<u32> = Atomic::<u32>::new(0);

/// A dump that counts, in a box, so that one that is lost is a leak.
pub(crate) struct Counting(KBox<(u32, u32)>);

impl Counting {
    fn new(end: u32) -> Result<Self> {
        let counting = KBox::new((0, end), GFP_KERNEL)?;
        ALIVE.fetch_add(1, Relaxed);
        Ok(Self(counting))
    }

    fn run<M: Message<Builder = Writer<'static>>>(
        &mut self,
        entries: &mut netlink::Entries<'_, M>,
        header: M::Header,
    ) -> Result<(), netlink::Full> {
        let (next, end) = &mut *self.0;
        while *next < *end {
            entries.put(header, |message| message.put_u32(NUMBER, *next))?;
            *next = next.saturating_add(1);
        }
        Ok(())
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// An attribute of everything here that is no address.
const NUMBER: u16 = 1;

static NUMBERS: Table<2> = Table::new(&[(NUMBER, Policy::U32)]);
