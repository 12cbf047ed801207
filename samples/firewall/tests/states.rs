// SPDX-License-Identifier: GPL-2.0

//! KUnit cases of rules that look at the state of a packet's connection.

use super::*;
use crate::rules::States;

#[kunit_tests(firewall_conditions)]
mod cases {
    use super::*;

    fn wish(states: u8) -> Wish {
        Wish {
            states: Some(states),
            ..ANY
        }
    }

    #[test]
    fn sets_of_states_that_there_are() {
        assert_eq!(refused(&wish(0)), Some(Field::States));
        assert_eq!(refused(&wish(32)), Some(Field::States));
        assert!((1..32).all(|bits| refused(&wish(bits)).is_none()));
    }

    /// Whether each state is one that the rule matches; and whether it is decided by it alone.
    fn granted(wish: &Wish) -> Option<[(bool, bool); 5]> {
        let matches = Match::new(wish).ok()?;
        process(|process| {
            let rule = drops(1, 1, matches, process).ok()?;
            let rules = RuleSet::empty().with(rule, None).ok()?;
            let key = v4(Protocol::UDP, Some((1, 2)));
            Some(State::ALL.map(|state| {
                let found = rules.find::<true>(Chain::Input, &key, &Facts { state, ..FACTS });
                (
                    found.is_some(),
                    rules.leading(Chain::Input, state).is_some(),
                )
            }))
        })?
    }

    #[test]
    fn a_rule_matches_its_states() {
        for bits in 1..32 {
            let expected = State::ALL.map(|state| bits >> state as u8 & 1 == 1);
            let seen = granted(&wish(bits));
            assert_eq!(seen, Some(expected.map(|is| (is, is))));
            let more = Wish {
                protocol: Some(Protocol::UDP),
                ..wish(bits)
            };
            assert_eq!(granted(&more), Some(expected.map(|is| (is, false))));
        }
        assert_eq!(granted(&ANY), Some([(true, true); 5]));
    }

