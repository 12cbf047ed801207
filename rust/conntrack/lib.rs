// SPDX-License-Identifier: GPL-2.0

//! Connection tracking: which connection a packet belongs to.
//!
//! C header: [`include/net/netfilter/nf_conntrack.h`](srctree/include/net/netfilter/nf_conntrack.h)
//!
//! The kernel tracks connections in the namespaces where somebody needs it, by hooks that run
//! before a module's. [`Registration`] is a part of the module; [`enable`] switches tracking on in
//! a namespace. Then a [hook](kernet::netfilter::Hook) can get a packet's [`state`] and its
//! [`Connection`].
//!
//! A wing: it is loaded with the module that uses it. If `nf_conntrack` is a module, the wing loads
//! it.
//!
//! # What can be kept
//!
//! Nothing. A namespace that dies waits for the packets of its connections, and all other
//! namespaces that die wait for it. So there are no references to connections: a [`Connection`] is
//! borrowed with its packet, in the hook.

mod connection;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;
mod tracking;

kernet::wing_bindings!("conntrack");

pub use connection::{
    state,
    Connection,
    CtState,
    Direction,
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
        Ok(Conntrack)
    }
}
