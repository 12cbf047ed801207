// SPDX-License-Identifier: GPL-2.0

//! A family with every type of attribute and every shape of operation, for tests alone.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::Process,
    genl::{
        self,
        Full,
        Notification,
        Replied, //
    },
    nlattr::Attrs, //
};

mod nl_generated;
mod objects;

use nl_generated::*;

kernet::module! {
    type: Conform,
    name: "conform",
    authors: ["The kernet developers"],
    description: "Generic netlink family of the tests",
    license: "GPL",
}

struct Conform;

impl kernet::Module for Conform {
    type State = objects::Objects;
    type Parts = Registration<Conform>;
}

/// How many values there are that are dropped at the end of a dump, a socket or a hook.
static ALIVE: Atomic<u32> = Atomic::<u32>::new(0);
/// How many sockets listen.
static LISTENERS: Atomic<u32> = Atomic::<u32>::new(0);

pub(crate) struct Counted;

impl Counted {
    fn new() -> Self {
        ALIVE.fetch_add(1, Relaxed);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// What a socket has asked.
pub(crate) struct PerSocket {
    asked: Atomic<u32>,
    _counted: Counted,
}

impl Default for PerSocket {
    fn default() -> Self {
        Self {
            asked: Atomic::<u32>::new(0),
            _counted: Counted::new(),
        }
    }
}

/// A dump that counts.
pub(crate) struct Counting {
    next: u32,
    // In a box, so that a state that is lost is a leak.
    end: KBox<u32>,
    _counted: Counted,
}

/// What the hook lends.
pub(crate) struct Lent<'a> {
    asked: Attrs<'a>,
    _counted: Counted,
}

impl Operations for Conform {
    type Socket = PerSocket;
    type ConformPre<'a> = Lent<'a>;
    type ListDump = Counting;
    type LenientDump = bool;
    type ObjectGetDump = objects::Walk;

    fn conform_pre<'a>(
        request: &genl::Request<'a, Server<Self>, Attrs<'static>>,
        _process: Process<'_>,
    ) -> Result<Lent<'a>> {
        let asked = request.attrs();
        if asked.u8(attr::value::U8) != Some(1) {
            return Err(request.error(EPERM, fmt!("the hook wants u8 to be 1")));
        }
        Ok(Lent {
            asked,
            _counted: Counted::new(),
        })
    }

    fn check(_request: &CheckRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }

    fn echo(
        request: &EchoRequest<'_, Self>,
        reply: EchoReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        reply.send(process, |message| {
            numbers(request, message)?;
            rest(request, message)
        })
    }

    fn list(
        request: &ListRequest<'_, Self>,
        reply: ListReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let number = request.required(attr::value::U8, request.u8())?;
        reply.send(process, |message| {
            message.u8(number.saturating_sub(1)).map(|_| ())
        })
    }

    fn list_start(request: &ListDumpRequest<'_, Self>, _process: Process<'_>) -> Result<Counting> {
        if request.u32() == Some(9) {
            return Err(request.error(EDOM, fmt!("no dump of 9")));
        }
        Ok(Counting {
            next: 0,
            end: KBox::new(request.plain32().unwrap_or(0), GFP_KERNEL)?,
            _counted: Counted::new(),
        })
    }

    fn list_dump(
        request: &ListDumpRequest<'_, Self>,
        dump: &mut Counting,
        entries: &mut ListDumpEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        if request.u32() == Some(8) {
            return Err(request.error(EDOM, fmt!("no entries of 8")).into());
        }
        while dump.next < *dump.end {
            entries.put(|message| message.plain32(dump.next).map(|_| ()))?;
            dump.next = dump.next.saturating_add(1);
        }
        Ok(())
    }

    fn mine(_request: &MineRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }

    fn root(_request: &RootRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }

    fn lenient(_request: &LenientRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }

    fn lenient_start(_: &LenientDumpRequest<'_, Self>, _process: Process<'_>) -> Result<bool> {
        Ok(false)
    }

    fn lenient_dump(
        request: &LenientDumpRequest<'_, Self>,
        done: &mut bool,
        entries: &mut LenientDumpEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        if !*done {
            entries.put(|message| message.u8(request.u8().unwrap_or(0)).map(|_| ()))?;
            *done = true;
        }
        Ok(())
    }

    fn hooked(
        _request: &HookedRequest<'_, Self>,
        lent: Lent<'_>,
        reply: HookedReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let number = lent.asked.u8(attr::value::U8).unwrap_or(0);
        reply.send(process, |message| {
            message.plain32(u32::from(number)).map(|_| ())
        })
    }

    fn count(
        request: &CountRequest<'_, Self>,
        reply: CountReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let before = request.socket(process)?.asked.fetch_add(1, Relaxed);
        reply.send(process, |message| {
            message.plain32(before.wrapping_add(1)).map(|_| ())
        })
    }

    fn bare(_request: &BareRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }

    fn tell(request: &TellRequest<'_, Self>, process: Process<'_>) -> Result {
        let number = request.plain32().unwrap_or(0);
        let fill = |message: &mut reply::Told<'_>| message.plain32(number).map(|_| ());
        if request.everywhere() {
            notify::Told::multicast_everywhere(process, fill)
        } else if request.single() {
            notify::Told::unicast(request.net(), request.portid(), process, fill)
        } else {
            notify::Told::multicast(request.net(), process, fill)
        }
    }

    fn alive(
        _request: &AliveRequest<'_, Self>,
        reply: AliveReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        reply.send(process, |message| {
            message
                .plain32(ALIVE.load(Relaxed))?
                .many(u16::try_from(LISTENERS.load(Relaxed)).unwrap_or(u16::MAX))?;
            Ok(())
        })
    }

    fn object_add(request: &ObjectAddRequest<'_, Self>, _process: Process<'_>) -> Result {
        objects::add(request)
    }

    fn object_del(request: &ObjectDelRequest<'_, Self>, _process: Process<'_>) -> Result {
        objects::delete(request)
    }

    fn object_get_start(
        _request: &ObjectGetRequest<'_, Self>,
        _process: Process<'_>,
    ) -> Result<objects::Walk> {
        Ok(objects::Walk::new())
    }

    fn object_get_dump(
        request: &ObjectGetRequest<'_, Self>,
        walk: &mut objects::Walk,
        entries: &mut ObjectGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        objects::dump(request, walk, entries)
    }

    fn bind(_group: Group, _process: Process<'_>) {
        LISTENERS.fetch_add(1, Relaxed);
    }

    fn unbind(_group: Group, _process: Process<'_>) {
        LISTENERS.fetch_sub(1, Relaxed);
    }
}

