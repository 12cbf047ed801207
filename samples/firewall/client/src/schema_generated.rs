// SPDX-License-Identifier: GPL-2.0

//! The family's numbers, as its specification has them: made by scripts/ynl-gen-rust from
//! Documentation/netlink/specs/firewall.yaml.

#![allow(dead_code, reason = "all of the specification")]

pub(crate) const FAMILY: &str = "firewall";
pub(crate) const VERSION: u8 = 1;

/// Commands, of requests and events.
pub(crate) mod command {
    pub(crate) const RULE_ADD: u8 = 1;
    pub(crate) const RULE_DEL: u8 = 2;
    pub(crate) const RULE_FLUSH: u8 = 3;
    pub(crate) const RULE_GET: u8 = 4;
    pub(crate) const STATS_GET: u8 = 5;
    pub(crate) const RULE_ADD_NTF: u8 = 6;
    pub(crate) const RULE_DEL_NTF: u8 = 7;
    pub(crate) const RULE_FLUSH_NTF: u8 = 8;
    pub(crate) const RULE_REPLACE: u8 = 9;
    pub(crate) const RULE_REPLACE_NTF: u8 = 10;
    pub(crate) const TRANSACTION_ADD: u8 = 11;
    pub(crate) const TRANSACTION_CHECK: u8 = 12;
    pub(crate) const TRANSACTION_COMMIT: u8 = 13;
    pub(crate) const TRANSACTION_ABORT: u8 = 14;
}

/// Attributes of the set `rule`.
pub(crate) mod rule {
    pub(crate) const ID: u16 = 1;
    pub(crate) const PRIORITY: u16 = 2;
    pub(crate) const CHAIN: u16 = 3;
    pub(crate) const ACTION: u16 = 4;
    pub(crate) const FAMILY: u16 = 5;
    pub(crate) const PROTOCOL: u16 = 6;
    pub(crate) const SOURCE: u16 = 7;
    pub(crate) const SOURCE_PREFIX_LEN: u16 = 8;
    pub(crate) const DESTINATION: u16 = 9;
    pub(crate) const DESTINATION_PREFIX_LEN: u16 = 10;
    pub(crate) const SOURCE_PORT_MIN: u16 = 11;
    pub(crate) const SOURCE_PORT_MAX: u16 = 12;
    pub(crate) const DESTINATION_PORT_MIN: u16 = 13;
    pub(crate) const DESTINATION_PORT_MAX: u16 = 14;
    pub(crate) const PACKETS: u16 = 15;
    pub(crate) const BYTES: u16 = 16;
    pub(crate) const STATE: u16 = 17;
    pub(crate) const ICMP_TYPE: u16 = 18;
    pub(crate) const ICMP_CODE: u16 = 19;
    pub(crate) const TCP_FLAGS: u16 = 20;
    pub(crate) const TCP_FLAGS_MASK: u16 = 21;
    pub(crate) const REJECT_WITH: u16 = 22;
    pub(crate) const LENGTH_MIN: u16 = 23;
    pub(crate) const LENGTH_MAX: u16 = 24;
    pub(crate) const HOP_LIMIT_MIN: u16 = 25;
    pub(crate) const HOP_LIMIT_MAX: u16 = 26;
    pub(crate) const DSCP: u16 = 27;
    pub(crate) const MARK: u16 = 28;
    pub(crate) const MARK_MASK: u16 = 29;
    pub(crate) const SET_MARK: u16 = 30;
    pub(crate) const SET_MARK_MASK: u16 = 31;
}

/// Attributes of the set `firewall`.
pub(crate) mod firewall {
    pub(crate) const RULE: u16 = 1;
    pub(crate) const ID: u16 = 2;
    pub(crate) const COUNT: u16 = 3;
    pub(crate) const ACCEPTED: u16 = 4;
    pub(crate) const DROPPED: u16 = 5;
    pub(crate) const MALFORMED: u16 = 6;
    pub(crate) const BEFORE: u16 = 7;
    pub(crate) const RULES: u16 = 8;
    pub(crate) const COMPARISONS: u16 = 9;
    pub(crate) const KEPT: u16 = 10;
}

/// Values and what they are called.
pub(crate) mod names {
    pub(crate) const CHAIN: &[(u8, &str)] = &[(0, "input"), (1, "forward"), (2, "output")];
    pub(crate) const ACTION: &[(u8, &str)] = &[(0, "accept"), (1, "drop"), (2, "reject")];
    pub(crate) const REJECT_WITH: &[(u8, &str)] = &[
        (0, "port-unreachable"),
        (1, "tcp-reset"),
        (2, "no-route"),
        (3, "host-unreachable"),
        (4, "admin-prohibited"),
        (5, "prot-unreachable"),
        (6, "net-prohibited"),
        (7, "host-prohibited"),
        (8, "policy-fail"),
        (9, "reject-route"),
    ];
    pub(crate) const FAMILY: &[(u8, &str)] = &[(0, "ipv4"), (1, "ipv6")];
    pub(crate) const STATE: &[(u8, &str)] = &[
        (1, "new"),
        (2, "established"),
        (4, "related"),
        (8, "invalid"),
        (16, "untracked"),
    ];
    pub(crate) const TCP_FLAG: &[(u8, &str)] = &[
        (1, "fin"),
        (2, "syn"),
        (4, "rst"),
        (8, "psh"),
        (16, "ack"),
        (32, "urg"),
        (64, "ece"),
        (128, "cwr"),
    ];
}

pub(crate) const GROUP_RULES: &str = "rules";
