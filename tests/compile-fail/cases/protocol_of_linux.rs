// SPDX-License-Identifier: GPL-2.0
// error: not a number that is free for a protocol of one's own

//! A netlink protocol that Linux has: `NETLINK_USERSOCK`.

#![forbid(unsafe_code)]

use kernet::netlink::socket::{Handler, Registration, Slot, Socket};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["You"],
    description: "Wants a protocol of Linux's",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = Registration<Mine>;
}

kernet::slot!(Mine: Slot);

impl Socket for Mine {
    const UNIT: u8 = 2;
    const HANDLERS: &'static [Handler<Self>] = &[];
}
