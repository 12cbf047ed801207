// SPDX-License-Identifier: GPL-2.0

//! Valid frames of every layer.

use std::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use crate::frame::{
    Frame,
    Offload,
    Sum, //
};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const ECT: u16 = 0x9000;
const MPLS: u16 = 0x8847;
const PPPOE: u16 = 0x8864;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
const ETHERIP: u8 = 97;

/// `VIRTIO_NET_HDR_GSO_`...
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
const SEGMENT: u16 = 1200;

/// Who sends to whom.
#[derive(Clone)]
pub struct Ends {
    pub from: [u8; 6],
    pub to: [u8; 6],
    pub from4: Ipv4Addr,
    pub to4: Ipv4Addr,
    pub from6: Ipv6Addr,
    pub to6: Ipv6Addr,
}

/// The frames of a kind.
pub fn frames(kind: &str, ends: &Ends) -> Result<Vec<Frame>, String> {
    Ok(match kind {
        "plain" => plain(ends),
        "etherip" => tunnelled(ends),
        "ect" => loopback(ends),
        _ => return Err(format!("kind {kind} is not plain, etherip or ect")),
    })
}

fn ethernet(ends: &Ends, tags: &[u16], ethertype: u16) -> Frame {
    let mut frame = Frame::default();
    frame.put(&ends.to);
    frame.put(&ends.from);
    for tag in tags {
        frame.field(*tag);
        frame.field(0x2064);
    }
    frame.field(ethertype);
    frame
}

/// An IP packet of whichever version around what `body` puts, which is told where the addresses are.
fn ip(
    frame: &mut Frame,
    ends: &Ends,
    v6: bool,
    protocol: u8,
    shape: &Shape,
    body: impl FnOnce(&mut Frame, std::ops::Range<usize>),
) {
    let start = frame.bytes.len();
    if v6 {
        frame.octet(0x60);
        frame.put(&[0, 0, 7]);
        let len = frame.field(0);
        frame.octet(shape.extensions.first().map_or(protocol, |first| first[0]));
        frame.octet(64);
        let addresses = frame.put(&ends.from6.octets());
        frame.put(&ends.to6.octets());
        for (at, extension) in shape.extensions.iter().enumerate() {
            frame.octet(
                shape
                    .extensions
                    .get(at + 1)
                    .map_or(protocol, |next| next[0]),
            );
            frame.octet(extension[1]);
            frame.put(&extension[2..]);
        }
        body(frame, addresses..addresses + 32);
        frame.set(len, (frame.bytes.len() - start - 40) as u16);
    } else {
        frame.octet(0x45 + (shape.options.len() / 4) as u8);
        frame.octet(0);
        let len = frame.field(0);
        frame.field(7);
        frame.field(shape.fragment);
        frame.octet(64);
        frame.octet(protocol);
        let sum = frame.field(0);
        let addresses = frame.put(&ends.from4.octets());
        frame.put(&ends.to4.octets());
        for option in shape.options {
            frame.octet(*option);
        }
        let end = frame.bytes.len();
        body(frame, addresses..addresses + 8);
        frame.set(len, (frame.bytes.len() - start) as u16);
        frame.sums.push(Sum {
            over: start..end,
            at: sum,
            pseudo: None,
            partial: false,
        });
    }
}

/// What an IP header has beside what it must have.
#[derive(Clone, Copy, Default)]
struct Shape {
    fragment: u16,
    options: &'static [u8],
    /// The protocol's number, the length, the rest. The first octet goes into the header before.
    extensions: &'static [&'static [u8]],
}

