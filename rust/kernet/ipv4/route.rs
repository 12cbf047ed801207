// SPDX-License-Identifier: GPL-2.0

//! Tunnels over IPv4: parameters, routes, headers.

use core::net::Ipv4Addr;
use kernel::{
    prelude::*,
    types::Opaque, //
};

use super::V4;
use crate::{
    bindings,
    context::{
        Context,
        Softirq, //
    },
    ip::{
        private::Version,
        IcmpError,
        Outer,
        Plan,
        Route, //
    },
    netns::Net,
    skb::Skb,
    wire::{
        ip,
        ipv4, //
    },
};

/// The bits of the type of service that routing knows: the DSCP.
const DSCP_MASK: u8 = 0xfc;

/// The end points of a tunnel, and how its outer packets are built (`ip_tunnel_parm_kern`).
///
/// # Examples
///
/// ```
/// use core::net::Ipv4Addr;
/// use kernet::{
///     context::Rtnl,
///     ipv4::{Parameters, Tunnel},
///     netns::Net,
///     rcu::{RcuBox, RcuPointer},
/// };
///
/// /// Has a tunnel end somewhere else. Packets go on meanwhile.
/// fn redirect(tunnel: &RcuPointer<Tunnel>, net: &Net, remote: Ipv4Addr, rtnl: Rtnl<'_>) -> Result {
///     let parameters = Parameters {
///         local: Ipv4Addr::UNSPECIFIED,
///         remote,
///         ttl: 64,
///         tos: 1, // that of the inner packet
///         path_mtu_discovery: true,
///         ignore_df: false,
///         link: 0,
///         mark: 0,
///     };
///     let new = Tunnel::new(net, 97, parameters, rtnl)?;
///     tunnel.replace(Some(RcuBox::new(new, rtnl)?), rtnl.process());
///     Ok(())
/// }
/// ```
#[doc(alias = "ip_tunnel_parm_kern")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The outer source. If it is unspecified, routing chooses it.
    pub local: Ipv4Addr,
    /// The outer destination.
    pub remote: Ipv4Addr,
    /// The TTL of outer packets. 0: that of the inner packet, or the route's if the inner packet is
    /// neither IPv4 nor IPv6.
    pub ttl: u8,
    /// The TOS of outer packets. If bit 0 is set, it is that of the inner IPv4 or IPv6 packet, and
    /// the other bits are for any other inner packet. Congestion bits always come from the inner
    /// packet.
    pub tos: u8,
    /// Whether frames that do not fit the path are not fragmented outside, but their senders told, if they
    /// can be and are to be: those of IPv6, and of IPv4 with the DF bit. Outer packets have the DF bit
    /// unless they have to be fragmented.
    ///
    /// Without it only those of inner IPv4 packets with the DF bit are treated like that.
    pub path_mtu_discovery: bool,
    /// Whether, without path MTU discovery, an inner IPv4 packet with the DF bit is fragmented outside,
    /// too (`IFLA_GRE_IGNORE_DF`).
    #[doc(alias = "IFLA_GRE_IGNORE_DF")]
    pub ignore_df: bool,
    /// The index of the device to send by; 0 for any.
    pub link: u32,
    /// The mark of outer packets for routing.
    pub mark: u32,
}

/// The routes that a tunnel has found, one for each CPU (`dst_cache`).
///
/// # Invariants
///
/// `cache` is initialised. Its routes are of the namespace at the address `net`, and need none: they
/// may be kept for longer.
#[doc(hidden)]
pub struct Routes {
    cache: Opaque<bindings::dst_cache>,
    net: usize,
}

// SAFETY: The cache is per CPU, under locks of its own; routes are counted references.
unsafe impl Send for Routes {}
// SAFETY: As above.
unsafe impl Sync for Routes {}

impl Drop for Routes {
    fn drop(&mut self) {
        // SAFETY: Initialised, by the type invariants; nobody else uses it.
        unsafe { bindings::dst_cache_destroy(self.cache.get()) };
    }
}

#[expect(private_interfaces, reason = "nobody else can name the trait")]
impl Version for V4 {
    const VERSION: ip::Version = ip::Version::V4;

    type Header = ipv4::Header;
    type Parameters = Parameters;
    type Flow = bindings::flowi4;
    type Routes = Routes;

    #[inline]
    fn max_packet() -> u32 {
        0xffff
    }

    fn min_mtu() -> u32 {
        // RFC 791 section 3.2.
        68
    }

    fn traffic_class(header: &ipv4::Header) -> u8 {
        header.traffic_class()
    }

    unsafe fn send_port_unreachable(skb: *mut bindings::sk_buff) {
        let (kind, code) = (bindings::ICMP_DEST_UNREACH, bindings::ICMP_PORT_UNREACH);
        // SAFETY: By the caller's promise; that the network header is in the buffer is checked by the
        // callee.
        unsafe { bindings::icmp_send(skb, kind as c_int, code as c_int, 0) };
    }

