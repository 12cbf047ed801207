// SPDX-License-Identifier: GPL-2.0

//! The link layer of a received packet.

use super::SkbRef;
use crate::{
    bindings,
    wire::ethernet, //
};

/// The addressee of a packet, as the receiving device has determined it (`pkt_type`).
#[doc(alias = "pkt_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// This host.
    #[doc(alias = "PACKET_HOST")]
    Host,
    /// All hosts.
    #[doc(alias = "PACKET_BROADCAST")]
    Broadcast,
    /// A group, which this host may have joined or not.
    #[doc(alias = "PACKET_MULTICAST")]
    Multicast,
    /// Another host: received in promiscuous mode, or on a VLAN without a device. Also a packet
    /// that this host has sent and receives itself.
    #[doc(alias = "PACKET_OTHERHOST")]
    OtherHost,
}

impl SkbRef {
    /// The addressee of the packet, as the receiving device has determined it
    /// (`sk_buff::pkt_type`).
    #[doc(alias = "sk_buff::pkt_type")]
    #[inline(always)]
    pub fn packet_type(&self) -> PacketType {
        // SAFETY: Valid by the type.
        match u32::from(unsafe { bindings::skb_get_pkt_type(self.as_raw()) }) {
            bindings::PACKET_HOST => PacketType::Host,
            bindings::PACKET_BROADCAST => PacketType::Broadcast,
            bindings::PACKET_MULTICAST => PacketType::Multicast,
            _ => PacketType::OtherHost,
        }
    }

    /// A copy of the packet's Ethernet header (`eth_hdr()`).
    ///
    /// `None` if there is no link header before the data. It is an Ethernet header if the device
    /// [is an Ethernet device](crate::netdev::Device::ethernet_address).
    #[doc(alias = "eth_hdr")]
    #[inline]
    pub fn ethernet_header(&self) -> Option<ethernet::Header> {
        let before = self.before_data()?;
        // SAFETY: The header is in the buffer before the data, as just seen; any bytes are a valid
        // view.
        Some(unsafe { *self.inner().data.sub(before as usize).cast() })
    }

    /// Whether there is a link header before the data that is as long as an Ethernet header.
    #[inline]
    pub(crate) fn has_ethernet_header(&self) -> bool {
        self.before_data().is_some()
    }

    /// How far before the data the link header is.
    #[inline]
    fn before_data(&self) -> Option<u32> {
        // SAFETY: Valid by the type.
        if unsafe { bindings::skb_mac_header_was_set(self.as_raw()) } == 0 {
            return None;
        }
        // SAFETY: As above; set, as just seen.
        let offset = unsafe { bindings::skb_mac_offset(self.as_raw()) };
        let before = offset.checked_neg().and_then(|n| u32::try_from(n).ok())?;
        (before >= bindings::ETH_HLEN && before <= self.headroom()).then_some(before)
    }
}
