// SPDX-License-Identifier: GPL-2.0

//! What protocols and tunnels over IPv4 and IPv6 have in common.
//!
//! [`ipv4`](crate::ipv4) and [`ipv6`](crate::ipv6) have names for these types, and the traits of
//! their protocols.
//!
//! C header: [`include/net/ip_tunnels.h`](srctree/include/net/ip_tunnels.h)

use core::ptr::NonNull;
use kernel::prelude::*;

use crate::{
    bindings,
    context::Softirq,
    netns::Net,
    skb::{
        Bytes,
        DropReason,
        Skb,
        SkbRef, //
    },
    wire::ethernet, //
};

mod frame;
mod offload;
mod path_mtu;
mod route;
mod tunnel;
mod version;

pub use frame::DecapError;
pub(crate) use offload::retire_all as retire_offloads;
pub use offload::{
    Offload,
    OffloadRegistration, //
};
pub use route::Underlay;
pub use tunnel::{
    FailedPacket,
    TransmitError,
    Tunnel, //
};
pub use version::Version;

pub(crate) use path_mtu::MIN_IPV6_MTU;
pub(crate) use route::Route;
pub(crate) use tunnel::{
    Outer,
    Plan, //
};
pub(crate) use version::private;

/// A received packet of a protocol's handler.
///
/// Owns the packet, and ends as an [`Skb`] does: in [`Self::into_skb`], [`Self::into_frame`],
/// [`Self::reject`] or [`Self::drop_with`]. Letting one go out of scope does not build.
pub struct Packet<'a, V: Version> {
    skb: Skb<'a>,
    header: V::Header,
    net: &'a Net,
    ifindex: u32,
}

impl<'a, V: Version> Packet<'a, V> {
    /// # Safety
    ///
    /// `skb` is what the stack of `V` passes to a protocol's handler, in softirq, and the caller
    /// gives it up. `'a` is no longer than that call.
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // SAFETY: The stack has checked that the header is linear; any bytes are a valid view.
        let header = unsafe { *bindings::skb_network_header(skb.as_ptr()).cast::<V::Header>() };
        // SAFETY: A received packet has a device, which is alive during the callback.
        let (net, ifindex) = unsafe {
            let dev = bindings::skb_get_dev(skb.as_ptr());
            (bindings::dev_net(dev), bindings::dev_ifindex(dev))
        };
        Self {
            // SAFETY: By the caller's promise; the input path has unshared it.
            skb: unsafe { Skb::from_raw(skb) },
            header,
            // SAFETY: As long as the device.
            net: unsafe { Net::from_raw(net) },
            // Registered devices' indices are positive.
            ifindex: u32::try_from(ifindex).unwrap_or(0),
        }
    }

    /// A copy of the packet's IP header, without options and extension headers (`ip_hdr()`,
    /// `ipv6_hdr()`).
    #[doc(alias = "ip_hdr")]
    #[doc(alias = "ipv6_hdr")]
    pub fn header(&self) -> &V::Header {
        &self.header
    }

    /// The namespace in which the packet was received.
    #[doc(alias = "dev_net")]
    pub fn net(&self) -> &'a Net {
        self.net
    }

    /// The index of the device that has received the packet; of the VRF if the device is in one
    /// (`inet_iif()`).
    #[doc(alias = "inet_iif")]
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// The packet.
    pub fn skb(&self) -> &SkbRef {
        &self.skb
    }

    /// Makes the protocol's header linear, and returns a view of it (`pskb_may_pull()`).
    ///
    /// # Errors
    ///
    /// The drop reason: the packet is too short, or there is no memory.
    #[doc(alias = "pskb_may_pull")]
    pub fn protocol_header<H: Bytes>(&mut self) -> Result<&H, DropReason> {
        self.skb.as_mut().pull_header(0)
    }

    /// Returns the packet. Its route is valid for the read-side section that the packet was
    /// received in.
    pub fn into_skb(self) -> Skb<'a> {
        self.skb
    }

    /// Drops the packet with a reason (`kfree_skb_reason()`).
    #[doc(alias = "kfree_skb_reason")]
    pub fn drop_with(self, reason: DropReason, softirq: Softirq<'_>) {
        self.skb.drop_with(reason, softirq);
    }

    /// Drops the packet, and sends an ICMP message "port unreachable" to its sender, as the C
    /// tunnels do for a packet of no tunnel (`icmp_send()`, `icmpv6_send()`).
    ///
    /// The stack limits the rate, and does not answer what was sent to many.
    #[doc(alias = "icmp_send")]
    #[doc(alias = "icmpv6_send")]
    pub fn reject(self, softirq: Softirq<'_>) {
        // SAFETY: The packet came from the stack of `V`, hence its route, if it still has one, and
        // its control block are of that version.
        unsafe { V::send_port_unreachable(self.skb.as_raw()) };
        self.skb.drop_with(DropReason::NO_TX_TARGET, softirq);
    }

    /// Decapsulates the Ethernet frame in the packet (`__iptunnel_pull_header()`).
    ///
    /// Removes `header_len` bytes, and what the packet has from the outer network (route,
    /// connection tracking, IPsec state, VLAN tag). If `to`, the namespace of the device that
    /// receives the frame, is another one, it removes the mark too. A packet that an [`Offload`] has merged
    /// becomes a frame that is to be segmented. Congestion marks of the outer
    /// header are copied to the inner one, also behind VLAN tags (RFC 6040 section 4.2).
    ///
    /// The frame is ready for the receiving device and may be kept: its data begins with the
    /// Ethernet header.
    ///
    /// # Errors
    ///
    /// Why there is no frame, and the packet. Drop it with [`DecapError::reason`].
    #[doc(alias = "__iptunnel_pull_header")]
    #[doc(alias = "ip_tunnel_rcv")]
    #[doc(alias = "ip6_tnl_rcv")]
    pub fn into_frame(
        self,
        header_len: u8,
        to: &Net,
    ) -> Result<Skb<'static>, (DecapError, Skb<'a>)> {
        let Self {
            mut skb,
            header,
            net,
            ..
        } = self;
        // Not more than 255 + 14.
        let need = u32::from(header_len).saturating_add(ethernet::Header::LEN as u32);
        if skb.len() < need {
            return Err((DecapError::Truncated, skb));
        }
        skb.as_mut().forget_sum_behind(header_len.into());
        // SAFETY: The packet is owned. Made linear by the callee up to the frame's header.
        let result = unsafe {
            bindings::__iptunnel_pull_header(
                skb.as_raw(),
                c_int::from(header_len),
                (bindings::ETH_P_TEB as u16).to_be(),
                false,
                net != to,
            )
        };
        if result != 0 {
            return Err((DecapError::NoMemory, skb));
        }
        if skb.gso().is_some() {
            // SAFETY: The packet is owned. The callee above has made what says how to segment it its own.
            unsafe { offload::unmark(skb.as_raw()) };
        }
        if let Err(malformed) = frame::mark(skb.as_mut(), V::traffic_class(&header)) {
            return Err((malformed, skb));
        }
        let skb = skb.into_raw();
        // SAFETY: The packet is ours. The callee has taken away what it had from the outer network but
        // for a socket that is lent, so that it may be kept.
        unsafe {
            bindings::skb_orphan_lent(skb);
            Ok(Skb::from_raw(NonNull::new_unchecked(skb)))
        }
    }
}

