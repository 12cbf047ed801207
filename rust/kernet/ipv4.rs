// SPDX-License-Identifier: GPL-2.0

//! IPv4 protocols and tunnels.
//!
//! C headers: [`include/net/protocol.h`](srctree/include/net/protocol.h),
//! [`include/net/ip_tunnels.h`](srctree/include/net/ip_tunnels.h)
//!
//! A [`Handler`] receives the packets for this host of an IP protocol number. A [`Tunnel`] sends
//! packets, with an IPv4 header of its own.
//!
//! Before [`Handler::rx`], the stack has checked the IPv4 header and made it linear,
//! reassembled fragments, checked the IPsec policy, given raw sockets their copy, and released the
//! connection tracking entry. The packet is not shared, but its data may be, and may be in
//! fragments.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::Softirq,
    error::eaddrinuse,
    module::{
        failed,
        Declared,
        Part, //
    },
    netns::Net,
    skb::{
        Bytes,
        DropReason,
        Skb,
        SkbRef, //
    },
    wire::{
        ethernet,
        ipv4, //
    },
};

mod frame;
mod route;
mod tunnel;

pub use frame::DecapError;
pub use route::{
    Parameters,
    Underlay, //
};
pub use tunnel::{
    FailedPacket,
    TransmitError,
    Tunnel, //
};

/// An IP protocol that a module implements over IPv4 (`net_protocol`).
///
/// # Examples
///
/// ```
/// use kernet::{context::Softirq, ipv4::{Packet, Handler}};
///
/// /// Answers each packet with an ICMP error, as if the protocol were not there.
/// impl Handler for Example {
///     type Module = Example;
///
///     const PROTOCOL: u8 = 253; // RFC 3692: for experiments
///
///     fn rx(packet: Packet<'_>, softirq: Softirq<'_>) {
///         packet.reject(softirq);
///     }
/// }
/// ```
#[doc(alias = "net_protocol")]
pub trait Handler: 'static {
    /// The module that the protocol belongs to.
    type Module: Declared;

    /// The protocol number, `IPPROTO_*`.
    #[doc(alias = "inet_add_protocol")]
    const PROTOCOL: u8;

    /// Receives a packet (`net_protocol::handler`).
    ///
    /// Its data begins behind the IPv4 header and its options.
    #[doc(alias = "net_protocol::handler")]
    fn rx(packet: Packet<'_>, softirq: Softirq<'_>);

    /// Receives an ICMP message about a packet that this host is said to have sent
    /// (`net_protocol::err_handler`).
    ///
    /// Anybody can send such a message.
    #[doc(alias = "net_protocol::err_handler")]
    fn error(error: &IcmpError<'_>, softirq: Softirq<'_>) {
        let _ = (error, softirq);
    }
}

/// A received packet of a [`Handler`].
///
/// Owns the packet, and ends as an [`Skb`] does: in [`Self::into_skb`], [`Self::into_frame`],
/// [`Self::reject`] or [`Self::drop_with`]. Letting one go out of scope does not build.
pub struct Packet<'a> {
    skb: Skb<'a>,
    header: ipv4::Header,
    net: &'a Net,
    ifindex: u32,
}

