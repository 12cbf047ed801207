// SPDX-License-Identifier: GPL-2.0

//! Translation of packets between IPv4 and IPv6.
//!
//! C source: [`net/core/filter.c`](srctree/net/core/filter.c), `bpf_skb_change_proto()`
//!
//! [`wire::xlat`](crate::wire::xlat) says what a packet becomes. Here its headers are exchanged in place: what
//! is behind stays where it is, also of a packet that will be segmented. Only an ICMP error is copied.

use core::ops::Deref;
use kernel::prelude::*;

use super::{
    Checksum,
    DropReason,
    GsoKind,
    Skb,
    SkbRef,
    MAX_PLACE, //
};
use crate::{
    bindings,
    context::Context,
    wire::{
        self,
        ip::{
            Protocol,
            Version, //
        },
        xlat::{
            Exchange,
            Fragment,
            Mapping,
            Packet,
            Refused,
            Step,
            Translator,
            ERROR4_LEN,
            ERROR6_LEN, //
        }, //
    },
};

/// How much of a packet is looked at first, in octets: the headers of nearly all.
const FRONT: u32 = 128;

/// By how much an ICMP error may become longer: by both headers, and to what RFC 4884 has at least.
const GROWTH: u16 = 256;

/// The most by which TCP segments are made smaller, so that they fit with the longer header.
const SMALLER: u16 = 28;

/// Room for the headers of the layers below, in front of a fragment.
const HEADROOM: u32 = 128;

/// Why a packet was not translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranslateError {
    /// By a rule of the translation.
    Refused(Refused),
    /// It is neither IPv4 nor IPv6.
    Version,
    /// It will be split in a way that the other version has not, or its data is in a device's memory.
    Unsupported,
    /// No memory (`ENOMEM`).
    #[doc(alias = "ENOMEM")]
    NoMemory,
}

impl TranslateError {
    /// The reason to drop the packet for.
    pub fn reason(self) -> DropReason {
        match self {
            Self::Refused(Refused::Header(wire::Error::Truncated { .. })) => {
                DropReason::PKT_TOO_SMALL
            }
            Self::Refused(Refused::TooBig(_) | Refused::TooLong(_)) => DropReason::PKT_TOO_BIG,
            Self::Refused(_) => DropReason::IP_INHDR,
            Self::Version => DropReason::INVALID_PROTO,
            Self::Unsupported => DropReason::NOT_SPECIFIED,
            Self::NoMemory => DropReason::NOMEM,
        }
    }
}

