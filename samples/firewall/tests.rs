// SPDX-License-Identifier: GPL-2.0

//! KUnit cases of the rules and of the packet keys.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    classify,
    context::{
        kunit::process,
        Process, //
    },
    percpu::PacketCounter,
    skb::Skb,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

use crate::{
    packet,
    rules::{
        Action,
        Chain,
        End,
        Facts,
        Field,
        Key,
        Match,
        Rule,
        State,
        Wish, //
    },
    set::RuleSet, //
};

mod states;

const ANY: Wish = Wish {
    chain: Chain::Input,
    family: None,
    protocol: None,
    source: End {
        address: None,
        prefix_len: None,
        port_min: None,
        port_max: None,
    },
    destination: End {
        address: None,
        prefix_len: None,
        port_min: None,
        port_max: None,
    },
    states: None,
    icmp_type: None,
    icmp_code: None,
    tcp_flags: None,
    tcp_flags_mask: None,
    lengths: (None, None),
    hop_limits: (None, None),
    dscp: None,
    mark: (None, None),
};

/// Of a packet that nobody asks about.
const FACTS: Facts = Facts::NONE;

fn v4(protocol: Protocol, ports: Option<(u16, u16)>) -> Key {
    Key::V4(classify::Key {
        source: Ipv4Addr::new(192, 0, 2, 1).to_bits(),
        destination: Ipv4Addr::new(198, 51, 100, 7).to_bits(),
        ports,
        protocol: protocol.0,
        input: 0,
        output: 0,
    })
}

/// A rule that drops what `matches` says.
fn drops(id: u32, priority: u32, matches: Match, process: Process<'_>) -> Result<Rule> {
    Ok(Rule {
        id,
        priority,
        place: 0,
        matches,
        action: Action::Drop,
        counters: Arc::new(PacketCounter::new(process)?, GFP_KERNEL)?,
    })
}

/// Whether a packet in the input chain matches; `false` too if there is no such rule.
fn matches(wish: &Wish, key: &Key) -> bool {
    matches_in(Chain::Input, wish, key) == Some(true)
}

fn matches_in(chain: Chain, wish: &Wish, key: &Key) -> Option<bool> {
    let matches = Match::new(wish).ok()?;
    process(|process| {
        let rule = drops(1, 1, matches, process).ok()?;
        let rules = RuleSet::empty().with(rule, None).ok()?;
        Some(rules.find::<false>(chain, key, &FACTS).is_some())
    })?
}

fn source(a: u8, b: u8, c: u8, d: u8, len: u8) -> Wish {
    Wish {
        source: End {
            address: Some(Ipv4Addr::new(a, b, c, d).into()),
            prefix_len: Some(len),
            ..ANY.source
        },
        ..ANY
    }
}

fn ports(protocol: Option<Protocol>, min: Option<u16>, max: Option<u16>) -> Wish {
    Wish {
        protocol,
        destination: End {
            port_min: min,
            port_max: max,
            ..ANY.destination
        },
        ..ANY
    }
}

/// Why a wish is refused.
fn refused(wish: &Wish) -> Option<Field> {
    Match::new(wish).err().map(|refusal| refusal.field)
}

/// What rules see of a packet with these bytes; an error if it is malformed.
fn parsed(version: Version, bytes: &[u8]) -> Option<Result<Key, Key>> {
    process(|process| {
        let mut skb = Skb::new(0, 256, process).ok()?;
        if skb.put(bytes).is_err() {
            skb.consume(process);
            return None;
        }
        skb.as_mut().reset_network_header();
        let key = packet::key(&skb, version).ok_or_else(|| packet::readable(&skb, version));
        skb.consume(process);
        Some(key)
    })?
}

fn fill(bytes: &mut [u8], header: &[u8], payload: &[u8]) {
    for (to, from) in bytes.iter_mut().zip(header) {
        *to = *from;
    }
    for (to, from) in bytes.iter_mut().skip(header.len()).zip(payload) {
        *to = *from;
    }
}

/// An IPv4 packet of `N` bytes from 192.0.2.1 to 198.51.100.7.
fn v4_packet<const N: usize>(protocol: u8, fragment: u16, payload: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let [f0, f1] = fragment.to_be_bytes();
    let header = [
        0x45, 0, 0, N as u8, 0, 1, f0, f1, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7,
    ];
    fill(&mut bytes, &header, payload);
    bytes
}

