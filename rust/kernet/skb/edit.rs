// SPDX-License-Identifier: GPL-2.0

//! Edits of a packet's headers, with the checksums kept right.
//!
//! C source: [`net/core/utils.c`](srctree/net/core/utils.c), `inet_proto_csum_replace*()`
//!
//! An [`Edit`] is the same wherever a packet may be changed: [`SkbRef::edit`] for a packet that a driver
//! or a handler owns, [`RxSkb::edit`](super::RxSkb::edit) for one that goes up the stack, [`netfilter::Packet::edit`](crate::netfilter::Packet::edit) for that of a hook.
//!
//! # What is kept right
//!
//! | the packet has | an edit |
//! |---|---|
//! | an IPv4 header checksum | changes it by the difference (RFC 1624) |
//! | a checksum of TCP, UDP, UDP-Lite, DCCP, ICMP or ICMPv6 | changes it by the difference |
//! | a sum of the pseudo header in its place ([`Checksum::Partial`]) | changes that sum for addresses, and leaves it alone for what the device will sum |
//! | no UDP checksum (zero) | leaves it alone; a checksum that becomes zero is stored as `0xffff` |
//! | a sum of all its bytes ([`Checksum::Complete`]) | changes that sum, too |
//! | only a later fragment, without the transport header | changes the IP header alone |
//! | a routing header with segments left | changes the destination only: the checksum covers the last segment |
//!
//! Checksums of packets inside the packet, ICMP errors among them, do not change, and neither do
//! IPsec's.

use core::{
    ops::Deref,
    pin::Pin,
    slice, //
};
use zerocopy::IntoBytes;

use super::{
    Bytes,
    Checksum,
    DropReason,
    GsoKind,
    SkbRef, //
};
use crate::{
    bindings,
    wire::{
        self,
        checksum::Delta,
        ip::{
            Ports,
            Protocol,
            Version, //
        },
        ipv4,
        ipv6, //
    },
};

mod ip;
mod layout;
mod sums;
mod tests;
mod transport;

use layout::Layout;
use sums::{
    Facts,
    Sum, //
};
pub use transport::Transport;

/// Why a packet was not edited. It has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The packet ends before a header does, or before the checksum that would change.
    TooShort,
    /// The packet is no IP packet, or a header contradicts itself.
    Malformed,
    /// The packet has no such field: it is a later fragment, of another protocol or of the other version
    /// of IP.
    Absent,
    /// The value does not fit into the field.
    OutOfRange,
    /// The checksum cannot be kept right (SCTP), or the packet consists of several that would not
    /// change alike ([`GsoKind::FRAGLIST`]).
    Unsupported,
    /// No memory to make the packet's bytes linear and unshared (`ENOMEM`).
    #[doc(alias = "ENOMEM")]
    NoMemory,
}

impl EditError {
    /// The reason to drop the packet for, if it is of no use unchanged.
    pub fn reason(self) -> DropReason {
        match self {
            Self::TooShort => DropReason::PKT_TOO_SMALL,
            Self::Malformed => DropReason::IP_INHDR,
            Self::Absent => DropReason::INVALID_PROTO,
            Self::OutOfRange | Self::Unsupported => DropReason::NOT_SPECIFIED,
            Self::NoMemory => DropReason::NOMEM,
        }
    }
}

impl From<wire::Error> for EditError {
    fn from(error: wire::Error) -> Self {
        match error {
            wire::Error::Truncated { .. } => Self::TooShort,
            _ => Self::Malformed,
        }
    }
}

