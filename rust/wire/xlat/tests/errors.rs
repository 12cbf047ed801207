// SPDX-License-Identifier: GPL-2.0

//! ICMP errors in both directions.

#![cfg(test)]

use super::{
    super::super::{
        Error,
        Layer, //
    },
    *, //
};

/// An ICMP error from the IPv4 host about a packet of the IPv6 host's.
fn error4(kind: u8, code: u8, rest: [u8; 4], quoted: &[u8]) -> Vec<u8> {
    let message = [&[kind, code, 0, 0][..], &rest, quoted].concat();
    filled(packet4(Protocol::ICMP, &message))
}

fn error6(kind: u8, code: u8, rest: [u8; 4], quoted: &[u8]) -> Vec<u8> {
    let message = [&[kind, code, 0, 0][..], &rest, quoted].concat();
    filled(packet6(Protocol::ICMPV6, &message))
}

/// What the IPv6 host has sent, as it arrived in IPv4.
fn quoted4(data: &[u8]) -> Vec<u8> {
    let sent = filled(packet6(Protocol::UDP, &datagram(data)));
    one(&sent).unwrap()
}

fn quoted6(data: &[u8]) -> Vec<u8> {
    let sent = filled(packet4(Protocol::UDP, &datagram(data)));
    one(&sent).unwrap()
}

#[test]
fn what_is_quoted_is_what_was_sent() {
    let sent = filled(packet6(Protocol::UDP, &datagram(b"siit")));
    let packet = one(&error4(3, 3, [0; 4], &one(&sent).unwrap())).unwrap();
    verify(&packet);
    assert_eq!(packet[48..], sent);
    let header = ipv6::parse(&packet).unwrap().0;
    assert_eq!(header.source(), a6(HOST4_IN_6));
    assert_eq!(header.destination(), a6(HOST6));

    let sent = filled(packet4_with(Protocol::UDP, &datagram(b"siit"), |header| {
        header.set_dont_fragment(false);
    }));
    let packet = one(&error6(1, 4, [0; 4], &one(&sent).unwrap())).unwrap();
    verify(&packet);
    assert_eq!(packet[28..], sent);
}

#[test]
fn echoes_are_quoted() {
    let sent = filled(packet6(Protocol::ICMPV6, &echo(Version::V6, b"abc")));
    let packet = one(&error4(11, 0, [0; 4], &one(&sent).unwrap())).unwrap();
    assert_eq!(packet[40..42], [3, 0]);
    assert_eq!(packet[48..], sent);
}

#[test]
fn types_and_codes_to_v6() {
    let quoted = quoted4(b"siit");
    let to = |kind, code, rest| {
        one(&error4(kind, code, rest, &quoted)).map(|packet| {
            verify(&packet);
            let value: [u8; 4] = packet[44..48].try_into().unwrap();
            (packet[40], packet[41], u32::from_be_bytes(value))
        })
    };
    // RFC 7915 section 4.2.
    let unreachable = [
        (0, 0),
        (1, 0),
        (3, 4),
        (5, 0),
        (6, 0),
        (7, 0),
        (8, 0),
        (9, 1),
        (10, 1),
        (11, 0),
        (12, 0),
        (13, 1),
        (15, 1),
    ];
    for (old, new) in unreachable {
        assert_eq!(to(3, old, [0; 4]), Ok((1, new, 0)), "{old}");
    }
    assert_eq!(to(3, 2, [0; 4]), Ok((4, 1, 6)));
    assert_eq!(to(3, 4, [0, 0, 0x05, 0xdc]), Ok((2, 0, 1520)));
    assert_eq!(to(3, 4, [0, 0, 2, 0]), Ok((2, 0, 1280)));
    assert_eq!(to(3, 4, [0; 4]), Ok((2, 0, 1280)));
    for code in [14, 16, 255] {
        let refused = Refused::IcmpCode(icmp::Type(3), code);
        assert_eq!(to(3, code, [0; 4]), Err(refused));
    }
    for code in [0, 1] {
        assert_eq!(to(11, code, [0; 4]), Ok((3, code, 0)));
    }
    for kind in [4, 5] {
        assert_eq!(
            to(kind, 0, [0; 4]),
            Err(Refused::IcmpType(icmp::Type(kind)))
        );
    }
    // RFC 7915 figure 3.
    let pointers = [
        Some(0),
        Some(1),
        Some(4),
        Some(4),
        None,
        None,
        None,
        None,
        Some(7),
        Some(6),
        None,
        None,
        Some(8),
        Some(8),
        Some(8),
        Some(8),
        Some(24),
        Some(24),
        Some(24),
        Some(24),
        None,
    ];
    for (at, pointer) in pointers.into_iter().enumerate() {
        for code in [0, 2] {
            let expected = match pointer {
                Some(pointer) => Ok((4, 0, pointer)),
                None => Err(Refused::Pointer(at as u32)),
            };
            assert_eq!(to(12, code, [at as u8, 0, 0, 0]), expected, "{at}");
        }
    }
    assert_eq!(to(12, 1, [0; 4]), Err(Refused::IcmpCode(icmp::Type(12), 1)));
}

