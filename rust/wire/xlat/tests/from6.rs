// SPDX-License-Identifier: GPL-2.0

//! From IPv6 to IPv4, but for ICMP errors.

#![cfg(test)]

use super::{
    super::super::{
        ip,
        Error, //
    },
    *, //
};

/// An extension header of eight octets in front of a payload.
fn extension(next: Protocol, rest: [u8; 6], payload: &[u8]) -> Vec<u8> {
    [&[next.0, 0][..], &rest, payload].concat()
}

fn fragment(next: Protocol, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let fragment = ip::Fragment {
        identification: 0x8765_4321,
        offset,
        more,
    };
    let mut bytes = vec![0; 8];
    let header = ipv6::Extension::fragment_header(next, fragment);
    header.emit(&mut bytes).unwrap();
    bytes.extend(payload);
    bytes
}

#[test]
fn header() {
    let bytes = filled(packet6_with(Protocol::UDP, &datagram(b"siit"), |header| {
        header.set_traffic_class(0xb9);
        header.set_flow_label(0x12345);
        header.set_hop_limit(17);
    }));
    let table = table(vec![]);
    let settings = settings();
    let mut packet = Packet::new(bytes.len());
    packet.identification = 0xabcd;
    let translator = Translator::new(&table, &settings);
    let packet = &translate(&translator, &bytes, &packet).unwrap()[0];
    let (header, options, payload) = ipv4::parse(packet).unwrap();
    assert!(options.is_empty());
    assert_eq!((header.traffic_class(), header.ttl()), (0xb9, 17));
    assert_eq!(header.identification(), 0xabcd);
    assert_eq!(header.fragment(), None);
    assert_eq!(header.source(), a4(HOST6_IN_4));
    assert_eq!(header.destination(), a4(HOST4));
    assert_eq!(&payload[8..], b"siit");
    verify(packet);
}

#[test]
fn dont_fragment_by_length() {
    for (len, dont_fragment) in [(1240, false), (1241, true), (1460, true)] {
        let packet = one(&packet6(Protocol::ESP, &vec![0; len])).unwrap();
        let header = ipv4::parse(&packet).unwrap().0;
        assert_eq!(header.dont_fragment(), dont_fragment, "{len}");
    }
    // Of what was merged it is the segments' length that counts.
    let mut bytes = packet6(Protocol::TCP, &[0; 40000]);
    bytes[52] = 0x50;
    let (table, settings) = (table(vec![]), settings());
    for (segment, dont_fragment) in [(1280, false), (1281, true)] {
        let mut packet = Packet::new(bytes.len());
        packet.segment = Some(segment);
        let translator = Translator::new(&table, &settings);
        let packets = translate(&translator, &bytes, &packet).unwrap();
        let header = ipv4::parse(&packets[0]).unwrap().0;
        assert_eq!(header.dont_fragment(), dont_fragment, "{segment}");
    }
}

#[test]
fn fragments() {
    for (offset, more) in [(0, false), (0, true), (1232, true), (2464, false)] {
        let bytes = packet6(
            Protocol::FRAGMENT,
            &fragment(Protocol::TCP, offset, more, &[7; 64]),
        );
        let packet = one(&bytes).unwrap();
        let (header, _, payload) = ipv4::parse(&packet).unwrap();
        assert_eq!(header.protocol(), Protocol::TCP);
        assert_eq!(header.identification(), 0x4321);
        assert!(!header.dont_fragment());
        assert_eq!(
            (header.fragment_offset(), header.more_fragments()),
            (offset, more)
        );
        let changed = payload.iter().filter(|octet| **octet != 7).count();
        assert_eq!(changed != 0, offset == 0);
    }
}

#[test]
fn extension_headers_are_passed_over() {
    let chain = extension(Protocol::UDP, [1, 4, 0, 0, 0, 0], &datagram(b"siit"));
    let chain = extension(
        Protocol::ROUTING,
        [1, 4, 0, 0, 0, 0],
        &extension(Protocol::DESTINATION_OPTIONS, [0, 0, 0, 0, 0, 0], &chain),
    );
    let bytes = filled(packet6(Protocol::HOP_BY_HOP, &chain));
    let packet = one(&bytes).unwrap();
    assert_eq!(packet.len(), 20 + 12);
    assert_eq!(packet[9], 17);
    verify(&packet);
}

