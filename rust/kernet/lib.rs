// SPDX-License-Identifier: GPL-2.0

//! kernet: safe Rust abstractions of Linux networking, for loadable modules.

#[path = "../bindings/lib.rs"]
mod bindings;

/// A function for a table of C's, if the driver has what it is for.
macro_rules! given {
    ($has:expr, $function:expr) => {
        if $has {
            Some($function)
        } else {
            None
        }
    };
}

pub mod address;
pub mod context;
pub mod error;
pub mod ethertype;
pub mod ethtool;
pub mod fib;
pub mod genl;
pub mod inet;
pub mod module;
pub mod napi;
pub mod neighbour;
pub mod netdev;
#[cfg(CONFIG_NETFILTER)]
pub mod netfilter;
pub mod netlink;
pub mod netns;
pub mod nlattr;
pub mod notifier;
pub mod page_pool;
pub mod percpu;
pub mod rcu;
pub mod rtnl;
pub mod skb;
pub mod slot;
pub mod xdp;

#[path = "../wire/lib.rs"]
pub mod wire;

pub use module::Module;

use kernel::prelude::*;

kernel::prelude::module! {
    type: Kernet,
    name: "kernet",
    authors: ["The kernet developers"],
    description: "Safe Rust networking layer",
    license: "GPL",
}

/// `kernet.ko` registers nothing itself.
#[doc(hidden)]
pub struct Kernet;

impl kernel::Module for Kernet {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Kernet)
    }
}

impl Drop for Kernet {
    fn drop(&mut self) {
        // An RCU callback that a user of the crate has left may be code of the crate itself.
        rcu::barrier();
    }
}
