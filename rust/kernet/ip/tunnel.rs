// SPDX-License-Identifier: GPL-2.0

//! Tunnels over IP.
//!
//! The counterpart of `net/ipv4/ip_tunnel.c` and `net/ipv6/ip6_tunnel.c`, for tunnels without metadata, keys
//! or further encapsulation. `ip_tunnel_xmit()` and `ip6_tnl_xmit()` are the specification.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use zerocopy::IntoBytes;

use super::{
    frame::{
        congestion,
        Inner, //
    },
    offload,
    path_mtu::{
        self,
        Refused, //
    },
    Offload,
    Route,
    Underlay,
    Version, //
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
        Skb,
        Xnet, //
    },
    wire::ethernet, //
};

/// The Ethernet header's length, in bytes.
const ETHERNET_LEN: u32 = ethernet::Header::LEN as u32;

/// Why a tunnel did not send a packet, and how the device counts that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransmitError {
    /// No route to the remote. Counted as `tx_carrier_errors` and `tx_errors`.
    NoRoute,
    /// The route leads back into the tunnel. Counted as `collisions` and `tx_errors`.
    Loop,
    /// The packet exceeds the path MTU, and its sender was told; or it is longer than a packet can be.
    /// Counted as `tx_errors`.
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
pub(super) fn jiffies() -> usize {
    // SAFETY: The counter is always there; it is read in one access.
    unsafe { core::ptr::read_volatile(&raw const bindings::jiffies) }
}

/// One end of a tunnel that carries Ethernet frames over IP of version `V`.
///
/// Immutable: to change parameters, make a new tunnel and publish it in an
/// [`rcu::RcuPointer`](crate::rcu::RcuPointer). A tunnel keeps the route that it has found, on each CPU,
/// except a route through an IPsec policy or an encapsulation.
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
#[doc(alias = "ip6_tnl")]
pub struct Tunnel<V: Version> {
    parameters: V::Parameters,
    protocol: u8,
    /// The length of the header behind which frames may be segmented, or 0.
    segments: u32,
    routes: V::Routes,
    /// How many packets are still to be answered with a failure of the link.
    failures: Atomic<u32>,
    /// When the last failure was reported, in jiffies.
    failed_at: Atomic<usize>,
}

