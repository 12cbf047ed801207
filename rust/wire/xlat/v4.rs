// SPDX-License-Identifier: GPL-2.0

//! From IPv4 to IPv6 (RFC 7915 section 4).

use core::ops::Deref;

use super::super::{
    checksum::{
        Pseudo,
        Sum as Total, //
    },
    icmp as icmp4,
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
        begin,
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
    Exchange,
    Mapping,
    Packet,
    Refused,
    Step,
    Translator,
    ZeroChecksum, //
};

/// Options of a source route (RFC 791 section 3.1): loose and strict.
const SOURCE_ROUTES: [u8; 2] = [131, 137];

/// The octets of an ICMP header that are exchanged: type, code, checksum.
pub(super) const ICMP_FRONT: usize = 4;

/// Whether options have a source route that has not ended.
fn source_route(options: &[u8]) -> Option<u8> {
    // RFC 791: the pointer is that of an octet of the option, counted from 1; behind its end there is
    // nothing left to route by. Other options are ignored, and so are those that are none.
    ipv4::options(options)
        .map_while(Result::ok)
        .find(|option| {
            SOURCE_ROUTES.contains(&option.kind)
                && option
                    .data
                    .first()
                    .is_some_and(|at| usize::from(*at) <= option.data.len().saturating_add(2))
        })
        .map(|option| option.kind)
}

/// What is in a packet's header, with the parts that are used.
pub(super) struct Front4<'a> {
    pub(super) header: &'a ipv4::Header,
    /// The header with its options, in octets.
    pub(super) header_len: usize,
    /// Header and payload, in octets.
    pub(super) total_len: usize,
    /// As much of the payload as is at hand.
    pub(super) payload: &'a [u8],
}

/// Reads a header of a packet of which `available` octets exist.
pub(super) fn front(bytes: &[u8], available: usize) -> Result<Front4<'_>, Refused> {
    let (header, _) = ipv4::Header::view(bytes)?;
    let lengths = header.check(available)?;
    let (header_len, total_len) = (lengths.header_len(), lengths.total_len());
    let truncated = Error::truncated(Layer::Ipv4, header_len, bytes.len());
    let payload = bytes.get(header_len..).ok_or(truncated)?;
    let payload = payload.get(..lengths.payload_len()).unwrap_or(payload);
    Ok(Front4 {
        header,
        header_len,
        total_len,
        payload,
    })
}

impl Front4<'_> {
    /// Checks what only a packet has to be, not one that is quoted.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refused> {
        let options = bytes
            .get(ipv4::Header::LEN..self.header_len)
            .unwrap_or_default();
        self.header.verify_checksum(options)?;
        // RFC 7915 section 4.1: with a source route the packet is discarded.
        match source_route(options) {
            Some(kind) => Err(Refused::SourceRoute(kind)),
            None => Ok(()),
        }
    }
}

