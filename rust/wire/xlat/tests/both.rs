// SPDX-License-Identifier: GPL-2.0

//! There and back again, hosts that have mappings both, and any bytes.

#![cfg(test)]

use super::{
    super::super::testing::Random,
    *, //
};

/// Sends a packet back to where it came from, by the prefix.
fn and_back(translated: &[u8]) -> Vec<u8> {
    one(translated).unwrap()
}

/// RFC 7915 changes of an IPv4 packet without options, which must not be fragmented and is longer than
/// every link of IPv6 carries, or is a fragment, only the identification.
#[test]
fn from_v4_and_back() {
    let mut random = Random::new(4);
    for round in 0..3000 {
        let protocol = [Protocol::UDP, Protocol::TCP, Protocol::ICMP, Protocol::ESP][round % 4];
        let is_fragment = protocol != Protocol::ICMP && random.below(3) == 0;
        let len = if is_fragment {
            random.below(100) * 8 + 24
        } else {
            1241 + random.below(5000)
        };
        let mut payload = random.bytes(len);
        match protocol {
            Protocol::ICMP => payload[..2].copy_from_slice(&[8, 0]),
            Protocol::UDP => payload[4..6].copy_from_slice(&(len as u16).to_be_bytes()),
            Protocol::TCP => payload[12] = 0x50,
            _ => (),
        }
        let class = random.next() as u8;
        let (offset, identification) = (random.below(100) as u16 * 8, random.next() as u16);
        let packet = packet4_with(protocol, &payload, |header| {
            header.set_traffic_class(class);
            if is_fragment {
                header.set_dont_fragment(false);
                header.set_fragment(offset, offset != 8);
                header.set_identification(identification);
            }
        });
        let packet = if is_fragment { packet } else { filled(packet) };
        // A checksum of zero says that there is none.
        if protocol == Protocol::UDP && packet[26..28] == [0, 0] {
            continue;
        }
        let there = one(&packet).unwrap();
        if !is_fragment {
            verify(&there);
        }
        let back = and_back(&there);
        // Zero and 0xffff are the same in a checksum of ICMP and TCP.
        if back != packet {
            let at = match protocol {
                Protocol::TCP => 36,
                Protocol::UDP => 26,
                _ => 22,
            };
            assert_eq!(back[..at], packet[..at], "{protocol} {len}");
            assert_eq!(back[at + 2..], packet[at + 2..], "{protocol} {len}");
            let sums = [&back, &packet].map(|bytes| u16::from_be_bytes([bytes[at], bytes[at + 1]]));
            assert!(sums.iter().all(|sum| [0, 0xffff].contains(sum)), "{sums:?}");
        }
    }
}

/// Of an IPv6 packet without extension headers the flow label is lost.
#[test]
fn from_v6_and_back() {
    let mut random = Random::new(6);
    for round in 0..3000 {
        let protocol = [
            Protocol::UDP,
            Protocol::TCP,
            Protocol::ICMPV6,
            Protocol::ESP,
        ][round % 4];
        let len = 20 + random.below(1400);
        let mut payload = random.bytes(len);
        match protocol {
            Protocol::ICMPV6 => payload[..2].copy_from_slice(&[129, 0]),
            Protocol::UDP => payload[4..6].copy_from_slice(&(len as u16).to_be_bytes()),
            Protocol::TCP => payload[12] = 0x50,
            _ => (),
        }
        let class = random.next() as u8;
        let packet = filled(packet6_with(protocol, &payload, |header| {
            header.set_traffic_class(class)
        }));
        let there = one(&packet).unwrap();
        verify(&there);
        assert_eq!(and_back(&there), packet, "{protocol} {len}");
    }
}

