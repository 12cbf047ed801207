// SPDX-License-Identifier: GPL-2.0

//! Metadata of a packet: mark, priority, hash, VLAN tag, time stamp.

use super::{
    Skb,
    SkbRef, //
};
use crate::{
    bindings,
    netns::Net,
    wire::{
        ethernet::EtherType,
        vlan::Tci, //
    },
};
use core::pin::Pin;

/// The VLAN tag in a packet's metadata: stripped when the packet was received, or to be inserted by
/// the device that sends it (`sk_buff::vlan_tci`).
///
/// # Examples
///
/// ```
/// use core::pin::Pin;
/// use kernet::{
///     skb::{SkbRef, VlanTag},
///     wire::vlan::Tci,
/// };
///
/// /// The tag that the hardware has stripped from a received frame.
/// fn note_tag(frame: Pin<&mut SkbRef>, tci: u16) {
///     frame.set_vlan_tag(Some(VlanTag::Customer(Tci(tci))));
/// }
/// ```
#[doc(alias = "sk_buff::vlan_tci")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VlanTag {
    /// IEEE 802.1Q, EtherType 0x8100 (`ETH_P_8021Q`).
    #[doc(alias = "ETH_P_8021Q")]
    Customer(Tci),
    /// IEEE 802.1ad, EtherType 0x88a8 (`ETH_P_8021AD`).
    #[doc(alias = "ETH_P_8021AD")]
    Service(Tci),
}

impl VlanTag {
    /// The tag protocol identifier, and the rest.
    pub(super) fn parts(self) -> (EtherType, Tci) {
        match self {
            VlanTag::Customer(tci) => (EtherType::VLAN, tci),
            VlanTag::Service(tci) => (EtherType::SERVICE_VLAN, tci),
        }
    }
}

/// The flow hash of a packet, which a device or the kernel has computed. It is the same for all
/// packets of a flow.
///
/// # Examples
///
/// ```
/// use core::pin::Pin;
/// use kernet::skb::{FlowHash, SkbRef};
///
/// /// The hash by which the hardware has selected the queue of a received frame.
/// fn note_hash(frame: Pin<&mut SkbRef>, hash: u32, has_ports: bool) {
///     frame.set_hash(match has_ports {
///         true => FlowHash::Ports(hash),
///         false => FlowHash::Addresses(hash),
///     });
/// }
/// ```
#[doc(alias = "sk_buff::hash")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowHash {
    /// A hash of the addresses of any layer (`PKT_HASH_TYPE_L2`).
    #[doc(alias = "PKT_HASH_TYPE_L2")]
    #[doc(alias = "PKT_HASH_TYPE_L3")]
    Addresses(u32),
    /// A hash of addresses and ports (`PKT_HASH_TYPE_L4`).
    #[doc(alias = "PKT_HASH_TYPE_L4")]
    Ports(u32),
}