#[test]
fn segments_left() {
    let payload = extension(Protocol::UDP, [0, 1, 0, 0, 0, 0], &datagram(b"siit"));
    let refused = one(&packet6(Protocol::ROUTING, &payload)).unwrap_err();
    assert_eq!(refused, Refused::SegmentsLeft(43));
    let behind = extension(Protocol::ROUTING, [1, 4, 0, 0, 0, 0], &payload);
    let refused = one(&packet6(Protocol::HOP_BY_HOP, &behind)).unwrap_err();
    assert_eq!(refused, Refused::SegmentsLeft(51));
    let problem = Answer::V6(icmpv6::Type::PARAMETER_PROBLEM, 0, 51);
    assert_eq!(refused.answer(Version::V6), Some(problem));
}

#[test]
fn headers_behind_a_fragment_header() {
    for next in [0, 43, 44, 51, 60, 135].map(Protocol) {
        let bytes = packet6(Protocol::FRAGMENT, &fragment(next, 0, true, &[0; 40]));
        let refused = one(&bytes).unwrap_err();
        assert_eq!(refused, Refused::FragmentedHeaders(next));
        let prohibited = Answer::V6(icmpv6::Type::DESTINATION_UNREACHABLE, 1, 0);
        assert_eq!(refused.answer(Version::V6), Some(prohibited));
    }
    let bytes = packet6(
        Protocol::FRAGMENT,
        &fragment(Protocol::ESP, 0, true, &[0; 40]),
    );
    assert!(one(&bytes).is_ok());
}

#[test]
fn authentication_header_is_copied() {
    let packet = one(&packet6(Protocol::AH, &[7; 24])).unwrap();
    assert_eq!((packet[9], &packet[20..]), (51, &[7; 24][..]));
}

#[test]
fn nothing_follows() {
    let packet = one(&packet6(Protocol::NO_NEXT, &[])).unwrap();
    assert_eq!((packet[9], packet.len()), (59, 20));
}

#[test]
fn chains_end() {
    let mut payload = datagram(b"siit");
    for _ in 0..9 {
        payload = extension(Protocol::DESTINATION_OPTIONS, [1, 4, 0, 0, 0, 0], &payload);
    }
    payload[0] = 60;
    let refused = one(&packet6(Protocol::DESTINATION_OPTIONS, &payload));
    let many = matches!(refused, Err(Refused::Header(Error::TooMany { .. })));
    assert!(many, "{refused:?}");
    // A header that says it is longer than the packet.
    let refused = one(&packet6(
        Protocol::DESTINATION_OPTIONS,
        &[17, 9, 0, 0, 0, 0, 0, 0],
    ));
    let truncated = matches!(refused, Err(Refused::Header(Error::Truncated { .. })));
    assert!(truncated, "{refused:?}");
}

#[test]
fn absent_checksum_stays_absent() {
    let packet = one(&packet6(Protocol::UDP, &datagram(b"siit"))).unwrap();
    assert_eq!(packet[26..28], [0, 0]);
}

#[test]
fn checksum_that_becomes_zero() {
    let checksum = |n: u16| {
        let bytes = filled(packet6(Protocol::UDP, &datagram(&n.to_be_bytes())));
        let packet = one(&bytes).unwrap();
        verify(&packet);
        u16::from_be_bytes([packet[26], packet[27]])
    };
    assert_eq!(checksum(checksum(0)), 0xffff);
}

