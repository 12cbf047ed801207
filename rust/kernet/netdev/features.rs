// SPDX-License-Identifier: GPL-2.0

//! Offloads.
//!
//! C header: [`include/linux/netdev_features.h`](srctree/include/linux/netdev_features.h)

use crate::bindings;

/// Offloads of a device, `NETIF_F_*` (`netdev_features_t`).
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
    RXHASH = NETIF_F_RXHASH: "The number of the flow computed for received packets.";
    SCTP_CRC = NETIF_F_SCTP_CRC: "The CRC of SCTP left to the device.";
    HIGHDMA = NETIF_F_HIGHDMA: "Data in any memory.";
    GSO_SOFTWARE = NETIF_F_GSO_SOFTWARE: "Segmentation that the stack can do in software, too.";
    GSO_UDP_L4 = NETIF_F_GSO_UDP_L4: "Segmentation of UDP, into datagrams.";
    GSO_ENCAP_ALL = NETIF_F_GSO_ENCAP_ALL: "Segmentation of tunnelled packets.";
    ALL_TSO = NETIF_F_ALL_TSO: "Segmentation of TCP, of any kind.";
    GRO = NETIF_F_GRO: "Received packets merged before they go up the stack.";
    GRO_FRAGLIST = NETIF_F_GRO_FRAGLIST: "Received packets merged into a list of packets.";
    GRO_UDP_FWD = NETIF_F_GRO_UDP_FWD: "UDP merged although no socket here has asked for it.";
    HW_VLAN_CTAG_TX = NETIF_F_HW_VLAN_CTAG_TX: "802.1Q tags put in when sending.";
    HW_VLAN_CTAG_RX = NETIF_F_HW_VLAN_CTAG_RX: "802.1Q tags taken out when receiving.";
    HW_VLAN_CTAG_FILTER = NETIF_F_HW_VLAN_CTAG_FILTER: "802.1Q VLANs that nobody asks for not received.";
    HW_VLAN_STAG_FILTER = NETIF_F_HW_VLAN_STAG_FILTER: "802.1ad VLANs that nobody asks for not received.";
    HW_VLAN_STAG_TX = NETIF_F_HW_VLAN_STAG_TX: "802.1ad tags put in when sending.";
    HW_VLAN_STAG_RX = NETIF_F_HW_VLAN_STAG_RX: "802.1ad tags taken out when receiving.";
}

impl Features {
    /// No offload.
    pub const NONE: Self = Self(0);

    /// The offloads of both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The offloads of `self` that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the two sets have an offload in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[inline(always)]
    pub(super) const fn from_raw(features: u64) -> Self {
        Self(features)
    }

    #[inline(always)]
    pub(super) const fn into_raw(self) -> u64 {
        self.0
    }
}