impl<V: Version> Tunnel<V> {
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
        parameters: V::Parameters,
        context: C,
    ) -> Result<Self> {
        Ok(Self {
            parameters,
            protocol,
            segments: 0,
            routes: V::routes(net, context)?,
            failures: Atomic::<u32>::new(0),
            failed_at: Atomic::<usize>::new(0),
        })
    }

    /// Has the tunnel take packets that are to be segmented, which the offload `O` does below
    /// (`iptunnel_handle_offloads()`).
    ///
    /// It has to be a part of the module, for the tunnel's version of IP, before those that make tunnels. The
    /// tunnel's device says by its [features](crate::netdev::Features) what
    /// it takes, of TCP ([`ALL_TSO`](crate::netdev::Features::ALL_TSO)) and UDP
    /// ([`GSO_UDP_L4`](crate::netdev::Features::GSO_UDP_L4)).
    ///
    /// Nothing changes if the offload is of another protocol, or its module has not registered it for the version.
    #[doc(alias = "iptunnel_handle_offloads")]
    pub fn with_offload<O: Offload>(mut self) -> Self {
        self.segments = offload::segments::<O, V>(self.protocol);
        self
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

    /// The parameters (`ip_tunnel::parms`, `ip6_tnl::parms`).
    #[doc(alias = "ip_tunnel::parms")]
    #[doc(alias = "ip6_tnl::parms")]
    pub fn parameters(&self) -> &V::Parameters {
        &self.parameters
    }

    /// Looks up the path of the tunnel's packets, and returns its MTU and headroom
    /// (`ip_tunnel_bind_dev()`).
    ///
    /// `header_len` is the length of the protocol's header between the IP header and the frame,
    /// in bytes. Without a route, the result is that of Ethernet.
    #[doc(alias = "ip_tunnel_bind_dev")]
    pub fn underlay(&self, net: &Net, header_len: u8, _rtnl: Rtnl<'_>) -> Underlay {
        let p = V::plan(&self.parameters);
        let mut flow = V::flow(&self.parameters, net, self.protocol, p.traffic_class, 0);
        let header_len = V::header_len().saturating_add(u32::from(header_len));
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
                mtu.min(V::max_packet()),
                u32::from(hard).saturating_add(u32::from(needed)),
            )
        };
        let by_index = || {
            let index = c_int::try_from(p.link).ok().filter(|index| *index != 0)?;
            // SAFETY: The namespace is alive, and the caller holds RTNL.
            let device = unsafe { bindings::__dev_get_by_index(net.as_raw(), index) };
            (!device.is_null()).then(|| link(device))
        };
        let (mtu, headroom) = V::find(&self.parameters, net, &mut flow)
            .ok()
            .map(|route| link(route.device()))
            .or_else(by_index)
            .unwrap_or((bindings::ETH_DATA_LEN, bindings::LL_MAX_HEADER as u32));
        Underlay {
            mtu: mtu
                .saturating_sub(header_len)
                .saturating_sub(ETHERNET_LEN)
                .max(V::min_mtu()),
            // As `ip_tunnel_limit_headroom()` does.
            headroom: headroom.saturating_add(header_len).min(512) as u16,
        }
    }

    /// Sends a frame of `dev` with `header` and an IP header before it (`ip_tunnel_xmit()`,
    /// `ip6_tnl_xmit()`).
    ///
    /// `net` is the namespace of the underlay. The device counts the packet: as sent, or as failed
    /// if a lower layer fails.
    ///
    /// # Errors
    ///
    /// The packet and the reason, if it was not passed on.
    #[doc(alias = "ip_tunnel_xmit")]
    #[doc(alias = "iptunnel_xmit")]
    #[doc(alias = "ip6_tnl_xmit")]
    #[doc(alias = "ip6tunnel_xmit")]
    pub fn transmit<'a, D: Driver, H: Bytes + IntoBytes>(
        &self,
        dev: &DriverDevice<D>,
        skb: Skb<'a>,
        header: &H,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<(), FailedPacket<'a>> {
        match self.transmit_whole(dev, skb, header, net, softirq)? {
            None => Ok(()),
            Some(skb) => self.transmit_parts(dev, skb, header, net, softirq),
        }
    }

    /// Cuts a frame, and sends each part by itself. What fails of them is counted and dropped.
    #[cold]
    #[inline(never)]
    fn transmit_parts<'a, D: Driver, H: Bytes + IntoBytes>(
        &self,
        dev: &DriverDevice<D>,
        skb: Skb<'a>,
        header: &H,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<(), FailedPacket<'a>> {
        let error = TransmitError::Malformed;
        let mut parts =
            offload::cut(skb, dev, softirq).map_err(|skb| FailedPacket { error, skb })?;
        while let Some(part) = parts.next() {
            let failed = match self.transmit_whole(dev, part, header, net, softirq) {
                Ok(None) => continue,
                Ok(Some(skb)) => FailedPacket { error, skb },
                Err(failed) => failed,
            };
            failed.count_and_drop(dev, softirq);
        }
        Ok(())
    }

    /// As [`Self::transmit`]. Returns a frame that has to be cut first.
    #[inline]
    fn transmit_whole<'a, D: Driver, H: Bytes + IntoBytes>(
        &self,
        dev: &DriverDevice<D>,
        mut skb: Skb<'a>,
        header: &H,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<Option<Skb<'a>>, FailedPacket<'a>> {
        let header_len = const {
            assert!(size_of::<H>() <= 256, "a header of more than 256 bytes");
            size_of::<H>() as u32
        };
        // SAFETY: The packet is owned. The device has the statistics that the callees count in, by its type.
        unsafe { bindings::skb_set_dev(skb.as_raw(), dev.as_raw()) };
        let prepared = match self.prepare(dev, &mut skb, header_len, net, softirq) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Ok(Some(skb)),
            Err(Refused { error, answer }) => {
                if let Some(answer) = answer {
                    // It belongs to where the device is, as the frame did.
                    dev.rx(answer, Xnet::Same, softirq);
                }
                return Err(FailedPacket { error, skb });
            }
        };
        if skb.as_mut().push_header(header).is_err() {
            let error = TransmitError::NoMemory;
            return Err(FailedPacket { error, skb });
        }
        // Where the stack, and what segments the packet, look for the headers.
        skb.as_mut().reset_transport_header();
        let inner_protocol = (bindings::ETH_P_TEB as u16).to_be();
        // SAFETY: The packet is owned.
        unsafe { bindings::skb_set_inner_protocol(skb.as_raw(), inner_protocol) };
        let Prepared { route, flow, outer } = prepared;
        // SAFETY: `prepare` has made headroom for the IP header and the link's. The device is that of
        // the tunnel, as set above.
        let sent = unsafe { V::send(skb, net, route, flow, &outer) };
        sent.map(|()| None).map_err(|skb| FailedPacket {
            error: TransmitError::TooBig,
            skb,
        })
    }

    /// All that may fail, short of pushing headers. `None` for a frame that is to be cut first.
    fn prepare<'a>(
        &self,
        dev: &Device,
        skb: &mut Skb<'a>,
        header_len: u32,
        net: &Net,
        softirq: Softirq<'_>,
    ) -> Result<Option<Prepared<V>>, Refused<'a>> {
        let p = V::plan(&self.parameters);
        let outer_len = V::header_len().saturating_add(header_len);
        if skb.len() < ETHERNET_LEN {
            return Err(TransmitError::Malformed.into());
        }
        let inner = Inner::of(skb);
        let gso = skb.gso().is_some();
        if gso {
            if !offload::is_known(skb) {
                return Err(TransmitError::Malformed.into());
            }
            // Deeper in the frame than the path's MTU is compared with, or not what the offload expects.
            let whole = self.segments == header_len
                && inner
                    .as_ref()
                    .is_some_and(|inner| offload::is_whole(skb, inner));
            if !whole {
                return Ok(None);
            }
        }
        let (class, inherited) = match &inner {
            Some(inner) if p.traffic_class & 1 != 0 => (inner.traffic_class, true),
            _ => (p.traffic_class & !1, false),
        };
        // SAFETY: The packet is owned.
        let hash = unsafe { bindings::skb_get_hash(skb.as_raw()) };
        let mut flow = V::flow(&self.parameters, net, self.protocol, class, hash);
        // A route that depends on the packet is not for the next one.
        let route = self.route(net, &mut flow, !inherited, softirq)?;
        if route.device() == dev.as_raw() {
            return Err(TransmitError::Loop.into());
        }
        if gso && route.is_encapsulated() {
            // What the route puts before the packet need not know what is to be segmented.
            return Ok(None);
        }

        let dont_fragment =
            path_mtu::fit::<V>(&p, dev, skb, inner.as_ref(), &route, outer_len, softirq)?;
        if gso && !dont_fragment && offload::is_underestimated(skb) {
            let fits = inner.as_ref().is_some_and(|inner| {
                let path = route.mtu().saturating_sub(outer_len);
                path_mtu::fits(skb, inner, path.saturating_sub(inner.offset))
            });
            if !fits {
                // The core would send what is a little too long. Each part is fragmented by itself.
                return Ok(None);
            }
        }
        if self.take_failure() {
            let raw = skb.as_raw();
            // SAFETY: The packet is owned, and so is its control block, where the sender's queue has left
            // something that the callee takes for what IP has noted. The callee is the route's own.
            unsafe {
                (&raw mut (*raw).cb).write_bytes(0, 1);
                bindings::dst_link_failure(raw);
            }
        }

        let hop_limit = match (p.hop_limit, &inner) {
            (0, Some(inner)) => inner.ttl,
            (0, None) => V::hop_limit(&route),
            (hop_limit, _) => hop_limit,
        };
        let headroom = route.headroom().saturating_add(outer_len);
        let no_memory = |_| TransmitError::NoMemory;
        skb.as_mut().cow_head(headroom).map_err(no_memory)?;
        // Whoever sends past the queue has not noted where the frame begins, which IPsec will look at.
        skb.as_mut().reset_mac_header();
        if let Some(inner) = &inner {
            skb.as_mut().set_network_offset(inner.offset);
        }
        // SAFETY: The packet is owned. The callee marks where the inner headers are, and says whether a
        // checksum of theirs is left to the hardware.
        let result = unsafe { bindings::iptunnel_handle_offloads(skb.as_raw(), 0) };
        kernel::error::to_result(result).map_err(no_memory)?;
        if gso {
            // SAFETY: The packet is owned. The callee above has made its header no clone's.
            unsafe { offload::mark(skb.as_raw()) };
        }
        Ok(Some(Prepared {
            route,
            flow,
            outer: Outer {
                protocol: self.protocol,
                traffic_class: congestion(class, inner.map_or(0, |inner| inner.traffic_class)),
                hop_limit,
                dont_fragment,
                crossing: net != dev.net(softirq),
            },
        }))
    }

    /// The route of a flow; fills in the source address.
    fn route(
        &self,
        net: &Net,
        flow: &mut V::Flow,
        keep: bool,
        softirq: Softirq<'_>,
    ) -> Result<Route, TransmitError> {
        if keep {
            if let Some(route) = V::kept(&self.routes, &self.parameters, net, flow, softirq) {
                return Ok(route);
            }
        }
        let route = V::find(&self.parameters, net, flow).map_err(|_| TransmitError::NoRoute)?;
        if keep {
            V::keep(&self.routes, net, flow, &route, softirq);
        }
        Ok(route)
    }
}

/// What the parameters of a tunnel say of the outer header.
pub(crate) struct Plan {
    /// 0: that of the inner packet.
    pub(crate) hop_limit: u8,
    /// Bit 0: that of the inner packet.
    pub(crate) traffic_class: u8,
    pub(crate) path_mtu_discovery: bool,
    /// Whether an inner packet with the DF bit may be fragmented outside.
    pub(crate) ignore_df: bool,
    /// The index of the device to send by, or 0.
    pub(crate) link: u32,
}

/// The outer header of a packet.
pub(crate) struct Outer {
    pub(crate) protocol: u8,
    pub(crate) traffic_class: u8,
    pub(crate) hop_limit: u8,
    pub(crate) dont_fragment: bool,
    /// Whether the packet comes from another namespace.
    pub(crate) crossing: bool,
}

/// How to send a packet that is ready but for its headers.
struct Prepared<V: Version> {
    route: Route,
    flow: V::Flow,
    outer: Outer,
}
