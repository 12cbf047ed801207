// SPDX-License-Identifier: GPL-2.0

//! From IPv6 to IPv4 (RFC 7915 section 5).

use core::ops::Deref;

use super::super::{
    checksum::{
        Pseudo,
        Sum as Total, //
    },
    icmpv6,
    ip::{
        Fragment,
        Protocol,
        Version, //
    },
    ipv4,
    ipv6,
    Error,
    Header as _,
    Layer, //
};
use super::{
    exchange::{
        transport,
        Pseudos,
        Sum,
        FRONT, //
    },
    icmp::{
        self,
        Kind, //
    },
    mtu,
    v4::ICMP_FRONT,
    Exchange,
    Mapping,
    Packet,
    Refused,
    Step,
    Translator,
    MIN_MTU4, //
};

/// What is in a packet's headers, with the parts that are used.
pub(super) struct Front6<'a> {
    pub(super) header: &'a ipv6::Header,
    /// The header with its extension headers, in octets.
    pub(super) header_len: usize,
    /// Headers and payload, in octets.
    pub(super) total_len: usize,
    pub(super) protocol: Protocol,
    pub(super) fragment: Option<Fragment>,
    /// As much of the payload as is at hand.
    pub(super) payload: &'a [u8],
}

/// Whether more headers of IPv6 follow.
const fn is_extension(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::HOP_BY_HOP
            | Protocol::ROUTING
            | Protocol::FRAGMENT
            | Protocol::DESTINATION_OPTIONS
            | Protocol::AH
            | Protocol::MOBILITY
    )
}

