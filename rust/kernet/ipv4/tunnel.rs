// SPDX-License-Identifier: GPL-2.0

//! Tunnels over IPv4.
//!
//! The counterpart of `net/ipv4/ip_tunnel.c`, for tunnels without metadata, keys or further
//! encapsulation. `ip_tunnel_xmit()` is the specification.

use core::ptr::NonNull;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};
use zerocopy::IntoBytes;

use super::{
    frame::{
        congestion,
        Inner, //
    },
    route::{
        Parameters,
        Route,
        Underlay, //
    },
};
use crate::{
    bindings,
    context::{
        Context,
        Rtnl,
        Softirq, //
    },
    netdev::{
        Device,
        Driver,
        DriverDevice,
        PacketError, //
    },
    netns::Net,
    skb::{
        Bytes,
        DropReason,
        Skb, //
    },
    wire::{
        ethernet::{
            self,
            EtherType, //
        },
        ipv4, //
    },
};

/// The IPv4 header's length, in bytes.
const IPV4_LEN: u32 = ipv4::Header::LEN as u32;

/// The Ethernet header's length, in bytes.
const ETHERNET_LEN: u32 = ethernet::Header::LEN as u32;

/// The longest IPv4 packet, in bytes.
const MAX_PACKET: u32 = 0xffff;

/// The least MTU that an IPv4 link may have (RFC 791 section 3.2).
const MIN_IPV4_MTU: u32 = 68;

/// The least MTU that an IPv6 link may have (RFC 8200 section 5).
const MIN_IPV6_MTU: u32 = 1280;

/// Why a tunnel did not send a packet, and how the device counts that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransmitError {
    /// No route to the remote. Counted as `tx_carrier_errors` and `tx_errors`.
    NoRoute,
    /// The route leads back into the tunnel. Counted as `collisions` and `tx_errors`.
    Loop,
    /// The packet exceeds the path MTU; the sender was notified. Counted as `tx_errors`.
    TooBig,
    /// The packet is truncated, or asks for segmentation that the tunnel does not support. Counted
    /// as `tx_errors`.
    Malformed,
    /// No memory. Counted as `tx_dropped`.
    NoMemory,
}

/// A packet that a tunnel did not send, and why.
pub struct FailedPacket<'a> {
    /// The reason.
    pub error: TransmitError,
    /// The packet. Drop it with [`FailedPacket::reason`].
    pub skb: Skb<'a>,
}

impl FailedPacket<'_> {
    /// Counts the packet in the statistics of `dev`, and frees it.
    #[cold]
    pub fn count_and_drop<D: Driver>(self, dev: &DriverDevice<D>, softirq: Softirq<'_>) {
        match self.error {
            TransmitError::NoRoute => dev.count_error(PacketError::TxCarrier),
            TransmitError::Loop => dev.count_error(PacketError::Collision),
            TransmitError::TooBig | TransmitError::Malformed => dev.count_error(PacketError::Tx),
            TransmitError::NoMemory => dev.count_tx_dropped(),
        }
        let reason = self.reason();
        self.skb.drop_with(reason, softirq);
    }

    /// The drop reason for the packet.
    pub fn reason(&self) -> DropReason {
        match self.error {
            TransmitError::NoRoute => DropReason::IP_OUTNOROUTES,
            TransmitError::Loop => DropReason::NO_TX_TARGET,
            TransmitError::TooBig => DropReason::PKT_TOO_BIG,
            TransmitError::Malformed => DropReason::PKT_TOO_SMALL,
            TransmitError::NoMemory => DropReason::NOMEM,
        }
    }
}

/// The time since boot, in jiffies.
fn jiffies() -> usize {
    // SAFETY: The counter is always there; it is read in one access.
    unsafe { core::ptr::read_volatile(&raw const bindings::jiffies) }
}

