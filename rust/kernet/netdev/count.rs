// SPDX-License-Identifier: GPL-2.0

//! What a device counts: packets, drops and errors.

use super::{
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::Softirq, //
};

/// An error that a device counts: a column of `ip -s -s link` (`net_device_stats`).
#[doc(alias = "net_device_stats")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Received with an error that no other variant names (`rtnl_link_stats64::rx_errors`).
    #[doc(alias = "rtnl_link_stats64::rx_errors")]
    Rx,
    /// Received with a wrong length (`rtnl_link_stats64::rx_length_errors`).
    #[doc(alias = "rtnl_link_stats64::rx_length_errors")]
    RxLength,
    /// Received with a malformed header (`rtnl_link_stats64::rx_frame_errors`).
    #[doc(alias = "rtnl_link_stats64::rx_frame_errors")]
    RxFrame,
    /// Not sent, because of an error that no other variant names (`rtnl_link_stats64::tx_errors`).
    #[doc(alias = "rtnl_link_stats64::tx_errors")]
    Tx,
    /// Not sent: no carrier, or no route (`rtnl_link_stats64::tx_carrier_errors`).
    #[doc(alias = "rtnl_link_stats64::tx_carrier_errors")]
    TxCarrier,
    /// Not sent: given up (`rtnl_link_stats64::tx_aborted_errors`).
    #[doc(alias = "rtnl_link_stats64::tx_aborted_errors")]
    TxAborted,
    /// Not sent: it would have looped (`rtnl_link_stats64::collisions`).
    #[doc(alias = "rtnl_link_stats64::collisions")]
    Collision,
}

impl<D: Driver> DriverDevice<D> {
    /// Counts a sent packet of `len` bytes (`dev_sw_netstats_tx_add()`).
    #[doc(alias = "dev_sw_netstats_tx_add")]
    #[inline]
    pub fn count_tx(&self, len: u32, _softirq: Softirq<'_>) {
        // SAFETY: Valid by the type, with per-CPU statistics; preemption is off.
        unsafe { bindings::dev_sw_netstats_tx_add(self.as_raw(), 1, len) };
    }

    /// Counts a received packet of `len` bytes (`dev_sw_netstats_rx_add()`).
    #[doc(alias = "dev_sw_netstats_rx_add")]
    #[inline]
    pub fn count_rx(&self, len: u32, _softirq: Softirq<'_>) {
        // SAFETY: As above.
        unsafe { bindings::dev_sw_netstats_rx_add(self.as_raw(), len) };
    }

    /// Counts a packet that was dropped instead of being sent (`dev_core_stats_tx_dropped_inc()`).
    #[doc(alias = "dev_core_stats_tx_dropped_inc")]
    #[cold]
    pub fn count_tx_dropped(&self) {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_core_stats_tx_dropped_inc(self.as_raw()) };
    }

    /// Counts a received packet that was dropped (`dev_core_stats_rx_dropped_inc()`).
    #[doc(alias = "dev_core_stats_rx_dropped_inc")]
    #[cold]
    pub fn count_rx_dropped(&self) {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_core_stats_rx_dropped_inc(self.as_raw()) };
    }

    /// Counts an error, in its own column and in the sum (`DEV_STATS_INC`).
    #[doc(alias = "DEV_STATS_INC")]
    #[cold]
    pub fn count_error(&self, error: PacketError) {
        let dev = self.as_raw();
        // SAFETY: Valid by the type, for all of these.
        unsafe {
            match error {
                PacketError::Rx => bindings::dev_stats_rx_errors_inc(dev),
                PacketError::RxLength => {
                    bindings::dev_stats_rx_length_errors_inc(dev);
                    bindings::dev_stats_rx_errors_inc(dev);
                }
                PacketError::RxFrame => {
                    bindings::dev_stats_rx_frame_errors_inc(dev);
                    bindings::dev_stats_rx_errors_inc(dev);
                }
                PacketError::Tx => bindings::dev_stats_tx_errors_inc(dev),
                PacketError::TxCarrier => {
                    bindings::dev_stats_tx_carrier_errors_inc(dev);
                    bindings::dev_stats_tx_errors_inc(dev);
                }
                PacketError::TxAborted => {
                    bindings::dev_stats_tx_aborted_errors_inc(dev);
                    bindings::dev_stats_tx_errors_inc(dev);
                }
                PacketError::Collision => {
                    bindings::dev_stats_collisions_inc(dev);
                    bindings::dev_stats_tx_errors_inc(dev);
                }
            }
        }
    }
}