#[test]
fn types_and_codes_to_v4() {
    let quoted = quoted6(b"siit");
    let to = |kind, code, value: u32| {
        one(&error6(kind, code, value.to_be_bytes(), &quoted)).map(|packet| {
            verify(&packet);
            let rest: [u8; 4] = packet[24..28].try_into().unwrap();
            (packet[20], packet[21], rest)
        })
    };
    // RFC 7915 section 5.2.
    for (old, new) in [(0, 1), (1, 10), (2, 1), (3, 1), (4, 3)] {
        assert_eq!(to(1, old, 0), Ok((3, new, [0; 4])), "{old}");
    }
    assert_eq!(to(1, 5, 0), Err(Refused::Icmpv6Code(icmpv6::Type(1), 5)));
    assert_eq!(to(2, 0, 1400), Ok((3, 4, [0, 0, 5, 100])));
    assert_eq!(to(2, 0, u32::MAX), Ok((3, 4, [0, 0, 255, 255])));
    for code in [0, 1] {
        assert_eq!(to(3, code, 0), Ok((11, code, [0; 4])));
    }
    assert_eq!(to(4, 1, 6), Ok((3, 2, [0; 4])));
    assert_eq!(to(4, 2, 0), Err(Refused::Icmpv6Code(icmpv6::Type(4), 2)));
    for kind in [5, 100, 127] {
        assert_eq!(to(kind, 0, 0), Err(Refused::Icmpv6Type(icmpv6::Type(kind))));
    }
    // RFC 7915 figure 6.
    for at in 0..48 {
        let pointer = match at {
            0 => Some(0),
            1 => Some(1),
            4 | 5 => Some(2),
            6 => Some(9),
            7 => Some(8),
            8..=23 => Some(12),
            24..=39 => Some(16),
            _ => None,
        };
        let expected = match pointer {
            Some(pointer) => Ok((12, 0, [pointer, 0, 0, 0])),
            None => Err(Refused::Pointer(at)),
        };
        assert_eq!(to(4, 0, at), expected, "{at}");
    }
}

#[test]
fn no_error_about_an_error() {
    let inner = error6(1, 4, [0; 4], &quoted6(b"siit"));
    let refused = one(&error4(3, 3, [0; 4], &one(&inner).unwrap()));
    assert_eq!(refused, Err(Refused::Nested));
    let inner = error4(3, 3, [0; 4], &quoted4(b"siit"));
    let refused = one(&error6(1, 4, [0; 4], &one(&inner).unwrap()));
    assert_eq!(refused, Err(Refused::Nested));
}

#[test]
fn wrong_checksums_do_not_become_right() {
    let mut bytes = error4(3, 3, [0; 4], &quoted4(b"siit"));
    bytes[30] ^= 1;
    let layer = Layer::Icmp;
    assert_eq!(
        one(&bytes),
        Err(Refused::Header(Error::BadChecksum { layer }))
    );
    let mut bytes = error6(1, 4, [0; 4], &quoted6(b"siit"));
    bytes[50] ^= 1;
    let layer = Layer::Icmpv6;
    assert_eq!(
        one(&bytes),
        Err(Refused::Header(Error::BadChecksum { layer }))
    );
}

#[test]
fn lengths_are_bounded() {
    let packet = one(&error4(3, 3, [0; 4], &quoted4(&[1; 3000]))).unwrap();
    assert_eq!(packet.len(), 1280);
    verify(&packet);
    let packet = one(&error6(1, 4, [0; 4], &quoted6(&[1; 3000]))).unwrap();
    assert_eq!(packet.len(), 576);
    verify(&packet);
}

/// What is quoted may end anywhere.
#[test]
fn every_length_of_quoted() {
    let quoted = quoted4(b"0123456789");
    for len in 0..quoted.len() {
        let result = one(&error4(3, 3, [0; 4], &quoted[..len]));
        assert_eq!(result.is_ok(), len >= 20, "{len}: {result:?}");
        if let Ok(packet) = result {
            assert_eq!(packet.len(), 48 + 20 + len);
        }
    }
    let quoted = quoted6(b"0123456789");
    for len in 0..quoted.len() {
        let result = one(&error6(1, 4, [0; 4], &quoted[..len]));
        assert_eq!(result.is_ok(), len >= 40, "{len}: {result:?}");
    }
}

