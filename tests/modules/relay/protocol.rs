// SPDX-License-Identifier: GPL-2.0

//! The protocol, number 31.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::Process,
    netlink::{
        socket::{
            Group,
            Handler,
            Notification,
            Slot,
            Socket, //
        },
        Access,
        Do,
        Dump,
        Entries,
        Full,
        Message,
        Replied,
        Reply,
        Request,
        Unlocked, //
    },
    netns::Net,
    nlattr::{
        Attrs,
        Table,
        Writer, //
    }, //
};

use crate::{
    Counting,
    Relay,
    ALIVE,
    NUMBER,
    NUMBERS, //
};

/// How many listen.
static LISTENERS: Atomic<u32> = Atomic::<u32>::new(0);

kernet::slot!(Relay: Slot);

impl Socket for Relay {
    const UNIT: u8 = 31;
    const GROUPS: u32 = 40;
    const ANYBODY_LISTENS: bool = true;
    const HANDLERS: &'static [Handler<Self>] = &[
        Handler::new_do::<Echo, 2>(),
        Handler::new_do::<Count, 2>(),
        Handler::new_dump::<Numbers<17, false>, 2>(),
        Handler::new_do::<Tell, 2>(),
        Handler::new_do::<Mine, 2>(),
        Handler::new_dump::<Numbers<19, true>, 2>(),
        Handler::new_do::<TellOne, 2>(),
    ];

    fn bind(_net: &Net, group: u32, _process: Process<'_>) -> Result {
        if group == 2 {
            return Err(EDOM);
        }
        LISTENERS.fetch_add(1, Relaxed);
        Ok(())
    }

    fn unbind(_net: &Net, _group: u32, _process: Process<'_>) {
        LISTENERS.fetch_sub(1, Relaxed);
    }
}

type Asked<'a> = Request<'a, u32, Attrs<'static>>;

/// A number in the header, and one in an attribute.
pub(crate) struct Said;

impl Message for Said {
    const TYPE: u16 = 16;

    type Header = u32;
    type Builder = Writer<'static>;
}

pub(crate) struct Last;

impl Group for Last {
    type Socket = Relay;

    const NUMBER: u32 = 40;
}

impl Notification for Said {
    type Group = Last;
}

/// Answers with what it was sent.
pub(crate) struct Echo;

impl Do<2> for Echo {
    const TYPE: u16 = 16;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Reply = Said;
    type Lock = Unlocked;

    fn run(request: &Asked<'_>, reply: Reply<'_, Said>, process: Process<'_>) -> Result<Replied> {
        let number: u32 = request.required(NUMBER)?.value().ok_or(EINVAL)?;
        reply.send(*request.header(), process, |message| {
            message.put_u32(NUMBER, number)
        })
    }
}

/// Says how many states of dumps are alive, and how many listen.
pub(crate) struct Count;

impl Do<2> for Count {
    const TYPE: u16 = 17;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Reply = Said;
    type Lock = Unlocked;

    fn run(_request: &Asked<'_>, reply: Reply<'_, Said>, process: Process<'_>) -> Result<Replied> {
        reply.send(ALIVE.load(Relaxed), process, |message| {
            message.put_u32(NUMBER, LISTENERS.load(Relaxed))
        })
    }
}

/// Counts, as a dump of a type, for anybody or for the administrator of the namespace.
pub(crate) struct Numbers<const TYPE: u16, const ADMIN: bool>;

impl<const TYPE: u16, const ADMIN: bool> Dump<2> for Numbers<TYPE, ADMIN> {
    const TYPE: u16 = TYPE;
    const ACCESS: Access = if ADMIN {
        Access::NamespaceAdmin
    } else {
        Access::Any
    };
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Entry = Said;
    type State = Counting;
    type Lock = Unlocked;

    fn start(request: &Asked<'_>, _process: Process<'_>) -> Result<Counting> {
        Counting::new(request.u32(NUMBER).unwrap_or(0))
    }

    fn run(
        _net: &Net,
        counting: &mut Counting,
        entries: &mut Entries<'_, Said>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        counting.run(entries, 0)
    }
}

/// Tells the group.
pub(crate) struct Tell;

impl Do<2> for Tell {
    const TYPE: u16 = 18;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(request: &Asked<'_>, reply: Reply<'_, ()>, process: Process<'_>) -> Result<Replied> {
        let number = request.u32(NUMBER).unwrap_or(0);
        Said::multicast(request.net(), 0, process, |message| {
            message.put_u32(NUMBER, number)
        })?;
        Ok(reply.ack_only())
    }
}

/// Tells the socket of the number in the header.
pub(crate) struct TellOne;

impl Do<2> for TellOne {
    const TYPE: u16 = 20;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(request: &Asked<'_>, reply: Reply<'_, ()>, process: Process<'_>) -> Result<Replied> {
        let number = request.u32(NUMBER).unwrap_or(0);
        Said::unicast(request.net(), *request.header(), 0, process, |message| {
            message.put_u32(NUMBER, number)
        })?;
        Ok(reply.ack_only())
    }
}

/// For the administrator of the namespace.
pub(crate) struct Mine;

impl Do<2> for Mine {
    const TYPE: u16 = 19;
    const ACCESS: Access = Access::NamespaceAdmin;
    const POLICY: &'static Table<2> = &NUMBERS;

    type Header = u32;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(_request: &Asked<'_>, reply: Reply<'_, ()>, _process: Process<'_>) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}
