// SPDX-License-Identifier: GPL-2.0

//! What an algorithm is told: states, events, what an ACK has brought.

use crate::bindings;

/// What the core makes of the ACKs that have come.
#[doc(alias = "enum tcp_ca_state")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaState {
    /// Nothing unusual.
    #[doc(alias = "TCP_CA_Open")]
    Open,
    /// Duplicate ACKs or SACKs, and no loss yet.
    #[doc(alias = "TCP_CA_Disorder")]
    Disorder,
    /// The window is reduced for ECN, or because this host dropped a packet.
    #[doc(alias = "TCP_CA_CWR")]
    Cwr,
    /// Packets were lost, and are sent again.
    #[doc(alias = "TCP_CA_Recovery")]
    Recovery,
    /// The retransmission timer has expired.
    #[doc(alias = "TCP_CA_Loss")]
    Loss,
}

impl CaState {
    #[inline(always)]
    pub(super) fn from_raw(raw: u8) -> Option<Self> {
        Some(match u32::from(raw) {
            bindings::tcp_ca_state_TCP_CA_Open => Self::Open,
            bindings::tcp_ca_state_TCP_CA_Disorder => Self::Disorder,
            bindings::tcp_ca_state_TCP_CA_CWR => Self::Cwr,
            bindings::tcp_ca_state_TCP_CA_Recovery => Self::Recovery,
            bindings::tcp_ca_state_TCP_CA_Loss => Self::Loss,
            _ => return None,
        })
    }
}

/// What has happened to a window (`enum tcp_ca_event`).
#[doc(alias = "enum tcp_ca_event")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CwndEvent {
    /// The window begins anew after the socket was idle.
    #[doc(alias = "CA_EVENT_CWND_RESTART")]
    Restart,
    /// The reduction of the window is complete. Not for an algorithm with
    /// [`cong_control`](super::CongestionControl::cong_control).
    #[doc(alias = "CA_EVENT_COMPLETE_CWR")]
    CompleteCwr,
    /// The retransmission timer has expired.
    #[doc(alias = "CA_EVENT_LOSS")]
    Loss,
    /// A packet was received that is capable of ECN and not marked.
    #[doc(alias = "CA_EVENT_ECN_NO_CE")]
    EcnNoCe,
    /// A packet was received that is marked.
    #[doc(alias = "CA_EVENT_ECN_IS_CE")]
    EcnIsCe,
}

impl CwndEvent {
    #[inline(always)]
    pub(super) fn from_raw(raw: bindings::tcp_ca_event) -> Option<Self> {
        Some(match raw {
            bindings::tcp_ca_event_CA_EVENT_CWND_RESTART => Self::Restart,
            bindings::tcp_ca_event_CA_EVENT_COMPLETE_CWR => Self::CompleteCwr,
            bindings::tcp_ca_event_CA_EVENT_LOSS => Self::Loss,
            bindings::tcp_ca_event_CA_EVENT_ECN_NO_CE => Self::EcnNoCe,
            bindings::tcp_ca_event_CA_EVENT_ECN_IS_CE => Self::EcnIsCe,
            _ => return None,
        })
    }
}

/// What the core has found in an ACK (`FLAG_DATA_ACKED`).
///
/// The core keeps these numbers to itself (`FLAG_*` in `net/ipv4/tcp_input.c`), and gives them to every
/// algorithm. They are the same in Linux 7.2 and 7.3.
#[doc(alias = "FLAG_DATA_ACKED")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckFlags(pub(super) u32);

