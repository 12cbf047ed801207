// SPDX-License-Identifier: GPL-2.0

//! A device before anybody sees it.

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

/// A device that is being set up: not visible to anybody yet.
#[doc(alias = "rtnl_link_ops::setup")]
pub struct Setup<'a>(pub(super) &'a mut bindings::net_device);

impl Setup<'_> {
    /// Offloads, all of which `ethtool -K` can switch.
    pub fn features(&mut self, features: Features) -> &mut Self {
        self.0.features |= features.into_raw();
        self.0.hw_features |= features.into_raw();
        self
    }

    /// Offloads for packets with a VLAN tag.
    pub fn vlan_features(&mut self, features: Features) -> &mut Self {
        self.0.vlan_features = features.into_raw();
        self
    }

    /// Offloads for packets with an encapsulation.
    pub fn encapsulation_features(&mut self, features: Features) -> &mut Self {
        self.0.hw_enc_features = features.into_raw();
        self
    }

    /// Offloads for packets with MPLS labels.
    pub fn mpls_features(&mut self, features: Features) -> &mut Self {
        self.0.mpls_features = features.into_raw();
        self
    }

    /// Takes packets for segmentation as large as the stack makes them.
    #[doc(alias = "netif_set_tso_max_size")]
    pub fn tso_max_size(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::netif_set_tso_max_size(self.0, bindings::GSO_MAX_SIZE) };
        self
    }

    /// The range of the MTU, in bytes without the link header. 68 to 1500 otherwise; a `max` of 0
    /// is no limit. A `min` below 68 is for a user who wants it so: IP is switched off then.
    pub fn mtu_range(&mut self, min: u32, max: u32) -> &mut Self {
        self.0.min_mtu = min.min(possible_mtu(min));
        self.0.max_mtu = max.min(possible_mtu(max));
        self
    }

    /// The MTU, in bytes without the link header. 1500 otherwise; from 68 to 31 bits.
    pub fn mtu(&mut self, mtu: u32) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_mtu_raw(self.0, possible_mtu(mtu)) };
        self
    }

    /// Bytes that the driver puts before a frame, [`MAX_HEADROOM`](crate::skb::MAX_HEADROOM) at most.
    pub fn needed_headroom(&mut self, bytes: u16) -> &mut Self {
        self.0.needed_headroom = bytes.min(MAX_HEADROOM);
        self
    }

    /// The headroom that is announced is what the other end has asked for, not what this driver
    /// needs: a bridge does not pass it on.
    #[doc(alias = "IFF_PHONY_HEADROOM")]
    pub fn phony_headroom(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_PHONY_HEADROOM)
        };
        self
    }

    /// No queue: packets are sent at once.
    #[doc(alias = "IFF_NO_QUEUE")]
    pub fn no_queue(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_NO_QUEUE) };
        self
    }

    /// How long a queue may be stopped before [`Driver::tx_timeout`](super::Driver::tx_timeout) hears
    /// of it, in milliseconds; 5000 otherwise.
    #[doc(alias = "watchdog_timeo")]
    pub fn watchdog_ms(&mut self, ms: u32) -> &mut Self {
        let jiffies = msecs_to_jiffies(ms);
        self.0.watchdog_timeo = c_int::try_from(jiffies).unwrap_or(c_int::MAX);
        self
    }

    /// The driver filters by unicast addresses ([`Addresses::unicast`](super::Addresses::unicast)):
    /// a second one does not make the device promiscuous.
    #[doc(alias = "IFF_UNICAST_FLT")]
    pub fn unicast_filter(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_UNICAST_FLT)
        };
        self
    }

    /// Neighbours have no addresses to be asked for.
    #[doc(alias = "IFF_NOARP")]
    pub fn no_arp(&mut self) -> &mut Self {
        self.0.flags |= bindings::net_device_flags_IFF_NOARP;
        self
    }

    /// Packets keep the route by which the stack has sent them here: a tunnel tells its senders what
    /// fits through it.
    #[doc(alias = "netif_keep_dst")]
    pub fn keep_dst(&mut self) -> &mut Self {
        let release = bindings::netdev_priv_flags_IFF_XMIT_DST_RELEASE
            | bindings::netdev_priv_flags_IFF_XMIT_DST_RELEASE_PERM;
        // SAFETY: The device is ours.
        unsafe { bindings::dev_clear_priv_flags(self.0, release) };
        self
    }

    /// The hardware address may change while the device is up.
    #[doc(alias = "IFF_LIVE_ADDR_CHANGE")]
    pub fn live_address_change(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_LIVE_ADDR_CHANGE)
        };
        self
    }
}
