// SPDX-License-Identifier: GPL-2.0

//! Edits of a packet's headers, with the checksums kept right.
//!
//! C source: [`net/core/utils.c`](srctree/net/core/utils.c), `inet_proto_csum_replace*()`
//!
//! An [`Edit`] is the same wherever a packet may be changed: [`SkbRef::edit`] for a packet that a driver
//! or a handler owns, [`netfilter::Packet::edit`](crate::netfilter::Packet::edit) for that of a hook.
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
mod tests;
mod transport;

use layout::Layout;
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
    /// No memory to make the packet's bytes linear and unshared.
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

/// Which transport checksums cover a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Covered {
    /// None.
    No,
    /// Those with a pseudo header, of which it is a part.
    Pseudo,
    /// Each.
    Transport,
}

/// The field of a transport checksum that an edit changes.
#[derive(Clone, Copy)]
struct Field {
    at: u32,
    /// What it holds is a sum of the pseudo header, not complemented.
    partial: bool,
}

/// What the first change has found out, and the others rely on.
#[derive(Clone, Copy)]
struct Sums {
    /// The transport's checksum, if it is kept right; an error if it is not in the packet.
    transport: Result<Option<Field>, EditError>,
    /// Whether there is a sum of all bytes.
    complete: bool,
}

/// An IP packet that is being edited. [`SkbRef::edit`] and
/// [`netfilter::Packet::edit`](crate::netfilter::Packet::edit) make one.
///
/// Each call changes one field and all sums that cover it, or fails and changes nothing. Bytes are
/// made linear and unshared when a call needs them; a call that sets what is there already needs
/// none. Values are read from the packet, so that they are those that were set last.
///
/// # Invariants
///
/// The first `writable` bytes are linear and not shared with a clone: nobody else changes the packet
/// while it is borrowed. If there are any, the fixed part of the IP header is among them, and `sums` is
/// what the packet has.
#[doc(alias = "inet_proto_csum_replace4")]
pub struct Edit<'a> {
    skb: Pin<&'a mut SkbRef>,
    layout: Layout,
    writable: u32,
    sums: Sums,
}

impl SkbRef {
    /// Edits the IP packet whose header is at `offset`, in bytes from `skb->data`.
    ///
    /// # Errors
    ///
    /// [`EditError::TooShort`] and [`EditError::Malformed`]: what is there is no whole IP packet.
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
        // INVARIANT: No byte is writable yet.
        Ok(Edit {
            skb: self,
            layout,
            writable: 0,
            sums: Sums {
                transport: Ok(None),
                complete: false,
            },
        })
    }

    /// The first `len` bytes, linear and not shared with a clone.
    #[inline]
    pub(super) fn writable(self: Pin<&mut Self>, len: u32) -> Result<&mut [u8], EditError> {
        if len > self.len() {
            return Err(EditError::TooShort);
        }
        // SAFETY: The packet is ours to change, and at least `len` bytes long.
        if unsafe { bindings::skb_ensure_writable(self.as_raw(), len) } != 0 {
            return Err(EditError::NoMemory);
        }
        // SAFETY: The first `len` bytes are now linear and not shared with a clone, and `self` is
        // borrowed for as long as the slice.
        Ok(unsafe { slice::from_raw_parts_mut(self.inner().data, len as usize) })
    }
}

/// What is at `at`.
#[inline(always)]
fn word_of<T: Bytes + IntoBytes>(data: &mut [u8], at: u32) -> Option<&mut T> {
    T::mut_from_prefix(data.get_mut(at as usize..)?)
        .ok()
        .map(|(place, _)| place)
}

