// SPDX-License-Identifier: GPL-2.0
// error: not a group of rtnetlink's

//! A group that the core would look for outside of its listeners.

#![forbid(unsafe_code)]

use kernet::{
    context::Rtnl,
    netlink::{Message, Request},
    netns::Net,
    nlattr::{Attrs, Writer},
    rtnl::message::Notification,
};

pub struct Event;

impl Message for Event {
    const TYPE: u16 = 20;

    type Header = [u8; 4];
    type Builder = Writer<'static>;
}

impl Notification for Event {
    const GROUP: u32 = 1 << 16;
}

pub fn tell(net: &Net, request: &Request<'_, [u8; 4], Attrs<'static>>, rtnl: Rtnl<'_>) {
    Event::notify(net, Some(request), [0; 4], rtnl, |_| Ok(()));
}
