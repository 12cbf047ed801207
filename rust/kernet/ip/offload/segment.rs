// SPDX-License-Identifier: GPL-2.0

//! Segmentation.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

use super::{
    super::frame::Inner,
    GSO_TYPE, //
};
use crate::{
    bindings,
    context::Softirq,
    netdev::Device,
    skb::{
        Checksum,
        Skb, //
    },
    wire::{
        ethernet,
        ip,
        tcp,
        udp,
        vlan, //
    },
};

const TCPV4: u32 = bindings::SKB_GSO_TCPV4 as u32;
const TCPV6: u32 = bindings::SKB_GSO_TCPV6 as u32;
const UDP: u32 = bindings::SKB_GSO_UDP_L4 as u32;
/// IPsec has put its header between those of IP and of the protocol, and encrypts the parts.
const ESP: u32 = bindings::SKB_GSO_ESP as u32;
/// A route has put a header of IP before the packet's, as SRv6 does.
const IN_IP: u32 = bindings::SKB_GSO_IPXIP4 as u32 | bindings::SKB_GSO_IPXIP6 as u32;
/// The packets in the frames may all have the same number of IPv4.
const FIXED: u32 = bindings::SKB_GSO_TCP_FIXEDID_INNER as u32;

/// Whether packets of this kind (`skb_shared_info::gso_type`) are cut by their size alone, into packets that
/// are made anew: TCP or UDP, and what is said more of them. `tcp_gro_complete()` says `TCP_ACCECN` of some
/// that are merged.
///
/// No other kind is cut: `FRAGLIST` above all, whose parts have no room for headers that were not before each
/// of them, and of which the first is the packet itself.
pub(super) fn is_cut(kind: u32) -> bool {
    const SAID: u32 = bindings::SKB_GSO_TCP_ECN as u32
        | bindings::SKB_GSO_TCP_ACCECN as u32
        | bindings::SKB_GSO_DODGY as u32
        | bindings::SKB_GSO_TCP_FIXEDID as u32
        | bindings::SKB_GSO_TCP_FIXEDID_INNER as u32;
    matches!(kind & !SAID, TCPV4 | TCPV6 | UDP)
}

fn kind(skb: &Skb<'_>) -> u32 {
    // SAFETY: The packet is owned.
    unsafe { (*bindings::skb_shinfo(skb.as_raw())).gso_type }
}

/// Whether a frame is to be segmented in a way that a tunnel knows.
pub(in super::super) fn is_known(skb: &Skb<'_>) -> bool {
    is_cut(kind(skb))
}

/// Whether the core, too, would take the parts of a packet for shorter than they are when there is a header
/// before it: it leaves out that of UDP.
pub(in super::super) fn is_underestimated(skb: &Skb<'_>) -> bool {
    kind(skb) & UDP != 0
}

/// Whether a frame that is to be segmented can go whole behind a header: its own headers are where the stack
/// looks for them, those of IP and of the transport, in the linear part. The first of them is noted.
pub(in super::super) fn is_whole(skb: &mut Skb<'_>, inner: &Inner) -> bool {
    let raw = skb.as_raw();
    // SAFETY: The packet is owned.
    let (nested, noted, transport) = unsafe {
        (
            bindings::skb_encapsulation(raw),
            bindings::skb_transport_header_was_set(raw),
            bindings::skb_transport_offset(raw),
        )
    };
    let kind = kind(skb);
    let (header, version) = match kind & (TCPV4 | TCPV6 | UDP) {
        TCPV4 => (tcp::Header::LEN, ip::Version::V4),
        TCPV6 => (tcp::Header::LEN, ip::Version::V6),
        _ => (udp::Header::LEN, inner.version),
    };
    let Ok(transport) = u32::try_from(transport) else {
        return false;
    };
    let whole = !nested
        && noted
        && kind & FIXED == 0
        && version == inner.version
        && transport >= inner.end()
        && transport.saturating_add(header as u32) <= skb.headlen()
        && matches!(skb.checksum(), Checksum::Partial { .. })
        && skb.as_mut().set_network_offset(inner.offset);
    if whole {
        skb.as_mut().reset_mac_header();
    }
    whole
}

