// SPDX-License-Identifier: GPL-2.0

//! Network devices.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)
//!
//! [`Device`] is any device, borrowed in a callback. A device of a module's own is a
//! [`DriverDevice<D>`], where `D` implements [`Driver`] and is the device's private data. Only a
//! link kind makes such devices ([`rtnl::Link`](crate::rtnl::Link)).
//!
//! # Lifetime of the private data
//!
//! The private data is made before the device is registered. It is dropped in `priv_destructor`:
//! after `unregister_netdevice()`, two grace periods and the last reference to the device, in
//! process context, without RTNL. No callback of the device can run by then. Before that, under
//! RTNL and followed by a grace period, kernet removes the device from where others find it: from
//! its peer and from a [`DeviceMap`].

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr, //
};
use kernel::{
    fmt,
    str::BStr,
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl,
        Softirq, //
    },
    netns::Net,
    skb::{
        DropReason,
        RxSkb,
        Skb,
        Xnet,
        MAX_HEADROOM, //
    },
    wire::ethernet, //
};

mod device_slot;
mod driver;
mod features;
mod filter;
mod follow;
mod lookup;
mod lower;
mod map;
mod ops;
mod port_map;
mod private;
mod queue;
mod raw_ip;
mod reference;
mod rings;
pub mod rx_handler;
mod setup;
mod stats;
mod timer;
mod transmit;
mod tx_ring;
mod watch;
mod work;
mod xmit;

pub use device_slot::DeviceSlot;
pub use driver::Driver;
pub use features::Features;
pub use filter::{
    Addresses,
    RxFlags,
    Vlan, //
};
pub use map::{
    DeviceMap,
    Unregister, //
};
pub(crate) use ops::Ops;
pub use port_map::PortMap;
pub(crate) use private::{
    create,
    destroy,
    Priv, //
};
pub use queue::{
    Requeued,
    Transmit,
    TxQueue, //
};
pub use raw_ip::LinkLayer;
pub use rings::{
    RingSizes,
    Rings, //
};
pub(crate) use setup::possible_mtu;
pub use setup::Setup;
pub use stats::{
    Counter,
    LinkStats,
    LinkTotals, //
};
pub use transmit::{
    Concurrent,
    Locked,
    Sender,
    TxMode, //
};
pub use tx_ring::Completions;
pub(crate) use tx_ring::Places;
pub(crate) use watch::Watch;

/// Any network device. Always borrowed.
#[doc(alias = "net_device")]
#[repr(transparent)]
pub struct Device(Opaque<bindings::net_device>);

// SAFETY: `struct net_device` is made to be used from any CPU; the methods here are thread safe.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

/// A device's name at one time.
#[doc(alias = "net_device::name")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name([u8; bindings::IFNAMSIZ as usize]);

impl Name {
    pub(crate) fn from_raw(name: [u8; bindings::IFNAMSIZ as usize]) -> Self {
        Self(name)
    }

    /// The name without its terminating NUL, at most 15 bytes, any but `/`, `:` and white space.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or(&[])
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(BStr::from_bytes(self.as_bytes()), f)
    }
}