    fn update_route(error: &IcmpError<'_, Self>, protocol: u8) -> bool {
        let (skb, net) = (error.quoted().as_raw(), error.net().as_raw());
        let ifindex = error.raw_ifindex();
        match (u32::from(error.kind()), u32::from(error.code())) {
            (bindings::ICMP_DEST_UNREACH, bindings::ICMP_FRAG_NEEDED) => {
                // SAFETY: The data begins with a linear IPv4 header, as `IcmpError` is made.
                unsafe { bindings::ipv4_update_pmtu(skb, net, error.info(), ifindex, protocol) };
                true
            }
            (bindings::ICMP_REDIRECT, _) => {
                // SAFETY: As above.
                unsafe { bindings::ipv4_redirect(skb, net, ifindex, protocol) };
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn plan(parameters: &Parameters) -> Plan {
        Plan {
            hop_limit: parameters.ttl,
            traffic_class: parameters.tos,
            path_mtu_discovery: parameters.path_mtu_discovery,
            ignore_df: parameters.ignore_df,
            link: parameters.link,
        }
    }

    #[inline]
    fn flow(p: &Parameters, net: &Net, protocol: u8, tos: u8, hash: u32) -> bindings::flowi4 {
        let mut flow = bindings::flowi4::default();
        // SAFETY: `flow` is writable and the namespace is alive.
        unsafe {
            bindings::ip_tunnel_init_flow(
                &mut flow,
                c_int::from(protocol),
                be32(p.remote),
                be32(p.local),
                0,
                tos & DSCP_MASK,
                net.as_raw(),
                // No device has an index that is too large.
                c_int::try_from(p.link).unwrap_or(c_int::MAX),
                p.mark,
                hash,
                0,
            )
        };
        flow
    }

    fn find(_: &Parameters, net: &Net, flow: &mut bindings::flowi4) -> Result<Route> {
        // SAFETY: The namespace is alive and the flow is writable. The callee's reference is ours.
        unsafe { from_rtable(bindings::ip_route_output_key(net.as_raw(), flow)) }
    }

    fn routes<C: Context>(net: &Net, _context: C) -> Result<Routes> {
        let cache = Opaque::uninit();
        // SAFETY: `cache` is writable; may be moved, being a pointer and a time.
        let result = unsafe { bindings::dst_cache_init(cache.get(), C::GFP_CHARGED) };
        kernel::error::to_result(result)?;
        // INVARIANT: Just initialised, without a route.
        Ok(Routes {
            cache,
            net: core::ptr::from_ref(net).addr(),
        })
    }

    #[inline]
    fn kept(
        routes: &Routes,
        _: &Parameters,
        net: &Net,
        flow: &mut bindings::flowi4,
        _softirq: Softirq<'_>,
    ) -> Option<Route> {
        if routes.net != core::ptr::from_ref(net).addr() {
            return None;
        }
        // SAFETY: Initialised, by the type invariants, and bottom halves are disabled. The callee's
        // reference is ours.
        unsafe {
            let route = bindings::dst_cache_get_ip4(routes.cache.get(), &mut flow.saddr);
            from_rtable(route).ok()
        }
    }

    fn keep(
        routes: &Routes,
        net: &Net,
        flow: &bindings::flowi4,
        route: &Route,
        _softirq: Softirq<'_>,
    ) {
        // A tunnel may outlive its namespace.
        if routes.net == core::ptr::from_ref(net).addr() && !route.is_transformed(net) {
            // INVARIANT: `net` is the namespace of the cache, as just seen.
            // SAFETY: As above; the callee takes a reference of its own.
            unsafe { bindings::dst_cache_set_ip4(routes.cache.get(), route.dst(), flow.saddr) };
        }
    }

    #[inline]
    fn hop_limit(route: &Route) -> u8 {
        // SAFETY: `route` owns a reference.
        let limit = unsafe { bindings::ip4_dst_hoplimit(route.dst()) };
        u8::try_from(limit).unwrap_or(u8::MAX)
    }

    #[inline]
    unsafe fn send<'a>(
        skb: Skb<'a>,
        _net: &Net,
        route: Route,
        flow: bindings::flowi4,
        outer: &Outer,
    ) -> Result<(), Skb<'a>> {
        let df = if outer.dont_fragment {
            (bindings::IP_DF as u16).to_be()
        } else {
            0
        };
        // SAFETY: The packet and the route's reference are handed on; the route is an IPv4 one. By the
        // caller's promise there is headroom.
        unsafe {
            bindings::iptunnel_xmit(
                core::ptr::null_mut(),
                bindings::dst_rtable(route.into_raw()),
                skb.into_raw(),
                flow.saddr,
                flow.daddr,
                outer.protocol,
                outer.traffic_class,
                outer.hop_limit,
                df,
                outer.crossing,
                0,
            )
        };
        Ok(())
    }
}

/// Takes over the reference of a route.
///
/// # Safety
///
/// The caller gives up one reference, if `route` is not null and not an error.
#[inline]
unsafe fn from_rtable(route: *mut bindings::rtable) -> Result<Route> {
    // SAFETY: `dst` is the first field, so that errors and null stay what they are.
    unsafe { Route::from_raw(route.cast()) }
}

const _: () = assert!(core::mem::offset_of!(bindings::rtable, dst) == 0);

/// An address as C has it, in network byte order.
fn be32(address: Ipv4Addr) -> u32 {
    u32::from_ne_bytes(address.octets())
}