impl<E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Translator<'_, E, I> {
    /// Translates the front of an IPv4 packet, of which `bytes` are the first.
    ///
    /// They are to be all that there is, or else as many as the error asks for.
    ///
    /// # Errors
    ///
    /// Why it is not translated. With [`Error::Truncated`] it may be that `bytes` are too few, of a packet
    /// that has more.
    #[inline]
    pub fn v4_to_v6(&self, bytes: &[u8], packet: &Packet) -> Result<Step, Refused> {
        let front = front(bytes, packet.len)?;
        front.check(bytes)?;
        let header = front.header;
        let fragment = header.fragment();
        if header.protocol() == Protocol::ICMP && fragment.is_none() {
            let (icmp, _) = icmp4::Header::view(front.payload)?;
            if icmp::kind4(icmp.kind())? == Kind::Error {
                return Ok(Step::IcmpError);
            }
        }
        let addresses = self.addresses_to_v6(header.source(), header.destination())?;

        let payload_len = front.total_len.saturating_sub(front.header_len);
        let extension = |fragments| if fragments { ipv6::Extension::LEN } else { 0 };
        let len = ipv6::Header::LEN
            .saturating_add(extension(fragment.is_some()))
            .saturating_add(payload_len);
        // What is split later is longer by as much as the whole.
        let sent = packet.sent(front.total_len);
        let sent = len.saturating_sub(front.total_len.saturating_sub(sent));
        let mut limit = None;
        if header.dont_fragment() && !packet.reassembled {
            // RFC 7915 section 4.1: "fragmentation needed" for what the next hop does not take.
            let more = if fragment.is_some() { 8 } else { 0 };
            if let Some(mtu) = mtu::exceeded6(sent, more, self.settings) {
                return Err(Refused::TooBig(mtu));
            }
        } else if sent > mtu::fragment_limit(self.settings) as usize {
            limit = Some(mtu::fragment_limit(self.settings));
        }
        // RFC 7915 section 4.1.
        let fragment = fragment.or(limit.map(|_| Fragment {
            identification: u32::from(header.identification()),
            offset: 0,
            more: false,
        }));
        let whole = limit.is_some() && header.fragment().is_none();
        let mut exchange = self.exchange_v4(&front, addresses, fragment, whole, Some(packet))?;
        exchange.limit = limit;
        Ok(Step::Exchange(exchange))
    }

    /// Exchanges the front of a packet, or of one that is quoted, of which nothing else is known. `whole`
    /// says that what has a fragment header is no fragment yet.
    pub(super) fn exchange_v4(
        &self,
        front: &Front4<'_>,
        (source, destination): (core::net::Ipv6Addr, core::net::Ipv6Addr),
        fragment: Option<Fragment>,
        whole: bool,
        packet: Option<&Packet>,
    ) -> Result<Exchange, Refused> {
        let old = front.header;
        // RFC 7915 section 4.1, "Next Header". IGMP is of one link (section 4.2), and the others would be
        // taken for what they are not.
        let protocol = match old.protocol() {
            Protocol::IGMP
            | Protocol::ICMPV6
            | Protocol::HOP_BY_HOP
            | Protocol::ROUTING
            | Protocol::FRAGMENT
            | Protocol::DESTINATION_OPTIONS => return Err(Refused::Protocol(old.protocol())),
            protocol => icmp::protocol_to_v6(protocol),
        };
        let payload_len = front.total_len.saturating_sub(front.header_len);
        let extension_len = match fragment {
            Some(_) => ipv6::Extension::LEN,
            None => 0,
        };
        let next = match fragment {
            Some(_) => Protocol::FRAGMENT,
            None => protocol,
        };
        let behind = payload_len.saturating_add(extension_len);
        let mut header = ipv6::Header::new(source, destination, next, behind)?;
        if self.settings.copy_class {
            header.set_traffic_class(old.traffic_class());
        }
        header.set_hop_limit(old.ttl());

        let header_len = ipv6::Header::LEN.saturating_add(extension_len);
        let has_transport = fragment.is_none_or(Fragment::is_first);
        let mut exchange = Exchange {
            front: [0; FRONT],
            front_len: header_len as u8,
            header_len: header_len as u8,
            replaced: front.header_len,
            old_header_len: front.header_len,
            old_len: front.total_len,
            version: Version::V6,
            protocol,
            has_transport,
            sum: Sum::Kept,
            limit: None,
        };
        let rest = header.emit(&mut exchange.front)?;
        let rest = match fragment {
            Some(fragment) => ipv6::Extension::fragment_header(protocol, fragment).emit(rest)?,
            None => rest,
        };
        if !has_transport {
            return match (packet, protocol) {
                (Some(_), Protocol::ICMPV6) => Err(Refused::FragmentedIcmp),
                _ => Ok(exchange),
            };
        }

        let pseudos = Pseudos {
            old: old.pseudo(),
            new: Pseudo::v6(source, destination),
        };
        if protocol == Protocol::ICMPV6 {
            if packet.is_some() && fragment.is_some() && !whole {
                return Err(Refused::FragmentedIcmp);
            }
            let Some(message) = front.payload.first_chunk::<ICMP_FRONT>() else {
                return match packet {
                    Some(_) => Err(Error::truncated(Layer::Icmp, 8, front.payload.len()).into()),
                    None => Ok(exchange),
                };
            };
            let [kind, code, high, low] = *message;
            let Kind::Echo(new) = icmp::kind4(icmp4::Type(kind))? else {
                // RFC 7915 section 4.3: no error about an error.
                return Err(Refused::Nested);
            };
            // RFC 4443 section 2.3: the pseudo header is covered, which it is not in ICMP.
            let len = u32::try_from(payload_len).unwrap_or(u32::MAX);
            let sum = Total::new()
                .u16(!u16::from_be_bytes([high, low]))
                .u16(!u16::from_be_bytes([kind, code]))
                .u16(u16::from_be_bytes([new, code]))
                .u16(pseudos.new.sum(Protocol::ICMPV6, len).fold())
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
        exchange.sum = match (sum, packet) {
            (Some(sum), _) => sum,
            // A quoted packet is not received.
            (None, None) => Sum::Kept,
            // RFC 7915 section 4.5: never for a fragment.
            (None, Some(_)) => match self.settings.zero_checksum {
                ZeroChecksum::Compute if fragment.is_none() || whole => {
                    begin(&pseudos, front.payload, payload_len)?
                }
                _ => return Err(Refused::NoChecksum),
            },
        };
        Ok(exchange)
    }
}
