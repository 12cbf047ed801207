// SPDX-License-Identifier: GPL-2.0

//! What must hold of the translation of any bytes.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use kernet_wire::{
    icmp,
    icmpv6,
    ip::Protocol,
    ipv4,
    ipv6,
    xlat::{
        Mapping,
        Packet,
        Prefix,
        Refused,
        Settings,
        Sources4,
        Sources6,
        Step,
        Table,
        Translator,
        ZeroChecksum,
        ERROR4_LEN,
        ERROR6_LEN, //
    },
    Header, //
};

type Mappings = Table<Vec<Mapping>, Vec<u32>>;

/// The settings that an octet stands for.
fn settings(choice: u8) -> Settings {
    let lens = [96, 32, 40, 48, 56, 64, 96, 0];
    let len = lens[usize::from(choice & 7)];
    let bit = |n: u8| choice >> n & 1 != 0;
    Settings {
        prefix: Prefix::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), len).ok(),
        private: false,
        lowest_ipv6_mtu: if bit(3) { 1280 } else { 1500 },
        mtu4: bit(4).then_some(1400),
        mtu6: bit(4).then_some(1300),
        zero_checksum: if bit(5) {
            ZeroChecksum::Compute
        } else {
            ZeroChecksum::Refuse
        },
        sources4: bit(6).then(|| Sources4::new(Ipv4Addr::new(192, 0, 2, 0), 24).unwrap()),
        sources6: bit(6).then(|| Sources6::new(Ipv6Addr::LOCALHOST, 128).unwrap()),
        hairpinning: bit(7),
        copy_class: true,
    }
}

/// A table of two mappings, one in the other's IPv4 prefix.
fn table() -> Mappings {
    let v6 = |n| Ipv6Addr::new(0x2001, 0xdb8, n, 0, 0, 0, 0, 0);
    let mappings = vec![
        Mapping::new(Ipv4Addr::new(10, 0, 0, 0), 8, v6(1), 64).unwrap(),
        Mapping::new(Ipv4Addr::new(10, 1, 2, 3), 32, v6(2), 128).unwrap(),
    ];
    let index = vec![0; Mappings::index_len(mappings.len())];
    Table::new(mappings, index.clone(), index, 7).unwrap()
}

/// Makes checksums right that nothing behind them would be looked at without.
fn fix(bytes: &mut [u8]) {
    let Some(first) = bytes.first() else {
        return;
    };
    if first >> 4 == 4 {
        let Ok((header, options, payload)) = ipv4::parse(bytes) else {
            return;
        };
        let (mut header, options) = (*header, options.to_vec());
        let at = bytes.len().min(20 + options.len());
        let len = payload.len();
        header.fill_checksum(&options);
        header.emit(bytes).unwrap();
        if header.protocol() == Protocol::ICMP {
            let _ = icmp::fill_checksum(&mut bytes[at..at + len]);
        }
    } else if let Ok((header, payload)) = ipv6::parse(bytes) {
        let (pseudo, len) = (header.pseudo(), payload.len());
        let Ok(upper) = ipv6::extensions(payload, header.next_header()) else {
            return;
        };
        if upper.protocol == Protocol::ICMPV6 {
            let _ = icmpv6::fill_checksum(pseudo, &mut bytes[40 + upper.offset..40 + len]);
        }
    }
}

/// A packet that is sent is as long as it says, and of the other version.
fn check(packet: &[u8], old: u8) {
    let new = packet[0] >> 4;
    assert!(new != old, "version {new}");
    if new == 4 {
        let (header, options, payload) = ipv4::parse(packet).unwrap();
        assert_eq!(header.verify_checksum(options), Ok(()));
        assert!(options.is_empty());
        assert_eq!(payload.len() + 20, packet.len());
    } else {
        let (_, payload) = ipv6::parse(packet).unwrap();
        assert_eq!(payload.len() + 40, packet.len());
    }
}

/// Any bytes are translated, or are refused with a field and a rule; nothing panics.
///
/// The first octet says by which settings, the second what of the packet is put right before.
pub fn xlat(bytes: &[u8]) {
    let [choice, what, bytes @ ..] = bytes else {
        return;
    };
    let mut bytes = bytes.to_vec();
    if what & 1 != 0 {
        fix(&mut bytes);
    }
    let (table, settings) = (table(), settings(*choice));
    let translator = Translator::new(&table, &settings);
    let mut packet = Packet::new(bytes.len());
    packet.reassembled = what & 2 != 0;
    packet.partial = what & 4 != 0;
    packet.segment = (what & 8 != 0).then_some(600);
    let version = bytes.first().map_or(0, |first| first >> 4);
    let step = match version {
        6 => translator.v6_to_v4(&bytes, &packet),
        _ => translator.v4_to_v6(&bytes, &packet),
    };
    let exchange = match step {
        Err(refused) => return said(refused),
        Ok(Step::Exchange(exchange)) => exchange,
        Ok(Step::IcmpError) => {
            let (mut v4, mut v6) = ([0xa5; ERROR4_LEN], [0xa5; ERROR6_LEN]);
            let written = match version {
                6 => translator
                    .error_v6_to_v4(&bytes, 1, &mut v4)
                    .map(|len| &v4[..len]),
                _ => translator
                    .error_v4_to_v6(&bytes, &mut v6)
                    .map(|len| &v6[..len]),
            };
            match written {
                Err(refused) => said(refused),
                Ok(written) => {
                    check(written, version);
                    if version == 4 {
                        let (header, payload) = ipv6::parse(written).unwrap();
                        assert_eq!(icmpv6::verify_checksum(header.pseudo(), payload), Ok(()));
                    } else {
                        assert_eq!(icmp::verify_checksum(&written[20..]), Ok(()));
                    }
                }
            }
            return;
        }
    };
    assert!(exchange.replaced() <= exchange.old_len() && exchange.old_len() <= bytes.len());
    let mut out = vec![0; exchange.len()];
    assert_eq!(exchange.apply(&bytes, &mut out), Some(()));
    check(&out, version);
    let mut whole = 48;
    for fragment in exchange.fragments().into_iter().flatten() {
        assert_eq!(fragment.offset, whole);
        assert!(fragment.len + 48 <= 1500);
        let sent = [&fragment.header[..], &out[whole..whole + fragment.len]].concat();
        check(&sent, version);
        whole += fragment.len;
    }
    if exchange.fragments().is_some() {
        assert_eq!(whole, out.len());
    }

    // In pieces: as little as it takes, then all of it.
    for have in (0..bytes.len().min(200)).step_by(5) {
        let part = match version {
            6 => translator.v6_to_v4(&bytes[..have], &packet),
            _ => translator.v4_to_v6(&bytes[..have], &packet),
        };
        match part {
            Ok(step) => assert_eq!(step, Step::Exchange(exchange)),
            Err(Refused::Header(kernet_wire::Error::Truncated { .. })) => (),
            Err(other) => panic!("{other} of {have} octets"),
        }
    }
}

/// What is refused has a field, a rule and a text.
fn said(refused: Refused) {
    let text = refused.to_string();
    assert!(
        text.contains(refused.field()) && text.contains(refused.rule()),
        "{text}"
    );
}
