// SPDX-License-Identifier: GPL-2.0

//! IPv6 protocols and tunnels.
//!
//! C headers: [`include/net/protocol.h`](srctree/include/net/protocol.h),
//! [`include/net/ip6_tunnel.h`](srctree/include/net/ip6_tunnel.h)
//!
//! A [`Handler`] receives the packets for this host of an IP protocol number. A [`Tunnel`] sends
//! packets, with an IPv6 header of its own.
//!
//! Before [`Handler::rx`], the stack has checked the IPv6 header and made it linear, walked the
//! extension headers before the protocol, reassembled fragments, checked the IPsec policy, given raw
//! sockets their copy, and released the connection tracking entry. The packet is not shared, but its
//! data may be, and may be in fragments.
//!
//! **Not supported**: a protocol that is an extension header itself, and the option of RFC 2473
//! section 4.1.1 that limits how often a packet is encapsulated. The hop limit ends a packet that goes
//! round between hosts, and the core's recursion limit one that goes round in this one.

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
    ip::{
        self,
        Told, //
    },
    module::{
        failed,
        Declared,
        Part, //
    }, //
};

mod route;
mod routes;

pub use crate::ip::{
    DecapError,
    FailedPacket,
    TransmitError,
    Underlay, //
};
pub use route::Parameters;
pub(crate) use routes::Watch;

/// An IP protocol that a module implements over IPv6 (`inet6_protocol`).
///
/// # Examples
///
/// ```
/// use kernet::{context::Softirq, ipv6::{Packet, Handler}};
///
/// /// Answers each packet with an ICMPv6 error, as if nobody listened.
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
#[doc(alias = "inet6_protocol")]
pub trait Handler: 'static {
    /// The module that the protocol belongs to.
    type Module: Declared;

    /// The protocol number, `IPPROTO_*`.
    #[doc(alias = "inet6_add_protocol")]
    const PROTOCOL: u8;

    /// Receives a packet (`inet6_protocol::handler`).
    ///
    /// Its data begins behind the IPv6 header and its extension headers.
    #[doc(alias = "inet6_protocol::handler")]
    fn rx(packet: Packet<'_>, softirq: Softirq<'_>);

    /// Receives an ICMPv6 message about a packet that this host is said to have sent
    /// (`inet6_protocol::err_handler`). A redirect is one, too.
    ///
    /// Anybody can send such a message.
    #[doc(alias = "inet6_protocol::err_handler")]
    fn error(error: &IcmpError<'_>, softirq: Softirq<'_>) {
        let _ = (error, softirq);
    }
}

/// IPv6, as a [`Version`](crate::ip::Version) (`AF_INET6`).
#[doc(alias = "AF_INET6")]
pub enum V6 {}

/// A received packet of a [`Handler`].
pub type Packet<'a> = ip::Packet<'a, V6>;

/// An ICMPv6 message about a packet of a [`Handler`] (`icmp6hdr`).
#[doc(alias = "icmp6hdr")]
pub type IcmpError<'a> = ip::IcmpError<'a, V6>;

/// The registration of an [`Offload`](ip::Offload) over IPv6 (`inet6_add_offload()`).
#[doc(alias = "inet6_add_offload")]
pub type OffloadRegistration<O> = ip::OffloadRegistration<O, V6>;

/// One end of a tunnel over IPv6 that carries Ethernet frames (`ip6_tnl`).
#[doc(alias = "ip6_tnl")]
pub type Tunnel = ip::Tunnel<V6>;

/// The registration of a [`Handler`]: a [`Part`] of its module (`inet6_add_protocol()`).
///
/// Unregistering is `inet6_del_protocol()`, which ends with `synchronize_net()`.
#[doc(alias = "inet6_add_protocol")]
#[doc(alias = "inet6_protocol")]
pub struct Registration<H: Handler> {
    protocol: Opaque<bindings::inet6_protocol>,
    _handler: PhantomData<fn() -> H>,
}

// SAFETY: The core only reads the structure.
unsafe impl<H: Handler> Send for Registration<H> {}
// SAFETY: As above.
unsafe impl<H: Handler> Sync for Registration<H> {}

// SAFETY: `register` writes the only field that has content; a failing `inet6_add_protocol()` does
// nothing. `inet6_del_protocol()` takes the structure away and waits for all receivers.
unsafe impl<H: Handler> Part for Registration<H> {
    unsafe fn register(slot: *mut Self, _: &'static ThisModule, name: &'static CStr) -> Result {
        let protocol = bindings::inet6_protocol {
            handler: Some(Self::receive_callback),
            err_handler: Some(Self::error_callback),
            // What comes behind it is the protocol's own. Without it the handler's return value would
            // be taken for that of an extension header.
            flags: bindings::INET6_PROTO_FINAL,
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes.
        let field = Opaque::cast_into(unsafe { &raw const (*slot).protocol });
        // SAFETY: As above.
        unsafe { field.write(protocol) };
        // SAFETY: The structure stays in place until it is unregistered, by the caller's promise.
        if unsafe { bindings::inet6_add_protocol(field, H::PROTOCOL) } != 0 {
            // The callee says -1; it has no other reason.
            return Err(failed(
                name,
                format_args!("IPv6 protocol {}, which is taken", H::PROTOCOL),
                eaddrinuse(),
            ));
        }
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise, which also says that this may sleep.
        unsafe {
            bindings::inet6_del_protocol(
                Opaque::cast_into(&raw const (*slot).protocol),
                H::PROTOCOL,
            )
        };
    }
}

impl<H: Handler> Registration<H> {
    /// # Safety
    ///
    /// Called by the core only, as `inet6_protocol::handler`.
    unsafe extern "C" fn receive_callback(skb: *mut bindings::sk_buff) -> c_int {
        if let Some(skb) = NonNull::new(skb) {
            // SAFETY: The core passes the packet on to the handler, with bottom halves disabled.
            unsafe { H::rx(Packet::from_raw(skb), Softirq::assume()) };
        }
        // The packet was delivered. A positive number would hand it to another protocol.
        0
    }

    /// # Safety
    ///
    /// Called by the core only, as `inet6_protocol::err_handler`.
    unsafe extern "C" fn error_callback(
        skb: *mut bindings::sk_buff,
        _opt: *mut bindings::inet6_skb_parm,
        kind: u8,
        code: u8,
        offset: c_int,
        info: u32,
    ) -> c_int {
        let told = Told {
            kind,
            code,
            // Not negative: where the headers that were skipped end.
            offset: u32::try_from(offset).unwrap_or(0),
            info: u32::from_be(info),
        };
        // SAFETY: The core lends a packet whose data begins with the offending packet's IPv6 header:
        // linear, as far as 8 bytes behind `offset`, as `icmpv6_notify()` has checked. ICMPv6 is
        // received with bottom halves disabled.
        unsafe {
            if let Some(error) = IcmpError::from_raw(skb, told) {
                H::error(&error, Softirq::assume());
            }
        }
        0
    }
}