/// A host in IPv4 and one in IPv6 that both have mappings, and two in IPv6.
#[test]
fn hosts_with_mappings() {
    let settings = settings();
    let first = Mapping::new(a4("192.0.2.1"), 32, a6("2001:db8:aaaa::1"), 128).unwrap();
    let second = Mapping::new(a4("192.0.2.2"), 32, a6("2001:db8:bbbb::1"), 128).unwrap();
    let table = table(vec![first, second]);
    let translator = Translator::new(&table, &settings);
    let go = |bytes: &[u8]| {
        translate(&translator, bytes, &Packet::new(bytes.len()))
            .map(|mut packets| packets.remove(0))
    };
    // RFC 7757 section 4: the first host knows the second one by the prefix.
    let packet = filled(packet6_with(Protocol::UDP, &datagram(b"siit"), |header| {
        header.set_source(a6("2001:db8:aaaa::1"));
        header.set_destination(a6("2001:db8:64::c000:202"));
    }));
    let between = go(&packet).unwrap();
    let header = ipv4::parse(&between).unwrap().0;
    assert_eq!(header.source(), a4("192.0.2.1"));
    assert_eq!(header.destination(), a4("192.0.2.2"));
    let arrived = go(&between).unwrap();
    verify(&arrived);
    let header = ipv6::parse(&arrived).unwrap().0;
    assert_eq!(header.source(), a6("2001:db8:64::c000:201"));
    assert_eq!(header.destination(), a6("2001:db8:bbbb::1"));
    // The second one's error about it reaches the first, who finds what he has sent in it.
    let message = [&[1, 4, 0, 0, 0, 0, 0, 0][..], &arrived].concat();
    let error = filled(packet6_with(Protocol::ICMPV6, &message, |header| {
        header.set_source(a6("2001:db8:bbbb::1"));
        header.set_destination(a6("2001:db8:64::c000:201"));
    }));
    let told = go(&go(&error).unwrap()).unwrap();
    verify(&told);
    let header = ipv6::parse(&told).unwrap().0;
    // Who tells is not changed for that: it may be any router.
    assert_eq!(header.source(), a6("2001:db8:bbbb::1"));
    assert_eq!(header.destination(), a6("2001:db8:aaaa::1"));
    assert_eq!(told[48..], packet);

    // Without, each knows the other one by his own address.
    let settings = Settings {
        hairpinning: false,
        ..settings
    };
    let translator = Translator::new(&table, &settings);
    let arrived = translate(&translator, &between, &Packet::new(between.len())).unwrap();
    let header = ipv6::parse(&arrived[0]).unwrap().0;
    assert_eq!(header.source(), a6("2001:db8:aaaa::1"));
}

/// Any bytes are translated to a packet whose lengths are right, or are refused, and what is refused has
/// a field, a rule and a text.
#[test]
fn any_bytes() {
    let mut random = Random::new(7915);
    let good = [
        filled(packet4(Protocol::UDP, &datagram(b"0123456789"))),
        filled(packet4(Protocol::TCP, &[7; 40])),
        filled(packet4(Protocol::ICMP, &echo(Version::V4, b"0123"))),
        filled(packet6(Protocol::UDP, &datagram(b"0123456789"))),
        filled(packet6(Protocol::ICMPV6, &echo(Version::V6, b"0123"))),
    ];
    let (mut translated, mut refused) = (0, 0);
    for round in 0..30_000 {
        let mut bytes = if round % 3 == 0 {
            let len = random.below(120);
            random.bytes(len)
        } else {
            good[random.below(good.len())].clone()
        };
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len().max(1));
            if let Some(octet) = bytes.get_mut(at) {
                *octet = random.next() as u8;
            }
        }
        if random.below(2) == 0 && bytes.len() >= 20 && bytes[0] == 0x45 {
            let mut header = *ipv4::Header::view(&bytes).unwrap().0;
            header.fill_checksum(&[]);
            header.emit(&mut bytes).unwrap();
        }
        match by(&settings(), &bytes) {
            Ok(packets) => {
                translated += 1;
                for packet in packets {
                    let parsed = match packet[0] >> 4 {
                        4 => ipv4::parse(&packet).map(|_| packet[20..].len()),
                        _ => ipv6::parse(&packet).map(|(_, payload)| payload.len()),
                    };
                    assert_eq!(
                        parsed,
                        Ok(packet.len() - if packet[0] >> 4 == 4 { 20 } else { 40 })
                    );
                }
            }
            Err(error) => {
                refused += 1;
                let text = std::format!("{error}");
                assert!(
                    text.contains(error.field()) && text.contains(error.rule()),
                    "{text}"
                );
            }
        }
    }
    assert!(
        translated > 1000 && refused > 1000,
        "{translated} {refused}"
    );
}

/// What was reassembled may be fragmented again, whatever its fragments said.
#[test]
fn reassembled() {
    let (table, settings) = (table(vec![]), settings());
    let translator = Translator::new(&table, &settings);
    let data = vec![7; 3000];
    let sent = filled(packet4(Protocol::ICMP, &echo(Version::V4, &data)));
    let mut known = Packet::new(sent.len());
    assert_eq!(translate(&translator, &sent, &known).unwrap().len(), 1);
    known.reassembled = true;
    assert_eq!(translate(&translator, &sent, &known).unwrap().len(), 3);

    let sent = filled(packet6(Protocol::ICMPV6, &echo(Version::V6, &data)));
    let mut known = Packet::new(sent.len());
    for (reassembled, dont_fragment) in [(false, true), (true, false)] {
        known.reassembled = reassembled;
        let packets = translate(&translator, &sent, &known).unwrap();
        verify(&packets[0]);
        let header = ipv4::parse(&packets[0]).unwrap().0;
        assert_eq!(header.dont_fragment(), dont_fragment);
    }
}
