// SPDX-License-Identifier: GPL-2.0

//! What is known of the path: bandwidths, filters, and what was in flight when.

/// A fraction in 1/256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gain(u32);

impl Gain {
    pub(crate) const ONE: Self = Self(256);

    /// A ratio, rounded up.
    pub(crate) const fn ratio(of: u32, to: u32) -> Self {
        let raw = (of * 256).div_ceil(to);
        assert!(raw < 1 << 10, "a gain is less than 4");
        Self(raw)
    }

    /// The number of 1/256.
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
}

/// Packets per microsecond, in 1/2^24: from a packet in 16 seconds to 256 in a microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Bandwidth(u32);

impl Bandwidth {
    pub(crate) const ZERO: Self = Self(0);
    /// No bound.
    pub(crate) const INFINITE: Self = Self(u32::MAX);

    /// So many packets in a time. At most what can be expressed.
    pub(crate) fn of(packets: u32, time: u32) -> Self {
        let rate = (u64::from(packets) << 24).checked_div(u64::from(time));
        // One less than no bound.
        Self(rate.unwrap_or(0).min(u64::from(u32::MAX - 1)) as u32)
    }

    /// A fraction of it.
    pub(crate) fn scale(self, gain: Gain) -> Self {
        let scaled = (u64::from(self.0) * u64::from(gain.0)) >> 8;
        Self(scaled.min(u64::from(u32::MAX - 1)) as u32)
    }

    /// Packets in a time, times a gain, rounded up.
    pub(crate) fn volume(self, time: u32, gain: Gain) -> u32 {
        // Less than 2^48, times less than 2^10.
        let packets = (u64::from(self.0) * u64::from(time)) >> 16;
        let scaled = packets.wrapping_mul(u64::from(gain.0)).wrapping_add(0xffff) >> 16;
        scaled.min(u64::from(u32::MAX)) as u32
    }

    /// Bytes per second.
    pub(crate) fn bytes_per_second(self, mss: u32) -> u64 {
        bytes(u64::from(self.0), mss, 1_000_000)
    }

    /// Bytes per second times a gain, less the hundredth that keeps the queue short (`BBR.PacingMarginPercent`).
    pub(crate) fn pacing_rate(self, gain: Gain, mss: u32) -> u64 {
        let scaled = (u64::from(self.0) * u64::from(gain.0)) >> 8;
        bytes(scaled, mss, 990_000)
    }
}

/// Packets per microsecond, in 1/2^24, as bytes in so many microseconds.
fn bytes(packets: u64, mss: u32, time: u64) -> u64 {
    let bytes = packets.saturating_mul(u64::from(mss));
    match bytes.checked_mul(time) {
        Some(product) => product >> 24,
        // So many that the fraction does not matter.
        None => (bytes >> 24).saturating_mul(time),
    }
}

/// `BBR.max_bw_filter`: the most of this cycle of probing and of the one before.
#[derive(Default)]
pub(super) struct MaxBandwidth {
    previous: Bandwidth,
    current: Bandwidth,
}

impl MaxBandwidth {
    pub(super) fn get(&self) -> Bandwidth {
        self.previous.max(self.current)
    }

    pub(super) fn note(&mut self, rate: Bandwidth) {
        self.current = self.current.max(rate);
    }

    /// `AdvanceMaxBwFilter()`: what the cycle before has brought is forgotten.
    pub(super) fn advance(&mut self) {
        // Without a sample the cycle says nothing.
        if self.current != Bandwidth::ZERO {
            self.previous = self.current;
            self.current = Bandwidth::ZERO;
        }
    }
}

/// `BBR.extra_acked`: how much more is acknowledged at once than the bandwidth says.
pub(super) struct ExtraAcked {
    /// The most of two spans of rounds, the second still going on.
    spans: [u32; 2],
    rounds: u32,
    since: u64,
    delivered: u32,
}

impl ExtraAcked {
    pub(super) fn new(now: u64) -> Self {
        Self {
            spans: [0; 2],
            rounds: 0,
            since: now,
            delivered: 0,
        }
    }

    pub(super) fn get(&self) -> u32 {
        let [previous, current] = self.spans;
        previous.max(current)
    }

    pub(super) fn restart(&mut self, now: u64) {
        self.since = now;
        self.delivered = 0;
    }

    /// A round begins; the filter is so many rounds long.
    pub(super) fn note_round(&mut self, filter: u32) {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds >= filter.div_ceil(2) {
            let [_, current] = self.spans;
            self.spans = [current, 0];
            self.rounds = 0;
        }
    }

    /// `UpdateACKAggregation()`
    pub(super) fn note(&mut self, now: u64, acked: u32, bw: Bandwidth, cwnd: u32) {
        let time = u32::try_from(now.saturating_sub(self.since)).unwrap_or(u32::MAX);
        let mut expected = bw.volume(time, Gain::ONE);
        if self.delivered <= expected {
            self.restart(now);
            expected = 0;
        }
        self.delivered = self.delivered.saturating_add(acked);
        let extra = self.delivered.saturating_sub(expected).min(cwnd);
        let [_, current] = &mut self.spans;
        *current = extra.max(*current);
    }
}

/// What was so when a packet was sent.
#[derive(Clone, Copy, Default)]
pub(super) struct Sent {
    delivered: u32,
    pub(super) lost: u32,
    pub(super) in_flight: u32,
}

/// What was lost and in flight while so many packets were delivered: of a packet it is known only how many
/// were delivered when it was sent. Patched kernels note the rest in the packet.
///
/// A window of packets takes 16 entries, so one stands for what was sent while a sixteenth of a window
/// was delivered. What was in flight is that of the last packet of these.
pub(super) struct History {
    newest: Sent,
    /// Those before it; where the next is put is the oldest.
    entries: [Sent; History::LEN - 1],
    at: usize,
}

impl History {
    const LEN: usize = 22;

    pub(super) fn new(delivered: u32) -> Self {
        let first = Sent {
            delivered,
            ..Sent::default()
        };
        Self {
            newest: first,
            entries: [first; Self::LEN - 1],
            at: 0,
        }
    }

    /// Before an ACK is looked at: so much is in flight of what was sent.
    pub(super) fn note_in_flight(&mut self, in_flight: u32) {
        self.newest.in_flight = in_flight;
    }

    /// After it: what is sent from now on.
    pub(super) fn note_delivered(&mut self, delivered: u32, lost: u32, in_flight: u32) {
        let since = delivered.wrapping_sub(self.newest.delivered);
        if since == 0 || since < in_flight / 16 {
            return;
        }
        if let Some(oldest) = self.entries.get_mut(self.at) {
            *oldest = self.newest;
        }
        self.at = self.at.wrapping_add(1) % self.entries.len();
        self.newest = Sent {
            delivered,
            lost,
            in_flight,
        };
    }

    /// What was so when so many packets were delivered; the oldest that is known if that is too long ago.
    pub(super) fn at(&self, delivered: u32) -> Sent {
        let mut found = self.newest;
        let (newer, older) = self.entries.split_at_checked(self.at).unwrap_or_default();
        for entry in newer.iter().rev().chain(older.iter().rev()) {
            if super::reached(delivered, found.delivered) {
                break;
            }
            found = *entry;
        }
        found
    }
}