/// An IP packet that is being edited (`inet_proto_csum_replace4()`). [`SkbRef::edit`] and
/// [`netfilter::Packet::edit`](crate::netfilter::Packet::edit) make one.
///
/// Each call changes one field, or fails and changes nothing. The sums that cover what was changed are
/// written at the end, when this is dropped: what is read meanwhile has the new values and the old sums. One
/// that is forgotten leaves the packet with wrong sums.
///
/// # Invariants
///
/// The first `writable` bytes are linear and not shared with a clone: nobody else changes the packet
/// while it is borrowed. Among them are the fixed part of the IP header, the `ports`, and the checksum whose
/// place `sum` has.
#[doc(alias = "inet_proto_csum_replace4")]
pub struct Edit<'a> {
    skb: Pin<&'a mut SkbRef>,
    layout: Layout,
    writable: u32,
    /// Where the ports are, if the packet has them.
    ports: Option<u32>,
    /// Whether the transport's checksum covers the addresses.
    has_pseudo: bool,
    sum: Sum,
    /// Whether there is a sum of all bytes.
    is_complete: bool,
    /// Whether the packet is to be split by its list, whose parts have headers of their own.
    is_list: bool,
    /// What has changed in the IP header, in what of it the pseudo header has, and behind it.
    header: Delta,
    pseudo: Delta,
    transport: Delta,
}

/// Which of two addresses, or of two ports.
#[derive(Clone, Copy)]
enum Place {
    Source,
    Destination,
}

impl SkbRef {
    /// Edits the IP packet whose header is at `offset`, in bytes from `skb->data`
    /// (`skb_ensure_writable()`).
    ///
    /// The headers are made linear and are not shared with a clone then: who only reads them takes
    /// [`Self::copy_header`].
    ///
    /// # Errors
    ///
    /// [`EditError::TooShort`] and [`EditError::Malformed`]: what is there is no whole IP packet.
    /// [`EditError::NoMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use core::pin::Pin;
    /// use kernet::{skb::{EditError, SkbRef}, wire::ethernet};
    ///
    /// /// Marks the IP packet in an Ethernet frame as of low priority, and takes one from its TTL.
    /// fn demote(frame: Pin<&mut SkbRef>) -> Result<(), EditError> {
    ///     let mut edit = frame.edit(ethernet::Header::LEN as u32)?;
    ///     edit.set_dscp(8)?;
    ///     edit.decrement_hop_limit()?;
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "skb_ensure_writable")]
    #[inline]
    pub fn edit(self: Pin<&mut Self>, offset: u32) -> Result<Edit<'_>, EditError> {
        let layout = Layout::of(&self, offset)?;
        Edit::new(self, layout)
    }

    /// Makes the first `len` bytes linear, and not shared with a clone.
    #[inline]
    fn make_writable(self: Pin<&mut Self>, len: u32) -> Result<(), EditError> {
        if len > self.len() {
            return Err(EditError::TooShort);
        }
        // SAFETY: The packet is ours to change, and at least `len` bytes long.
        match unsafe { bindings::skb_ensure_writable(self.as_raw(), len) } {
            0 => Ok(()),
            _ => Err(EditError::NoMemory),
        }
    }

    /// The first `len` bytes, linear and not shared with a clone.
    #[inline]
    pub(super) fn writable(mut self: Pin<&mut Self>, len: u32) -> Result<&mut [u8], EditError> {
        self.as_mut().make_writable(len)?;
        // SAFETY: The first `len` bytes are now linear and not shared with a clone, and `self` is
        // borrowed for as long as the slice.
        Ok(unsafe { slice::from_raw_parts_mut(self.inner().data, len as usize) })
    }
}

