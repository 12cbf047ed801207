// SPDX-License-Identifier: GPL-2.0

//! The path of a tunnel's packets: parameters, routes, the device below.

use core::{
    net::Ipv4Addr,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        possible_mtu,
        Driver,
        DriverDevice, //
    },
    netns::Net,
    skb::MAX_HEADROOM, //
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
    /// Whether outer packets have the DF bit. They also have it if the inner packet is IPv4 with
    /// the DF bit.
    pub path_mtu_discovery: bool,
    /// The index of the device to send by; 0 for any.
    pub link: u32,
    /// The mark of outer packets for routing.
    pub mark: u32,
}

impl Parameters {
    /// What to look up a route by.
    pub(super) fn flow(&self, net: &Net, protocol: u8, tos: u8, hash: u32) -> bindings::flowi4 {
        let mut flow = bindings::flowi4::default();
        // SAFETY: `flow` is writable and the namespace is alive.
        unsafe {
            bindings::ip_tunnel_init_flow(
                &mut flow,
                c_int::from(protocol),
                be32(self.remote),
                be32(self.local),
                0,
                tos & DSCP_MASK,
                net.as_raw(),
                // No device has an index that is too large.
                c_int::try_from(self.link).unwrap_or(c_int::MAX),
                self.mark,
                hash,
                0,
            )
        };
        flow
    }
}

/// What the path below a tunnel allows: MTU and headroom.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     ipv4::Tunnel,
///     netdev::{Driver, DriverDevice},
///     netns::Net,
/// };
///
/// /// Follows the path of a tunnel whose header has 2 bytes.
/// fn follow<D: Driver>(dev: &DriverDevice<D>, tunnel: &Tunnel, net: &Net, rtnl: Rtnl<'_>) {
///     let underlay = tunnel.underlay(net, 2, rtnl);
///     underlay.apply(dev, true, rtnl);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underlay {
    /// The MTU of a device whose frames the tunnel carries, in bytes. Applied if it is 68 or more.
    pub mtu: u32,
    /// The headroom that outer headers need, in bytes.
    pub headroom: u16,
}

impl Underlay {
    /// Sets the needed headroom of a registered device, and its MTU if `mtu` is true
    /// (`netdev_state_change()`).
    ///
    /// Link notifications report both, the MTU even if the device is down. Of a device that is
    /// being made, [`NewDevice`](crate::rtnl::NewDevice) sets the MTU.
    #[doc(alias = "netdev_state_change")]
    pub fn apply<D: Driver>(&self, dev: &DriverDevice<D>, mtu: bool, _rtnl: Rtnl<'_>) {
        let dev = dev.as_raw();
        // SAFETY: The device is registered, and RTNL is held, under which both are changed.
        unsafe {
            bindings::dev_set_needed_headroom(dev, self.headroom.min(MAX_HEADROOM));
            if mtu {
                // One that the device, or somebody above it, refuses leaves it as it is.
                bindings::netif_set_mtu(dev, possible_mtu(self.mtu) as c_int);
            }
            bindings::netdev_state_change(dev);
        }
    }
}

/// A route, until it is put or handed on.
///
/// # Invariants
///
/// Owns one reference of the route.
pub(super) struct Route(pub(super) NonNull<bindings::rtable>);

impl Route {
    /// Looks a route up; fills in the source address.
    pub(super) fn find(net: &Net, flow: &mut bindings::flowi4) -> Result<Self> {
        // SAFETY: The namespace is alive and the flow is writable.
        let route = from_err_ptr(unsafe { bindings::ip_route_output_key(net.as_raw(), flow) })?;
        // INVARIANT: The callee's reference is ours.
        NonNull::new(route)
            .map(Self)
            .ok_or_else(crate::error::ehostunreach)
    }

    pub(super) fn dst(&self) -> *mut bindings::dst_entry {
        // SAFETY: Referenced, by the type invariants.
        unsafe { bindings::rt_dst(self.0.as_ptr()) }
    }

    /// The MTU of the path, in bytes.
    pub(super) fn mtu(&self) -> u32 {
        // SAFETY: Referenced, by the type invariants.
        unsafe { bindings::dst_mtu(self.dst()) }
    }

    /// The device; alive in an RCU read-side section.
    pub(super) fn device(&self) -> *mut bindings::net_device {
        // SAFETY: Referenced, by the type invariants.
        unsafe { bindings::dst_dev(self.dst()) }
    }

    /// Whether it must not be kept for longer than its namespace `net`, as one through an IPsec policy
    /// or an encapsulation.
    pub(super) fn needs_net(&self, net: &Net) -> bool {
        // SAFETY: Referenced, by the type invariants; the namespace is alive.
        unsafe { bindings::dst_needs_net(self.dst(), net.as_raw()) }
    }

    pub(super) fn hop_limit(&self) -> u8 {
        // SAFETY: Referenced, by the type invariants.
        let limit = unsafe { bindings::ip4_dst_hoplimit(self.dst()) };
        u8::try_from(limit).unwrap_or(u8::MAX)
    }

    /// The room that the link needs before an IPv4 header, in bytes.
    pub(super) fn headroom(&self) -> u32 {
        // SAFETY: The route is referenced, by the type invariants; its device is alive, see above.
        let (link, transform) = unsafe {
            (
                bindings::LL_RESERVED_SPACE(self.device()),
                bindings::dst_header_len(self.dst()),
            )
        };
        link.saturating_add(u32::from(transform))
    }

    pub(super) fn into_raw(self) -> *mut bindings::rtable {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        // SAFETY: Gives back the reference that the type invariants say is owned.
        unsafe { bindings::ip_rt_put(self.0.as_ptr()) };
    }
}

/// An address as C has it, in network byte order.
fn be32(address: Ipv4Addr) -> u32 {
    u32::from_ne_bytes(address.octets())
}
