// SPDX-License-Identifier: GPL-2.0

//! What a device does: the operations of `struct net_device_ops`.

use core::ptr::NonNull;
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    map::forget,
    Dev,
    Priv, //
};
use crate::{
    bindings,
    context::{
        Rcu,
        Rtnl,
        Softirq, //
    },
    module::Declared,
    napi,
    skb::Skb, //
};

/// A driver of Ethernet-like devices; the value is a device's private data.
///
/// A method that is left out has the behaviour that its documentation says. All run for devices
/// that are registered; none after `unregister_netdevice()` has returned.
#[doc(alias = "net_device_ops")]
pub trait Driver: Sized + Send + Sync + 'static {
    /// The module that the driver belongs to.
    type Module: Declared;

    /// What each receive queue holds; `()` for a driver without NAPI.
    type Queue: napi::Queue<Self>;

    /// Whether [`Dev::receive`] goes through per-CPU GRO, as tunnels do.
    #[doc(alias = "gro_cells")]
    const GRO_CELLS: bool = false;

    /// Whether packets pass on unchanged, so that any offload the stack asks for is fine.
    #[doc(alias = "passthru_features_check")]
    const PASS_THROUGH: bool = false;

    /// Sets up a new device, after `ether_setup()`.
    fn setup(setup: &mut Setup<'_>);

    /// The device goes up. NAPI is enabled already.
    ///
    /// # Errors
    ///
    /// The device stays down.
    #[doc(alias = "ndo_open")]
    fn open(_dev: &Dev<Self>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The device goes down. NAPI is disabled afterwards.
    #[doc(alias = "ndo_stop")]
    fn stop(_dev: &Dev<Self>, _rtnl: Rtnl<'_>) {}

    /// Sends a packet, which is an Ethernet frame.
    #[doc(alias = "ndo_start_xmit")]
    fn transmit(dev: &Dev<Self>, skb: Skb, softirq: Softirq<'_>);

    /// The index of the device that packets go out by, in the namespace of the other side.
    ///
    /// The peer's for a pair; 0 for none.
    #[doc(alias = "ndo_get_iflink")]
    fn iflink(dev: &Dev<Self>, rcu: Rcu<'_>) -> u32 {
        dev.peer(rcu).map_or(0, |peer| peer.ifindex())
    }
}

/// Offloads that a device takes, `NETIF_F_*`.
#[doc(alias = "netdev_features_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u64);

macro_rules! features {
    ($($name:ident = $raw:ident: $doc:literal;)+) => {
        impl Features {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(bindings::$raw as u64);
            )+
        }
    };
}

features! {
    SG = NETIF_F_SG: "Packets with fragments.";
    FRAGLIST = NETIF_F_FRAGLIST: "Packets with a list of packets.";
    HW_CSUM = NETIF_F_HW_CSUM: "Checksums left to the device, for any protocol.";
    RXCSUM = NETIF_F_RXCSUM: "Checksums of received packets verified.";
    SCTP_CRC = NETIF_F_SCTP_CRC: "The CRC of SCTP left to the device.";
    HIGHDMA = NETIF_F_HIGHDMA: "Data in any memory.";
    GSO_SOFTWARE = NETIF_F_GSO_SOFTWARE: "Segmentation that the stack can do in software, too.";
    GSO_ENCAP_ALL = NETIF_F_GSO_ENCAP_ALL: "Segmentation of tunnelled packets.";
    HW_VLAN_CTAG_TX = NETIF_F_HW_VLAN_CTAG_TX: "802.1Q tags put in when sending.";
    HW_VLAN_CTAG_RX = NETIF_F_HW_VLAN_CTAG_RX: "802.1Q tags taken out when receiving.";
    HW_VLAN_STAG_TX = NETIF_F_HW_VLAN_STAG_TX: "802.1ad tags put in when sending.";
    HW_VLAN_STAG_RX = NETIF_F_HW_VLAN_STAG_RX: "802.1ad tags taken out when receiving.";
}

impl Features {
    /// No offload.
    pub const NONE: Self = Self(0);

    /// Both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of `self` that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A device that is being set up: not visible to anybody yet.
#[doc(alias = "rtnl_link_ops::setup")]
pub struct Setup<'a>(&'a mut bindings::net_device);

impl Setup<'_> {
    /// Offloads, all of which `ethtool -K` can switch.
    pub fn features(&mut self, features: Features) -> &mut Self {
        self.0.features |= features.0;
        self.0.hw_features |= features.0;
        self
    }

    /// Offloads for packets with a VLAN tag.
    pub fn vlan_features(&mut self, features: Features) -> &mut Self {
        self.0.vlan_features = features.0;
        self
    }

    /// Offloads for packets with an encapsulation.
    pub fn encapsulation_features(&mut self, features: Features) -> &mut Self {
        self.0.hw_enc_features = features.0;
        self
    }

    /// Takes packets for segmentation as large as the stack makes them.
    #[doc(alias = "netif_set_tso_max_size")]
    pub fn segmentation_limit_of_stack(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::netif_set_tso_max_size(self.0, bindings::GSO_MAX_SIZE) };
        self
    }

    /// The range of the MTU, in bytes without the link header. 68 to 1500 otherwise.
    pub fn mtu_range(&mut self, min: u32, max: u32) -> &mut Self {
        self.0.min_mtu = min;
        self.0.max_mtu = max;
        self
    }

    /// The MTU, in bytes without the link header. 1500 otherwise.
    pub fn mtu(&mut self, mtu: u32) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe { bindings::dev_set_mtu_raw(self.0, mtu) };
        self
    }

    /// Bytes that the driver puts before a frame.
    pub fn needed_headroom(&mut self, bytes: u16) -> &mut Self {
        self.0.needed_headroom = bytes;
        self
    }

    /// No queue: packets are sent at once, by several CPUs at the same time.
    #[doc(alias = "IFF_NO_QUEUE")]
    #[doc(alias = "lltx")]
    pub fn no_queue(&mut self) -> &mut Self {
        // SAFETY: The device is ours.
        unsafe {
            bindings::dev_set_priv_flags(self.0, bindings::netdev_priv_flags_IFF_NO_QUEUE);
            bindings::dev_set_lltx(self.0);
        }
        self
    }

    /// Packets keep the route by which the stack has sent them here: a tunnel tells its senders what
    /// fits through it.
    #[doc(alias = "netif_keep_dst")]
    pub fn keep_routes(&mut self) -> &mut Self {
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

/// The operations that C calls.
pub(crate) struct Ops<D: Driver>(core::marker::PhantomData<D>);

impl<D: Driver> Ops<D> {
    const NAPI: bool = <D::Queue as napi::Queue<D>>::EXISTS;

    const DEVICE: &'static bindings::net_device_ops = &bindings::net_device_ops {
        ndo_init: Some(Self::init),
        ndo_uninit: Some(Self::uninit),
        ndo_open: Some(Self::open),
        ndo_stop: Some(Self::stop),
        ndo_start_xmit: Some(Self::start_xmit),
        ndo_get_stats64: Some(bindings::dev_get_tstats64),
        ndo_set_rx_mode: Some(Self::set_rx_mode),
        ndo_set_mac_address: Some(bindings::eth_mac_addr),
        ndo_validate_addr: Some(bindings::eth_validate_addr),
        ndo_get_iflink: Some(Self::get_iflink),
        ndo_features_check: if D::PASS_THROUGH {
            Some(bindings::passthru_features_check)
        } else {
            None
        },
        ..pin_init::zeroed()
    };

    const ETHTOOL: &'static bindings::ethtool_ops = &bindings::ethtool_ops {
        get_link: Some(bindings::ethtool_op_get_link),
        get_ts_info: Some(bindings::ethtool_op_get_ts_info),
        ..pin_init::zeroed()
    };

    /// `rtnl_link_ops::setup`.
    ///
    /// # Safety
    ///
    /// `dev` is a new device with room for a [`Priv<D>`], zeroed, which nobody else knows.
    pub(crate) unsafe extern "C" fn setup(dev: *mut bindings::net_device) {
        // SAFETY: By the caller's promise.
        unsafe {
            bindings::ether_setup(dev);
            // A packet is sent once and then ours alone; netpoll would send with interrupts off.
            bindings::dev_clear_priv_flags(dev, bindings::netdev_priv_flags_IFF_TX_SKB_SHARING);
            bindings::dev_set_priv_flags(dev, bindings::netdev_priv_flags_IFF_DISABLE_NETPOLL);
            bindings::dev_set_tstats(dev);
            (*dev).netdev_ops = Self::DEVICE;
            (*dev).ethtool_ops = Self::ETHTOOL;
            (*dev).needs_free_netdev = true;
            (*dev).priv_destructor = Some(super::destroy::<D>);
            D::setup(&mut Setup(&mut *dev));
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL, when it is being registered.
    unsafe extern "C" fn init(dev: *mut bindings::net_device) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise; private data is made before registration.
            let this = unsafe { Dev::<D>::from_raw(dev) };
            if D::GRO_CELLS {
                // SAFETY: The cells are part of the private data, at a fixed place.
                kernel::error::to_result(unsafe {
                    bindings::gro_cells_init(this.shared().gro_cells(), dev)
                })?;
            }
            if Self::NAPI {
                // SAFETY: Private data is initialised.
                for queue in unsafe { this.shared().queues() } {
                    // SAFETY: The queue stays where it is until `uninit` has taken it away.
                    unsafe { queue.add(dev) };
                }
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL. The device is down, and a grace
    /// period has passed since; another one follows before it is freed.
    unsafe extern "C" fn uninit(dev: *mut bindings::net_device) {
        // SAFETY: By the caller's promise.
        let this = unsafe { Dev::<D>::from_raw(dev) };
        // SAFETY: The core holds RTNL.
        let rtnl = unsafe { Rtnl::assume() };
        Priv::part(this, rtnl);
        forget(this, rtnl);
        if Self::NAPI {
            // SAFETY: Private data is initialised.
            for queue in unsafe { this.shared().queues() } {
                // SAFETY: `init` has added it, and NAPI is disabled, as the device is down. The core
                // waits for a grace period before the device is freed.
                unsafe { queue.delete() };
            }
        }
        if D::GRO_CELLS {
            // SAFETY: `init` has made them.
            unsafe { bindings::gro_cells_destroy(this.shared().gro_cells()) };
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    unsafe extern "C" fn open(dev: *mut bindings::net_device) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let this = unsafe { Dev::<D>::from_raw(dev) };
            // SAFETY: By the caller's promise.
            let rtnl = unsafe { Rtnl::assume() };
            // SAFETY: Private data is initialised.
            let queues = unsafe { this.shared().queues() };
            for queue in queues {
                // SAFETY: Added by `init`, and disabled: the device is down.
                unsafe { queue.enable() };
            }
            if let Err(e) = D::open(this, rtnl) {
                for queue in queues {
                    // SAFETY: Just enabled.
                    unsafe { queue.disable() };
                }
                return Err(e);
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL, once for each `open`.
    unsafe extern "C" fn stop(dev: *mut bindings::net_device) -> c_int {
        // SAFETY: By the caller's promise.
        let this = unsafe { Dev::<D>::from_raw(dev) };
        // SAFETY: By the caller's promise.
        D::stop(this, unsafe { Rtnl::assume() });
        // SAFETY: Private data is initialised.
        for queue in unsafe { this.shared().queues() } {
            // SAFETY: Enabled by `open`. Waits until no poll runs.
            unsafe { queue.disable() };
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and a packet that it gives away, with
    /// bottom halves disabled.
    unsafe extern "C" fn start_xmit(
        skb: *mut bindings::sk_buff,
        dev: *mut bindings::net_device,
    ) -> bindings::netdev_tx_t {
        // SAFETY: By the caller's promise, for all three.
        let (dev, skb, softirq) = unsafe {
            (
                Dev::<D>::from_raw(dev),
                Skb::from_raw(NonNull::new_unchecked(skb)),
                Softirq::assume(),
            )
        };
        D::transmit(dev, skb, softirq);
        bindings::netdev_tx_NETDEV_TX_OK
    }

    /// Nothing to do, but without it the core refuses multicast addresses.
    ///
    /// # Safety
    ///
    /// None.
    unsafe extern "C" fn set_rx_mode(_dev: *mut bindings::net_device) {}

    /// # Safety
    ///
    /// Called by the core with a device of this driver.
    unsafe extern "C" fn get_iflink(dev: *const bindings::net_device) -> c_int {
        // SAFETY: By the caller's promise; not freed while the core asks.
        let dev = unsafe { Dev::<D>::from_raw(dev) };
        let iflink = crate::context::rcu_read(|rcu| D::iflink(dev, rcu));
        c_int::try_from(iflink).unwrap_or(0)
    }
}
