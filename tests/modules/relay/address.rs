// SPDX-License-Identifier: GPL-2.0

//! `RTM_NEWADDR`, `RTM_DELADDR`, `RTM_GETADDR`.

use core::num::NonZero;
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use kernet::{
    context::{
        Process,
        Rtnl, //
    },
    error::eaddrnotavail,
    netlink::{
        Do,
        Dump,
        DumpOfAll,
        Entries,
        Full,
        Message,
        Replied,
        Reply,
        Request,
        UnderRtnl,
        Unlocked, //
    },
    netns::Net,
    nlattr::{
        Attrs,
        Policy,
        Table,
        Writer, //
    },
    rtnl::message::{
        group,
        rtm,
        Handler,
        Handlers,
        Notification, //
    }, //
};

use crate::{
    other,
    Relay, //
};

impl Handlers for Relay {
    // Nobody's.
    const FAMILY: u8 = 100;

    const HANDLERS: &'static [Handler<Self>] = &[
        Handler::new_do::<Add, 3>(),
        Handler::new_do::<Delete, 3>(),
        Handler::new_do::<Get, 3>(),
        Handler::new_dump_of_all::<Get, 3>(),
        Handler::new_dump::<other::Count, 2>(),
        Handler::new_do::<other::Root, 2>(),
        Handler::new_dump::<other::One, 2>(),
    ];
}

kernet::netlink_struct! {
    /// `struct ifaddrmsg`.
    pub(crate) struct Header {
        family: u8,
        prefixlen: u8,
        flags: u8,
        scope: u8,
        index: u32,
    }
}

const LOCAL: u16 = 2;

static POLICY: Table<3> = Table::new(&[(LOCAL, Policy::U32.min(1))]);

impl Header {
    fn of(index: u32) -> Self {
        Self {
            family: Relay::FAMILY,
            prefixlen: 32,
            flags: 0,
            scope: 0,
            index,
        }
    }
}

struct New;

impl Message for New {
    const TYPE: u16 = rtm::NEWADDR;

    type Header = Header;
    type Builder = Writer<'static>;
}

impl Notification for New {
    const GROUP: u32 = group::PHONET_IFADDR;
}

struct Gone;

impl Message for Gone {
    const TYPE: u16 = rtm::DELADDR;

    type Header = Header;
    type Builder = Writer<'static>;
}

impl Notification for Gone {
    const GROUP: u32 = group::PHONET_IFADDR;
}

type Asked<'a> = Request<'a, Header, Attrs<'static>>;

fn local(request: &Asked<'_>) -> Result<u32> {
    request.required(LOCAL)?.value().ok_or(EINVAL)
}

struct Add;

impl Do<3> for Add {
    const TYPE: u16 = rtm::NEWADDR;
    const POLICY: &'static Table<3> = &POLICY;

    type Header = Header;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = Unlocked;

    fn run(request: &Asked<'_>, reply: Reply<'_, ()>, process: Process<'_>) -> Result<Replied> {
        let (net, local) = (request.net(), local(request)?);
        let addresses = request.state::<Relay>().ok_or(ENODEV)?;
        let index = request.header().index;
        let mut table = addresses.table.lock();
        if request.exclusive() && table.get(&local).is_some() {
            drop(table);
            return Err(request.extack().bad_attr(
                request.get(LOCAL),
                EEXIST,
                fmt!("there is an address {local} already"),
            ));
        }
        table.try_create_and_insert(local, index, GFP_KERNEL)?;
        addresses.generation.fetch_add(1, Relaxed);
        drop(table);
        New::notify(net, Some(request), Header::of(index), process, |message| {
            message.put_u32(LOCAL, local)
        });
        Ok(reply.ack_only())
    }
}

struct Delete;

impl Do<3> for Delete {
    const TYPE: u16 = rtm::DELADDR;
    const BULK: bool = true;
    const POLICY: &'static Table<3> = &POLICY;

