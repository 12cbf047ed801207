// SPDX-License-Identifier: GPL-2.0

//! Cases of a test suite that others wrote. They are no part of the project: a folder `shared` beside it
//! has them, with a README that says what is in them.

#![cfg(test)]

use std::{
    eprintln,
    format,
    fs,
    path::{
        Path,
        PathBuf, //
    },
    string::{
        String,
        ToString, //
    },
    vec,
    vec::Vec, //
};

use super::{
    table,
    translate, //
};
use crate::{
    ipv4,
    ipv6,
    xlat::*,
    Header as _, //
};

/// Where they are, in whatever folder the project is.
fn folder() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|above| above.join("shared/vectors/siit"))
        .find(|folder| folder.join("cases.tsv").is_file())
}

/// The translator's own addresses, of the README.
const OWN4: &str = "198.51.100.1";
const OWN6: &str = "2001:db8:1c0:2:1::";

fn address4(text: &str) -> (core::net::Ipv4Addr, u8) {
    let (address, len) = text.split_once('/').unwrap_or((text, "32"));
    (address.parse().unwrap(), len.parse().unwrap())
}

fn address6(text: &str) -> (core::net::Ipv6Addr, u8) {
    let (address, len) = text.split_once('/').unwrap_or((text, "128"));
    (address.parse().unwrap(), len.parse().unwrap())
}

/// What the last column says.
fn configuration(words: &str) -> (Settings, Vec<Mapping>) {
    let (own4, own6) = (address4(OWN4), address6(OWN6));
    let mut settings = Settings {
        // Who has no sources configured sends from an address of his own.
        sources4: Sources4::new(own4.0, own4.1).ok(),
        sources6: Sources6::new(own6.0, own6.1).ok(),
        ..Settings::default()
    };
    let mut mappings = vec![];
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap();
        if let Some(v6) = key.strip_prefix("eam:") {
            let ((v4, v4_len), (v6, v6_len)) = (address4(value), address6(v6));
            mappings.push(Mapping::new(v4, v4_len, v6, v6_len).unwrap());
            continue;
        }
        match (key, value) {
            (_, "null") => (),
            ("pool6", prefix) => {
                let (address, len) = address6(prefix);
                settings.prefix = Some(Prefix::new(address, len).unwrap());
            }
            ("rfc6791v4-prefix", prefix) => {
                let (address, len) = address4(prefix);
                settings.sources4 = Some(Sources4::new(address, len).unwrap());
            }
            ("rfc6791v6-prefix", prefix) => {
                let (address, len) = address6(prefix);
                settings.sources6 = Some(Sources6::new(address, len).unwrap());
            }
            ("lowest-ipv6-mtu", mtu) => settings.lowest_ipv6_mtu = mtu.parse().unwrap(),
            ("mtu4", mtu) => settings.mtu4 = Some(mtu.parse().unwrap()),
            ("mtu6", mtu) => settings.mtu6 = Some(mtu.parse().unwrap()),
            ("amend-udp-checksum-zero", "1") => settings.zero_checksum = ZeroChecksum::Compute,
            ("amend-udp-checksum-zero", "0") => settings.zero_checksum = ZeroChecksum::Refuse,
            other => panic!("{other:?}"),
        }
    }
    (settings, mappings)
}

/// A router takes one from the hop limit before it translates.
fn forward(packet: &mut [u8]) {
    let done = match packet[0] >> 4 {
        4 => ipv4::Header::view_mut(packet).unwrap().0.forward(),
        _ => ipv6::Header::view_mut(packet).unwrap().0.forward(),
    };
    assert!(done);
}

/// Type, code, and the four octets behind the checksum of an ICMP error of either version.
fn error_of(packet: &[u8]) -> Vec<u8> {
    let at = if packet[0] >> 4 == 4 { 20 } else { 40 };
    [&packet[at..at + 2], &packet[at + 4..at + 8]].concat()
}

/// What a sender is told, in the same octets.
fn answer(refused: Refused, version: u8) -> Option<Vec<u8>> {
    let version = ip::Version::of(version << 4)?;
    let (kind, code, value) = match refused.answer(version)? {
        Answer::V4(kind, code, mtu) => (kind.0, code, mtu),
        Answer::V6(kind, code, value) => (kind.0, code, value),
    };
    Some([&[kind, code], &value.to_be_bytes()[..]].concat())
}

use crate::ip;

/// What is different, if anything.
fn compare(got: &[u8], expected: &[u8], ignored: &[usize]) -> Result<(), String> {
    let same = |at: usize| ignored.contains(&at) || got.get(at) == expected.get(at);
    let differ: Vec<_> = (0..got.len().max(expected.len()))
        .filter(|at| !same(*at))
        .collect();
    match differ.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{} octets for {}, different at {:?}",
            got.len(),
            expected.len(),
            &differ[..differ.len().min(12)]
        )),
    }
}

fn run(folder: &Path, line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [sent, from, to, expected, ignored, words] = columns[..] else {
        return Err("columns".to_string());
    };
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| error.to_string());
    let ignored: Vec<usize> = ignored
        .split(',')
        .filter_map(|at| at.parse().ok())
        .collect();
    let expected = expected
        .split(',')
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    let (settings, mappings) = configuration(words);
    let table = table(mappings);
    let translator = Translator::new(&table, &settings);
    let original = read(sent)?;
    let mut packet = original.clone();
    forward(&mut packet);
    let known = Packet::new(packet.len());

    let mut got = match translate(&translator, &packet, &known) {
        Ok(got) => got,
        Err(refused) => {
            let told = answer(refused, packet[0] >> 4).ok_or(refused.to_string())?;
            let right = error_of(&expected[0]);
            // Linux writes the rest; it quotes the packet as it came.
            let quoted = if from == "IPv4" { 28 } else { 48 };
            let end = expected[0].len() - quoted;
            compare(&told, &right, &[])?;
            return compare(&original[..end], &expected[0][quoted..], &[]);
        }
    };
    if from == "IPv6" && to == "IPv6" {
        // It is for another host with a mapping (RFC 7757 section 4), and comes back.
        let back = got.remove(0);
        got = translate(&translator, &back, &Packet::new(back.len()))
            .map_err(|refused| refused.to_string())?;
    }
    if got.len() != expected.len() {
        return Err(format!("{} packets for {}", got.len(), expected.len()));
    }
    for (got, expected) in got.iter().zip(&expected) {
        compare(got, expected, &ignored)?;
    }
    Ok(())
}

#[test]
fn cases() {
    let Some(folder) = folder() else {
        eprintln!("skipped: there is no shared/vectors/siit above the project");
        return;
    };
    let cases = fs::read_to_string(folder.join("cases.tsv")).unwrap();
    let mut failed = vec![];
    let mut passed = 0;
    for line in cases.lines().skip(1) {
        match run(&folder, line) {
            Ok(()) => passed += 1,
            Err(error) => failed.push(format!(
                "{}: {error}",
                line.split('\t').next().unwrap_or_default()
            )),
        }
    }
    eprintln!("{passed} cases of {} passed", passed + failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(passed, 81);
}
