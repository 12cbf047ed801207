// SPDX-License-Identifier: GPL-2.0

//! The requests of `ethtool` and of the `netdev` family to a driver.
//!
//! C headers: [`include/linux/ethtool.h`](srctree/include/linux/ethtool.h),
//! [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)
//!
//! All operations run under RTNL. Only for drivers that manage the memory of their queues or shape
//! traffic, the core takes the device's instance lock instead.

use kernel::{
    build_error,
    error::VTABLE_DEFAULT_ERROR,
    macros::vtable,
    prelude::*, //
};

use crate::{
    bindings,
    context::Rtnl,
    error::eopnotsupp,
    netdev::{
        Driver,
        DriverDevice,
        LinkTotals,
        Rings, //
    },
    nlattr::ExtAck,
    percpu::PacketTotals, //
};

mod coalesce;
mod indirection;
mod ops;
mod stats;
mod tuning;

pub use coalesce::{
    Coalesce,
    CoalesceParams, //
};
pub use indirection::Indirection;
pub(crate) use ops::Ops;
pub use stats::{
    check_names,
    Stats,
    NAME_MAX, //
};
pub(crate) use tuning::spread;

/// The ethtool operations of a driver (`ethtool_ops`). What the driver leaves out is not supported,
/// and `ethtool` says so.
///
/// # Examples
///
/// ```
/// use kernel::macros::vtable;
/// use kernet::{
///     context::Rtnl,
///     ethtool::{Operations, Stats},
///     netdev::{Driver, DriverDevice},
/// };
///
/// #[derive(Default)]
/// struct Resets(u64);
///
/// impl Stats for Resets {
///     const NAMES: &'static [&'static str] = &["resets"];
///
///     fn write(&self, to: &mut [u64]) {
///         to.fill(self.0);
///     }
/// }
///
/// /// What a driver can say of itself to `ethtool -S`.
/// trait CountsResets {
///     fn resets(&self) -> u64;
/// }
///
/// /// Named by `Driver::Ethtool`.
/// struct Ethtool;
///
/// #[vtable]
/// impl<D: Driver + CountsResets> Operations<D> for Ethtool {
///     type Stats = Resets;
///     type RxStats = ();
///     type TxStats = ();
///
///     fn stats(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Resets {
///         Resets(dev.private().resets())
///     }
/// }
/// ```
#[doc(alias = "ethtool_ops")]
#[vtable]
pub trait Operations<D: Driver> {
    /// The driver's version, which `ethtool -i` shows. `None`: the kernel's version.
    #[doc(alias = "ethtool_drvinfo::version")]
    const VERSION: Option<&'static CStr> = None;

    /// The device's own statistics, which `ethtool -S` lists first.
    type Stats: Stats;

    /// The statistics of each receive queue. `ethtool -S` prefixes the names with `rx_queue_N_`.
    type RxStats: Stats;

    /// The statistics of each transmit queue. `ethtool -S` prefixes the names with `tx_queue_N_`.
    type TxStats: Stats;

