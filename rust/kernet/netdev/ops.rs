// SPDX-License-Identifier: GPL-2.0

//! The functions in `struct net_device_ops`.

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    map::forget,
    Driver,
    DriverDevice,
    Features,
    LinkStats,
    Priv,
    Rings,
    Setup,
    Transmit,
    TxMode,
    TxQueue, //
};
use crate::{
    bindings,
    context::{
        rcu_read,
        Context,
        Rtnl,
        Softirq, //
    },
    error::to_result,
    ethtool, napi,
    skb::{
        DropReason,
        Skb,
        SkbRef, //
    },
    xdp,
};

/// A driver's operations: one table each, made when the module is compiled.
pub(crate) struct Ops<D: Driver>(PhantomData<D>);

impl<D: Driver> Ops<D> {
    const NAPI: bool = <D::Queue as napi::Queue<D>>::EXISTS;
    const XDP: bool = xdp::exists::<D>();

    /// Refuses a driver, when it is compiled, whose parts do not go together.
    const CHECKED: () = {
        D::TX_RING.check();
        Rings::rx_sizes::<D>().check();
        assert!(
            D::TX_RING.default.is_power_of_two(),
            "a transmit ring whose size is no power of two"
        );
        assert!(
            !D::TxMode::LOCKED || Self::NAPI && D::HAS_TX_COMPLETE,
            "a driver that is `Locked` has receive queues, and `tx_complete`"
        );
        assert!(
            D::LINK_LAYER.is_ethernet() || !Self::NAPI && !Self::XDP && !D::GRO_CELLS,
            "a driver of devices without a link header has no receive queues, XDP or GRO cells"
        );
    };

