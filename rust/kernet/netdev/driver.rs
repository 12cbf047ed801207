// SPDX-License-Identifier: GPL-2.0

//! What a device does.

use kernel::{
    macros::vtable,
    prelude::*, //
};

use super::{
    Addresses,
    Completions,
    DriverDevice,
    Features,
    LinkStats,
    RingSizes,
    RxFlags,
    Setup,
    Transmit,
    TxMode,
    TxQueue,
    Vlan, //
};
use crate::{
    context::{
        Napi,
        Rcu,
        Rtnl,
        Softirq, //
    },
    error::eopnotsupp,
    ethtool,
    module::Declared,
    napi,
    nlattr::ExtAck,
    skb::{
        Skb,
        SkbRef, //
    },
    wire::ethernet,
    xdp, //
};

/// A driver of Ethernet-like devices; the value is a device's private data.
///
/// A method that is left out is `None` in the operations that C sees, so that the core does what
/// the method's documentation says.
///
/// # Context
///
/// All run for devices that are registered, with private data, and none after `unregister_netdevice()` has returned. The
/// token that a method is lent is the lock it runs under: [`Rtnl`] may sleep; [`Softirq`] has bottom
/// halves off and may run on several CPUs at a time, but for [`Self::transmit`] of a driver that is
/// [`Locked`](super::Locked); [`Rcu`] must not sleep. A method without a token runs in any context. The
/// device's instance lock (`netdev_need_ops_lock()`) is not held: the core takes it for drivers that
/// manage the memory of their queues or shape traffic, and kernet has neither.
///
/// # Examples
///
/// ```
/// use kernel::macros::vtable;
/// use kernet::{
///     context::Softirq,
///     netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
///     skb::{DropReason, Skb},
/// };
///
/// /// A device that drops every second packet.
/// struct Device {
///     packets: core::sync::atomic::AtomicU32,
/// }
///
/// #[vtable]
/// impl Driver for Device {
///     type Module = Example;
///     type TxMode = Concurrent;
///     type Queue = ();
///     type Ethtool = ();
///
///     fn setup(setup: &mut Setup<'_>) {
///         setup.no_queue();
///     }
///
///     fn transmit(
///         dev: &DriverDevice<Self>,
///         skb: Skb<'_>,
///         _queue: TxQueue<'_, Self>,
///         softirq: Softirq<'_>,
///     ) -> Transmit {
///         let number = dev.private().packets.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
///         if number % 2 == 0 {
///             dev.count_tx(skb.len(), softirq);
///             skb.consume(softirq);
///         } else {
///             skb.drop_with(DropReason::NOT_SPECIFIED, softirq);
///         }
///         // Dropped, too: what the sender is told is that the device has taken the packet.
///         Transmit::Done
///     }
/// }
/// ```
#[doc(alias = "net_device_ops")]
#[vtable]
pub trait Driver: Sized + Send + Sync + 'static {
    /// The module that the driver belongs to.
    type Module: Declared;

    /// Whether the driver sends on several CPUs at a time, [`Concurrent`](super::Concurrent), or under
    /// the lock of the queue, [`Locked`](super::Locked).
    type TxMode: TxMode<Self>;

    /// What each receive queue holds while it is polled; `()` for a driver without NAPI.
    type Queue: napi::Queue<Self>;

    /// What `ethtool` asks; `()` for no more than the state of the link and of time stamps.
    type Ethtool: ethtool::Operations<Self>;

    /// Whether [`DriverDevice::rx`] goes through per-CPU GRO, as tunnels do.
    #[doc(alias = "gro_cells")]
    const GRO_CELLS: bool = false;

    /// Whether a new device has [`Features::GRO`] on, as the core has it.
    const GRO_DEFAULT_ON: bool = true;

    /// Sets up a new device, after `ether_setup()`.
    fn setup(setup: &mut Setup<'_>);

    /// The device is down and is not found any more; it has no peer and is in no map. Not of one that
    /// could not be registered.
    #[doc(alias = "ndo_uninit")]
    fn uninit(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) {}

    /// The device goes up. Receive queues are polled already.
    ///
    /// # Errors
    ///
    /// The device stays down.
    #[doc(alias = "ndo_open")]
    fn open(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The device goes down. Receive queues are polled until it returns.
    #[doc(alias = "ndo_stop")]
    fn stop(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) {}

    /// Whether receive queues are polled while the device is up with these features.
    ///
    /// Asked when it goes up, when its features change, and when an XDP program is detached: while
    /// there is one, they are.
    fn uses_napi(_dev: &DriverDevice<Self>, _features: Features, _rtnl: Rtnl<'_>) -> bool {
        true
    }

    /// Sends a packet, which is an Ethernet frame, on a queue.
    ///
    /// The packet is the driver's, to be [kept](Skb::keep) too. Only [`TxQueue::stop_and_requeue`] and
    /// [`Sender::send`](super::Sender::send) can give it back.
    #[doc(alias = "ndo_start_xmit")]
    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        queue: <Self::TxMode as TxMode<Self>>::Queue<'_>,
        softirq: Softirq<'_>,
    ) -> Transmit;

    /// The sizes that rings of transmit queues may have, for a driver that is
    /// [`Locked`](super::Locked).
    const TX_RING: RingSizes = RingSizes {
        min: 16,
        default: 256,
        max: 4096,
    };

    /// Takes out of `sent` what was sent on queue `queue` and is done. Part of each poll of the queue,
    /// before what is received, budget or not; a driver that is [`Locked`](super::Locked) has it.
    fn tx_complete(
        _dev: &DriverDevice<Self>,
        _queue: u16,
        _sent: &mut Completions<'_>,
        _napi: Napi<'_>,
    ) {
    }

    /// The queue to send a packet on. The core takes the first one for one that is out of range.
    ///
    /// Left out, the core spreads packets by their flow, or as XPS says.
    #[doc(alias = "ndo_select_queue")]
    fn select_queue(_dev: &DriverDevice<Self>, _skb: &SkbRef) -> u16 {
        0
    }

    /// The offloads, of `features`, that the device takes for this packet.
    ///
    /// Left out, the core takes away what it cannot do for packets with several VLAN tags.
    #[doc(alias = "ndo_features_check")]
    #[doc(alias = "passthru_features_check")]
    fn features_check(_dev: &DriverDevice<Self>, _skb: &SkbRef, features: Features) -> Features {
        features
    }

    /// The offloads, of those that are wanted, that go together. Left out, all do.
    #[doc(alias = "ndo_fix_features")]
    fn fix_features(_dev: &DriverDevice<Self>, features: Features, _rtnl: Rtnl<'_>) -> Features {
        features
    }

    /// The device's offloads are about to become `features`. [`Self::uses_napi`] has been asked.
    ///
    /// # Errors
    ///
    /// They stay.
    #[doc(alias = "ndo_set_features")]
    fn set_features(_dev: &DriverDevice<Self>, _features: Features, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The MTU is about to become `mtu`, which is in the device's range.
    ///
    /// # Errors
    ///
    /// It stays.
    #[doc(alias = "ndo_change_mtu")]
    fn change_mtu(_dev: &DriverDevice<Self>, _mtu: u32, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The hardware address is about to become `address`, which is a station's. Only while the device
    /// is down, unless it was set up with
    /// [`live_address_change`](super::Setup::live_address_change).
    ///
    /// # Errors
    ///
    /// It stays.
    #[doc(alias = "ndo_set_mac_address")]
    fn set_address(
        _dev: &DriverDevice<Self>,
        _address: ethernet::Address,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// Whether the device can go up with its address, which is a station's.
    ///
    /// # Errors
    ///
    /// It stays down.
    #[doc(alias = "ndo_validate_addr")]
    fn validate_address(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The device, which is up, is to receive everything, or all multicast, or no longer. Does not
    /// sleep. [`Self::set_rx_mode`] says so too.
    #[doc(alias = "ndo_change_rx_flags")]
    fn change_rx_flags(_dev: &DriverDevice<Self>, _flags: RxFlags) {}

    /// What the device is to receive beside its own address and broadcasts: called when it goes up and
    /// at each change while it is up.
    ///
    /// Left out, it receives all there is.
    #[doc(alias = "ndo_set_rx_mode")]
    fn set_rx_mode(
        _dev: &DriverDevice<Self>,
        _addresses: Addresses<'_>,
        _flags: RxFlags,
        _softirq: Softirq<'_>,
    ) {
    }

    /// The device is to receive a VLAN, as it is asked while a feature of
    /// [`Features::HW_VLAN_CTAG_FILTER`] or [`Features::HW_VLAN_STAG_FILTER`] is on.
    ///
    /// # Errors
    ///
    /// The VLAN device is not made.
    #[doc(alias = "ndo_vlan_rx_add_vid")]
    fn vlan_added(_dev: &DriverDevice<Self>, _vlan: Vlan, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// The device is not to receive a VLAN any more.
    #[doc(alias = "ndo_vlan_rx_kill_vid")]
    fn vlan_removed(_dev: &DriverDevice<Self>, _vlan: Vlan, _rtnl: Rtnl<'_>) {}

    /// What receives this device's packets wants `bytes` free before them; 0 when it does not care
    /// any more.
    #[doc(alias = "ndo_set_rx_headroom")]
    fn set_rx_headroom(_dev: &DriverDevice<Self>, _bytes: u16) {}

    /// The device that receives what this one sends, for `bpf_redirect_peer()`.
    ///
    /// Left out, there is none.
    #[doc(alias = "ndo_get_peer_dev")]
    fn peer_device<'a>(
        dev: &'a DriverDevice<Self>,
        rcu: Rcu<'a>,
    ) -> Option<&'a DriverDevice<Self>> {
        dev.peer(rcu)
    }

    /// The index of the device that packets go out by, in the namespace of the other side; 0 for
    /// none.
    ///
    /// Left out, it is the device's own.
    #[doc(alias = "ndo_get_iflink")]
    fn iflink(dev: &DriverDevice<Self>, _rcu: Rcu<'_>) -> u32 {
        dev.ifindex()
    }

    /// Statistics, added to `stats`, which are 0.
    ///
    /// Left out, they are [`DriverDevice::counted`] and the device's own receive queues.
    #[doc(alias = "ndo_get_stats64")]
    fn stats(dev: &DriverDevice<Self>, stats: &mut LinkStats, _rcu: Rcu<'_>) {
        let counted = dev.counted();
        stats.add_tx(counted.tx);
        stats.add_rx(counted.rx);
        stats.add_rx(dev.napi_packets(0..));
    }

    /// What the device and its peer can do with frames as they are set now.
    ///
    /// Asked when the device goes up and when anything that kernet knows of changes. Left out, there
    /// is no XDP but the core's.
    #[doc(alias = "ndo_bpf")]
    fn xdp_features(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> xdp::Features {
        xdp::Features::NONE
    }

    /// Whether a program fits the device.
    ///
    /// # Errors
    ///
    /// It is not attached; one that is stays. `extack` says why.
    #[doc(alias = "XDP_SETUP_PROG")]
    fn xdp_check(
        _dev: &DriverDevice<Self>,
        _program: &xdp::Program,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// A program was attached, replaced or, without `program`, detached.
    fn xdp_changed(_dev: &DriverDevice<Self>, _program: Option<&xdp::Program>, _rtnl: Rtnl<'_>) {}

    /// Sends frames that were redirected here, or that this device has received and its program
    /// sends back.
    ///
    /// Left out, none can be.
    ///
    /// # Errors
    ///
    /// None was sent.
    #[doc(alias = "ndo_xdp_xmit")]
    fn xdp_transmit(
        _dev: &DriverDevice<Self>,
        _frames: &mut xdp::Frames<'_>,
        _softirq: Softirq<'_>,
    ) -> Result {
        Err(eopnotsupp())
    }

    /// No more frames follow for now: the other side has to see those that
    /// [`Self::xdp_transmit`] has sent.
    #[doc(alias = "XDP_XMIT_FLUSH")]
    fn xdp_flush(_dev: &DriverDevice<Self>, _softirq: Softirq<'_>) {}

    /// A queue has been stopped for longer than the [watchdog](super::Setup::watchdog_ms) allows: all
    /// that is in its ring, if it has one, is still to be completed. Left out, there is no watchdog.
    #[doc(alias = "ndo_tx_timeout")]
    fn tx_timeout(_dev: &DriverDevice<Self>, _queue: TxQueue<'_, Self>, _softirq: Softirq<'_>) {}
}
