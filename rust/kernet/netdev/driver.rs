// SPDX-License-Identifier: GPL-2.0

//! The operations of a driver.

use kernel::{
    macros::vtable,
    prelude::*, //
};

use super::{
    Addresses,
    Completions,
    Device,
    DeviceEvent,
    DriverDevice,
    Features,
    LinkLayer,
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
    timer::Jiffies,
    wire::ethernet,
    xdp, //
};

/// A driver of devices that send Ethernet frames, or [IP packets](LinkLayer); the value is a device's private
/// data (`net_device_ops`).
///
/// A method that is left out is null in `struct net_device_ops`: the core then does what the
/// method's documentation says.
///
/// # Context
///
/// All methods run for registered devices, with private data, and none after
/// `unregister_netdevice()` has returned. The token of a method is the context and the lock that it
/// runs under: with [`Rtnl`] it may sleep; with [`Softirq`] bottom halves are disabled, and it may
/// run on several CPUs at a time, except [`Self::transmit`] of a driver that is
/// [`Locked`](super::Locked); with [`Rcu`] it must not sleep. A method without a token runs in any
/// context. The device's instance lock (`netdev_need_ops_lock()`) is not held: the core takes it
/// for drivers that manage the memory of their queues or shape traffic, and kernet supports
/// neither.
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

    /// Whether the driver sends on several CPUs at a time, [`Concurrent`](super::Concurrent), or
    /// under the queue's lock, [`Locked`](super::Locked) (`net_device::lltx`).
    #[doc(alias = "net_device::lltx")]
    type TxMode: TxMode<Self>;

    /// The content of each receive queue while it is polled; `()` for a driver without NAPI.
    type Queue: napi::Queue<Self>;

    /// The ethtool operations; `()` for only the state of the link and of time stamps
    /// (`net_device::ethtool_ops`).
    #[doc(alias = "net_device::ethtool_ops")]
    type Ethtool: ethtool::Operations<Self>;

    /// What the device's packets begin with (`net_device::type`).
    #[doc(alias = "net_device::type")]
    const LINK_LAYER: LinkLayer = LinkLayer::Ethernet;

    /// Whether [`DriverDevice::rx`] uses per-CPU GRO cells, as tunnels do.
    #[doc(alias = "gro_cells")]
    const GRO_CELLS: bool = false;

    /// Whether [`Features::GRO`] of a new device is on, which is the core's default
    /// (`NETIF_F_GRO`).
    #[doc(alias = "NETIF_F_GRO")]
    const GRO_DEFAULT_ON: bool = true;

    /// Whether a device is deleted along with one of its [lower devices](DriverDevice::link_lower), as a
    /// macvlan is (`NETDEV_UNREGISTER`). A bond or a bridge stays.
    #[doc(alias = "NETDEV_UNREGISTER")]
    const GOES_WITH_LOWER: bool = true;

    /// Sets up a new device, after `ether_setup()`, and after what a device without a link header has otherwise.
    #[doc(alias = "rtnl_link_ops::setup")]
    fn setup(setup: &mut Setup<'_>);

    /// The device was unregistered: it is down, cannot be found, has no peer and is in no map. It is still
    /// linked to its lower devices. Not called for a device that could not be registered.
    #[doc(alias = "ndo_uninit")]
    fn uninit(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) {}

    /// Brings the device up. Its receive queues are polled already.
    ///
    /// # Errors
    ///
    /// The device stays down.
    #[doc(alias = "ndo_open")]
    fn open(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Brings the device down. Its receive queues are polled until this returns.
    #[doc(alias = "ndo_stop")]
    fn stop(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) {}

    /// Whether receive queues are polled while the device is up with these features
    /// (`napi_enable()`).
    ///
    /// Called when the device goes up, when its features change, and when an XDP program is
    /// detached. With an XDP program the queues are always polled.
    #[doc(alias = "napi_enable")]
    fn uses_napi(_dev: &DriverDevice<Self>, _features: Features, _rtnl: Rtnl<'_>) -> bool {
        true
    }

    /// Sends a packet, which is an Ethernet frame or begins as [`Self::LINK_LAYER`] says, on a queue
    /// (`ndo_start_xmit()`).
    ///
    /// The driver owns the packet, and may [keep](Skb::keep) it. Only [`TxQueue::stop_and_requeue`]
    /// and [`Sender::send`](super::Sender::send) can give it back.
    #[doc(alias = "ndo_start_xmit")]
    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        queue: <Self::TxMode as TxMode<Self>>::Queue<'_>,
        softirq: Softirq<'_>,
    ) -> Transmit;

    /// The sizes that transmit rings support, for a driver that is [`Locked`](super::Locked)
    /// (`ethtool_ringparam::tx_max_pending`).
    #[doc(alias = "ethtool_ringparam::tx_max_pending")]
    const TX_RING: RingSizes = RingSizes {
        min: 16,
        default: 256,
        max: 4096,
    };

    /// Completes sent packets of a queue, by taking them out of `sent`. Each poll of the queue
    /// calls this before it receives, whatever the budget. Required of a driver that is
    /// [`Locked`](super::Locked).
    #[doc(alias = "napi_struct::poll")]
    fn tx_complete(
        _dev: &DriverDevice<Self>,
        _queue: u16,
        _sent: &mut Completions<'_>,
        _napi: Napi<'_>,
    ) {
    }

    /// Selects the queue for a packet. For a number out of range the core uses the first queue.
    ///
    /// Without this, the core spreads packets by their flow or by XPS.
    #[doc(alias = "ndo_select_queue")]
    fn select_queue(_dev: &DriverDevice<Self>, _skb: &SkbRef) -> u16 {
        0
    }

    /// Returns those of `features` that the device supports for this packet.
    ///
    /// Without this, the core removes what it does not support for packets with several VLAN tags.
    #[doc(alias = "ndo_features_check")]
    #[doc(alias = "passthru_features_check")]
    fn features_check(_dev: &DriverDevice<Self>, _skb: &SkbRef, features: Features) -> Features {
        features
    }

    /// Returns those of the wanted offloads that work together. Without this, all do.
    #[doc(alias = "ndo_fix_features")]
    fn fix_features(_dev: &DriverDevice<Self>, features: Features, _rtnl: Rtnl<'_>) -> Features {
        features
    }

    /// Changes the device's offloads to `features`. [`Self::uses_napi`] was called before.
    ///
    /// # Errors
    ///
    /// The offloads do not change.
    #[doc(alias = "ndo_set_features")]
    fn set_features(_dev: &DriverDevice<Self>, _features: Features, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Changes the MTU to `mtu`, which is in the device's range.
    ///
    /// # Errors
    ///
    /// It stays.
    #[doc(alias = "ndo_change_mtu")]
    fn change_mtu(_dev: &DriverDevice<Self>, _mtu: u32, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Changes the hardware address to `address`, a unicast address (`ndo_set_mac_address()`).
    /// Called only while the device is down, unless
    /// [`live_address_change`](super::Setup::live_address_change) was set.
    ///
    /// # Errors
    ///
    /// It stays.
    #[doc(alias = "ndo_set_mac_address")]
    fn set_hardware_address(
        _dev: &DriverDevice<Self>,
        _address: ethernet::Address,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// Checks whether the device can go up with its address, a unicast address
    /// (`ndo_validate_addr()`).
    ///
    /// # Errors
    ///
    /// The device stays down.
    #[doc(alias = "ndo_validate_addr")]
    fn validate_hardware_address(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Notifies that promiscuous or all-multicast mode of the device, which is up, has changed.
    /// Must not sleep. [`Self::set_rx_mode`] is called too.
    #[doc(alias = "ndo_change_rx_flags")]
    fn change_rx_flags(_dev: &DriverDevice<Self>, _flags: RxFlags) {}

    /// Sets the addresses that the device receives besides its own address and broadcasts. Called
    /// when the device goes up, and at each change while it is up.
    ///
    /// Without this, the device receives all packets.
    #[doc(alias = "ndo_set_rx_mode")]
    fn set_rx_mode(
        _dev: &DriverDevice<Self>,
        _addresses: Addresses<'_>,
        _flags: RxFlags,
        _softirq: Softirq<'_>,
    ) {
    }

    /// Notifies that the device has to receive a VLAN (`ndo_vlan_rx_add_vid()`). Called only while
    /// [`Features::HW_VLAN_CTAG_FILTER`] or [`Features::HW_VLAN_STAG_FILTER`] is on.
    ///
    /// # Errors
    ///
    /// The VLAN device is not made.
    #[doc(alias = "ndo_vlan_rx_add_vid")]
    fn vlan_added(_dev: &DriverDevice<Self>, _vlan: Vlan, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    /// Notifies that the device no longer has to receive a VLAN (`ndo_vlan_rx_kill_vid()`).
    #[doc(alias = "ndo_vlan_rx_kill_vid")]
    fn vlan_removed(_dev: &DriverDevice<Self>, _vlan: Vlan, _rtnl: Rtnl<'_>) {}

    /// Notifies that the receiver of this device's packets wants `bytes` of headroom in them; 0 if
    /// it no longer does.
    #[doc(alias = "ndo_set_rx_headroom")]
    fn set_rx_headroom(_dev: &DriverDevice<Self>, _bytes: u16) {}

    /// Returns the device that receives what this one sends, for `bpf_redirect_peer()`
    /// (`ndo_get_peer_dev`).
    ///
    /// Without this, there is none.
    #[doc(alias = "ndo_get_peer_dev")]
    fn peer_device<'a>(
        dev: &'a DriverDevice<Self>,
        rcu: Rcu<'a>,
    ) -> Option<&'a DriverDevice<Self>> {
        dev.peer(rcu)
    }

    /// Returns the index of the lower device or of the peer, in that device's namespace; 0 for
    /// none.
    ///
    /// Without this, it is the device's own index.
    #[doc(alias = "ndo_get_iflink")]
    fn iflink(dev: &DriverDevice<Self>, _rcu: Rcu<'_>) -> u32 {
        dev.ifindex()
    }

    /// A [lower device](DriverDevice::link_lower) has changed (`notifier_block::notifier_call`).
    /// [`DeviceEvent::Unregister`] says that it is being moved to another namespace, and is still linked (a
    /// port is not: [`Self::remove_port`]), or that it is being unregistered, and that its link ends next.
    ///
    /// One event may stand for several, if a callback has caused the next one: look at what the lower device
    /// is now. A lower device of a C driver may be locked.
    #[doc(alias = "notifier_block::notifier_call")]
    fn lower_event(
        _dev: &DriverDevice<Self>,
        _lower: &Device,
        _event: DeviceEvent,
        _rtnl: Rtnl<'_>,
    ) {
    }

    /// `ip link set PORT master THIS`: the device, of the same namespace, is a lower one now, as by
    /// [`DriverDevice::link_port`] (`ndo_add_slave()`). Without this the command is refused.
    ///
    /// # Errors
    ///
    /// The link is cut again. What this has attached to the port is to be detached before.
    #[doc(alias = "ndo_add_slave")]
    fn add_port(
        _dev: &DriverDevice<Self>,
        _port: &Device,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// `ip link set PORT nomaster`, and a port that is moved to another namespace: the link is cut next
    /// (`ndo_del_slave()`). Without this the command is refused, and the move changes no link. Of a port that is
    /// unregistered [`Self::lower_event`] is told instead.
    #[doc(alias = "ndo_del_slave")]
    fn remove_port(_dev: &DriverDevice<Self>, _port: &Device, _rtnl: Rtnl<'_>) {}

    /// Adds the device's statistics to `stats`, which are 0 (`ndo_get_stats64()`).
    ///
    /// Without this, they are [`DriverDevice::link_totals`] and the device's receive queues.
    #[doc(alias = "ndo_get_stats64")]
    fn stats(dev: &DriverDevice<Self>, stats: &mut LinkStats, _rcu: Rcu<'_>) {
        let counted = dev.link_totals();
        stats.add_tx(counted.tx);
        stats.add_rx(counted.rx);
        stats.add_rx(dev.napi_packets(0..));
    }

    /// Returns the XDP features of the device and its peer with their current settings
    /// (`ndo_bpf()`).
    ///
    /// Called when the device goes up, and when a setting that kernet knows changes. Without this,
    /// there is only the core's generic XDP.
    #[doc(alias = "ndo_bpf")]
    fn xdp_features(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> xdp::Features {
        xdp::Features::NONE
    }

    /// Checks whether an XDP program fits the device (`XDP_SETUP_PROG`).
    ///
    /// # Errors
    ///
    /// The program is not attached; one that is attached stays. Put the reason into `extack`.
    #[doc(alias = "XDP_SETUP_PROG")]
    fn xdp_check(
        _dev: &DriverDevice<Self>,
        _program: &xdp::Program,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// Notifies that an XDP program was attached or replaced or, if `program` is `None`, detached
    /// (`XDP_SETUP_PROG`).
    #[doc(alias = "XDP_SETUP_PROG")]
    fn xdp_changed(_dev: &DriverDevice<Self>, _program: Option<&xdp::Program>, _rtnl: Rtnl<'_>) {}

    /// Sends XDP frames: redirected to this device, or received by it and sent back by its program
    /// (`ndo_xdp_xmit()`).
    ///
    /// Without this, frames cannot be sent.
    ///
    /// # Errors
    ///
    /// No frame was sent.
    #[doc(alias = "ndo_xdp_xmit")]
    fn xdp_transmit(
        _dev: &DriverDevice<Self>,
        _frames: &mut xdp::Frames<'_>,
        _softirq: Softirq<'_>,
    ) -> Result {
        Err(eopnotsupp())
    }

    /// Ends a batch of frames: the frames that [`Self::xdp_transmit`] has sent must now be visible
    /// to the receiver (`XDP_XMIT_FLUSH`).
    #[doc(alias = "XDP_XMIT_FLUSH")]
    fn xdp_flush(_dev: &DriverDevice<Self>, _softirq: Softirq<'_>) {}

    /// Handles a queue that was stopped for longer than the [watchdog](super::Setup::watchdog_ms)
    /// allows. Packets in its ring, if it has one, still have to be completed. Without this, there
    /// is no watchdog.
    #[doc(alias = "ndo_tx_timeout")]
    fn tx_timeout(_dev: &DriverDevice<Self>, _queue: TxQueue<'_, Self>, _softirq: Softirq<'_>) {}

    /// The device's [timer](DriverDevice::timer) has expired, whether the device is up or down
    /// (`timer_setup()`). Runs on one CPU at a time.
    ///
    /// Returns when it expires next, `None` for not before it is armed again. Of that and the time for
    /// which it was armed meanwhile it is the earlier one. Left out, there is no timer.
    #[doc(alias = "timer_setup")]
    fn timer(_dev: &DriverDevice<Self>, _softirq: Softirq<'_>) -> Option<Jiffies> {
        None
    }

    /// The device's [work](DriverDevice::work), in process context with RTNL held, whether the device is up
    /// or down (`work_struct`). See [`work`](crate::work#rtnl).
    ///
    /// Returns when it runs next, `None` for not before it is queued again. That is so unless it was queued
    /// meanwhile. Left out, there is no work.
    #[doc(alias = "work_struct")]
    #[doc(alias = "rtnl_trylock")]
    fn work(_dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Option<Jiffies> {
        None
    }
}