impl SkbRef {
    /// The packet's mark.
    #[doc(alias = "sk_buff::mark")]
    #[inline(always)]
    pub fn mark(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_get_mark(self.as_raw()) }
    }

    /// Sets the mark.
    #[doc(alias = "sk_buff::mark")]
    pub fn set_mark(self: Pin<&mut Self>, mark: u32) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_mark(self.as_raw(), mark) };
    }

    /// The priority, by which traffic control and the device's queues classify packets.
    #[doc(alias = "sk_buff::priority")]
    #[inline]
    pub fn priority(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_get_priority(self.as_raw()) }
    }

    /// Sets the priority.
    #[doc(alias = "sk_buff::priority")]
    #[inline]
    pub fn set_priority(self: Pin<&mut Self>, priority: u32) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_priority(self.as_raw(), priority) };
    }

    /// The flow hash, computed if it was not yet (`skb_get_hash_net()`).
    ///
    /// `net` is the namespace whose BPF flow dissector is used. 0 if the data begins behind the
    /// network header.
    #[doc(alias = "skb_get_hash_net")]
    #[inline]
    pub fn flow_hash(self: Pin<&mut Self>, net: &Net) -> u32 {
        if self.network_offset() < 0 {
            return 0;
        }
        let skb = self.as_raw();
        // SAFETY: The packet is ours to change, and the namespace valid. A packet holds no device: the
        // one that it names may be gone, so that it is not there to be looked at meanwhile.
        unsafe {
            let dev = bindings::skb_get_dev(skb);
            bindings::skb_set_dev(skb, core::ptr::null_mut());
            let hash = bindings::skb_get_hash_net(net.as_raw(), skb);
            bindings::skb_set_dev(skb, dev);
            hash
        }
    }

    /// The flow hash, if one was computed (`skb_get_hash_raw()`).
    #[doc(alias = "skb_get_hash_raw")]
    #[inline]
    pub fn hash(&self) -> Option<FlowHash> {
        // SAFETY: Valid by the type.
        let hash = unsafe { bindings::skb_get_hash_raw(self.as_raw()) };
        // SAFETY: As above.
        let ports = unsafe { bindings::skb_l4_hash(self.as_raw()) };
        match hash {
            0 => None,
            hash if ports => Some(FlowHash::Ports(hash)),
            hash => Some(FlowHash::Addresses(hash)),
        }
    }

    /// Sets the flow hash that the device has computed.
    #[doc(alias = "skb_set_hash")]
    #[inline]
    pub fn set_hash(self: Pin<&mut Self>, hash: FlowHash) {
        let (hash, ports) = match hash {
            FlowHash::Addresses(hash) => (hash, false),
            FlowHash::Ports(hash) => (hash, true),
        };
        // SAFETY: The packet is ours to change.
        unsafe { bindings::__skb_set_hash(self.as_raw(), hash, false, ports) };
    }

    /// Clears the flow hash, for a packet whose addresses have changed.
    #[doc(alias = "skb_clear_hash")]
    pub fn clear_hash(self: Pin<&mut Self>) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_clear_hash(self.as_raw()) };
    }

    /// The number of the queue that the packet was received on, if the device has recorded it.
    #[doc(alias = "skb_get_rx_queue")]
    #[inline]
    pub fn rx_queue(&self) -> Option<u16> {
        self.queue_mapping().checked_sub(1)
    }

    /// Records the number of the queue that the packet was received on. If the packet is forwarded,
    /// it is sent on the queue of that number, if there are as many.
    #[doc(alias = "skb_record_rx_queue")]
    #[inline]
    pub fn record_rx_queue(self: Pin<&mut Self>, queue: u16) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_record_rx_queue(self.as_raw(), queue) };
    }

    /// The VLAN tag in the packet's metadata (`skb_vlan_tag_get()`).
    #[doc(alias = "skb_vlan_tag_get")]
    #[inline]
    pub fn vlan_tag(&self) -> Option<VlanTag> {
        // SAFETY: Valid by the type.
        let protocol = unsafe { bindings::skb_get_vlan_proto(self.as_raw()) };
        // SAFETY: As above.
        let tci = Tci(unsafe { bindings::skb_get_vlan_tci(self.as_raw()) });
        match EtherType(u16::from_be(protocol)) {
            EtherType::VLAN => Some(VlanTag::Customer(tci)),
            EtherType::SERVICE_VLAN => Some(VlanTag::Service(tci)),
            _ => None,
        }
    }

    /// Sets or clears the VLAN tag in the packet's metadata (`__vlan_hwaccel_put_tag()`).
    #[doc(alias = "__vlan_hwaccel_put_tag")]
    #[doc(alias = "__vlan_hwaccel_clear_tag")]
    #[inline]
    pub fn set_vlan_tag(self: Pin<&mut Self>, tag: Option<VlanTag>) {
        let (protocol, tci) = tag.map_or((EtherType(0), Tci(0)), VlanTag::parts);
        // SAFETY: The packet is ours to change; the protocol is one of a tag.
        unsafe { bindings::__vlan_hwaccel_put_tag(self.as_raw(), protocol.0.to_be(), tci.0) };
    }

    /// The time of reception, in nanoseconds of the wall clock since 1970 (`skb_tstamp()`).
    ///
    /// `None` if no time stamp was asked for, or the packet is to be sent.
    #[doc(alias = "skb_tstamp")]
    #[inline]
    pub fn received_at(&self) -> Option<u64> {
        // SAFETY: Valid by the type.
        let time = unsafe { bindings::skb_tstamp(self.as_raw()) };
        u64::try_from(time).ok().filter(|&time| time != 0)
    }
}

/// Whether a packet goes to another network namespace.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     netdev::{Driver, DriverDevice},
///     skb::{Skb, Xnet},
/// };
///
/// /// Receives a frame from a tunnel, which may end in another namespace than the device is in.
/// fn receive<D: Driver>(dev: &DriverDevice<D>, frame: Skb<'_>, softirq: Softirq<'_>) {
///     let to = dev.net(softirq);
///     let from = dev.link_net(softirq).unwrap_or(to);
///     dev.rx(frame, Xnet::between(from, to), softirq);
/// }
/// ```
#[doc(alias = "xnet")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xnet {
    /// It stays in its namespace.
    Same,
    /// It goes to another namespace, which must not see its mark and time stamp.
    Other,
}

impl Xnet {
    /// Compares the namespaces that a packet goes from and to (`net_eq()`).
    #[doc(alias = "net_eq")]
    #[inline]
    pub fn between(from: &Net, to: &Net) -> Self {
        if from == to {
            Xnet::Same
        } else {
            Xnet::Other
        }
    }
}

impl Skb<'_> {
    /// Sets the packet's time of reception to now (`__net_timestamp()`).
    #[doc(alias = "__net_timestamp")]
    #[inline]
    pub fn note_received(&mut self) {
        // SAFETY: Owned, by the type invariants.
        unsafe { bindings::__net_timestamp(self.as_ptr()) };
    }

    /// Removes the route, the conntrack entry and the socket of the packet, as for a packet that
    /// leaves a tunnel or a device (`skb_scrub_packet()`). For a packet that goes to another
    /// network namespace, the mark and the time stamp too.
    #[doc(alias = "skb_scrub_packet")]
    pub fn scrub(&mut self, xnet: Xnet) {
        // SAFETY: Owned, by the type invariants: no layer behind relies on what is forgotten.
        unsafe { bindings::skb_scrub_packet(self.as_ptr(), xnet == Xnet::Other) };
    }
}
