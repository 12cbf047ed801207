// SPDX-License-Identifier: GPL-2.0

//! Devices without a link header.
//!
//! C source: [`drivers/net/tun.c`](srctree/drivers/net/tun.c), `IFF_TUN`

use core::ptr;
use kernel::prelude::*;

use super::{
    Driver,
    DriverDevice,
    PacketError, //
};
use crate::{
    bindings,
    context::Softirq,
    skb::{
        DropReason,
        Skb,
        Xnet,
        MAX_PLACE, //
    },
    wire::{
        ethernet::EtherType,
        icmp,
        icmpv6,
        ip::Version,
        xlat::Answer, //
    },
};

/// What the packets of a device begin with (`net_device::type`).
#[doc(alias = "net_device::type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkLayer {
    /// An Ethernet header (`ARPHRD_ETHER`).
    #[doc(alias = "ARPHRD_ETHER")]
    Ethernet,
    /// An IP header (`ARPHRD_NONE`). Such a device has no addresses, and nothing is resolved on it.
    #[doc(alias = "ARPHRD_NONE")]
    Ip,
}

impl LinkLayer {
    /// Whether it is Ethernet.
    pub(crate) const fn is_ethernet(self) -> bool {
        matches!(self, Self::Ethernet)
    }
}

/// Refuses, when it is compiled, what only a device with an Ethernet header can do.
pub(crate) const fn ethernet<D: Driver>() {
    assert!(
        D::LINK_LAYER.is_ethernet(),
        "the driver's devices have no Ethernet header"
    );
}

/// Makes an Ethernet device, as it is set up first, one without a link header.
pub(super) fn setup(dev: &mut bindings::net_device) {
    dev.header_ops = ptr::null();
    dev.type_ = bindings::ARPHRD_NONE as u16;
    dev.hard_header_len = 0;
    dev.min_header_len = 0;
    dev.addr_len = 0;
    dev.flags = bindings::net_device_flags_IFF_POINTOPOINT | bindings::net_device_flags_IFF_NOARP;
}

/// Of what family a packet's route is.
enum Route {
    None,
    V4,
    V6,
    Other,
}

