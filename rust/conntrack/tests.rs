// SPDX-License-Identifier: GPL-2.0

//! What a packet says of connections that were made by hand.

use kernel::prelude::*;

#[kunit_tests(kernet_conntrack)]
mod cases {
    use core::{
        net::IpAddr,
        ptr, //
    };
    use kernel::sync::rcu::Guard;
    use kernet::{
        context::{
            kunit::process,
            Rcu, //
        },
        door::{
            self,
            Token, //
        },
        netns::kunit::init_net,
        skb::Skb,
    };

    use super::*;
    use crate::{
        bindings,
        state,
        Connection,
        CtState, //
        Direction,
    };

    type Raw = bindings::nf_conn;

    /// What a packet that has a connection, and a number of `enum ip_conntrack_info`, says of it.
    fn with<R>(
        ct: Option<&mut Raw>,
        info: u32,
        look: impl FnOnce(CtState, Option<Connection<'_>>) -> R,
    ) -> Option<R> {
        let ct = ct.map_or(0, |ct| ptr::from_mut(ct) as usize);
        process(|process| {
            let skb = Skb::new(0, 0, process).ok()?;
            // SAFETY: Nobody else has the packet.
            let raw = unsafe { door::sk_buff(&skb) };
            // SAFETY: As above. It holds no reference, but is borrowed for less long than the connection.
            unsafe { (*raw)._nfct = ct | info as usize };
            let seen = {
                let _guard = Guard::new();
                // SAFETY: The guard is held for longer.
                let rcu = unsafe { Rcu::claim() };
                look(state(&skb, rcu), Connection::of(&skb, rcu))
            };
            // SAFETY: As above; now it has no connection that it would give up.
            unsafe { (*raw)._nfct = 0 };
            skb.consume(process);
            Some(seen)
        })?
    }

    /// A connection, from `source` to `destination` and back.
    fn connection(
        protocol: u8,
        source: &[u8],
        destination: &[u8],
        ports: (u16, u16),
    ) -> Result<KBox<Raw>> {
        let mut ct = KBox::new(Raw::default(), GFP_KERNEL)?;
        // SAFETY: The first namespace is there for ever.
        ct.ct_net.net = unsafe { door::net(init_net()) };
        let ways = [
            (source, destination, ports.0, ports.1),
            (destination, source, ports.1, ports.0),
        ];
        for (hash, (from, to, near, far)) in ct.tuplehash.iter_mut().zip(ways) {
            let tuple = &mut hash.tuple;
            let family = if from.len() == 4 {
                bindings::NFPROTO_IPV4
            } else {
                bindings::NFPROTO_IPV6
            };
            tuple.src.l3num = family as u16;
            tuple.dst.protonum = protocol;
            let places = [
                ((&raw mut tuple.src.u3).cast::<u8>(), from),
                ((&raw mut tuple.dst.u3).cast::<u8>(), to),
            ];
            for (place, bytes) in places {
                // SAFETY: An address takes 16 bytes at most, and there are as many.
                unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            }
            // SAFETY: Two bytes, aligned.
            unsafe {
                (&raw mut tuple.src.u).cast::<u16>().write(near.to_be());
                (&raw mut tuple.dst.u).cast::<u16>().write(far.to_be());
            }
        }
        Ok(ct)
    }

    fn tcp() -> Result<KBox<Raw>> {
        connection(6, &[192, 0, 2, 1], &[192, 0, 2, 2], (40000, 80))
    }

    #[test]
    fn each_number_is_a_state_and_a_direction() {
        let Ok(mut ct) = tcp() else {
            return;
        };
        let all = [
            (
                bindings::ip_conntrack_info_IP_CT_ESTABLISHED,
                CtState::Established,
                Direction::Original,
            ),
            (
                bindings::ip_conntrack_info_IP_CT_RELATED,
                CtState::Related,
                Direction::Original,
            ),
            (
                bindings::ip_conntrack_info_IP_CT_NEW,
                CtState::New,
                Direction::Original,
            ),
            (
                bindings::ip_conntrack_info_IP_CT_ESTABLISHED_REPLY,
                CtState::Established,
                Direction::Reply,
            ),
            (
                bindings::ip_conntrack_info_IP_CT_RELATED_REPLY,
                CtState::Related,
                Direction::Reply,
            ),
        ];
        for (info, state, direction) in all {
            let seen = with(Some(&mut ct), info, |seen, connection| {
                (seen, connection.map(|it| (it.state(), it.direction())))
            });
            assert_eq!(seen, Some((state, Some((state, direction)))));
        }
    }

    #[test]
    fn three_are_no_connection() {
        let none = |seen: CtState, connection: Option<Connection<'_>>| (seen, connection.is_none());
        assert_eq!(with(None, 0, none), Some((CtState::Invalid, true)));
        let untracked = with(None, bindings::ip_conntrack_info_IP_CT_UNTRACKED, none);
        assert_eq!(untracked, Some((CtState::Untracked, true)));
        let Ok(mut ct) = tcp() else {
            return;
        };
        ct.status = bindings::ip_conntrack_status_IPS_TEMPLATE as usize;
        let template = with(Some(&mut ct), bindings::ip_conntrack_info_IP_CT_NEW, none);
        assert_eq!(template, Some((CtState::Invalid, true)));
    }

    #[test]
    fn tuples_are_read_both_ways() {
        let mut v6 = [[0; 16]; 2];
        for (last, address) in (1..).zip(&mut v6) {
            *address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
        }
        let v4 = [[192, 0, 2, 1], [192, 0, 2, 2]];
        let look = |ct: Result<KBox<Raw>>| {
            let read = |_: CtState, connection: Option<Connection<'_>>| {
                connection.map(|it| {
                    [Direction::Original, Direction::Reply].map(|direction| {
                        let tuple = it.tuple(direction);
                        (
                            tuple.source(),
                            tuple.destination(),
                            tuple.ports(),
                            tuple.icmp(),
                        )
                    })
                })
            };
            with(Some(&mut *ct.ok()?), 0, read).flatten()
        };
        let (a, b) = (IpAddr::from(v4[0]), IpAddr::from(v4[1]));
        assert_eq!(
            look(tcp()),
            Some([
                (a, b, Some((40000, 80)), None),
                (b, a, Some((80, 40000)), None)
            ])
        );
        let (c, d) = (IpAddr::from(v6[0]), IpAddr::from(v6[1]));
        assert_eq!(
            look(connection(58, &v6[0], &v6[1], (7, 0x8000))),
            Some([
                (c, d, None, Some((7, 0x80, 0))),
                (d, c, None, Some((0x8000, 0, 7)))
            ])
        );
        assert_eq!(
            look(connection(47, &v4[0], &v4[1], (1, 2))),
            Some([(a, b, None, None), (b, a, None, None)])
        );
    }

    #[test]
    fn a_mark_is_set_whole_and_by_bits() {
        let Ok(mut ct) = tcp() else {
            return;
        };
        let seen = with(Some(&mut ct), 0, |_, connection| {
            let it = connection?;
            let whole = it.set_mark(0x1234_5678).is_ok();
            let first = it.mark();
            let bits = it.set_mark_bits(0xffff_ffff, 0xff00).is_ok();
            Some((whole, first, bits, it.mark(), it.zone(Direction::Original)))
        });
        let wanted = if cfg!(CONFIG_NF_CONNTRACK_MARK) {
            (true, 0x1234_5678, true, 0x1234_ff78, 0)
        } else {
            (false, 0, false, 0, 0)
        };
        assert_eq!(seen.flatten(), Some(wanted));
    }
}