/// One end of a tunnel over IPv4 that carries Ethernet frames.
///
/// Immutable: to change parameters, make a new tunnel and publish it in an
/// [`rcu::RcuPointer`](crate::rcu::RcuPointer). A tunnel caches the route per CPU, except a route
/// through an IPsec policy or an encapsulation.
///
/// # Invariants
///
/// `cache` is initialised. Its routes are of the namespace at the address `net`, and need none: a tunnel
/// may be kept for longer.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     ipv4::Tunnel,
///     netdev::{Driver, DriverDevice},
///     netns::Net,
///     skb::Skb,
///     wire::etherip,
/// };
///
/// type Device<D> = DriverDevice<D>;
///
/// fn transmit<D: Driver>(dev: &Device<D>, skb: Skb<'_>, over: &Tunnel, net: &Net, softirq: Softirq<'_>) {
///     if let Err(failed) = over.transmit(dev, skb, &etherip::Header::new(), net, softirq) {
///         failed.count_and_drop(dev, softirq);
///     }
/// }
/// ```
#[doc(alias = "ip_tunnel")]
pub struct Tunnel {
    parameters: Parameters,
    protocol: u8,
    net: usize,
    cache: Opaque<bindings::dst_cache>,
    /// How many packets are still to be answered with a failure of the link.
    failures: Atomic<u32>,
    /// When the last failure was reported, in jiffies.
    failed_at: Atomic<usize>,
}

// SAFETY: The cache is per CPU, under locks of its own; routes are counted references.
unsafe impl Send for Tunnel {}
// SAFETY: As above.
unsafe impl Sync for Tunnel {}

impl Tunnel {
    /// Makes a tunnel over the namespace `net` with the IP protocol number `protocol`
    /// (`ip_tunnel_init()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "ip_tunnel_init")]
    pub fn new<C: Context>(
        net: &Net,
        protocol: u8,
        parameters: Parameters,
        _context: C,
    ) -> Result<Self> {
        let cache = Opaque::uninit();
        // SAFETY: `cache` is writable; may be moved, being a pointer and a time.
        let result = unsafe { bindings::dst_cache_init(cache.get(), C::GFP_CHARGED) };
        kernel::error::to_result(result)?;
        // INVARIANT: Just initialised, without a route.
        Ok(Self {
            parameters,
            protocol,
            net: core::ptr::from_ref(net).addr(),
            cache,
            failures: Atomic::<u32>::new(0),
            failed_at: Atomic::<usize>::new(0),
        })
    }

    /// Notes that the remote was reported unreachable (`err_count`).
    ///
    /// For each report within 30 seconds, the sender of one of the next packets is notified.
    #[doc(alias = "err_count")]
    pub fn unreachable(&self, _softirq: Softirq<'_>) {
        let recent = self.failed_recently();
        let failures = if recent {
            self.failures.load(Relaxed)
        } else {
            0
        };
        self.failures.store(failures.saturating_add(1), Relaxed);
        self.failed_at.store(jiffies(), Relaxed);
    }

    fn failed_recently(&self) -> bool {
        // Wraps around, as the counter does.
        let since = jiffies().wrapping_sub(self.failed_at.load(Relaxed));
        since < bindings::IPTUNNEL_ERR_TIMEO as usize
    }

    /// Whether the sender of this packet is to be told of a failure.
    fn take_failure(&self) -> bool {
        let failures = self.failures.load(Relaxed);
        if failures == 0 {
            return false;
        }
        let recent = self.failed_recently();
        // A lost update of another CPU costs or saves a message.
        self.failures
            .store(if recent { failures - 1 } else { 0 }, Relaxed);
        recent
    }

    /// The parameters (`ip_tunnel::parms`).
    #[doc(alias = "ip_tunnel::parms")]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Looks up the path of the tunnel's packets, and returns its MTU and headroom
    /// (`ip_tunnel_bind_dev()`).
    ///
    /// `header_len` is the length of the protocol's header between the IPv4 header and the frame,
    /// in bytes. Without a route, the result is that of Ethernet.
    #[doc(alias = "ip_tunnel_bind_dev")]
    pub fn underlay(&self, net: &Net, header_len: u8, _rtnl: Rtnl<'_>) -> Underlay {
        let p = &self.parameters;
        let mut flow = p.flow(net, self.protocol, p.tos, 0);
        let header_len = IPV4_LEN.saturating_add(u32::from(header_len));
        let link = |device: *mut bindings::net_device| {
            // SAFETY: The caller holds RTNL, and the route or the lookup has found the device, so
            // that it is not freed.
            let (mtu, hard, needed) = unsafe {
                (
                    (*device).mtu,
                    (*device).hard_header_len,
                    (*device).needed_headroom,
                )
            };
            (
                mtu.min(MAX_PACKET),
                u32::from(hard).saturating_add(u32::from(needed)),
            )
        };
        let by_index = || {
            let index = c_int::try_from(p.link).ok().filter(|index| *index != 0)?;
            // SAFETY: The namespace is alive, and the caller holds RTNL.
            let device = unsafe { bindings::__dev_get_by_index(net.as_raw(), index) };
            (!device.is_null()).then(|| link(device))
        };
        let (mtu, headroom) = Route::find(net, &mut flow)
            .ok()
            .map(|route| link(route.device()))
            .or_else(by_index)
            .unwrap_or((bindings::ETH_DATA_LEN, bindings::LL_MAX_HEADER as u32));
        Underlay {
            mtu: mtu
                .saturating_sub(header_len)
                .saturating_sub(ETHERNET_LEN)
                .max(MIN_IPV4_MTU),
            // As `ip_tunnel_limit_headroom()` does.
            headroom: headroom.saturating_add(header_len).min(512) as u16,
        }
    }