fn route(skb: &Skb<'_>) -> Route {
    // SAFETY: The packet is valid.
    if unsafe { bindings::skb_dst(skb.as_raw()) }.is_null() {
        return Route::None;
    }
    // SAFETY: As above.
    if !unsafe { bindings::skb_valid_dst(skb.as_raw()) } {
        // Metadata of a tunnel, which is no route.
        return Route::Other;
    }
    // SAFETY: The packet has a route, which is there for as long as the packet is borrowed, by the type; its
    // operations are there for as long as it is.
    let family = unsafe { (*(*bindings::skb_dst(skb.as_raw())).ops).family };
    match u32::from(family) {
        bindings::AF_INET => Route::V4,
        bindings::AF_INET6 => Route::V6,
        _ => Route::Other,
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Receives the IP packet that begins at the packet's data, of a driver whose devices have [no
    /// link header](LinkLayer::Ip) (`netif_rx()`).
    ///
    /// What belongs to the sender's side is removed: the route, conntrack, and of a packet from
    /// [another namespace](Xnet::Other) the mark and the time stamp. The device counts the packet; it counts
    /// what is of neither version as [`PacketError::RxFrame`].
    #[doc(alias = "netif_rx")]
    #[inline]
    pub fn rx_ip(&self, mut skb: Skb<'_>, xnet: Xnet, softirq: Softirq<'_>) {
        const {
            assert!(
                !D::LINK_LAYER.is_ethernet(),
                "the driver's devices have an Ethernet header"
            )
        };
        let ethertype = match skb.as_mut().pull_header::<[u8; 1]>(0) {
            Ok([first]) => match Version::of(*first) {
                Some(Version::V4) => Some(EtherType::IPV4),
                Some(Version::V6) => Some(EtherType::IPV6),
                None => None,
            },
            Err(_) => None,
        };
        let Some(ethertype) = ethertype else {
            self.count_error(PacketError::RxFrame);
            return skb.drop_with(DropReason::INVALID_PROTO, softirq);
        };
        if !self.is_up() || skb.headroom() >= MAX_PLACE {
            self.count_rx_dropped();
            return skb.drop_with(DropReason::DEV_READY, softirq);
        }
        self.count_rx(skb.len(), softirq);
        skb.as_mut().reset_mac_header();
        skb.as_mut().reset_network_header();
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an IP header at its data, where both headers were just noted. It is
        // given away; bottom halves are off.
        unsafe {
            bindings::skb_scrub_packet(skb, xnet == Xnet::Other);
            bindings::skb_orphan_lent(skb);
            // Else the time to send it at is taken for that of its reception.
            bindings::skb_clear_tstamp(skb);
            bindings::skb_set_protocol(skb, ethertype.0.to_be());
            bindings::skb_set_dev(skb, self.as_raw());
            bindings::__netif_rx(skb);
        }
    }

    /// Tells the sender of an IP packet, which begins at the packet's data, by ICMP why it was refused
    /// (`icmp_ndo_send()`).
    ///
    /// The packet is one that this device was given to send, and has its route still
    /// ([`Setup::keep_dst`](super::Setup::keep_dst)). Nobody is told of an ICMP error, or more often than the
    /// namespace's limits allow. An answer of the other version than the packet's is not sent, nor one that is no
    /// error, nor one about a place that is not in the packet.
    #[doc(alias = "icmp_ndo_send")]
    #[doc(alias = "icmpv6_ndo_send")]
    pub fn icmp_send(&self, skb: &mut Skb<'_>, answer: Answer, _softirq: Softirq<'_>) {
        let len = match answer {
            Answer::V4(..) => 20,
            Answer::V6(..) => 40,
        };
        if !is_error(answer, skb.len()) {
            return;
        }
        if skb.as_mut().may_pull(len).is_err() || skb.headroom() >= MAX_PLACE {
            return;
        }
        let version = skb
            .header::<[u8; 1]>(0)
            .and_then(|[first]| Version::of(*first));
        skb.as_mut().reset_network_header();
        let route = route(skb);
        let raw = skb.as_raw();
        if skb.transport_offset().is_none() {
            // ICMPv6 looks there for an ICMPv6 header, wherever the packet comes from.
            // SAFETY: The packet is owned, and `len` bytes of it are linear.
            unsafe { bindings::skb_set_transport_header(raw, len as c_int) };
        }
        match (answer, version, route) {
            (Answer::V4(kind, code, value), Some(Version::V4), Route::V4) => {
                let (kind, code) = (c_int::from(kind.0), c_int::from(code));
                // SAFETY: The packet is owned; it becomes one of this device, which is registered. Its IPv4
                // header is linear, where it was just noted, and its route is one of IPv4.
                unsafe {
                    bindings::skb_set_dev(raw, self.as_raw());
                    bindings::skb_set_protocol(raw, EtherType::IPV4.0.to_be());
                    bindings::icmp_ndo_send(raw, kind, code, value.to_be());
                }
            }
            (Answer::V6(kind, code, value), Some(Version::V6), Route::V6 | Route::None) => {
                // SAFETY: As above, for IPv6, where a packet may have no route.
                unsafe {
                    bindings::skb_set_dev(raw, self.as_raw());
                    bindings::skb_set_protocol(raw, EtherType::IPV6.0.to_be());
                    bindings::icmpv6_ndo_send(raw, kind.0, code, value);
                }
            }
            _ => {}
        }
    }
}

/// Whether an answer is an error of RFC 792 or RFC 4443 that a packet of `len` bytes may get. The core looks up the
/// type in a table, and looks at the place that a parameter problem names, unchecked.
fn is_error(answer: Answer, len: u32) -> bool {
    match answer {
        Answer::V4(kind, _, _) => matches!(
            kind,
            icmp::Type::DESTINATION_UNREACHABLE
                | icmp::Type::TIME_EXCEEDED
                | icmp::Type::PARAMETER_PROBLEM
        ),
        Answer::V6(icmpv6::Type::PARAMETER_PROBLEM, _, place) => place < len,
        Answer::V6(kind, _, _) => matches!(
            kind,
            icmpv6::Type::DESTINATION_UNREACHABLE
                | icmpv6::Type::PACKET_TOO_BIG
                | icmpv6::Type::TIME_EXCEEDED
        ),
    }
}
