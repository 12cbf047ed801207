// SPDX-License-Identifier: GPL-2.0

//! Frames that are longer than a tunnel's path.
//!
//! The counterpart of `tnl_update_pmtu()` and `skb_tunnel_check_pmtu()`. No frame is lost without a word: its
//! sender is told, or it goes in an outer packet that may be fragmented.

use super::{
    frame::{
        Inner,
        MAX_TAGS, //
    },
    Plan,
    Route,
    TransmitError,
    Version, //
};
use crate::{
    bindings,
    context::Softirq,
    netdev::Device,
    skb::{
        EditError,
        PacketType,
        Skb,
        SkbRef,
        VlanTag, //
    },
    wire::{
        ethernet,
        ip,
        ipv4,
        ipv6, //
    },
};
use kernel::prelude::*;

/// The least MTU that an IPv6 link may have (RFC 8200 section 5).
pub(crate) const MIN_IPV6_MTU: u32 = 1280;

/// The least MTU that is told to a sender of IPv4 (RFC 791 section 3.2).
const MIN_IPV4_MTU: u32 = 68;

/// Why a frame does not go, and the answer to its sender that the tunnel's device is to receive.
pub(super) struct Refused<'a> {
    pub(super) error: TransmitError,
    pub(super) answer: Option<Skb<'a>>,
}

impl From<TransmitError> for Refused<'_> {
    fn from(error: TransmitError) -> Self {
        Self {
            error,
            answer: None,
        }
    }
}

/// Compares a frame with its path. Returns whether the outer packet must not be fragmented.
///
/// `outer_len` is the length of what will be before the frame, in bytes.
pub(super) fn fit<'a, V: Version>(
    plan: &Plan,
    dev: &Device,
    skb: &mut Skb<'a>,
    inner: Option<&Inner>,
    route: &Route,
    outer_len: u32,
    softirq: Softirq<'_>,
) -> Result<bool, Refused<'a>> {
    let len = skb.len().saturating_add(outer_len);
    let is_one = skb.gso().is_none();
    let fragmented = || {
        if len > V::max_packet() && is_one {
            return Err(TransmitError::TooBig.into());
        }
        Ok(false)
    };
    let inner_says = inner.is_some_and(|inner| inner.dont_fragment) && !plan.ignore_df;
    if !plan.path_mtu_discovery && !inner_says {
        return fragmented();
    }
    let path = route.mtu();
    let Some(inner) = inner else {
        // Nobody would understand what is said about it.
        return if len <= path { Ok(true) } else { fragmented() };
    };
    let path = path.saturating_sub(outer_len).saturating_sub(inner.offset);
    // RFC 2473 section 7.1: what the sender need not make any smaller is fragmented.
    let mtu = path.max(match inner.version {
        ip::Version::V4 => MIN_IPV4_MTU,
        ip::Version::V6 => MIN_IPV6_MTU,
    });
    let may_not = inner.version == ip::Version::V6 || inner.dont_fragment;
    let refused = may_not && !fits(skb, inner, mtu);
    let routed = Routed::of(skb, inner);
    let told = routed
        .as_ref()
        .is_some_and(|routed| routed.learn(skb, inner, mtu, refused));
    if fits(skb, inner, path) {
        return Ok(true);
    }
    if !refused {
        return fragmented();
    }
    if routed.is_some() {
        return if told {
            Err(TransmitError::TooBig.into())
        } else {
            fragmented()
        };
    }
    // It came through a bridge, or from a guest: routing does not know its sender.
    match answer(dev, skb, inner, route, mtu, softirq)? {
        None => fragmented(),
        answer => Err(Refused {
            error: TransmitError::TooBig,
            answer,
        }),
    }
}

