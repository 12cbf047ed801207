// SPDX-License-Identifier: GPL-2.0

//! Link kinds, whose devices `ip link add ... type KIND` makes, and [handlers of
//! messages](message).
//!
//! C header: [`include/net/rtnetlink.h`](srctree/include/net/rtnetlink.h)
//!
//! # Lifetime
//!
//! `RTM_NEWLINK` makes a device. It exists until it is deleted, its namespace dies, or the module
//! is unloaded: [`Registration`] then unregisters all devices of the kind in all namespaces, and
//! waits for that (`rtnl_link_unregister()`).

mod link;
pub mod message;

pub(crate) use link::unregister;
pub use link::{
    Link,
    NewDevice,
    Queues,
    Registration,
    Request, //
};