/// Reads the headers of a packet of which `available` octets exist.
pub(super) fn front(bytes: &[u8], available: usize) -> Result<Front6<'_>, Refused> {
    let (header, behind) = ipv6::Header::view(bytes)?;
    let lengths = header.check(available)?;
    // Nothing is in the packet behind its length.
    let behind = behind.get(..lengths.payload_len()).unwrap_or(behind);
    let truncated = |need| Error::truncated(Layer::Ipv6Extension, need, behind.len());
    let mut walk = ipv6::Extensions::new(header.next_header());
    while let Some(at) = walk.wanted() {
        let before = walk.upper().protocol;
        // RFC 7915 section 5.1: an authentication header is not passed over, but is what follows.
        if before == Protocol::AH {
            break;
        }
        let rest = behind.get(at..).ok_or_else(|| truncated(at))?;
        let (extension, _) = ipv6::Extension::view(rest)?;
        if before == Protocol::ROUTING && extension.segments_left() != 0 {
            // The fourth octet of the routing header.
            let at = at.saturating_add(ipv6::Header::LEN).saturating_add(3);
            return Err(Refused::SegmentsLeft(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        walk.step(extension)?;
        // RFC 7915 section 5.1.1: what is fragmented with more headers is dropped.
        let next = walk.upper().protocol;
        if before == Protocol::FRAGMENT && is_extension(next) {
            return Err(Refused::FragmentedHeaders(next));
        }
    }
    let upper = walk.upper();
    let payload = behind
        .get(upper.offset..)
        .ok_or_else(|| truncated(upper.offset))?;
    Ok(Front6 {
        header,
        header_len: ipv6::Header::LEN.saturating_add(upper.offset),
        total_len: lengths.total_len(),
        protocol: upper.protocol,
        fragment: upper.fragment,
        payload,
    })
}

impl Front6<'_> {
    /// The payload, of which not all may be at hand, in octets.
    pub(super) fn payload_len(&self) -> Result<usize, Refused> {
        let short = Error::truncated(Layer::Ipv6, self.header_len, self.total_len);
        Ok(self.total_len.checked_sub(self.header_len).ok_or(short)?)
    }

    /// Whether it is a part of a message: one alone with a fragment header is all of it.
    pub(super) fn is_fragment(&self) -> bool {
        self.fragment
            .is_some_and(|fragment| fragment.more || fragment.offset != 0)
    }
}

impl<E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Translator<'_, E, I> {
    /// Translates the front of an IPv6 packet, of which `bytes` are the first.
    ///
    /// They are to be all that there is, or else as many as the error asks for.
    ///
    /// # Errors
    ///
    /// As [`Translator::v4_to_v6`].
    #[inline]
    pub fn v6_to_v4(&self, bytes: &[u8], packet: &Packet) -> Result<Step, Refused> {
        let front = front(bytes, packet.len)?;
        let header = front.header;
        if front.protocol == Protocol::ICMPV6 {
            if front.is_fragment() {
                return Err(Refused::FragmentedIcmp);
            }
            let (icmp, _) = icmpv6::Header::view(front.payload)?;
            if icmp::kind6(icmp.kind())? == Kind::Error {
                return Ok(Step::IcmpError);
            }
        }
        let addresses = self.addresses_to_v4(header.source(), header.destination())?;
        let len = front.payload_len()?.saturating_add(ipv4::Header::LEN);
        let sent = packet.sent(front.total_len);
        let sent = len.saturating_sub(front.total_len.saturating_sub(sent));
        match mtu::exceeded4(sent, self.settings) {
            Some(mtu) if !packet.reassembled => return Err(Refused::TooBig(mtu)),
            _ => (),
        }
        let exchange = self.exchange_v6(&front, addresses, sent, Some(packet))?;
        Ok(Step::Exchange(exchange))
    }

    /// Exchanges the front of a packet, or of one that is quoted, of which nothing else is known. `sent` is
    /// the length of what is sent.
    pub(super) fn exchange_v6(
        &self,
        front: &Front6<'_>,
        (source, destination): (core::net::Ipv4Addr, core::net::Ipv4Addr),
        sent: usize,
        packet: Option<&Packet>,
    ) -> Result<Exchange, Refused> {
        let old = front.header;
        let protocol = match front.protocol {
            // ICMP and IGMP would be taken for what they are not.
            Protocol::ICMP | Protocol::IGMP => return Err(Refused::Protocol(front.protocol)),
            protocol => icmp::protocol_to_v4(protocol),
        };
        let payload_len = front.payload_len()?;
        let mut header = ipv4::Header::new(source, destination, protocol, payload_len)
            .map_err(|_| Refused::TooLong(u32::from(u16::MAX)))?;
        header.set_traffic_class(match self.settings.copy_class {
            true => old.traffic_class(),
            false => 0,
        });
        header.set_ttl(old.hop_limit());
        match front.fragment {
            // RFC 7915 section 5.1.1: the low 16 bits.
            Some(fragment) => {
                header.set_identification(fragment.identification as u16);
                header.set_dont_fragment(false);
                header.set_fragment(fragment.offset, fragment.more);
            }
            // RFC 7915 section 5.1: what every link of IPv6 carries may be fragmented.
            None => {
                header.set_identification(packet.map_or(0, |packet| packet.identification));
                let reassembled = packet.is_some_and(|packet| packet.reassembled);
                header.set_dont_fragment(!reassembled && sent > MIN_MTU4 as usize);
            }
        }
        header.fill_checksum(&[]);

        let has_transport =
            front.fragment.is_none_or(Fragment::is_first) && protocol != Protocol::NO_NEXT;
        let mut exchange = Exchange {
            front: [0; FRONT],
            front_len: ipv4::Header::LEN as u8,
            header_len: ipv4::Header::LEN as u8,
            replaced: front.header_len,
            old_header_len: front.header_len,
            old_len: front.total_len,
            version: Version::V4,
            protocol,
            has_transport,
            sum: Sum::Kept,
            limit: None,
        };
        let rest = header.emit(&mut exchange.front)?;
        if !has_transport {
            return Ok(exchange);
        }
        let pseudos = Pseudos {
            old: old.pseudo(),
            new: Pseudo::v4(source, destination),
        };
        if protocol == Protocol::ICMP {
            let Some(message) = front.payload.first_chunk::<ICMP_FRONT>() else {
                return match packet {
                    Some(_) => Err(Error::truncated(Layer::Icmpv6, 8, front.payload.len()).into()),
                    None => Ok(exchange),
                };
            };
            let [kind, code, high, low] = *message;
            let Kind::Echo(new) = icmp::kind6(icmpv6::Type(kind))? else {
                // RFC 7915 section 5.3: no error about an error.
                return Err(Refused::Nested);
            };
            let len = u32::try_from(payload_len).unwrap_or(u32::MAX);
            let sum = Total::new()
                .u16(!u16::from_be_bytes([high, low]))
                .u16(!u16::from_be_bytes([kind, code]))
                .u16(u16::from_be_bytes([new, code]))
                .u16(!pseudos.old.sum(Protocol::ICMPV6, len).fold())
                .checksum();
            let [high, low] = sum.to_be_bytes();
            if let Some(place) = rest.first_chunk_mut() {
                *place = [new, code, high, low];
                exchange.front_len = exchange.front_len.saturating_add(ICMP_FRONT as u8);
                exchange.replaced = exchange.replaced.saturating_add(ICMP_FRONT);
            }
            return Ok(exchange);
        }
        let partial = packet.is_some_and(|packet| packet.partial);
        let sum = transport(&pseudos, protocol, front.payload, partial, packet.is_none())?;
        // In IPv4 a checksum may be absent.
        exchange.sum = sum.unwrap_or(Sum::Kept);
        Ok(exchange)
    }
}