/// Whether the packet in a frame, or each that it is segmented into, has at most `mtu` bytes.
///
/// One that is to be segmented has been found to be [whole](super::offload::is_whole).
pub(super) fn fits(skb: &Skb<'_>, inner: &Inner, mtu: u32) -> bool {
    if skb.gso().is_some() {
        // SAFETY: The packet is owned. The transport header that is noted lies in the linear part, as just said, and
        // nothing has moved it since.
        return unsafe { bindings::skb_gso_validate_network_len(skb.as_raw(), mtu) };
    }
    skb.len().saturating_sub(inner.offset) <= mtu
}

/// What is known of the route that a packet has of its own.
///
/// # Invariants
///
/// The packet that it was made of has a route of the inner packet's version. The device is that of the route,
/// alive for as long as the read-side section that it was made in.
struct Routed {
    /// The device that the route led to: one above the tunnel's, such as a VLAN, which may be in another
    /// namespace.
    device: *mut bindings::net_device,
    /// `RTCF_*`, over IPv4.
    flags: u32,
}

impl Routed {
    /// `None` for a packet without a route, and for one whose route is dead, or of the other version: what is in
    /// the frame may have been changed since, and the callees go by that.
    #[inline]
    fn of(skb: &Skb<'_>, inner: &Inner) -> Option<Self> {
        let family = match inner.version {
            ip::Version::V4 => bindings::AF_INET,
            ip::Version::V6 => bindings::AF_INET6,
        };
        let raw = skb.as_raw();
        // SAFETY: The packet is owned.
        if !unsafe { bindings::skb_valid_dst(raw) } {
            return None;
        }
        // SAFETY: The packet has a route that is alive in a read-side section, and so is its device. A route of
        // IPv4 is an `rtable`. A device that goes is replaced in its routes by one that has no namespace of its
        // own; not all of those are marked as dead.
        unsafe {
            let dst = bindings::skb_dst(raw);
            if u32::from((*(*dst).ops).family) != family {
                return None;
            }
            let device = bindings::dst_dev(dst);
            let obsolete = core::ptr::read_volatile(&raw const (*dst).obsolete);
            if obsolete > 0 || device.is_null() || device == bindings::blackhole_netdev {
                return None;
            }
            let flags = match inner.version {
                ip::Version::V4 => (*bindings::dst_rtable(dst)).rt_flags,
                ip::Version::V6 => 0,
            };
            // INVARIANT: As just seen.
            Some(Self { device, flags })
        }
    }

    /// Notes the path's MTU at the route (`skb_dst_update_pmtu_no_confirm()`), and tells it to the sender if `tell`
    /// is true (`icmp_ndo_send()`, `icmpv6_ndo_send()`). Returns whether it was told, by all that can be known.
    fn learn(&self, skb: &mut Skb<'_>, inner: &Inner, mtu: u32, tell: bool) -> bool {
        let end = inner.end();
        if skb.as_mut().may_pull(end).is_err() || !skb.as_mut().set_network_offset(inner.offset) {
            return false;
        }
        let tell = tell && self.is_answered(skb, inner);
        let raw = skb.as_raw();
        // SAFETY: The packet is owned. Its route and the device are as the type invariants say. All callees look
        // for the way back from the packet's device, and at the network header, which is noted and in the linear
        // part. The route is of the header's version; those that send ICMP take it for one.
        unsafe {
            let dev = bindings::skb_get_dev(raw);
            bindings::skb_set_dev(raw, self.device);
            bindings::skb_dst_update_pmtu_no_confirm(raw, mtu);
            match inner.version {
                _ if !tell => {}
                ip::Version::V4 => {
                    let (kind, code) = (bindings::ICMP_DEST_UNREACH, bindings::ICMP_FRAG_NEEDED);
                    bindings::icmp_ndo_send(raw, kind as c_int, code as c_int, mtu.to_be());
                }
                ip::Version::V6 => {
                    bindings::icmpv6_ndo_send(raw, bindings::ICMPV6_PKT_TOOBIG as u8, 0, mtu);
                }
            }
            bindings::skb_set_dev(raw, dev);
        }
        tell
    }