impl Device {
    /// Borrows a device from C.
    ///
    /// # Safety
    ///
    /// `ptr` is a device that is not freed for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::net_device) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut bindings::net_device {
        self.0.get()
    }

    /// The interface index, which is unique in a namespace. 0 before the device is registered.
    #[doc(alias = "net_device::ifindex")]
    #[inline]
    pub fn ifindex(&self) -> u32 {
        // SAFETY: Valid by the type.
        let ifindex = unsafe { ptr::read_volatile(&raw const (*self.as_raw()).ifindex) };
        ifindex.unsigned_abs()
    }

    /// The name. If another task renames the device at the same time, a mixture of both names.
    #[doc(alias = "net_device::name")]
    pub fn name(&self) -> Name {
        // SAFETY: Valid by the type; any bytes are a name.
        Name(unsafe { ptr::read_volatile((&raw const (*self.as_raw()).name).cast()) })
    }

    /// The MTU: the largest packet that may be sent, in bytes without the link header.
    #[doc(alias = "net_device::mtu")]
    #[inline]
    pub fn mtu(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_get_mtu(self.as_raw()) }
    }

    /// `IFF_*` flags as the kernel keeps them; `IFF_RUNNING` and `IFF_LOWER_UP` are not among them.
    #[doc(alias = "net_device::flags")]
    #[inline]
    pub fn flags(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_get_flags(self.as_raw()) }
    }

    /// Whether the device is administratively up.
    #[doc(alias = "IFF_UP")]
    #[inline]
    pub fn is_up(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_UP != 0
    }

    /// Whether the device is the loopback device.
    #[doc(alias = "IFF_LOOPBACK")]
    pub fn is_loopback(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_LOOPBACK != 0
    }

    /// Whether the device has a carrier.
    #[doc(alias = "netif_carrier_ok")]
    #[inline]
    pub fn has_carrier(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_ok(self.as_raw()) }
    }

    /// The offloads that are on.
    #[doc(alias = "net_device::features")]
    #[inline]
    pub fn features(&self) -> Features {
        // SAFETY: Valid by the type.
        Features::from_raw(unsafe { bindings::dev_get_features(self.as_raw()) })
    }

    /// How many receive queues are in use.
    #[doc(alias = "real_num_rx_queues")]
    #[inline]
    pub fn rx_queues(&self) -> u16 {
        // SAFETY: Valid by the type.
        let queues = unsafe { bindings::dev_real_num_rx_queues(self.as_raw()) };
        u16::try_from(queues).unwrap_or(u16::MAX)
    }

    /// How many transmit queues are in use.
    #[doc(alias = "real_num_tx_queues")]
    #[inline]
    pub fn tx_queues(&self) -> u16 {
        // SAFETY: Valid by the type.
        let queues = unsafe { bindings::dev_real_num_tx_queues(self.as_raw()) };
        u16::try_from(queues).unwrap_or(u16::MAX)
    }

    /// The hardware type, `ARPHRD_*`.
    #[doc(alias = "net_device::type")]
    pub fn hardware_type(&self) -> u16 {
        // SAFETY: Valid by the type; only changed under RTNL, by few drivers.
        unsafe { ptr::read_volatile(&raw const (*self.as_raw()).type_) }
    }

    /// The hardware address, of whatever length it has.
    ///
    /// Without RTNL, if another task changes the address at the same time, a mixture of both.
    #[doc(alias = "dev_addr")]
    pub fn hardware_address<'a>(&self, _context: impl ReadSide<'a>) -> HardwareAddress {
        let mut bytes = [0; HardwareAddress::MAX];
        // SAFETY: Valid by the type; only changed under RTNL, by few drivers.
        let len = unsafe { ptr::read_volatile(&raw const (*self.as_raw()).addr_len) };
        // SAFETY: Valid by the type. The address is in the list of the device's addresses, whose
        // first entry is freed with the device.
        let address = unsafe { (*self.as_raw()).dev_addr };
        for (offset, byte) in bytes.iter_mut().take(len.into()).enumerate() {
            // SAFETY: An entry has room for `MAX_ADDR_LEN` bytes.
            *byte = unsafe { ptr::read_volatile(address.add(offset)) };
        }
        let len = bytes.len().min(len.into());
        HardwareAddress { bytes, len }
    }

    /// The hardware address of an Ethernet device, as [`Self::hardware_address`] returns it. `None`
    /// for any other device, such as the loopback.
    #[doc(alias = "ARPHRD_ETHER")]
    pub fn ethernet_address<'a>(&self, context: impl ReadSide<'a>) -> Option<ethernet::Address> {
        if u32::from(self.hardware_type()) != bindings::ARPHRD_ETHER {
            return None;
        }
        let octets = <[u8; 6]>::try_from(self.hardware_address(context).as_bytes()).ok()?;
        Some(octets.into())
    }

    /// The namespace that the device is in.
    #[doc(alias = "dev_net")]
    #[inline]
    pub fn net<'a>(&self, _context: impl ReadSide<'a>) -> &'a Net {
        // SAFETY: Valid by the type. A namespace is freed after its devices have left it under
        // RTNL and a grace period has passed.
        unsafe { Net::from_raw(bindings::dev_net_lent(self.as_raw())) }
    }
}

