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

pub use crate::ip::{
    DecapError,
    FailedPacket,
    TransmitError,
    Underlay, //
};
pub use route::Parameters;

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

/// IPv4, as a [`Version`](crate::ip::Version) (`AF_INET`).
#[doc(alias = "AF_INET")]
pub enum V4 {}

/// A received packet of a [`Handler`].
pub type Packet<'a> = ip::Packet<'a, V4>;

/// An ICMP message about a packet of a [`Handler`] (`icmphdr`).
#[doc(alias = "icmphdr")]
pub type IcmpError<'a> = ip::IcmpError<'a, V4>;

/// The registration of an [`Offload`](ip::Offload) over IPv4 (`inet_add_offload()`).
#[doc(alias = "inet_add_offload")]
pub type OffloadRegistration<O> = ip::OffloadRegistration<O, V4>;

/// One end of a tunnel over IPv4 that carries Ethernet frames (`ip_tunnel`).
#[doc(alias = "ip_tunnel")]
pub type Tunnel = ip::Tunnel<V4>;

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
        // header: linear, with options and 8 bytes, as `icmp_socket_deliver()` has checked. ICMP is
        // received with bottom halves disabled.
        unsafe {
            let (icmp, header) = (bindings::icmp_hdr(skb), (*skb).data.cast::<u8>());
            let told = Told {
                kind: (*icmp).type_,
                code: (*icmp).code,
                // Its length, in words of 4 bytes.
                offset: u32::from(*header & 0x0f) * 4,
                info,
            };
            if let Some(error) = IcmpError::from_raw(skb, told) {
                H::error(&error, Softirq::assume());
            }
        }
        0
    }
}