    const DEVICE: &'static bindings::net_device_ops = &bindings::net_device_ops {
        ndo_init: Some(Self::init),
        ndo_uninit: Some(Self::uninit),
        ndo_open: Some(Self::open),
        ndo_stop: Some(Self::stop),
        ndo_start_xmit: Some(Self::start_xmit),
        ndo_select_queue: given!(D::HAS_SELECT_QUEUE, Self::select_queue),
        ndo_features_check: given!(D::HAS_FEATURES_CHECK, Self::features_check),
        ndo_fix_features: given!(D::HAS_FIX_FEATURES, Self::fix_features),
        ndo_set_features: given!(Self::NAPI || D::HAS_SET_FEATURES, Self::set_features),
        ndo_change_mtu: given!(D::HAS_CHANGE_MTU, Self::change_mtu),
        ndo_set_rx_headroom: given!(D::HAS_SET_RX_HEADROOM, Self::set_rx_headroom),
        ndo_get_peer_dev: given!(D::HAS_PEER_DEVICE, Self::get_peer_dev),
        ndo_add_slave: given!(D::HAS_ADD_PORT, Self::add_slave),
        ndo_del_slave: given!(D::HAS_REMOVE_PORT, Self::del_slave),
        ndo_get_iflink: given!(D::HAS_IFLINK, Self::get_iflink),
        ndo_get_stats64: if Self::NAPI || D::HAS_STATS {
            Some(Self::get_stats64)
        } else {
            Some(bindings::dev_get_tstats64)
        },
        ndo_tx_timeout: given!(D::HAS_TX_TIMEOUT, Self::tx_timeout),
        ndo_bpf: given!(Self::XDP, xdp::ops::bpf::<D>),
        ndo_xdp_xmit: given!(Self::XDP && D::HAS_XDP_TRANSMIT, xdp::ops::xdp_xmit::<D>),
        ndo_set_rx_mode: if D::HAS_SET_RX_MODE {
            Some(Self::set_rx_mode)
        } else {
            Some(Self::no_rx_mode)
        },
        ndo_change_rx_flags: given!(D::HAS_CHANGE_RX_FLAGS, Self::change_rx_flags),
        ndo_set_mac_address: if !D::LINK_LAYER.is_ethernet() {
            None
        } else if D::HAS_SET_HARDWARE_ADDRESS {
            Some(Self::set_mac_address)
        } else {
            Some(bindings::eth_mac_addr)
        },
        ndo_validate_addr: if !D::LINK_LAYER.is_ethernet() {
            None
        } else if D::HAS_VALIDATE_HARDWARE_ADDRESS {
            Some(Self::validate_addr)
        } else {
            Some(bindings::eth_validate_addr)
        },
        // Called whenever the feature is on, which any driver may say.
        ndo_vlan_rx_add_vid: Some(Self::vlan_rx_add_vid),
        ndo_vlan_rx_kill_vid: Some(Self::vlan_rx_kill_vid),
        ..pin_init::zeroed()
    };

    /// `rtnl_link_ops::setup`.
    ///
    /// # Safety
    ///
    /// `dev` is a new device with room for a [`Priv<D>`], zeroed, which nobody else knows.
    pub(crate) unsafe extern "C" fn setup(dev: *mut bindings::net_device) {
        let () = Self::CHECKED;
        // SAFETY: By the caller's promise.
        unsafe {
            bindings::ether_setup(dev);
            if !D::LINK_LAYER.is_ethernet() {
                super::raw_ip::setup(&mut *dev);
            }
            // A packet is sent once and then ours alone; netpoll would send with interrupts off.
            bindings::dev_clear_priv_flags(dev, bindings::netdev_priv_flags_IFF_TX_SKB_SHARING);
            bindings::dev_set_priv_flags(dev, bindings::netdev_priv_flags_IFF_DISABLE_NETPOLL);
            bindings::dev_set_tstats(dev);
            (*dev).netdev_ops = Self::DEVICE;
            (*dev).ethtool_ops = ethtool::Ops::<D>::ETHTOOL;
            if let Some(ops) = ethtool::Ops::<D>::QUEUES {
                (*dev).stat_ops = ops;
            }
            if Self::XDP {
                (*dev).xdp_metadata_ops = xdp::HINTS;
            }
            (*dev).needs_free_netdev = true;
            (*dev).priv_destructor = Some(super::destroy::<D>);
            if !D::TxMode::LOCKED {
                bindings::dev_set_lltx(dev);
            }
            D::setup(&mut Setup(&mut *dev));
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL, when it is being registered.
    unsafe extern "C" fn init(dev: *mut bindings::net_device) -> c_int {
        from_result(|| {
            if D::GRO_CELLS {
                // SAFETY: By the caller's promise; private data is made before registration, and the
                // cells are part of it, at a fixed place.
                to_result(unsafe {
                    bindings::gro_cells_init((*Priv::<D>::of(dev)).gro_cells(), dev)
                })?;
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL. The device is down, and a grace
    /// period has passed since; another one follows before it is freed.
    unsafe extern "C" fn uninit(dev: *mut bindings::net_device) {
        // Before all that a callback might use, and also if the device could not be registered.
        // SAFETY: By the caller's promise; private data is made before registration. This may sleep.
        unsafe { Priv::<D>::quiesce(Priv::<D>::of(dev)) };
        // SAFETY: By the caller's promise.
        let state = u32::from(unsafe { (*dev).reg_state });
        // Otherwise it could not be registered: nobody else knows it, and it has no statistics any more.
        if state == bindings::netdev_reg_state_NETREG_UNREGISTERING {
            // SAFETY: By the caller's promise; it was registered.
            let this = unsafe { DriverDevice::<D>::from_raw(dev) };
            // SAFETY: The core holds RTNL.
            let rtnl = unsafe { Rtnl::assume() };
            Priv::part(this, rtnl);
            forget(this, rtnl);
            D::uninit(this, rtnl);
            this.shared().lowers.cut_all(rtnl);
        }
        if D::GRO_CELLS {
            // SAFETY: `init` has made them, in the private data, which is there until after this.
            unsafe { bindings::gro_cells_destroy((*Priv::<D>::of(dev)).gro_cells()) };
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn open(dev: *mut bindings::net_device) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let this = unsafe { DriverDevice::<D>::from_raw(dev) };
            // SAFETY: By the caller's promise.
            let rtnl = unsafe { Rtnl::assume() };
            if napi::wanted(this, this.features(), rtnl) {
                napi::start(this, 0..this.rx_queues(), rtnl)?;
            }
            if let Err(e) = D::open(this, rtnl) {
                this.shared().lowers.release_all(rtnl);
                napi::stop(this, 0..u16::MAX, rtnl);
                return Err(e);
            }
            xdp::update_features(this, rtnl);
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL, once for each `open`.
    unsafe extern "C" fn stop(dev: *mut bindings::net_device) -> c_int {
        // SAFETY: By the caller's promise.
        let this = unsafe { DriverDevice::<D>::from_raw(dev) };
        // SAFETY: By the caller's promise.
        let rtnl = unsafe { Rtnl::assume() };
        D::stop(this, rtnl);
        this.shared().lowers.release_all(rtnl);
        napi::stop(this, 0..u16::MAX, rtnl);
        0
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and a packet that it gives away unless the
    /// answer is `NETDEV_TX_BUSY`, with bottom halves disabled.
    unsafe extern "C" fn start_xmit(
        raw: *mut bindings::sk_buff,
        dev: *mut bindings::net_device,
    ) -> bindings::netdev_tx_t {
        // SAFETY: By the caller's promise.
        let (dev, softirq) = unsafe { (DriverDevice::<D>::from_raw(dev), Softirq::assume()) };
        // Who generates packets sends one several times, by devices that can share it, and a program may
        // redirect it from there to here.
        // SAFETY: The reference is ours; the callee gives it up where it makes a clone or fails.
        let skb = unsafe { bindings::skb_share_check(raw, <Softirq<'_> as Context>::GFP) };
        let Some(skb) = NonNull::new(skb) else {
            dev.count_tx_dropped();
            return bindings::NET_XMIT_DROP as bindings::netdev_tx_t;
        };
        // SAFETY: Valid, and ours alone now. What it refers to is there for this callback, in which
        // bottom halves are off.
        let skb = unsafe { Skb::from_raw(skb) };
        let queue = skb.queue_mapping();
        // SAFETY: By the caller's promise; the queue that it has chosen is the packet's.
        match unsafe { D::TxMode::transmit(dev, queue, skb, softirq) } {
            Transmit::Done => bindings::netdev_tx_NETDEV_TX_OK,
            Transmit::CongestionDrop => bindings::NET_XMIT_DROP as bindings::netdev_tx_t,
            Transmit::Busy(busy) => match busy.into_raw(raw) {
                Ok(()) => {
                    // SAFETY: The packet is C's again, one of this device and of this queue, whatever
                    // forwarding and the driver have made it.
                    unsafe {
                        bindings::skb_set_dev(raw, dev.as_raw());
                        (*raw).queue_mapping = queue;
                    }
                    bindings::netdev_tx_NETDEV_TX_BUSY
                }
                // Another packet than was to be sent.
                Err(skb) => {
                    dev.count_tx_dropped();
                    skb.drop_with(DropReason::NOT_SPECIFIED, softirq);
                    bindings::NET_XMIT_DROP as bindings::netdev_tx_t
                }
            },
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and a packet that is to be sent.
    unsafe extern "C" fn select_queue(
        dev: *mut bindings::net_device,
        skb: *mut bindings::sk_buff,
        _subordinate: *mut bindings::net_device,
    ) -> u16 {
        // SAFETY: By the caller's promise; nobody changes the packet meanwhile.
        let (dev, skb) = unsafe { (DriverDevice::<D>::from_raw(dev), SkbRef::from_raw(skb)) };
        D::select_queue(dev, skb)
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and a packet that is to be sent.
    unsafe extern "C" fn features_check(
        skb: *mut bindings::sk_buff,
        dev: *mut bindings::net_device,
        features: bindings::netdev_features_t,
    ) -> bindings::netdev_features_t {
        // SAFETY: By the caller's promise; nobody changes the packet meanwhile.
        let (dev, skb) = unsafe { (DriverDevice::<D>::from_raw(dev), SkbRef::from_raw(skb)) };
        D::features_check(dev, skb, Features::from_raw(features)).into_raw()
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn fix_features(
        dev: *mut bindings::net_device,
        features: bindings::netdev_features_t,
    ) -> bindings::netdev_features_t {
        // SAFETY: By the caller's promise.
        let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
        D::fix_features(dev, Features::from_raw(features), rtnl).into_raw()
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn set_features(
        dev: *mut bindings::net_device,
        features: bindings::netdev_features_t,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            let features = Features::from_raw(features);
            if Self::NAPI && dev.is_up() {
                if napi::wanted(dev, features, rtnl) {
                    napi::start(dev, 0..dev.rx_queues(), rtnl)?;
                } else {
                    napi::stop(dev, 0..u16::MAX, rtnl);
                }
                xdp::update_features(dev, rtnl);
            }
            D::set_features(dev, features, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn change_mtu(dev: *mut bindings::net_device, mtu: c_int) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (this, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            let mtu = u32::try_from(mtu).map_err(|_| EINVAL)?;
            D::change_mtu(this, mtu, rtnl)?;
            // SAFETY: By the caller's promise.
            unsafe { bindings::dev_set_mtu_raw(dev, mtu) };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver.
    unsafe extern "C" fn set_rx_headroom(dev: *mut bindings::net_device, bytes: c_int) {
        // SAFETY: By the caller's promise.
        let dev = unsafe { DriverDevice::<D>::from_raw(dev) };
        // -1 is for no wish.
        let bytes = u16::try_from(bytes.max(0)).unwrap_or(u16::MAX);
        D::set_rx_headroom(dev, bytes);
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, in a read-side section.
    unsafe extern "C" fn get_peer_dev(dev: *mut bindings::net_device) -> *mut bindings::net_device {
        // SAFETY: By the caller's promise, for as long as its read-side section.
        let (dev, rcu) = unsafe {
            (
                DriverDevice::<D>::from_raw(dev),
                crate::context::Rcu::assume(),
            )
        };
        D::peer_device(dev, rcu).map_or(ptr::null_mut(), |peer| peer.as_raw())
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver.
    unsafe extern "C" fn get_iflink(dev: *const bindings::net_device) -> c_int {
        // SAFETY: By the caller's promise; not freed while the core asks.
        let dev = unsafe { DriverDevice::<D>::from_raw(dev) };
        c_int::try_from(rcu_read(|rcu| D::iflink(dev, rcu))).unwrap_or(0)
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and statistics of 0, which may be a part of a
    /// netlink message.
    unsafe extern "C" fn get_stats64(
        dev: *mut bindings::net_device,
        stats: *mut bindings::rtnl_link_stats64,
    ) {
        // SAFETY: By the caller's promise.
        let dev = unsafe { DriverDevice::<D>::from_raw(dev) };
        let mut filled = LinkStats::new();
        rcu_read(|rcu| D::stats(dev, &mut filled, rcu));
        // SAFETY: By the caller's promise.
        unsafe { filled.write(stats) };
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and the number of a queue of it, with bottom
    /// halves disabled.
    unsafe extern "C" fn tx_timeout(dev: *mut bindings::net_device, queue: c_uint) {
        // SAFETY: By the caller's promise.
        let (dev, softirq) = unsafe { (DriverDevice::<D>::from_raw(dev), Softirq::assume()) };
        if let Ok(index) = u16::try_from(queue) {
            let queue = TxQueue::new(dev, index);
            D::tx_timeout(dev, queue, softirq);
        }
    }
}
