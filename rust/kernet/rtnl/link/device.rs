// SPDX-License-Identifier: GPL-2.0

//! Devices before their registration.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::Request;
use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl, //
    },
    netdev::{
        self,
        possible_mtu,
        Device,
        Driver,
        DriverDevice,
        Priv, //
    },
    netns::Net,
    skb::MAX_HEADROOM, //
};

/// A device that is being made, and is not registered yet (`rtnl_create_link()`).
///
/// # Invariants
///
/// Valid, with the link layer of its driver, not registered, and known to nobody else.
#[doc(alias = "rtnl_create_link")]
pub struct NewDevice<'a>(*mut bindings::net_device, PhantomData<&'a Device>);

impl NewDevice<'_> {
    /// # Safety
    ///
    /// `dev` is as the type invariants want it.
    pub(super) unsafe fn from_raw(dev: *mut bindings::net_device) -> Self {
        // INVARIANT: By the caller's promise.
        Self(dev, PhantomData)
    }

    /// The namespace that the device will be registered in.
    #[doc(alias = "dev_net")]
    pub fn net<'a>(&self, context: impl ReadSide<'a>) -> &'a Net {
        // SAFETY: By the type invariants.
        unsafe { Device::from_raw(self.0) }.net(context)
    }

    /// Sets the MTU, in bytes without the link header, unless the request has one: from 68 to 31
    /// bits (`net_device::mtu`).
    #[doc(alias = "net_device::mtu")]
    pub fn set_default_mtu(&self, mtu: u32, request: &Request<'_>) {
        if request.link.get(bindings::IFLA_MTU as u16).is_none() {
            // SAFETY: By the type invariants.
            unsafe { bindings::dev_set_mtu_raw(self.0, possible_mtu(mtu)) };
        }
    }

    /// The MTU: that of the request, or the default. In bytes without the link header.
    #[doc(alias = "net_device::mtu")]
    pub fn mtu(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { bindings::dev_get_mtu(self.0) }
    }

    /// Takes over from a lower device, to which this one will be [linked](DriverDevice::link_lower), its largest
    /// MTU, its MTU unless the request has one, and what [`DriverDevice::inherit`] does (`IFLA_LINK`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the request has a larger MTU than the lower device.
    #[doc(alias = "IFLA_LINK")]
    pub fn inherit(&self, lower: &Device, request: &Request<'_>, rtnl: Rtnl<'_>) -> Result {
        self.set_default_mtu(lower.mtu(), request);
        if self.mtu() > lower.mtu() {
            return Err(EINVAL);
        }
        let max_mtu = lower.max_mtu(rtnl);
        // SAFETY: Both are valid, by the type invariants and under RTNL.
        unsafe {
            (*self.0).max_mtu = max_mtu.min(possible_mtu(max_mtu));
            bindings::dev_inherit(self.0, lower.as_raw(), MAX_HEADROOM);
        }
        Ok(())
    }

    /// Sets the headroom that the driver and the device below it need before a frame, in bytes: at
    /// most [`MAX_HEADROOM`](crate::skb::MAX_HEADROOM) (`net_device::needed_headroom`).
    #[doc(alias = "net_device::needed_headroom")]
    pub fn set_needed_headroom(&self, bytes: u16) {
        // SAFETY: By the type invariants.
        unsafe { (*self.0).needed_headroom = bytes.min(MAX_HEADROOM) };
    }
}

/// A device without registration, or whose registration has failed.
///
/// Its private data, if it has any, is dropped along with this.
pub(super) struct Unregistered<L: Driver>(
    pub(super) *mut bindings::net_device,
    pub(super) PhantomData<L>,
);

impl<L: Driver> Unregistered<L> {
    pub(super) fn link_ops(&self) -> *const bindings::rtnl_link_ops {
        // SAFETY: The device is alive; the core has noted by which operations it was made.
        unsafe { (*self.0).rtnl_link_ops }
    }
}

impl<L: Driver> Drop for Unregistered<L> {
    fn drop(&mut self) {
        // One that was registered, even for a moment, is freed by `netdev_run_todo()`.
        // SAFETY: The device is alive until RTNL is released.
        let state = u32::from(unsafe { (*self.0).reg_state });
        if state == bindings::netdev_reg_state_NETREG_UNINITIALIZED {
            // SAFETY: Made for this driver, and nobody knows it.
            unsafe { netdev::destroy::<L>(self.0) };
        }
    }
}

/// Unregisters a device and its peer, with others, on behalf of `net`.
pub(crate) fn unregister<D: Driver>(
    dev: &DriverDevice<D>,
    net: &Net,
    list: &mut bindings::list_head,
    rtnl: Rtnl<'_>,
) {
    let peer = Priv::part(dev, rtnl);
    for dev in [Some(dev), peer].into_iter().flatten() {
        // SAFETY: Registered, under RTNL, and the list is unregistered by whoever owns it.
        unsafe { bindings::unregister_netdevice_queue_net(net.as_raw(), dev.as_raw(), list) };
    }
}
