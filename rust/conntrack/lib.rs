// SPDX-License-Identifier: GPL-2.0

//! Connection tracking: which connection a packet belongs to.
//!
//! C header: [`include/net/netfilter/nf_conntrack.h`](srctree/include/net/netfilter/nf_conntrack.h)
//!
//! The kernel tracks connections in the namespaces in which somebody needs it, by hooks of its own
//! in front of those of a module. [`Registration`] is a part of the module; [`enable`] switches
//! tracking on in a namespace. Then a [hook](kernet::netfilter::Hook) asks for a packet's
//! [`state`], or for its [`Connection`].
//!
//! A wing: it is loaded with the module that uses it, and loads `nf_conntrack`, where that is a module.
//!
//! # What can be kept
//!
//! Nothing. A namespace that dies waits for the packets of its connections, and all others that die
//! wait for it. So there is no reference to a connection, but only what the packet has: a
//! [`Connection`] is lent for as long as the packet is borrowed in its hook.

mod connection;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;
mod tracking;

kernet::wing_bindings!("conntrack");

pub use connection::{
    state,
    Connection,
    Direction,
    State,
    Tuple, //
};
pub use tracking::{
    disable,
    enable,
    Registration,
    Slot, //
};

use kernel::prelude::*;

kernel::prelude::module! {
    type: Conntrack,
    name: "kernet_conntrack",
    authors: ["The kernet developers"],
    description: "Connection tracking for modules on kernet",
    license: "GPL",
}

/// `kernet_conntrack.ko` registers nothing itself.
#[doc(hidden)]
pub struct Conntrack;

impl kernel::Module for Conntrack {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: Called once, before the symbols of this module can be used.
        unsafe { tracking::SWITCH.init() };
        Ok(Conntrack)
    }
}
