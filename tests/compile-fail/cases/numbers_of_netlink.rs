// SPDX-License-Identifier: GPL-2.0
// error: a header of more than 256 bytes
// error: too many multicast groups
// error: per-namespace state of more than 1 MiB

//! Sizes and numbers that C would cut to 32 bits, round up to none, or index by.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::{self, Do, FamilyServer, FamilySpec, Op, Replied, Reply, Request},
    netlink::socket,
    netns::{self, Net},
    nlattr::{Attrs, Policies, Writer},
};

kernet::module! {
    type: Mine,
    name: "numbers",
    authors: ["Nobody"],
    description: "Lends the kernel's heap to userspace",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = Large;
    type Parts = (genl::Registration<Mine>, socket::Registration<Mine>);
}

struct Large(#[allow(dead_code)] [u8; 1 << 20]);

impl netns::NetState for Large {
    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Err(ENOMEM)
    }
}

struct Spec;

kernet::slot!(Spec: genl::Slot);

impl FamilySpec for Spec {
    const NAME: &'static CStr = c"numbers";
    const HEADER: usize = 1 << 32;
}

impl FamilyServer for Mine {
    type Spec = Spec;
    type Socket = ();

    const OPS: &'static [Op<Self>] = &[Op::new_do::<Mine>()];
}

impl Do<Mine> for Mine {
    const COMMAND: u8 = 1;
    const POLICIES: Option<Policies> = None;

    type Request = Attrs<'static>;
    type Reply = Writer<'static>;

    fn run(
        request: &Request<'_, Mine, Attrs<'static>>,
        reply: Reply<'_, Writer<'static>>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let bytes: [u8; 1000] = request.header().ok_or(EINVAL)?;
        reply.send(process, |message| message.put(1, &bytes))
    }
}

kernet::slot!(Mine: socket::Slot);

impl socket::Socket for Mine {
    const UNIT: u8 = 31;
    const GROUPS: u32 = u32::MAX;
    const HANDLERS: &'static [socket::Handler<Self>] = &[];
}
