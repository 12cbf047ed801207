// SPDX-License-Identifier: GPL-2.0

//! Drop reasons.

use crate::bindings;

/// A reason that the `skb:kfree_skb` trace event, `dropwatch` and `perf` show by name.
///
/// C header: [`include/net/dropreason-core.h`](srctree/include/net/dropreason-core.h), which says
/// what each one means.
#[doc(alias = "enum skb_drop_reason")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct DropReason(bindings::skb_drop_reason);

macro_rules! reasons {
    ($($name:ident = $raw:ident: $doc:literal;)+) => {
        impl DropReason {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(bindings::$raw);
            )+
        }
    };
}

reasons! {
    NOT_SPECIFIED = skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED: "No better reason is known.";
    SOCKET_FILTER = skb_drop_reason_SKB_DROP_REASON_SOCKET_FILTER: "A socket's filter refused it.";
    SOCKET_RCVBUFF = skb_drop_reason_SKB_DROP_REASON_SOCKET_RCVBUFF: "The socket's receive buffer is full.";
    PKT_TOO_SMALL = skb_drop_reason_SKB_DROP_REASON_PKT_TOO_SMALL: "Shorter than a header of it must be.";
    TCP_CSUM = skb_drop_reason_SKB_DROP_REASON_TCP_CSUM: "Wrong TCP checksum.";
    UDP_CSUM = skb_drop_reason_SKB_DROP_REASON_UDP_CSUM: "Wrong UDP checksum.";
    NETFILTER_DROP = skb_drop_reason_SKB_DROP_REASON_NETFILTER_DROP: "A netfilter hook dropped it.";
    OTHERHOST = skb_drop_reason_SKB_DROP_REASON_OTHERHOST: "For another host.";
    IP_CSUM = skb_drop_reason_SKB_DROP_REASON_IP_CSUM: "Wrong IPv4 header checksum.";
    IP_INHDR = skb_drop_reason_SKB_DROP_REASON_IP_INHDR: "Malformed IP header.";
    IP_RPFILTER = skb_drop_reason_SKB_DROP_REASON_IP_RPFILTER: "Fails the reverse path check.";
    UNICAST_IN_L2_MULTICAST = skb_drop_reason_SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST: "Unicast in a link-layer multicast.";
    XFRM_POLICY = skb_drop_reason_SKB_DROP_REASON_XFRM_POLICY: "Fails an IPsec policy.";
    IP_NOPROTO = skb_drop_reason_SKB_DROP_REASON_IP_NOPROTO: "No handler for the IP protocol.";
    PROTO_MEM = skb_drop_reason_SKB_DROP_REASON_PROTO_MEM: "The protocol's memory limit is reached.";
    IP_OUTNOROUTES = skb_drop_reason_SKB_DROP_REASON_IP_OUTNOROUTES: "No route to send it by.";
    IPV6DISABLED = skb_drop_reason_SKB_DROP_REASON_IPV6DISABLED: "IPv6 is disabled on the device.";
    NEIGH_CREATEFAIL = skb_drop_reason_SKB_DROP_REASON_NEIGH_CREATEFAIL: "A neighbour entry could not be made.";
    NEIGH_FAILED = skb_drop_reason_SKB_DROP_REASON_NEIGH_FAILED: "The neighbour does not answer.";
    SECURITY_HOOK = skb_drop_reason_SKB_DROP_REASON_SECURITY_HOOK: "A security module refused it.";
    QDISC_DROP = skb_drop_reason_SKB_DROP_REASON_QDISC_DROP: "The queueing discipline dropped it.";
    CPU_BACKLOG = skb_drop_reason_SKB_DROP_REASON_CPU_BACKLOG: "The CPU's backlog is full.";
    XDP = skb_drop_reason_SKB_DROP_REASON_XDP: "An XDP program dropped it.";
    TC_INGRESS = skb_drop_reason_SKB_DROP_REASON_TC_INGRESS: "A classifier at ingress dropped it.";
    UNHANDLED_PROTO = skb_drop_reason_SKB_DROP_REASON_UNHANDLED_PROTO: "No handler for the EtherType.";
    SKB_CSUM = skb_drop_reason_SKB_DROP_REASON_SKB_CSUM: "A checksum could not be computed.";
    SKB_GSO_SEG = skb_drop_reason_SKB_DROP_REASON_SKB_GSO_SEG: "Segmentation failed.";
    SKB_BAD_GSO = skb_drop_reason_SKB_DROP_REASON_SKB_BAD_GSO: "Its GSO fields contradict each other.";
    DEV_HDR = skb_drop_reason_SKB_DROP_REASON_DEV_HDR: "The device's header is wrong.";
    DEV_READY = skb_drop_reason_SKB_DROP_REASON_DEV_READY: "The device is not ready.";
    FULL_RING = skb_drop_reason_SKB_DROP_REASON_FULL_RING: "The ring is full.";
    NOMEM = skb_drop_reason_SKB_DROP_REASON_NOMEM: "No memory.";
    HDR_TRUNC = skb_drop_reason_SKB_DROP_REASON_HDR_TRUNC: "A header is truncated.";
    ICMP_CSUM = skb_drop_reason_SKB_DROP_REASON_ICMP_CSUM: "Wrong ICMP checksum.";
    INVALID_PROTO = skb_drop_reason_SKB_DROP_REASON_INVALID_PROTO: "A protocol field that the receiver does not take.";
    IP_INADDRERRORS = skb_drop_reason_SKB_DROP_REASON_IP_INADDRERRORS: "An IPv4 address is not acceptable.";
    IP_INNOROUTES = skb_drop_reason_SKB_DROP_REASON_IP_INNOROUTES: "No route for a received packet.";
    IP_LOCAL_SOURCE = skb_drop_reason_SKB_DROP_REASON_IP_LOCAL_SOURCE: "The source address is one of ours.";
    IP_INVALID_SOURCE = skb_drop_reason_SKB_DROP_REASON_IP_INVALID_SOURCE: "The source address is not valid.";
    IP_INVALID_DEST = skb_drop_reason_SKB_DROP_REASON_IP_INVALID_DEST: "The destination address is not valid.";
    PKT_TOO_BIG = skb_drop_reason_SKB_DROP_REASON_PKT_TOO_BIG: "Larger than the device or the path takes.";
    IPV6_BAD_EXTHDR = skb_drop_reason_SKB_DROP_REASON_IPV6_BAD_EXTHDR: "A malformed IPv6 extension header.";
    IPV6_TOO_MANY_EXTHDRS = skb_drop_reason_SKB_DROP_REASON_IPV6_TOO_MANY_EXTHDRS: "Too many IPv6 extension headers.";
    QUEUE_PURGE = skb_drop_reason_SKB_DROP_REASON_QUEUE_PURGE: "Its queue was emptied.";
    MAC_INVALID_SOURCE = skb_drop_reason_SKB_DROP_REASON_MAC_INVALID_SOURCE: "The source MAC address is not valid.";
    NO_TX_TARGET = skb_drop_reason_SKB_DROP_REASON_NO_TX_TARGET: "Nowhere to send it to.";
    IP_TUNNEL_ECN = skb_drop_reason_SKB_DROP_REASON_IP_TUNNEL_ECN: "The ECN fields of outer and inner header contradict each other.";
    TUNNEL_TXINFO = skb_drop_reason_SKB_DROP_REASON_TUNNEL_TXINFO: "Tunnel metadata is missing.";
    LOCAL_MAC = skb_drop_reason_SKB_DROP_REASON_LOCAL_MAC: "The source MAC address is our own.";
    RECURSION_LIMIT = skb_drop_reason_SKB_DROP_REASON_RECURSION_LIMIT: "It went through too many stacked devices.";
}

impl DropReason {
    #[inline(always)]
    pub(crate) fn as_raw(self) -> bindings::skb_drop_reason {
        self.0
    }
}
