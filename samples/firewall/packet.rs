// SPDX-License-Identifier: GPL-2.0

//! From a packet to the [`Key`] that rules are matched against.

use kernet::{
    classify,
    skb::SkbRef,
    wire::{
        icmp,
        ip::{
            self,
            Fragment,
            Protocol,
            Version, //
        },
        ipv4,
        ipv6,
        tcp,
        Error,
        Header,
        Layer, //
    }, //
};

use crate::rules::{
    Key,
    Meta, //
};

/// Reads the headers of an IP packet, wherever in it they are.
///
/// Ports are those of a whole packet or of a first fragment; of an ICMP message they are its type and its
/// code. `None` if the packet is malformed: it is truncated, or contradicts itself.
pub(crate) fn key(skb: &SkbRef, version: Version) -> Option<Key> {
    let packet = Packet::new(skb)?;
    match version {
        Version::V4 => packet.v4().ok(),
        Version::V6 => packet.v6().ok(),
    }
}

/// What can be read of a packet that is malformed, so that only rules that look at no more match.
///
/// It has no ports. Its protocol is 0 if it is of IPv6 and what is behind the extension headers cannot be
/// found: no other packet has that, as hop-by-hop options are an extension header. The kernel does not
/// have packets without addresses filtered; of one that has none they are 0.
#[cold]
#[inline(never)]
pub(crate) fn readable(skb: &SkbRef, version: Version) -> Key {
    let packet = Packet::new(skb);
    match version {
        Version::V4 => {
            let header = packet.and_then(|packet| packet.header::<ipv4::Header>(0).ok());
            let (source, destination, protocol) = header.map_or((0, 0, 0), |header| {
                (
                    header.source().to_bits(),
                    header.destination().to_bits(),
                    header.protocol().0,
                )
            });
            Key::V4(without_ports(source, destination, protocol))
        }
        Version::V6 => {
            let read = packet.and_then(|packet| {
                let header = packet.header::<ipv6::Header>(0).ok()?;
                let upper = packet.upper(&header, packet.available());
                Some((header, upper.map_or(0, |(upper, _)| upper.protocol.0)))
            });
            let (source, destination, protocol) = read.map_or((0, 0, 0), |(header, protocol)| {
                (
                    header.source().to_bits(),
                    header.destination().to_bits(),
                    protocol,
                )
            });
            Key::V6(without_ports(source, destination, protocol))
        }
    }
}

/// What few rules look at: it can be read of every packet that has an IP header, also of one that is malformed.
#[inline(never)]
pub(crate) fn meta(skb: &SkbRef, version: Version) -> Meta {
    let mut meta = Meta {
        mark: skb.mark(),
        ..Meta::NONE
    };
    let Some(packet) = Packet::new(skb) else {
        return meta;
    };
    meta.length = u32::try_from(packet.available()).unwrap_or(u32::MAX);
    let read = match version {
        Version::V4 => packet
            .header(0)
            .map(|header: ipv4::Header| (header.ttl(), header.dscp())),
        Version::V6 => packet
            .header(0)
            .map(|header: ipv6::Header| (header.hop_limit(), header.dscp())),
    };
    if let Ok((hop_limit, dscp)) = read {
        (meta.hop_limit, meta.dscp) = (hop_limit, dscp);
    }
    meta
}

/// A fragment of TCP by which its flags get past rules that look at them.
pub(crate) struct HidesFlags;

/// The control bits of a TCP header that is whole, of a whole packet or of a first fragment.
///
/// # Errors
///
/// [`HidesFlags`] of a first fragment that has a part of the header, as a later one has the flags then; and of
/// a later one that has the flags, which some receivers take for those of the first.
pub(crate) fn tcp_flags(skb: &SkbRef, version: Version) -> Result<Option<u8>, HidesFlags> {
    Packet::new(skb).map_or(Ok(None), |packet| packet.tcp_flags(version))
}

/// Where in a TCP header a fragment begins that has the flags, but not the beginning: no other multiple of 8
/// is before them.
const BEFORE_FLAGS: u16 = 8;

fn without_ports<A>(source: A, destination: A, protocol: u8) -> classify::Key<A> {
    classify::Key {
        source,
        destination,
        ports: None,
        protocol,
        input: 0,
        output: 0,
    }
}

struct Packet<'a> {
    skb: &'a SkbRef,
    /// Where the IP header is, from `skb->data`.
    start: u32,
}

impl<'a> Packet<'a> {
    fn new(skb: &'a SkbRef) -> Option<Self> {
        Some(Self {
            skb,
            start: u32::try_from(skb.network_offset()).ok()?,
        })
    }

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

    /// The header of IPv4, and how long it and the packet are.
    #[inline]
    fn ipv4(&self) -> Result<(ipv4::Header, ip::Lengths), Error> {
        let mut header: ipv4::Header = self.header(0)?;
        let available = self.available();
        if header.total_len() == 0 && available > usize::from(u16::MAX) {
            // Aggregated beyond what the field holds (BIG TCP): the length is that of the packet.
            header.set_total_len(u16::MAX);
        }
        let lengths = header.check(available)?;
        Ok((header, lengths))
    }