    /// Whether ICMP answers the packet, by what `__icmp_send()` and `icmp6_send()` check first.
    fn is_answered(&self, skb: &SkbRef, inner: &Inner) -> bool {
        match inner.version {
            ip::Version::V4 => {
                let many = bindings::RTCF_BROADCAST | bindings::RTCF_MULTICAST;
                skb.packet_type() == PacketType::Host
                    && self.flags & many == 0
                    && may_answer_v4(skb, inner.offset)
            }
            ip::Version::V6 => {
                // SAFETY: It may be called at any time. Booted with `ipv6.disable=1`, there are no tables to
                // look for the way back in.
                let enabled = unsafe { bindings::ipv6_mod_enabled() };
                enabled && may_answer_v6(skb, inner.offset)
            }
        }
    }
}

/// Whether an IPv4 packet may be answered with an error: no fragment but the first, and no error of ICMP.
fn may_answer_v4(skb: &SkbRef, offset: u32) -> bool {
    let Some(header) = skb.copy_header::<ipv4::Header>(offset) else {
        return false;
    };
    if header.fragment_offset() != 0 {
        return false;
    }
    if header.protocol() != ip::Protocol::ICMP {
        return true;
    }
    let kind = skb.copy_header::<[u8; 1]>(offset.saturating_add(header.header_len().into()));
    // Echo, and what asks for times and the like and answers that; all else is taken for an error.
    matches!(kind, Some([0 | 8 | 13..=18]))
}

/// Whether an IPv6 packet may be answered with an error: from one host, and no error of ICMPv6.
fn may_answer_v6(skb: &SkbRef, offset: u32) -> bool {
    let Some(header) = skb.copy_header::<ipv6::Header>(offset) else {
        return false;
    };
    let source = header.source();
    if source.is_unspecified() || source.is_multicast() {
        return false;
    }
    let payload = offset.saturating_add(ipv6::Header::LEN as u32);
    let at = |offset: usize| payload.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
    let mut walk = ipv6::Extensions::new(header.next_header());
    while let Some(offset) = walk.wanted() {
        let extension = skb.copy_header::<ipv6::Extension>(at(offset));
        // As the callee, which answers what it cannot read.
        if extension.is_none_or(|extension| walk.step(&extension).is_err()) {
            return true;
        }
    }
    let upper = walk.upper();
    if upper.protocol != ip::Protocol::ICMPV6 || !upper.has_header() {
        return true;
    }
    // RFC 4443 section 2.1: the upper half are no errors.
    matches!(
        skb.copy_header::<[u8; 1]>(at(upper.offset)),
        Some([128..=255])
    )
}

/// Makes the answer to a sender that routing does not know: a frame back, from the address that it sent to
/// (`skb_tunnel_check_pmtu()`). The frame has the tags of the one that is too big. `None` for what must
/// not be answered.
///
/// The rate is not limited, as C limits that of no message of this kind by default.
fn answer<'a>(
    dev: &Device,
    skb: &mut Skb<'a>,
    inner: &Inner,
    route: &Route,
    mtu: u32,
    softirq: Softirq<'_>,
) -> Result<Option<Skb<'a>>, TransmitError> {
    if !is_between_hosts(dev, skb, inner, softirq) {
        return Ok(None);
    }
    let mut answer = skb
        .try_clone(softirq)
        .map_err(|_| TransmitError::NoMemory)?;
    let built = build(&mut answer, inner, route, mtu);
    match built {
        Ok(true) => Ok(Some(answer)),
        Ok(false) => {
            answer.consume(softirq);
            Ok(None)
        }
        Err(error) => {
            answer.consume(softirq);
            Err(error)
        }
    }
}

