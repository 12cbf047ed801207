// SPDX-License-Identifier: GPL-2.0
// error: no such multicast group

//! A multicast group that the protocol does not have.

#![forbid(unsafe_code)]

use kernet::{
    netlink::{
        socket::{Group, Handler, Notification, Slot, Socket},
        Message,
    },
    netns::Net,
    nlattr::Writer,
};

struct Mine;

kernet::slot!(Mine: Slot);

impl Socket for Mine {
    const UNIT: u8 = 31;
    const GROUPS: u32 = 1;
    const HANDLERS: &'static [Handler<Self>] = &[];
}

struct Second;

impl Group for Second {
    type Socket = Mine;

    const NUMBER: u32 = 2;
}

struct Event;

impl Message for Event {
    const TYPE: u16 = 16;

    type Header = u32;
    type Builder = Writer<'static>;
}

impl Notification for Event {
    type Group = Second;
}

pub fn listeners(net: &Net) -> bool {
    Event::has_listeners(net)
}