    fn v4(&self) -> Result<Key, Error> {
        let (header, lengths) = self.ipv4()?;
        let protocol = header.protocol();
        Ok(Key::V4(classify::Key {
            source: header.source().to_bits(),
            destination: header.destination().to_bits(),
            ports: self.ports(
                Protocol::ICMP,
                protocol,
                header.fragment(),
                (lengths.header_len(), lengths.total_len()),
            )?,
            protocol: protocol.0,
            input: 0,
            output: 0,
        }))
    }

    /// The header of IPv6, and how long the packet is.
    #[inline]
    fn ipv6(&self) -> Result<(ipv6::Header, usize), Error> {
        let mut header: ipv6::Header = self.header(0)?;
        let available = self.available();
        let jumbo = usize::from(u16::MAX).saturating_add(size_of::<ipv6::Header>());
        if header.payload_len() == 0 && available > jumbo {
            // As above.
            header.set_payload_len(u16::MAX);
        }
        let lengths = header.check(available)?;
        Ok((header, lengths.total_len()))
    }

    fn v6(&self) -> Result<Key, Error> {
        let (header, total_len) = self.ipv6()?;
        let (upper, offset) = self.upper(&header, total_len)?;
        Ok(Key::V6(classify::Key {
            source: header.source().to_bits(),
            destination: header.destination().to_bits(),
            ports: self.ports(
                Protocol::ICMPV6,
                upper.protocol,
                upper.fragment,
                (offset, total_len),
            )?,
            protocol: upper.protocol.0,
            input: 0,
            output: 0,
        }))
    }

    /// What is behind the extension headers of a packet of `total_len` bytes, and how many bytes behind
    /// the start of the IP header.
    #[inline]
    fn upper(
        &self,
        header: &ipv6::Header,
        total_len: usize,
    ) -> Result<(ipv6::Upper, usize), Error> {
        let mut walk = ipv6::Extensions::new(header.next_header());
        while let Some(offset) = walk.wanted() {
            let offset = offset.saturating_add(size_of::<ipv6::Header>());
            within::<ipv6::Extension>(offset, total_len)?;
            walk.step(&self.header(offset)?)?;
        }
        let upper = walk.upper();
        let offset = upper.offset.saturating_add(size_of::<ipv6::Header>());
        if offset > total_len {
            return Err(truncated(Layer::Ipv6Extension, 0, total_len, offset));
        }
        Ok((upper, offset))
    }

    /// The ports, `offset` bytes behind the start of the IP header of a packet of `total_len` bytes; or what
    /// a message of `messages` is.
    fn ports(
        &self,
        messages: Protocol,
        protocol: Protocol,
        fragment: Option<Fragment>,
        (offset, total_len): (usize, usize),
    ) -> Result<Option<(u16, u16)>, Error> {
        if fragment.is_some_and(|fragment| !fragment.is_first()) {
            return Ok(None);
        }
        if protocol.has_ports() {
            within::<ip::Ports>(offset, total_len)?;
            let ports: ip::Ports = self.header(offset)?;
            return Ok(Some((ports.source(), ports.destination())));
        }
        if protocol != messages {
            return Ok(None);
        }
        // Those of ICMPv6 begin the same way.
        within::<icmp::Header>(offset, total_len)?;
        let header: icmp::Header = self.header(offset)?;
        Ok(Some((header.kind().0.into(), header.code().into())))
    }

    /// What is behind the IP header and its options or extension headers: its protocol, what fragment it is
    /// of, how many bytes behind the start of the IP header it is, and how long the packet is.
    fn payload(
        &self,
        version: Version,
    ) -> Result<(Protocol, Option<Fragment>, usize, usize), Error> {
        match version {
            Version::V4 => {
                let (header, lengths) = self.ipv4()?;
                let (offset, total_len) = (lengths.header_len(), lengths.total_len());
                Ok((header.protocol(), header.fragment(), offset, total_len))
            }
            Version::V6 => {
                let (header, total_len) = self.ipv6()?;
                let (upper, offset) = self.upper(&header, total_len)?;
                Ok((upper.protocol, upper.fragment, offset, total_len))
            }
        }
    }

    /// The control bits of TCP.
    fn tcp_flags(&self, version: Version) -> Result<Option<u8>, HidesFlags> {
        let Ok((Protocol::TCP, fragment, offset, total_len)) = self.payload(version) else {
            return Ok(None);
        };
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_first()) {
            return match fragment.offset {
                BEFORE_FLAGS => Err(HidesFlags),
                _ => Ok(None),
            };
        }
        let header = within::<tcp::Header>(offset, total_len)
            .and_then(|()| self.header::<tcp::Header>(offset));
        match (header, fragment) {
            (Ok(header), _) => {
                let [_, flags] = header.flags().0.to_be_bytes();
                Ok(Some(flags))
            }
            (Err(_), Some(_)) => Err(HidesFlags),
            // Nobody takes it for TCP.
            (Err(_), None) => Ok(None),
        }
    }
}

/// Checks that the header at `offset` is in the packet, and not in the link's padding.
fn within<H: Header>(offset: usize, total_len: usize) -> Result<(), Error> {
    let end = offset.saturating_add(size_of::<H>());
    if end > total_len {
        return Err(truncated(H::LAYER, size_of::<H>(), total_len, offset));
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
