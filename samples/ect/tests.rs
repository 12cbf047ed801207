// SPDX-License-Identifier: GPL-2.0

//! What a station listens to, and what a message asks for.

use kernel::prelude::*;

#[kunit_tests(ect)]
mod cases {
    use super::super::*;
    use kernet::context::kunit::process;

    const OWN: Address = Address::new([0x02, 0, 0, 0, 0, 0x01]);
    const OTHER: Address = Address::new([0x02, 0, 0, 0, 0, 0x02]);
    const GROUP: Address = Address::new([0x01, 0, 0x5e, 0, 0, 0x01]);

    #[test]
    fn listens_to_what_is_switched_on() {
        use Fault::{Group, Looped, Off};
        let cases = [
            (PacketType::Host, OTHER, OWN, [Err(Off), Ok(()), Ok(())]),
            (
                PacketType::Multicast,
                OTHER,
                ASSISTANCE,
                [Err(Off), Err(Group), Ok(())],
            ),
            (
                PacketType::Multicast,
                OTHER,
                GROUP,
                [Err(Off), Err(Group), Err(Group)],
            ),
            (
                PacketType::Broadcast,
                OTHER,
                Address::BROADCAST,
                [Err(Off), Err(Group), Err(Group)],
            ),
            (
                PacketType::OtherHost,
                OTHER,
                OTHER,
                [Err(Off), Err(Group), Err(Group)],
            ),
            (
                PacketType::Host,
                OWN,
                OWN,
                [Err(Off), Err(Looped), Err(Looped)],
            ),
        ];
        for (packet_type, source, destination, expected) in cases {
            let envelope = Envelope {
                packet_type,
                source,
                destination,
                own: OWN,
            };
            let [off, server, both] = expected;
            assert_eq!(envelope.check(false, true), off);
            assert_eq!(envelope.check(true, false), server);
            assert_eq!(envelope.check(true, true), both);
        }
    }

    /// What the payload of a frame asks for.
    fn asks(bytes: &[u8]) -> Option<Result<Answer, Fault>> {
        process(|process| {
            let mut skb = Skb::new(0, 64, process).ok()?;
            let put = skb.put(bytes).is_ok();
            let result = answer(&skb, OWN);
            skb.consume(process);
            put.then_some(result)
        })?
    }

    #[test]
    fn finds_the_current_message() {
        let forward = [8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 2, 0, 0, 0, 0, 2];
        assert_eq!(asks(&forward), Some(Ok(Answer::Forward(OTHER))));
        assert_eq!(asks(&[0, 0, 1, 0]), Some(Ok(Answer::Reply)));
    }

    #[test]
    fn refuses_what_is_not_complete() {
        let forward = [0, 0, 2, 0, 2, 0, 0, 0, 0, 2];
        assert_eq!(asks(&forward), Some(Ok(Answer::Forward(OTHER))));
        for len in 0..forward.len() {
            let short = forward.get(..len).unwrap_or(&[]);
            assert_eq!(asks(short), Some(Err(Fault::Truncated)));
        }
        assert_eq!(asks(&[0xfe, 0xff, 2, 0]), Some(Err(Fault::Truncated)));
    }

    #[test]
    fn refuses_what_is_malformed() {
        assert_eq!(asks(&[1, 0, 0, 2, 0]), Some(Err(Fault::Malformed)));
        for function in [[0, 0], [3, 0], [0, 2], [2, 1]] {
            let [low, high] = function;
            let bytes = [0, 0, low, high, 2, 0, 0, 0, 0, 2];
            assert_eq!(asks(&bytes), Some(Err(Fault::Malformed)));
        }
    }

    #[test]
    fn refuses_to_forward_to_groups_and_to_itself() {
        for (to, fault) in [
            (GROUP, Fault::BadAddress),
            (ASSISTANCE, Fault::BadAddress),
            (Address::BROADCAST, Fault::BadAddress),
            (Address::ZERO, Fault::BadAddress),
            (OWN, Fault::Looped),
        ] {
            let [a, b, c, d, e, f] = to.octets();
            assert_eq!(asks(&[0, 0, 2, 0, a, b, c, d, e, f]), Some(Err(fault)));
        }
    }
}
