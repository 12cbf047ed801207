// SPDX-License-Identifier: GPL-2.0

//! What a packet is told apart by on its way: mark, priority, hash, VLAN tag, time.

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

/// A VLAN tag that is beside the packet, not in it: taken out when it was received, or to be put in
/// by the device that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VlanTag {
    /// Of IEEE 802.1Q, EtherType 0x8100.
    #[doc(alias = "ETH_P_8021Q")]
    Customer(Tci),
    /// Of IEEE 802.1ad, EtherType 0x88a8.
    #[doc(alias = "ETH_P_8021AD")]
    Service(Tci),
}

/// A number that is the same for all packets of a flow, as a device or the kernel has computed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowHash {
    /// Of the addresses, of which layer ever.
    #[doc(alias = "PKT_HASH_TYPE_L2")]
    #[doc(alias = "PKT_HASH_TYPE_L3")]
    Addresses(u32),
    /// Of the addresses and the ports.
    #[doc(alias = "PKT_HASH_TYPE_L4")]
    Ports(u32),
}

impl SkbRef {
    /// The packet's mark.
    #[inline(always)]
    pub fn mark(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_get_mark(self.as_raw()) }
    }

    /// Sets the mark.
    pub fn set_mark(self: Pin<&mut Self>, mark: u32) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_mark(self.as_raw(), mark) };
    }

    /// The class that traffic control and the device's queues go by.
    #[doc(alias = "skb->priority")]
    #[inline]
    pub fn priority(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_get_priority(self.as_raw()) }
    }

    /// Sets the class that traffic control and the device's queues go by.
    #[inline]
    pub fn set_priority(self: Pin<&mut Self>, priority: u32) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_priority(self.as_raw(), priority) };
    }

    /// A number that is the same for all packets of a flow, computed if nobody has yet.
    ///
    /// `net` is where a program that takes flows apart is looked for. 0 if the data begins behind the
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

    /// The flow's number, if there is one: 0 is none.
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

    /// Says the flow's number, which the device has computed.
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

    /// Forgets the flow's number, for a packet whose addresses have changed.
    #[doc(alias = "skb_clear_hash")]
    pub fn clear_hash(self: Pin<&mut Self>) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_clear_hash(self.as_raw()) };
    }

    /// The number of the queue that the packet was received on, if the device has said it.
    #[doc(alias = "skb_get_rx_queue")]
    #[inline]
    pub fn rx_queue(&self) -> Option<u16> {
        self.queue_mapping().checked_sub(1)
    }

    /// Says which queue the packet was received on. Where it is forwarded it is sent on that one, as
    /// far as there are as many.
    #[doc(alias = "skb_record_rx_queue")]
    #[inline]
    pub fn record_rx_queue(self: Pin<&mut Self>, queue: u16) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_record_rx_queue(self.as_raw(), queue) };
    }

    /// The VLAN tag beside the packet.
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

    /// Puts a VLAN tag beside the packet, in place of one that is there, or takes it away.
    #[doc(alias = "__vlan_hwaccel_put_tag")]
    #[doc(alias = "__vlan_hwaccel_clear_tag")]
    #[inline]
    pub fn set_vlan_tag(self: Pin<&mut Self>, tag: Option<VlanTag>) {
        let (protocol, tci) = match tag {
            Some(VlanTag::Customer(tci)) => (EtherType::VLAN.0, tci.0),
            Some(VlanTag::Service(tci)) => (EtherType::SERVICE_VLAN.0, tci.0),
            None => (0, 0),
        };
        // SAFETY: The packet is ours to change; the protocol is one of a tag.
        unsafe { bindings::__vlan_hwaccel_put_tag(self.as_raw(), protocol.to_be(), tci) };
    }

    /// When the packet was received, in nanoseconds of the wall clock since 1970.
    ///
    /// `None` when nobody asked for it to be noted, or the packet is to be sent.
    #[doc(alias = "skb_tstamp")]
    #[inline]
    pub fn received_at(&self) -> Option<u64> {
        // SAFETY: Valid by the type.
        let time = unsafe { bindings::skb_tstamp(self.as_raw()) };
        u64::try_from(time).ok().filter(|&time| time != 0)
    }
}

/// Whether a packet goes to another network namespace.
#[doc(alias = "xnet")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xnet {
    /// It stays in its namespace.
    Same,
    /// It goes to another one, which must not see its mark and its time stamp.
    Other,
}

impl Xnet {
    /// Of a packet that goes from one namespace to another, or stays where it is.
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
    /// Notes that the packet was received now.
    #[doc(alias = "__net_timestamp")]
    #[inline]
    pub fn note_received(&mut self) {
        // SAFETY: Owned, by the type invariants.
        unsafe { bindings::__net_timestamp(self.as_ptr()) };
    }

    /// Removes the route, the conntrack entry and the socket that the packet brought along, as for a
    /// packet that comes out of a tunnel or a device. For a packet that goes to another network
    /// namespace it removes the mark and the time stamp too.
    #[doc(alias = "skb_scrub_packet")]
    pub fn scrub(&mut self, xnet: Xnet) {
        // SAFETY: Owned, by the type invariants: no layer behind relies on what is forgotten.
        unsafe { bindings::skb_scrub_packet(self.as_ptr(), xnet == Xnet::Other) };
    }
}
