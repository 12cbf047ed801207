// SPDX-License-Identifier: GPL-2.0
// error: per-namespace state is aligned by kmalloc: to 8 bytes

//! State of a namespace that the core would put at any address.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netns::{self, Net},
};

kernet::module! {
    type: Mine,
    name: "state_out_of_alignment",
    authors: ["Nobody"],
    description: "Has state where it must not be",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = Aligned;
    type Parts = ();
}

#[repr(align(16))]
struct Aligned;

impl netns::NetState for Aligned {
    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Aligned)
    }
}