impl From<Refused> for TranslateError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<'a> Skb<'a> {
    /// Translates the IP packet that begins at the packet's data to the other version of IP
    /// (`bpf_skb_change_proto()`).
    ///
    /// Returns the packet, and the fragments that it has to be sent as, if any ([`SkbRef::copy_fragment`]). Its
    /// route and connection, which were for the other version, are removed as by [`Skb::keep`]. Segments of TCP
    /// become smaller by what they are longer than `segment`, if that is no more than the headers are longer; a
    /// checksum that is left to the device is left to it. Of `packet` it is what the packet itself does not say
    /// that counts: its identification, and whether it was reassembled.
    ///
    /// # Errors
    ///
    /// Why it was not, and the packet, with the headers that it had.
    #[doc(alias = "bpf_skb_change_proto")]
    pub fn translate<E, I>(
        mut self,
        translator: &Translator<'_, E, I>,
        segment: u32,
        packet: Packet,
    ) -> Result<(Skb<'static>, Option<wire::xlat::Fragments>), (Self, TranslateError)>
    where
        E: Deref<Target = [Mapping]>,
        I: Deref<Target = [u32]>,
    {
        match self.exchange(translator, segment, packet) {
            Ok(fragments) => Ok((self.keep(), fragments)),
            Err(error) => Err((self, error)),
        }
    }

    fn exchange<E, I>(
        &mut self,
        translator: &Translator<'_, E, I>,
        segment: u32,
        packet: Packet,
    ) -> Result<Option<wire::xlat::Fragments>, TranslateError>
    where
        E: Deref<Target = [Mapping]>,
        I: Deref<Target = [u32]>,
    {
        if !self.is_readable() {
            return Err(TranslateError::Unsupported);
        }
        let mut packet = Packet {
            len: self.len() as usize,
            segment: None,
            partial: false,
            ..packet
        };
        let gso = self.gso();
        // One of more than 64 KiB does not say how long it is.
        if gso.is_some() && self.len() > u32::from(u16::MAX) {
            return Err(TranslateError::Unsupported);
        }
        if let Checksum::Partial { offset, .. } = self.checksum() {
            packet.partial = true;
            // Both ICMPs have it there. That of the other version covers more.
            if u32::from(offset) == 2 && gso.is_none() {
                self.as_mut()
                    .fill_checksum()
                    .map_err(|_| TranslateError::NoMemory)?;
                packet.partial = false;
            }
        }
        let mut step = self.step(translator, &packet)?;
        if let (Step::Exchange(exchange), Checksum::Partial { start, .. }) =
            (&step, self.checksum())
        {
            let (start, header_len) = (i64::from(start), exchange.old_header_len() as i64);
            // What is summed would begin in a header that will not be there.
            if start < header_len {
                return Err(TranslateError::Unsupported);
            }
            // That of a packet inside was left to the device; then this one's is complete.
            if start != header_len {
                packet.partial = false;
                step = self.step(translator, &packet)?;
                // A packet has one place for what is left to the device.
                if matches!(&step, Step::Exchange(exchange) if exchange.begun()) {
                    if gso.is_some() {
                        return Err(TranslateError::Unsupported);
                    }
                    self.as_mut()
                        .fill_checksum()
                        .map_err(|_| TranslateError::NoMemory)?;
                    step = self.step(translator, &packet)?;
                }
            }
        }
        let Step::Exchange(mut exchange) = step else {
            if gso.is_some() {
                return Err(TranslateError::Unsupported);
            }
            self.exchange_error(translator, packet.identification)?;
            return Ok(None);
        };
        let mut shared = None;
        if let Some(gso) = gso {
            let headers = self.segment_headers(&exchange)?;
            packet.segment = Some(headers.saturating_add(usize::from(gso.size)));
            let Step::Exchange(known) = self.step(translator, &packet)? else {
                return Err(TranslateError::Unsupported);
            };
            exchange = known;
            if exchange.fragments().is_some() || exchange.old_len() != packet.len {
                return Err(TranslateError::Unsupported);
            }
            shared = Some(self.new_gso(&exchange, gso, headers, segment)?);
        }
        self.exchange_front(&exchange, shared)?;
        Ok(exchange.fragments())
    }

    /// Looks at as much of the front as it takes.
    fn step<E, I>(
        &mut self,
        translator: &Translator<'_, E, I>,
        packet: &Packet,
    ) -> Result<Step, TranslateError>
    where
        E: Deref<Target = [Mapping]>,
        I: Deref<Target = [u32]>,
    {
        let mut want = FRONT.min(self.len());
        loop {
            self.as_mut()
                .may_pull(want)
                .map_err(|_| TranslateError::NoMemory)?;
            let bytes = self.linear();
            let step = match bytes.first().and_then(|first| Version::of(*first)) {
                Some(Version::V4) => translator.v4_to_v6(bytes, packet),
                Some(Version::V6) => translator.v6_to_v4(bytes, packet),
                None => return Err(TranslateError::Version),
            };
            match step {
                // Of all that there is, more would not do.
                Err(Refused::Header(wire::Error::Truncated { have, .. }))
                    if self.headlen() < self.len() && have as usize != packet.len =>
                {
                    // Longer headers than most, in fragments.
                    want = self.headlen().saturating_mul(2).max(FRONT).min(self.len());
                }
                step => return Ok(step?),
            }
        }
    }

    /// The octets of each segment in front of its payload, in the version that the packet has now.
    fn segment_headers(&mut self, exchange: &Exchange) -> Result<usize, TranslateError> {
        let old = exchange.old_header_len();
        let transport = match exchange.protocol() {
            Protocol::UDP => wire::udp::Header::LEN,
            Protocol::TCP => {
                let at = u32::try_from(old).map_err(|_| TranslateError::Unsupported)?;
                let header = self
                    .copy_header::<wire::tcp::Header>(at)
                    .ok_or(TranslateError::Unsupported)?;
                usize::from(header.header_len())
            }
            _ => return Err(TranslateError::Unsupported),
        };
        Ok(old.saturating_add(transport))
    }

    /// How the packet will be segmented when it is of the other version.
    fn new_gso(
        &self,
        exchange: &Exchange,
        gso: super::Gso,
        headers: usize,
        segment: u32,
    ) -> Result<NewGso, TranslateError> {
        let (old, new) = match exchange.version() {
            Version::V6 => (GsoKind::TCPV4, GsoKind::TCPV6),
            Version::V4 => (GsoKind::TCPV6, GsoKind::TCPV4),
        };
        let flags = KEPT & gso.kind.into_raw();
        let kind = match exchange.protocol() {
            Protocol::TCP if gso.kind.contains(old) => new.into_raw() | flags,
            Protocol::UDP if gso.kind.contains(GsoKind::UDP_L4) => {
                GsoKind::UDP_L4.into_raw() | flags
            }
            _ => return Err(TranslateError::Unsupported),
        };
        // Nothing else that the packet is to be split by: tunnels, its list of packets.
        let known = old.into_raw() | GsoKind::UDP_L4.into_raw() | KEPT | FIXED_ID;
        if gso.kind.into_raw() & !known != 0 {
            return Err(TranslateError::Unsupported);
        }
        let sent = headers
            .saturating_sub(exchange.old_header_len())
            .saturating_add(exchange.header_len())
            .saturating_add(usize::from(gso.size));
        let excess = sent.saturating_sub(segment as usize);
        let mut gso = NewGso {
            kind,
            size: gso.size,
            segments: gso.segments,
        };
        // Datagrams stay as long as they are.
        if excess != 0 && exchange.protocol() == Protocol::TCP {
            let less = u16::try_from(excess).unwrap_or(u16::MAX);
            if less <= SMALLER && gso.size > less {
                gso.size = gso.size.saturating_sub(less);
                // How many there are is counted again by whoever splits it.
                gso.segments = 0;
                gso.kind |= GsoKind::DODGY.into_raw();
            }
        }
        Ok(gso)
    }

    /// Writes the new front in place of the old one, and what depends on it.
    fn exchange_front(
        &mut self,
        exchange: &Exchange,
        gso: Option<NewGso>,
    ) -> Result<(), TranslateError> {
        let no_memory = |_| TranslateError::NoMemory;
        let old_len = u32::try_from(exchange.old_len()).map_err(|_| TranslateError::Unsupported)?;
        let replaced =
            u32::try_from(exchange.replaced()).map_err(|_| TranslateError::Unsupported)?;
        let front = exchange.front();
        let front_len = front.len() as u32;
        // The link's padding.
        self.as_mut().trim(old_len).map_err(no_memory)?;
        let checksum = exchange.checksum();
        let end = checksum.map_or(0, |(at, _)| at.saturating_add(2));
        let behind = u32::try_from(end.saturating_sub(front.len()))
            .map_err(|_| TranslateError::Unsupported)?;
        // What is written over, and the checksum behind it.
        let touched = replaced.saturating_add(behind);
        self.as_mut()
            .writable(touched)
            .map_err(|_| TranslateError::NoMemory)?;
        let room = front_len.saturating_sub(replaced);
        match gso {
            // What is said of segments is kept with the data, which a clone has, too.
            Some(_) => self
                .as_mut()
                .cow(u16::try_from(room).map_err(|_| TranslateError::NoMemory)?)
                .map_err(no_memory)?,
            None => self.as_mut().cow_head(room).map_err(no_memory)?,
        }
        // Where the data will begin, and the transport header behind it.
        let place = self.headroom().saturating_add(replaced);
        if touched > self.headlen() || place >= MAX_PLACE {
            return Err(TranslateError::Unsupported);
        }

        let skb = self.as_raw();
        // SAFETY: The packet is owned, and its first `replaced` bytes are linear, as just seen. With them there
        // is room for the new front; no clone shares what is there. What a program has left is overwritten.
        let data = unsafe {
            bindings::skb_metadata_clear(skb);
            bindings::skb_pull(skb, replaced);
            bindings::skb_push(skb, front_len)
        };
        // SAFETY: `data` is the start of the `front_len` bytes that were just added.
        unsafe {
            data.cast::<u8>()
                .copy_from_nonoverlapping(front.as_ptr(), front.len())
        };
        if let Some((at, value)) = checksum {
            // SAFETY: Two bytes of the linear part, which end `behind` the new front, or in it: `touched`
            // bytes of the old packet were linear, and are not shared with a clone.
            unsafe {
                data.cast::<u8>()
                    .add(at)
                    .cast::<[u8; 2]>()
                    .write(value.to_be_bytes())
            };
        }
        if let Some(gso) = gso {
            // SAFETY: The packet is owned, and no clone shares what describes its data.
            let shared = unsafe { &mut *bindings::skb_shinfo(skb) };
            shared.gso_type = gso.kind;
            shared.gso_size = gso.size;
            shared.gso_segs = gso.segments;
        }
        if let Checksum::Complete { .. } = self.checksum() {
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_csum_none(skb) };
        }
        self.settle(exchange.version(), exchange.header_len());
        if exchange.begun() {
            let start = i32::try_from(exchange.header_len()).unwrap_or(i32::MAX);
            let offset = end.saturating_sub(2).saturating_sub(exchange.header_len());
            let partial = Checksum::Partial {
                start,
                offset: u16::try_from(offset).unwrap_or(u16::MAX),
            };
            self.as_mut().set_checksum(partial).map_err(no_memory)?;
        }
        Ok(())
    }

