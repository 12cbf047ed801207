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
    skb::{
        Skb,
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
    skb: &mut Skb<'a>,
    inner: Option<&Inner>,
    route: &Route,
    outer_len: u32,
    softirq: Softirq<'_>,
) -> Result<bool, Refused<'a>> {
    let len = skb.len().saturating_add(outer_len);
    let fragmented = || {
        if len > V::max_packet() {
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
    let raw = skb.as_raw();
    // SAFETY: The packet is owned.
    let has_route = unsafe { bindings::skb_valid_dst(raw) };
    if has_route {
        // SAFETY: The packet holds a reference of its route; the callee is the route's own.
        unsafe { bindings::skb_dst_update_pmtu_no_confirm(raw, mtu) };
    }
    let len = skb.len().saturating_sub(inner.offset);
    if len <= path {
        return Ok(true);
    }
    if len <= mtu || inner.version == ip::Version::V4 && !inner.dont_fragment {
        return fragmented();
    }
    if has_route {
        tell(skb, inner, mtu);
        return Err(TransmitError::TooBig.into());
    }
    // It came through a bridge, or from a guest: routing does not know its sender.
    match answer(skb, inner, route, mtu, softirq)? {
        None => fragmented(),
        answer => Err(Refused {
            error: TransmitError::TooBig,
            answer,
        }),
    }
}

/// The length of the fixed part of the inner header, in bytes.
fn header_len(inner: &Inner) -> u32 {
    match inner.version {
        ip::Version::V4 => ipv4::Header::LEN as u32,
        ip::Version::V6 => ipv6::Header::LEN as u32,
    }
}

/// Tells the sender of a routed packet that it is too big (`icmp_ndo_send()`, `icmpv6_ndo_send()`).
fn tell(skb: &mut Skb<'_>, inner: &Inner, mtu: u32) {
    let end = inner.offset.saturating_add(header_len(inner));
    if skb.as_mut().may_pull(end).is_err() || !skb.as_mut().set_network_offset(inner.offset) {
        return;
    }
    let raw = skb.as_raw();
    // SAFETY: The packet is owned, and has a route; devices of routes are alive in a read-side section. The
    // callee looks for the way back from the device that the route led to: one above the tunnel's, such as
    // a VLAN, which may be in another namespace. A dead route has none.
    let dev = unsafe {
        let dst = bindings::skb_dst(raw);
        let above = bindings::dst_dev(dst);
        if core::ptr::read_volatile(&raw const (*dst).obsolete) > 0 {
            return;
        }
        let dev = bindings::skb_get_dev(raw);
        bindings::skb_set_dev(raw, above);
        dev
    };
    match inner.version {
        ip::Version::V4 => {
            let (kind, code) = (bindings::ICMP_DEST_UNREACH, bindings::ICMP_FRAG_NEEDED);
            // SAFETY: The packet is owned. The callee checks that it has an IPv4 route, and that its header
            // is in the buffer.
            unsafe { bindings::icmp_ndo_send(raw, kind as c_int, code as c_int, mtu.to_be()) };
        }
        // SAFETY: It may be called at any time. Booted with `ipv6.disable=1`, the callee would look into
        // tables that there are not.
        ip::Version::V6 if unsafe { bindings::ipv6_mod_enabled() } => {
            // SAFETY: The packet is owned. The callee checks that its header is in the buffer.
            unsafe { bindings::icmpv6_ndo_send(raw, bindings::ICMPV6_PKT_TOOBIG as u8, 0, mtu) };
        }
        ip::Version::V6 => {}
    }
    // SAFETY: The packet is owned, and the device is that of the tunnel, as before.
    unsafe { bindings::skb_set_dev(raw, dev) };
}

/// Makes the answer to a sender that routing does not know: a frame back, from the address that it sent to
/// (`skb_tunnel_check_pmtu()`). The frame has the tags of the one that is too big. `None` for what must
/// not be answered.
fn answer<'a>(
    skb: &mut Skb<'a>,
    inner: &Inner,
    route: &Route,
    mtu: u32,
    softirq: Softirq<'_>,
) -> Result<Option<Skb<'a>>, TransmitError> {
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

fn build(skb: &mut Skb<'_>, inner: &Inner, route: &Route, mtu: u32) -> Result<bool, TransmitError> {
    /// All that may fail here, as what is asked for is in the packet.
    fn no_memory<E>(_: E) -> TransmitError {
        TransmitError::NoMemory
    }
    // The callee forgets how the packet is to be segmented, which a clone would share.
    skb.as_mut().cow(0).map_err(no_memory)?;
    // One in the metadata, and those that were looked behind.
    let mut tags: [Option<VlanTag>; MAX_TAGS + 1] = [None; MAX_TAGS + 1];
    for tag in &mut tags {
        *tag = skb.as_mut().pop_vlan().map_err(no_memory)?;
        if tag.is_none() {
            break;
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
        .may_pull(FIRST.saturating_add(header_len(inner)))
        .map_err(no_memory)?;
    if !skb.as_mut().set_network_offset(FIRST) {
        return Err(TransmitError::NoMemory);
    }
    skb.as_mut().set_protocol(ethertype.0);
    // The callee tells the difference of the path's MTU and this.
    let difference = route.mtu().wrapping_sub(mtu) as c_int;
    // SAFETY: The packet is owned, has no route, and is not shared with a clone. Its data begins with the
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
