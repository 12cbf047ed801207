// SPDX-License-Identifier: GPL-2.0

//! What a translation changes of a packet: its front, and a checksum behind it.

use super::super::{
    checksum::{
        Delta,
        Pseudo, //
    },
    ip::{
        Protocol,
        Version, //
    },
    udp,
    Error,
    Header as _,
    Layer, //
};
use super::{
    Fragments,
    Refused, //
};

/// The most octets of a new front: an IPv6 header, a fragment header, and the first four of ICMP.
pub(super) const FRONT: usize = 52;

/// What is known of a packet beside its first octets.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::xlat::Packet;
///
/// /// A packet of `len` octets that a device is to split into segments, and to complete.
/// fn merged(len: usize, segment: usize) -> Packet {
///     Packet { segment: Some(segment), partial: true, ..Packet::new(len) }
/// }
///
/// assert_eq!(merged(64_000, 1500).identification, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// How long it is from its IP header on, in octets; the link's padding may be a part.
    pub len: usize,
    /// The longest packet that it will be split into, in octets from the IP header on, if it is one
    /// that was merged.
    pub segment: Option<usize>,
    /// Whether the checksum of TCP or UDP is the sum of the pseudo header, to be completed.
    pub partial: bool,
    /// Whether it was fragmented and is whole again: then it may be fragmented again.
    pub reassembled: bool,
    /// The identification of an IPv4 packet that comes of an IPv6 packet without one.
    pub identification: u16,
}

impl Packet {
    /// A packet of `len` octets that is one, is complete, and is identified by zero.
    #[inline]
    pub const fn new(len: usize) -> Self {
        Self {
            len,
            segment: None,
            partial: false,
            reassembled: false,
            identification: 0,
        }
    }

    /// How long the longest packet is that will be sent, if the whole has `len` octets.
    #[inline]
    pub(super) fn sent(&self, len: usize) -> usize {
        self.segment.unwrap_or(len).min(len)
    }
}

/// How a packet is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// By exchanging its front.
    Exchange(Exchange),
    /// By writing it anew, with all of it at hand: it is an ICMP error.
    IcmpError,
}

/// A checksum behind the front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sum {
    /// None changes.
    #[default]
    Kept,
    /// That at this offset of the transport header has this value now.
    Changed(u8, u16),
    /// That at this offset is this sum of the pseudo header, and has to be completed.
    Begun(u8, u16),
}

/// The new front of a packet, and what it is put in place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub(super) front: [u8; FRONT],
    /// The new front's length.
    pub(super) front_len: u8,
    /// Of these, the new header's octets, extension headers included.
    pub(super) header_len: u8,
    /// The old front's length.
    pub(super) replaced: usize,
    /// The old header's length, extension headers included.
    pub(super) old_header_len: usize,
    /// The old length, without the link's padding.
    pub(super) old_len: usize,
    /// The new version.
    pub(super) version: Version,
    /// What is behind the headers; its header is, if it is no later fragment.
    pub(super) protocol: Protocol,
    pub(super) has_transport: bool,
    pub(super) sum: Sum,
    /// The longest packet that may be sent, if it has to be fragmented.
    pub(super) limit: Option<u32>,
}

impl Exchange {
    /// The new first octets.
    #[inline]
    pub fn front(&self) -> &[u8] {
        self.front
            .get(..usize::from(self.front_len))
            .unwrap_or(&self.front)
    }

    /// How many octets of the packet they are put in place of.
    #[inline]
    pub const fn replaced(&self) -> usize {
        self.replaced
    }

    /// How long the packet was, in octets, without the link's padding, which is to be cut off.
    #[inline]
    pub const fn old_len(&self) -> usize {
        self.old_len
    }

    /// How long the packet is, in octets.
    #[expect(clippy::len_without_is_empty, reason = "there is a header")]
    #[inline]
    pub const fn len(&self) -> usize {
        self.old_len
            .saturating_sub(self.replaced)
            .saturating_add(self.front_len as usize)
    }

    /// The version of the new header.
    #[inline]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// How long the header was, with extension headers, in octets.
    #[inline]
    pub const fn old_header_len(&self) -> usize {
        self.old_header_len
    }

    /// How long the header is, with a fragment header, in octets: where the transport's begins.
    #[inline]
    pub const fn header_len(&self) -> usize {
        self.header_len as usize
    }

    /// The protocol behind the header.
    #[inline]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether the protocol's header is there: it is not in a later fragment.
    #[inline]
    pub const fn has_transport(&self) -> bool {
        self.has_transport
    }

