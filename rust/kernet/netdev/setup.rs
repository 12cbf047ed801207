// SPDX-License-Identifier: GPL-2.0

//! A device before its registration.

use kernel::{
    prelude::*,
    time::msecs_to_jiffies, //
};

use super::Features;
use crate::{
    bindings,
    skb::MAX_HEADROOM, //
};

/// The MTU next to `wanted` that the stack can do with: IPv4 has no fragments smaller than 68 bytes, and C
/// keeps MTUs in an `int`, too.
#[doc(alias = "ETH_MIN_MTU")]
pub(crate) const fn possible_mtu(wanted: u32) -> u32 {
    const MIN: u32 = bindings::ETH_MIN_MTU;
    const MAX: u32 = i32::MAX as u32;
    match wanted {
        0..MIN => MIN,
        MIN..=MAX => wanted,
        _ => MAX,
    }
}

/// A device that is being set up, before it is visible to anybody.
#[doc(alias = "rtnl_link_ops::setup")]
pub struct Setup<'a>(pub(super) &'a mut bindings::net_device);

impl Setup<'_> {
    /// Sets the offloads. `ethtool -K` can switch each of them.
    #[doc(alias = "net_device::hw_features")]
    pub fn features(&mut self, features: Features) -> &mut Self {
        self.0.features |= features.into_raw();
        self.0.hw_features |= features.into_raw();
        self
    }

    /// Sets the offloads for packets with a VLAN tag.
    #[doc(alias = "net_device::vlan_features")]
    pub fn vlan_features(&mut self, features: Features) -> &mut Self {
        self.0.vlan_features = features.into_raw();
        self
    }

    /// Sets the offloads for encapsulated packets (`net_device::hw_enc_features`).
    #[doc(alias = "net_device::hw_enc_features")]
    pub fn encapsulation_features(&mut self, features: Features) -> &mut Self {
        self.0.hw_enc_features = features.into_raw();
        self
    }

    /// Sets the offloads for packets with MPLS labels.
    #[doc(alias = "net_device::mpls_features")]
    pub fn mpls_features(&mut self, features: Features) -> &mut Self {
        self.0.mpls_features = features.into_raw();
        self
    }

    /// Accepts packets for segmentation as large as the stack makes them.
    #[doc(alias = "netif_set_tso_max_size")]
    pub fn tso_max_size(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::netif_set_tso_max_size(self.0, bindings::GSO_MAX_SIZE) };
        self
    }

    /// Sets the range of the MTU, in bytes without the link header (`net_device::min_mtu`). The
    /// default is 68 to 1500; a `max` of 0 is no limit. IP is switched off on a device whose MTU is
    /// below 68.
    #[doc(alias = "net_device::min_mtu")]
    #[doc(alias = "net_device::max_mtu")]
    pub fn mtu_range(&mut self, min: u32, max: u32) -> &mut Self {
        self.0.min_mtu = min.min(possible_mtu(min));
        self.0.max_mtu = max.min(possible_mtu(max));
        self
    }

    /// Sets the MTU, in bytes without the link header: from 68 to 31 bits. The default is 1500.
    #[doc(alias = "net_device::mtu")]
    pub fn mtu(&mut self, mtu: u32) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_mtu_raw(self.0, possible_mtu(mtu)) };
        self
    }

    /// Sets the headroom that the driver needs before a frame, in bytes: at most
    /// [`MAX_HEADROOM`](crate::skb::MAX_HEADROOM).
    #[doc(alias = "net_device::needed_headroom")]
    pub fn needed_headroom(&mut self, bytes: u16) -> &mut Self {
        self.0.needed_headroom = bytes.min(MAX_HEADROOM);
        self
    }

    /// Declares that the headroom is what the peer has asked for, not what this driver needs, so
    /// that a bridge does not pass it on.
    #[doc(alias = "IFF_PHONY_HEADROOM")]
    pub fn phony_headroom(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_PHONY_HEADROOM)
        };
        self
    }

    /// Sets no queueing discipline: packets are sent at once.
    #[doc(alias = "IFF_NO_QUEUE")]
    pub fn no_queue(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_NO_QUEUE) };
        self
    }

    /// Sets how long a queue may be stopped before
    /// [`Driver::tx_timeout`](super::Driver::tx_timeout) is called, in milliseconds
    /// (`watchdog_timeo`). The default is 5000.
    #[doc(alias = "watchdog_timeo")]
    pub fn watchdog_ms(&mut self, ms: u32) -> &mut Self {
        let jiffies = msecs_to_jiffies(ms);
        self.0.watchdog_timeo = c_int::try_from(jiffies).unwrap_or(c_int::MAX);
        self
    }

    /// Declares that the driver filters by unicast addresses
    /// ([`Addresses::unicast`](super::Addresses::unicast)), so that a second address does not make
    /// the device promiscuous (`IFF_UNICAST_FLT`).
    #[doc(alias = "IFF_UNICAST_FLT")]
    pub fn unicast_filter(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_UNICAST_FLT)
        };
        self
    }

    /// Declares that neighbours are not resolved on this link.
    #[doc(alias = "IFF_NOARP")]
    pub fn no_arp(&mut self) -> &mut Self {
        self.0.flags |= bindings::net_device_flags_IFF_NOARP;
        self
    }

    /// Lets packets keep the route that led them to this device, as a tunnel needs it to report the
    /// path MTU to senders.
    #[doc(alias = "netif_keep_dst")]
    pub fn keep_dst(&mut self) -> &mut Self {
        let release = bindings::netdev_priv_flags_IFF_XMIT_DST_RELEASE
            | bindings::netdev_priv_flags_IFF_XMIT_DST_RELEASE_PERM;
        // SAFETY: The device is ours.
        unsafe { bindings::dev_clear_priv_flags(self.0, release) };
        self
    }

    /// Keeps the device in the namespace that it is made in.
    #[doc(alias = "net_device::netns_immutable")]
    pub fn netns_immutable(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_netns_immutable(self.0) };
        self
    }

    /// Allows changes of the hardware address while the device is up (`IFF_LIVE_ADDR_CHANGE`).
    #[doc(alias = "IFF_LIVE_ADDR_CHANGE")]
    pub fn live_address_change(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_LIVE_ADDR_CHANGE)
        };
        self
    }
}
