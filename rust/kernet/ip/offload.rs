// SPDX-License-Identifier: GPL-2.0

//! Segmentation and merging of a protocol's packets that hold Ethernet frames.
//!
//! C headers: [`include/net/protocol.h`](srctree/include/net/protocol.h),
//! [`include/net/gro.h`](srctree/include/net/gro.h), [`include/net/gso.h`](srctree/include/net/gso.h)
//!
//! A packet to be segmented that a [`Tunnel`](super::Tunnel) sends stays whole down to the device that
//! transmits it, and is cut right before that, always in software: the packet is marked with
//! `SKB_GSO_TUNNEL_REMCSUM`, which the stack alone understands. No card that knows another tunnel takes the
//! protocol for that. Bridges and HSR list every kind among their features; but the packet is encapsulated, and
//! is sent by what a device says in `hw_enc_features`, where no driver has the mark. The same mark is on what was
//! merged.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    prelude::*,
    ThisModule, //
};

use super::Version;
use crate::{
    bindings,
    error::eaddrinuse,
    module::{
        failed,
        Declared,
        Part, //
    },
    skb::Bytes,
    wire::ip::Protocol, //
};

mod entry;
mod merge;
mod segment;

pub(crate) use entry::retire_all;
pub(super) use segment::{
    cut,
    is_known,
    is_underestimated,
    is_whole, //
};

/// The mark of what this file segments, in `skb_shared_info::gso_type`.
const GSO_TYPE: u32 = bindings::SKB_GSO_TUNNEL_REMCSUM as u32;

/// The longest header, in bytes. All have an even number of them: a sum of what is behind an odd one would begin
/// in the middle of a word.
const MAX_HEADER: usize = 64;

/// How packets of a protocol are segmented and merged, which hold Ethernet frames behind a header
/// (`net_offload`).
///
/// # Examples
///
/// ```
/// use kernet::{ip, wire::etherip::Header};
///
/// /// Frames behind a header that is the protocol's are merged.
/// struct Frames;
///
/// impl ip::Offload for Frames {
///     type Module = Example;
///     type Header = Header;
///
///     const PROTOCOL: u8 = 253; // RFC 3692: for experiments
///
///     fn merges(header: &Header) -> bool {
///         header.check().is_ok()
///     }
/// }
/// ```
#[doc(alias = "net_offload")]
pub trait Offload: 'static {
    /// The module that the protocol belongs to.
    type Module: Declared;

    /// The protocol's header, before the frame: 2 to 64 bytes, an even number of them.
    type Header: Bytes;

    /// The protocol number, `IPPROTO_*` (`inet_add_offload()`). Not one that Linux itself segments and merges the
    /// packets of, or looks behind the headers of.
    #[doc(alias = "inet_add_offload")]
    const PROTOCOL: u8;

    /// Whether a frame behind this header may be merged with others behind an equal one
    /// (`offload_callbacks::gro_receive`).
    #[doc(alias = "offload_callbacks::gro_receive")]
    fn merges(header: &Self::Header) -> bool;
}

/// The registration of an [`Offload`] for a version of IP: a [`Part`] of its module
/// (`inet_add_offload()`, `inet6_add_offload()`).
///
/// What it registers is kernet's own. Unregistering stops the merging, and waits for who asks the offload; what
/// was merged, or is to be segmented, goes on without the module.
#[doc(alias = "inet_add_offload")]
#[doc(alias = "inet6_add_offload")]
#[doc(alias = "inet_del_offload")]
#[doc(alias = "inet6_del_offload")]
pub struct OffloadRegistration<O: Offload, V: Version> {
    _offload: PhantomData<fn() -> (O, V)>,
}

// SAFETY: A failing `register` leaves nothing. Unregistering takes back the only function of the module that
// is known to others, and waits for who calls it.
unsafe impl<O: Offload, V: Version> Part for OffloadRegistration<O, V> {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, name: &'static CStr) -> Result {
        // SAFETY: `merges` may be called with any bytes of the header's length, which is checked. The module
        // stays until the part is unregistered, by the caller's promise.
        let taken = unsafe {
            entry::take(
                V::VERSION,
                number::<O>(),
                owner::<O>(),
                header_len::<O>(),
                merges::<O>,
            )
        };
        if taken {
            return Ok(());
        }
        Err(failed(
            name,
            format_args!("offload of IP protocol {}, which is taken", O::PROTOCOL),
            eaddrinuse(),
        ))
    }

    unsafe fn unregister(_: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { entry::give_up(V::VERSION, number::<O>()) };
    }
}