/// An ICMP message about a packet of a protocol's handler (`icmphdr`, `icmp6hdr`).
#[doc(alias = "icmphdr")]
#[doc(alias = "icmp6hdr")]
pub struct IcmpError<'a, V: Version> {
    skb: &'a SkbRef,
    header: V::Header,
    offset: u32,
    info: u32,
    kind: u8,
    code: u8,
    net: &'a Net,
    ifindex: c_int,
}

/// What an error handler of the stack is told, beside the packet.
pub(crate) struct Told {
    pub(crate) kind: u8,
    pub(crate) code: u8,
    pub(crate) offset: u32,
    pub(crate) info: u32,
}

impl<'a, V: Version> IcmpError<'a, V> {
    /// # Safety
    ///
    /// `skb` is what the stack of `V` lends to a protocol's error handler, in softirq: its data
    /// begins with the IP header of the packet that the message is about, which is linear as far as 8
    /// bytes behind `told.offset`. `'a` is no longer than that call.
    pub(crate) unsafe fn from_raw(skb: *mut bindings::sk_buff, told: Told) -> Option<Self> {
        // SAFETY: By the caller's promise. A received packet has a device, which is alive during the
        // callback.
        let (skb, net, ifindex) = unsafe {
            let dev = bindings::skb_get_dev(skb);
            (
                SkbRef::from_raw(skb),
                Net::from_raw(bindings::dev_net(dev)),
                bindings::dev_ifindex(dev),
            )
        };
        Some(Self {
            skb,
            header: skb.copy_header::<V::Header>(0)?,
            offset: told.offset,
            info: told.info,
            kind: told.kind,
            code: told.code,
            net,
            ifindex,
        })
    }

    /// The type, of RFC 792 or RFC 4443 (`icmphdr::type`, `icmp6hdr::icmp6_type`).
    #[doc(alias = "icmphdr::type")]
    #[doc(alias = "icmp6hdr::icmp6_type")]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// The code (`icmphdr::code`, `icmp6hdr::icmp6_code`).
    #[doc(alias = "icmphdr::code")]
    #[doc(alias = "icmp6hdr::icmp6_code")]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The path MTU in bytes for "fragmentation needed" and "packet too big". For other messages 0
    /// over IPv4, and the message's second word over IPv6 (`net_protocol::err_handler`).
    #[doc(alias = "net_protocol::err_handler")]
    #[doc(alias = "inet6_protocol::err_handler")]
    pub fn info(&self) -> u32 {
        self.info
    }

    /// A copy of the IP header of the packet that the message is about. Its source is said to be this
    /// host.
    pub fn header(&self) -> &V::Header {
        &self.header
    }

    /// The part of the packet that the message quotes, from the IP header on. At least 8 bytes
    /// follow [`Self::offset`].
    pub fn quoted(&self) -> &SkbRef {
        self.skb
    }

    /// Where in [`Self::quoted`] the protocol's header begins, in bytes: behind IPv4's options, or
    /// IPv6's extension headers. Of a packet in UDP (GUE) it is that of the UDP header, as C says it.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// The namespace in which the message was received.
    #[doc(alias = "dev_net")]
    pub fn net(&self) -> &'a Net {
        self.net
    }

    /// The index of the device that has received the message (`inet_iif()`).
    #[doc(alias = "inet_iif")]
    pub fn ifindex(&self) -> u32 {
        u32::try_from(self.ifindex).unwrap_or(0)
    }

    /// Updates the routing table's exceptions if the message is about a path MTU or a redirect, and
    /// returns whether it is (`ipv4_update_pmtu()`, `ip6_update_pmtu()`).
    ///
    /// `protocol` is that of the handler.
    #[doc(alias = "ipv4_update_pmtu")]
    #[doc(alias = "ipv4_redirect")]
    #[doc(alias = "ip6_update_pmtu")]
    #[doc(alias = "ip6_redirect")]
    pub fn update_route(&self, protocol: u8) -> bool {
        V::update_route(self, protocol)
    }

    pub(crate) fn raw_ifindex(&self) -> c_int {
        self.ifindex
    }
}