/// A hardware address.
#[doc(alias = "net_device::dev_addr")]
#[derive(Clone, Copy)]
pub struct HardwareAddress {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl HardwareAddress {
    const MAX: usize = bindings::MAX_ADDR_LEN as usize;

    pub(crate) fn from_raw(bytes: [u8; Self::MAX], len: usize) -> Self {
        Self { bytes, len }
    }

    /// The bytes of the address.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// A device of the driver `D`: one that a module on kernet has made.
///
/// # Invariants
///
/// The device was made for `D`, and its private data is initialised. It has its per-CPU statistics: it is
/// registered, or will be or was in this callback.
#[doc(alias = "net_device")]
#[repr(transparent)]
pub struct DriverDevice<D: Driver>(Device, PhantomData<D>);

impl<D: Driver> Deref for DriverDevice<D> {
    type Target = Device;

    #[inline(always)]
    fn deref(&self) -> &Device {
        &self.0
    }
}

/// An error that a device counts: a column of `ip -s -s link`.
#[doc(alias = "net_device_stats")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Received with an error that no other variant names.
    #[doc(alias = "rtnl_link_stats64::rx_errors")]
    Rx,
    /// Received with a wrong length.
    #[doc(alias = "rtnl_link_stats64::rx_length_errors")]
    RxLength,
    /// Received with a malformed header.
    #[doc(alias = "rtnl_link_stats64::rx_frame_errors")]
    RxFrame,
    /// Not sent, because of an error that no other variant names.
    #[doc(alias = "rtnl_link_stats64::tx_errors")]
    Tx,
    /// Not sent: no carrier, or no route.
    #[doc(alias = "rtnl_link_stats64::tx_carrier_errors")]
    TxCarrier,
    /// Not sent: given up.
    #[doc(alias = "rtnl_link_stats64::tx_aborted_errors")]
    TxAborted,
    /// Not sent: it would have looped.
    #[doc(alias = "rtnl_link_stats64::collisions")]
    Collision,
}

impl<D: Driver> DriverDevice<D> {
    /// Borrows a device from C.
    ///
    /// # Safety
    ///
    /// `ptr` was made for `D`, has initialised private data and per-CPU statistics, as registration makes
    /// them, and is not freed for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::net_device) -> &'a Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(crate) fn shared(&self) -> &Priv<D> {
        // SAFETY: By the type invariants.
        unsafe { &*Priv::<D>::of(self.as_raw()) }
    }

    /// The private data.
    #[doc(alias = "netdev_priv")]
    #[inline(always)]
    pub fn private(&self) -> &D {
        // SAFETY: Initialised, by the type invariants.
        unsafe { self.shared().data() }
    }

    /// The peer, if the link kind [makes pairs](crate::rtnl::Link::PEER).
    ///
    /// `None` before the pair is complete, and while it is being deleted.
    #[inline]
    pub fn peer<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a DriverDevice<D>> {
        let peer = self.shared().peer();
        if peer.is_null() {
            return None;
        }
        // SAFETY: A peer is made for the same `D`. It stops being one under RTNL, before the grace
        // period that its unregistration waits for.
        Some(unsafe { DriverDevice::from_raw(peer) })
    }