/// An IPv6 packet of `N` bytes from 2001:db8::1 to 2001:db8::2.
fn v6_packet<const N: usize>(next: u8, payload: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let len = (N as u8).saturating_sub(40);
    #[rustfmt::skip]
    let header = [
        0x60, 0, 0, 0, 0, len, next, 64,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
    ];
    fill(&mut bytes, &header, payload);
    bytes
}

fn ids(rules: &RuleSet) -> [u32; 4] {
    let mut ids = [0; 4];
    for (to, rule) in ids.iter_mut().zip(rules.iter_from((0, 0))) {
        *to = rule.id;
    }
    ids
}

#[kunit_tests(firewall_rules)]
mod rules {
    use super::*;

    #[test]
    fn an_empty_wish_matches_everything_in_its_chain() {
        let key = v4(Protocol::UDP, Some((1, 2)));
        assert!(matches(&ANY, &key));
        assert_eq!(matches_in(Chain::Output, &ANY, &key), Some(false));
    }

    #[test]
    fn prefixes_of_all_lengths() {
        let key = v4(Protocol::UDP, None);
        assert!(matches(&source(0, 0, 0, 0, 0), &key));
        assert!(matches(&source(128, 0, 0, 0, 1), &key));
        assert!(matches(&source(192, 0, 2, 0, 24), &key));
        assert!(matches(&source(192, 0, 2, 0, 31), &key));
        assert!(matches(&source(192, 0, 2, 1, 32), &key));
        assert!(!matches(&source(192, 0, 2, 2, 32), &key));
        assert!(!matches(&source(192, 0, 3, 0, 24), &key));
        assert!(!matches(&source(0, 0, 0, 0, 1), &key));
    }

    #[test]
    fn prefixes_are_of_one_family() {
        let zero = Wish {
            source: End {
                address: Some(Ipv6Addr::UNSPECIFIED.into()),
                prefix_len: Some(0),
                ..ANY.source
            },
            ..ANY
        };
        let v6 = Key::V6(classify::Key {
            source: 0xc000_0201,
            destination: 0xc633_6407,
            ports: None,
            protocol: 17,
            input: 0,
            output: 0,
        });
        assert!(matches(&zero, &v6));
        assert!(!matches(&zero, &v4(Protocol::UDP, None)));
        assert!(!matches(&source(192, 0, 2, 0, 24), &v6));
    }

    #[test]
    fn ranges_of_ports_include_both_ends() {
        let range = ports(Some(Protocol::TCP), Some(80), Some(90));
        for (port, expected) in [(79, false), (80, true), (90, true), (91, false)] {
            let key = v4(Protocol::TCP, Some((1000, port)));
            assert_eq!(matches(&range, &key), expected);
        }
        let single = ports(Some(Protocol::TCP), Some(80), None);
        assert!(matches(&single, &v4(Protocol::TCP, Some((1, 80)))));
        assert!(!matches(&single, &v4(Protocol::TCP, Some((1, 81)))));
        let up_to = ports(Some(Protocol::TCP), None, Some(80));
        assert!(matches(&up_to, &v4(Protocol::TCP, Some((1, 0)))));
        assert!(!matches(&up_to, &v4(Protocol::TCP, Some((1, 81)))));
    }

    #[test]
    fn a_rule_with_ports_matches_no_later_fragment() {
        let key = v4(Protocol::UDP, None);
        assert!(!matches(
            &ports(Some(Protocol::UDP), None, Some(u16::MAX)),
            &key
        ));
        assert!(matches(&ports(Some(Protocol::UDP), None, None), &key));
    }

