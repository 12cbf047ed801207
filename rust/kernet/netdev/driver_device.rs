// SPDX-License-Identifier: GPL-2.0

//! A device of a module's own.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr, //
};

use super::{
    possible_mtu,
    Device,
    Driver,
    Features,
    Priv,
    TxQueue, //
};
use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl,
        Softirq, //
    },
    netns::Net,
    skb::{
        Skb,
        MAX_HEADROOM, //
    }, //
};

/// A device of the driver `D`: one that a module on kernet has made (`net_device`).
///
/// # Invariants
///
/// The device was made for `D`, and its private data is initialised. It has its per-CPU statistics: it is
/// registered, or will be or was in this callback.
#[doc(alias = "net_device")]
#[repr(transparent)]
pub struct DriverDevice<D: Driver>(Device, PhantomData<D>);

impl<D: Driver> Deref for DriverDevice<D> {
    type Target = Device;

    #[inline(always)]
    fn deref(&self) -> &Device {
        &self.0
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Borrows a device from C.
    ///
    /// # Safety
    ///
    /// `ptr` was made for `D`, has initialised private data and per-CPU statistics, as registration makes
    /// them, and is not freed for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::net_device) -> &'a Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(crate) fn shared(&self) -> &Priv<D> {
        // SAFETY: By the type invariants.
        unsafe { &*Priv::<D>::of(self.as_raw()) }
    }

    /// The private data (`netdev_priv()`).
    #[doc(alias = "netdev_priv")]
    #[inline(always)]
    pub fn private(&self) -> &D {
        // SAFETY: Initialised, by the type invariants.
        unsafe { self.shared().data() }
    }

    /// The peer, if the link kind [makes pairs](crate::rtnl::Link::PEER).
    ///
    /// `None` before the pair is complete, and while it is being deleted.
    #[inline]
    pub fn peer<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a DriverDevice<D>> {
        let peer = self.shared().peer();
        if peer.is_null() {
            return None;
        }
        // SAFETY: A peer is made for the same `D`. It stops being one under RTNL, before the grace
        // period that its unregistration waits for.
        Some(unsafe { DriverDevice::from_raw(peer) })
    }

    /// A transmit queue, in use or not.
    #[doc(alias = "netdev_get_tx_queue")]
    #[inline(always)]
    pub fn tx_queue(&self, index: u16) -> TxQueue<'_, D> {
        TxQueue::new(self, index)
    }

    /// Sets the headroom that the stack leaves before frames for this device, in bytes: at most
    /// [`MAX_HEADROOM`] (`net_device::needed_headroom`).
    #[doc(alias = "net_device::needed_headroom")]
    #[inline]
    pub fn set_needed_headroom(&self, bytes: u16) {
        // SAFETY: Valid by the type; read and written as a whole.
        unsafe { bindings::dev_set_needed_headroom(self.as_raw(), bytes.min(MAX_HEADROOM)) };
    }

    /// Sets the largest MTU that a user can set, in bytes without the link header; 0 for no limit
    /// (`net_device::max_mtu`).
    #[doc(alias = "net_device::max_mtu")]
    pub fn set_max_mtu(&self, mtu: u32, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; read and written as a whole, under RTNL.
        unsafe {
            let max_mtu = &raw mut (*self.as_raw()).max_mtu;
            ptr::write_volatile(max_mtu, mtu.min(possible_mtu(mtu)));
        }
    }

    /// Sets whether `ethtool -K` can switch these offloads (`hw_features`).
    #[doc(alias = "hw_features")]
    pub fn set_switchable(&self, features: Features, switchable: bool, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; only used under RTNL.
        unsafe {
            let hw_features = &raw mut (*self.as_raw()).hw_features;
            if switchable {
                *hw_features |= features.into_raw();
            } else {
                *hw_features &= !features.into_raw();
            }
        }
    }

    /// The offloads that users have asked for, before [`Driver::fix_features`].
    #[doc(alias = "net_device::wanted_features")]
    pub fn wanted_features(&self, _rtnl: Rtnl<'_>) -> Features {
        // SAFETY: Valid by the type; only changed under RTNL.
        Features::from_raw(unsafe { (*self.as_raw()).wanted_features })
    }

    /// Calls [`Driver::fix_features`] again, and applies the result.
    ///
    /// Does nothing while the device is not registered.
    #[doc(alias = "netdev_update_features")]
    pub fn update_features(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; only changed under RTNL.
        let state = u32::from(unsafe { (*self.as_raw()).reg_state });
        if state == bindings::netdev_reg_state_NETREG_REGISTERED {
            // SAFETY: Registered, under RTNL.
            unsafe { bindings::netdev_update_features(self.as_raw()) };
        }
    }

    /// The namespace of the [`DeviceMap`](super::DeviceMap) that has the device: where a tunnel sends its outer
    /// packets, even if the device was moved to another namespace.
    #[doc(alias = "get_link_net")]
    #[inline]
    pub fn link_net<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a Net> {
        let net = self.shared().link_net();
        if net.is_null() {
            return None;
        }
        // SAFETY: The map forgets the device before anything of its namespace is taken down that comes
        // before the module, and then waits for who holds RTNL and for a grace period: so for the caller.
        Some(unsafe { Net::from_raw(net) })
    }

    /// Sets the carrier on.
    #[doc(alias = "netif_carrier_on")]
    pub fn carrier_on(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_on(self.as_raw()) };
    }

    /// Sets the carrier off.
    #[doc(alias = "netif_carrier_off")]
    pub fn carrier_off(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_off(self.as_raw()) };
    }

    /// Takes the transmit time stamp of the packet, if a socket has asked for it.
    #[doc(alias = "skb_tx_timestamp")]
    #[inline]
    pub fn tx_timestamp(&self, skb: &mut Skb<'_>, _softirq: Softirq<'_>) {
        if cfg!(CONFIG_NETWORK_PHY_TIMESTAMPING) {
            // The callee looks for a PHY that stamps.
            // SAFETY: The packet is ours.
            unsafe { bindings::skb_set_dev(skb.as_raw(), self.as_raw()) };
        }
        // SAFETY: The packet is ours. Its device, if the callee looks at it, is this one, and valid.
        unsafe { bindings::skb_tx_timestamp(skb.as_raw()) };
    }
}
