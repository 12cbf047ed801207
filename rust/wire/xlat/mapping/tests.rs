// SPDX-License-Identifier: GPL-2.0

#![cfg(test)]

use super::{
    super::super::testing::Random,
    *, //
};
use std::{
    vec,
    vec::Vec, //
};

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn mapping(a: &str, a_len: u8, b: &str, b_len: u8) -> Mapping {
    Mapping::new(v4(a), a_len, v6(b), b_len).unwrap()
}

fn table(mappings: Vec<Mapping>) -> Result<Table<Vec<Mapping>, Vec<u32>>, BadTable> {
    let index = vec![7; Table::<Vec<Mapping>, Vec<u32>>::index_len(mappings.len())];
    Table::new(mappings, index.clone(), index, 0x1234_5678_9abc_def0)
}

/// The table of RFC 7757 section 3.4.
fn example() -> Table<Vec<Mapping>, Vec<u32>> {
    table(vec![
        mapping("192.0.2.1", 32, "2001:db8:aaaa::", 128),
        mapping("192.0.2.2", 32, "2001:db8:bbbb::b", 128),
        mapping("192.0.2.16", 28, "2001:db8:cccc::", 124),
        mapping("192.0.2.128", 26, "2001:db8:dddd::", 64),
        mapping("192.0.2.192", 29, "2001:db8:eeee:8::", 62),
        mapping("192.0.2.224", 31, "64:ff9b::", 127),
    ])
    .unwrap()
}

#[test]
fn rfc7757_section_3_4() {
    let table = example();
    for (a, b) in [
        ("192.0.2.1", "2001:db8:aaaa::"),
        ("192.0.2.2", "2001:db8:bbbb::b"),
        ("192.0.2.16", "2001:db8:cccc::"),
        ("192.0.2.24", "2001:db8:cccc::8"),
        ("192.0.2.31", "2001:db8:cccc::f"),
        ("192.0.2.128", "2001:db8:dddd::"),
        ("192.0.2.152", "2001:db8:dddd:0:6000::"),
        ("192.0.2.183", "2001:db8:dddd:0:dc00::"),
        ("192.0.2.192", "2001:db8:eeee:8::"),
        ("192.0.2.195", "2001:db8:eeee:9:8000::"),
        ("192.0.2.197", "2001:db8:eeee:a:8000::"),
        ("192.0.2.224", "64:ff9b::"),
        ("192.0.2.225", "64:ff9b::1"),
    ] {
        assert_eq!(table.v6_of(v4(a)), Some(v6(b)), "{a}");
        assert_eq!(table.v4_of(v6(b)), Some(v4(a)), "{b}");
    }
    for a in ["192.0.2.0", "192.0.2.3", "192.0.2.226", "0.0.0.0"] {
        assert_eq!(table.v6_of(v4(a)), None, "{a}");
    }
    for b in ["2001:db8:aaaa::1", "::", "64:ff9b::2"] {
        assert_eq!(table.v4_of(v6(b)), None, "{b}");
    }
    // RFC 7757 section 3.3.2: what is behind the suffix is ignored.
    let behind = v6("2001:db8:dddd:0:6000::abc");
    assert_eq!(table.v4_of(behind), Some(v4("192.0.2.152")));
}

#[test]
fn longest_match() {
    let table = table(vec![
        mapping("0.0.0.0", 0, "2001:db8:1::", 96),
        mapping("10.0.0.0", 8, "2001:db8:2::", 104),
        mapping("10.1.0.0", 16, "2001:db8:3::", 112),
        mapping("10.1.2.3", 32, "2001:db8:2::505:505", 128),
    ])
    .unwrap();
    for (a, b) in [
        ("9.9.9.9", "2001:db8:1::909:909"),
        ("10.2.3.4", "2001:db8:2::2:304"),
        ("10.1.3.4", "2001:db8:3::304"),
        ("10.1.2.3", "2001:db8:2::505:505"),
    ] {
        assert_eq!(table.v6_of(v4(a)), Some(v6(b)), "{a}");
        assert_eq!(table.v4_of(v6(b)), Some(v4(a)), "{b}");
    }
    // The host is inside of the second one's IPv6 prefix only with its last bits.
    let other = v6("2001:db8:2::5:506");
    assert_eq!(table.v4_of(other), Some(v4("10.5.5.6")));
}

#[test]
fn all_addresses() {
    let table = table(vec![mapping("1.2.3.4", 32, "::", 0)]).unwrap();
    assert_eq!(table.v4_of(v6("2001:db8::1")), Some(v4("1.2.3.4")));
    assert_eq!(table.v6_of(v4("1.2.3.4")), Some(v6("::")));
    assert_eq!(table.v6_of(v4("1.2.3.5")), None);
}

