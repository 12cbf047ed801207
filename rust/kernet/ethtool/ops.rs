// SPDX-License-Identifier: GPL-2.0

//! The functions in `struct ethtool_ops`.

use core::{
    fmt::Write,
    marker::PhantomData,
    slice, //
};
use kernel::{
    error::from_result,
    fmt,
    prelude::*, //
};

use super::{
    check_names,
    spread,
    Channels,
    Operations,
    Stats,
    NAME_MAX, //
};
use crate::{
    bindings,
    context::Rtnl,
    error::eopnotsupp,
    napi,
    netdev::{
        Driver,
        DriverDevice,
        TxMode, //
    },
    page_pool::PoolStats,
    percpu::PacketTotals,
    xdp, //
};

/// A name with the 0 behind it.
const NAME_LEN: usize = NAME_MAX + 1;

type Own<D> = <<D as Driver>::Ethtool as Operations<D>>::Stats;
type Rx<D> = <<D as Driver>::Ethtool as Operations<D>>::RxStats;
type Tx<D> = <<D as Driver>::Ethtool as Operations<D>>::TxStats;

/// A driver's operations: one table each, made when the module is compiled.
pub(crate) struct Ops<D: Driver>(PhantomData<D>);

impl<D: Driver> Ops<D> {
    const HAS_STATS: bool =
        !(Own::<D>::NAMES.is_empty() && Rx::<D>::NAMES.is_empty() && Tx::<D>::NAMES.is_empty());
    const HAS_CHANNELS: bool = D::Ethtool::HAS_CHECK_CHANNELS;
    const HAS_FLAGS: bool = !D::Ethtool::PRIVATE_FLAGS.is_empty();
    const HAS_RINGS: bool = D::Ethtool::HAS_CHECK_RINGS;

