// SPDX-License-Identifier: GPL-2.0

//! Network address translation: which addresses and ports a connection has on either side of this host.
//!
//! C header: [`include/net/netfilter/nf_nat.h`](srctree/include/net/netfilter/nf_nat.h)
//!
//! A [`Nat`] is asked once for each connection, with the packet that opens it. The kernel notes the answer
//! with the connection, and translates all its packets in both directions, and the ICMP errors about them.
//! [`Registration`] is a part of the module; [`enable`] switches NAT on in a namespace, with the connection
//! tracking that it needs.
//!
//! A wing: it is loaded with the module that uses it. If `nf_nat` is a module, the wing loads it.
//!
//! # What can be kept
//!
//! Nothing. A translation belongs to its connection, which the kernel keeps and ends. It holds no code and
//! no data of a module.

mod hook;
mod place;
mod range;
mod registration;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;

kernet::wing_bindings!("nat");

pub use hook::{
    Nat,
    Opening,
    MASQUERADE,
    MAX_HOOKS,
    REDIRECT, //
};
pub use place::{
    Destination,
    LocalIn,
    LocalOut,
    Place,
    Postrouting,
    Prerouting,
    Source, //
};
pub use range::{
    Ports,
    Range, //
};
pub use registration::{
    disable,
    enable,
    Registration,
    Slot, //
};

use kernel::prelude::*;

kernel::prelude::module! {
    type: Translation,
    name: "kernet_nat",
    authors: ["The kernet developers"],
    description: "Network address translation for modules on kernet",
    license: "GPL",
}

/// `kernet_nat.ko` registers nothing itself.
#[doc(hidden)]
pub struct Translation;

impl kernel::Module for Translation {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Translation)
    }
}
