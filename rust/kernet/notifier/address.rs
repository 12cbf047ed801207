// SPDX-License-Identifier: GPL-2.0

//! Notifiers of addresses.

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

/// A change of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpAddressEvent {
    /// The device has the address (`NETDEV_UP`). Reported again when a secondary IPv4 address
    /// becomes primary.
    #[doc(alias = "NETDEV_UP")]
    Added,
    /// The device no longer has the address (`NETDEV_DOWN`).
    #[doc(alias = "NETDEV_DOWN")]
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

/// A notifier of the IPv4 addresses of devices in all namespaces (`register_inetaddr_notifier()`).
///
/// What `ip address change` changes (lifetimes, flags) is not reported.
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
#[doc(alias = "register_inetaddr_notifier")]
pub trait Ipv4AddressNotifier: Send + Sync + 'static {
    /// Reports a change of `address` (`notifier_block::notifier_call`).
    #[doc(alias = "notifier_block::notifier_call")]
    fn event(event: IpAddressEvent, address: &Ipv4Address, rtnl: Rtnl<'_>);
}

/// A notifier of the IPv6 addresses of devices in all namespaces (`register_inet6addr_notifier()`).
///
/// Duplicate address detection, lifetimes and flags are not reported.
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
#[doc(alias = "register_inet6addr_notifier")]
pub trait Ipv6AddressNotifier: Send + Sync + 'static {
    /// Reports a change of `address` (`notifier_block::notifier_call`).
    ///
    /// An address from a router advertisement is added in softirq, without RTNL. It may be removed,
    /// and the removal reported, before the addition is reported: ask [`Ipv6Address::is_dead`] and
    /// [`Ipv6Address::is_assigned`].
    #[doc(alias = "notifier_block::notifier_call")]
    fn event(event: IpAddressEvent, address: &Ipv6Address, rcu: Rcu<'_>);
}

/// The chain that calls an [`Ipv4AddressNotifier`] (`inetaddr_chain`).
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

/// The chain that calls an [`Ipv6AddressNotifier`] (`inet6addr_chain`).
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