    #[test]
    fn wishes_that_cannot_be_granted() {
        assert_eq!(refused(&source(192, 0, 2, 1, 24)), Some(Field::Address));
        assert_eq!(refused(&source(192, 0, 2, 1, 33)), Some(Field::PrefixLen));
        let other_family = Wish {
            family: Some(Version::V6),
            ..source(192, 0, 2, 1, 32)
        };
        assert_eq!(refused(&other_family), Some(Field::Address));
        let both = Wish {
            destination: End {
                address: Some(Ipv6Addr::LOCALHOST.into()),
                ..ANY.destination
            },
            ..source(192, 0, 2, 1, 32)
        };
        assert_eq!(refused(&both), Some(Field::Address));
        let no_address = Wish {
            source: End {
                prefix_len: Some(0),
                ..ANY.source
            },
            ..ANY
        };
        assert_eq!(refused(&no_address), Some(Field::PrefixLen));
        assert_eq!(refused(&ports(None, Some(1), None)), Some(Field::PortMin));
        assert_eq!(
            refused(&ports(Some(Protocol::ICMP), None, Some(1))),
            Some(Field::PortMax)
        );
        assert_eq!(
            refused(&ports(Some(Protocol::TCP), Some(2), Some(1))),
            Some(Field::PortMax)
        );
    }

    #[test]
    fn sorted_by_priority_then_by_age() {
        let result = process(|process| -> Result<([u32; 4], [u32; 4], u64, u32)> {
            let matches = Match::new(&ANY).map_err(|_| EINVAL)?;
            let mut rules = RuleSet::empty();
            for (id, priority) in [(1, 10), (2, 5), (3, 10), (4, 7)] {
                rules = rules.with(drops(id, priority, matches, process)?, None)?;
            }
            let key = v4(Protocol::UDP, None);
            let first = rules.find::<false>(Chain::Input, &key, &FACTS);
            let first = first.ok_or(ENOENT)?;
            first.counters.add(100);
            let fewer = rules.without(4)?;
            // Copies count together.
            let bytes = fewer.get(2).ok_or(ENOENT)?.counters.read().bytes;
            Ok((
                ids(&rules),
                ids(&fewer),
                bytes,
                fewer
                    .generation()
                    .get()
                    .wrapping_sub(rules.generation().get()),
            ))
        });
        assert_eq!(result, Some(Ok(([2, 4, 1, 3], [2, 1, 3, 0], 100, 1))));
    }
}

#[kunit_tests(firewall_packet)]
mod packets {
    use super::*;

    #[test]
    fn ports_of_ipv4() {
        let bytes = v4_packet::<28>(17, 0, &[0, 53, 0x30, 0x39]);
        assert_eq!(
            parsed(Version::V4, &bytes),
            Some(Ok(v4(Protocol::UDP, Some((53, 12345)))))
        );
    }

    #[test]
    fn ports_behind_options() {
        let mut bytes = v4_packet::<32>(6, 0, &[1, 1, 1, 0, 0, 22, 0, 80]);
        bytes[0] = 0x46;
        assert_eq!(
            parsed(Version::V4, &bytes),
            Some(Ok(v4(Protocol::TCP, Some((22, 80)))))
        );
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let bytes = v4_packet::<28>(17, 0x2001, &[0, 53, 0x30, 0x39]);
        assert_eq!(
            parsed(Version::V4, &bytes),
            Some(Ok(v4(Protocol::UDP, None)))
        );
        let first = v4_packet::<28>(17, 0x2000, &[0, 53, 0x30, 0x39]);
        assert_eq!(
            parsed(Version::V4, &first),
            Some(Ok(v4(Protocol::UDP, Some((53, 12345)))))
        );
    }

    #[test]
    fn malformed_ipv4_has_no_ports() {
        let bytes = v4_packet::<28>(17, 0, &[0, 53, 0x30, 0x39]);
        for (at, value) in [
            (0, 0x65),
            (0, 0x44),
            (0, 0x4f),
            (3, 19),
            (3, 29),
            // Total length of 22: two bytes of ports.
            (3, 22),
        ] {
            let mut bad = bytes;
            bad[at] = value;
            let read = Some(Err(v4(Protocol::UDP, None)));
            assert_eq!(parsed(Version::V4, &bad), read);
        }
        // A first fragment with two bytes of them.
        let first = v4_packet::<22>(6, 0x2000, &[0, 53]);
        assert_eq!(
            parsed(Version::V4, &first),
            Some(Err(v4(Protocol::TCP, None)))
        );
        for bytes in [&bytes[..19], &[]] {
            let Some(Err(Key::V4(key))) = parsed(Version::V4, bytes) else {
                panic!("{bytes:x?} is no packet");
            };
            assert_eq!((key.source, key.destination, key.protocol), (0, 0, 0));
        }
    }

