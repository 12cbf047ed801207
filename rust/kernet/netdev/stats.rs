// SPDX-License-Identifier: GPL-2.0

//! Statistics of a device.
//!
//! C headers: [`include/uapi/linux/if_link.h`](srctree/include/uapi/linux/if_link.h),
//! [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

use super::{
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    percpu::PacketTotals, //
};

/// The statistics that `ip -s link` shows, as `ndo_get_stats64` fills them in
/// (`rtnl_link_stats64`).
#[doc(alias = "rtnl_link_stats64")]
pub struct LinkStats(bindings::rtnl_link_stats64);

impl LinkStats {
    /// No packets.
    pub(super) fn new() -> Self {
        Self(pin_init::zeroed())
    }

    /// Writes them to where C wants them, which is as aligned as an attribute is.
    ///
    /// # Safety
    ///
    /// `to` is valid for writes, and need not be aligned.
    #[inline(always)]
    pub(super) unsafe fn write(self, to: *mut bindings::rtnl_link_stats64) {
        // SAFETY: By the caller's promise.
        unsafe { to.write_unaligned(self.0) };
    }

    /// Adds sent packets (`rtnl_link_stats64::tx_packets`).
    #[doc(alias = "rtnl_link_stats64::tx_packets")]
    pub fn add_tx(&mut self, totals: PacketTotals) {
        self.0.tx_packets = self.0.tx_packets.wrapping_add(totals.packets);
        self.0.tx_bytes = self.0.tx_bytes.wrapping_add(totals.bytes);
    }

    /// Adds received packets (`rtnl_link_stats64::rx_packets`).
    #[doc(alias = "rtnl_link_stats64::rx_packets")]
    pub fn add_rx(&mut self, totals: PacketTotals) {
        self.0.rx_packets = self.0.rx_packets.wrapping_add(totals.packets);
        self.0.rx_bytes = self.0.rx_bytes.wrapping_add(totals.bytes);
    }

    /// Adds packets that were dropped instead of being sent (`rtnl_link_stats64::tx_dropped`).
    ///
    /// Packets of [`DriverDevice::count_tx_dropped`] are included already.
    #[doc(alias = "rtnl_link_stats64::tx_dropped")]
    pub fn add_tx_dropped(&mut self, packets: u64) {
        self.0.tx_dropped = self.0.tx_dropped.wrapping_add(packets);
    }

    /// Adds received packets that were dropped (`rtnl_link_stats64::rx_dropped`).
    ///
    /// Packets of [`DriverDevice::count_rx_dropped`] are included already.
    #[doc(alias = "rtnl_link_stats64::rx_dropped")]
    pub fn add_rx_dropped(&mut self, packets: u64) {
        self.0.rx_dropped = self.0.rx_dropped.wrapping_add(packets);
    }
}

/// Totals of the packets that [`DriverDevice::count_tx`] and [`DriverDevice::count_rx`] have
/// counted per CPU (`pcpu_sw_netstats`).
#[doc(alias = "pcpu_sw_netstats")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkTotals {
    /// Sent.
    pub tx: PacketTotals,
    /// Received.
    pub rx: PacketTotals,
}

impl<D: Driver> DriverDevice<D> {
    /// The totals of [`Self::count_tx`] and [`Self::count_rx`] (`dev_fetch_sw_netstats()`).
    #[doc(alias = "dev_fetch_sw_netstats")]
    pub fn link_totals(&self) -> LinkTotals {
        let mut stats: bindings::rtnl_link_stats64 = pin_init::zeroed();
        // SAFETY: Valid by the type, as are the per-CPU statistics.
        unsafe { bindings::dev_fetch_tstats(&raw mut stats, self.as_raw()) };
        LinkTotals {
            tx: PacketTotals {
                packets: stats.tx_packets,
                bytes: stats.tx_bytes,
            },
            rx: PacketTotals {
                packets: stats.rx_packets,
                bytes: stats.rx_bytes,
            },
        }
    }
}

/// A counter with one writer at a time, such as the poll of a queue (`u64_stats_t`).
///
/// If two writers add at the same time, one addition may be lost, and nothing worse happens. Written
/// and read in any context.
///
/// # Examples
///
/// ```
/// use kernet::{context::Napi, netdev::Counter};
///
/// /// What a receive queue counts: its poll is the only writer.
/// struct Truncated(Counter);
///
/// impl Truncated {
///     fn count(&self, _napi: Napi<'_>) {
///         self.0.add(1);
///     }
///
///     /// For `ethtool -S`, at any time.
///     fn total(&self) -> u64 {
///         self.0.get()
///     }
/// }
/// ```
#[doc(alias = "u64_stats_t")]
pub struct Counter(Atomic<u64>);

impl Counter {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self(Atomic::<u64>::new(0))
    }

    /// Adds `n`.
    #[doc(alias = "u64_stats_add")]
    #[inline(always)]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// The value (`u64_stats_read()`).
    #[doc(alias = "u64_stats_read")]
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}