/// Whether a frame is from one station to another, by its link header and the inner one: an answer has their
/// addresses. What the callee checks of the inner header is left to it.
fn is_between_hosts(dev: &Device, skb: &SkbRef, inner: &Inner, softirq: Softirq<'_>) -> bool {
    let Some(link) = skb.copy_header::<ethernet::Header>(0) else {
        return false;
    };
    let source = link.source();
    if !source.is_valid_unicast() || !link.destination().is_valid_unicast() {
        return false;
    }
    // An answer for this host would come from who sends by a device above this one, such as a macvlan. Of a
    // bridge's port, the bridge may have that address.
    // SAFETY: The device is valid by its type.
    let port = unsafe { bindings::netif_is_any_bridge_port(dev.as_raw()) };
    if !port && dev.ethernet_address(softirq) == Some(source) {
        return false;
    }
    match inner.version {
        ip::Version::V4 => skb
            .copy_header::<ipv4::Header>(inner.offset)
            .map(|header| header.destination())
            .is_some_and(|to| !to.is_unspecified() && !to.is_loopback()),
        ip::Version::V6 => skb
            .copy_header::<ipv6::Header>(inner.offset)
            .map(|header| header.destination())
            .is_some_and(|to| !to.is_unspecified() && !to.is_loopback() && !to.is_multicast()),
    }
}

fn build(skb: &mut Skb<'_>, inner: &Inner, route: &Route, mtu: u32) -> Result<bool, TransmitError> {
    fn no_memory<E>(_: E) -> TransmitError {
        TransmitError::NoMemory
    }
    // The callee forgets how the packet is to be segmented, which a clone would share.
    skb.as_mut().cow(0).map_err(no_memory)?;
    // Who sends past the queue has not noted where the frame begins.
    skb.as_mut().reset_mac_header();
    // SAFETY: The packet is owned. The first callee removes the route, which the last one below would ask, and
    // what else a received packet does not have; the other one what a sender alone has set.
    unsafe {
        bindings::skb_scrub_packet(skb.as_raw(), true);
        bindings::skb_forget_transmission(skb.as_raw());
    }
    // One in the metadata, and those that were looked behind.
    let mut tags: [Option<VlanTag>; MAX_TAGS + 1] = [None; MAX_TAGS + 1];
    for tag in &mut tags {
        match skb.as_mut().pop_vlan() {
            Ok(None) => break,
            Ok(found) => *tag = found,
            Err(EditError::NoMemory) => return Err(TransmitError::NoMemory),
            Err(_) => return Ok(false),
        }
    }
    const FIRST: u32 = ethernet::Header::LEN as u32;
    let ethertype = match inner.version {
        ip::Version::V4 => ethernet::EtherType::IPV4,
        ip::Version::V6 => ethernet::EtherType::IPV6,
    };
    let header = skb.copy_header::<ethernet::Header>(0);
    if header.map(|header| header.ethertype()) != Some(ethertype) {
        return Ok(false);
    }
    skb.as_mut()
        .may_pull(
            inner
                .end()
                .saturating_sub(inner.offset)
                .saturating_add(FIRST),
        )
        .map_err(no_memory)?;
    if !skb.as_mut().set_network_offset(FIRST) {
        return Ok(false);
    }
    skb.as_mut().set_protocol(ethertype.0);
    // The callee tells the difference of the path's MTU and this.
    let difference = route.mtu().wrapping_sub(mtu) as c_int;
    // SAFETY: The packet is owned, has no route any more, and is not shared with a clone. Its data begins with the
    // Ethernet header, where the network header is noted behind, which is in the linear part. The route is
    // referenced.
    let len =
        unsafe { bindings::skb_tunnel_check_pmtu(skb.as_raw(), route.dst(), difference, true) };
    if len <= 0 {
        return if len == 0 {
            Ok(false)
        } else {
            Err(TransmitError::NoMemory)
        };
    }
    for tag in tags.into_iter().rev().flatten() {
        skb.as_mut().push_vlan(tag).map_err(no_memory)?;
    }
    Ok(true)
}