    /// Protocol, ports, the last byte of each address.
    type Fields = (u8, Option<(u16, u16)>, [u8; 2]);

    fn v6(key: Key) -> Option<Fields> {
        match key {
            Key::V4(_) => None,
            Key::V6(key) => Some((
                key.protocol,
                key.ports,
                [key.source as u8, key.destination as u8],
            )),
        }
    }

    #[test]
    fn ports_of_ipv6_behind_extensions() {
        // Destination options, then a first fragment, then UDP.
        let payload = [
            44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 1, 0, 53, 0, 80, 0, 0, 0, 0,
        ];
        let key = parsed(Version::V6, &v6_packet::<64>(60, &payload));
        assert_eq!(
            key.and_then(Result::ok).and_then(v6),
            Some((17, Some((53, 80)), [1, 2]))
        );
        let mut later = payload;
        later[11] = 9;
        let key = parsed(Version::V6, &v6_packet::<64>(60, &later));
        assert_eq!(
            key.and_then(Result::ok).and_then(v6),
            Some((17, None, [1, 2]))
        );
    }

    #[test]
    fn messages_have_a_type_and_a_code() {
        let message = [3, 4, 0, 0, 0, 0, 5, 0x14];
        let v4_key = |bytes: &[u8]| parsed(Version::V4, bytes);
        // Whole, a first fragment, a later one.
        for (fragment, said) in [(0, Some((3, 4))), (0x2000, Some((3, 4))), (1, None)] {
            let packet = v4_packet::<28>(1, fragment, &message);
            assert_eq!(v4_key(&packet), Some(Ok(v4(Protocol::ICMP, said))));
        }
        let short = v4_packet::<27>(1, 0, &message);
        assert_eq!(v4_key(&short), Some(Err(v4(Protocol::ICMP, None))));
        // That of the other family is none.
        let other = v4_packet::<28>(58, 0, &message);
        assert_eq!(v4_key(&other), Some(Ok(v4(Protocol::ICMPV6, None))));
        let v6_key = |next| {
            let key = parsed(Version::V6, &v6_packet::<48>(next, &message));
            key.and_then(Result::ok).and_then(v6)
        };
        assert_eq!(v6_key(58), Some((58, Some((3, 4)), [1, 2])));
        assert_eq!(v6_key(1), Some((1, None, [1, 2])));
    }

    /// The protocol of a malformed packet.
    fn malformed_v6(bytes: &[u8]) -> Option<u8> {
        let (protocol, ports, ends) = v6(parsed(Version::V6, bytes)?.err()?)?;
        (ports.is_none() && ends == [1, 2]).then_some(protocol)
    }

    #[test]
    fn malformed_ipv6_has_no_ports() {
        // A first fragment without them (RFC 7112).
        let tiny = v6_packet::<48>(44, &[17, 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!(malformed_v6(&tiny), Some(17));
        assert_eq!(malformed_v6(&v6_packet::<42>(6, &[0, 53])), Some(6));
        let mut version = v6_packet::<44>(17, &[0, 53, 0, 80]);
        version[0] = 0x40;
        assert_eq!(malformed_v6(&version), Some(17));
        let mut long = v6_packet::<44>(17, &[0, 53, 0, 80]);
        long[5] = 5;
        assert_eq!(malformed_v6(&long), Some(17));
    }

    #[test]
    fn malformed_extensions_hide_the_protocol() {
        // An option header that is longer than the packet.
        let long = v6_packet::<48>(60, &[17, 9, 1, 4, 0, 0, 0, 0]);
        assert_eq!(malformed_v6(&long), Some(0));
        assert_eq!(malformed_v6(&v6_packet::<44>(60, &[17, 0, 1, 4])), Some(0));
        // Hop-by-hop options behind others.
        let order = v6_packet::<56>(60, &[0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
        assert_eq!(malformed_v6(&order), Some(0));
        let mut many = [0; 72];
        for header in many.chunks_mut(8) {
            header[0] = 60;
        }
        assert_eq!(malformed_v6(&v6_packet::<112>(60, &many)), Some(0));
        let key = parsed(Version::V6, &v6_packet::<48>(59, &[])[..39]);
        assert_eq!(
            key.and_then(Result::err).and_then(v6),
            Some((0, None, [0, 0]))
        );
    }
}
