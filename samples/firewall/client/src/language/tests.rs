// SPDX-License-Identifier: GPL-2.0

#![cfg(test)]

use super::*;
use crate::{
    rule::{End, Family, RejectWith},
    testing::{self, Draw},
    text,
};

fn one(text: &str) -> Rule {
    let mut rules = parse(&format!("{text}\n")).unwrap().rules;
    assert_eq!(rules.len(), 1);
    rules.remove(0)
}

/// The place and the reason of the one fault.
fn fault(text: &str) -> (usize, usize, String) {
    let mut faults = parse(&format!("{text}\n")).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let Fault { line, column, why } = faults.remove(0);
    (line, column, why)
}

#[test]
fn what_is_written_is_read() {
    for seed in 0..50 {
        let before = testing::rules(&mut Draw::new(seed), 200);
        let mut out = Vec::new();
        text::save(&mut out, &before).unwrap();
        let written = String::from_utf8(out).unwrap();
        let read = parse(&written).unwrap_or_else(|faults| panic!("{faults:?}\n{written}"));
        assert_eq!((&read.rules, read.has_end), (&before, true), "{written}");
    }
}

#[test]
fn a_list_is_read_as_the_same_rules_without_their_counters() {
    let before = testing::rules(&mut Draw::new(9), 500);
    let mut out = Vec::new();
    text::list(&mut out, &before).unwrap();
    let read = parse(std::str::from_utf8(&out).unwrap()).unwrap();
    let plain: Vec<Rule> = before
        .into_iter()
        .map(|rule| Rule {
            id: None,
            packets: None,
            bytes: None,
            ..rule
        })
        .collect();
    assert_eq!(read.rules, plain);
}

#[test]
fn the_order_of_what_a_rule_matches_is_free() {
    let written = "input drop ipv4 tcp from 192.0.2.0/24 port 1-5 to 198.51.100.1 port 22 id 7";
    let rule = one(written);
    assert_eq!(rule.to_string(), written.replace(" ipv4", ""));
    assert_eq!(
        one(
            "input drop id 7 to 198.51.100.1 port 22-22 from 192.0.2.0/24 port 1-5 protocol 6 ipv4"
        ),
        rule
    );
    assert_eq!(
        one("  output\taccept   protocol 200 # protocol 201").to_string(),
        "output accept protocol 200"
    );
    assert_eq!(
        one("input accept state untracked,new tcp id 3").to_string(),
        "input accept tcp state new,untracked id 3"
    );
    assert_eq!(
        one("input drop flags ack,syn/cwr,syn,ack tcp").to_string(),
        "input drop tcp flags syn,ack/syn,ack,cwr"
    );
    assert_eq!(
        one("input drop tcp flags none/fin").to_string(),
        "input drop tcp flags none/fin"
    );
    assert_eq!(
        one("input drop type 3 code 4 icmp to 192.0.2.1").to_string(),
        "input drop icmp to 192.0.2.1 type 3 code 4"
    );
    assert_eq!(
        one("input drop code 4 icmp type 3"),
        one("input drop icmp type 3 code 4")
    );
    // Any address is none; a prefix without bits is of its family.
    assert_eq!(one("input drop from any").source, End::default());
    assert_eq!(one("input drop from 0.0.0.0/0").family, Some(Family::IPV4));
    assert_eq!(
        one("input drop tcp to any port 5").to_string(),
        "input drop tcp to port 5"
    );
}

#[test]
fn a_priority_is_that_of_the_rules_behind_it() {
    let read =
        parse("input drop\npriority 3\n\n# two\ninput drop\noutput drop\npriority 2\ninput drop\n")
            .unwrap();
    let priorities: Vec<_> = read.rules.iter().map(|rule| rule.priority).collect();
    assert_eq!(priorities, [None, Some(3), Some(3), Some(2)]);
    assert_eq!(read.lines, [1, 5, 6, 8]);
}

#[test]
fn lines_may_end_as_those_of_other_systems() {
    assert_eq!(
        parse("input drop\r\n\r\noutput drop\r\n").unwrap().lines,
        [1, 3]
    );
    assert_eq!(parse("").unwrap(), Rules::default());
    assert_eq!(
        fault("input drop\r\r"),
        (
            1,
            11,
            "the character U+000D is here, which no text has".into()
        )
    );
}