    /// Notes where the headers are, and of which version.
    fn settle(&mut self, version: Version, header_len: usize) {
        let ethertype = match version {
            Version::V4 => wire::ethernet::EtherType::IPV4,
            Version::V6 => wire::ethernet::EtherType::IPV6,
        };
        self.as_mut().set_protocol(ethertype.0);
        self.as_mut().reset_mac_header();
        self.as_mut().reset_network_header();
        let header_len = u32::try_from(header_len).unwrap_or(0);
        if header_len <= self.headlen() && self.headroom().saturating_add(header_len) < MAX_PLACE {
            // SAFETY: The packet is ours to change. A header of any layer may begin there.
            unsafe { bindings::skb_set_transport_header(self.as_raw(), header_len as c_int) };
        }
        // SAFETY: As above. The flow has other addresses now.
        unsafe { bindings::skb_clear_hash(self.as_raw()) };
    }

    /// Writes an ICMP error anew, with the packet that it quotes.
    #[cold]
    #[inline(never)]
    fn exchange_error<E, I>(
        &mut self,
        translator: &Translator<'_, E, I>,
        identification: u16,
    ) -> Result<(), TranslateError>
    where
        E: Deref<Target = [Mapping]>,
        I: Deref<Target = [u32]>,
    {
        self.as_mut()
            .linearize()
            .map_err(|_| TranslateError::NoMemory)?;
        let bytes = self.linear();
        let mut error6 = [0; ERROR6_LEN];
        let mut error4 = [0; ERROR4_LEN];
        let (version, header_len, written) =
            match bytes.first().and_then(|first| Version::of(*first)) {
                Some(Version::V4) => {
                    let len = translator.error_v4_to_v6(bytes, &mut error6)?;
                    (Version::V6, wire::ipv6::Header::LEN, error6.get(..len))
                }
                Some(Version::V6) => {
                    let len = translator.error_v6_to_v4(bytes, identification, &mut error4)?;
                    (Version::V4, wire::ipv4::Header::LEN, error4.get(..len))
                }
                None => return Err(TranslateError::Version),
            };
        let written = written.ok_or(TranslateError::Unsupported)?;
        let len = written.len() as u32;
        self.as_mut()
            .cow(GROWTH)
            .map_err(|_| TranslateError::NoMemory)?;
        let grow = len.saturating_sub(self.len());
        if grow > u32::from(GROWTH) || self.is_nonlinear() {
            return Err(TranslateError::Unsupported);
        }
        let skb = self.as_raw();
        // SAFETY: The packet is owned and all linear; there is as much room in front, which no clone shares.
        let data = unsafe {
            bindings::skb_metadata_clear(skb);
            bindings::skb_push(skb, grow);
            // Shortens only what is longer.
            bindings::skb_trim(skb, len);
            (*skb).data
        };
        // SAFETY: The packet is as long as `written` now, and linear.
        unsafe { data.copy_from_nonoverlapping(written.as_ptr(), written.len()) };
        // SAFETY: The packet is ours to change; its checksum is complete.
        unsafe { bindings::skb_set_csum_none(skb) };
        self.settle(version, header_len);
        Ok(())
    }
}

