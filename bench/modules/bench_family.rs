// SPDX-License-Identifier: GPL-2.0

//! A generic netlink family that answers, lists, parses and tells: the Rust twin of
//! `bench_family_c.c`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::{
        Full,
        Notification,
        Replied, //
    },
};

mod nl_generated;

use nl_generated::{
    attr,
    notify,
    reply,
    GetReply,
    GetRequest,
    ListEntries,
    ListRequest,
    NothingRequest,
    NotifyRequest,
    Operations,
    ParseRequest,
    Registration, //
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
    type Parts = Registration<Bench>;
}

const NESTED: u16 = attr::numbers::N16;

fn fill(message: &mut reply::Get<'_>, id: u32) -> Result {
    message
        .id(id)?
        .name(b"an entry")?
        .up(1)?
        .value(u64::from(id) << 32)?
        .address(&[2, 0, 0, 0, 0, 1])?;
    Ok(())
}

impl Operations for Bench {
    /// The next entry.
    type ListDump = u32;

    fn get(
        request: &GetRequest<'_, Self>,
        reply: GetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let id = request.required(attr::entry::ID, request.id())?;
        reply.send(process, |message| fill(message, id))
    }

    fn list_start(_request: &ListRequest<'_, Self>, _process: Process<'_>) -> Result<u32> {
        Ok(0)
    }

    fn list_dump(
        request: &ListRequest<'_, Self>,
        next: &mut u32,
        entries: &mut ListEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        let count = request.count().ok_or(EINVAL)?;
        while *next < count {
            entries.put(|message| fill(message, *next))?;
            *next = next.wrapping_add(1);
        }
        Ok(())
    }

    fn parse(request: &ParseRequest<'_, Self>, _process: Process<'_>) -> Result {
        let numbers = request.required(attr::entry::NEST, request.nest())?;
        let numbers = numbers.attrs();
        let sum = (1..=NESTED)
            .filter_map(|number| numbers.u32(number))
            .fold(0u32, u32::wrapping_add);
        if sum == u32::from(NESTED) * (u32::from(NESTED) + 1) / 2 {
            Ok(())
        } else {
            Err(ERANGE)
        }
    }

    fn notify(request: &NotifyRequest<'_, Self>, process: Process<'_>) -> Result {
        // A listener that has no room left is told so by its socket.
        let _ = notify::Told::multicast(request.net(), process, |message| fill(message, 1));
        Ok(())
    }

    fn nothing(_request: &NothingRequest<'_, Self>, _process: Process<'_>) -> Result {
        Ok(())
    }
}