#[test]
fn extensions_move() {
    let objects = [0x20, 0, 0, 0, 0, 8, 1, 1, 1, 2, 3, 4];
    for len in [100, 104, 140, 300] {
        let mut quoted = quoted4(&vec![9; len]);
        quoted.resize(quoted.len().next_multiple_of(4).max(128), 0);
        let words = (quoted.len() / 4) as u8;
        let bytes = error4(11, 0, [0, words, 0, 0], &[&quoted[..], &objects].concat());
        let packet = one(&bytes).unwrap();
        verify(&packet);
        let quoted_len = usize::from(packet[44]) * 8;
        assert_eq!(quoted_len, (quoted.len() + 20) / 8 * 8);
        assert_eq!(packet[48 + quoted_len..], objects);
        assert_eq!(packet[45..48], [0; 3]);

        // And back.
        let mut back = packet.clone();
        let (source, destination) = (a6(HOST6), a6(HOST4_IN_6));
        back[8..24].copy_from_slice(&source.octets());
        back[24..40].copy_from_slice(&destination.octets());
        let back = one(&filled(back)).unwrap();
        verify(&back);
        let quoted_len = usize::from(back[25]) * 4;
        assert_eq!(back[28 + quoted_len..], objects);
    }
}

#[test]
fn extensions_without_a_place_are_left_out() {
    let quoted = quoted4(&[9; 100]);
    let objects = [0x20, 0, 0, 0, 0, 8, 1, 1, 1, 2, 3, 4];
    // A parameter problem has a pointer there in ICMPv6.
    let mut whole = quoted.clone();
    whole.extend(objects);
    let bytes = error4(12, 0, [8, 32, 0, 0], &whole);
    let packet = one(&bytes).unwrap();
    assert_eq!(packet[44..48], [0, 0, 0, 7]);
    // A length of more than there is says nothing.
    let bytes = error4(3, 3, [0, 255, 0, 0], &quoted);
    let packet = one(&bytes).unwrap();
    assert_eq!(packet[44..48], [0; 4]);
    assert_eq!(packet.len(), 48 + 20 + quoted.len());
}

#[test]
fn senders_without_an_address() {
    let mut settings = settings();
    settings.prefix = None;
    let (v4, v6) = (a4(HOST6_IN_4), a6(HOST6));
    let host = Mapping::new(v4, 32, v6, 128).unwrap();
    let other = Mapping::new(a4(HOST4), 32, a6(HOST4_IN_6), 128).unwrap();
    let table = table(vec![host, other]);
    let mut error = error4(11, 0, [0; 4], &quoted4(b"siit"));
    let mut header = *ipv4::Header::view(&error).unwrap().0;
    header.set_source(a4("203.0.113.77"));
    header.fill_checksum(&[]);
    header.emit(&mut error).unwrap();
    let packet = Packet::new(error.len());
    // It comes from where the quoted packet was to go, if nothing else is said.
    let sent = translate(&Translator::new(&table, &settings), &error, &packet).unwrap();
    let header = ipv6::parse(&sent[0]).unwrap().0;
    assert_eq!(header.source(), a6(HOST4_IN_6));
    settings.sources6 = Some(Sources6::new(a6("2001:db8:1::"), 64).unwrap());
    let sent = translate(&Translator::new(&table, &settings), &error, &packet).unwrap();
    let header = ipv6::parse(&sent[0]).unwrap().0;
    assert_eq!(header.source(), a6("2001:db8:1::cb00:714d"));

    let mut error = error6(3, 0, [0; 4], &quoted6(b"siit"));
    error[8..24].copy_from_slice(&a6("fe80::1").octets());
    let error = filled(error);
    let packet = Packet::new(error.len());
    let sent = translate(&Translator::new(&table, &settings), &error, &packet).unwrap();
    assert_eq!(ipv4::parse(&sent[0]).unwrap().0.source(), a4(HOST6_IN_4));
    settings.sources4 = Some(Sources4::new(a4("203.0.113.8"), 32).unwrap());
    let sent = translate(&Translator::new(&table, &settings), &error, &packet).unwrap();
    assert_eq!(ipv4::parse(&sent[0]).unwrap().0.source(), a4("203.0.113.8"));
}
