// SPDX-License-Identifier: GPL-2.0
// error: this function takes 3 arguments but 2 arguments were supplied

//! A multicast that names no namespace.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::{FamilySpec, Group, McastGroup, Notification, Slot},
    nlattr::Writer,
};

struct Mine;

kernet::slot!(Mine: Slot);

impl FamilySpec for Mine {
    const NAME: &'static CStr = c"mine";
    const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"events")];
}

struct First;

impl Group for First {
    type Spec = Mine;
    const INDEX: usize = 0;
}

struct Event;

impl Notification for Event {
    type Group = First;
    type Builder = Writer<'static>;
    const COMMAND: u8 = 1;
}

pub fn tell(process: Process<'_>) -> Result {
    Event::multicast(process, |_| Ok(()))
}