const SHAPES: [Shape; 9] = [
    Shape {
        fragment: 0x4000,
        options: &[],
        extensions: &[],
    },
    // Record route, timestamp, router alert, end.
    Shape {
        fragment: 0,
        options: &[7, 7, 4, 0, 0, 0, 0, 0],
        extensions: &[&[0, 0, 5, 2, 0, 0, 1, 0]],
    },
    Shape {
        fragment: 0,
        options: &[68, 8, 5, 0, 0, 0, 0, 0],
        extensions: &[&[60, 0, 1, 4, 0, 0, 0, 0]],
    },
    Shape {
        fragment: 0,
        options: &[148, 4, 0, 0],
        extensions: &[
            &[0, 0, 1, 4, 0, 0, 0, 0],
            &[60, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ],
    },
    // Loose source route.
    Shape {
        fragment: 0,
        options: &[131, 7, 4, 192, 0, 2, 2, 0],
        extensions: &[&[43, 0, 0, 0, 0, 0, 0, 0]],
    },
    // First, middle, last part of a datagram; an atomic one.
    Shape {
        fragment: 0x2000,
        options: &[],
        extensions: &[&[44, 0, 0, 1, 0, 0, 0, 9]],
    },
    Shape {
        fragment: 0x2010,
        options: &[],
        extensions: &[&[44, 0, 0, 0x81, 0, 0, 0, 9]],
    },
    Shape {
        fragment: 0x0020,
        options: &[],
        extensions: &[&[44, 0, 1, 0, 0, 0, 0, 9]],
    },
    Shape {
        fragment: 0,
        options: &[],
        extensions: &[
            &[44, 0, 0, 0, 0, 0, 0, 10],
            &[
                51, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ],
    },
];

/// A transport's header and `size` octets; `offload` leaves its checksum, and the segments, to the
/// device.
fn transport(
    frame: &mut Frame,
    addresses: std::ops::Range<usize>,
    protocol: u8,
    size: usize,
    offload: bool,
) {
    let start = frame.bytes.len();
    let v6 = addresses.len() == 32;
    let (at, header) = match protocol {
        TCP => {
            frame.field(1024);
            frame.field(9);
            frame.put(&[0, 0, 0, 1, 0, 0, 0, 1]);
            // Eight octets of options: no operation twice, window scale, maximum segment size.
            frame.octet(0x70);
            frame.octet(0x18);
            frame.field(512);
            let at = frame.field(0);
            frame.field(0);
            for octet in [3, 3, 7, 1, 2, 4, 5, 0xb4] {
                frame.octet(octet);
            }
            (at, 28)
        }
        UDP => {
            frame.field(1024);
            frame.field(9);
            frame.field(8 + size as u16);
            (frame.field(0), 8)
        }
        _ => {
            frame.octet(if protocol == ICMP { 8 } else { 128 });
            frame.octet(0);
            let at = frame.field(0);
            frame.put(&[0, 7, 0, 1]);
            (at, 8)
        }
    };
    let body: Vec<u8> = (0..size).map(|octet| octet as u8).collect();
    frame.put(&body);
    let pseudo = (protocol != ICMP).then_some((addresses, protocol));
    frame.sums.push(Sum {
        over: start..frame.bytes.len(),
        at,
        pseudo,
        partial: offload,
    });
    if offload {
        let kind = match protocol {
            TCP if v6 => GSO_TCPV6,
            TCP => GSO_TCPV4,
            _ => GSO_UDP_L4,
        };
        let segmented = size > 1400;
        frame.offload = Offload {
            flags: Offload::NEEDS_CSUM,
            kind: if segmented { kind } else { 0 },
            words: [
                (start + header) as u16,
                if segmented { SEGMENT } else { 0 },
                start as u16,
                (at - start) as u16,
            ],
        };
    }
}

fn plain(ends: &Ends) -> Vec<Frame> {
    let mut made = Vec::new();
    for v6 in [false, true] {
        let ethertype = if v6 { IPV6 } else { IPV4 };
        let icmp = if v6 { ICMPV6 } else { ICMP };
        for tags in [&[][..], &[VLAN], &[SERVICE_VLAN, VLAN]] {
            for protocol in [TCP, UDP, icmp] {
                for size in [0, 1, 100, 1300, 3000, 20000, 60000] {
                    if !tags.is_empty() && size > 3000 {
                        continue;
                    }
                    for offload in [false, true] {
                        // Without segmentation a long one is more than a device takes.
                        if offload && protocol == icmp || !offload && size > 1400 {
                            continue;
                        }
                        let mut frame = ethernet(ends, tags, ethertype);
                        ip(
                            &mut frame,
                            ends,
                            v6,
                            protocol,
                            &SHAPES[0],
                            |frame, addresses| {
                                transport(frame, addresses, protocol, size, offload);
                            },
                        );
                        made.push(frame);
                    }
                }
                for shape in &SHAPES[1..] {
                    let mut frame = ethernet(ends, tags, ethertype);
                    ip(&mut frame, ends, v6, protocol, shape, |frame, addresses| {
                        transport(frame, addresses, protocol, 64, false);
                    });
                    made.push(frame);
                }
            }
        }
        for protocol in [4, 41, 47, 50, 51, 59, 89, 132, 136, 255] {
            let mut frame = ethernet(ends, &[], ethertype);
            ip(&mut frame, ends, v6, protocol, &SHAPES[0], |frame, _| {
                frame.put(&[0x45; 64]);
            });
            made.push(frame);
        }
    }
    made.push(arp(ends));
    made.push(solicitation(ends));
    for ethertype in [MPLS, PPPOE, 0x0026, 0x88cc, 0x6558] {
        let mut frame = ethernet(ends, &[], ethertype);
        for octet in [0x42, 0x42, 3, 0, 1, 64, 0, 38, 0, 33, 0x45, 0] {
            frame.octet(octet);
        }
        frame.put(&[0; 40]);
        made.push(frame);
    }
    made.push(ethernet(ends, &[], IPV4));
    repaired(made)
}

fn repaired(mut made: Vec<Frame>) -> Vec<Frame> {
    made.iter_mut().for_each(Frame::repair);
    made
}

fn arp(ends: &Ends) -> Frame {
    let mut frame = ethernet(ends, &[], ARP);
    for value in [1, IPV4, 0x0604, 1] {
        frame.field(value);
    }
    frame.put(&ends.from);
    frame.put(&ends.from4.octets());
    frame.put(&[0; 6]);
    frame.put(&ends.to4.octets());
    frame
}

fn solicitation(ends: &Ends) -> Frame {
    let mut frame = ethernet(ends, &[], IPV6);
    ip(
        &mut frame,
        ends,
        true,
        ICMPV6,
        &SHAPES[0],
        |frame, addresses| {
            let start = frame.bytes.len();
            frame.octet(135);
            frame.octet(0);
            let at = frame.field(0);
            frame.put(&[0; 4]);
            frame.put(&ends.to6.octets());
            frame.octet(1);
            frame.octet(1);
            frame.put(&ends.from);
            frame.sums.push(Sum {
                over: start..frame.bytes.len(),
                at,
                pseudo: Some((addresses, ICMPV6)),
                partial: false,
            });
        },
    );
    // Else it is not believed.
    frame.bytes[21] = 255;
    frame
}

/// Frames in EtherIP, RFC 3378; of those that fit, all.
fn tunnelled(ends: &Ends) -> Vec<Frame> {
    let mut made = Vec::new();
    for inner in plain(ends).iter().filter(|inner| inner.bytes.len() < 1400) {
        for (v6, shape) in [
            (false, &SHAPES[0]),
            (false, &SHAPES[1]),
            (true, &SHAPES[0]),
            (true, &SHAPES[2]),
            (true, &SHAPES[3]),
        ] {
            let mut frame = ethernet(ends, &[], if v6 { IPV6 } else { IPV4 });
            ip(&mut frame, ends, v6, ETHERIP, shape, |frame, _| {
                frame.field(0x3000);
                let at = frame.put(&inner.bytes);
                frame
                    .fields
                    .extend(inner.fields.iter().map(|(place, size)| (place + at, *size)));
                for sum in &inner.sums {
                    frame.sums.push(Sum {
                        over: sum.over.start + at..sum.over.end + at,
                        at: sum.at + at,
                        pseudo: sum
                            .pseudo
                            .clone()
                            .map(|(place, protocol)| (place.start + at..place.end + at, protocol)),
                        partial: false,
                    });
                }
            });
            made.push(frame);
        }
    }
    // Nothing in it, half a header in it.
    for size in [0, 1, 2, 15] {
        for (v6, shape) in [(false, &SHAPES[0]), (true, &SHAPES[0]), (true, &SHAPES[2])] {
            let mut frame = ethernet(ends, &[], if v6 { IPV6 } else { IPV4 });
            ip(&mut frame, ends, v6, ETHERIP, shape, |frame, _| {
                frame.put(&[0x30; 16][..size]);
            });
            made.push(frame);
        }
    }
    repaired(made)
}

/// Loopback tests, whose numbers are little-endian.
fn loopback(ends: &Ends) -> Vec<Frame> {
    let mut made = Vec::new();
    for tags in [&[][..], &[VLAN]] {
        for hops in [0, 1, 2, 5, 180] {
            for skip in [0, 8, 16, 0x0100] {
                for size in [0, 30, 1000] {
                    let mut frame = ethernet(ends, tags, ECT);
                    let at = frame.put(&u16::to_le_bytes(skip));
                    frame.fields.push((at, 2));
                    for _ in 0..hops {
                        let at = frame.put(&[2, 0]);
                        frame.fields.push((at, 2));
                        frame.put(&ends.from);
                    }
                    let at = frame.put(&[1, 0, 0x34, 0x12]);
                    frame.fields.push((at, 2));
                    frame.put(&[0; 1000][..size]);
                    made.push(frame);
                }
            }
        }
    }
    made
}
