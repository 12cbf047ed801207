// SPDX-License-Identifier: GPL-2.0

//! Interrupt coalescing.

use crate::bindings;

/// A set of fields of [`Coalesce`], which a device supports.
#[doc(alias = "supported_coalesce_params")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalesceParams(u32);

impl CoalesceParams {
    /// No field.
    pub const NONE: Self = Self(0);
    /// [`Coalesce::rx_usecs`].
    #[doc(alias = "ETHTOOL_COALESCE_RX_USECS")]
    pub const RX_USECS: Self = Self(bindings::ETHTOOL_COALESCE_RX_USECS);
    /// [`Coalesce::rx_frames`] (`ETHTOOL_COALESCE_RX_MAX_FRAMES`).
    #[doc(alias = "ETHTOOL_COALESCE_RX_MAX_FRAMES")]
    pub const RX_FRAMES: Self = Self(bindings::ETHTOOL_COALESCE_RX_MAX_FRAMES);
    /// [`Coalesce::tx_usecs`].
    #[doc(alias = "ETHTOOL_COALESCE_TX_USECS")]
    pub const TX_USECS: Self = Self(bindings::ETHTOOL_COALESCE_TX_USECS);
    /// [`Coalesce::tx_frames`] (`ETHTOOL_COALESCE_TX_MAX_FRAMES`).
    #[doc(alias = "ETHTOOL_COALESCE_TX_MAX_FRAMES")]
    pub const TX_FRAMES: Self = Self(bindings::ETHTOOL_COALESCE_TX_MAX_FRAMES);

    /// The fields of both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn into_raw(self) -> u32 {
        self.0
    }
}

/// Interrupt coalescing: how long, and for how many packets, an interrupt is delayed.
///
/// # Examples
///
/// ```
/// use kernel::macros::vtable;
/// use kernet::{
///     context::Rtnl,
///     ethtool::{Coalesce, CoalesceParams, Operations},
///     netdev::{Driver, DriverDevice},
/// };
///
/// /// What a driver knows of its interrupts.
/// trait Delays {
///     fn delay_usecs(&self) -> u32;
/// }
///
/// struct Ethtool;
///
/// #[vtable]
/// impl<D: Driver + Delays> Operations<D> for Ethtool {
///     type Stats = ();
///     type RxStats = ();
///     type TxStats = ();
///
///     const COALESCE: CoalesceParams = CoalesceParams::RX_USECS;
///
///     fn coalesce(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Coalesce {
///         Coalesce { rx_usecs: dev.private().delay_usecs(), ..Coalesce::default() }
///     }
/// }
/// ```
#[doc(alias = "ethtool_coalesce")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coalesce {
    /// Microseconds from a received packet to the interrupt.
    pub rx_usecs: u32,
    /// Received packets per interrupt.
    pub rx_frames: u32,
    /// Microseconds from a sent packet to the interrupt.
    pub tx_usecs: u32,
    /// Sent packets per interrupt.
    pub tx_frames: u32,
}

impl Coalesce {
    pub(super) fn from_raw(raw: &bindings::ethtool_coalesce) -> Self {
        Self {
            rx_usecs: raw.rx_coalesce_usecs,
            rx_frames: raw.rx_max_coalesced_frames,
            tx_usecs: raw.tx_coalesce_usecs,
            tx_frames: raw.tx_max_coalesced_frames,
        }
    }

    pub(super) fn fill(self, raw: &mut bindings::ethtool_coalesce) {
        raw.rx_coalesce_usecs = self.rx_usecs;
        raw.rx_max_coalesced_frames = self.rx_frames;
        raw.tx_coalesce_usecs = self.tx_usecs;
        raw.tx_max_coalesced_frames = self.tx_frames;
    }
}