impl<'a> Edit<'a> {
    /// Finds out what has to be kept right, and makes the headers writable: that of IP, the transport's
    /// checksum and its ports.
    // Inlined, an edit is as short as C's: most of what is asked here decides what the setters do.
    #[inline]
    fn new(mut skb: Pin<&'a mut SkbRef>, layout: Layout) -> Result<Self, EditError> {
        let header = match layout.version {
            Version::V4 => ipv4::Header::LEN,
            Version::V6 => ipv6::Header::LEN,
        };
        // The packet has the header, and what is said to be in it: no sum of places is above its length.
        let mut end = layout.network.wrapping_add(header as u32);
        let (mut ports, mut sum) = (None, Sum::None);
        let facts = Facts::of(layout.protocol, layout.version);
        if let Some(at) = layout.transport {
            let behind = layout.end.wrapping_sub(at);
            let ports_len = Ports::LEN as u32;
            if facts.has_ports && behind >= ports_len {
                ports = Some(at);
                end = end.max(at.wrapping_add(ports_len));
            }
            if facts.checksum != 0 {
                sum = Sum::CutOff;
                if behind >= facts.checksum.wrapping_add(2) {
                    let at = at.wrapping_add(facts.checksum);
                    sum = Sum::Full(at);
                    end = end.max(at.wrapping_add(2));
                }
            }
        }
        skb.as_mut().make_writable(end)?;
        // INVARIANT: `end` bytes are writable, which is the end of all of these.
        let mut edit = Self {
            layout,
            writable: end,
            ports,
            has_pseudo: facts.has_pseudo,
            sum,
            is_complete: false,
            // GRO alone sets it, together with a size.
            is_list: skb.gso_kind().contains(GsoKind::FRAGLIST),
            header: Delta::new(),
            pseudo: Delta::new(),
            transport: Delta::new(),
            skb,
        };
        let summed = edit.skb.ip_summed();
        edit.is_complete = summed == bindings::CHECKSUM_COMPLETE;
        if let Sum::Full(at) = sum {
            let udp = layout.protocol == Protocol::UDP;
            if summed == bindings::CHECKSUM_PARTIAL && Self::is_partial(&edit.skb, at, udp) {
                edit.sum = Sum::Partial(at);
            // SAFETY: By the type invariants.
            } else if udp && unsafe { edit.word(at) } == [0; 2] {
                // RFC 768: no checksum.
                edit.sum = Sum::None;
            }
        }
        Ok(edit)
    }

    /// Whether the device fills in the checksum at `at`, so that a sum of the pseudo header is there.
    #[inline(never)]
    fn is_partial(skb: &SkbRef, at: u32, udp: bool) -> bool {
        let Checksum::Partial { start, offset } = skb.checksum() else {
            return false;
        };
        let outer = i64::from(start).saturating_add(i64::from(offset)) == i64::from(at);
        // It fills in the one that is noted. If that is an inner header's, the outer one is there in full,
        // but for a tunnel's UDP header in front of what is to be segmented.
        let tunnel = |gso: super::Gso| gso.kind.contains(GsoKind::UDP_TUNNEL_CSUM);
        outer || (udp && skb.gso().is_some_and(tunnel))
    }
}

