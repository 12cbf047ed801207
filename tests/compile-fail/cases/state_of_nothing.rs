// SPDX-License-Identifier: GPL-2.0
// error: module `private` is private

//! State of one's own that takes no memory, as that of a module without state.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netns::{self, Net},
};

pub struct Numbers(KVec<u64>);

static NUMBERS: Numbers = Numbers(KVec::new());

impl netns::NetState for Numbers {
    const NOTHING: Option<netns::private::Nothing<Self>> = Some(netns::private::Nothing(&NUMBERS));

    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Numbers(KVec::new()))
    }
}
