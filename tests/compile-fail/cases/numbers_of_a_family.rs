// SPDX-License-Identifier: GPL-2.0
// error: too many multicast groups
// error: the name of a family or a group has 1 to 15 bytes
// error: a family has at most 255 operations
// error: operations are in the order of their commands, a do before its dump
// error: the last command cannot be validated liberally
// error: the family keeps nothing for a socket

//! Families that the core would refuse, and one that reads what it does not keep.

#![forbid(unsafe_code)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::{
        Do, FamilyServer, FamilySpec, McastGroup, Op, Registration, Replied, Reply, Request, Slot,
        Validation,
    },
    nlattr::{Attrs, Policies, Writer},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_a_family",
    authors: ["Nobody"],
    description: "Reads what is not kept",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        Registration<Server<Grouped, NONE>>,
        Registration<Server<Named, NONE>>,
        Registration<Server<Plain, MANY>>,
        Registration<Server<Plain, BACK>>,
        Registration<Server<Plain, LAST>>,
    );
}

pub struct Plain;
pub struct Grouped;
pub struct Named;

kernet::slot!(Plain: Slot);
kernet::slot!(Grouped: Slot);
kernet::slot!(Named: Slot);

impl FamilySpec for Plain {
    const NAME: &'static CStr = c"plain";
}

impl FamilySpec for Grouped {
    const NAME: &'static CStr = c"grouped";
    const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"group"); 17];
}

impl FamilySpec for Named {
    const NAME: &'static CStr = c"sixteen-letters.";
}

pub const NONE: u8 = 0;
const MANY: u8 = 1;
const BACK: u8 = 2;
const LAST: u8 = 3;

pub struct Server<S, const KIND: u8>(PhantomData<fn() -> S>);

impl<S: FamilySpec, const KIND: u8> Server<S, KIND> {
    const MANY: &'static [Op<Self>] = &[const { Op::new_do::<Ask<1>>() }; 256];
    const BACK: &'static [Op<Self>] = &[Op::new_do::<Ask<2>>(), Op::new_do::<Ask<1>>()];
    const LAST: &'static [Op<Self>] = &[Op::new_do::<Ask<255>>()];
}

impl<S: FamilySpec, const KIND: u8> FamilyServer for Server<S, KIND> {
    type Spec = S;
    type Socket = ();

    const OPS: &'static [Op<Self>] = match KIND {
        MANY => Self::MANY,
        BACK => Self::BACK,
        LAST => Self::LAST,
        _ => &[],
    };
}

struct Ask<const COMMAND: u8>;

impl<F: FamilyServer, const COMMAND: u8> Do<F> for Ask<COMMAND> {
    const COMMAND: u8 = COMMAND;
    const POLICIES: Option<Policies> = None;
    const VALIDATION: Validation = Validation::LIBERAL;

    type Request = Attrs<'static>;
    type Reply = Writer<'static>;

    fn run(
        _: &Request<'_, F, Attrs<'static>>,
        reply: Reply<'_, Writer<'static>>,
        _: Process<'_>,
    ) -> Result<Replied> {
        Ok(reply.ack_only())
    }
}

pub fn read(request: &Request<'_, Server<Plain, NONE>, Attrs<'static>>, process: Process<'_>) {
    drop(request.socket(process));
}
