// SPDX-License-Identifier: GPL-2.0

//! Addresses of network devices.
//!
//! C headers: [`include/linux/inetdevice.h`](srctree/include/linux/inetdevice.h),
//! [`include/net/if_inet6.h`](srctree/include/net/if_inet6.h)
//!
//! Addresses are borrowed from a [notifier](crate::notifier), or from the device that has them.
//! Properties that can change without a notification (lifetimes, most flags) are not shown.

use core::{
    iter::successors,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    ptr, //
};
use kernel::types::Opaque;

use crate::{
    bindings,
    context::{
        Rcu,
        Rtnl, //
    },
    netdev::{
        Device,
        Name, //
    },
    netns::Net, //
};

/// An IPv4 address of a device (`in_ifaddr`). A device may have the same address several times,
/// with different prefixes or peers.
///
/// # Invariants
///
/// RTNL is held as long as it is borrowed.
#[doc(alias = "in_ifaddr")]
#[repr(transparent)]
pub struct Ipv4Address(Opaque<bindings::in_ifaddr>);

// SAFETY: What is read of it does not change as long as it is borrowed, by the type invariants.
unsafe impl Sync for Ipv4Address {}

impl Ipv4Address {
    /// # Safety
    ///
    /// `ptr` is an address of a device for `'a`, or was one when this began, and RTNL is held.
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::in_ifaddr) -> &'a Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    fn raw(&self) -> &bindings::in_ifaddr {
        // SAFETY: Valid by the type. Nobody changes it, by the type invariants, but for its lifetimes
        // and flags when RTNL is held.
        unsafe { &*self.0.get() }
    }

    /// The device that has the address (`in_ifaddr::ifa_dev`).
    #[doc(alias = "in_ifaddr::ifa_dev")]
    pub fn device(&self) -> &Device {
        // SAFETY: An address keeps its `in_device`, and that its device.
        unsafe { Device::from_raw((*self.raw().ifa_dev).dev) }
    }

    /// The address (`ifa_local`).
    #[doc(alias = "ifa_local")]
    pub fn address(&self) -> Ipv4Addr {
        ipv4(self.raw().ifa_local)
    }

    /// The address of the other end, if this address has a peer (`ifa_address`).
    #[doc(alias = "ifa_address")]
    pub fn peer(&self) -> Option<Ipv4Addr> {
        let peer = ipv4(self.raw().ifa_address);
        (peer != self.address()).then_some(peer)
    }

    /// The length of the prefix in bits. With a peer, it is the prefix of the peer's address.
    #[doc(alias = "in_ifaddr::ifa_prefixlen")]
    pub fn prefix_len(&self) -> u8 {
        self.raw().ifa_prefixlen
    }

    /// The broadcast address.
    #[doc(alias = "in_ifaddr::ifa_broadcast")]
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        let broadcast = ipv4(self.raw().ifa_broadcast);
        (!broadcast.is_unspecified()).then_some(broadcast)
    }

    /// The scope, `RT_SCOPE_*`.
    #[doc(alias = "in_ifaddr::ifa_scope")]
    pub fn scope(&self) -> u8 {
        self.raw().ifa_scope
    }

    /// The label. It is the device's name unless the address was given another one.
    #[doc(alias = "in_ifaddr::ifa_label")]
    pub fn label(&self) -> Name {
        Name::from_raw(self.raw().ifa_label)
    }

    /// Whether the device had an address with the same prefix before this one (`IFA_F_SECONDARY`).
    #[doc(alias = "IFA_F_SECONDARY")]
    pub fn is_secondary(&self) -> bool {
        self.raw().ifa_flags & bindings::IFA_F_SECONDARY != 0
    }
}

/// An IPv6 address of a device (`inet6_ifaddr`). A device has the same address only once.
#[doc(alias = "inet6_ifaddr")]
#[repr(transparent)]
pub struct Ipv6Address(Opaque<bindings::inet6_ifaddr>);

// SAFETY: What is read of it never changes but for the state, which is read as a whole.
unsafe impl Sync for Ipv6Address {}

impl Ipv6Address {
    /// # Safety
    ///
    /// `ptr` is an address of a device that is not freed for `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::inet6_ifaddr) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// The device that has the address, or had it (`inet6_ifaddr::idev`).
    #[doc(alias = "inet6_ifaddr::idev")]
    pub fn device(&self) -> &Device {
        // SAFETY: An address keeps its `inet6_dev`, and that its device.
        unsafe { Device::from_raw((*(*self.0.get()).idev).dev) }
    }