    /// Returns the device's own statistics.
    #[doc(alias = "get_ethtool_stats")]
    fn stats(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Self::Stats {
        Default::default()
    }

    /// Returns the statistics of a receive queue that is in use (`get_ethtool_stats()`).
    #[doc(alias = "get_ethtool_stats")]
    fn rx_stats(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> Self::RxStats {
        Default::default()
    }

    /// Returns the statistics of a transmit queue that is in use (`get_ethtool_stats()`).
    #[doc(alias = "get_ethtool_stats")]
    fn tx_stats(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> Self::TxStats {
        Default::default()
    }

    /// Returns speed, duplex mode and the like (`get_link_ksettings()`).
    #[doc(alias = "get_link_ksettings")]
    fn link_settings(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> LinkSettings {
        LinkSettings::default()
    }

    /// Checks new numbers of queues in use (`set_channels()`). A driver that has this supports
    /// `ethtool -l` and `-L`.
    ///
    /// Each number is at least 1 and at most what the device has. For a driver that is
    /// [`Locked`](crate::netdev::Locked) queues are combined, so both numbers are equal. Then
    /// kernet changes the numbers, starts to poll the receive queues that are added and stops to
    /// poll those that are removed.
    ///
    /// # Errors
    ///
    /// The numbers of queues do not change.
    #[doc(alias = "set_channels")]
    fn check_channels(_dev: &DriverDevice<D>, _channels: Channels, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Notifies the driver that the numbers of queues in use have changed (`set_channels()`).
    #[doc(alias = "set_channels")]
    fn channels_changed(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) {}

    /// Checks new ring sizes (`set_ringparam()`). A driver that has this supports `ethtool -g` and
    /// `-G`.
    ///
    /// Each size is one of [`Queue::SIZES`](crate::napi::Queue::SIZES) or, for a driver that is
    /// [`Locked`](crate::netdev::Locked), [`Driver::TX_RING`]. Then kernet changes the sizes:
    /// packets in a ring are dropped, packets in a queueing discipline are not.
    ///
    /// # Errors
    ///
    /// The sizes do not change. Put the reason into `extack`.
    #[doc(alias = "set_ringparam")]
    fn check_rings(
        _dev: &DriverDevice<D>,
        _rings: Rings,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// The fields of [`Coalesce`] that the device supports; the core refuses the others
    /// (`supported_coalesce_params`).
    #[doc(alias = "supported_coalesce_params")]
    const COALESCE: CoalesceParams = CoalesceParams::NONE;

    /// Returns the coalescing settings. A driver that has this supports `ethtool -c`.
    #[doc(alias = "get_coalesce")]
    fn coalesce(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Coalesce {
        Coalesce::default()
    }

    /// Changes the coalescing settings that are in [`Self::COALESCE`].
    ///
    /// # Errors
    ///
    /// No setting changes. Put the reason into `extack`.
    #[doc(alias = "ethtool_ops::set_coalesce")]
    fn set_coalesce(
        _dev: &DriverDevice<D>,
        _coalesce: Coalesce,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Err(eopnotsupp())
    }

    /// Returns the device's RSS indirection table (`get_rxfh()`). A driver that has this supports
    /// `ethtool -x` and `-X`.
    ///
    /// kernet changes the table. When the number of queues changes, kernet spreads flows evenly
    /// again; the core refuses to remove a queue that a user's table names.
    #[doc(alias = "get_rxfh")]
    #[doc(alias = "set_rxfh")]
    fn indirection(_dev: &DriverDevice<D>) -> &Indirection {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The names of the driver's private flags: at most 32 names, of at most 31 bytes each
    /// (`ETH_SS_PRIV_FLAGS`).
    #[doc(alias = "ETH_SS_PRIV_FLAGS")]
    const PRIVATE_FLAGS: &'static [&'static str] = &[];

    /// Returns which of [`Self::PRIVATE_FLAGS`] are on, the first one in bit 0
    /// (`get_priv_flags()`).
    #[doc(alias = "get_priv_flags")]
    fn private_flags(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> u32 {
        0
    }

    /// Sets [`Self::PRIVATE_FLAGS`] (`set_priv_flags()`).
    ///
    /// # Errors
    ///
    /// The flags do not change.
    #[doc(alias = "set_priv_flags")]
    fn set_private_flags(_dev: &DriverDevice<D>, _flags: u32, _rtnl: Rtnl<'_>) -> Result {
        Err(eopnotsupp())
    }

    /// Returns the packets of a receive queue that is in use, for `qstats-get` of the `netdev`
    /// family (`netdev_stat_ops::get_queue_stats_rx`). A driver has all of this,
    /// [`Self::tx_packets`] and [`Self::other_packets`], or none of them.
    #[doc(alias = "netdev_stat_ops::get_queue_stats_rx")]
    #[doc(alias = "netdev_stat_ops")]
    fn rx_packets(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> PacketTotals {
        PacketTotals::default()
    }

    /// Returns the packets of a transmit queue that is in use
    /// (`netdev_stat_ops::get_queue_stats_tx`).
    #[doc(alias = "netdev_stat_ops::get_queue_stats_tx")]
    fn tx_packets(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> PacketTotals {
        PacketTotals::default()
    }

    /// Returns the device's packets that no queue in use has counted (`get_base_stats()`).
    #[doc(alias = "get_base_stats")]
    fn other_packets(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> LinkTotals {
        LinkTotals::default()
    }
}

#[vtable]
impl<D: Driver> Operations<D> for () {
    type Stats = ();
    type RxStats = ();
    type TxStats = ();
}

/// Numbers of queues in use.
#[doc(alias = "ethtool_channels")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Receive queues.
    pub rx: u16,
    /// Transmit queues.
    pub tx: u16,
}

/// The duplex mode of a link.
#[doc(alias = "ethtool_link_settings::duplex")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplex {
    /// One direction at a time.
    #[doc(alias = "DUPLEX_HALF")]
    Half,
    /// Both directions at once.
    #[doc(alias = "DUPLEX_FULL")]
    Full,
    /// Not known.
    #[doc(alias = "DUPLEX_UNKNOWN")]
    #[default]
    Unknown,
}

/// The connector of a device.
#[doc(alias = "ethtool_link_settings::port")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Port {
    /// Twisted pair (`PORT_TP`).
    #[doc(alias = "PORT_TP")]
    TwistedPair,
    /// Fibre.
    #[doc(alias = "PORT_FIBRE")]
    Fibre,
    /// Any other.
    #[doc(alias = "PORT_OTHER")]
    #[default]
    Other,
}

/// Settings of a link (`ethtool_link_ksettings`).
///
/// # Examples
///
/// ```
/// use kernet::ethtool::{Duplex, LinkSettings};
///
/// /// What `Operations::link_settings` of a device with a fixed rate returns.
/// fn settings(megabits: u32) -> LinkSettings {
///     LinkSettings { speed: Some(megabits), duplex: Duplex::Full, ..LinkSettings::default() }
/// }
/// ```
#[doc(alias = "ethtool_link_ksettings")]
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkSettings {
    /// The speed in Mbit/s; `None` if it is unknown.
    pub speed: Option<u32>,
    /// The duplex mode.
    pub duplex: Duplex,
    /// The connector.
    pub port: Port,
    /// Whether speed and duplex mode are negotiated.
    pub autonegotiation: bool,
}

impl LinkSettings {
    fn fill(&self, base: &mut bindings::ethtool_link_settings) {
        base.speed = self.speed.unwrap_or(bindings::SPEED_UNKNOWN as u32);
        base.duplex = match self.duplex {
            Duplex::Half => bindings::DUPLEX_HALF,
            Duplex::Full => bindings::DUPLEX_FULL,
            Duplex::Unknown => bindings::DUPLEX_UNKNOWN,
        } as u8;
        base.port = match self.port {
            Port::TwistedPair => bindings::PORT_TP,
            Port::Fibre => bindings::PORT_FIBRE,
            Port::Other => bindings::PORT_OTHER,
        } as u8;
        base.autoneg = if self.autonegotiation {
            bindings::AUTONEG_ENABLE
        } else {
            bindings::AUTONEG_DISABLE
        } as u8;
    }
}
