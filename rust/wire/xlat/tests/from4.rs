// SPDX-License-Identifier: GPL-2.0

//! From IPv4 to IPv6, but for ICMP errors.

#![cfg(test)]

use super::*;

#[test]
fn header() {
    let bytes = filled(packet4_with(Protocol::UDP, &datagram(b"siit"), |header| {
        header.set_traffic_class(0xb9);
        header.set_ttl(17);
        header.set_identification(0xabcd);
    }));
    let packet = one(&bytes).unwrap();
    let (header, payload) = ipv6::parse(&packet).unwrap();
    assert_eq!((header.version(), header.flow_label()), (6, 0));
    assert_eq!((header.traffic_class(), header.hop_limit()), (0xb9, 17));
    assert_eq!(header.next_header(), Protocol::UDP);
    assert_eq!(header.source(), a6(HOST4_IN_6));
    assert_eq!(header.destination(), a6(HOST6));
    assert_eq!(payload.len(), 12);
    assert_eq!(&payload[8..], b"siit");
    verify(&packet);

    let settings = Settings {
        copy_class: false,
        ..settings()
    };
    let packets = by(&settings, &bytes).unwrap();
    assert_eq!(ipv6::parse(&packets[0]).unwrap().0.traffic_class(), 0);
}

#[test]
fn echoes() {
    for (old, new) in [(8, 128), (0, 129)] {
        let mut message = echo(Version::V4, b"abc");
        message[0] = old;
        let packet = one(&filled(packet4(Protocol::ICMP, &message))).unwrap();
        assert_eq!(packet[6], 58);
        assert_eq!(&packet[40..42], &[new, 0]);
        assert_eq!(&packet[44..], &message[4..]);
        verify(&packet);
    }
}

#[test]
fn other_protocols_pass_as_they_are() {
    for protocol in [4, 47, 50, 51, 59, 97, 132, 255].map(Protocol) {
        let packet = one(&packet4(protocol, b"0123456789")).unwrap();
        assert_eq!(packet[6], protocol.0);
        assert_eq!(&packet[40..], b"0123456789");
    }
}

#[test]
fn protocols_of_one_version() {
    for protocol in [0, 2, 43, 44, 58, 60].map(Protocol) {
        let refused = one(&packet4(protocol, &[0; 40]));
        assert_eq!(refused, Err(Refused::Protocol(protocol)));
    }
}

