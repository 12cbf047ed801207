// SPDX-License-Identifier: GPL-2.0

//! What a packet does, in the kernel.

use kernel::prelude::*;

#[kunit_tests(kernet_skb)]
mod cases {
    use super::super::*;
    use crate::{
        context::kunit::process,
        wire::ethernet, //
    };

    /// Runs `test` on a packet with 20 bytes, which are their own offsets, and 16 bytes of headroom.
    fn with_packet<R>(test: impl FnOnce(&mut Skb) -> R) -> Option<R> {
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
        })
    }

    #[test]
    fn a_new_packet_has_its_room() {
        let seen = with_packet(|skb| (skb.len(), skb.headlen(), skb.headroom() >= 16));
        assert_eq!(seen, Some((20, 20, true)));
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
            })
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
}