/// The number of an offload's protocol. The core has one offload for each, and gives none up: a module of Linux
/// whose number is taken here cannot be loaded, or goes without.
const fn number<O: Offload>() -> u8 {
    const {
        assert!(
            !matches!(
                Protocol(O::PROTOCOL),
                Protocol::HOP_BY_HOP
                    | Protocol::IPV4
                    | Protocol::TCP
                    | Protocol::UDP
                    | Protocol::IPV6
                    | Protocol::ROUTING
                    | Protocol::FRAGMENT
                    | Protocol::GRE
                    | Protocol::ESP
                    | Protocol::AH
                    | Protocol::DESTINATION_OPTIONS
                    | Protocol::SCTP
            ),
            "Linux has offloads of this protocol"
        );
        O::PROTOCOL
    }
}

/// The length of the header of an offload's protocol, in bytes.
const fn header_len<O: Offload>() -> u32 {
    const {
        let len = size_of::<O::Header>();
        assert!(
            len >= 2 && len <= MAX_HEADER,
            "the header before a frame has 2 to 64 bytes"
        );
        assert!(
            len % 2 == 0,
            "the header before a frame has an even number of bytes"
        );
        len as u32
    }
}

/// The module that an offload's protocol belongs to, which nobody else can name.
fn owner<O: Offload>() -> entry::Owner {
    ptr::from_ref(O::Module::state_id()).addr()
}

/// # Safety
///
/// `header` points to as many bytes as the header has, which nobody writes to meanwhile.
unsafe fn merges<O: Offload>(header: *const u8) -> bool {
    // SAFETY: By the caller's promise; any bytes are a valid header, which is aligned.
    O::merges(unsafe { &*header.cast::<O::Header>() })
}

/// The length of the header behind which frames of a tunnel may be segmented, or 0: the offload is of another
/// protocol, or its module has not registered it.
pub(super) fn segments<O: Offload, V: Version>(protocol: u8) -> u32 {
    let len = header_len::<O>();
    let registered =
        number::<O>() == protocol && entry::header_len(V::VERSION, protocol, owner::<O>()) == len;
    if registered {
        len
    } else {
        0
    }
}

/// Takes off the mark of a packet that was merged, when its outer headers are gone.
///
/// # Safety
///
/// The packet is owned, is to be segmented, and its header is no clone's.
pub(super) unsafe fn unmark(skb: *mut bindings::sk_buff) {
    // What was said of the inner header is now said of the only one.
    let change = |kind| {
        let fixed = if kind & INNER != 0 { OUTER } else { 0 };
        kind & !(GSO_TYPE | OUTER | INNER) | fixed
    };
    // SAFETY: By the caller's promise.
    unsafe { change_kind(skb, change) };
}

/// As [`unmark`], when outer headers are to be put before.
///
/// # Safety
///
/// As of [`unmark`].
pub(super) unsafe fn mark(skb: *mut bindings::sk_buff) {
    let change = |kind| {
        let fixed = if kind & OUTER != 0 { INNER } else { 0 };
        kind & !(OUTER | INNER) | fixed | GSO_TYPE
    };
    // SAFETY: By the caller's promise.
    unsafe { change_kind(skb, change) };
}

const OUTER: u32 = bindings::SKB_GSO_TCP_FIXEDID as u32;
const INNER: u32 = bindings::SKB_GSO_TCP_FIXEDID_INNER as u32;

/// # Safety
///
/// As of [`unmark`].
unsafe fn change_kind(skb: *mut bindings::sk_buff, change: impl FnOnce(u32) -> u32) {
    // TCP keeps a clone of what it sends, without the header, to send it again. What says how to segment the packet
    // is behind the data, and that clone's too, which it writes before it does: no reference is made to it.
    // SAFETY: By the caller's promise.
    unsafe {
        let kind = &raw mut (*bindings::skb_shinfo(skb)).gso_type;
        kind.write_volatile(change(kind.read_volatile()));
    }
}
