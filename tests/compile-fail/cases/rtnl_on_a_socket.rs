// SPDX-License-Identifier: GPL-2.0
// error: WithoutRtnl` is not satisfied

//! A handler under RTNL, of a protocol for which nobody takes it.

#![forbid(unsafe_code)]

use kernet::netlink::{
    socket::{Handler, Socket},
    Do, UnderRtnl,
};

pub fn handler<S: Socket, D: Do<1, Lock = UnderRtnl>>() -> Handler<S> {
    Handler::new_do::<D, 1>()
}