    /// Sends a frame of `dev` with `header` and an IPv4 header before it (`ip_tunnel_xmit()`).
    ///
    /// `net` is the namespace of the underlay. The device counts the packet: as sent, or as failed
    /// if a lower layer fails.
    ///
    /// # Errors
    ///
    /// The packet and the reason, if it was not passed on.
    #[doc(alias = "ip_tunnel_xmit")]
    #[doc(alias = "iptunnel_xmit")]
    pub fn transmit<'a, D: Driver, H: Bytes + IntoBytes>(
        &self,
        dev: &DriverDevice<D>,
        mut skb: Skb<'a>,
        header: &H,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<(), FailedPacket<'a>> {
        let header_len = const {
            assert!(size_of::<H>() <= 256, "a header of more than 256 bytes");
            size_of::<H>() as u32
        };
        // SAFETY: The packet is owned. The device has the statistics that the callees count in, by its type.
        unsafe { bindings::skb_set_dev(skb.as_raw(), dev.as_raw()) };
        let prepared = match self.prepare(dev, &mut skb, header_len, net, softirq) {
            Ok(prepared) => prepared,
            Err(error) => return Err(FailedPacket { error, skb }),
        };
        if skb.as_mut().push_header(header).is_err() {
            let error = TransmitError::NoMemory;
            return Err(FailedPacket { error, skb });
        }
        let Prepared {
            route,
            flow,
            tos,
            ttl,
            dont_fragment,
            crossing,
        } = prepared;
        let df = if dont_fragment {
            (bindings::IP_DF as u16).to_be()
        } else {
            0
        };
        // SAFETY: The packet and the route's reference are handed on. There is headroom for the
        // IPv4 header and the link's, which `prepare` has made.
        unsafe {
            bindings::iptunnel_xmit(
                core::ptr::null_mut(),
                route.into_raw(),
                skb.into_raw(),
                flow.saddr,
                flow.daddr,
                self.protocol,
                tos,
                ttl,
                df,
                crossing,
                0,
            )
        };
        Ok(())
    }

    /// All that may fail, short of pushing headers.
    fn prepare(
        &self,
        dev: &Device,
        skb: &mut Skb<'_>,
        header_len: u32,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<Prepared, TransmitError> {
        let p = &self.parameters;
        // SAFETY: The packet is owned.
        let gso = unsafe { bindings::skb_is_gso(skb.as_raw()) };
        let outer_len = skb
            .len()
            .saturating_add(header_len)
            .saturating_add(IPV4_LEN);
        if gso || skb.len() < ETHERNET_LEN {
            return Err(TransmitError::Malformed);
        }
        if outer_len > MAX_PACKET {
            return Err(TransmitError::TooBig);
        }
        let inner = Inner::of(skb);
        let (tos, inherited) = match &inner {
            Some(inner) if p.tos & 1 != 0 => (inner.traffic_class, true),
            _ => (p.tos & !1, false),
        };
        // SAFETY: The packet is owned.
        let hash = unsafe { bindings::skb_get_hash(skb.as_raw()) };
        let mut flow = p.flow(net, self.protocol, tos, hash);
        // A route that depends on the packet is not for the next one.
        let route = self.route(net, &mut flow, !inherited, softirq)?;
        if route.device() == dev.as_raw() {
            return Err(TransmitError::Loop);
        }

        let dont_fragment = p.path_mtu_discovery || inner.as_ref().is_some_and(|i| i.dont_fragment);
        self.check_mtu(dev, skb, &route, header_len, dont_fragment)?;
        if self.take_failure() {
            // SAFETY: The packet is owned; a route that it has is of its own protocol.
            unsafe { bindings::dst_link_failure(skb.as_raw()) };
        }

        let ttl = match (p.ttl, &inner) {
            (0, Some(inner)) => inner.ttl,
            (0, None) => route.hop_limit(),
            (ttl, _) => ttl,
        };
        let headroom = route
            .headroom()
            .saturating_add(IPV4_LEN)
            .saturating_add(header_len);
        let no_memory = |_| TransmitError::NoMemory;
        skb.as_mut().cow_head(headroom).map_err(no_memory)?;
        // SAFETY: The packet is owned. The callee marks where the inner headers are, and says whether a
        // checksum of theirs is left to the hardware.
        let result = unsafe { bindings::iptunnel_handle_offloads(skb.as_raw(), 0) };
        kernel::error::to_result(result).map_err(no_memory)?;
        Ok(Prepared {
            route,
            flow,
            tos: congestion(tos, inner.map_or(0, |inner| inner.traffic_class)),
            ttl,
            dont_fragment,
            crossing: net != dev.net(softirq),
        })
    }

    /// The route of a flow; fills in the source address.
    fn route(
        &self,
        net: &Net,
        flow: &mut bindings::flowi4,
        cached: bool,
        _softirq: Softirq<'_>,
    ) -> Result<Route, TransmitError> {
        let cached = cached && self.net == core::ptr::from_ref(net).addr();
        if cached {
            // SAFETY: Initialised, by the type invariants, and bottom halves are disabled.
            let route = unsafe { bindings::dst_cache_get_ip4(self.cache.get(), &mut flow.saddr) };
            if let Some(route) = NonNull::new(route) {
                // INVARIANT: The callee's reference is ours.
                return Ok(Route(route));
            }
        }
        let route = Route::find(net, flow).map_err(|_| TransmitError::NoRoute)?;
        // A tunnel may outlive its namespace.
        if cached && !route.needs_net(net) {
            // INVARIANT: `net` is the namespace of the cache, as just seen.
            // SAFETY: As above; the callee takes a reference of its own.
            unsafe { bindings::dst_cache_set_ip4(self.cache.get(), route.dst(), flow.saddr) };
        }
        Ok(route)
    }

    /// Tells the sender of an inner packet that does not fit the path; `tnl_update_pmtu()`.
    fn check_mtu(
        &self,
        dev: &Device,
        skb: &mut Skb<'_>,
        route: &Route,
        header_len: u32,
        dont_fragment: bool,
    ) -> Result<(), TransmitError> {
        let raw = skb.as_raw();
        // SAFETY: The packet is owned.
        let has_route = unsafe { bindings::skb_valid_dst(raw) };
        let mtu = if dont_fragment {
            route
                .mtu()
                .saturating_sub(IPV4_LEN)
                .saturating_sub(header_len)
                .saturating_sub(ETHERNET_LEN)
        } else if has_route {
            // SAFETY: The packet holds a reference of its route.
            unsafe { bindings::dst_mtu(bindings::skb_dst(raw)) }
        } else {
            dev.mtu()
        };
        if has_route {
            // SAFETY: As above; the callee is the route's own.
            unsafe { bindings::skb_dst_update_pmtu_no_confirm(raw, mtu) };
        }
        let too_big = skb.len().saturating_sub(ETHERNET_LEN) > mtu;
        match skb.protocol() {
            ethertype if ethertype == EtherType::IPV4.0 => {
                // Without "don't fragment" inside, the outer packet may be fragmented.
                if !too_big || !Inner::of(skb).is_some_and(|inner| inner.dont_fragment) {
                    return Ok(());
                }
                let (kind, code) = (bindings::ICMP_DEST_UNREACH, bindings::ICMP_FRAG_NEEDED);
                // SAFETY: The packet is owned, and IPv4 as it says; the callee checks that its
                // header is in the buffer.
                unsafe { bindings::icmp_ndo_send(raw, kind as c_int, code as c_int, mtu.to_be()) };
                Err(TransmitError::TooBig)
            }
            ethertype if ethertype == EtherType::IPV6.0 => {
                if !too_big || mtu < MIN_IPV6_MTU {
                    return Ok(());
                }
                // SAFETY: As above, for IPv6.
                unsafe {
                    bindings::icmpv6_ndo_send(raw, bindings::ICMPV6_PKT_TOOBIG as u8, 0, mtu)
                };
                Err(TransmitError::TooBig)
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // SAFETY: Initialised, by the type invariants; nobody else uses it.
        unsafe { bindings::dst_cache_destroy(self.cache.get()) };
    }
}

/// How to send a packet that is ready but for its headers.
struct Prepared {
    route: Route,
    flow: bindings::flowi4,
    tos: u8,
    ttl: u8,
    dont_fragment: bool,
    crossing: bool,
}
