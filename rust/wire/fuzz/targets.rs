// SPDX-License-Identifier: GPL-2.0

//! What must hold of any bytes. A fuzzer finds the bytes; the tests of `kernet-wire` run what it has
//! found, and some that are drawn.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use kernet_wire::{
    arp,
    checksum::{
        self,
        Pseudo,
        Sum, //
    },
    ect,
    etherip,
    ethernet,
    icmp,
    icmpv6,
    ip::{
        self,
        Protocol, //
    },
    ipv4,
    ipv6,
    ndisc,
    tcp,
    udp,
    vlan,
    walk,
    Error,
    Header,
    Layer, //
};

#[path = "xlat.rs"]
mod translation;

pub use translation::xlat;

/// Checks one input; panics where something said of it is not true.
pub type Target = fn(&[u8]);

/// The targets by their names, which are those of the corpus' folders, too.
pub const TARGETS: [(&str, Target); 6] = [
    ("frame", frame),
    ("headers", headers),
    ("lists", lists),
    ("checksums", checksums),
    ("built", built),
    ("xlat", xlat),
];

/// A frame is walked to an end, and what the walk says of it is true.
pub fn frame(bytes: &[u8]) {
    let summary = walk(bytes);
    assert!(summary.payload <= bytes.len());
    assert!(summary.options <= bytes.len());
    assert!(usize::from(summary.bad_checksums) <= summary.layers.iter().count());
    assert!(summary.layers.iter().count() <= 16);
    assert_eq!(summary.vlan.is_some(), {
        // Of the innermost frame.
        let layers: Vec<_> = summary.layers.iter().collect();
        let from = layers.iter().rposition(|layer| *layer == Layer::Ethernet);
        layers[from.unwrap_or(0)..].contains(&Layer::Vlan)
    });
    assert!(!summary.to_string().is_empty() && !format!("{summary:?}").is_empty());
    if let Some(error) = summary.error {
        assert!(error.to_string().starts_with(error.layer().name()));
    }
    // The same bytes, with more behind, are not worse.
    let mut longer = bytes.to_vec();
    longer.push(0xa5);
    if summary.error.is_none() {
        assert_eq!(walk(&longer).error, None);
    }
}