    /// A transmit queue, in use or not.
    #[doc(alias = "netdev_get_tx_queue")]
    #[inline(always)]
    pub fn tx_queue(&self, index: u16) -> TxQueue<'_, D> {
        TxQueue::new(self, index)
    }

    /// Sets the headroom that the stack leaves before frames for this device, in bytes: at most
    /// [`MAX_HEADROOM`].
    #[doc(alias = "net_device::needed_headroom")]
    #[inline]
    pub fn set_needed_headroom(&self, bytes: u16) {
        // SAFETY: Valid by the type; read and written as a whole.
        unsafe { bindings::dev_set_needed_headroom(self.as_raw(), bytes.min(MAX_HEADROOM)) };
    }

    /// Sets the largest MTU that a user can set, in bytes without the link header; 0 for no limit.
    #[doc(alias = "net_device::max_mtu")]
    pub fn set_max_mtu(&self, mtu: u32, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; read and written as a whole, under RTNL.
        unsafe {
            let max_mtu = &raw mut (*self.as_raw()).max_mtu;
            ptr::write_volatile(max_mtu, mtu.min(possible_mtu(mtu)));
        }
    }

    /// Sets whether `ethtool -K` can switch these offloads.
    #[doc(alias = "hw_features")]
    pub fn set_switchable(&self, features: Features, switchable: bool, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; only used under RTNL.
        unsafe {
            let hw_features = &raw mut (*self.as_raw()).hw_features;
            if switchable {
                *hw_features |= features.into_raw();
            } else {
                *hw_features &= !features.into_raw();
            }
        }
    }

    /// The offloads that users have asked for, before [`Driver::fix_features`].
    #[doc(alias = "net_device::wanted_features")]
    pub fn wanted_features(&self, _rtnl: Rtnl<'_>) -> Features {
        // SAFETY: Valid by the type; only changed under RTNL.
        Features::from_raw(unsafe { (*self.as_raw()).wanted_features })
    }

    /// Calls [`Driver::fix_features`] again, and applies the result.
    ///
    /// Does nothing while the device is not registered.
    #[doc(alias = "netdev_update_features")]
    pub fn update_features(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type; only changed under RTNL.
        let state = u32::from(unsafe { (*self.as_raw()).reg_state });
        if state == bindings::netdev_reg_state_NETREG_REGISTERED {
            // SAFETY: Registered, under RTNL.
            unsafe { bindings::netdev_update_features(self.as_raw()) };
        }
    }

    /// The namespace of the [`DeviceMap`] that has the device: where a tunnel sends its outer
    /// packets, even if the device was moved to another namespace.
    #[doc(alias = "get_link_net")]
    #[inline]
    pub fn link_net<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a Net> {
        let net = self.shared().link_net();
        if net.is_null() {
            return None;
        }
        // SAFETY: The map forgets the device under RTNL, followed by a grace period, before its
        // namespace is freed.
        Some(unsafe { Net::from_raw(net) })
    }

    /// Sets the carrier on.
    #[doc(alias = "netif_carrier_on")]
    pub fn carrier_on(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_on(self.as_raw()) };
    }

    /// Sets the carrier off.
    #[doc(alias = "netif_carrier_off")]
    pub fn carrier_off(&self, _rtnl: Rtnl<'_>) {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_off(self.as_raw()) };
    }

    /// Counts a sent packet of `len` bytes.
    #[doc(alias = "dev_sw_netstats_tx_add")]
    #[inline]
    pub fn count_tx(&self, len: u32, _softirq: Softirq<'_>) {
        // SAFETY: Valid by the type, with per-CPU statistics; preemption is off.
        unsafe { bindings::dev_sw_netstats_tx_add(self.as_raw(), 1, len) };
    }

    /// Counts a received packet of `len` bytes.
    #[doc(alias = "dev_sw_netstats_rx_add")]
    #[inline]
    pub fn count_rx(&self, len: u32, _softirq: Softirq<'_>) {
        // SAFETY: As above.
        unsafe { bindings::dev_sw_netstats_rx_add(self.as_raw(), len) };
    }

    /// Counts a packet that was dropped instead of being sent.
    #[doc(alias = "dev_core_stats_tx_dropped_inc")]
    #[cold]
    pub fn count_tx_dropped(&self) {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_core_stats_tx_dropped_inc(self.as_raw()) };
    }

    /// Counts a received packet that was dropped.
    #[doc(alias = "dev_core_stats_rx_dropped_inc")]
    #[cold]
    pub fn count_rx_dropped(&self) {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_core_stats_rx_dropped_inc(self.as_raw()) };
    }

    /// Counts an error, in its own column and in the sum.
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

    /// Takes the transmit time stamp of the packet, if a socket has asked for it.
    #[doc(alias = "skb_tx_timestamp")]
    #[inline]
    pub fn tx_timestamp(&self, skb: &mut Skb<'_>, _softirq: Softirq<'_>) {
        if cfg!(CONFIG_NETWORK_PHY_TIMESTAMPING) {
            // The callee looks for a PHY that stamps.
            // SAFETY: The packet is ours.
            unsafe { bindings::skb_set_dev(skb.as_raw(), self.as_raw()) };
        }
        // SAFETY: The packet is ours. Its device, if the callee looks at it, is this one, and valid.
        unsafe { bindings::skb_tx_timestamp(skb.as_raw()) };
    }

    /// Makes a packet that another device sends a packet that this device has received.
    ///
    /// `from` is the device that sends. What belongs to the sender's side is removed: the route,
    /// conntrack, and the socket's marks if the namespaces differ. `None` if the packet was freed:
    /// this device is down or its MTU is smaller, which it counts as dropped, or the packet has no
    /// complete Ethernet header.
    #[doc(alias = "dev_forward_skb")]
    #[inline]
    pub fn forward_skb(
        &self,
        mut skb: Skb<'_>,
        from: &Device,
        softirq: Softirq<'_>,
    ) -> Option<RxSkb> {
        const { raw_ip::ethernet::<D>() };
        if let Err(reason) = skb.as_mut().may_pull(bindings::ETH_HLEN) {
            skb.drop_with(reason, softirq);
            return None;
        }
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part. It becomes one of
        // `from`, whose namespace the callee looks at. It is freed if the call fails.
        let failed = unsafe {
            bindings::skb_set_dev(skb, from.as_raw());
            bindings::__dev_forward_skb(self.as_raw(), skb) != 0
        };
        if failed {
            return None;
        }
        // INVARIANT: The callee has run `eth_type_trans()`, after it has taken away what the packet had
        // from the side of `from` but for a socket that is lent.
        // SAFETY: The packet is still ours.
        unsafe {
            bindings::skb_orphan_lent(skb);
            Some(RxSkb::from_raw(ptr::NonNull::new_unchecked(skb)))
        }
    }

    /// Receives the Ethernet frame that begins at the packet's data.
    ///
    /// The mark and the time stamp of a frame from [another namespace](Xnet::Other) are removed.
    /// The device counts the frame; it counts a truncated one as [`PacketError::RxLength`].
    #[doc(alias = "gro_cells_receive")]
    pub fn rx(&self, mut skb: Skb<'_>, xnet: Xnet, softirq: Softirq<'_>) {
        const { raw_ip::ethernet::<D>() };
        if skb.as_mut().may_pull(bindings::ETH_HLEN).is_err() {
            self.count_error(PacketError::RxLength);
            return skb.drop_with(DropReason::PKT_TOO_SMALL, softirq);
        }
        if !self.is_up() {
            self.count_rx_dropped();
            return skb.drop_with(DropReason::DEV_READY, softirq);
        }
        self.count_rx(skb.len(), softirq);
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part, of which a sum of all
        // bytes is rid. Both ways of receiving take it over; that of the cells wants it without a
        // socket. The cells exist for as long as the private data.
        unsafe {
            bindings::skb_scrub_packet(skb, xnet == Xnet::Other);
            bindings::skb_orphan_lent(skb);
            let protocol = bindings::eth_type_trans(skb, self.as_raw());
            bindings::skb_set_protocol(skb, protocol);
            bindings::skb_postpull_ethernet(skb);
            bindings::skb_reset_network_header(skb);
            if D::GRO_CELLS {
                bindings::skb_prepare_for_gro(skb);
                bindings::gro_cells_receive(self.shared().gro_cells(), skb);
            } else {
                bindings::__netif_rx(skb);
            }
        }
    }
}