#[test]
fn echoes() {
    for (old, new) in [(128, 8), (129, 0)] {
        let mut message = echo(Version::V6, b"abc");
        message[0] = old;
        let packet = one(&filled(packet6(Protocol::ICMPV6, &message))).unwrap();
        assert_eq!((packet[9], packet[20]), (1, new));
        verify(&packet);
    }
    // Whole, in spite of a fragment header.
    let message = echo(Version::V6, b"abc");
    let whole = packet6(
        Protocol::FRAGMENT,
        &fragment(Protocol::ICMPV6, 0, false, &message),
    );
    verify(&one(&filled(whole)).unwrap());
    let part = packet6(
        Protocol::FRAGMENT,
        &fragment(Protocol::ICMPV6, 0, true, &message),
    );
    assert_eq!(one(&part), Err(Refused::FragmentedIcmp));
    for kind in [127, 130, 131, 132, 133, 134, 135, 136, 137, 143, 160, 255] {
        let mut message = message.clone();
        message[0] = kind;
        let result = one(&filled(packet6(Protocol::ICMPV6, &message)));
        if kind == 127 {
            // An error of an unknown type, which quotes nothing.
            assert!(result.is_err());
            continue;
        }
        assert_eq!(result, Err(Refused::Icmpv6Type(icmpv6::Type(kind))));
    }
    for protocol in [1, 2].map(Protocol) {
        let refused = one(&packet6(protocol, &[0; 40]));
        assert_eq!(refused, Err(Refused::Protocol(protocol)));
    }
}

#[test]
fn next_hop() {
    let mut settings = settings();
    settings.mtu4 = Some(1400);
    assert!(by(&settings, &packet6(Protocol::ESP, &[0; 1380])).is_ok());
    let refused = by(&settings, &packet6(Protocol::ESP, &[0; 1381])).unwrap_err();
    assert_eq!(refused, Refused::TooBig(1420));
    let too_big = Answer::V6(icmpv6::Type::PACKET_TOO_BIG, 0, 1420);
    assert_eq!(refused.answer(Version::V6), Some(too_big));
    // Nobody sends less than 1280 for it.
    settings.mtu4 = Some(576);
    assert!(by(&settings, &packet6(Protocol::ESP, &[0; 1240])).is_ok());
    let refused = by(&settings, &packet6(Protocol::ESP, &[0; 1241]));
    assert_eq!(refused, Err(Refused::TooBig(1280)));
}

#[test]
fn longest() {
    assert!(one(&packet6(Protocol::ESP, &[0; 65515])).is_ok());
    let refused = one(&packet6(Protocol::ESP, &[0; 65516]));
    assert_eq!(refused, Err(Refused::TooLong(65535)));
}

#[test]
fn addresses_of_no_host() {
    let from = |text: &'static str| {
        one(&packet6_with(Protocol::ESP, &[], move |header| {
            header.set_source(a6(text))
        }))
    };
    let to = |text: &'static str| {
        one(&packet6_with(Protocol::ESP, &[], move |header| {
            header.set_destination(a6(text))
        }))
    };
    for text in ["::", "::1", "ff02::1", "ff0e::1", "fe80::1", "febf::1"] {
        assert_eq!(from(text), Err(Refused::Source6(a6(text))));
        assert_eq!(to(text), Err(Refused::Destination6(a6(text))));
    }
    for text in ["::2", "fec0::1", "2001:db8:65::1"] {
        let unmapped = Err(Refused::Unmapped6(a6(text)));
        assert_eq!((from(text), to(text)), (unmapped.clone(), unmapped));
    }
    // What stands for such an address in IPv4.
    for (text, v4) in [
        ("2001:db8:64::e000:1", "224.0.0.1"),
        ("2001:db8:64::7f00:1", "127.0.0.1"),
    ] {
        assert_eq!(from(text), Err(Refused::Source4(a4(v4))));
        assert_eq!(to(text), Err(Refused::Destination4(a4(v4))));
    }
}

#[test]
fn truncated() {
    let good = filled(packet6(
        Protocol::HOP_BY_HOP,
        &extension(Protocol::UDP, [1, 4, 0, 0, 0, 0], &datagram(b"siit")),
    ));
    for len in 0..good.len() {
        let result = one(&good[..len]);
        let truncated = matches!(result, Err(Refused::Header(Error::Truncated { .. })));
        assert!(truncated, "{len}: {result:?}");
    }
    // The link's padding is cut off.
    let padded = [&good[..], &[0; 6]].concat();
    assert_eq!(one(&padded), one(&good));
}