#[test]
fn options_are_left_out() {
    let with = |options: &[u8]| {
        let mut bytes = packet4(Protocol::ESP, &[options, b"payload"].concat());
        let header = ipv4::Header::view_mut(&mut bytes).unwrap().0;
        let words = 5 + options.len() as u8 / 4;
        *zerocopy::IntoBytes::as_mut_bytes(header)
            .first_mut()
            .unwrap() = 0x40 | words;
        let mut header = *header;
        header.fill_checksum(options);
        header.emit(&mut bytes).unwrap();
        one(&bytes)
    };
    // Record route, router alert, an option longer than the header.
    for options in [
        [7, 7, 4, 0, 0, 0, 0, 0],
        [148, 4, 0, 0, 1, 1, 1, 1],
        [9, 40, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(&with(&options).unwrap()[40..], b"payload");
    }
    for kind in [131, 137] {
        // One address, which is next, or not any more.
        let next = with(&[kind, 7, 4, 10, 0, 0, 1, 0]);
        assert_eq!(next, Err(Refused::SourceRoute(kind)));
        assert!(with(&[kind, 7, 8, 10, 0, 0, 1, 0]).is_ok());
        let behind_others = with(&[1, kind, 7, 4, 10, 0, 0, 1]);
        assert_eq!(behind_others, Err(Refused::SourceRoute(kind)));
        let told = Refused::SourceRoute(kind).answer(Version::V4);
        let failed = Answer::V4(icmp::Type::DESTINATION_UNREACHABLE, 5, 0);
        assert_eq!(told, Some(failed));
    }
}

#[test]
fn absent_checksum() {
    let bytes = packet4(Protocol::UDP, &datagram(b"siit"));
    assert_eq!(one(&bytes), Err(Refused::NoChecksum));
    let settings = Settings {
        zero_checksum: ZeroChecksum::Compute,
        ..settings()
    };
    verify(&by(&settings, &bytes).unwrap()[0]);
    // Never of a fragment, and never of what has something behind its datagram.
    let fragment = packet4_with(Protocol::UDP, &datagram(b"siit"), |header| {
        header.set_fragment(0, true);
    });
    assert_eq!(by(&settings, &fragment), Err(Refused::NoChecksum));
    let behind = packet4(Protocol::UDP, &[&datagram(b"siit")[..], b"?"].concat());
    assert_eq!(by(&settings, &behind), Err(Refused::NoChecksum));
    // A later fragment has none to look at.
    let later = packet4_with(Protocol::UDP, &[0; 16], |header| {
        header.set_fragment(8, false)
    });
    assert!(by(&settings, &later).is_ok());
}

#[test]
fn absent_checksum_that_becomes_zero() {
    let settings = Settings {
        zero_checksum: ZeroChecksum::Compute,
        ..settings()
    };
    let checksum = |n: u16| {
        let bytes = packet4(Protocol::UDP, &datagram(&n.to_be_bytes()));
        let packet = &by(&settings, &bytes).unwrap()[0];
        verify(packet);
        u16::from_be_bytes([packet[46], packet[47]])
    };
    // These data make the sum 0xffff, whose complement says that there is none.
    assert_eq!(checksum(checksum(0)), 0xffff);
}

#[test]
fn fragments_have_a_fragment_header() {
    for (offset, more) in [(0, true), (1480, true), (2960, false)] {
        let bytes = packet4_with(Protocol::TCP, &[7; 64], |header| {
            header.set_dont_fragment(false);
            header.set_fragment(offset, more);
            header.set_identification(0xbeef);
        });
        let packet = one(&bytes).unwrap();
        let (header, payload) = ipv6::parse(&packet).unwrap();
        assert_eq!(header.next_header(), Protocol::FRAGMENT);
        let (extension, rest) = ipv6::Extension::view(payload).unwrap();
        let fragment = extension.fragment();
        assert_eq!(extension.next_header(), Protocol::TCP);
        assert_eq!((fragment.offset, fragment.more), (offset, more));
        assert_eq!(fragment.identification, 0xbeef);
        // The checksum is in the first one only.
        let changed = rest.iter().filter(|octet| **octet != 7).count();
        assert_eq!(changed != 0, offset == 0);
    }
}

#[test]
fn too_long_is_fragmented_unless_forbidden() {
    for (len, count) in [(1240, 1), (1241, 2), (1480, 2), (2464, 2), (2465, 3)] {
        let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let bytes = packet4_with(Protocol::ESP, &payload, |header| {
            header.set_dont_fragment(false);
            header.set_identification(0x1234);
        });
        let packets = by(&settings(), &bytes).unwrap();
        assert_eq!(packets.len(), count, "{len}");
        let mut whole: Vec<u8> = vec![];
        for (n, packet) in packets.iter().enumerate() {
            assert!(packet.len() <= 1280);
            let (header, data) = ipv6::parse(packet).unwrap();
            if count == 1 {
                assert_eq!(header.next_header(), Protocol::ESP);
                whole.extend(data);
                continue;
            }
            let (extension, data) = ipv6::Extension::view(data).unwrap();
            let fragment = extension.fragment();
            assert_eq!(usize::from(fragment.offset), whole.len());
            assert_eq!(
                (fragment.more, fragment.identification),
                (n + 1 < count, 0x1234)
            );
            whole.extend(data);
        }
        assert_eq!(whole, payload);

        let packet = one(&packet4(Protocol::ESP, &payload)).unwrap();
        assert_eq!(packet.len(), 40 + len);
    }
}

#[test]
fn next_hop() {
    let settings = Settings {
        mtu6: Some(1400),
        ..settings()
    };
    assert!(by(&settings, &packet4(Protocol::ESP, &[0; 1360])).is_ok());
    let refused = by(&settings, &packet4(Protocol::ESP, &[0; 1361]));
    assert_eq!(refused, Err(Refused::TooBig(1380)));
    let needed = Answer::V4(icmp::Type::DESTINATION_UNREACHABLE, 4, 1380);
    assert_eq!(refused.unwrap_err().answer(Version::V4), Some(needed));
    let fragment = packet4_with(Protocol::ESP, &[0; 1353], |header| {
        header.set_fragment(8, true)
    });
    assert_eq!(by(&settings, &fragment), Err(Refused::TooBig(1372)));
}

#[test]
fn merged_packets() {
    let mut bytes = packet4_with(Protocol::TCP, &[0; 32020], |header| {
        header.set_dont_fragment(false)
    });
    bytes[32] = 0x50;
    let table = table(vec![]);
    let settings = settings();
    let translator = Translator::new(&table, &settings);
    let segmented = |segment| {
        let mut packet = Packet::new(bytes.len());
        packet.segment = Some(segment);
        match translator.v4_to_v6(&bytes, &packet) {
            Ok(Step::Exchange(exchange)) => exchange.fragments().is_some(),
            other => panic!("{other:?}"),
        }
    };
    // Each segment is sent by itself: that is what has to fit.
    assert!(!segmented(1260));
    assert!(segmented(1261));
}

#[test]
fn checksum_left_to_the_device() {
    let mut bytes = packet4(Protocol::UDP, &datagram(b"siit"));
    let (header, _, _) = ipv4::parse(&bytes).unwrap();
    let begun = header.pseudo().sum(Protocol::UDP, 12).fold();
    bytes[26..28].copy_from_slice(&begun.to_be_bytes());
    let table = table(vec![]);
    let settings = settings();
    let mut packet = Packet::new(bytes.len());
    packet.partial = true;
    let translated = translate(&Translator::new(&table, &settings), &bytes, &packet).unwrap();
    let (header, payload) = ipv6::parse(&translated[0]).unwrap();
    let right = header.pseudo().sum(Protocol::UDP, 12).fold();
    assert_eq!(payload[6..8], right.to_be_bytes());
}

#[test]
fn addresses_of_no_host() {
    let from = |text: &'static str| {
        one(&packet4_with(Protocol::ESP, &[], move |header| {
            header.set_source(a4(text))
        }))
    };
    let to = |text: &'static str| {
        one(&packet4_with(Protocol::ESP, &[], move |header| {
            header.set_destination(a4(text))
        }))
    };
    for text in [
        "0.0.0.0",
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "169.254.1.1",
    ] {
        assert_eq!(from(text), Err(Refused::Source4(a4(text))));
        assert_eq!(to(text), Err(Refused::Destination4(a4(text))));
        assert_eq!(from(text).unwrap_err().answer(Version::V4), None);
    }
    for text in ["1.0.0.1", "223.255.255.255", "128.0.0.1", "169.253.0.1"] {
        assert!(from(text).is_ok() && to(text).is_ok());
    }
}