impl Edit<'_> {
    /// The version of IP.
    #[doc(alias = "iphdr::version")]
    #[inline]
    pub fn version(&self) -> Version {
        self.layout.version
    }

    /// The protocol behind the IP header and its extension headers.
    #[doc(alias = "ipv6_find_hdr")]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.layout.protocol
    }

    /// Where the transport header is, in bytes from `skb->data`; `None` in a later fragment, and if
    /// nothing follows.
    #[doc(alias = "ipv6_find_hdr")]
    #[inline]
    pub fn transport_offset(&self) -> Option<u32> {
        self.layout.transport
    }

    /// The IPv4 header; `None` in an IPv6 packet.
    #[doc(alias = "ip_hdr")]
    #[inline]
    pub fn ipv4(&self) -> Option<ipv4::Header> {
        (self.layout.version == Version::V4)
            .then(|| self.skb.copy_header(self.layout.network))
            .flatten()
    }

    /// The IPv6 header; `None` in an IPv4 packet.
    #[doc(alias = "ipv6_hdr")]
    #[inline]
    pub fn ipv6(&self) -> Option<ipv6::Header> {
        (self.layout.version == Version::V6)
            .then(|| self.skb.copy_header(self.layout.network))
            .flatten()
    }

    /// Whether `len` bytes at `at` are in the packet, not in what the link has appended.
    #[inline]
    fn within(&self, at: u32, len: u32) -> Result<u32, EditError> {
        at.checked_add(len)
            .filter(|&end| end <= self.layout.end)
            .ok_or(EditError::TooShort)
    }

    /// Where a field is that is so many bytes into the IP header.
    #[inline]
    fn in_header(&self, offset: u32) -> Result<u32, EditError> {
        self.layout
            .network
            .checked_add(offset)
            .ok_or(EditError::TooShort)
    }

    /// The IP header's word at `offset`.
    #[inline]
    fn header_word(&self, offset: u32) -> Result<u16, EditError> {
        self.skb
            .copy_header(self.in_header(offset)?)
            .map(u16::from_be_bytes)
            .ok_or(EditError::TooShort)
    }

    /// The checksum of the transport, if it is kept right.
    fn transport_field(&self) -> Result<Option<Field>, EditError> {
        let layout = &self.layout;
        let (Some(transport), Some(offset)) = (
            layout.transport,
            layout.protocol.checksum_offset(layout.version),
        ) else {
            return Ok(None);
        };
        let at = transport
            .checked_add(u32::from(offset))
            .ok_or(EditError::TooShort)?;
        self.within(at, 2)?;
        let udp = layout.protocol == Protocol::UDP;
        if let Checksum::Partial { start, offset } = self.skb.checksum() {
            let outer = i64::from(start).saturating_add(i64::from(offset)) == i64::from(at);
            // The device fills in the one that is noted. If that is an inner header's, the outer one is
            // there in full, but for a tunnel's UDP header in front of what is to be segmented.
            let tunnel = |gso: super::Gso| gso.kind.contains(GsoKind::UDP_TUNNEL_CSUM);
            if outer || (udp && self.skb.gso().is_some_and(tunnel)) {
                return Ok(Some(Field { at, partial: true }));
            }
        }
        // RFC 768: no checksum.
        if udp && self.skb.copy_header(at) == Some([0_u8; 2]) {
            return Ok(None);
        }
        Ok(Some(Field { at, partial: false }))
    }

    /// The field that a change of what `covered` says changes, too.
    #[inline]
    fn field(&self, covered: Covered) -> Result<Option<Field>, EditError> {
        match covered {
            Covered::No => Ok(None),
            Covered::Pseudo if !self.layout.protocol.has_pseudo_header() => Ok(None),
            Covered::Pseudo => self.sums.transport,
            // The device sums what is in the packet.
            Covered::Transport => {
                let field = self.sums.transport?;
                Ok(field.filter(|field| !field.partial))
            }
        }
    }

    /// Makes the first `end` bytes writable, and with them what else is changed as a rule: the IP header, the
    /// transport's checksum and its ports.
    #[cold]
    #[inline(never)]
    fn prepare(&mut self, end: u32) -> Result<(), EditError> {
        let layout = &self.layout;
        let header = match layout.version {
            Version::V4 => ipv4::Header::LEN,
            Version::V6 => ipv6::Header::LEN,
        };
        let ports = layout
            .transport
            .map_or(0, |at| at.saturating_add(Ports::LEN as u32));
        let transport = self.transport_field();
        let checksum = match transport {
            Ok(Some(field)) => field.at.saturating_add(2),
            _ => 0,
        };
        let end = end
            .max(self.in_header(header as u32)?)
            .max(checksum)
            .max(ports.min(layout.end));
        let complete = matches!(self.skb.checksum(), Checksum::Complete { .. });
        self.skb.as_mut().writable(end)?;
        // INVARIANT: As just found out; each is that of all changes.
        self.sums = Sums {
            transport,
            complete,
        };
        self.writable = end;
        Ok(())
    }

    /// Replaces what is at `at`, an even place in its header, and the sums that cover it: that of the IP
    /// header if `in_header`.
    // Inlined, each caller has the part for what it changes.
    #[inline(always)]
    fn replace<T: Bytes + IntoBytes + Copy>(
        &mut self,
        at: u32,
        new: T,
        in_header: bool,
        covered: Covered,
    ) -> Result<(), EditError> {
        let end = self.within(at, size_of::<T>() as u32)?;
        if end > self.writable {
            let old: T = self.skb.copy_header(at).ok_or(EditError::TooShort)?;
            if old.as_bytes() == new.as_bytes() {
                return Ok(());
            }
            self.prepare(end)?;
        }
        let field = self.field(covered)?;
        let place = word_of(self.data(), at).ok_or(EditError::TooShort)?;
        let delta = Delta::new().octets(T::as_bytes(place), new.as_bytes());
        if delta.is_change() {
            *place = new;
            self.change_sums(delta, in_header, field);
        }
        Ok(())
    }

    /// Changes the sums that cover what has changed.
    #[inline(always)]
    fn change_sums(&mut self, delta: Delta, in_header: bool, field: Option<Field>) {
        let (protocol, version) = (self.layout.protocol, self.layout.version);
        // What has changed in all, if that is asked for.
        let complete = self.sums.complete;
        let mut total = delta;
        if in_header && version == Version::V4 {
            let checksum = self.header_at::<[u8; 2], 10>();
            let old = *checksum;
            *checksum = delta.checksum_octets(old);
            if complete {
                total = total.octets(&old, checksum);
            }
        }
        if let Some((field, checksum)) =
            field.and_then(|field| Some((field, word_of::<[u8; 2]>(self.data(), field.at)?)))
        {
            let old = *checksum;
            let new = match field.partial {
                true => delta.folded_octets(old),
                false => delta.checksum_octets(old),
            };
            // RFC 768, RFC 3828 section 3.1: zero says that there is none.
            *checksum = match (protocol, new) {
                (Protocol::UDP | Protocol::UDP_LITE, [0, 0]) => [0xff; 2],
                _ => new,
            };
            if complete {
                total = total.octets(&old, checksum);
            }
        }
        if complete {
            self.change_sum(total);
        }
    }

    /// Changes the sum of all bytes.
    #[cold]
    #[inline(never)]
    fn change_sum(&mut self, delta: Delta) {
        if let Checksum::Complete { sum } = self.skb.checksum() {
            // All headers begin as the IP header does, at even places or at odd ones.
            let sum = delta.unfolded(sum, self.layout.network % 2 != 0);
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_csum_complete(self.skb.as_raw(), sum) };
        }
    }

    /// What is writable.
    #[inline(always)]
    fn data(&mut self) -> &mut [u8] {
        // SAFETY: By the type invariants, and `self` is borrowed for as long as the slice.
        unsafe { slice::from_raw_parts_mut(self.skb.inner().data, self.writable as usize) }
    }

    /// What is `OFFSET` bytes into the IP header, within its first 20. Something is writable.
    #[inline(always)]
    fn header_at<T: Bytes + IntoBytes, const OFFSET: usize>(&mut self) -> &mut T {
        const { assert!(OFFSET + size_of::<T>() <= ipv4::Header::LEN) };
        debug_assert!(self.writable != 0);
        let header = self.layout.network as usize + OFFSET;
        // SAFETY: By the type invariants the IP header is a part of what is writable; `T` may have any bytes and
        // any alignment, and `self` is borrowed for as long as the reference.
        unsafe { &mut *self.skb.inner().data.add(header).cast() }
    }

    /// Changes the IP header's word at `OFFSET`, that no other sum covers.
    #[inline(always)]
    fn change_word<const OFFSET: usize>(
        &mut self,
        change: impl FnOnce(u16) -> u16,
    ) -> Result<(), EditError> {
        self.one_packet()?;
        let old = self.header_word(OFFSET as u32)?;
        let new = change(old);
        if new == old {
            return Ok(());
        }
        if self.writable == 0 {
            self.prepare(0)?;
        }
        *self.header_at::<[u8; 2], OFFSET>() = new.to_be_bytes();
        self.change_sums(Delta::new().u16(old, new), true, None);
        Ok(())
    }

    /// Refuses to change what the parts of a packet that is to be split by its list have themselves.
    #[inline(always)]
    fn one_packet(&self) -> Result<(), EditError> {
        match self.skb.gso() {
            Some(gso) if gso.kind.contains(GsoKind::FRAGLIST) => Err(EditError::Unsupported),
            _ => Ok(()),
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