    /// Where in the new packet a checksum changes, and what it is then, in host order.
    #[inline]
    pub const fn checksum(&self) -> Option<(usize, u16)> {
        match self.sum {
            Sum::Kept => None,
            Sum::Changed(at, value) | Sum::Begun(at, value) => Some((
                (self.header_len as usize).saturating_add(at as usize),
                value,
            )),
        }
    }

    /// Whether the checksum is a sum of the pseudo header only, to which all from the transport header on has
    /// to be added (`CHECKSUM_PARTIAL`). So it is in place of one that was absent.
    #[doc(alias = "CHECKSUM_PARTIAL")]
    #[inline]
    pub const fn begun(&self) -> bool {
        matches!(self.sum, Sum::Begun(..))
    }

    /// The fragments that the packet has to be sent as; `None` if as it is.
    #[inline]
    pub fn fragments(&self) -> Option<Fragments> {
        Fragments::new(self.front(), self.len(), self.limit?)
    }

    /// Writes the translated packet into `out`, which has to be as long as [`Exchange::len`]; checksums
    /// are complete.
    ///
    /// Returns `None` if `packet` is not the one that was translated, or `out` has another length.
    pub fn apply(&self, packet: &[u8], out: &mut [u8]) -> Option<()> {
        let rest = packet.get(self.replaced..self.old_len)?;
        if out.len() != self.len() {
            return None;
        }
        let (front, back) = out.split_at_mut_checked(self.front().len())?;
        front.copy_from_slice(self.front());
        if back.len() != rest.len() {
            return None;
        }
        back.copy_from_slice(rest);
        let Some((at, value)) = self.checksum() else {
            return Some(());
        };
        *out.get_mut(at..)?.first_chunk_mut()? = value.to_be_bytes();
        if self.begun() {
            let sum = super::super::checksum::Sum::new();
            let sum = sum.bytes(out.get(self.header_len()..)?).checksum();
            let sum = if sum == 0 { 0xffff } else { sum };
            *out.get_mut(at..)?.first_chunk_mut()? = sum.to_be_bytes();
        }
        Some(())
    }
}

/// The pseudo headers of a packet, before and after.
pub(super) struct Pseudos {
    pub(super) old: Pseudo,
    pub(super) new: Pseudo,
}

/// Where the checksum of TCP is in its header.
const TCP_CHECKSUM: u8 = 16;
/// Where that of UDP is.
const UDP_CHECKSUM: u8 = 6;

/// What becomes of the checksum of TCP or UDP, whose header `bytes` begin with, when the addresses are
/// exchanged. `None`: it is a UDP checksum that is absent.
///
/// A quoted packet may end before its checksum does; it is kept then.
pub(super) fn transport(
    pseudos: &Pseudos,
    protocol: Protocol,
    bytes: &[u8],
    partial: bool,
    quoted: bool,
) -> Result<Option<Sum>, Refused> {
    let (at, layer, need) = match protocol {
        Protocol::TCP => (TCP_CHECKSUM, Layer::Tcp, 20),
        Protocol::UDP => (UDP_CHECKSUM, Layer::Udp, udp::Header::LEN),
        _ => return Ok(Some(Sum::Kept)),
    };
    let field = bytes.get(usize::from(at)..).and_then(<[u8]>::first_chunk);
    let (Some(old), true) = (field, quoted || bytes.len() >= need) else {
        return match quoted {
            true => Ok(Some(Sum::Kept)),
            false => Err(Error::truncated(layer, need, bytes.len()).into()),
        };
    };
    let old = u16::from_be_bytes(*old);
    // Length and protocol are in both pseudo headers alike.
    let delta = Delta::new().u16(
        pseudos.old.sum(protocol, 0).fold(),
        pseudos.new.sum(protocol, 0).fold(),
    );
    if partial {
        return Ok(Some(Sum::Changed(at, delta.folded(old))));
    }
    if protocol == Protocol::UDP && old == 0 {
        return Ok(None);
    }
    // RFC 768: zero says that there is none.
    Ok(Some(match (protocol, delta.checksum(old)) {
        (Protocol::UDP, 0) => Sum::Changed(at, 0xffff),
        (_, new) => Sum::Changed(at, new),
    }))
}

/// The checksum of UDP that was absent, begun with the sum of the pseudo header.
pub(super) fn begin(pseudos: &Pseudos, bytes: &[u8], len: usize) -> Result<Sum, Refused> {
    let (header, _) = udp::Header::view(bytes)?;
    // RFC 768: what is summed is as long as the header says; no more may be behind.
    if header.check(len)? != len {
        return Err(Refused::NoChecksum);
    }
    let sum = pseudos.new.sum(Protocol::UDP, u32::from(header.len()));
    Ok(Sum::Begun(UDP_CHECKSUM, sum.fold()))
}