macro_rules! flags {
    ($of:ident: $($(#[$doc:meta])* $name:ident = $bit:expr;)+) => {
        impl $of {$(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name(self) -> bool {
                self.0 & $bit != 0
            }
        )+}
    };
}

flags! { AckFlags:
    /// It acknowledges new data.
    #[doc(alias = "FLAG_DATA_ACKED")]
    acks_data = 0x04;
    /// Some of that was retransmitted.
    #[doc(alias = "FLAG_RETRANS_DATA_ACKED")]
    acks_retransmitted = 0x08;
    /// It acknowledges a SYN.
    #[doc(alias = "FLAG_SYN_ACKED")]
    acks_syn = 0x10;
    /// It has a new selective acknowledgement.
    #[doc(alias = "FLAG_DATA_SACKED")]
    sacks_data = 0x20;
    /// It echoes a congestion mark.
    #[doc(alias = "FLAG_ECE")]
    has_ece = 0x40;
    /// It shows that a retransmission was lost.
    #[doc(alias = "FLAG_LOST_RETRANS")]
    lost_retransmission = 0x80;
    /// It moves the left edge of the window.
    #[doc(alias = "FLAG_SND_UNA_ADVANCED")]
    advances = 0x400;
    /// It tells of a duplicate that has arrived.
    #[doc(alias = "FLAG_DSACKING_ACK")]
    has_dsack = 0x800;
    /// The receiver may have delayed it.
    #[doc(alias = "FLAG_ACK_MAYBE_DELAYED")]
    is_maybe_delayed = 0x10000;
}

/// What kind of ACK has come (`enum tcp_ca_ack_event_flags`).
#[doc(alias = "enum tcp_ca_ack_event_flags")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckEvent(pub(super) u32);

flags! { AckEvent:
    /// It was not the next one of a smooth flow.
    #[doc(alias = "CA_ACK_SLOWPATH")]
    is_slow_path = bindings::tcp_ca_ack_event_flags_CA_ACK_SLOWPATH;
    /// It changes the window that the receiver offers.
    #[doc(alias = "CA_ACK_WIN_UPDATE")]
    updates_window = bindings::tcp_ca_ack_event_flags_CA_ACK_WIN_UPDATE;
    /// It echoes a congestion mark.
    #[doc(alias = "CA_ACK_ECE")]
    has_ece = bindings::tcp_ca_ack_event_flags_CA_ACK_ECE;
}

/// The packets that an ACK acknowledges.
#[doc(alias = "ack_sample")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckSample {
    /// How many packets it acknowledges.
    pub packets: u32,
    /// The round trip time in microseconds, if it could be measured.
    pub rtt: Option<u32>,
    /// How many bytes were in flight when the last of them was sent.
    pub in_flight: u32,
}

impl AckSample {
    #[inline(always)]
    pub(super) fn new(raw: &bindings::ack_sample) -> Self {
        Self {
            packets: raw.pkts_acked,
            rtt: u32::try_from(raw.rtt_us).ok(),
            in_flight: raw.in_flight,
        }
    }
}

/// How fast the network has delivered: what an ACK says, with what was noted when the packet was sent that
/// it acknowledges. The counts are in packets, times in microseconds.
#[doc(alias = "rate_sample")]
pub struct RateSample<'a>(&'a bindings::rate_sample);

impl<'a> RateSample<'a> {
    #[inline(always)]
    pub(super) fn new(raw: &'a bindings::rate_sample) -> Self {
        Self(raw)
    }
}

impl RateSample<'_> {
    /// How many packets were delivered in which time: between the sending of the packet that was last sent of
    /// those acknowledged, and now. `None` if that could not be measured, or the time is 0.
    #[doc(alias = "rate_sample::delivered")]
    #[doc(alias = "rate_sample::interval_us")]
    #[inline(always)]
    pub fn delivery(&self) -> Option<(u32, u32)> {
        let delivered = u32::try_from(self.0.delivered).ok()?;
        let interval = u32::try_from(self.0.interval_us).ok()?;
        (interval != 0).then_some((delivered, interval))
    }

    /// How many of [`Self::delivery`] were marked.
    #[doc(alias = "rate_sample::delivered_ce")]
    #[inline(always)]
    pub fn delivered_ce(&self) -> u32 {
        u32::try_from(self.0.delivered_ce).unwrap_or(0)
    }

    /// What [`Socket::delivered`](super::Socket::delivered) was when that packet was sent. It wraps.
    #[doc(alias = "rate_sample::prior_delivered")]
    #[inline(always)]
    pub fn prior_delivered(&self) -> u32 {
        self.0.prior_delivered
    }

    /// The round trip time of the packet that was acknowledged last (`rate_sample::rtt_us`).
    #[doc(alias = "rate_sample::rtt_us")]
    #[inline(always)]
    pub fn rtt(&self) -> Option<u32> {
        // Longer than an hour is no measurement.
        u32::try_from(self.0.rtt_us).ok()
    }

    /// How many packets this ACK has shown to be lost.
    #[doc(alias = "rate_sample::losses")]
    #[inline(always)]
    pub fn losses(&self) -> u32 {
        u32::try_from(self.0.losses).unwrap_or(0)
    }

    /// How many packets this ACK has newly acknowledged, or selectively.
    #[doc(alias = "rate_sample::acked_sacked")]
    #[inline(always)]
    pub fn acked_sacked(&self) -> u32 {
        self.0.acked_sacked
    }

    /// How many packets were in flight before this ACK.
    #[doc(alias = "rate_sample::prior_in_flight")]
    #[inline(always)]
    pub fn prior_in_flight(&self) -> u32 {
        self.0.prior_in_flight
    }

    /// Whether the application had nothing to send in that time: the network may deliver more.
    #[doc(alias = "rate_sample::is_app_limited")]
    #[inline(always)]
    pub fn is_app_limited(&self) -> bool {
        self.0.is_app_limited
    }

    /// Whether the packet was sent before (`rate_sample::is_retrans`).
    #[doc(alias = "rate_sample::is_retrans")]
    #[inline(always)]
    pub fn is_retransmission(&self) -> bool {
        self.0.is_retrans
    }

    /// Whether the receiver has probably delayed the ACK.
    #[doc(alias = "rate_sample::is_ack_delayed")]
    #[inline(always)]
    pub fn is_ack_delayed(&self) -> bool {
        self.0.is_ack_delayed
    }
}
