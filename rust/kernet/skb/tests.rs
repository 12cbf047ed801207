// SPDX-License-Identifier: GPL-2.0

//! What a packet does, in the kernel.

use kernel::prelude::*;

#[kunit_tests(kernet_skb)]
mod cases {
    use super::super::*;
    use crate::{
        context::kunit::process,
        netns::kunit::init_net,
        wire::{
            self,
            ethernet,
            vlan::Tci, //
        },
    };

    /// Runs `test` on a packet with 20 bytes, which are their own offsets, and 16 bytes of headroom.
    fn with_packet<R>(test: impl FnOnce(&mut Skb<'static>) -> R) -> Option<R> {
        process(|process| {
            let mut skb = Skb::new(16, 64, process).ok()?;
            let mut bytes = [0; 20];
            for (offset, byte) in (0..).zip(&mut bytes) {
                *byte = offset;
            }
            let put = skb.put(&bytes).is_ok();
            let result = test(&mut skb);
            skb.consume(process);
            put.then_some(result)
        })?
    }

    #[test]
    fn a_new_packet_has_its_room() {
        let seen = with_packet(|skb| (skb.len(), skb.headlen(), skb.headroom() >= 16));
        assert_eq!(seen, Some((20, 20, true)));
    }

    #[test]
    fn what_is_kept_has_no_extension() {
        // Of a kernel without extensions there is nothing to see.
        #[cfg(not(CONFIG_MPTCP = "y"))]
        let seen = Some((true, 0));
        #[cfg(CONFIG_MPTCP = "y")]
        let seen = process(|process| {
            let skb = Skb::new(16, 64, process).ok()?;
            let id = bindings::skb_ext_id_SKB_EXT_MPTCP;
            // SAFETY: The packet is ours. Nobody looks at what MPTCP would say there.
            let added = !unsafe { bindings::skb_ext_add(skb.as_ptr(), id) }.is_null();
            let skb = skb.keep();
            // SAFETY: The packet is ours.
            let left = unsafe { (*skb.as_ptr()).active_extensions };
            skb.consume(process);
            Some((added, left))
        })
        .flatten();
        assert_eq!(seen, Some((true, 0)));
    }

    #[test]
    fn put_refuses_what_does_not_fit() {
        let seen = with_packet(|skb| {
            let room = skb.tailroom();
            let mut refused = false;
            for _ in 0..room {
                refused |= skb.put(&[1; 64]).is_err();
            }
            (refused, skb.len() <= 20 + room)
        });
        assert_eq!(seen, Some((true, true)));
    }

    #[test]
    fn a_header_beyond_the_end_is_refused() {
        let seen = with_packet(|skb| {
            let fits = skb.as_mut().pull_header::<ethernet::Header>(6).is_ok();
            let ends = skb.as_mut().pull_header::<ethernet::Header>(7).err();
            let wraps = skb
                .as_mut()
                .pull_header::<ethernet::Header>(u32::MAX - 3)
                .err();
            (fits, ends, wraps)
        });
        let small = Some(DropReason::PKT_TOO_SMALL);
        assert!(seen == Some((true, small, small)));
    }

    #[test]
    fn pull_and_push_move_the_start() {
        let seen = with_packet(|skb| {
            let too_much = skb.as_mut().pull(21).is_err();
            let pulled = skb.as_mut().pull(14).is_ok();
            let first = skb.linear().first().copied();
            let pushed = skb.as_mut().push_header(&[7u8; 40]).is_ok();
            (too_much, pulled, first, pushed, skb.len())
        });
        assert_eq!(seen, Some((true, true, Some(14), true, 46)));
    }

    #[test]
    fn the_link_header_is_before_the_data() {
        let seen = with_packet(|skb| {
            let unset = skb.ethernet_header();
            skb.as_mut().reset_mac_header();
            let here = skb.ethernet_header();
            let pulled = skb.as_mut().pull(13).is_ok();
            let short = skb.ethernet_header();
            let whole = skb.as_mut().pull(1).is_ok();
            let header = skb
                .ethernet_header()
                .map(|header| (header.source().octets(), header.ethertype().0));
            (unset, here, pulled, short, whole, header)
        });
        let header = Some(([6, 7, 8, 9, 10, 11], 0x0c0d));
        assert!(seen == Some((None, None, true, None, true, header)));
    }

    #[test]
    fn a_clone_keeps_its_bytes_when_the_other_is_written() {
        let seen = with_packet(|skb| {
            process(|process| {
                let clone = skb.try_clone(process).ok()?;
                let shared = skb.is_cloned();
                let written = skb
                    .as_mut()
                    .header_mut::<[u8; 4]>(0)
                    .map(|bytes| *bytes = [9; 4])
                    .is_ok();
                let kept = clone.linear().first().copied();
                clone.consume(process);
                Some((shared, written, kept, skb.linear().first().copied()))
            })?
        });
        assert_eq!(seen, Some(Some((true, true, Some(0), Some(9)))));
    }

    #[test]
    fn copying_stops_at_the_end() {
        let seen = with_packet(|skb| {
            let mut bytes = [0; 4];
            let inside = skb.copy_bits(16, &mut bytes).is_ok();
            let outside = skb.copy_bits(17, &mut [0; 4]).is_err();
            (inside, bytes, outside, skb.copy_header::<[u8; 2]>(19))
        });
        assert_eq!(seen, Some((true, [16, 17, 18, 19], true, None)));
    }

    #[test]
    fn trim_only_shortens() {
        let seen = with_packet(|skb| {
            let longer = skb.as_mut().trim(100).is_ok();
            let len = skb.len();
            let shorter = skb.as_mut().trim(5).is_ok();
            (longer, len, shorter, skb.len())
        });
        assert_eq!(seen, Some((true, 20, true, 5)));
    }

    #[test]
    fn a_copy_has_bytes_and_room_of_its_own() {
        let seen = with_packet(|skb| {
            process(|process| {
                let copy = skb.try_copy(process).ok()?;
                let seen = (
                    copy.is_cloned(),
                    skb.is_cloned(),
                    copy.linear() == skb.linear(),
                );
                copy.consume(process);
                Some(seen)
            })?
        });
        assert_eq!(seen, Some(Some((false, false, true))));
    }

    #[test]
    fn cow_unshares_and_makes_room() {
        let seen = with_packet(|skb| {
            process(|process| {
                let clone = skb.try_clone(process).ok()?;
                let done = skb.as_mut().cow(1000).is_ok();
                let seen = (
                    done,
                    skb.is_cloned(),
                    skb.headroom() >= 1000,
                    skb.linear() == clone.linear(),
                );
                clone.consume(process);
                Some(seen)
            })?
        });
        assert_eq!(seen, Some(Some((true, false, true, true))));
    }

    #[test]
    fn a_linear_packet_is_made_linear() {
        let seen = with_packet(|skb| {
            let done = skb.as_mut().linearize().is_ok();
            (
                done,
                skb.is_nonlinear(),
                skb.nr_frags(),
                skb.has_frag_list(),
                skb.is_readable(),
            )
        });
        assert_eq!(seen, Some((true, false, 0, false, true)));
    }

    #[test]
    fn a_partial_checksum_is_filled_in() {
        let seen = with_packet(|skb| {
            let new = skb.checksum();
            let partial = Checksum::Partial {
                start: 8,
                offset: 4,
            };
            let set = skb.as_mut().set_checksum(partial).is_ok() && skb.checksum() == partial;
            let mut covered = [0; 12];
            let read = skb.copy_bits(8, &mut covered).is_ok();
            let expected = wire::checksum::Sum::new().bytes(&covered).checksum();
            let filled = skb.as_mut().fill_checksum().is_ok();
            let found = skb.copy_header::<[u8; 2]>(12).map(u16::from_be_bytes);
            (
                new,
                set && read && filled,
                found == Some(expected),
                skb.checksum(),
            )
        });
        assert_eq!(seen, Some((Checksum::None, true, true, Checksum::None)));
    }

    #[test]
    fn a_checksum_outside_of_the_packet_is_refused() {
        let seen = with_packet(|skb| {
            let mut refused = 0;
            for (start, offset) in [
                (16, 3),
                (21, 0),
                (-1, 0),
                (0, 19),
                (70_000, 0),
                (0, u16::MAX),
            ] {
                let partial = Checksum::Partial { start, offset };
                refused += u32::from(skb.as_mut().set_checksum(partial) == Err(EINVAL));
            }
            let level = Checksum::Unnecessary { level: 4 };
            (
                refused,
                skb.as_mut().set_checksum(level) == Err(EINVAL),
                skb.checksum(),
            )
        });
        assert_eq!(seen, Some((6, true, Checksum::None)));
    }

    #[test]
    fn a_checksum_that_was_trimmed_or_pulled_off_is_no_longer_to_be_filled_in() {
        let partial = Checksum::Partial {
            start: 8,
            offset: 4,
        };
        let seen = with_packet(|skb| {
            let set = skb.as_mut().set_checksum(partial).is_ok();
            let trimmed = skb.as_mut().trim(13).is_err();
            let pulled = skb.as_mut().pull(9).is_ok();
            (
                set,
                trimmed,
                pulled,
                skb.checksum(),
                skb.as_mut().fill_checksum().is_ok(),
            )
        });
        assert_eq!(seen, Some((true, true, true, Checksum::None, true)));
    }

    #[test]
    fn what_is_known_of_the_checksum_is_kept() {
        let seen = with_packet(|skb| {
            let mut kept = 0;
            for known in [
                Checksum::Unnecessary { level: 3 },
                Checksum::Complete { sum: 0x1234_5678 },
                Checksum::None,
            ] {
                let set = skb.as_mut().set_checksum(known).is_ok();
                kept += u32::from(set && skb.checksum() == known);
            }
            kept
        });
        assert_eq!(seen, Some(3));
    }

    /// A sum of bytes as C has it, or the one that is known of a packet; folded.
    fn folded(mut sum: u32) -> u32 {
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum
    }

    fn known_sum(skb: &SkbRef) -> Option<u32> {
        match skb.checksum() {
            Checksum::Complete { sum } => Some(folded(sum)),
            _ => None,
        }
    }

    #[test]
    fn a_sum_is_that_of_what_is_left() {
        let seen = with_packet(|skb| {
            let whole = skb.sum(0, 20, 0).ok()?;
            let set = skb.as_mut().set_checksum(Checksum::Complete { sum: whole });
            let even = skb.as_mut().pull(2).is_ok();
            let kept = known_sum(skb) == skb.sum(0, 18, 0).ok().map(folded);
            let odd = skb.as_mut().pull(1).is_ok();
            Some((set.is_ok(), even, kept, odd, skb.checksum()))
        });
        assert_eq!(seen, Some(Some((true, true, true, true, Checksum::None))));
    }

    #[test]
    fn the_sum_is_that_of_the_bytes() {
        let seen = with_packet(|skb| {
            let expected = wire::checksum::Sum::new().bytes(&[2, 3, 4, 5]).fold();
            let mut sum = skb.sum(2, 4, 0).ok()?;
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            // Memory's order of bytes, as C sums.
            let found = u16::from_be(sum as u16);
            let outside =
                skb.sum(17, 4, 0) == Err(EFAULT) && skb.sum(u32::MAX, 2, 0) == Err(EFAULT);
            Some((found == expected, outside, skb.sum(20, 0, 7).ok()))
        });
        assert_eq!(seen, Some(Some((true, true, Some(7)))));
    }

    #[test]
    fn what_tells_a_packet_apart_is_kept() {
        let seen = with_packet(|skb| {
            let new = (skb.mark(), skb.priority(), skb.vlan_tag(), skb.gso());
            skb.as_mut().set_mark(7);
            skb.as_mut().set_priority(6);
            (new, skb.mark(), skb.priority())
        });
        assert_eq!(seen, Some(((0, 0, None, None), 7, 6)));
    }

    #[test]
    fn a_tag_of_vlan_0_is_a_tag() {
        let (customer, service) = (VlanTag::Customer(Tci(0)), VlanTag::Service(Tci(0x2fff)));
        let seen = with_packet(|skb| {
            let mut kept = 0;
            for tag in [Some(customer), Some(service), None] {
                skb.as_mut().set_vlan_tag(tag);
                kept += u32::from(skb.vlan_tag() == tag);
            }
            kept
        });
        assert_eq!(seen, Some(3));
    }

    #[test]
    fn the_time_of_receipt_is_forgotten_across_namespaces() {
        let seen = with_packet(|skb| {
            let new = skb.received_at();
            skb.note_received();
            skb.as_mut().set_mark(7);
            // The test's machine may be slow, and its clock off, but not by decades.
            let noted = skb
                .received_at()
                .is_some_and(|time| time > 1_000_000_000_000_000_000);
            skb.scrub(Xnet::Same);
            let here = (skb.received_at().is_some(), skb.mark());
            skb.scrub(Xnet::Other);
            (new, noted, here, skb.received_at(), skb.mark())
        });
        assert_eq!(seen, Some((None, true, (true, 7), None, 0)));
    }

    #[test]
    fn a_flow_has_one_number() {
        let seen = with_packet(|skb| {
            let net = init_net();
            let unknown = skb.as_mut().flow_hash(net);
            skb.as_mut().reset_network_header();
            let first = skb.as_mut().flow_hash(net);
            let again = skb.as_mut().flow_hash(net);
            skb.as_mut().clear_hash();
            (
                unknown,
                first != 0 && first == again,
                skb.as_mut().flow_hash(net) == first,
            )
        });
        assert_eq!(seen, Some((0, true, true)));
    }

    #[test]
    fn a_device_says_the_flow_and_the_queue() {
        let seen = with_packet(|skb| {
            let new = (skb.hash(), skb.rx_queue());
            skb.as_mut().set_hash(FlowHash::Addresses(6));
            let addresses = skb.hash();
            skb.as_mut().set_hash(FlowHash::Ports(7));
            skb.as_mut().record_rx_queue(3);
            skb.as_mut().reset_network_header();
            // What is said is not computed anew.
            let known = skb.as_mut().flow_hash(init_net());
            let said = (addresses, skb.hash(), skb.rx_queue(), known);
            skb.as_mut().clear_hash();
            (new, said, skb.hash())
        });
        let said = (
            Some(FlowHash::Addresses(6)),
            Some(FlowHash::Ports(7)),
            Some(3),
            7,
        );
        assert!(seen == Some(((None, None), said, None)));
    }

    /// Runs `test` on a packet as long as a TCP one with 1200 bytes.
    fn with_tcp<R>(test: impl FnOnce(&mut Skb<'static>) -> R) -> Option<R> {
        process(|process| {
            let mut skb = Skb::new(16, 1500, process).ok()?;
            let put = skb.put(&[0; 54]).is_ok() && (0..12).all(|_| skb.put(&[0; 100]).is_ok());
            let result = test(&mut skb);
            skb.consume(process);
            put.then_some(result)
        })?
    }

    const TCP_CHECKSUM: Checksum = Checksum::Partial {
        start: 34,
        offset: 16,
    };

    #[test]
    fn a_packet_is_to_be_cut() {
        let seen = with_tcp(|skb| {
            let early = skb.as_mut().set_gso(GsoKind::TCPV4, 500);
            let partial = skb.as_mut().set_checksum(TCP_CHECKSUM).is_ok();
            let whole = (skb.as_mut().set_gso(GsoKind::TCPV4, 1200), skb.gso());
            // Where the clone is let go is seen by the compiler only if it does not leave the closure.
            let cut = process(|process| match skb.try_clone(process) {
                Ok(clone) => {
                    let set = skb.as_mut().set_gso(GsoKind::TCPV4, 500).is_ok();
                    let gso = clone.gso();
                    clone.consume(process);
                    (set, Ok(gso))
                }
                Err(error) => (false, Err(error)),
            });
            let (set, shared) = cut.unwrap_or((false, Err(EINVAL)));
            // Those into which it is cut have none, then.
            let none = skb.as_mut().set_checksum(Checksum::None);
            let gso = skb.gso();
            let kind = gso.map(|gso| {
                (
                    gso.kind.contains(GsoKind::TCPV4),
                    gso.kind.contains(GsoKind::DODGY),
                )
            });
            let size = gso.map(|gso| (gso.size, gso.segments));
            (early, partial, whole, set, shared, none, kind, size)
        });
        assert!(
            seen == Some((
                Err(EINVAL),
                true,
                (Ok(()), None),
                true,
                Ok(None),
                Err(EINVAL),
                Some((true, true)),
                Some((500, 0)),
            ))
        );
    }

    #[test]
    fn how_a_packet_cannot_be_cut_is_refused() {
        for (kind, size) in [
            (GsoKind::TCPV4, 0),
            // `GSO_BY_FRAGS`.
            (GsoKind::TCPV4, u16::MAX),
            // Its checksum is elsewhere.
            (GsoKind::UDP_L4, 500),
            (GsoKind::SCTP, 500),
            (GsoKind::FRAGLIST, 500),
            (GsoKind::DODGY, 500),
        ] {
            let seen = with_tcp(|skb| {
                let partial = skb.as_mut().set_checksum(TCP_CHECKSUM).is_ok();
                (partial, skb.as_mut().set_gso(kind, size), skb.gso())
            });
            assert!(seen == Some((true, Err(EINVAL), None)));
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        fn made(headroom: u32, size: u32) -> bool {
            process(|process| {
                let skb = Skb::new(headroom, size, process);
                skb.map(|skb| skb.consume(process)).is_ok()
            })
            .unwrap_or_default()
        }
        assert!(made(64, 65471));
        for (headroom, size) in [
            (64, 65472),
            (4096, 0xffff_efff),
            (0xffff_ffc8, 0),
            (u32::MAX, 1),
        ] {
            assert!(!made(headroom, size));
        }
        let seen = with_packet(|skb| (skb.as_mut().cow(4097), skb.as_mut().cow(4096)));
        assert_eq!(seen, Some((Err(ENOMEM), Ok(()))));
    }

    #[test]
    fn data_does_not_begin_where_no_header_can_be_noted() {
        let seen = with_long(|skb| {
            skb.as_mut().reset_mac_header();
            let far = skb.as_mut().pull(MAX_PLACE) == Err(DropReason::PKT_TOO_BIG);
            let near = skb.as_mut().pull(MAX_PLACE - 200).is_ok();
            let again = skb.as_mut().pull(200) == Err(DropReason::PKT_TOO_BIG);
            let first = skb.ethernet_header().map(|header| header.source().octets());
            let partial = Checksum::Partial {
                start: 200,
                offset: 0,
            };
            let checksum = skb.as_mut().set_checksum(partial);
            process(|process| {
                let skb = Skb::new(MAX_PLACE, 0, process);
                skb.map(|skb| skb.consume(process)).is_err()
            })
            .is_some_and(|refused| refused && far && near && again && checksum == Err(EINVAL))
            .then_some(first)
        });
        assert_eq!(seen, Some(Some(Some([1; 6]))));
    }

    #[test]
    fn no_header_is_moved_to_where_it_cannot_be_noted() {
        let seen = with_long(|skb| {
            let pulled = skb.as_mut().pull(MAX_PLACE - 200).is_ok();
            skb.as_mut().reset_mac_header();
            skb.as_mut().reset_network_header();
            // Back to the buffer's start.
            while skb.headroom() >= 256 && skb.as_mut().push_header(&[3u8; 256]).is_ok() {}
            let (place, room) = (skb.network_offset(), skb.headroom());
            let refused = skb.as_mut().cow(4096) == Err(ENOMEM);
            let pushed = (0..4).all(|_| skb.as_mut().push_header(&[3u8; 256]).is_ok());
            let kept = skb.network_offset() >= place && skb.ethernet_header().is_none();
            (pulled, room < 256, refused, pushed, kept)
        });
        assert_eq!(seen, Some((true, true, true, false, true)));
    }

    /// Runs `test` on a packet whose 70014 bytes are linear, of which the first 14 are 1.
    fn with_long<R>(test: impl FnOnce(&mut Skb<'static>) -> R) -> Option<R> {
        static FILLING: [u8; 35000] = [2; 35000];
        process(|process| {
            // The allocator gives twice as much.
            let mut skb = Skb::new(0, 65535, process).ok()?;
            let put =
                skb.put(&[1; 14]).is_ok() && skb.put(&FILLING).is_ok() && skb.put(&FILLING).is_ok();
            let result = test(&mut skb);
            skb.consume(process);
            put.then_some(result)
        })?
    }

    #[test]
    fn the_control_block_is_one_layers() {
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Own(u64, u32, [u8; 32]);

        let seen = process(|process| {
            let skb = Skb::new(0, 16, process).ok()?;
            let mut skb = WithControl::new(skb, Own(1, 2, [3; 32]));
            skb.control_mut().1 = 4;
            let (skb, own) = skb.into_parts();
            // SAFETY: Valid by the type.
            let left = unsafe { (*skb.as_ptr()).cb };
            skb.consume(process);
            Some((own, left))
        });
        assert_eq!(seen, Some(Some((Own(1, 4, [3; 32]), [0; 48]))));
    }
}