/// Where the stack looks for the packet in a frame, by the EtherType in its link header: behind the header,
/// and behind a tag. It finds further tags itself.
fn link_len(ethertype: ethernet::EtherType) -> u32 {
    const ETHERNET: u32 = ethernet::Header::LEN as u32;
    if ethertype.is_vlan() {
        ETHERNET + vlan::Header::LEN as u32
    } else {
        ETHERNET
    }
}

/// The frames that one was cut into, linked to each other.
///
/// # Invariants
///
/// Each is owned, and not shared. What it refers to without a count is there for `'a`, as for the frame.
pub(in super::super) struct Parts<'a>(*mut bindings::sk_buff, PhantomData<&'a ()>);

impl<'a> Parts<'a> {
    /// The next one.
    pub(in super::super) fn next(&mut self) -> Option<Skb<'a>> {
        let part = NonNull::new(self.0)?;
        // SAFETY: Owned, by the type invariants.
        self.0 = unsafe { bindings::skb_next(part.as_ptr()) };
        // SAFETY: As above. The packet is unlinked: nobody else finds it by another one. What it was lent is
        // what the frame was.
        unsafe {
            bindings::skb_mark_not_on_list(part.as_ptr());
            Some(Skb::from_raw(part))
        }
    }
}

/// Cuts a frame in software before there is a header before it (`skb_gso_segment()`), and frees it.
///
/// # Errors
///
/// The frame, if the stack does not know what is in it, or there is no memory.
pub(in super::super) fn cut<'a>(
    mut skb: Skb<'a>,
    dev: &Device,
    softirq: Softirq<'_>,
) -> Result<Parts<'a>, Skb<'a>> {
    let header = skb.copy_header::<ethernet::Header>(0);
    let Some(header) = header.filter(|_| is_known(&skb)) else {
        return Err(skb);
    };
    let ethertype = header.ethertype();
    skb.as_mut().reset_mac_header();
    if !skb.as_mut().set_network_offset(link_len(ethertype)) {
        return Err(skb);
    }
    skb.as_mut().set_protocol(ethertype.0);
    let raw = skb.as_raw();
    // SAFETY: The packet is owned, and its device is that of the tunnel. What is noted in it of the link
    // header, and of the protocol, is that of its data. Its kind is one that `is_known`: the result is no
    // packet but new ones.
    let parts = unsafe {
        let features = (*dev.as_raw()).features & PARTS;
        bindings::__skb_gso_segment(raw, features, true)
    };
    match from_err_ptr(parts) {
        Ok(parts) if !parts.is_null() && parts != raw => {
            skb.consume(softirq);
            // INVARIANT: Made by the callee, for its caller.
            Ok(Parts(parts, PhantomData))
        }
        _ => Err(skb),
    }
}

/// What the parts of a frame may be: in pages, and with a sum that is left to who sends them.
const PARTS: bindings::netdev_features_t = bindings::NETIF_F_SG
    | bindings::NETIF_F_FRAGLIST
    | bindings::NETIF_F_HIGHDMA
    | bindings::NETIF_F_HW_CSUM;

/// What no card is trusted with in a packet of a protocol that it does not know: segmentation, and sums that it
/// looks for itself.
const UNSAFE_FEATURES: bindings::netdev_features_t = bindings::NETIF_F_GSO_MASK
    | bindings::NETIF_F_IP_CSUM
    | bindings::NETIF_F_IPV6_CSUM
    | bindings::NETIF_F_SCTP_CRC;

/// An error, as C has it in a pointer.
fn err_ptr(error: Error) -> *mut bindings::sk_buff {
    error.to_ptr()
}

