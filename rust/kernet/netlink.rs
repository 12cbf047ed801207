// SPDX-License-Identifier: GPL-2.0

//! Netlink: requests, answers and dumps of protocols whose messages have a type and a header, and
//! sockets of one's own.
//!
//! C headers: [`include/linux/netlink.h`](srctree/include/linux/netlink.h),
//! [`include/net/netlink.h`](srctree/include/net/netlink.h)
//!
//! A message has a type, the protocol's header and attributes. What a module answers is a [`Do`]
//! or a [`Dump`] for each type: of rtnetlink by [`rtnl::message`](crate::rtnl::message), of a
//! protocol of its own by [`socket`]. Generic netlink is [`genl`](crate::genl).
//!
//! Requests are parsed strictly before they are called: a short header, unknown attributes, wrong
//! lengths and trailing bytes are refused, with an extended ack that says where.
//!
//! # Contexts
//!
//! [`Do::Lock`] and [`Dump::Lock`] say which lock is held, and so which token is lent:
//!
//! | lock           | token                                 |
//! |----------------|---------------------------------------|
//! | [`UnderRtnl`]  | [`Rtnl`](crate::context::Rtnl)        |
//! | [`Unlocked`]   | [`Process`](crate::context::Process)  |
//! | [`UnderRcu`]   | [`Rcu`](crate::context::Rcu)          |

mod access;
mod dump;
mod handler;
mod lock;
mod message;
mod reply;
mod request;
pub mod socket;

pub use access::Access;
pub(crate) use dump::{
    state,
    Batch, //
};
pub use dump::{
    Dump,
    DumpOfAll,
    Entries,
    Full, //
};
pub(crate) use handler::Entry;
pub use lock::{
    Lock,
    Nested,
    UnderRcu,
    UnderRtnl,
    Unlocked,
    WithoutRtnl, //
};
pub use message::Message;
pub(crate) use message::{
    of_userspace,
    sent,
    Buffer,
    Open,
    Recipient, //
};
pub use reply::{
    Replied,
    Reply, //
};
pub use request::{
    Do,
    Request, //
};