impl<'a> Packet<'a> {
    /// # Safety
    ///
    /// `skb` is what `ip_protocol_deliver_rcu()` passes to a handler, in softirq, and the caller
    /// gives it up. `'a` is no longer than that call.
    unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // SAFETY: The stack has checked that the header is linear; any bytes are a valid view.
        let header = unsafe { *bindings::ip_hdr(skb.as_ptr()).cast::<ipv4::Header>() };
        // SAFETY: A received packet has a device, which is alive during the callback.
        let (net, ifindex) = unsafe {
            let dev = bindings::skb_get_dev(skb.as_ptr());
            (bindings::dev_net(dev), bindings::dev_ifindex(dev))
        };
        Self {
            // SAFETY: By the caller's promise; the IPv4 input path has unshared it.
            skb: unsafe { Skb::from_raw(skb) },
            header,
            // SAFETY: As long as the device.
            net: unsafe { Net::from_raw(net) },
            // Registered devices' indices are positive.
            ifindex: u32::try_from(ifindex).unwrap_or(0),
        }
    }

    /// A copy of the packet's IPv4 header, without options (`ip_hdr()`).
    #[doc(alias = "ip_hdr")]
    pub fn header(&self) -> &ipv4::Header {
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
    /// tunnels do for a packet of no tunnel (`icmp_send()`).
    ///
    /// The stack limits the rate, and does not answer broadcasts.
    #[doc(alias = "icmp_send")]
    pub fn reject(self, softirq: Softirq<'_>) {
        let (kind, code) = (bindings::ICMP_DEST_UNREACH, bindings::ICMP_PORT_UNREACH);
        // SAFETY: The packet came from the IPv4 stack, hence its route, if it still has one, is
        // an IPv4 one; that the network header is in the buffer is checked by the callee.
        unsafe { bindings::icmp_send(self.skb.as_raw(), kind as c_int, code as c_int, 0) };
        self.skb.drop_with(DropReason::NO_TX_TARGET, softirq);
    }

    /// Decapsulates the Ethernet frame in the packet (`__iptunnel_pull_header()`).
    ///
    /// Removes `header_len` bytes, and what the packet has from the outer network (route,
    /// connection tracking, IPsec state, VLAN tag). If `to`, the namespace of the device that
    /// receives the frame, is another one, it removes the mark too. Congestion marks of the outer
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
        if let Err(malformed) = frame::mark(skb.as_mut(), header.traffic_class()) {
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

/// An ICMP message about a packet of a [`Handler`] (`icmphdr`).
#[doc(alias = "icmphdr")]
pub struct IcmpError<'a> {
    skb: &'a SkbRef,
    header: ipv4::Header,
    info: u32,
    kind: u8,
    code: u8,
    net: &'a Net,
    ifindex: c_int,
}

impl<'a> IcmpError<'a> {
    /// The ICMP type (RFC 792).
    #[doc(alias = "icmphdr::type")]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// The ICMP code.
    #[doc(alias = "icmphdr::code")]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The path MTU in bytes for "fragmentation needed", otherwise 0 (`net_protocol::err_handler`).
    #[doc(alias = "net_protocol::err_handler")]
    pub fn info(&self) -> u32 {
        self.info
    }

    /// A copy of the IPv4 header of the packet that the message is about. Its source is this host.
    pub fn header(&self) -> &ipv4::Header {
        &self.header
    }

    /// The part of the packet that the message quotes, from the IPv4 header on. At least 8 bytes
    /// follow that header and its options.
    pub fn quoted(&self) -> &SkbRef {
        self.skb
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

    /// Updates the routing cache if the message is about a path MTU or a redirect, and returns
    /// whether it is (`ipv4_update_pmtu()`).
    ///
    /// `protocol` is [`Handler::PROTOCOL`].
    #[doc(alias = "ipv4_update_pmtu")]
    #[doc(alias = "ipv4_redirect")]
    pub fn update_route(&self, protocol: u8) -> bool {
        let (skb, net) = (self.skb.as_raw(), self.net.as_raw());
        if u32::from(self.kind) == bindings::ICMP_DEST_UNREACH
            && u32::from(self.code) == bindings::ICMP_FRAG_NEEDED
        {
            // SAFETY: The data begins with a linear IPv4 header, by `error_callback`.
            unsafe { bindings::ipv4_update_pmtu(skb, net, self.info, self.ifindex, protocol) };
            true
        } else if u32::from(self.kind) == bindings::ICMP_REDIRECT {
            // SAFETY: As above.
            unsafe { bindings::ipv4_redirect(skb, net, self.ifindex, protocol) };
            true
        } else {
            false
        }
    }
}

/// The registration of a [`Handler`]: a [`Part`] of its module (`inet_add_protocol()`).
///
/// Unregistering is `inet_del_protocol()`, which ends with `synchronize_net()`.
#[doc(alias = "inet_add_protocol")]
#[doc(alias = "net_protocol")]
pub struct Registration<H: Handler> {
    protocol: Opaque<bindings::net_protocol>,
    _handler: PhantomData<fn() -> H>,
}

// SAFETY: The core only reads the structure.
unsafe impl<H: Handler> Send for Registration<H> {}
// SAFETY: As above.
unsafe impl<H: Handler> Sync for Registration<H> {}

// SAFETY: `register` writes the only field that has content; a failing `inet_add_protocol()` does
// nothing. `inet_del_protocol()` takes the structure away and waits for all receivers.
unsafe impl<H: Handler> Part for Registration<H> {
    unsafe fn register(slot: *mut Self, _: &'static ThisModule, name: &'static CStr) -> Result {
        let protocol = bindings::net_protocol {
            handler: Some(Self::receive_callback),
            err_handler: Some(Self::error_callback),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes.
        let field = Opaque::cast_into(unsafe { &raw const (*slot).protocol });
        // SAFETY: As above.
        unsafe { field.write(protocol) };
        // SAFETY: The structure stays in place until it is unregistered, by the caller's promise.
        if unsafe { bindings::inet_add_protocol(field, H::PROTOCOL) } != 0 {
            // The callee says -1; it has no other reason.
            return Err(failed(
                name,
                format_args!("IP protocol {}, which is taken", H::PROTOCOL),
                eaddrinuse(),
            ));
        }
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise, which also says that this may sleep.
        unsafe {
            bindings::inet_del_protocol(Opaque::cast_into(&raw const (*slot).protocol), H::PROTOCOL)
        };
    }
}

impl<H: Handler> Registration<H> {
    /// # Safety
    ///
    /// Called by the core only, as `net_protocol::handler`.
    unsafe extern "C" fn receive_callback(skb: *mut bindings::sk_buff) -> c_int {
        if let Some(skb) = NonNull::new(skb) {
            // SAFETY: The core passes the packet on to the handler, with bottom halves disabled.
            unsafe { H::rx(Packet::from_raw(skb), Softirq::assume()) };
        }
        // A negative number would hand the packet to another protocol.
        0
    }

    /// # Safety
    ///
    /// Called by the core only, as `net_protocol::err_handler`.
    unsafe extern "C" fn error_callback(skb: *mut bindings::sk_buff, info: u32) -> c_int {
        // SAFETY: The core lends a packet whose data begins with the offending packet's IPv4
        // header: linear, with options and 8 bytes, as `icmp_socket_deliver()` has checked.
        let error = unsafe {
            let icmp = bindings::icmp_hdr(skb);
            let dev = bindings::skb_get_dev(skb);
            let skb = SkbRef::from_raw(skb);
            let Some(header) = skb.copy_header::<ipv4::Header>(0) else {
                return 0;
            };
            IcmpError {
                skb,
                header,
                info,
                kind: (*icmp).type_,
                code: (*icmp).code,
                net: Net::from_raw(bindings::dev_net(dev)),
                ifindex: bindings::dev_ifindex(dev),
            }
        };
        // SAFETY: ICMP is received with bottom halves disabled.
        H::error(&error, unsafe { Softirq::assume() });
        0
    }
}
