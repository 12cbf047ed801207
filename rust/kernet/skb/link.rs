// SPDX-License-Identifier: GPL-2.0

//! What a packet has from the link that it came by.

use super::SkbRef;
use crate::{
    bindings,
    wire::ethernet, //
};

/// Whom a packet is for, as the device that received it has found.
#[doc(alias = "pkt_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// For this host.
    Host,
    /// For all.
    Broadcast,
    /// For a group, which this host may have joined or not.
    Multicast,
    /// Not for this host: of a device that receives all packets, or of a VLAN that there is no
    /// device for. Also what this host has sent and hears itself.
    OtherHost,
}

impl SkbRef {
    /// Whom the packet is for, as the device that received it has found.
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

    /// A copy of the Ethernet header that the packet came with.
    ///
    /// `None` when there is none before the data. What is there is an Ethernet header if the device
    /// [is an Ethernet one](crate::netdev::Device::ethernet_address).
    #[doc(alias = "eth_hdr")]
    pub fn ethernet_header(&self) -> Option<ethernet::Header> {
        // SAFETY: Valid by the type.
        if unsafe { bindings::skb_mac_header_was_set(self.as_raw()) } == 0 {
            return None;
        }
        // SAFETY: As above; set, as just seen.
        let offset = unsafe { bindings::skb_mac_offset(self.as_raw()) };
        let before = offset.checked_neg().and_then(|n| u32::try_from(n).ok())?;
        if before < bindings::ETH_HLEN || before > self.headroom() {
            return None;
        }
        // SAFETY: The header is in the buffer before the data, as just seen; any bytes are a valid
        // view.
        Some(unsafe { *self.inner().data.sub(before as usize).cast() })
    }
}
