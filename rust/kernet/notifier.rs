// SPDX-License-Identifier: GPL-2.0

//! Notifiers of network devices, addresses and neighbours.
//!
//! C header: [`include/linux/notifier.h`](srctree/include/linux/notifier.h)
//!
//! | chain             | trait                   | context  | reported                               |
//! |-------------------|-------------------------|----------|----------------------------------------|
//! | [`Devices`]       | [`DeviceNotifier`]      | [`Rtnl`] | changes, and at load and unload all    |
//! | [`Ipv4Addresses`] | [`Ipv4AddressNotifier`] | [`Rtnl`] | changes                                |
//! | [`Ipv6Addresses`] | [`Ipv6AddressNotifier`] | [`Rcu`]  | changes                                |
//! | [`Neighbours`]    | [`NeighbourNotifier`]   | [`Rcu`]  | changes                                |
//!
//! A notifier with [`Rcu`] may run under locks that sending a packet takes, such as that of the
//! neighbour table: it cannot send packets.
//!
//! Each notifier covers all namespaces. [`fib`](crate::fib) reports routes, per namespace.
//!
//! [`Rtnl`]: crate::context::Rtnl
//! [`Rcu`]: crate::context::Rcu

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    error::to_result,
    module::{
        failed,
        Part, //
    }, //
};

mod address;
mod device;
mod neighbour;

pub use crate::netdev::DeviceEvent;
pub use address::{
    IpAddressEvent,
    Ipv4AddressNotifier,
    Ipv4Addresses,
    Ipv6AddressNotifier,
    Ipv6Addresses, //
};
pub use device::{
    DeviceNotifier,
    Devices, //
};
pub use neighbour::{
    NeighbourNotifier,
    Neighbours, //
};

/// A notifier chain of the kernel, which calls an `N` (`notifier_block`).
///
/// # Safety
///
/// - `register` registers the block or fails.
/// - `unregister` returns with no call of the block running or to come.
#[doc(alias = "notifier_block")]
pub unsafe trait Chain<N>: 'static {
    /// What the log calls it.
    #[doc(hidden)]
    const NAME: &'static str;

    /// # Safety
    ///
    /// The block is valid, and stays at its place until `unregister` has returned. Its callback
    /// calls `call`.
    #[doc(hidden)]
    unsafe fn register(block: *mut bindings::notifier_block) -> c_int;

    /// # Safety
    ///
    /// `register` has succeeded for the block. May sleep.
    #[doc(hidden)]
    unsafe fn unregister(block: *mut bindings::notifier_block);

    /// # Safety
    ///
    /// The chain calls, with this event.
    #[doc(hidden)]
    unsafe fn call(event: u32, info: *mut c_void);
}

/// The registration of `N` with a notifier chain (`register_netdevice_notifier()`).
///
/// Unregistering waits for calls that run: by RTNL, the chain's own lock or a grace period.
#[doc(alias = "register_netdevice_notifier")]
#[doc(alias = "register_inetaddr_notifier")]
#[doc(alias = "register_inet6addr_notifier")]
#[doc(alias = "register_netevent_notifier")]
pub struct Registration<N, C: Chain<N> = Devices> {
    block: Opaque<bindings::notifier_block>,
    _notifier: PhantomData<fn() -> (N, C)>,
}

// SAFETY: Only the core touches the block, under its own lock.
unsafe impl<N, C: Chain<N>> Send for Registration<N, C> {}
// SAFETY: As above.
unsafe impl<N, C: Chain<N>> Sync for Registration<N, C> {}

// SAFETY: By the promise of `Chain`.
unsafe impl<N, C: Chain<N>> Part for Registration<N, C> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        let block = bindings::notifier_block {
            notifier_call: Some(Self::call),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        to_result(unsafe {
            let field = Opaque::cast_into(&raw const (*slot).block);
            ptr::write(field, block);
            C::register(field)
        })
        .map_err(|e| failed(name, fmt!("{} notifier", C::NAME), e))
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { C::unregister(Opaque::cast_into(&raw const (*slot).block)) };
    }
}

impl<N, C: Chain<N>> Registration<N, C> {
    /// # Safety
    ///
    /// Called by the chain.
    unsafe extern "C" fn call(
        _block: *mut bindings::notifier_block,
        event: usize,
        info: *mut c_void,
    ) -> c_int {
        if let Ok(event) = u32::try_from(event) {
            // SAFETY: By the caller's promise.
            unsafe { C::call(event, info) };
        }
        bindings::NOTIFY_DONE as c_int
    }
}