    /// The address (`inet6_ifaddr::addr`).
    #[doc(alias = "inet6_ifaddr::addr")]
    pub fn address(&self) -> Ipv6Addr {
        // SAFETY: Valid by the type; set before anybody sees it, and never changed.
        ipv6(unsafe { &(*self.0.get()).addr })
    }

    /// The length of the prefix, in bits.
    #[doc(alias = "inet6_ifaddr::prefix_len")]
    pub fn prefix_len(&self) -> u8 {
        // SAFETY: As above.
        let bits = unsafe { (*self.0.get()).prefix_len };
        u8::try_from(bits).unwrap_or(128)
    }

    /// Whether the address was removed from the device (`INET6_IFADDR_STATE_DEAD`). The device may
    /// have the same address again, as another `Ipv6Address`.
    #[doc(alias = "INET6_IFADDR_STATE_DEAD")]
    pub fn is_dead(&self) -> bool {
        // SAFETY: Valid by the type; read as a whole. It is set once, before anybody is told.
        let state = unsafe { ptr::read_volatile(&raw const (*self.0.get()).state) };
        u32::try_from(state) == Ok(bindings::INET6_IFADDR_STATE_DEAD)
    }

    /// Whether the device has this address now: this one, or the same one added again later
    /// (`ipv6_chk_addr_and_flags()`).
    #[doc(alias = "ipv6_chk_addr_and_flags")]
    pub fn is_assigned(&self, net: &Net, _rcu: Rcu<'_>) -> bool {
        // SAFETY: The address and its device are alive; takes the read-side lock alone.
        unsafe {
            bindings::ipv6_chk_addr_and_flags(
                net.as_raw(),
                &(*self.0.get()).addr,
                self.device().as_raw(),
                false,
                1,
                0,
            ) != 0
        }
    }
}

impl Device {
    /// The IPv4 addresses of the device, as `ip address` lists them (`in_dev_for_each_ifa_rtnl()`).
    #[doc(alias = "in_dev_for_each_ifa_rtnl")]
    pub fn ipv4_addresses<'a>(
        &'a self,
        _rtnl: Rtnl<'a>,
    ) -> impl Iterator<Item = &'a Ipv4Address> + 'a {
        // SAFETY: The device is alive, and RTNL held, under which addresses come and go.
        let first = unsafe {
            let in_dev = bindings::__in_dev_get_rtnl(self.as_raw());
            if in_dev.is_null() {
                ptr::null_mut()
            } else {
                (*in_dev).ifa_list
            }
        };
        // SAFETY: As above.
        let lend = |ptr: *mut bindings::in_ifaddr| unsafe {
            (!ptr.is_null()).then(|| Ipv4Address::from_raw(ptr))
        };
        successors(lend(first), move |address| lend(address.raw().ifa_next))
    }

    /// The IPv6 addresses of the device (`inet6_dev`). An address that is added or removed at the
    /// same time may be listed or not.
    #[doc(alias = "inet6_dev")]
    pub fn ipv6_addresses<'a>(
        &'a self,
        _rcu: Rcu<'a>,
    ) -> impl Iterator<Item = &'a Ipv6Address> + 'a {
        // SAFETY: The device is alive; its `inet6_dev` is freed after a grace period.
        let head = unsafe {
            let idev = bindings::__in6_dev_get(self.as_raw());
            if idev.is_null() {
                ptr::null_mut()
            } else {
                &raw mut (*idev).addr_list
            }
        };
        // SAFETY: The head and what is behind it are freed after a grace period; what is taken out
        // keeps its successor.
        let after = move |entry: *mut bindings::list_head| unsafe {
            let next = ptr::read_volatile(&raw const (*entry).next);
            (next != head).then_some(next)
        };
        let first = if head.is_null() { None } else { after(head) };
        successors(first, move |entry| after(*entry)).map(|entry| {
            // SAFETY: Entries are fields of addresses, which are freed after a grace period.
            unsafe {
                Ipv6Address::from_raw(
                    entry
                        .byte_sub(core::mem::offset_of!(bindings::inet6_ifaddr, if_list))
                        .cast(),
                )
            }
        })
    }
}

/// An address as C has it.
pub(crate) fn ipv4(address: bindings::__be32) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from_be(address))
}

/// An address as C has it.
pub(crate) fn ipv6(address: &bindings::in6_addr) -> Ipv6Addr {
    // SAFETY: Any view of the union is as good as another.
    Ipv6Addr::from(unsafe { address.in6_u.u6_addr8 })
}
