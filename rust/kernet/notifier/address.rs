// SPDX-License-Identifier: GPL-2.0

//! Events of addresses.

use kernel::prelude::*;

use super::Chain;
use crate::{
    address::{
        Ipv4Address,
        Ipv6Address, //
    },
    bindings,
    context::{
        Rcu,
        Rtnl, //
    },
};

/// What has happened to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpAddressEvent {
    /// The device has it. Told again of a secondary IPv4 address that becomes primary.
    Added,
    /// The device no longer has it.
    Removed,
}

impl IpAddressEvent {
    fn from_raw(event: u32) -> Option<Self> {
        match event {
            bindings::netdev_cmd_NETDEV_UP => Some(IpAddressEvent::Added),
            bindings::netdev_cmd_NETDEV_DOWN => Some(IpAddressEvent::Removed),
            _ => None,
        }
    }
}

/// Somebody who is told of the IPv4 addresses of all namespaces' devices.
///
/// Of what `ip address change` changes (lifetimes, flags) nobody is told.
///
/// # Examples
///
/// ```
/// use kernet::{
///     address::Ipv4Address,
///     context::Rtnl,
///     notifier::{IpAddressEvent, Ipv4AddressNotifier},
/// };
///
/// impl Ipv4AddressNotifier for Example {
///     fn event(event: IpAddressEvent, address: &Ipv4Address, _rtnl: Rtnl<'_>) {
///         if event == IpAddressEvent::Added {
///             pr_info!("{} has {:?}\n", address.device().name(), address.address());
///         }
///     }
/// }
/// ```
#[doc(alias = "inetaddr_notifier")]
pub trait Ipv4AddressNotifier: Send + Sync + 'static {
    /// Something has happened to `address`.
    fn event(event: IpAddressEvent, address: &Ipv4Address, rtnl: Rtnl<'_>);
}

/// Somebody who is told of the IPv6 addresses of all namespaces' devices.
///
/// Of duplicate address detection, lifetimes and flags nobody is told.
///
/// # Examples
///
/// ```
/// use kernet::{
///     address::Ipv6Address,
///     context::Rcu,
///     notifier::{IpAddressEvent, Ipv6AddressNotifier},
/// };
///
/// impl Ipv6AddressNotifier for Example {
///     fn event(_event: IpAddressEvent, address: &Ipv6Address, rcu: Rcu<'_>) {
///         // The event may be late: ask what is so now.
///         if address.is_assigned(address.device().net(rcu), rcu) {
///             pr_info!("{} has {:?}\n", address.device().name(), address.address());
///         }
///     }
/// }
/// ```
#[doc(alias = "inet6addr_notifier")]
pub trait Ipv6AddressNotifier: Send + Sync + 'static {
    /// Something has happened to `address`.
    ///
    /// An address that a router advertises is added in softirq, without RTNL: it may be removed,
    /// and that be told, before its being added is. [`Ipv6Address::is_dead`] and
    /// [`Ipv6Address::is_assigned`] say so.
    fn event(event: IpAddressEvent, address: &Ipv6Address, rcu: Rcu<'_>);
}

/// The chain that tells an [`Ipv4AddressNotifier`].
#[doc(alias = "inetaddr_chain")]
pub struct Ipv4Addresses;

// SAFETY: The chain is a blocking one: `blocking_notifier_chain_unregister()` takes the lock that
// calls are made under.
unsafe impl<N: Ipv4AddressNotifier> Chain<N> for Ipv4Addresses {
    const NAME: &'static str = "IPv4 address";

    unsafe fn register(block: *mut bindings::notifier_block) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe { bindings::register_inetaddr_notifier(block) }
    }

    unsafe fn unregister(block: *mut bindings::notifier_block) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::unregister_inetaddr_notifier(block) };
    }

    unsafe fn call(event: u32, info: *mut c_void) {
        if let Some(event) = IpAddressEvent::from_raw(event) {
            // SAFETY: The chain passes a `struct in_ifaddr`, under RTNL, as all changes of the
            // list of a device's addresses are made.
            let (address, rtnl) = unsafe { (Ipv4Address::from_raw(info.cast()), Rtnl::assume()) };
            N::event(event, address, rtnl);
        }
    }
}

/// The chain that tells an [`Ipv6AddressNotifier`].
#[doc(alias = "inet6addr_chain")]
pub struct Ipv6Addresses;

// SAFETY: The chain is an atomic one: `atomic_notifier_chain_unregister()` waits for a grace
// period, and calls are made in a read-side section.
unsafe impl<N: Ipv6AddressNotifier> Chain<N> for Ipv6Addresses {
    const NAME: &'static str = "IPv6 address";

    unsafe fn register(block: *mut bindings::notifier_block) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe { bindings::register_inet6addr_notifier(block) }
    }

    unsafe fn unregister(block: *mut bindings::notifier_block) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::unregister_inet6addr_notifier(block) };
    }

    unsafe fn call(event: u32, info: *mut c_void) {
        if let Some(event) = IpAddressEvent::from_raw(event) {
            // SAFETY: The chain passes a `struct inet6_ifaddr` that the caller has a reference to,
            // in a read-side section.
            let (address, rcu) = unsafe { (Ipv6Address::from_raw(info.cast()), Rcu::assume()) };
            N::event(event, address, rcu);
        }
    }
}
