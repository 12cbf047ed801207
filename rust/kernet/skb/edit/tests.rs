// SPDX-License-Identifier: GPL-2.0

//! KUnit cases of edits: what is kept right is computed anew.

#![cfg(CONFIG_KUNIT = "y")]

mod shape;

#[kernel::macros::kunit_tests(kernet_skb_edit)]
mod cases {
    use core::net::{
        IpAddr,
        Ipv4Addr,
        Ipv6Addr, //
    };
    use kernel::prelude::*;
    use zerocopy::IntoBytes;

    use super::shape::{
        folded,
        Shape,
        State,
        PAYLOAD,
        STATES, //
    };
    use crate::{
        context::{
            kunit::process,
            Process, //
        },
        random,
        skb::{
            Checksum,
            Edit,
            EditError,
            Skb,
            SkbRef,
            VlanTag, //
        },
        wire::{
            checksum::Sum,
            ethernet,
            icmp,
            icmpv6,
            ip::{
                Ecn,
                Protocol,
                Version, //
            },
            ipv4,
            ipv6,
            tcp,
            udp,
            vlan::Tci, //
        },
    };

    fn address(version: Version) -> IpAddr {
        // Zeros and ones are where sums go wrong.
        let bits = match random::u32() % 3 {
            0 => 0,
            1 => u128::MAX,
            _ => u128::from(random::u64()) << 64 | u128::from(random::u64()),
        };
        match version {
            Version::V4 => Ipv4Addr::from_bits(bits as u32).into(),
            Version::V6 => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Changes something.
    fn change(edit: &mut Edit<'_>) -> Result<(), EditError> {
        let word = random::u32() as u16;
        let [byte, other] = word.to_be_bytes();
        let ports = edit.ports().is_some();
        match byte % 10 {
            0 => edit.set_hop_limit(other),
            1 => edit.decrement_hop_limit().map(|_| ()),
            2 => edit.set_dscp(other & 63),
            3 => edit.set_ecn(Ecn::Capable0),
            4 => edit.mark_congested().map(|_| ()),
            5 => edit.set_source(address(edit.version())),
            6 => edit.set_destination(address(edit.version())),
            7 if ports => edit.set_source_port(word),
            8 if ports => edit.set_destination_port(word),
            _ => match edit.protocol() {
                Protocol::TCP => edit.transport(|header: &mut tcp::Header| {
                    header.set_window(word);
                    header.set_sequence(random::u32());
                    header.set_checksum(1);
                }),
                Protocol::UDP => edit.transport(|header: &mut udp::Header| header.set_source(word)),
                Protocol::ICMP => edit.transport(|header: &mut icmp::Header| {
                    *header = icmp::Header::new(header.kind(), other)
                }),
                _ => edit.transport(|header: &mut icmpv6::Header| {
                    *header = icmpv6::Header::new(header.kind(), other)
                }),
            },
        }
    }

    /// Whether all edits of such a packet are right.
    fn all_edits_are_right(shape: Shape, process: Process<'_>) -> bool {
        let Some(mut skb) = shape.packet(process) else {
            return false;
        };
        let mut right = shape.is_right(&skb);
        for _ in 0..300 {
            right &= match skb.as_mut().edit(shape.lead as u32) {
                Ok(mut edit) => change(&mut edit).is_ok(),
                Err(_) => false,
            };
            right &= shape.is_right(&skb);
        }
        skb.consume(process);
        right
    }

    fn every_shape(mut test: impl FnMut(Shape) -> bool) -> Option<Shape> {
        let shapes = [
            (Version::V4, Protocol::TCP, false),
            (Version::V6, Protocol::TCP, false),
            (Version::V4, Protocol::UDP, false),
            (Version::V6, Protocol::UDP, false),
            (Version::V4, Protocol::UDP, true),
            (Version::V6, Protocol::UDP, true),
            (Version::V4, Protocol::ICMP, false),
            (Version::V6, Protocol::ICMPV6, false),
        ];
        for (version, protocol, unsummed) in shapes {
            for state in STATES {
                if state == State::Partial && unsummed {
                    continue;
                }
                for lead in [0, 1, 14] {
                    let shape = Shape {
                        state,
                        lead,
                        unsummed,
                        ..Shape::new(version, protocol)
                    };
                    if !test(shape) {
                        return Some(shape);
                    }
                }
            }
        }
        None
    }

    #[test]
    fn sums_of_every_shape() {
        let wrong = process(|process| every_shape(|shape| all_edits_are_right(shape, process)));
        if let Some(Some(shape)) = wrong {
            pr_err!(
                "wrong: {:?} {:?} state {} lead {}\n",
                shape.version,
                shape.protocol,
                shape.state as u8,
                shape.lead
            );
        }
        assert!(matches!(wrong, Some(None)));
    }

    #[test]
    fn what_is_set_is_read() {
        let seen = process(|process| {
            every_shape(|shape| {
                let Some(mut skb) = shape.packet(process) else {
                    return false;
                };
                let seen = skb.as_mut().edit(shape.lead as u32).is_ok_and(|mut edit| {
                    let (source, destination) = (address(shape.version), address(shape.version));
                    let ports = edit.ports().is_some();
                    let mut right = edit.set_source(source).is_ok();
                    right &= edit.set_destination(destination).is_ok();
                    right &= edit.set_hop_limit(7).is_ok() && edit.set_dscp(33).is_ok();
                    right &= edit.set_ecn(Ecn::Capable1).is_ok();
                    right &= edit.set_dscp(64) == Err(EditError::OutOfRange);
                    right &= edit.set_source_port(9).is_ok() == ports;
                    right &= edit.set_destination_port(0xfffe).is_ok() == ports;
                    right &= edit.source() == Some(source);
                    right &= edit.destination() == Some(destination);
                    right &= edit.hop_limit() == 7 && edit.traffic_class() == (33 << 2 | 1);
                    right &= edit.mark_congested() == Ok(true) && edit.traffic_class() & 3 == 3;
                    let read = edit
                        .ports()
                        .map(|ports| (ports.source(), ports.destination()));
                    right && read == ports.then_some((9, 0xfffe))
                });
                skb.consume(process);
                seen
            })
        });
        assert!(matches!(seen, Some(None)));
    }

    #[test]
    fn a_packet_cut_short_is_refused_as_it_is() {
        let seen = process(|process| {
            every_shape(|shape| {
                let Some((bytes, len)) = shape.bytes() else {
                    return false;
                };
                (0..len).all(|short| {
                    let Ok(mut skb) = Skb::new(0, 160, process) else {
                        return false;
                    };
                    let cut = bytes.get(..short).unwrap_or(&[]);
                    let put = skb.put(cut).is_ok();
                    let refused = skb.as_mut().edit(shape.lead as u32).is_err();
                    let beyond = skb.as_mut().edit(u32::MAX).is_err();
                    let same = skb.linear() == cut;
                    skb.consume(process);
                    put && refused && beyond && same
                })
            })
        });
        assert!(matches!(seen, Some(None)));
    }

    /// Runs a test on a packet of a TCP shape whose first bytes were changed.
    fn with_tcp<R>(
        shape: Shape,
        bytes: impl FnOnce(&mut [u8; 160], usize) -> usize,
        test: impl FnOnce(&mut Skb<'static>) -> R,
    ) -> Option<R> {
        process(|process| {
            let (mut packet, len) = shape.bytes()?;
            let len = bytes(&mut packet, len);
            let mut skb = Skb::new(64, 160, process).ok()?;
            let put = skb.put(packet.get(..len).unwrap_or(&[]));
            let result = test(&mut skb);
            skb.consume(process);
            put.ok().map(|()| result)
        })?
    }

    const TCP4: Shape = Shape::new(Version::V4, Protocol::TCP);

    /// Sets total length and fragment fields of an IPv4 header, with a right checksum.
    fn fragment(bytes: &mut [u8; 160], len: usize, offset: u16, more: bool) -> usize {
        if let Some((mut header, rest)) = ipv4::Header::view_of(bytes) {
            header.set_total_len(len as u16);
            header.set_fragment(offset, more);
            header.fill_checksum(&[]);
            rest.copy_from_slice(header.as_bytes());
        }
        len
    }

    trait View {
        fn view_of(bytes: &mut [u8; 160]) -> Option<(ipv4::Header, &mut [u8])>;
    }

    impl View for ipv4::Header {
        fn view_of(bytes: &mut [u8; 160]) -> Option<(ipv4::Header, &mut [u8])> {
            let header = *ipv4::parse(bytes.get(..65)?).ok()?.0;
            Some((header, bytes.get_mut(..20)?))
        }
    }

    #[test]
    fn a_later_fragment_has_no_transport() {
        let seen = with_tcp(
            TCP4,
            |bytes, len| fragment(bytes, len, 64, false),
            |skb| {
                let payload = skb.copy_header::<[u8; PAYLOAD]>(20);
                let edited = skb.as_mut().edit(0).is_ok_and(|mut edit| {
                    edit.set_source(Ipv4Addr::BROADCAST.into()).is_ok()
                        && edit.set_source_port(1) == Err(EditError::Absent)
                        && edit.transport(|_: &mut tcp::Header| ()) == Err(EditError::Absent)
                        && edit.ports().is_none()
                        && edit.transport_offset().is_none()
                });
                let header = Sum::new().bytes(skb.linear().get(..20).unwrap_or(&[]));
                let same = skb.copy_header::<[u8; PAYLOAD]>(20) == payload;
                edited && same && header.checksum() == 0
            },
        );
        assert!(seen == Some(true));
    }

    #[test]
    fn a_first_fragment_that_ends_before_the_checksum() {
        let seen = with_tcp(
            TCP4,
            |bytes, _| fragment(bytes, 28, 0, true),
            |skb| {
                let before = skb.copy_header::<[u8; 28]>(0);
                let refused = skb.as_mut().edit(0).is_ok_and(|mut edit| {
                    edit.set_source(Ipv4Addr::BROADCAST.into()) == Err(EditError::TooShort)
                        && edit.set_destination_port(1) == Err(EditError::TooShort)
                });
                refused && skb.copy_header::<[u8; 28]>(0) == before
            },
        );
        assert!(seen == Some(true));
    }

    #[test]
    fn padding_is_no_header() {
        // The packet ends behind its IP header; the rest is the link's.
        let seen = with_tcp(
            TCP4,
            |bytes, len| {
                fragment(bytes, 20, 0, false);
                len
            },
            |skb| {
                let padding = skb.copy_header::<[u8; PAYLOAD]>(20);
                let refused = skb.as_mut().edit(0).is_ok_and(|mut edit| {
                    edit.set_source(Ipv4Addr::BROADCAST.into()) == Err(EditError::TooShort)
                        && edit.set_source_port(1) == Err(EditError::TooShort)
                        && edit.set_hop_limit(1).is_ok()
                });
                refused && skb.copy_header::<[u8; PAYLOAD]>(20) == padding
            },
        );
        assert!(seen == Some(true));
    }

    #[test]
    fn an_address_of_the_other_version() {
        let seen = with_tcp(
            TCP4,
            |_, len| len,
            |skb| {
                skb.as_mut().edit(0).is_ok_and(|mut edit| {
                    edit.set_source(Ipv6Addr::LOCALHOST.into()) == Err(EditError::Absent)
                        && edit.transport(|_: &mut udp::Header| ()) == Err(EditError::Absent)
                        && edit.transport(|header: &mut tcp::Header| {
                            let _ = header.set_options_len(4);
                        }) == Err(EditError::Malformed)
                })
            },
        );
        assert!(seen == Some(true));
    }

    #[test]
    fn segments_that_are_left() {
        let left = |segments: u8| {
            process(|process| {
                // A routing header of 8 bytes before UDP of 8.
                let ends = (Ipv6Addr::LOCALHOST, Ipv6Addr::from_bits(7));
                let header = ipv6::Header::new(ends.0, ends.1, Protocol::ROUTING, 16).ok()?;
                let mut skb = Skb::new(0, 160, process).ok()?;
                let udp = [0, 9, 0, 9, 0, 8, 0x12, 0x34];
                let put = skb.put(header.as_bytes()).is_ok()
                    && skb.put(&[17, 0, 4, segments, 0, 0, 0, 0]).is_ok()
                    && skb.put(&udp).is_ok();
                let edited = skb.as_mut().edit(0).is_ok_and(|mut edit| {
                    edit.set_destination(Ipv6Addr::UNSPECIFIED.into()).is_ok()
                });
                let same = skb.copy_header::<[u8; 2]>(54) == Some([0x12, 0x34]);
                skb.consume(process);
                (put && edited).then_some(same)
            })
            .flatten()
        };
        assert!(left(1) == Some(true));
        assert!(left(0) == Some(false));
    }

    #[test]
    fn a_clone_stays_as_it_was() {
        let seen = process(|process| {
            let mut skb = TCP4.packet(process)?;
            let before = skb.copy_header::<[u8; 65]>(0);
            let clone = skb.try_clone(process);
            let edited = skb.as_mut().edit(0).is_ok_and(|mut edit| {
                edit.set_source(Ipv4Addr::BROADCAST.into()).is_ok() && edit.set_hop_limit(3).is_ok()
            });
            let right = edited && TCP4.is_right(&skb) && skb.copy_header::<[u8; 65]>(0) != before;
            skb.consume(process);
            let same = clone.ok().map(|clone| {
                let same = clone.copy_header::<[u8; 65]>(0) == before;
                clone.consume(process);
                same
            });
            Some((right, same))
        });
        assert!(seen == Some(Some((true, Some(true)))));
    }

    #[test]
    fn tags_come_and_go() {
        let tags = [
            VlanTag::Customer(Tci(1)),
            VlanTag::Customer(Tci(0x2fff)),
            VlanTag::Service(Tci(3)),
        ];
        let seen = process(|process| {
            let mut skb = Skb::new(0, 80, process).ok()?;
            let mut bytes = [0x5a; 60];
            bytes[12] = 8;
            bytes[13] = 0;
            let mut right = skb.put(&bytes).is_ok();
            let elsewhere = skb.as_mut().push_vlan(tags[0]);
            skb.as_mut().reset_mac_header();
            right &= elsewhere == Err(EditError::Malformed);
            right &= skb.as_mut().pop_vlan() == Ok(None);
            right &= skb.as_mut().replace_vlan(tags[0]) == Ok(None);
            let sum = skb.sum(0, 60, 0).unwrap_or(0);
            right &= skb
                .as_mut()
                .set_checksum(Checksum::Complete { sum })
                .is_ok();
            let summed = |skb: &SkbRef| match skb.checksum() {
                Checksum::Complete { sum } => {
                    folded(sum) == folded(skb.sum(0, skb.len(), 0).unwrap_or(1))
                }
                _ => false,
            };
            for tag in tags {
                right &= skb.as_mut().push_vlan(tag).is_ok() && summed(&skb);
            }
            // Two are in the frame, the outer one first.
            right &= skb.len() == 68 && skb.vlan_tag() == Some(tags[2]);
            let header = skb.copy_header::<[u8; 10]>(12);
            right &= header == Some([0x81, 0, 0x2f, 0xff, 0x81, 0, 0, 1, 8, 0]);
            right &= skb.as_mut().replace_vlan(VlanTag::Customer(Tci(9))) == Ok(Some(tags[2]));
            // All of them in the frame, as a program sends it.
            let clone = skb.try_clone(process);
            right &= skb.as_mut().pop_vlan() == Ok(Some(VlanTag::Customer(Tci(9))));
            right &= skb.as_mut().pop_vlan() == Ok(Some(tags[1])) && summed(&skb);
            right &= skb.as_mut().pop_vlan() == Ok(Some(tags[0]));
            right &= skb.as_mut().pop_vlan() == Ok(None);
            right &= skb.linear() == bytes && summed(&skb) && skb.protocol() == 0x0800;
            skb.consume(process);
            if let Ok(mut clone) = clone {
                clone.as_mut().set_vlan_tag(None);
                let inside = clone.copy_header::<[u8; 10]>(12);
                right &= inside == header;
                right &= clone.as_mut().replace_vlan(tags[2]) == Ok(Some(tags[1]));
                right &= clone.as_mut().pop_vlan() == Ok(Some(tags[2]));
                right &= clone.as_mut().pop_vlan() == Ok(Some(tags[0]));
                right &= clone.linear() == bytes;
                clone.consume(process);
            }
            Some(right)
        });
        assert!(seen == Some(Some(true)));
    }

    #[test]
    fn a_frame_too_short_for_its_tag() {
        let seen = process(|process| {
            (0..26_usize).all(|len| {
                let Ok(mut skb) = Skb::new(0, 80, process) else {
                    return false;
                };
                let mut bytes = [0; 26];
                bytes[12..22].copy_from_slice(&[0x81, 0, 0, 1, 0x81, 0, 0, 2, 8, 0]);
                let cut = bytes.get(..len).unwrap_or(&[]);
                let put = skb.put(cut).is_ok();
                skb.as_mut().reset_mac_header();
                let popped = skb.as_mut().pop_vlan();
                let right = match len {
                    24.. => {
                        popped == Ok(Some(VlanTag::Customer(Tci(1))))
                            && skb.len() as usize == len - 8
                    }
                    _ => popped == Err(EditError::TooShort) && skb.linear() == cut,
                };
                let header = skb.as_mut().edit(ethernet::Header::LEN as u32).is_err();
                skb.consume(process);
                put && right && header
            })
        });
        assert!(seen == Some(true));
    }
}