/// What is said of segments.
struct NewGso {
    kind: u32,
    size: u16,
    segments: u16,
}

/// Kinds of segmentation that go along with TCP and UDP of either version.
const KEPT: u32 = (bindings::SKB_GSO_TCP_ECN as u32)
    | (bindings::SKB_GSO_TCP_ACCECN as u32)
    | (bindings::SKB_GSO_DODGY as u32);

/// Of TCP over IPv4: segments that have one identification. IPv6 has none.
const FIXED_ID: u32 = bindings::SKB_GSO_TCP_FIXEDID as u32;

impl SkbRef {
    /// A packet of its own that is one fragment of this one, which was [translated](Skb::translate)
    /// (`ip6_frag_next()`). It has the mark and the priority.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]; [`EFAULT`] if the fragment is not of this packet.
    #[doc(alias = "ip6_frag_next")]
    pub fn copy_fragment<C: Context>(
        &self,
        fragment: &Fragment,
        context: C,
    ) -> Result<Skb<'static>> {
        let len = u32::try_from(fragment.len).map_err(|_| EFAULT)?;
        let offset = u32::try_from(fragment.offset).map_err(|_| EFAULT)?;
        let end = offset.checked_add(len).ok_or(EFAULT)?;
        if end > self.len() || !self.is_readable() {
            return Err(EFAULT);
        }
        let whole = len
            .checked_add(fragment.header.len() as u32)
            .ok_or(EFAULT)?;
        let mut part = Skb::new(HEADROOM, whole, context)?;
        // SAFETY: The packet is new and empty, and has room for that many bytes.
        let data = unsafe { bindings::skb_put(part.as_raw(), whole) }.cast::<u8>();
        // SAFETY: As above: the bytes are the packet's, which nobody else has.
        unsafe {
            data.copy_from_nonoverlapping(fragment.header.as_ptr(), fragment.header.len());
            data.add(fragment.header.len()).write_bytes(0, fragment.len);
        }
        // SAFETY: As above; they were just written.
        let behind = unsafe {
            core::slice::from_raw_parts_mut(data.add(fragment.header.len()), fragment.len)
        };
        if let Err(error) = self.copy_bits(offset, behind) {
            part.drop_with(DropReason::NOT_SPECIFIED, super::AnyContext);
            return Err(error);
        }
        part.settle(Version::V6, wire::ipv6::Header::LEN);
        part.as_mut().set_mark(self.mark());
        part.as_mut().set_priority(self.priority());
        Ok(part)
    }
}