    pub(crate) const ETHTOOL: &'static bindings::ethtool_ops = &bindings::ethtool_ops {
        supported_coalesce_params: {
            let params = D::Ethtool::COALESCE.into_raw();
            assert!(
                !D::Ethtool::HAS_SET_COALESCE || params != 0,
                "`set_coalesce` without `COALESCE`"
            );
            params
        },
        get_drvinfo: given!(D::Ethtool::VERSION.is_some(), Self::get_drvinfo),
        get_link: Some(bindings::ethtool_op_get_link),
        get_ts_info: Some(bindings::ethtool_op_get_ts_info),
        get_sset_count: given!(Self::HAS_STATS || Self::HAS_FLAGS, Self::get_sset_count),
        get_strings: given!(Self::HAS_STATS || Self::HAS_FLAGS, Self::get_strings),
        get_ethtool_stats: given!(Self::HAS_STATS, Self::get_ethtool_stats),
        get_priv_flags: given!(Self::HAS_FLAGS, Self::get_priv_flags),
        set_priv_flags: given!(Self::HAS_FLAGS, Self::set_priv_flags),
        get_link_ksettings: given!(D::Ethtool::HAS_LINK_SETTINGS, Self::get_link_ksettings),
        get_channels: given!(Self::HAS_CHANNELS, Self::get_channels),
        set_channels: given!(Self::HAS_CHANNELS, Self::set_channels),
        get_ringparam: given!(Self::HAS_RINGS, Self::get_ringparam),
        set_ringparam: given!(Self::HAS_RINGS, Self::set_ringparam),
        get_coalesce: given!(D::Ethtool::HAS_COALESCE, Self::get_coalesce),
        set_coalesce: given!(D::Ethtool::HAS_SET_COALESCE, Self::set_coalesce),
        get_rx_ring_count: given!(D::Ethtool::HAS_INDIRECTION, Self::get_rx_ring_count),
        get_rxfh_indir_size: given!(D::Ethtool::HAS_INDIRECTION, Self::get_rxfh_indir_size),
        get_rxfh: given!(D::Ethtool::HAS_INDIRECTION, Self::get_rxfh),
        set_rxfh: given!(D::Ethtool::HAS_INDIRECTION, Self::set_rxfh),
        ..pin_init::zeroed()
    };

    /// The table of statistics per queue, if the driver has them.
    pub(crate) const QUEUES: Option<&'static bindings::netdev_stat_ops> =
        if D::Ethtool::HAS_RX_PACKETS && D::Ethtool::HAS_TX_PACKETS && D::Ethtool::HAS_OTHER_PACKETS
        {
            Some(&bindings::netdev_stat_ops {
                get_queue_stats_rx: Some(Self::get_queue_stats_rx),
                get_queue_stats_tx: Some(Self::get_queue_stats_tx),
                get_base_stats: Some(Self::get_base_stats),
            })
        } else {
            None
        };

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn get_drvinfo(
        dev: *mut bindings::net_device,
        info: *mut bindings::ethtool_drvinfo,
    ) {
        // SAFETY: The core lends both; a device that can be found was made by a link kind, whose
        // operations outlive it.
        unsafe {
            let kind = CStr::from_char_ptr((*(*dev).rtnl_link_ops).kind.cast());
            copy(&mut (*info).driver, kind.to_bytes());
            if let Some(version) = D::Ethtool::VERSION {
                copy(&mut (*info).version, version.to_bytes());
            }
        }
    }

    fn count(dev: &DriverDevice<D>) -> usize {
        let rx = Rx::<D>::NAMES.len() * usize::from(dev.rx_queues());
        let tx = Tx::<D>::NAMES.len() * usize::from(dev.tx_queues());
        Own::<D>::NAMES.len() + rx + tx + Self::pool_count()
    }

    /// Those of page pools come last.
    fn pool_count() -> usize {
        if xdp::exists::<D>() {
            PoolStats::count()
        } else {
            0
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn get_sset_count(dev: *mut bindings::net_device, set: c_int) -> c_int {
        from_result(|| {
            let set = u32::try_from(set).map_err(|_| EINVAL)?;
            let count = if Self::HAS_STATS && set == bindings::ethtool_stringset_ETH_SS_STATS {
                // SAFETY: By the caller's promise.
                Self::count(unsafe { DriverDevice::<D>::from_raw(dev) })
            } else if Self::HAS_FLAGS && set == bindings::ethtool_stringset_ETH_SS_PRIV_FLAGS {
                D::Ethtool::PRIVATE_FLAGS.len()
            } else {
                return Err(eopnotsupp());
            };
            c_int::try_from(count).map_err(|_| EINVAL)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and room for as many names as
    /// [`Self::get_sset_count`] has said, under RTNL since.
    unsafe extern "C" fn get_strings(dev: *mut bindings::net_device, set: u32, to: *mut u8) {
        const {
            check_names(Own::<D>::NAMES, NAME_MAX);
            check_names(Rx::<D>::NAMES, NAME_MAX - "rx_queue_65535_".len());
            check_names(Tx::<D>::NAMES, NAME_MAX - "tx_queue_65535_".len());
            check_names(D::Ethtool::PRIVATE_FLAGS, NAME_MAX);
            assert!(
                D::Ethtool::PRIVATE_FLAGS.len() <= 32,
                "too many private flags"
            );
        }
        if set == bindings::ethtool_stringset_ETH_SS_PRIV_FLAGS {
            let count = D::Ethtool::PRIVATE_FLAGS.len();
            // SAFETY: By the caller's promise: there is room, which nobody else uses.
            let names: &mut [[u8; NAME_LEN]] =
                unsafe { slice::from_raw_parts_mut(to.cast(), count) };
            for (to, name) in names.iter_mut().zip(D::Ethtool::PRIVATE_FLAGS) {
                put(to, format_args!("{name}"));
            }
            return;
        }
        if set != bindings::ethtool_stringset_ETH_SS_STATS {
            return;
        }
        // SAFETY: By the caller's promise.
        let dev = unsafe { DriverDevice::<D>::from_raw(dev) };
        // SAFETY: As above: there is room, which nobody else uses.
        let names: &mut [[u8; NAME_LEN]] =
            unsafe { slice::from_raw_parts_mut(to.cast(), Self::count(dev)) };
        let queues = names.len().saturating_sub(Self::pool_count());
        let Some((names, pools)) = names.split_at_mut_checked(queues) else {
            return;
        };
        PoolStats::write_names(pools);
        let mut names = names.iter_mut();
        let mut put = |text: fmt::Arguments<'_>| {
            if let Some(name) = names.next() {
                put(name, text);
            }
        };
        for name in Own::<D>::NAMES {
            put(format_args!("{name}"));
        }
        for queue in 0..dev.rx_queues() {
            for name in Rx::<D>::NAMES {
                put(format_args!("rx_queue_{queue}_{name}"));
            }
        }
        for queue in 0..dev.tx_queues() {
            for name in Tx::<D>::NAMES {
                put(format_args!("tx_queue_{queue}_{name}"));
            }
        }
    }

    /// # Safety
    ///
    /// As [`Self::get_strings`], with room for values.
    unsafe extern "C" fn get_ethtool_stats(
        dev: *mut bindings::net_device,
        _stats: *mut bindings::ethtool_stats,
        to: *mut u64,
    ) {
        // SAFETY: By the caller's promise.
        let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
        // SAFETY: As above: there is room, which nobody else uses.
        let mut rest = unsafe { slice::from_raw_parts_mut(to, Self::count(dev)) };
        let mut put = |count: usize, write: &dyn Fn(&mut [u64])| {
            if let Some((now, later)) = core::mem::take(&mut rest).split_at_mut_checked(count) {
                write(now);
                rest = later;
            }
        };
        put(Own::<D>::NAMES.len(), &|to| {
            D::Ethtool::stats(dev, rtnl).write(to)
        });
        for queue in 0..dev.rx_queues() {
            put(Rx::<D>::NAMES.len(), &|to| {
                D::Ethtool::rx_stats(dev, queue, rtnl).write(to)
            });
        }
        for queue in 0..dev.tx_queues() {
            put(Tx::<D>::NAMES.len(), &|to| {
                D::Ethtool::tx_stats(dev, queue, rtnl).write(to)
            });
        }
        put(Self::pool_count(), &|to| dev.pool_stats(rtnl).write(to));
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and settings of 0, under RTNL.
    unsafe extern "C" fn get_link_ksettings(
        dev: *mut bindings::net_device,
        settings: *mut bindings::ethtool_link_ksettings,
    ) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe {
            let dev = DriverDevice::<D>::from_raw(dev);
            D::Ethtool::link_settings(dev, Rtnl::assume()).fill(&mut (*settings).base);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and numbers of 0, under RTNL.
    unsafe extern "C" fn get_channels(
        dev: *mut bindings::net_device,
        channels: *mut bindings::ethtool_channels,
    ) {
        // SAFETY: By the caller's promise.
        unsafe {
            let this = DriverDevice::<D>::from_raw(dev);
            if D::TxMode::LOCKED {
                (*channels).combined_count = this.rx_queues().into();
                (*channels).max_combined = (*dev).num_rx_queues.min((*dev).num_tx_queues);
                return;
            }
            (*channels).rx_count = this.rx_queues().into();
            (*channels).tx_count = this.tx_queues().into();
            (*channels).max_rx = (*dev).num_rx_queues;
            (*channels).max_tx = (*dev).num_tx_queues;
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and numbers within those of
    /// [`Self::get_channels`], under RTNL.
    unsafe extern "C" fn set_channels(
        dev: *mut bindings::net_device,
        channels: *mut bindings::ethtool_channels,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl, channels) =
                unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume(), &*channels) };
            let (rx, tx) = if D::TxMode::LOCKED {
                (channels.combined_count, channels.combined_count)
            } else {
                (channels.rx_count, channels.tx_count)
            };
            let channels = Channels {
                rx: u16::try_from(rx).map_err(|_| EINVAL)?,
                tx: u16::try_from(tx).map_err(|_| EINVAL)?,
            };
            if channels.rx == 0 || channels.tx == 0 {
                return Err(EINVAL);
            }
            D::Ethtool::check_channels(dev, channels, rtnl)?;
            set_channels(dev, channels, rtnl)?;
            D::Ethtool::channels_changed(dev, rtnl);
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and a queue that is in use, under RTNL.
    unsafe extern "C" fn get_queue_stats_rx(
        dev: *mut bindings::net_device,
        queue: c_int,
        stats: *mut bindings::netdev_queue_stats_rx,
    ) {
        let queue = u16::try_from(queue).unwrap_or(u16::MAX);
        // SAFETY: By the caller's promise.
        unsafe {
            let dev = DriverDevice::<D>::from_raw(dev);
            fill_rx(stats, D::Ethtool::rx_packets(dev, queue, Rtnl::assume()));
        }
    }

    /// # Safety
    ///
    /// As [`Self::get_queue_stats_rx`].
    unsafe extern "C" fn get_queue_stats_tx(
        dev: *mut bindings::net_device,
        queue: c_int,
        stats: *mut bindings::netdev_queue_stats_tx,
    ) {
        let queue = u16::try_from(queue).unwrap_or(u16::MAX);
        // SAFETY: By the caller's promise.
        unsafe {
            let dev = DriverDevice::<D>::from_raw(dev);
            fill_tx(stats, D::Ethtool::tx_packets(dev, queue, Rtnl::assume()));
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn get_base_stats(
        dev: *mut bindings::net_device,
        rx: *mut bindings::netdev_queue_stats_rx,
        tx: *mut bindings::netdev_queue_stats_tx,
    ) {
        // SAFETY: By the caller's promise.
        unsafe {
            let dev = DriverDevice::<D>::from_raw(dev);
            let counted = D::Ethtool::other_packets(dev, Rtnl::assume());
            fill_rx(rx, counted.rx);
            fill_tx(tx, counted.tx);
        }
    }
}

/// Changes how many queues are in use, and which receive queues are polled. All or nothing.
fn set_channels<D: Driver>(dev: &DriverDevice<D>, channels: Channels, rtnl: Rtnl<'_>) -> Result {
    let old = dev.rx_queues();
    if napi::is_polled(dev) {
        napi::start(dev, old..channels.rx, rtnl)?;
    }
    let result = dev.set_rx_queues(channels.rx, rtnl).and_then(|()| {
        dev.set_tx_queues(channels.tx, rtnl).inspect_err(|_| {
            // The number that it was is possible.
            let _ = dev.set_rx_queues(old, rtnl);
        })
    });
    napi::stop(dev, dev.rx_queues()..u16::MAX, rtnl);
    xdp::update_features(dev, rtnl);
    spread(dev, rtnl);
    result
}

/// # Safety
///
/// `stats` is valid.
unsafe fn fill_rx(stats: *mut bindings::netdev_queue_stats_rx, totals: PacketTotals) {
    // SAFETY: By the caller's promise. The rest says that it is not counted.
    unsafe {
        (*stats).packets = totals.packets;
        (*stats).bytes = totals.bytes;
    }
}

/// # Safety
///
/// `stats` is valid.
unsafe fn fill_tx(stats: *mut bindings::netdev_queue_stats_tx, totals: PacketTotals) {
    // SAFETY: By the caller's promise. The rest says that it is not counted.
    unsafe {
        (*stats).packets = totals.packets;
        (*stats).bytes = totals.bytes;
    }
}

/// Makes text, which fits, a name.
fn put(name: &mut [u8; NAME_LEN], text: fmt::Arguments<'_>) {
    *name = [0; NAME_LEN];
    // The last byte stays 0.
    let _ = Text(name.get_mut(..NAME_MAX).unwrap_or(&mut [])).write_fmt(text);
}

/// Makes text the content of a field, as far as it fits with a 0 behind it.
fn copy(to: &mut [c_char], text: &[u8]) {
    to.fill(0);
    let room = to.len().saturating_sub(1);
    for (to, from) in to.iter_mut().take(room).zip(text) {
        *to = *from as c_char;
    }
}

/// Text that goes into a buffer as far as it fits.
struct Text<'a>(&'a mut [u8]);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let len = text.len().min(self.0.len());
        let (now, later) = core::mem::take(&mut self.0).split_at_mut(len);
        for (to, from) in now.iter_mut().zip(text.as_bytes()) {
            *to = *from;
        }
        self.0 = later;
        Ok(())
    }
}
