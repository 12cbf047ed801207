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

/// The sums that cover a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Covered {
    /// The IP header's.
    Header,
    /// The IP header's and, as a part of the pseudo header, the transport's.
    Pseudo,
    /// The transport's.
    Transport,
}

/// The field of a transport checksum that an edit changes.
#[derive(Clone, Copy)]
struct Field {
    at: u32,
    /// What it holds is a sum of the pseudo header, not complemented.
    partial: bool,
}

/// An IP packet that is being edited. [`SkbRef::edit`] and
/// [`netfilter::Packet::edit`](crate::netfilter::Packet::edit) make one.
///
/// Each call changes one field and all sums that cover it, or fails and changes nothing. Bytes are
/// made linear and unshared when a call needs them; a call that sets what is there already needs
/// none. Values are read from the packet, so that they are those that were set last.
#[doc(alias = "inet_proto_csum_replace4")]
pub struct Edit<'a> {
    skb: Pin<&'a mut SkbRef>,
    layout: Layout,
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
        Ok(Edit { skb: self, layout })
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

/// The word at `at`.
#[inline]
fn word(data: &[u8], at: u32) -> Option<u16> {
    let bytes = data.get(at as usize..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

/// Writes what was found to have its place there.
#[inline]
fn put<T: Bytes + IntoBytes>(data: &mut [u8], at: u32, value: T) {
    let place = data.get_mut(at as usize..);
    if let Some((place, _)) = place.and_then(|place| T::mut_from_prefix(place).ok()) {
        *place = value;
    }
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
    fn header_word(&self, offset: u32) -> Result<u16, EditError> {
        self.skb
            .copy_header(self.in_header(offset)?)
            .map(u16::from_be_bytes)
            .ok_or(EditError::TooShort)
    }

    /// The field that a change of what `covered` says changes, too.
    fn field(&self, covered: Covered) -> Result<Option<Field>, EditError> {
        let layout = &self.layout;
        let (Covered::Pseudo | Covered::Transport, Some(transport)) = (covered, layout.transport)
        else {
            return Ok(None);
        };
        if covered == Covered::Pseudo && !layout.protocol.has_pseudo_header() {
            return Ok(None);
        }
        let Some(offset) = layout.protocol.checksum_offset(layout.version) else {
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
                let unchanged = covered == Covered::Transport;
                return Ok((!unchanged).then_some(Field { at, partial: true }));
            }
        }
        // RFC 768: no checksum.
        if udp && self.skb.copy_header(at) == Some([0_u8; 2]) {
            return Ok(None);
        }
        Ok(Some(Field { at, partial: false }))
    }

    /// Replaces what is at `at`, an even place in its header.
    #[inline]
    fn replace<T: Bytes + IntoBytes + Copy>(
        &mut self,
        at: u32,
        new: T,
        covered: Covered,
    ) -> Result<(), EditError> {
        let end = self.within(at, size_of::<T>() as u32)?;
        let old: T = self.skb.copy_header(at).ok_or(EditError::TooShort)?;
        if old.as_bytes() == new.as_bytes() {
            return Ok(());
        }
        let field = self.field(covered)?;
        let header = match (self.layout.version, covered) {
            (Version::V4, Covered::Header | Covered::Pseudo) => Some(self.in_header(10)?),
            _ => None,
        };
        let end = [field.map(|field| field.at), header]
            .into_iter()
            .flatten()
            .fold(end, |end, at| end.max(at.saturating_add(2)));
        let data = self.skb.as_mut().writable(end)?;

        // Both are in what is writable.
        let header = header.and_then(|at| Some((at, word(data, at)?)));
        let field = field.and_then(|field| Some((field, word(data, field.at)?)));
        let delta = Delta::new().octets(old.as_bytes(), new.as_bytes());
        let mut total = delta;
        put(data, at, new);
        if let Some((at, old)) = header {
            let new = delta.checksum(old);
            total = total.u16(old, new);
            put(data, at, new.to_be_bytes());
        }
        if let Some((field, old)) = field {
            let new = match field.partial {
                true => delta.folded(old),
                false => delta.checksum(old),
            };
            // RFC 768, RFC 3828 section 3.1: zero says that there is none.
            let new = match (self.layout.protocol, new) {
                (Protocol::UDP | Protocol::UDP_LITE, 0) => 0xffff,
                _ => new,
            };
            total = total.u16(old, new);
            put(data, field.at, new.to_be_bytes());
        }
        if let Checksum::Complete { sum } = self.skb.checksum() {
            // All headers begin as the IP header does, at even places or at odd ones.
            let sum = total.unfolded(sum, self.layout.network % 2 != 0);
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_csum_complete(self.skb.as_raw(), sum) };
        }
        Ok(())
    }

    /// Refuses to change what the parts of a packet that is to be split by its list have themselves.
    fn one_packet(&self) -> Result<(), EditError> {
        match self.skb.gso() {
            Some(gso) if gso.kind.contains(GsoKind::FRAGLIST) => Err(EditError::Unsupported),
            _ => Ok(()),
        }
    }

    /// A hash of what the packet was does not fit any more.
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
