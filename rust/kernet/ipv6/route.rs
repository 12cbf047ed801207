// SPDX-License-Identifier: GPL-2.0

//! Tunnels over IPv6: parameters, routes, headers.

use core::net::Ipv6Addr;
use kernel::prelude::*;

use super::{
    routes::Routes,
    V6, //
};
use crate::{
    address, bindings,
    context::{
        rcu_read,
        Context,
        Softirq, //
    },
    error::{
        eaddrnotavail,
        eopnotsupp, //
    },
    ip::{
        private::Version,
        IcmpError,
        Outer,
        Plan,
        Route,
        MIN_IPV6_MTU, //
    },
    netns::Net,
    skb::Skb,
    wire::{
        ip::{
            self,
            Protocol, //
        },
        ipv6, //
    },
};

/// The bits of the traffic class that routing knows: the DSCP.
const DSCP_MASK: u8 = 0xfc;

/// The end points of a tunnel, and how its outer packets are built (`__ip6_tnl_parm`).
///
/// # Examples
///
/// ```
/// use core::net::Ipv6Addr;
/// use kernet::{
///     context::Rtnl,
///     ipv6::{Parameters, Tunnel},
///     netns::Net,
///     rcu::{RcuBox, RcuPointer},
/// };
///
/// /// Has a tunnel end somewhere else. Packets go on meanwhile.
/// fn redirect(tunnel: &RcuPointer<Tunnel>, net: &Net, remote: Ipv6Addr, rtnl: Rtnl<'_>) -> Result {
///     let parameters = Parameters {
///         local: Ipv6Addr::UNSPECIFIED,
///         remote,
///         hop_limit: 64,
///         traffic_class: 1, // that of the inner packet
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
#[doc(alias = "__ip6_tnl_parm")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The outer source: an address of this host, or nothing is sent. If it is unspecified, routing
    /// chooses it.
    pub local: Ipv6Addr,
    /// The outer destination.
    pub remote: Ipv6Addr,
    /// The hop limit of outer packets. 0: that of the inner packet, or the route's if the inner packet is
    /// neither IPv4 nor IPv6.
    pub hop_limit: u8,
    /// The traffic class of outer packets. If bit 0 is set, it is that of the inner IPv4 or IPv6
    /// packet, and the other bits are for any other inner packet. Congestion bits always come from the
    /// inner packet.
    pub traffic_class: u8,
    /// Whether frames that do not fit the path are not fragmented outside, but their senders told, if they
    /// can be and are to be: those of IPv6, and of IPv4 with the DF bit.
    ///
    /// Without it only those of inner IPv4 packets with the DF bit are treated like that. An inner IPv6
    /// packet of up to 1280 bytes is carried in any case (RFC 2473 section 7.1).
    pub path_mtu_discovery: bool,
    /// Whether, without path MTU discovery, an inner IPv4 packet with the DF bit is fragmented outside,
    /// too.
    pub ignore_df: bool,
    /// The index of the device to send by; 0 for any.
    pub link: u32,
    /// The mark of outer packets for routing.
    pub mark: u32,
}

#[expect(private_interfaces, reason = "nobody else can name the trait")]
impl Version for V6 {
    const VERSION: ip::Version = ip::Version::V6;

    type Header = ipv6::Header;
    type Parameters = Parameters;
    type Flow = bindings::flowi6;
    type Routes = Routes;

    #[inline]
    fn max_packet() -> u32 {
        // The header does not count.
        0xffff + ipv6::Header::LEN as u32
    }

    fn min_mtu() -> u32 {
        MIN_IPV6_MTU
    }

    fn traffic_class(header: &ipv6::Header) -> u8 {
        header.traffic_class()
    }

    unsafe fn send_port_unreachable(skb: *mut bindings::sk_buff) {
        let (kind, code) = (bindings::ICMPV6_DEST_UNREACH, bindings::ICMPV6_PORT_UNREACH);
        // SAFETY: By the caller's promise; that the network header is in the buffer is checked by the
        // callee.
        unsafe { bindings::icmpv6_send(skb, kind as u8, code as u8, 0) };
    }

