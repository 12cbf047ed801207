// SPDX-License-Identifier: GPL-2.0

//! The path of a tunnel's packets: routes, the device below.

use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        possible_mtu,
        Driver,
        DriverDevice, //
    },
    netns::Net,
    skb::MAX_HEADROOM, //
};

/// What the path below a tunnel allows: MTU and headroom.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     ipv4::Tunnel,
///     netdev::{Driver, DriverDevice},
///     netns::Net,
/// };
///
/// /// Follows the path of a tunnel whose header has 2 bytes.
/// fn follow<D: Driver>(dev: &DriverDevice<D>, tunnel: &Tunnel, net: &Net, rtnl: Rtnl<'_>) {
///     let underlay = tunnel.underlay(net, 2, rtnl);
///     underlay.apply(dev, true, rtnl);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underlay {
    /// The MTU of a device whose frames the tunnel carries, in bytes. Applied if it is 68 or more.
    pub mtu: u32,
    /// The headroom that outer headers need, in bytes.
    pub headroom: u16,
}

impl Underlay {
    /// Sets the needed headroom of a registered device, and its MTU if `mtu` is true
    /// (`netdev_state_change()`).
    ///
    /// Link notifications report both, the MTU even if the device is down. Of a device that is
    /// being made, [`NewDevice`](crate::rtnl::NewDevice) sets the MTU.
    #[doc(alias = "netdev_state_change")]
    pub fn apply<D: Driver>(&self, dev: &DriverDevice<D>, mtu: bool, _rtnl: Rtnl<'_>) {
        let dev = dev.as_raw();
        // SAFETY: The device is registered, and RTNL is held, under which both are changed.
        unsafe {
            bindings::dev_set_needed_headroom(dev, self.headroom.min(MAX_HEADROOM));
            if mtu {
                // One that the device, or somebody above it, refuses leaves it as it is.
                bindings::netif_set_mtu(dev, possible_mtu(self.mtu) as c_int);
            }
            bindings::netdev_state_change(dev);
        }
    }
}

/// A route, until it is put or handed on.
///
/// # Invariants
///
/// Owns one reference of the route.
pub(crate) struct Route(NonNull<bindings::dst_entry>);

impl Route {
    /// Takes over a reference, or an error that C has put into a pointer.
    ///
    /// # Safety
    ///
    /// The caller gives up one reference, if `dst` is not null and not an error.
    pub(crate) unsafe fn from_raw(dst: *mut bindings::dst_entry) -> Result<Self> {
        // INVARIANT: By the caller's promise.
        NonNull::new(from_err_ptr(dst)?)
            .map(Self)
            .ok_or_else(crate::error::ehostunreach)
    }

    #[inline]
    pub(crate) fn dst(&self) -> *mut bindings::dst_entry {
        self.0.as_ptr()
    }

    /// The MTU of the path, in bytes.
    pub(crate) fn mtu(&self) -> u32 {
        // SAFETY: Referenced, by the type invariants.
        unsafe { bindings::dst_mtu(self.dst()) }
    }

    /// The device; alive in an RCU read-side section.
    pub(crate) fn device(&self) -> *mut bindings::net_device {
        // SAFETY: Referenced, by the type invariants.
        unsafe { bindings::dst_dev(self.dst()) }
    }

    /// Whether it goes through an IPsec policy or an encapsulation. What those refer to is counted in the
    /// namespace `net`.
    pub(crate) fn is_transformed(&self, net: &Net) -> bool {
        // SAFETY: Referenced, by the type invariants; the namespace is alive.
        unsafe { bindings::dst_is_transformed(self.dst(), net.as_raw()) }
    }

    /// Whether it puts headers of its own before the packet (`encap` of `ip route`).
    pub(crate) fn is_encapsulated(&self) -> bool {
        // SAFETY: Referenced, by the type invariants.
        unsafe { !(*self.dst()).lwtstate.is_null() }
    }

    /// The room that the link needs before an IP header, in bytes.
    pub(crate) fn headroom(&self) -> u32 {
        // SAFETY: The route is referenced, by the type invariants; its device is alive, see above.
        let (link, transform) = unsafe {
            (
                bindings::LL_RESERVED_SPACE(self.device()),
                bindings::dst_header_len(self.dst()),
            )
        };
        link.saturating_add(u32::from(transform))
    }

    #[inline]
    pub(crate) fn into_raw(self) -> *mut bindings::dst_entry {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        // SAFETY: Gives back the reference that the type invariants say is owned.
        unsafe { bindings::dst_release(self.0.as_ptr()) };
    }
}
