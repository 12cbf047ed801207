// SPDX-License-Identifier: GPL-2.0
// error: no such multicast group

//! A multicast group that the family does not have.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    genl::{FamilySpec, Group, McastGroup, Notification, Slot},
    netns::Net,
    nlattr::Writer,
};

struct Mine;

kernet::slot!(Mine: Slot);

impl FamilySpec for Mine {
    const NAME: &'static CStr = c"mine";
    const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"events")];
}

struct Second;

impl Group for Second {
    type Spec = Mine;
    const INDEX: usize = 1;
}

struct Event;

impl Notification for Event {
    type Group = Second;
    type Builder = Writer<'static>;
    const COMMAND: u8 = 1;
}

pub fn listeners(net: &Net) -> bool {
    Event::has_listeners(net)
}