#[test]
fn characters_that_steer_are_refused() {
    for c in [
        '\0', '\u{b}', '\u{c}', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}',
    ] {
        for (text, column) in [
            (format!("input drop{c}tcp"), 11),
            (format!("# äö{c}\u{fffd}"), 5),
            (format!("{c}"), 1),
        ] {
            let why = format!(
                "the character U+{:04X} is here, which no text has",
                u32::from(c)
            );
            assert_eq!(fault(&format!("\n{text} ")), (2, column, why), "{text:?}");
        }
    }
}

#[test]
fn a_part_of_a_text_is_refused() {
    // Without its last line's end, wherever it is cut.
    let text = "input drop tcp to port 22\npriority 12\ninput drop id 12\nend 2\n";
    assert!(parse(text).unwrap().has_end);
    for cut in 1..text.len() {
        let part = &text[..cut];
        let whole_lines = part.ends_with('\n');
        match parse(part) {
            Ok(rules) => assert!(whole_lines && !rules.has_end, "{part:?}"),
            Err(faults) => {
                assert!(!whole_lines && faults.len() == 1, "{part:?}: {faults:?}");
                let line = part.lines().count();
                let column = part.lines().last().unwrap_or("").len() + 1;
                assert_eq!((faults[0].line, faults[0].column), (line, column));
            }
        }
    }
    assert!(parse("end 0\n# that is all\n\n").unwrap().has_end);
    for (text, line, column, why) in [
        ("input drop\nend 2", 2, 1, "rules before this end: 1, not 2"),
        ("end 0\n# more\ninput drop", 3, 1, "this is behind the end"),
        ("end 0\nend 0", 2, 1, "this is behind the end"),
        ("end", 1, 4, "`end` wants the number of rules behind it"),
        ("end -1", 1, 5, "`-1` is no number of rules"),
        ("end 0 0", 1, 7, "the end is alone in its line"),
    ] {
        assert_eq!(fault(text), (line, column, why.into()), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    for (text, line, column, why) in [
        (
            "inptu drop",
            1,
            1,
            "`inptu` is no chain: a rule begins with input, forward or output",
        ),
        (
            "\n  input",
            2,
            8,
            "`input` wants an action: accept, drop or reject behind it",
        ),
        (
            "input refuse",
            1,
            7,
            "`refuse` is no action: accept, drop or reject follows the chain",
        ),
        ("input drop tcp udp", 1, 16, "the protocol is said twice"),
        ("input drop ipv4 ipv6", 1, 17, "the family is said twice"),
        (
            "input drop from 192.0.2.1/24",
            1,
            17,
            "192.0.2.1/24 has bits behind the prefix: the network is 192.0.2.0/24",
        ),
        (
            "input drop from 192.0.2.0/33",
            1,
            27,
            "an address of this kind has 32 bits",
        ),
        (
            "input drop from 192.0.2/24",
            1,
            17,
            "`192.0.2` is no address",
        ),
        (
            "input drop from ::1 to 192.0.2.1",
            1,
            24,
            "192.0.2.1 is of ipv4, and the rule of ipv6",
        ),
        (
            "input drop ipv4 from ::1",
            1,
            22,
            "::1 is of ipv6, and the rule of ipv4",
        ),
        (
            "input drop from",
            1,
            16,
            "`from` wants an address, `any` or `port` behind it",
        ),
        (
            "input drop from any from ::1",
            1,
            21,
            "`from` is said twice",
        ),
        (
            "input drop tcp port 5",
            1,
            16,
            "whose port: `from port` or `to port`",
        ),
        ("input drop tcp to port ssh", 1, 24, "`ssh` is no port"),
        ("input drop tcp to port 65536", 1, 24, "`65536` is no port"),
        ("input drop tcp to port +5", 1, 24, "`+5` is no port"),
        ("input drop tcp to port 5-", 1, 26, "`` is no port"),
        (
            "input drop tcp to port 5-3",
            1,
            24,
            "the last port of 5-3 is before the first",
        ),
        (
            "input drop to port 5 # why",
            1,
            20,
            "ports want a protocol that has them: tcp, udp, udplite, sctp or dccp",
        ),
        (
            "input drop icmp to port 5",
            1,
            25,
            "ports want a protocol that has them: tcp, udp, udplite, sctp or dccp",
        ),
        ("input drop protocol 256", 1, 21, "`256` is no protocol"),
        ("input drop id 0", 1, 15, "an id is at least 1"),
        (
            "input drop id 4294967296",
            1,
            15,
            "`4294967296` is no id: those go from 1 to 4294967295",
        ),
        (
            "input drop packets",
            1,
            19,
            "`packets` wants a number behind it",
        ),
        (
            "input drop packets 1 packets 2",
            1,
            30,
            "packets is said twice",
        ),
        ("input drop bytes -1", 1, 18, "`-1` is no number of bytes"),
        (
            "input drop zone 5",
            1,
            12,
            "`zone` is nothing that a rule can match",
        ),
        ("input drop icmp code 5", 1, 22, "a code wants a type"),
        (
            "input drop icmp type 256",
            1,
            22,
            "`256` is no type of a message",
        ),
        (
            "input drop icmp type 3 code 1 code 2",
            1,
            36,
            "the code is said twice",
        ),
        (
            "input drop udp type 3 code 1",
            1,
            21,
            "a type wants the protocol icmp or icmpv6",
        ),
        (
            "input drop icmp ipv6 type 3",
            1,
            27,
            "messages are of ipv4, and the rule of ipv6",
        ),
        (
            "input drop tcp flags syn,sin",
            1,
            26,
            "`sin` is no flag: fin, syn, rst, psh, ack, urg, ece or cwr is one",
        ),
        (
            "input drop tcp flags syn,ack/fin,syn",
            1,
            26,
            "ack is not among fin,syn",
        ),
        (
            "input drop tcp flags syn,ack,cwr/fin,syn",
            1,
            26,
            "ack,cwr is not among fin,syn",
        ),
        (
            "input drop tcp flags none",
            1,
            22,
            "`none` is no flag: fin, syn, rst, psh, ack, urg, ece or cwr is one",
        ),
        (
            "input drop udp flags syn",
            1,
            22,
            "flags want the protocol tcp",
        ),
        (
            "input drop state",
            1,
            17,
            "`state` wants states, as in new,related behind it",
        ),
        (
            "input drop state new,old",
            1,
            22,
            "`old` is no state: new, established, related, invalid or untracked is one",
        ),
        (
            "input drop state new, related",
            1,
            22,
            "`` is no state: new, established, related, invalid or untracked is one",
        ),
        (
            "input drop state related,new,related",
            1,
            30,
            "the state related is said twice",
        ),
        (
            "input drop state new tcp state related",
            1,
            32,
            "the state is said twice",
        ),
        ("priority", 1, 9, "`priority` wants a number behind it"),
        ("priority 5 input", 1, 12, "a priority is alone in its line"),
        (
            "input drop id 5\ninput drop\ninput accept id 5",
            3,
            17,
            "the rule in line 1 has the id 5 already",
        ),
        // Characters count, not bytes.
        (
            "# äöü\ninput drop tcp from äöü",
            2,
            21,
            "`äöü` is no address",
        ),
        // Words are between blanks and tabs alone.
        (
            "input\u{a0}drop",
            1,
            1,
            "`input\u{a0}drop` is no chain: a rule begins with input, forward or output",
        ),
    ] {
        assert_eq!(fault(text), (line, column, why.into()), "{text}");
    }
}

#[test]
fn all_that_is_wrong_is_said() {
    let faults = parse("input drop\nx\ninput drop from y\nz drop\n").unwrap_err();
    let lines: Vec<_> = faults
        .iter()
        .map(|fault| (fault.line, fault.column))
        .collect();
    assert_eq!(lines, [(2, 1), (3, 17), (4, 1)]);
    assert_eq!(
        faults[0].of("rules.fw").to_string().split(' ').next(),
        Some("rules.fw:2:1:")
    );
}

#[test]
fn an_attribute_is_found_in_its_line() {
    let text = "# rules\ninput drop tcp from 192.0.2.0/24 port 7 to any port 9 id 3 state new\n";
    for (attribute, column) in [
        (Some(attribute::SOURCE), 21),
        (Some(attribute::SOURCE_PREFIX_LEN), 21),
        (Some(attribute::SOURCE_PORT_MIN), 39),
        (Some(attribute::DESTINATION_PORT_MAX), 53),
        (Some(attribute::PROTOCOL), 12),
        (Some(attribute::ID), 58),
        (Some(attribute::STATE), 66),
        (Some(attribute::ACTION), 7),
        (Some(attribute::FAMILY), 1),
        (None, 1),
    ] {
        assert_eq!(column_of(text, 2, attribute), column, "{attribute:?}");
    }
    assert_eq!(column_of(text, 9, None), 1);
}

#[test]
fn no_text_is_too_strange() {
    let words = [
        "input",
        "drop",
        "from",
        "to",
        "port",
        "::1/64",
        "5",
        "-",
        "#",
        "tcp",
        "id",
        "state",
        "new,",
        "priority",
        "end",
        "\u{85}",
        "\u{1f980}",
        "/",
        "1.2.3.4/99",
        "\r",
        "\0",
    ];
    let mut draw = Draw::new(4);
    for _ in 0..20000 {
        let text: String = (0..draw.below(12))
            .map(|_| {
                words[draw.below(words.len() as u64) as usize].to_owned()
                    + ["", " ", "\n"][draw.below(3) as usize]
            })
            .collect();
        if let Err(faults) = parse(&text) {
            for fault in faults {
                let line = text.split('\n').nth(fault.line - 1).unwrap();
                assert!(
                    fault.column <= line.chars().count() + 1,
                    "{fault:?} in {text:?}"
                );
            }
        }
    }
}

#[test]
fn what_a_rule_that_rejects_says() {
    for written in [
        "input reject",
        "input reject with tcp-reset tcp to port 25",
        "forward reject with admin-prohibited from 192.0.2.0/24",
        "output reject with prot-unreachable ipv4 udp state new",
        "output reject with reject-route to 2001:db8::1",
    ] {
        assert_eq!(one(written).to_string(), written);
    }
    // What is meant if nothing is said.
    let plain = one("input reject tcp");
    assert_eq!(plain, one("input reject with port-unreachable tcp"));
    assert_eq!(plain.reject, Some(RejectWith::PORT_UNREACHABLE));
    assert_eq!(one("input drop").reject, None);
}

#[test]
fn what_cannot_be_rejected_so() {
    for (written, at, why) in [
        ("input reject with tcp-reset", 19, "wants the protocol tcp"),
        (
            "input reject with tcp-reset udp",
            19,
            "wants the protocol tcp",
        ),
        ("input reject with net-prohibited", 19, "say ipv4"),
        (
            "input reject with policy-fail from 192.0.2.1",
            19,
            "say ipv6",
        ),
        ("input reject with refusal", 19, "is no answer"),
        ("input reject with", 18, "an answer"),
        (
            "input drop with tcp-reset tcp",
            12,
            "only a rule that rejects",
        ),
        ("input reject tcp with tcp-reset", 18, "right behind"),
    ] {
        let (_, column, said) = fault(written);
        assert_eq!(column, at, "{written}: {said}");
        assert!(said.contains(why), "{written}: {said}");
    }
}

#[test]
fn numbers_of_a_packet() {
    for written in [
        "input drop length 1501-4294967295",
        "forward reject with admin-prohibited from 192.0.2.0/24 ttl 1",
        "output accept with mark 0x10/0xff udp dscp 46",
        "input accept with mark 0x7",
        "forward drop length 100 ttl 0-3 dscp 0 mark 0x1/0xf state new",
    ] {
        assert_eq!(one(written).to_string(), written);
    }
    for (written, same) in [
        ("input drop dscp ef", "input drop dscp 46"),
        ("input drop mark 16", "input drop mark 0x10/0xffffffff"),
        ("input drop mark 0X1", ""),
        ("input drop length 0100-200", "input drop length 100-200"),
    ] {
        match same {
            "" => assert!(parse(&format!("{written}\n")).is_err(), "{written}"),
            same => assert_eq!(one(written), one(same)),
        }
    }
    for (written, at, why) in [
        ("input drop length 5-4", 19, "before the first"),
        ("input drop length 4294967296", 19, "is no length"),
        ("input drop ttl 1-256", 18, "is no time to live"),
        (
            "input drop ttl 5-4",
            16,
            "the last time to live of 5-4 is before the first",
        ),
        ("input drop dscp 64", 17, "0 to 63"),
        ("input drop dscp fast", 17, "0 to 63"),
        ("input drop mark 0x", 17, "is no mark"),
        ("input drop mark 0x10/0xf", 17, "not in the mask"),
        ("input drop mark 0/0", 19, "none of the bits"),
        ("input drop mark 1 mark 2", 24, "twice"),
        ("input accept with mark", 23, "a mark"),
        ("input accept with 7", 19, "nothing to accept with"),
        ("input accept with mark 1/0", 26, "none of the bits"),
    ] {
        let (_, column, said) = fault(written);
        assert_eq!(column, at, "{written}: {said}");
        assert!(said.contains(why), "{written}: {said}");
    }
}
