// SPDX-License-Identifier: GPL-2.0

//! What a device takes over from the one below it.

use kernel::prelude::*;

use super::{
    possible_mtu,
    Device,
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::Rtnl,
    error::to_result,
    skb::MAX_HEADROOM, //
};

impl Device {
    /// The largest MTU that a user can set, in bytes without the link header; 0 for no limit.
    #[doc(alias = "net_device::max_mtu")]
    pub fn max_mtu(&self, _rtnl: Rtnl<'_>) -> u32 {
        // SAFETY: Valid by the type; changed under RTNL.
        unsafe { core::ptr::read_volatile(&raw const (*self.as_raw()).max_mtu) }
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Takes over from a lower device what decides how packets for it are made: the room that it needs before
    /// and behind them, how large segments may be left to it, and its offloads for packets with a VLAN tag, as
    /// far as this device has them (`netif_inherit_tso_max()`).
    ///
    /// For [`DeviceEvent::Features`](super::DeviceEvent::Features), before
    /// [`Self::update_features`].
    #[doc(alias = "netif_inherit_tso_max")]
    #[doc(alias = "net_device::vlan_features")]
    pub fn inherit(&self, lower: &Device, _rtnl: Rtnl<'_>) {
        // SAFETY: Both are valid, under RTNL.
        unsafe { bindings::dev_inherit(self.as_raw(), lower.as_raw(), MAX_HEADROOM) };
    }

    /// Changes the MTU, in bytes without the link header, as a user does: within the device's range, and with
    /// [`Driver::change_mtu`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it is out of range; [`ENODEV`] if the device is not registered, or is being unregistered
    /// or moved; what the driver or a notifier refuses.
    #[doc(alias = "dev_set_mtu")]
    pub fn set_mtu(&self, mtu: u32, rtnl: Rtnl<'_>) -> Result {
        if !self.is_settled(rtnl) {
            return Err(ENODEV);
        }
        if mtu != possible_mtu(mtu) {
            return Err(EINVAL);
        }
        let mtu = c_int::try_from(mtu).map_err(|_| EINVAL)?;
        // SAFETY: Registered, under RTNL.
        to_result(unsafe { bindings::dev_set_mtu(self.as_raw(), mtu) })
    }

    /// Takes over carrier and operational state from a lower device
    /// (`netif_stacked_transfer_operstate()`).
    #[doc(alias = "netif_stacked_transfer_operstate")]
    #[doc(alias = "linkwatch_fire_event")]
    pub fn inherit_operstate(&self, lower: &Device, rtnl: Rtnl<'_>) {
        // SAFETY: Both are valid, under RTNL. The event is of a registered device, which waits for it when it
        // goes.
        unsafe {
            bindings::netif_stacked_transfer_operstate(lower.as_raw(), self.as_raw());
            if self.is_settled(rtnl) {
                bindings::linkwatch_fire_event(self.as_raw());
            }
        }
    }
}