    type Header = Header;
    type Request = Attrs<'static>;
    type Reply = ();
    type Lock = UnderRtnl;

    fn run(request: &Asked<'_>, reply: Reply<'_, ()>, rtnl: Rtnl<'_>) -> Result<Replied> {
        let net = request.net();
        let addresses = request.state::<Relay>().ok_or(ENODEV)?;
        if request.bulk() {
            let mut table = addresses.table.lock();
            let all = core::mem::replace(&mut *table, kernel::rbtree::RBTree::new());
            addresses.generation.fetch_add(1, Relaxed);
            drop(table);
            drop(all);
            return Ok(reply.ack_only());
        }
        let local = local(request)?;
        let removed = addresses.table.lock().remove(&local);
        let index = removed.ok_or_else(|| {
            let attr = request.get(LOCAL);
            request
                .extack()
                .bad_attr(attr, eaddrnotavail(), fmt!("there is no address {local}"))
        })?;
        addresses.generation.fetch_add(1, Relaxed);
        Gone::notify(net, Some(request), Header::of(index), rtnl, |message| {
            message.put_u32(LOCAL, local)
        });
        Ok(reply.ack_only())
    }
}

struct Get;

impl Do<3> for Get {
    const TYPE: u16 = rtm::GETADDR;
    const POLICY: &'static Table<3> = &POLICY;

    type Header = Header;
    type Request = Attrs<'static>;
    type Reply = New;
    type Lock = Unlocked;

    fn run(request: &Asked<'_>, reply: Reply<'_, New>, process: Process<'_>) -> Result<Replied> {
        let local = local(request)?;
        let addresses = request.state::<Relay>().ok_or(ENODEV)?;
        let index = addresses.table.lock().get(&local).copied();
        let header = Header::of(index.ok_or(eaddrnotavail())?);
        reply.send(header, process, |message| message.put_u32(LOCAL, local))
    }
}

kernet::netlink_struct! {
    /// Where a dump goes on, and the device whose addresses it shows, or 0.
    pub(crate) struct Position {
        next: u64,
        index: u32,
        reserved: u32,
    }
}

impl Position {
    fn new(index: u32) -> Self {
        Self {
            next: 0,
            index,
            reserved: 0,
        }
    }
}

impl Dump<3> for Get {
    const TYPE: u16 = rtm::GETADDR;
    const POLICY: &'static Table<3> = &POLICY;

    type Header = Header;
    type Request = Attrs<'static>;
    type Entry = New;
    type State = Position;
    type Lock = UnderRtnl;

    fn start(request: &Asked<'_>, _rtnl: Rtnl<'_>) -> Result<Position> {
        if let Some(attr) = request.get(LOCAL) {
            let why = fmt!("a dump is of all addresses");
            return Err(request.extack().bad_attr(Some(attr), EINVAL, why));
        }
        Ok(Position::new(request.header().index))
    }

    fn run(
        _net: &Net,
        position: &mut Position,
        entries: &mut Entries<'_, New>,
        _rtnl: Rtnl<'_>,
    ) -> Result<(), Full> {
        let addresses = entries.state::<Relay>().ok_or(ENODEV)?;
        let mut table = addresses.table.lock();
        let generation = addresses.generation.load(Relaxed);
        entries.generation(NonZero::new(generation).unwrap_or(NonZero::<u32>::MIN));
        let Ok(next) = u32::try_from(position.next) else {
            return Ok(());
        };
        let mut cursor = table.cursor_lower_bound_mut(&next);
        while let Some(at) = cursor {
            let (local, index) = at.current();
            if position.index == 0 || position.index == *index {
                entries.put(Header::of(*index), |message| message.put_u32(LOCAL, *local))?;
            }
            position.next = u64::from(*local).saturating_add(1);
            cursor = at.move_next();
        }
        Ok(())
    }
}

impl DumpOfAll<3> for Get {
    fn all(_net: &Net, _rtnl: Rtnl<'_>) -> Position {
        Position::new(0)
    }
}
