// SPDX-License-Identifier: GPL-2.0

//! The family's numbers, as its specification has them: made by scripts/ynl-gen-rust from
//! Documentation/netlink/specs/tcp_bbr3.yaml.

#![allow(dead_code, reason = "all of the specification")]

pub(crate) const FAMILY: &str = "tcp-bbr3";
pub(crate) const VERSION: u8 = 1;

/// Commands, of requests and events.
pub(crate) mod command {
    pub(crate) const SOCKET_GET: u8 = 1;
    pub(crate) const STATS_GET: u8 = 2;
}

/// Attributes of the set `socket`.
pub(crate) mod socket {
    pub(crate) const COOKIE: u16 = 1;
    pub(crate) const LOCAL: u16 = 2;
    pub(crate) const LOCAL_PORT: u16 = 3;
    pub(crate) const REMOTE: u16 = 4;
    pub(crate) const REMOTE_PORT: u16 = 5;
    pub(crate) const PHASE: u16 = 6;
    pub(crate) const FULL: u16 = 7;
    pub(crate) const ROUNDS: u16 = 8;
    pub(crate) const BANDWIDTH: u16 = 9;
    pub(crate) const MAX_BANDWIDTH: u16 = 10;
    pub(crate) const MIN_RTT: u16 = 11;
    pub(crate) const INFLIGHT_LONGTERM: u16 = 12;
    pub(crate) const INFLIGHT_SHORTTERM: u16 = 13;
    pub(crate) const CWND: u16 = 14;
    pub(crate) const PACING_RATE: u16 = 15;
}

/// Attributes of the set `stats`.
pub(crate) mod stats {
    pub(crate) const FALLBACKS: u16 = 1;
    pub(crate) const SOCKETS: u16 = 2;
}

/// Values and what they are called.
pub(crate) mod names {
    pub(crate) const PHASE: &[(u8, &str)] = &[
        (0, "startup"),
        (1, "drain"),
        (2, "probe-bw-down"),
        (3, "probe-bw-cruise"),
        (4, "probe-bw-refill"),
        (5, "probe-bw-up"),
        (6, "probe-rtt"),
    ];
}