    #[test]
    fn flags_and_messages_that_there_are() {
        let flags = |flags, mask, protocol| Wish {
            tcp_flags: flags,
            tcp_flags_mask: mask,
            protocol,
            ..ANY
        };
        let tcp = Some(Protocol::TCP);
        assert_eq!(refused(&flags(Some(2), None, tcp)), None);
        assert_eq!(refused(&flags(None, Some(2), tcp)), None);
        assert_eq!(refused(&flags(Some(0), None, tcp)), Some(Field::TcpFlags));
        assert_eq!(
            refused(&flags(Some(3), Some(2), tcp)),
            Some(Field::TcpFlags)
        );
        assert_eq!(
            refused(&flags(None, Some(2), None)),
            Some(Field::TcpFlagsMask)
        );
        let message = |r#type, code, protocol, family| Wish {
            icmp_type: r#type,
            icmp_code: code,
            protocol,
            family,
            ..ANY
        };
        let (icmp, v6) = (Some(Protocol::ICMP), Some(Version::V6));
        assert_eq!(refused(&message(Some(8), None, icmp, None)), None);
        assert_eq!(
            refused(&message(None, Some(8), icmp, None)),
            Some(Field::IcmpCode)
        );
        assert_eq!(
            refused(&message(Some(8), None, tcp, None)),
            Some(Field::IcmpType)
        );
        assert_eq!(
            refused(&message(Some(8), None, icmp, v6)),
            Some(Field::IcmpType)
        );
    }

    #[test]
    fn rules_say_at_what_they_look() {
        let looks = |wish: &Wish| {
            let matches = Match::new(wish).ok()?;
            process(|process| {
                let rules = RuleSet::empty().with(drops(1, 1, matches, process).ok()?, None);
                let rules = rules.ok()?;
                let again = rules.get(1)?.matches == matches;
                let looks = rules.looks();
                Some((looks.further, looks.at_state, again))
            })?
        };
        assert_eq!(looks(&ANY), Some((false, false, true)));
        assert_eq!(looks(&wish(9)), Some((true, true, true)));
        let flags = Wish {
            protocol: Some(Protocol::TCP),
            tcp_flags: Some(2),
            ..ANY
        };
        assert_eq!(looks(&flags), Some((true, false, true)));
        for code in [None, Some(0), Some(255)] {
            let message = Wish {
                protocol: Some(Protocol::ICMP),
                icmp_type: Some(3),
                icmp_code: code,
                ..ANY
            };
            assert_eq!(looks(&message), Some((false, false, true)));
        }
    }

    /// The rules that decide on packets of the states by these alone, from five rules put in one by one.
    fn leading(wishes: &[(u32, Wish)]) -> Option<[u32; 5]> {
        process(|process| {
            let mut rules = RuleSet::empty();
            for (id, (priority, wish)) in (1..).zip(wishes) {
                let matches = Match::new(wish).ok()?;
                rules = rules
                    .with(drops(id, *priority, matches, process).ok()?, None)
                    .ok()?;
            }
            Some(State::ALL.map(|state| {
                let rule = rules.leading(Chain::Input, state);
                rule.map_or(0, |rule| rule.id)
            }))
        })?
    }

    /// What [`leading`] finds, by asking one rule after the other.
    fn one_after_the_other(wishes: &[(u32, Wish)], state: State) -> Option<u32> {
        let mut first: Option<(u32, u32, bool)> = None;
        for (id, (priority, wish)) in (1..).zip(wishes) {
            let ends = wish.protocol.is_some();
            let wanted = wish.states.is_none_or(|bits| bits >> state as u8 & 1 == 1);
            // One of the same priority that came later is behind.
            if (ends || wanted) && first.is_none_or(|(before, ..)| *priority < before) {
                first = Some((*priority, id, ends));
            }
        }
        let (_, id, ends) = first?;
        (!ends).then_some(id)
    }

    #[test]
    fn what_states_decide_in_many_levels() {
        let mut number = 1u32;
        let mut draw = |end: u32| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 16) % end
        };
        let udp = Wish {
            protocol: Some(Protocol::UDP),
            ..ANY
        };
        // Few, as a rule that is put in builds its level: each load of the module runs this.
        for round in 0..2 {
            let mut wishes = KVec::new();
            for _ in 0..24 {
                // Those that look at more mostly come late, so that some before them decide.
                let one = match draw(4) {
                    0 => (20 + draw(40), udp),
                    1 => (10 + draw(50), wish(1 << draw(5))),
                    2 if round == 0 => (30 + draw(30), ANY),
                    _ => (draw(60), wish(1 + draw(31) as u8)),
                };
                assert!(wishes.push(one, GFP_KERNEL).is_ok());
            }
            for len in [7, 24] {
                let wishes = &wishes[..len];
                let expected = State::ALL.map(|state| one_after_the_other(wishes, state));
                let expected = expected.map(|id| id.unwrap_or(0));
                assert_eq!(leading(wishes), Some(expected));
            }
        }
    }

    #[test]
    fn the_first_rule_that_looks_at_more_ends_what_states_decide() {
        let [new, answers] = [State::New, State::Established].map(|state| States::of(state).bits());
        let udp = Wish {
            protocol: Some(Protocol::UDP),
            ..ANY
        };
        let rules = [
            (5, wish(answers)),
            (7, udp),
            (6, wish(new)),
            (8, wish(31)),
            (
                4,
                Wish {
                    chain: Chain::Output,
                    ..udp
                },
            ),
        ];
        assert_eq!(leading(&rules), Some([3, 1, 0, 0, 0]));
        assert_eq!(leading(&rules[..2]), Some([0, 1, 0, 0, 0]));
        assert_eq!(leading(&[(1, ANY), (0, wish(new))]), Some([2, 1, 1, 1, 1]));
        assert_eq!(leading(&[(0, ANY), (1, wish(new))]), Some([1; 5]));
        assert_eq!(leading(&[]), Some([0; 5]));
    }
}
