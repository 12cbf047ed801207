// SPDX-License-Identifier: GPL-2.0

//! The smallest wing: the length of a packet, by a helper of its own. For tests alone.

kernet::wing_bindings!("smallest");

use kernel::prelude::*;
use kernet::{
    door,
    skb::SkbRef, //
};

kernel::prelude::module! {
    type: Smallest,
    name: "kernet_smallest",
    authors: ["The kernet developers"],
    description: "The smallest wing, of the tests",
    license: "GPL",
}

/// Registers nothing.
#[doc(hidden)]
pub struct Smallest;

impl kernel::Module for Smallest {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Smallest)
    }
}

/// The length of a packet.
pub fn length(packet: &SkbRef) -> u32 {
    // SAFETY: Read only. The wing's `sk_buff` is kernet's: this does not compile with another one.
    unsafe { bindings::length(door::sk_buff(packet)) }
}
