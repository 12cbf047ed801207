// SPDX-License-Identifier: GPL-2.0

//! What the sender of a packet is told.

use crate::bindings;

/// What the sender of a rejected packet is told (`enum nft_reject_types`).
///
/// # Examples
///
/// ```
/// use kernet_reject::{Answer, Icmp, Icmpv6};
///
/// /// Rules forbid all of the network, which ICMP alone can say.
/// fn prohibited() -> Answer {
///     Answer::Unreachable {
///         v4: Icmp::NetProhibited,
///         v6: Icmpv6::AdminProhibited,
///     }
/// }
/// ```
#[doc(alias = "enum nft_reject_types")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A TCP segment with the flag RST: `connect()` says at once that the connection is refused
    /// (`NFT_REJECT_TCP_RST`). For packets of TCP: others get none.
    #[doc(alias = "NFT_REJECT_TCP_RST")]
    TcpReset,
    /// An error by ICMP, or of ICMPv6 for a packet of IPv6: the destination is unreachable
    /// (`NFT_REJECT_ICMP_UNREACH`).
    #[doc(alias = "NFT_REJECT_ICMP_UNREACH")]
    Unreachable {
        /// Why, where the packet is of IPv4.
        v4: Icmp,
        /// Why, where it is of IPv6.
        v6: Icmpv6,
    },
}

impl Answer {
    /// Nobody listens at the port (`NFT_REJECT_ICMPX_PORT_UNREACH`).
    #[doc(alias = "NFT_REJECT_ICMPX_PORT_UNREACH")]
    pub const PORT_UNREACHABLE: Self = Self::Unreachable {
        v4: Icmp::Port,
        v6: Icmpv6::Port,
    };

    /// There is no way to the network (`NFT_REJECT_ICMPX_NO_ROUTE`).
    #[doc(alias = "NFT_REJECT_ICMPX_NO_ROUTE")]
    pub const NO_ROUTE: Self = Self::Unreachable {
        v4: Icmp::Net,
        v6: Icmpv6::NoRoute,
    };

    /// There is no way to the host (`NFT_REJECT_ICMPX_HOST_UNREACH`).
    #[doc(alias = "NFT_REJECT_ICMPX_HOST_UNREACH")]
    pub const HOST_UNREACHABLE: Self = Self::Unreachable {
        v4: Icmp::Host,
        v6: Icmpv6::Address,
    };

    /// Rules forbid it (`NFT_REJECT_ICMPX_ADMIN_PROHIBITED`).
    #[doc(alias = "NFT_REJECT_ICMPX_ADMIN_PROHIBITED")]
    pub const ADMIN_PROHIBITED: Self = Self::Unreachable {
        v4: Icmp::AdminProhibited,
        v6: Icmpv6::AdminProhibited,
    };
}

/// Why a destination is unreachable: the code of ICMP (`ICMP_DEST_UNREACH`).
///
/// Those that break paths are not among them, such as that a fragmentation is needed.
#[doc(alias = "ICMP_DEST_UNREACH")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Icmp {
    /// The network (`ICMP_NET_UNREACH`).
    #[doc(alias = "ICMP_NET_UNREACH")]
    Net = bindings::ICMP_NET_UNREACH as u8,
    /// The host (`ICMP_HOST_UNREACH`).
    #[doc(alias = "ICMP_HOST_UNREACH")]
    Host = bindings::ICMP_HOST_UNREACH as u8,
    /// The host does not know the protocol (`ICMP_PROT_UNREACH`).
    #[doc(alias = "ICMP_PROT_UNREACH")]
    Protocol = bindings::ICMP_PROT_UNREACH as u8,
    /// Nobody listens at the port (`ICMP_PORT_UNREACH`).
    #[doc(alias = "ICMP_PORT_UNREACH")]
    Port = bindings::ICMP_PORT_UNREACH as u8,
    /// Rules forbid the network (`ICMP_NET_ANO`).
    #[doc(alias = "ICMP_NET_ANO")]
    NetProhibited = bindings::ICMP_NET_ANO as u8,
    /// Rules forbid the host (`ICMP_HOST_ANO`).
    #[doc(alias = "ICMP_HOST_ANO")]
    HostProhibited = bindings::ICMP_HOST_ANO as u8,
    /// Rules forbid it (`ICMP_PKT_FILTERED`).
    #[doc(alias = "ICMP_PKT_FILTERED")]
    AdminProhibited = bindings::ICMP_PKT_FILTERED as u8,
}

/// Why a destination is unreachable: the code of ICMPv6 (`ICMPV6_DEST_UNREACH`).
#[doc(alias = "ICMPV6_DEST_UNREACH")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Icmpv6 {
    /// There is no route (`ICMPV6_NOROUTE`).
    #[doc(alias = "ICMPV6_NOROUTE")]
    NoRoute = bindings::ICMPV6_NOROUTE as u8,
    /// Rules forbid it (`ICMPV6_ADM_PROHIBITED`).
    #[doc(alias = "ICMPV6_ADM_PROHIBITED")]
    AdminProhibited = bindings::ICMPV6_ADM_PROHIBITED as u8,
    /// The address (`ICMPV6_ADDR_UNREACH`).
    #[doc(alias = "ICMPV6_ADDR_UNREACH")]
    Address = bindings::ICMPV6_ADDR_UNREACH as u8,
    /// Nobody listens at the port (`ICMPV6_PORT_UNREACH`).
    #[doc(alias = "ICMPV6_PORT_UNREACH")]
    Port = bindings::ICMPV6_PORT_UNREACH as u8,
    /// Rules forbid the source address (`ICMPV6_POLICY_FAIL`).
    #[doc(alias = "ICMPV6_POLICY_FAIL")]
    PolicyFail = bindings::ICMPV6_POLICY_FAIL as u8,
    /// The route is one that rejects (`ICMPV6_REJECT_ROUTE`).
    #[doc(alias = "ICMPV6_REJECT_ROUTE")]
    RejectRoute = bindings::ICMPV6_REJECT_ROUTE as u8,
}
