// SPDX-License-Identifier: GPL-2.0

//! Tests of whole packets.

#![cfg(test)]

mod both;
mod errors;
mod from4;
mod from6;
mod shared;

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use std::{
    vec,
    vec::Vec, //
};

use super::{
    super::{
        icmp,
        icmpv6,
        ip::{
            Protocol,
            Version, //
        },
        ipv4,
        ipv6,
        tcp,
        udp,
        Header as _, //
    },
    *, //
};

pub(super) type Mappings = Table<Vec<Mapping>, Vec<u32>>;

pub(super) fn table(mappings: Vec<Mapping>) -> Mappings {
    let index = vec![0; Mappings::index_len(mappings.len())];
    Table::new(mappings, index.clone(), index, 20).unwrap()
}

pub(super) fn a4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

pub(super) fn a6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// Translates by the prefix of the tests, and by no mapping.
pub(super) fn settings() -> Settings {
    Settings {
        prefix: Some(Prefix::new(a6("2001:db8:64::"), 96).unwrap()),
        ..Settings::default()
    }
}

/// An IPv4 host and an IPv6 host of the tests, and what stands for each other's address.
pub(super) const HOST4: &str = "198.51.100.2";
pub(super) const HOST6: &str = "2001:db8:64::c000:221";
pub(super) const HOST4_IN_6: &str = "2001:db8:64::c633:6402";
pub(super) const HOST6_IN_4: &str = "192.0.2.33";

/// What a translator makes of a packet: the packets that are sent.
pub(super) fn translate(
    translator: &Translator<'_, Vec<Mapping>, Vec<u32>>,
    bytes: &[u8],
    packet: &Packet,
) -> Result<Vec<Vec<u8>>, Refused> {
    let version = bytes.first().and_then(|first| Version::of(*first));
    let step = match version {
        Some(Version::V6) => translator.v6_to_v4(bytes, packet)?,
        _ => translator.v4_to_v6(bytes, packet)?,
    };
    let exchange = match (step, version) {
        (Step::Exchange(exchange), _) => exchange,
        (Step::IcmpError, Some(Version::V6)) => {
            let mut out = [0xa5; ERROR4_LEN];
            let len = translator.error_v6_to_v4(bytes, packet.identification, &mut out)?;
            return Ok(vec![out[..len].to_vec()]);
        }
        (Step::IcmpError, _) => {
            let mut out = [0xa5; ERROR6_LEN];
            let len = translator.error_v4_to_v6(bytes, &mut out)?;
            return Ok(vec![out[..len].to_vec()]);
        }
    };
    let mut out = vec![0xa5; exchange.len()];
    exchange.apply(bytes, &mut out).unwrap();
    let Some(fragments) = exchange.fragments() else {
        return Ok(vec![out]);
    };
    Ok(fragments
        .map(|fragment| {
            let data = &out[fragment.offset..fragment.offset + fragment.len];
            [&fragment.header[..], data].concat()
        })
        .collect())
}

/// By [`settings`], or what is changed of them.
pub(super) fn by(settings: &Settings, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Refused> {
    let table = table(vec![]);
    let translator = Translator::new(&table, settings);
    translate(&translator, bytes, &Packet::new(bytes.len()))
}

/// The one packet that comes of one.
pub(super) fn one(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut packets = by(&settings(), bytes)?;
    assert_eq!(packets.len(), 1);
    Ok(packets.remove(0))
}

/// An IPv4 packet from the IPv4 host.
pub(super) fn packet4(protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    packet4_with(protocol, payload, |_| ())
}

pub(super) fn packet4_with(
    protocol: Protocol,
    payload: &[u8],
    change: impl Fn(&mut ipv4::Header),
) -> Vec<u8> {
    let mut header = ipv4::Header::new(a4(HOST4), a4(HOST6_IN_4), protocol, payload.len()).unwrap();
    header.set_dont_fragment(true);
    change(&mut header);
    header.fill_checksum(&[]);
    let mut bytes = vec![0; 20];
    header.emit(&mut bytes).unwrap();
    bytes.extend(payload);
    bytes
}

/// An IPv6 packet from the IPv6 host.
pub(super) fn packet6(protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    packet6_with(protocol, payload, |_| ())
}

pub(super) fn packet6_with(
    protocol: Protocol,
    payload: &[u8],
    change: impl Fn(&mut ipv6::Header),
) -> Vec<u8> {
    let mut header = ipv6::Header::new(a6(HOST6), a6(HOST4_IN_6), protocol, payload.len()).unwrap();
    change(&mut header);
    let mut bytes = vec![0; 40];
    header.emit(&mut bytes).unwrap();
    bytes.extend(payload);
    bytes
}

/// What is behind the IP header, its checksum right for the version and addresses in front of it.
pub(super) fn filled(mut packet: Vec<u8>) -> Vec<u8> {
    let (pseudo, protocol, at) = parts(&packet);
    let payload = &mut packet[at..];
    match protocol {
        Protocol::UDP => udp::fill_checksum(pseudo, payload).unwrap(),
        Protocol::TCP => tcp::fill_checksum(pseudo, payload).unwrap(),
        Protocol::ICMP => icmp::fill_checksum(payload).unwrap(),
        Protocol::ICMPV6 => icmpv6::fill_checksum(pseudo, payload).unwrap(),
        _ => (),
    }
    packet
}

/// All checksums of a packet are right.
pub(super) fn verify(packet: &[u8]) {
    if packet[0] >> 4 == 4 {
        let (header, options, _) = ipv4::parse(packet).unwrap();
        assert_eq!(header.verify_checksum(options), Ok(()));
    }
    let (pseudo, protocol, at) = parts(packet);
    let payload = &packet[at..];
    let verified = match protocol {
        Protocol::UDP => udp::verify_checksum(pseudo, payload),
        Protocol::TCP => tcp::verify_checksum(pseudo, payload),
        Protocol::ICMP => icmp::verify_checksum(payload),
        Protocol::ICMPV6 => icmpv6::verify_checksum(pseudo, payload),
        _ => Ok(()),
    };
    assert_eq!(verified, Ok(()));
}

fn parts(packet: &[u8]) -> (super::super::checksum::Pseudo, Protocol, usize) {
    if packet[0] >> 4 == 4 {
        let (header, options, _) = ipv4::parse(packet).unwrap();
        (header.pseudo(), header.protocol(), 20 + options.len())
    } else {
        let (header, payload) = ipv6::parse(packet).unwrap();
        let upper = ipv6::extensions(payload, header.next_header()).unwrap();
        (header.pseudo(), upper.protocol, 40 + upper.offset)
    }
}

/// A UDP datagram without checksum.
pub(super) fn datagram(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    let header = udp::Header::new(2000, 4000, data.len()).unwrap();
    header.emit(&mut bytes).unwrap();
    bytes.extend(data);
    bytes
}

/// An echo request of a version.
pub(super) fn echo(version: Version, data: &[u8]) -> Vec<u8> {
    let kind = match version {
        Version::V4 => 8,
        Version::V6 => 128,
    };
    let mut bytes = vec![kind, 0, 0, 0, 0x12, 0x34, 0, 1];
    bytes.extend(data);
    bytes
}