impl Edit<'_> {
    /// The version of IP.
    #[doc(alias = "iphdr::version")]
    #[inline]
    pub fn version(&self) -> Version {
        self.layout.version
    }

    /// The protocol behind the IP header and its extension headers (`ipv6_find_hdr()`).
    #[doc(alias = "ipv6_find_hdr")]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.layout.protocol
    }

    /// Where the transport header is, in bytes from `skb->data`; `None` in a later fragment, and if
    /// nothing follows (`ipv6_find_hdr()`).
    #[doc(alias = "ipv6_find_hdr")]
    #[inline]
    pub fn transport_offset(&self) -> Option<u32> {
        self.layout.transport
    }

    /// The IPv4 header; `None` in an IPv6 packet (`ip_hdr()`).
    #[doc(alias = "ip_hdr")]
    #[inline]
    pub fn ipv4(&self) -> Option<ipv4::Header> {
        (self.layout.version == Version::V4)
            .then(|| self.skb.header(self.layout.network).copied())
            .flatten()
    }

    /// The IPv6 header; `None` in an IPv4 packet (`ipv6_hdr()`).
    #[doc(alias = "ipv6_hdr")]
    #[inline]
    pub fn ipv6(&self) -> Option<ipv6::Header> {
        (self.layout.version == Version::V6)
            .then(|| self.skb.header(self.layout.network).copied())
            .flatten()
    }

    /// Whether `len` bytes at `at` are in the packet, not in what the link has appended.
    #[inline]
    fn within(&self, at: u32, len: u32) -> Result<u32, EditError> {
        at.checked_add(len)
            .filter(|&end| end <= self.layout.end)
            .ok_or(EditError::TooShort)
    }

    /// What is at `at`, as it may be written.
    ///
    /// # Safety
    ///
    /// It ends within what is writable.
    #[inline(always)]
    unsafe fn place<T: Bytes + IntoBytes>(&mut self, at: u32) -> &mut T {
        debug_assert!(at as usize + size_of::<T>() <= self.writable as usize);
        // SAFETY: By the type invariants and the caller; `T` may have any bytes and any alignment, and `self`
        // is borrowed for as long as the reference.
        unsafe { &mut *self.skb.inner().data.add(at as usize).cast() }
    }

    /// The word at `OFFSET` in the IP header, within the fixed part of each version's.
    #[inline(always)]
    fn in_header<const OFFSET: usize>(&mut self) -> &mut [u8; 2] {
        const { assert!(OFFSET + 2 <= ipv4::Header::LEN) };
        // SAFETY: By the type invariants the IP header is writable, and so it ends within 32 bits.
        unsafe { self.place(self.layout.network.wrapping_add(OFFSET as u32)) }
    }

    /// The two bytes at `at`.
    ///
    /// # Safety
    ///
    /// They end within what is writable.
    #[inline(always)]
    unsafe fn word(&self, at: u32) -> [u8; 2] {
        debug_assert!(at as usize + 2 <= self.writable as usize);
        // SAFETY: By the type invariants and the caller.
        unsafe {
            self.skb
                .inner()
                .data
                .add(at as usize)
                .cast::<[u8; 2]>()
                .read()
        }
    }

    /// The IP header's word at `OFFSET`, in host order.
    #[inline]
    fn header_word<const OFFSET: usize>(&self) -> u16 {
        const { assert!(OFFSET + 2 <= ipv4::Header::LEN) };
        // SAFETY: By the type invariants the IP header is writable, and so it ends within 32 bits.
        u16::from_be_bytes(unsafe { self.word(self.layout.network.wrapping_add(OFFSET as u32)) })
    }

    /// Changes the IP header's word at `OFFSET`, that no other sum covers.
    #[inline]
    fn change_word<const OFFSET: usize>(
        &mut self,
        change: impl FnOnce(u16) -> u16,
    ) -> Result<(), EditError> {
        self.one_packet()?;
        let place = self.in_header::<OFFSET>();
        let old = u16::from_be_bytes(*place);
        let new = change(old);
        *place = new.to_be_bytes();
        self.header = self.header.u16(old, new);
        Ok(())
    }

    /// Replaces the address that is `offset` bytes into the IP header.
    ///
    /// # Safety
    ///
    /// It is in the fixed part of the header.
    #[inline]
    unsafe fn replace_address<T: Bytes + IntoBytes + Copy>(
        &mut self,
        offset: u32,
        new: T,
        is_pseudo: bool,
    ) -> Result<(), EditError> {
        let is_pseudo = is_pseudo && self.has_pseudo;
        if is_pseudo && matches!(self.sum, Sum::CutOff) {
            return Err(EditError::TooShort);
        }
        let at = self.layout.network.wrapping_add(offset);
        // SAFETY: By the caller and the type invariants.
        let place = unsafe { self.place::<T>(at) };
        let old = *place;
        *place = new;
        let delta = Delta::new().octets(old.as_bytes(), new.as_bytes());
        self.header = self.header.and(delta);
        if is_pseudo {
            self.pseudo = self.pseudo.and(delta);
        }
        self.forget_hash();
        Ok(())
    }

    /// Replaces what is at `at` in the transport header.
    ///
    /// # Safety
    ///
    /// It ends within what is writable.
    #[inline]
    unsafe fn replace_transport<T: Bytes + IntoBytes + Copy>(
        &mut self,
        at: u32,
        new: T,
    ) -> Result<(), EditError> {
        if matches!(self.sum, Sum::CutOff) {
            return Err(EditError::TooShort);
        }
        // SAFETY: By the caller.
        let place = unsafe { self.place::<T>(at) };
        let old = *place;
        *place = new;
        let delta = Delta::new().octets(old.as_bytes(), new.as_bytes());
        self.transport = self.transport.and(delta);
        self.forget_hash();
        Ok(())
    }

    /// Refuses to change what the parts of a packet that is to be split by its list have themselves.
    #[inline]
    fn one_packet(&self) -> Result<(), EditError> {
        match self.is_list {
            true => Err(EditError::Unsupported),
            false => Ok(()),
        }
    }

    /// A hash of what the packet was does not fit any more.
    #[inline(always)]
    fn forget_hash(&mut self) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_clear_hash(self.skb.as_raw()) };
    }
}

impl Deref for Edit<'_> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        &self.skb
    }
}