/// Cuts a packet, and puts the headers that were before its frame before each part. `len` is the length of the
/// protocol's header.
///
/// # Safety
///
/// The packet is the caller's, its data begins with the protocol's header, and it is being segmented by the
/// stack (`__skb_gso_segment()`), in a read-side section of RCU.
pub(super) unsafe fn segment(
    skb: *mut bindings::sk_buff,
    features: bindings::netdev_features_t,
    len: u32,
) -> *mut bindings::sk_buff {
    // SAFETY: By the caller's promise.
    let (nested, kind, inner_mac, mac) = unsafe {
        (
            bindings::skb_encapsulation(skb),
            (*bindings::skb_shinfo(skb)).gso_type,
            bindings::skb_inner_mac_offset(skb),
            bindings::skb_mac_offset(skb),
        )
    };
    // What is before the frame: that of the protocol, and all down to where the caller's headers begin. That is
    // the link header, or IP's if the caller puts something between them, as MPLS does.
    let outer = inner_mac.saturating_sub(mac);
    // Marked by a tunnel, or when it was merged. Whoever marks packets of its own, or has changed this one,
    // is not believed. Above IPsec's header, and in another packet, it is what it is without, only further behind
    // the link's. In another packet the core takes its IP header for the frame's, and would give all of them the
    // same number.
    if !nested
        || kind & GSO_TYPE == 0
        || !is_cut(kind & !(GSO_TYPE | ESP | IN_IP))
        || kind & IN_IP != 0 && kind & FIXED != 0
        || inner_mac != len as c_int
        || outer < inner_mac
    {
        return err_ptr(EINVAL);
    }
    let need = len.wrapping_add(ethernet::Header::LEN as u32);
    // SAFETY: By the caller's promise; the packet may be pulled.
    if unsafe { !bindings::pskb_may_pull(skb, need) } {
        return err_ptr(EINVAL);
    }
    // SAFETY: So many bytes are in the linear part, as just seen; any are a valid header, which is aligned.
    let ethertype = unsafe {
        let header = (*skb).data.add(len as usize).cast_const();
        (*header.cast::<ethernet::Header>()).ethertype()
    };
    let link = link_len(ethertype);
    // SAFETY: As above. The callees pull what they look at, and check it.
    unsafe {
        let (protocol, mac_place, mac_len) = (
            bindings::skb_get_protocol(skb),
            bindings::skb_mac_place(skb),
            bindings::skb_get_mac_len(skb),
        );
        // The frame as if it were alone. Its IP header stays an inner one for `inet_gso_segment()`, which
        // numbers packets by `SKB_GSO_TCP_FIXEDID_INNER` then.
        bindings::skb_set_encapsulation(skb, false);
        bindings::__skb_pull(skb, len);
        bindings::skb_reset_mac_header(skb);
        bindings::skb_set_network_header(skb, link as c_int);
        bindings::skb_set_mac_len(skb, link as u16);
        bindings::skb_set_protocol(skb, (bindings::ETH_P_TEB as u16).to_be());

        // Whole segments, with sums that any card can fill in, or none.
        let dev = bindings::skb_get_dev(skb);
        let features = features & (*dev).hw_enc_features & !UNSAFE_FEATURES;
        let mut parts = bindings::skb_mac_gso_segment(skb, features);
        if parts.is_null() {
            // Nothing is only checked: no such feature was offered.
            parts = err_ptr(EINVAL);
        } else if from_err_ptr(parts).is_ok() && !have_room(parts, outer, len) {
            bindings::kfree_skb_list_reason(
                parts,
                bindings::skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED,
            );
            parts = err_ptr(EINVAL);
        }
        if from_err_ptr(parts).is_err() {
            let (len, mac_len) = (len as c_int, c_int::from(mac_len));
            bindings::skb_gso_error_unwind(skb, protocol, len, mac_place, mac_len);
            return parts;
        }
        let mut part = parts;
        while !part.is_null() {
            if u32::from(bindings::skb_get_ip_summed(part)) == bindings::CHECKSUM_PARTIAL {
                bindings::skb_reset_inner_headers(part);
                bindings::skb_set_encapsulation(part, true);
            }
            bindings::skb_set_mac_len(part, mac_len);
            bindings::skb_set_protocol(part, protocol);
            bindings::__skb_push(part, outer as u32);
            bindings::skb_reset_mac_header(part);
            bindings::skb_set_network_header(part, c_int::from(mac_len));
            bindings::skb_set_transport_header(part, outer.wrapping_sub(len as c_int));
            part = bindings::skb_next(part);
        }
        parts
    }
}

/// Whether there is headroom in each part for the headers before the frame, of which the protocol's has `len`
/// bytes.
///
/// # Safety
///
/// The parts are the caller's.
unsafe fn have_room(parts: *mut bindings::sk_buff, outer: c_int, len: u32) -> bool {
    let Ok(outer) = u32::try_from(outer) else {
        return false;
    };
    let mut part = parts;
    while !part.is_null() {
        // SAFETY: By the caller's promise.
        unsafe {
            if bindings::skb_headroom(part) < outer {
                return false;
            }
            part = bindings::skb_next(part);
        }
    }
    outer >= len
}