/// Puts the numbers of a request into its answer.
fn numbers(request: &EchoRequest<'_, Conform>, message: &mut reply::Echo<'_>) -> Result {
    macro_rules! copy {
        ($($name:ident),+) => {$(
            if let Some(value) = request.$name() {
                message.$name(value)?;
            }
        )+};
    }
    copy!(u8, u16, u32, u64, s8, s16, s32, s64, uint, sint, be16, be32, bits, mask, colour, sparse);
    copy!(plain32, plain64, pair);
    Ok(())
}

/// Puts the rest of a request into its answer.
fn rest(request: &EchoRequest<'_, Conform>, message: &mut reply::Echo<'_>) -> Result {
    macro_rules! copy {
        ($($name:ident),+) => {$(
            if let Some(value) = request.$name() {
                message.$name(value)?;
            }
        )+};
    }
    copy!(text, loose, long, short, any);
    if request.flag() {
        message.flag()?;
    }
    if let Some(key) = request.key() {
        message.key(&key)?;
    }
    if let Some(words) = request.words() {
        let mut kept = [0u32; 8];
        let len = kept
            .iter_mut()
            .zip(words)
            .map(|(to, from)| *to = from)
            .count();
        message.words(kept.get(..len).unwrap_or(&[]))?;
    }
    for value in request.many() {
        message.many(value)?;
    }
    if let Some(inner) = request.inner() {
        message.inner(|nest| copy_inner(&inner, nest))?;
    }
    for inner in request.nests() {
        message.nests(|nest| copy_inner(&inner, nest))?;
    }
    let mut elements = request.array().peekable();
    if elements.peek().is_some() {
        message.array(|array| {
            for (index, element) in elements.clone() {
                array.put(index, |nest| {
                    if let Some(number) = element.number() {
                        nest.number(number)?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn copy_inner(inner: &view::Inner<'_>, nest: &mut build::Inner<'_>) -> Result {
    if let Some(number) = inner.number() {
        nest.number(number)?;
    }
    if let Some(text) = inner.text() {
        nest.text(text)?;
    }
    if let Some(deep) = inner.deep() {
        nest.deep(|nest| {
            if let Some(bottom) = deep.bottom() {
                nest.bottom(bottom)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