#[test]
fn refused() {
    let new = |a, a_len, b, b_len| Mapping::new(v4(a), a_len, v6(b), b_len).err();
    let bad = Some(BadMapping::SuffixLength);
    assert_eq!(new("10.0.0.0", 24, "2001:db8::", 121), bad);
    assert_eq!(new("10.0.0.0", 24, "2001:db8::", 120), None);
    let bad = Some(BadMapping::V4(BadPrefix::Suffix));
    assert_eq!(new("10.0.0.1", 24, "2001:db8::", 120), bad);
    let bad = Some(BadMapping::V6(BadPrefix::Suffix));
    assert_eq!(new("10.0.0.0", 24, "2001:db8::1", 120), bad);
    let bad = Some(BadMapping::V4(BadPrefix::Length(33)));
    assert_eq!(new("10.0.0.0", 33, "2001:db8::", 120), bad);
    let bad = Some(BadMapping::V6(BadPrefix::Length(129)));
    assert_eq!(new("10.0.0.0", 32, "2001:db8::", 129), bad);

    let first = mapping("10.0.0.0", 24, "2001:db8::", 120);
    let same4 = mapping("10.0.0.0", 24, "2001:db8:1::", 120);
    let same6 = mapping("10.0.1.0", 24, "2001:db8::", 120);
    assert_eq!(table(vec![first, same4]).err(), Some(BadTable::SameV4(1)));
    assert_eq!(table(vec![first, same6]).err(), Some(BadTable::SameV6(1)));
    // A longer prefix of the same bits is another one.
    let longer = mapping("10.0.0.0", 25, "2001:db8:2::", 121);
    assert!(table(vec![first, longer]).is_ok());
    let short = Table::new(vec![first], vec![0; 3], vec![0; 2], 1);
    assert_eq!(short.err(), Some(BadTable::Index));
}

#[test]
fn empty() {
    let table = table(vec![]).unwrap();
    assert_eq!(table.v6_of(v4("10.0.0.1")), None);
    assert_eq!(table.v4_of(v6("::1")), None);
    assert!(table.mappings().is_empty());
}

/// What the table finds is what going over all mappings finds.
#[test]
fn as_by_all_mappings() {
    let mut random = Random::new(7757);
    for _ in 0..60 {
        let mut mappings: Vec<Mapping> = Vec::new();
        for _ in 0..random.below(60) {
            let v4_len = random.below(33) as u8;
            let v6_len = random.below(129 - (32 - usize::from(v4_len))) as u8;
            // Few different bits, so that prefixes are in each other.
            let a = ((random.next() as u32) & 0x0101_0101) & !suffix4(v4_len);
            let b =
                u128::from(random.next() & 0x11) << 120 | u128::from(random.next() & 0x11) << 60;
            let b = b & !suffix6(v6_len);
            let new = Mapping::new(a.into(), v4_len, b.into(), v6_len).unwrap();
            let same = |old: &Mapping| old.v4() == new.v4() || old.v6() == new.v6();
            if !mappings.iter().any(same) {
                mappings.push(new);
            }
        }
        let table = table(mappings.clone()).unwrap();
        for _ in 0..200 {
            let a = random.next() as u32 & 0x0101_0101;
            let best = mappings
                .iter()
                .filter(|m| (a ^ m.v4) & !suffix4(m.v4_len) == 0)
                .max_by_key(|m| m.v4_len);
            let expected = best.map(|m| Ipv6Addr::from_bits(m.to_v6(a)));
            assert_eq!(table.v6_of(a.into()), expected);
            let b = u128::from(random.next() & 0x11) << 120 | u128::from(random.next());
            let best = mappings
                .iter()
                .filter(|m| (b ^ m.v6) & !suffix6(m.v6_len) == 0)
                .max_by_key(|m| m.v6_len);
            let expected = best.map(|m| Ipv4Addr::from_bits(m.to_v4(b)));
            assert_eq!(table.v4_of(b.into()), expected);
        }
        for m in &mappings {
            let a = m.v4 | (random.next() as u32 & suffix4(m.v4_len));
            assert_eq!(m.to_v4(m.to_v6(a)), a);
        }
    }
}

#[test]
fn many() {
    let mappings: Vec<_> = (0..20_000_u32)
        .map(|n| {
            let v4 = Ipv4Addr::from_bits(0x0a00_0000 | n);
            let v6 = Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(n) << 64 | 1);
            Mapping::new(v4, 32, v6, 128).unwrap()
        })
        .collect();
    let table = table(mappings.clone()).unwrap();
    for mapping in mappings {
        assert_eq!(table.v6_of(mapping.v4().0), Some(mapping.v6().0));
        assert_eq!(table.v4_of(mapping.v6().0), Some(mapping.v4().0));
    }
    // As few steps as for one: none is far from where its search begins.
    let longest = |index: &[u32]| {
        index
            .split(|slot| *slot == 0)
            .map(<[u32]>::len)
            .max()
            .unwrap()
    };
    assert!(longest(&table.index4) < 100, "{}", longest(&table.index4));
    assert!(longest(&table.index6) < 100, "{}", longest(&table.index6));
}
