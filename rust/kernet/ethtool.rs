// SPDX-License-Identifier: GPL-2.0

//! What `ethtool` and the `netdev` family ask of a device.
//!
//! C headers: [`include/linux/ethtool.h`](srctree/include/linux/ethtool.h),
//! [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)
//!
//! All of it runs under RTNL: the core takes the device's instance lock instead only for drivers
//! that manage the memory of their queues or shape traffic.

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

/// What a driver answers. What is left out is not supported, as `ethtool` then says.
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
    /// The driver's version, which `ethtool -i` shows; the kernel's when there is none.
    const VERSION: Option<&'static CStr> = None;

    /// The device's own statistics of `ethtool -S`, the first ones there.
    type Stats: Stats;

    /// Those of a receive queue; `rx_queue_N_` goes before their names.
    type RxStats: Stats;

    /// Those of a transmit queue; `tx_queue_N_` goes before their names.
    type TxStats: Stats;

    /// The device's own statistics.
    #[doc(alias = "get_ethtool_stats")]
    fn stats(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Self::Stats {
        Default::default()
    }

    /// Those of a receive queue that is in use.
    fn rx_stats(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> Self::RxStats {
        Default::default()
    }

    /// Those of a transmit queue that is in use.
    fn tx_stats(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> Self::TxStats {
        Default::default()
    }

    /// Speed and the like.
    #[doc(alias = "get_link_ksettings")]
    fn link_settings(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> LinkSettings {
        LinkSettings::default()
    }

    /// Whether as many queues can be in use; `ethtool -l` and `-L` work if a driver has this.
    ///
    /// They are at least one of each and no more than the device has; for a driver that is
    /// [`Locked`](crate::netdev::Locked), which has them combined, as many of the ones as of the
    /// others. kernet then changes the numbers, and polls the receive queues that come and no longer
    /// those that go.
    ///
    /// # Errors
    ///
    /// The numbers stay.
    #[doc(alias = "set_channels")]
    fn check_channels(_dev: &DriverDevice<D>, _channels: Channels, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The numbers of queues in use have changed.
    fn channels_changed(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) {}

    /// Whether the rings can have these sizes, each of them one of [`Queue::SIZES`](crate::napi::Queue::SIZES) or, of a driver that
    /// is [`Locked`](crate::netdev::Locked), [`Driver::TX_RING`]; `ethtool -g` and `-G` work if a
    /// driver has this.
    ///
    /// kernet then changes them: what is in a ring is dropped, what waits in a queueing discipline is
    /// not.
    ///
    /// # Errors
    ///
    /// They stay. `extack` says why.
    #[doc(alias = "set_ringparam")]
    fn check_rings(
        _dev: &DriverDevice<D>,
        _rings: Rings,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// What of [`Coalesce`] the device has; the core refuses the rest.
    #[doc(alias = "supported_coalesce_params")]
    const COALESCE: CoalesceParams = CoalesceParams::NONE;

    /// When the device's interrupts come: `ethtool -c` works if a driver has this.
    #[doc(alias = "get_coalesce")]
    fn coalesce(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Coalesce {
        Coalesce::default()
    }

    /// Changes when the device's interrupts come, of which [`Self::COALESCE`] says what changes.
    ///
    /// # Errors
    ///
    /// All stay. `extack` says why.
    fn set_coalesce(
        _dev: &DriverDevice<D>,
        _coalesce: Coalesce,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Err(eopnotsupp())
    }

    /// The table by which the device spreads what it receives: `ethtool -x` and `-X` work if a driver
    /// has this.
    ///
    /// kernet changes it, and spreads evenly again when the number of queues changes; the core refuses
    /// fewer queues than a table of the user's names.
    #[doc(alias = "get_rxfh")]
    #[doc(alias = "set_rxfh")]
    fn indirection(_dev: &DriverDevice<D>) -> &Indirection {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Names of switches of the device's own, of at most 31 bytes, 32 of them at most.
    #[doc(alias = "ETH_SS_PRIV_FLAGS")]
    const PRIVATE_FLAGS: &'static [&'static str] = &[];

    /// Which of [`Self::PRIVATE_FLAGS`] are on, the first one in bit 0.
    #[doc(alias = "get_priv_flags")]
    fn private_flags(_dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> u32 {
        0
    }

    /// Switches [`Self::PRIVATE_FLAGS`].
    ///
    /// # Errors
    ///
    /// They stay.
    #[doc(alias = "set_priv_flags")]
    fn set_private_flags(_dev: &DriverDevice<D>, _flags: u32, _rtnl: Rtnl<'_>) -> Result {
        Err(eopnotsupp())
    }

    /// Packets of one receive queue that is in use, for the `netdev` family's `qstats-get`, as
    /// [`Self::tx_packets`] and [`Self::other_packets`]: a driver has all three or none.
    #[doc(alias = "netdev_stat_ops")]
    fn rx_packets(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> PacketTotals {
        PacketTotals::default()
    }

    /// Packets of one transmit queue that is in use.
    fn tx_packets(_dev: &DriverDevice<D>, _queue: u16, _rtnl: Rtnl<'_>) -> PacketTotals {
        PacketTotals::default()
    }

    /// Packets of the device that are in none of the queues in use.
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

/// Whether a link carries frames both ways at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplex {
    /// It does not.
    Half,
    /// It does.
    Full,
    /// Not known.
    #[default]
    Unknown,
}

/// What a device is connected by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Port {
    /// Twisted pair.
    TwistedPair,
    /// Fibre.
    Fibre,
    /// Something else.
    #[default]
    Other,
}

/// Settings of a link.
#[doc(alias = "ethtool_link_ksettings")]
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkSettings {
    /// In Mbit/s; `None` when it is not known.
    pub speed: Option<u32>,
    /// One way or both at a time.
    pub duplex: Duplex,
    /// The connector.
    pub port: Port,
    /// Whether the two are negotiated.
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