/// A parser takes `bytes` or says why not; `len` is what it has found there to be, in octets.
fn parsed(bytes: &[u8], parse: impl Fn(&[u8]) -> Result<usize, Error>) {
    match parse(bytes) {
        Ok(len) => {
            assert!(len <= bytes.len());
            let mut longer = bytes.to_vec();
            longer.push(0xa5);
            assert!(parse(&longer).is_ok());
        }
        Err(Error::Truncated { need, have, .. }) => {
            assert!(need > have && have as usize <= bytes.len());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A header's bytes are a header, and what `rebuild` makes of its getters is the same bytes.
fn same<H: Header + PartialEq + core::fmt::Debug>(bytes: &[u8], rebuild: impl Fn(&H) -> H) {
    let len = core::mem::size_of::<H>();
    let Ok((header, rest)) = H::view(bytes) else {
        assert!(bytes.len() < len);
        return;
    };
    assert_eq!(rest.len() + len, bytes.len());
    let rebuilt = rebuild(header);
    assert_eq!(rebuilt, *header);
    let mut out = vec![0x5a; len + 1];
    assert_eq!(rebuilt.emit(&mut out), Ok(&mut [0x5a][..]));
    assert_eq!(out[..len], bytes[..len]);
}

/// Every header: its parser, its getters and setters.
pub fn headers(bytes: &[u8]) {
    parsed(bytes, |bytes| {
        ethernet::parse(bytes).map(|(_, rest)| 14 + rest.len())
    });
    parsed(bytes, |bytes| {
        vlan::parse(bytes).map(|(_, rest)| 4 + rest.len())
    });
    parsed(bytes, |bytes| arp::parse(bytes).map(|_| 28));
    parsed(bytes, |bytes| {
        etherip::parse(bytes).map(|(_, rest)| 2 + rest.len())
    });
    parsed(bytes, |bytes| {
        ect::parse(bytes).map(|(_, _, rest)| rest.len())
    });
    parsed(bytes, |bytes| {
        icmp::parse(bytes).map(|(_, rest)| 8 + rest.len())
    });
    parsed(bytes, |bytes| {
        icmpv6::parse(bytes).map(|(_, rest)| 4 + rest.len())
    });
    parsed(bytes, |bytes| {
        udp::parse(bytes).map(|(_, rest)| 8 + rest.len())
    });
    parsed(bytes, |bytes| {
        tcp::parse(bytes).map(|(_, options, rest)| 20 + options.len() + rest.len())
    });
    parsed(bytes, |bytes| {
        ipv4::parse(bytes).map(|(_, options, rest)| 20 + options.len() + rest.len())
    });
    parsed(bytes, |bytes| {
        ipv6::parse(bytes).map(|(_, rest)| 40 + rest.len())
    });
    parsed(bytes, |bytes| ip::version(bytes).map(|_| 1));

    same::<ethernet::Header>(bytes, |h| {
        ethernet::Header::new(h.destination(), h.source(), h.ethertype())
    });
    same::<vlan::Header>(bytes, |h| vlan::Header::new(h.tci(), h.ethertype()));
    same::<ect::Header>(bytes, |h| ect::Header::new(h.skip_count()));
    same::<ip::Ports>(bytes, |h| ip::Ports::new(h.source(), h.destination()));
    same::<icmp::Header>(bytes, |h| {
        let mut copy = icmp::Header::new(h.kind(), h.code());
        copy.set_checksum(h.checksum());
        copy.set_echo(h.identifier(), h.sequence());
        copy
    });
    same::<icmpv6::Header>(bytes, |h| {
        let mut copy = icmpv6::Header::new(h.kind(), h.code());
        copy.set_checksum(h.checksum());
        copy.set_value(h.value());
        copy
    });
    same::<udp::Header>(bytes, |h| {
        let mut copy = *h;
        copy.set_source(h.source());
        copy.set_destination(h.destination());
        copy.set_len(h.len());
        copy.set_checksum(h.checksum());
        copy
    });
    same::<arp::Packet>(bytes, |h| {
        let mut copy = *h;
        copy.set_sender(h.sender_hardware(), h.sender_protocol());
        copy.set_target(h.target_hardware(), h.target_protocol());
        copy.header_mut().set_operation(h.operation());
        copy
    });
    same::<tcp::Header>(bytes, |h| {
        let mut copy = *h;
        copy.set_flags(tcp::Flags(!h.flags().0));
        copy.set_flags(h.flags());
        copy.set_sequence(h.sequence());
        copy.set_acknowledgement(h.acknowledgement());
        if let Some(options) = usize::from(h.header_len()).checked_sub(tcp::Header::LEN) {
            assert_eq!(copy.set_options_len(options), Ok(()));
        }
        copy
    });
    same::<ipv4::Header>(bytes, |h| {
        let mut copy = *h;
        copy.set_traffic_class((h.dscp() << 2) | h.ecn().bits());
        copy.set_dont_fragment(!h.dont_fragment());
        copy.set_dont_fragment(h.dont_fragment());
        copy.set_fragment(!h.fragment_offset(), !h.more_fragments());
        copy.set_fragment(h.fragment_offset(), h.more_fragments());
        copy.set_source(h.source());
        copy.set_destination(h.destination());
        copy
    });
    same::<ipv6::Header>(bytes, |h| {
        let mut copy = *h;
        copy.set_traffic_class(!h.traffic_class());
        copy.set_traffic_class((h.dscp() << 2) | h.ecn().bits());
        copy.set_flow_label(!h.flow_label());
        copy.set_flow_label(h.flow_label());
        copy.set_source(h.source());
        copy.set_destination(h.destination());
        copy
    });
}

/// A list of options ends, in octets that it was given; nothing comes behind an error.
fn ends<T>(items: impl Iterator<Item = Result<T, Error>>, size: impl Fn(&T) -> usize, most: usize) {
    let mut sum = 0;
    let mut failed = false;
    for item in items {
        assert!(!failed);
        match item {
            Ok(item) => sum += size(&item),
            Err(error) => {
                assert!(matches!(error, Error::BadOption { .. }));
                failed = true;
            }
        }
    }
    assert!(sum <= most);
}

/// Options, extension headers, tags: what may be repeated. The first octet says what goes first.
pub fn lists(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let most = bytes.len();
    ends(ipv4::options(bytes), |item| 2 + item.data.len(), most);
    ends(ndisc::Options::new(bytes), |item| 2 + item.data.len(), most);
    ends(ipv6::Options::new(bytes), |item| 2 + item.data.len(), most);
    ends(
        tcp::options(bytes),
        |option| match option {
            tcp::Opt::MaxSegmentSize(_) => 4,
            tcp::Opt::WindowScale(_) => 3,
            tcp::Opt::SackPermitted => 2,
            tcp::Opt::Sack(blocks) => 2 + 8 * blocks.len(),
            tcp::Opt::Timestamps { .. } => 10,
            tcp::Opt::Other(item) => 2 + item.data.len(),
        },
        most,
    );

    let protocol = Protocol([0, 43, 44, 51, 60, *first][usize::from(*first % 6)]);
    let whole = ipv6::extensions(bytes, protocol);
    // One header at a time, as a packet that is not all in one piece is walked.
    let mut walk = ipv6::Extensions::new(protocol);
    let steps = loop {
        let Some(at) = walk.wanted() else {
            break Ok(walk.upper());
        };
        let step = bytes
            .get(at..)
            .and_then(|rest| ipv6::Extension::view(rest).ok())
            .ok_or(None)
            .and_then(|(extension, _)| walk.step(extension).map_err(Some));
        if let Err(error) = step {
            break Err(error);
        }
    };
    match (whole, steps) {
        (Ok(whole), Ok(steps)) => {
            assert_eq!(whole, steps);
            assert!(whole.offset <= bytes.len());
        }
        (Err(Error::Truncated { .. }), Ok(upper)) => assert!(upper.offset > bytes.len()),
        (Err(Error::Truncated { .. }), Err(None)) => {}
        (whole, steps) => assert_eq!(whole.map_err(Some), steps),
    }

    if let Ok(upper) = whole {
        assert_eq!(
            Some((upper.protocol, upper.offset)),
            chain(bytes, protocol.0)
        );
    }

    let ethertype = [ethernet::EtherType::VLAN, ethernet::EtherType::IPV4][usize::from(first >> 7)];
    if let Ok(inner) = vlan::untag(ethertype, bytes) {
        assert_eq!(
            inner.tags * vlan::Header::LEN + inner.payload.len(),
            bytes.len()
        );
        assert_eq!(inner.outer.is_some(), inner.tags != 0);
    }
}

/// What is behind extension headers, and where, by the lengths that the RFCs give.
fn chain(bytes: &[u8], first: u8) -> Option<(Protocol, usize)> {
    let (mut next, mut at, mut later) = (first, 0, false);
    while !later {
        let header = bytes.get(at..);
        let len = |units| Some(usize::from(*header?.get(1)?) * units);
        at += match next {
            0 | 43 | 60 => len(8)? + 8,
            51 => len(4)? + 8,
            44 => {
                let offset = u16::from_be_bytes([*header?.get(2)?, *header?.get(3)?]);
                later = offset >= 8;
                8
            }
            _ => break,
        };
        next = *header?.first()?;
    }
    Some((Protocol(next), at))
}

/// The sum as RFC 1071 section 4.1 has it, a word at a time.
fn plain(bytes: &[u8]) -> u16 {
    let mut sum = 0u64;
    for pair in bytes.chunks(2) {
        sum += u64::from(u16::from_be_bytes([
            pair[0],
            pair.get(1).copied().unwrap_or(0),
        ]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Takes so many octets off the front; zeros where there are no more.
fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    let (front, rest) = bytes.split_at(bytes.len().min(N));
    taken[..front.len()].copy_from_slice(front);
    *bytes = rest;
    taken
}

fn number(bytes: &mut &[u8]) -> u16 {
    u16::from_be_bytes(take(bytes))
}

/// Sums in pieces are sums of all; a checksum that is changed is that of the changed bytes.
pub fn checksums(mut bytes: &[u8]) {
    let (at, old_at) = (
        usize::from(number(&mut bytes)),
        usize::from(number(&mut bytes)),
    );
    let new: [u8; 16] = take(&mut bytes);
    let data = bytes;
    let all = Sum::new().bytes(data);
    assert_eq!(all.fold(), plain(data));
    let (front, back) = data.split_at(at % (data.len() + 1));
    assert_eq!(Sum::new().bytes(front).bytes(back).fold(), all.fold());
    if front.len() % 2 == 0 {
        if let Some((word, rest)) = back.split_first_chunk() {
            let words = Sum::new()
                .bytes(front)
                .u32(u32::from_be_bytes(*word))
                .bytes(rest);
            assert_eq!(words.fold(), all.fold());
        }
    }

    // RFC 1624: all ways to say zero but for bytes that are all zero, before or after.
    let mut changed = data.to_vec();
    for len in [2, 4, 16] {
        let at = old_at % (data.len() / 2 + 1) * 2;
        let Some(place) = changed.get_mut(at..at + len) else {
            continue;
        };
        let old = place.to_vec();
        let before = !plain(data);
        place.copy_from_slice(&new[..len]);
        let after = match len {
            2 => checksum::update_u16(
                before,
                u16::from_be_bytes([old[0], old[1]]),
                u16::from_be_bytes([new[0], new[1]]),
            ),
            4 => checksum::update_u32(before, word(&old), word(&new)),
            _ => checksum::update_ipv6(before, address(&old), address(&new)),
        };
        let true_sum = !plain(&changed);
        let zero = |sum| sum == 0 || sum == 0xffff;
        assert!(
            after == true_sum || zero(after) && zero(true_sum),
            "{before:x} {after:x} {true_sum:x}"
        );
        let written = |bytes: &[u8]| bytes.iter().any(|byte| *byte != 0);
        if written(&changed) && written(data) {
            assert_eq!(after, true_sum);
        }
        changed = data.to_vec();
    }

    if let Ok((header, options, _)) = ipv4::parse(data) {
        let (mut header, before) = (*header, header);
        header.fill_checksum(options);
        assert_eq!(header.verify_checksum(options), Ok(()));
        let ttl = header.ttl();
        assert_eq!(header.forward(), ttl > 1);
        assert_eq!(header.verify_checksum(options), Ok(()));
        assert_eq!(header.source(), before.source());
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn address(bytes: &[u8]) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(bytes);
    Ipv6Addr::from(octets)
}

fn emit<H: Header>(header: &H, behind: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; core::mem::size_of::<H>()];
    assert_eq!(header.emit(&mut bytes), Ok(&mut [][..]));
    bytes.extend_from_slice(behind);
    bytes
}

/// A frame that is built of any values parses to them, and all its checksums match.
pub fn built(mut bytes: &[u8]) {
    let [shape, kind, tags, extensions] = take(&mut bytes);
    let (source, destination) = (number(&mut bytes), number(&mut bytes));
    let (from, to): ([u8; 16], [u8; 16]) = (take(&mut bytes), take(&mut bytes));
    let options = bytes.get(..usize::from(kind >> 4 & 7) * 4).unwrap_or(&[]);
    // More than the longest datagram is refused by each header, which `headers` sees.
    let payload = &bytes[options.len()..][..(bytes.len() - options.len()).min(60000)];
    let v4 = shape & 1 == 0;
    let pseudo = if v4 {
        Pseudo::v4(Ipv4Addr::from(word(&from)), Ipv4Addr::from(word(&to)))
    } else {
        Pseudo::v6(Ipv6Addr::from(from), Ipv6Addr::from(to))
    };

    let (protocol, upper) = match kind % 3 {
        0 => {
            let header = udp::Header::new(source, destination, payload.len()).unwrap();
            let mut datagram = emit(&header, payload);
            udp::fill_checksum(pseudo, &mut datagram).unwrap();
            (Protocol::UDP, datagram)
        }
        1 => {
            let flags = tcp::Flags(number(&mut &to[..]));
            let mut header = tcp::Header::new(source, destination, word(&from), word(&to), flags);
            header.set_options_len(options.len()).unwrap();
            let mut segment = emit(&header, &[options, payload].concat());
            tcp::fill_checksum(pseudo, &mut segment).unwrap();
            (Protocol::TCP, segment)
        }
        _ if v4 => {
            let mut message = emit(&icmp::Header::new(icmp::Type(source as u8), 0), payload);
            icmp::fill_checksum(&mut message).unwrap();
            (Protocol::ICMP, message)
        }
        _ => {
            // Those that the walk looks into have a form.
            let header = icmpv6::Header::new(icmpv6::Type(source as u8 & 0x7f), 0);
            let mut message = emit(&header, payload);
            icmpv6::fill_checksum(pseudo, &mut message).unwrap();
            (Protocol::ICMPV6, message)
        }
    };
    let (ethertype, packet) = if v4 {
        let (a, b) = (Ipv4Addr::from(word(&from)), Ipv4Addr::from(word(&to)));
        let mut header = ipv4::Header::new(a, b, protocol, upper.len()).unwrap();
        header.set_identification(source);
        header.fill_checksum(&[]);
        (ethernet::EtherType::IPV4, emit(&header, &upper))
    } else {
        let mut next = protocol;
        let mut chain = upper.clone();
        let count = extensions % 4;
        for at in 0..count {
            // Eight octets: two of the header, one PadN of six.
            let this = if at + 1 == count {
                Protocol::HOP_BY_HOP
            } else {
                Protocol::DESTINATION_OPTIONS
            };
            chain.splice(0..0, [next.0, 0, 1, 4, 0, 0, 0, 0]);
            next = this;
        }
        let header = ipv6::Header::new(Ipv6Addr::from(from), Ipv6Addr::from(to), next, chain.len());
        (ethernet::EtherType::IPV6, emit(&header.unwrap(), &chain))
    };
    let mut packet = packet;
    let mut inner = ethertype;
    for tag in 0..tags % 3 {
        packet = emit(
            &vlan::Header::new(vlan::Tci(u16::from(tag) + 1), inner),
            &packet,
        );
        inner = ethernet::EtherType::VLAN;
    }
    let mac = |octets: [u8; 16]| {
        ethernet::Address::new([
            octets[0], octets[1], octets[2], octets[3], octets[4], octets[5],
        ])
    };
    let frame = emit(&ethernet::Header::new(mac(to), mac(from), inner), &packet);

    let summary = walk(&frame);
    assert_eq!(summary.bad_checksums, 0, "{summary}");
    assert_eq!(summary.protocol, Some(protocol));
    assert_eq!(
        summary.vlan.map(|tci| tci.id()),
        (tags % 3 != 0).then_some(u16::from(tags % 3))
    );
    if matches!(protocol, Protocol::UDP | Protocol::TCP) {
        assert_eq!(summary.ports, Some((source, destination)));
    }
    // The options were made by nobody in particular.
    if summary.error.is_none() {
        assert_eq!(summary.payload, payload.len());
    } else {
        assert!(
            matches!(
                summary.error,
                Some(Error::BadOption {
                    layer: Layer::Tcp,
                    ..
                })
            ),
            "{summary}"
        );
    }
}
