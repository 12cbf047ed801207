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
#[cfg(CONFIG_DEBUG_FS)]
pub mod debugfs;
#[doc(hidden)]
pub mod door;
pub mod error;
pub mod ethertype;
pub mod ethtool;
pub mod fib;
pub mod file;
pub mod genl;
pub mod hash;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
#[cfg(not(linux_7_2))]
pub mod miscdevice;
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
#[cfg(CONFIG_PROC_FS)]
pub mod proc_fs;
pub mod random;
pub mod ratelimit;
pub mod rcu;
pub mod rtnl;
pub mod skb;
pub mod slot;
#[cfg(CONFIG_SYSCTL)]
pub mod sysctl;
pub mod tcp;
pub mod timer;
pub mod work;
pub mod xdp;

#[path = "../classify/lib.rs"]
pub mod classify;

#[path = "../wire/lib.rs"]
pub mod wire;

pub use module::Module;

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

kernel::prelude::module! {
    type: Kernet,
    name: "kernet",
    authors: ["The kernet developers"],
    description: "Safe Rust networking layer",
    license: "GPL",
}

/// `kernet.ko` registers a notifier of devices, and is told of namespaces that die: both take care of what
/// refers to one. It registers nothing else.
///
/// Public, as traits' implementations name it. There is one alone, the loader's: dropping it sleeps.
#[doc(hidden)]
pub struct Kernet(Option<(netdev::Watch, ipv6::Watch)>);

/// Whether there has been one.
static LOADED: Atomic<u32> = Atomic::<u32>::new(0);

impl kernel::Module for Kernet {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        match LOADED.xchg(1, Relaxed) {
            // SAFETY: kernet is being loaded, and this is the first.
            0 => Ok(Kernet(Some(unsafe {
                door::switch::init();
                (netdev::Watch::new()?, ipv6::Watch::new()?)
            }))),
            _ => Err(EBUSY),
        }
    }
}

impl Drop for Kernet {
    fn drop(&mut self) {
        self.0 = None;
        ip::retire_offloads();
        // An RCU callback that a user of the crate has left may be code of the crate itself.
        rcu::barrier();
    }
}