    fn update_route(error: &IcmpError<'_, Self>, _protocol: u8) -> bool {
        let (skb, net) = (error.quoted().as_raw(), error.net().as_raw());
        match u32::from(error.kind()) {
            bindings::ICMPV6_PKT_TOOBIG => {
                // SAFETY: The data begins with a linear IPv6 header, as `IcmpError` is made. Its device is
                // alive, and this is a read-side section.
                unsafe {
                    // Of the VRF alone: the message may come another way than packets go.
                    let index = bindings::l3mdev_master_ifindex_rcu(bindings::skb_get_dev(skb));
                    let mtu = error.info().to_be();
                    bindings::ip6_update_pmtu(skb, net, mtu, index, 0, bindings::net_uid(net));
                }
                true
            }
            bindings::NDISC_REDIRECT => {
                let index = error.raw_ifindex();
                // SAFETY: As above.
                unsafe { bindings::ip6_redirect(skb, net, index, 0, bindings::net_uid(net)) };
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn plan(parameters: &Parameters) -> Plan {
        Plan {
            hop_limit: parameters.hop_limit,
            traffic_class: parameters.traffic_class,
            path_mtu_discovery: parameters.path_mtu_discovery,
            ignore_df: parameters.ignore_df,
            link: parameters.link,
        }
    }

    #[inline]
    fn flow(p: &Parameters, _: &Net, protocol: u8, class: u8, _: u32) -> bindings::flowi6 {
        let mut flow = bindings::flowi6::default();
        let common = &mut flow.__fl_common;
        // No device has an index that is too large.
        common.flowic_oif = c_int::try_from(p.link).unwrap_or(c_int::MAX);
        common.flowic_mark = p.mark;
        common.flowic_proto = protocol;
        flow.daddr = in6_addr(p.remote);
        flow.saddr = in6_addr(p.local);
        flow.flowlabel = (u32::from(class & DSCP_MASK) << 20).to_be();
        flow
    }

    fn find(p: &Parameters, net: &Net, flow: &mut bindings::flowi6) -> Result<Route> {
        let raw = net.as_raw();
        // SAFETY: The namespace is alive.
        flow.__fl_common.flowic_uid = unsafe { bindings::net_uid(raw) };
        let none = core::ptr::null();
        // SAFETY: As above, and the flow is writable. The callees' references are ours; the last one takes
        // over that of the route that it looks at.
        let route = unsafe {
            if p.local.is_unspecified() {
                Route::from_raw(bindings::ip6_dst_lookup_flow(
                    raw,
                    none,
                    flow,
                    core::ptr::null(),
                ))?
            } else {
                // With a source, the device to send by would be a wish.
                let flags = if p.link == 0 {
                    0
                } else {
                    bindings::RT6_LOOKUP_F_IFACE
                };
                let dst = bindings::ip6_route_output_flags(raw, none, flow, flags as c_int);
                let route = Route::from_raw(dst)?;
                kernel::error::to_result(c_int::from((*dst).error))?;
                Route::from_raw(bindings::xfrm6_lookup_route(raw, route.into_raw(), flow))?
            }
        };
        if !is_own(p, net, &flow.saddr) {
            return Err(eaddrnotavail());
        }
        Ok(route)
    }

    fn routes<C: Context>(net: &Net, context: C) -> Result<Routes> {
        // SAFETY: It may be called at any time.
        if !unsafe { bindings::ipv6_mod_enabled() } {
            // Booted with `ipv6.disable=1`: no namespace has tables.
            return Err(eopnotsupp());
        }
        Routes::new(net, context)
    }

    #[inline]
    fn kept(
        routes: &Routes,
        p: &Parameters,
        net: &Net,
        flow: &mut bindings::flowi6,
        softirq: Softirq<'_>,
    ) -> Option<Route> {
        let given = flow.saddr;
        if let Some(route) = routes.get(net, &mut flow.saddr, softirq) {
            // An address that goes does not take the route with it.
            if is_own(p, net, &flow.saddr) {
                return Some(route);
            }
        }
        flow.saddr = given;
        None
    }

    fn keep(
        routes: &Routes,
        net: &Net,
        flow: &bindings::flowi6,
        route: &Route,
        softirq: Softirq<'_>,
    ) {
        // What a policy or an encapsulation has made may depend on more than the tunnel's parameters.
        if !route.is_transformed(net) {
            routes.set(net, &flow.saddr, route, softirq);
        }
    }

    #[inline]
    fn hop_limit(route: &Route) -> u8 {
        // SAFETY: `route` owns a reference.
        let limit = unsafe { bindings::ip6_dst_hoplimit(route.dst()) };
        u8::try_from(limit).unwrap_or(u8::MAX)
    }

    #[inline]
    unsafe fn send<'a>(
        skb: Skb<'a>,
        net: &Net,
        route: Route,
        mut flow: bindings::flowi6,
        outer: &Outer,
    ) -> Result<(), Skb<'a>> {
        let (source, destination) = (address::ipv6(&flow.saddr), address::ipv6(&flow.daddr));
        let protocol = Protocol(outer.protocol);
        // Of a packet that is to be segmented the core leaves the length open, if it is too long.
        let len = match skb.gso() {
            Some(_) => 0,
            None => skb.len() as usize,
        };
        let Ok(mut header) = ipv6::Header::new(source, destination, protocol, len) else {
            return Err(skb);
        };
        let skb = skb.into_raw();
        // SAFETY: The packet is ours. Its hash is that of the inner packet, which was asked for before.
        let label = unsafe { bindings::ip6_make_flowlabel(net.as_raw(), skb, 0, true, &mut flow) };
        header.set_flow_label(u32::from_be(label));
        header.set_traffic_class(outer.traffic_class);
        header.set_hop_limit(outer.hop_limit);
        // SAFETY: As above; it and the route's reference are handed on. By the caller's promise there is
        // headroom, which no clone shares, and the device is the tunnel's.
        unsafe {
            bindings::skb_scrub_packet(skb, outer.crossing);
            bindings::skb_dst_set(skb, route.into_raw());
            // Otherwise the stack refuses to fragment what no socket has sent.
            bindings::skb_set_ignore_df(skb, !outer.dont_fragment);
            bindings::skb_push(skb, ipv6::Header::LEN as u32)
                .cast::<ipv6::Header>()
                .write(header);
            bindings::skb_reset_network_header(skb);
            let dev = bindings::skb_get_dev(skb);
            bindings::ip6tunnel_xmit(core::ptr::null_mut(), skb, dev, 0);
        }
        Ok(())
    }
}

/// Whether a source address is one of the host's, or of the VRF's that the tunnel's device is in, and
/// usable. Routing does not look.
fn is_own(p: &Parameters, net: &Net, source: &bindings::in6_addr) -> bool {
    rcu_read(|_rcu| {
        let net = net.as_raw();
        let dev = match c_int::try_from(p.link) {
            Ok(0) | Err(_) => core::ptr::null_mut(),
            // SAFETY: The namespace is alive, and this is a read-side section.
            Ok(index) => unsafe { bindings::dev_get_by_index_rcu(net, index) },
        };
        // SAFETY: As above; the device, if there is one, stays for the section.
        unsafe {
            bindings::ipv6_chk_addr_and_flags(net, source, dev, false, 0, bindings::IFA_F_TENTATIVE)
                != 0
        }
    })
}

/// An address as C has it.
fn in6_addr(address: Ipv6Addr) -> bindings::in6_addr {
    let mut raw = bindings::in6_addr::default();
    raw.in6_u.u6_addr8 = address.octets();
    raw
}