#[test]
fn well_known_prefix() {
    let mut settings = settings();
    settings.prefix = Some(Prefix::WELL_KNOWN);
    let bytes = packet4_with(Protocol::ESP, &[], |header| {
        header.set_source(a4("8.8.8.8"));
        header.set_destination(a4("10.0.0.1"));
    });
    let refused = by(&settings, &bytes);
    assert_eq!(refused, Err(Refused::Private(a4("10.0.0.1"))));
    settings.private = true;
    assert!(by(&settings, &bytes).is_ok());
}

#[test]
fn unmapped() {
    let mut settings = settings();
    settings.prefix = None;
    let bytes = packet4(Protocol::ESP, &[]);
    let refused = by(&settings, &bytes).unwrap_err();
    assert_eq!(refused, Refused::Unmapped4(a4(HOST6_IN_4)));
    let prohibited = Answer::V4(icmp::Type::DESTINATION_UNREACHABLE, 13, 0);
    assert_eq!(refused.answer(Version::V4), Some(prohibited));
}

#[test]
fn bad_headers() {
    use super::super::super::{Error, Layer};
    let good = filled(packet4(Protocol::UDP, &datagram(b"siit")));
    assert!(one(&good).is_ok());
    let layer = Layer::Ipv4;
    let mut bad = good.clone();
    bad[8] ^= 1;
    assert_eq!(
        one(&bad),
        Err(Refused::Header(Error::BadChecksum { layer }))
    );
    for len in 0..good.len() {
        let truncated = matches!(
            one(&good[..len]),
            Err(Refused::Header(Error::Truncated { .. }))
        );
        assert!(truncated, "{len}");
    }
    // TCP and UDP whose header is not all in the packet: a tiny fragment.
    for (protocol, need) in [(Protocol::TCP, 20), (Protocol::UDP, 8), (Protocol::ICMP, 8)] {
        for len in 0..need {
            let tiny = one(&packet4(protocol, &vec![0; len]));
            let truncated = matches!(tiny, Err(Refused::Header(Error::Truncated { .. })));
            assert!(truncated, "{protocol} {len}");
        }
    }
}

#[test]
fn icmp_that_is_not_translated() {
    for kind in [1, 2, 6, 7, 9, 10, 13, 14, 15, 16, 17, 18, 19, 42, 255] {
        let mut message = echo(Version::V4, b"");
        message[0] = kind;
        let refused = one(&filled(packet4(Protocol::ICMP, &message)));
        assert_eq!(refused, Err(Refused::IcmpType(icmp::Type(kind))), "{kind}");
    }
    for (offset, more) in [(0, true), (8, true), (8, false)] {
        let fragment = packet4_with(Protocol::ICMP, &echo(Version::V4, b""), |header| {
            header.set_fragment(offset, more);
        });
        assert_eq!(one(&fragment), Err(Refused::FragmentedIcmp));
    }
}

#[test]
fn echo_that_is_fragmented_after() {
    let mut message = echo(Version::V4, &[0; 2000]);
    message[8..]
        .iter_mut()
        .enumerate()
        .for_each(|(n, octet)| *octet = n as u8);
    let bytes = filled(packet4_with(Protocol::ICMP, &message, |header| {
        header.set_dont_fragment(false)
    }));
    let packets = by(&settings(), &bytes).unwrap();
    assert_eq!(packets.len(), 2);
    let (header, _) = ipv6::parse(&packets[0]).unwrap();
    let whole = [&packets[0][48..], &packets[1][48..]].concat();
    assert_eq!(icmpv6::verify_checksum(header.pseudo(), &whole), Ok(()));
    assert_eq!(whole[8..], message[8..]);
}
