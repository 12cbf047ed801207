// SPDX-License-Identifier: GPL-2.0

//! Netlink: requests, replies and dumps of protocols whose messages have a type and a header, and
//! netlink protocols of a module's own.
//!
//! C headers: [`include/linux/netlink.h`](srctree/include/linux/netlink.h),
//! [`include/net/netlink.h`](srctree/include/net/netlink.h)
//!
//! A message has a type, the protocol's header and attributes. For each type, a module has a [`Do`]
//! or a [`Dump`]: for rtnetlink by [`rtnl::message`](crate::rtnl::message), for its own protocol by
//! [`socket`]. Generic netlink is [`genl`](crate::genl).
//!
//! Requests are validated strictly before a handler runs: a short header, unknown attributes, wrong
//! lengths and trailing bytes are refused, and the extended ack points at the place.
//!
//! # Contexts
//!
//! [`Do::Lock`] and [`Dump::Lock`] select the lock that is held, and so the token of the handler:
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
