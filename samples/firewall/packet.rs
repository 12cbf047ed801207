// SPDX-License-Identifier: GPL-2.0

//! From a packet to the [`Key`] that rules are matched against.

use kernet::{
    classify,
    skb::{
        DropReason,
        SkbRef, //
    },
    wire::{
        ip::{
            self,
            Fragment,
            Protocol,
            Version, //
        },
        ipv4,
        ipv6,
        Error,
        Header,
        Layer, //
    }, //
};

use crate::rules::Key;

/// Reads the headers of an IP packet, wherever in it they are.
///
/// Ports are those of a whole packet or of a first fragment.
///
/// # Errors
///
/// The reason to drop the packet for: it is truncated, or contradicts itself.
pub(crate) fn key(skb: &SkbRef, version: Version) -> Result<Key, DropReason> {
    let packet = Packet {
        skb,
        start: u32::try_from(skb.network_offset()).map_err(|_| DropReason::HDR_TRUNC)?,
    };
    let key = match version {
        Version::V4 => packet.v4(),
        Version::V6 => packet.v6(),
    };
    key.map_err(reason)
}

/// What the kernel's own receive path names a malformed packet.
fn reason(error: Error) -> DropReason {
    match (error, error.layer()) {
        (Error::Truncated { .. }, _) => DropReason::HDR_TRUNC,
        (Error::TooMany { .. }, Layer::Ipv6Extension) => DropReason::IPV6_TOO_MANY_EXTHDRS,
        (_, Layer::Ipv6Extension) => DropReason::IPV6_BAD_EXTHDR,
        _ => DropReason::IP_INHDR,
    }
}

struct Packet<'a> {
    skb: &'a SkbRef,
    /// Where the IP header is, from `skb->data`.
    start: u32,
}

impl Packet<'_> {
    /// Bytes from the IP header on.
    fn available(&self) -> usize {
        self.skb.len().saturating_sub(self.start) as usize
    }

    /// The header `offset` bytes behind the start of the IP header.
    #[inline]
    fn header<H: Header>(&self, offset: usize) -> Result<H, Error> {
        u32::try_from(offset)
            .ok()
            .and_then(|offset| self.start.checked_add(offset))
            .and_then(|offset| self.skb.copy_header::<H>(offset))
            .ok_or_else(|| truncated(H::LAYER, size_of::<H>(), self.available(), offset))
    }

    fn v4(&self) -> Result<Key, Error> {
        let mut header: ipv4::Header = self.header(0)?;
        let available = self.available();
        if header.total_len() == 0 && available > usize::from(u16::MAX) {
            // Aggregated beyond what the field holds (BIG TCP): the length is that of the packet.
            header.set_total_len(u16::MAX);
        }
        let lengths = header.check(available)?;
        let protocol = header.protocol();
        Ok(Key::V4(classify::Key {
            source: header.source().to_bits(),
            destination: header.destination().to_bits(),
            ports: self.ports(protocol, header.fragment(), lengths.header_len(), lengths)?,
            protocol: protocol.0,
            input: 0,
            output: 0,
        }))
    }

    fn v6(&self) -> Result<Key, Error> {
        let mut header: ipv6::Header = self.header(0)?;
        let available = self.available();
        let jumbo = usize::from(u16::MAX).saturating_add(size_of::<ipv6::Header>());
        if header.payload_len() == 0 && available > jumbo {
            // As above.
            header.set_payload_len(u16::MAX);
        }
        let lengths = header.check(available)?;
        let mut walk = ipv6::Extensions::new(header.next_header());
        while let Some(offset) = walk.wanted() {
            let offset = offset.saturating_add(lengths.header_len());
            within::<ipv6::Extension>(offset, lengths)?;
            walk.step(&self.header(offset)?)?;
        }
        let upper = walk.upper();
        let offset = upper.offset.saturating_add(lengths.header_len());
        if offset > lengths.total_len() {
            return Err(truncated(
                Layer::Ipv6Extension,
                0,
                lengths.total_len(),
                offset,
            ));
        }
        Ok(Key::V6(classify::Key {
            source: header.source().to_bits(),
            destination: header.destination().to_bits(),
            ports: self.ports(upper.protocol, upper.fragment, offset, lengths)?,
            protocol: upper.protocol.0,
            input: 0,
            output: 0,
        }))
    }

    /// The ports, `offset` bytes behind the start of the IP header.
    fn ports(
        &self,
        protocol: Protocol,
        fragment: Option<Fragment>,
        offset: usize,
        lengths: ip::Lengths,
    ) -> Result<Option<(u16, u16)>, Error> {
        if !protocol.has_ports() || fragment.is_some_and(|fragment| !fragment.is_first()) {
            return Ok(None);
        }
        within::<ip::Ports>(offset, lengths)?;
        let ports: ip::Ports = self.header(offset)?;
        Ok(Some((ports.source(), ports.destination())))
    }
}

/// Checks that the header at `offset` is in the packet, and not in the link's padding.
fn within<H: Header>(offset: usize, lengths: ip::Lengths) -> Result<(), Error> {
    let end = offset.saturating_add(size_of::<H>());
    if end > lengths.total_len() {
        return Err(truncated(
            H::LAYER,
            size_of::<H>(),
            lengths.total_len(),
            offset,
        ));
    }
    Ok(())
}

/// `need` bytes at `offset` are not in the `len` bytes that there are.
#[cold]
fn truncated(layer: Layer, need: usize, len: usize, offset: usize) -> Error {
    Error::Truncated {
        layer,
        need: u32::try_from(need).unwrap_or(u32::MAX),
        have: u32::try_from(len.saturating_sub(offset)).unwrap_or(u32::MAX),
    }
}
