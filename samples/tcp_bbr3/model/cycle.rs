// SPDX-License-Identifier: GPL-2.0

//! The state machine, in the order in which an ACK goes through it.

use super::{
    reached,
    Ack,
    AckPhase,
    Bandwidth,
    Bbr,
    Gain,
    Phase,
    Sample,
    DRAIN_ROUNDS,
    EMPTY_QUEUE,
    FULL_BW_ROUNDS,
    INFINITE,
    MIN_PIPE_CWND,
    MIN_RTT_WINDOW,
    PROBE_RTT_CWND_GAIN,
    PROBE_RTT_DURATION,
    PROBE_RTT_INTERVAL,
    SECOND,
    STARTUP_LOSS_EVENTS, //
};

/// The window of a flow whose round trip time is not known (`C.InitialCwnd`).
const INITIAL_CWND: u32 = 10;

/// `BBR.Beta`
fn beta(volume: u32) -> u32 {
    (u64::from(volume) * 7 / 10) as u32
}

/// Losses of which `BBR.LossThresh`, two percent, is the most: `IsInflightTooHigh()`.
fn is_too_high(lost: u32, tx_in_flight: u32, has_sack: bool) -> bool {
    u64::from(lost) * 50 > u64::from(tx_in_flight) || (lost > 0 && !has_sack)
}

/// What was in flight when losses became more than the threshold (`InflightAtLoss()`): `size` packets were
/// lost last.
fn inflight_at_loss(lost: u32, tx_in_flight: u32, size: u32) -> u32 {
    let before = tx_in_flight.saturating_sub(size);
    let lost_before = lost.saturating_sub(size);
    let prefix = (u64::from(before) * 2).saturating_sub(u64::from(lost_before) * 100) / 98;
    // A fraction of what was in flight.
    before.saturating_add(prefix as u32)
}

/// Whether more than a span has passed since then.
fn has_passed(since: u64, span: u64, now: u64) -> bool {
    now.wrapping_sub(since) as i64 > span as i64
}

impl Bbr {
    // Losses.

    pub(super) fn note_recovery(&mut self, ack: &Ack) {
        self.recovery_start = match self.recovery_start {
            _ if !ack.in_recovery => None,
            None => Some(ack.delivered),
            begun => begun,
        };
    }

    /// What was lost since the packet was sent that is acknowledged, and what was in flight then.
    fn since_sent(&self, ack: &Ack) -> (u32, u32) {
        if ack.delivery.is_none() {
            return (ack.losses, ack.prior_in_flight);
        }
        let sent = self.history.at(ack.prior_delivered);
        (ack.lost.wrapping_sub(sent.lost), sent.in_flight)
    }

    /// `HandleLostPacket()`, of all that an ACK has shown to be lost.
    pub(super) fn note_losses(&mut self, ack: &Ack) {
        if ack.losses == 0 {
            return;
        }
        if !self.is_loss_in_round {
            self.loss_round_delivered = ack.delivered;
            self.save_cwnd(ack.cwnd, ack.in_recovery);
            self.save_state_upon_loss();
        }
        self.is_loss_in_round = true;
        if !self.is_bw_probe_sample {
            return;
        }
        let (lost, tx_in_flight) = self.since_sent(ack);
        if is_too_high(lost, tx_in_flight, ack.has_sack) {
            let at_loss = inflight_at_loss(lost, tx_in_flight, ack.losses);
            self.handle_inflight_too_high(ack, at_loss);
        }
    }

    fn handle_inflight_too_high(&mut self, ack: &Ack, tx_in_flight: u32) {
        self.prev_probe_too_high = true;
        // Once per probing.
        self.is_bw_probe_sample = false;
        if !ack.is_app_limited {
            self.inflight_longterm = tx_in_flight.max(beta(self.target_inflight(ack.cwnd)));
        }
        if self.phase == Phase::ProbeBwUp {
            self.undo_phase = Some(Phase::ProbeBwUp);
            self.start_probe_bw_down(ack.now, ack.delivered);
        }
    }

    pub(super) fn save_state_upon_loss(&mut self) {
        self.undo_phase = None;
        self.undo_bw_shortterm = self.bw_shortterm;
        self.undo_inflight_shortterm = self.inflight_shortterm;
        self.undo_inflight_longterm = self.inflight_longterm;
    }

    pub(super) fn save_cwnd(&mut self, cwnd: u32, in_recovery: bool) {
        self.prior_cwnd = if !in_recovery && self.phase != Phase::ProbeRtt {
            cwnd
        } else {
            self.prior_cwnd.max(cwnd)
        };
    }

    // The model.

    pub(super) fn update_latest_delivery_signals(&mut self, ack: &Ack, sample: &Sample) {
        self.is_loss_round_start = false;
        if !sample.has_data {
            return;
        }
        self.loss_round_rtt = self.loss_round_rtt.min(ack.rtt.unwrap_or(INFINITE));
        self.bw_latest = self.bw_latest.max(sample.rate);
        self.inflight_latest = self.inflight_latest.max(sample.delivered);
        if reached(sample.prior_delivered, self.loss_round_delivered) {
            self.loss_round_delivered = ack.delivered;
            self.is_loss_round_start = true;
        }
    }

    pub(super) fn advance_latest_delivery_signals(&mut self, sample: &Sample) {
        if self.is_loss_round_start {
            self.bw_latest = sample.rate;
            self.inflight_latest = sample.delivered;
        }
    }

    pub(super) fn update_congestion_signals(&mut self, ack: &Ack, sample: &Sample) {
        self.update_max_bw(ack, sample);
        if !self.is_loss_round_start {
            return;
        }
        self.adapt_lower_bounds(ack);
        self.is_loss_in_round = false;
        self.loss_round_start = (ack.lost, ack.delivered);
        self.loss_round_rtt = INFINITE;
    }

    fn update_max_bw(&mut self, ack: &Ack, sample: &Sample) {
        self.is_round_start = false;
        if !sample.has_data {
            return;
        }
        if reached(sample.prior_delivered, self.next_round_delivered) {
            self.start_round(ack.delivered);
            self.round_count = self.round_count.wrapping_add(1);
            self.rounds_since_probe_up = self.rounds_since_probe_up.saturating_add(1);
            self.is_round_start = true;
        }
        if !sample.is_app_limited || sample.rate >= self.max_bw.get() {
            self.max_bw.note(sample.rate);
        }
    }

    fn start_round(&mut self, delivered: u32) {
        self.next_round_delivered = delivered;
    }

    /// `AdaptLowerBoundsFromCongestion()`
    fn adapt_lower_bounds(&mut self, ack: &Ack) {
        if self.phase.is_probing() || !self.is_loss_in_round || self.are_losses_borne(ack) {
            return;
        }
        if self.bw_shortterm == Bandwidth::INFINITE {
            self.bw_shortterm = self.max_bw.get();
        }
        if self.inflight_shortterm == INFINITE {
            self.inflight_shortterm = ack.cwnd;
        }
        let bw = self.bw_shortterm.scale(Gain::ratio(7, 10));
        self.bw_shortterm = self.bw_latest.max(bw);
        self.inflight_shortterm = self.inflight_latest.max(beta(self.inflight_shortterm));
    }

    /// Whether the losses of a round say nothing of congestion: they are no more than probing bears, or one, and
    /// a packet has met no queue.
    fn are_losses_borne(&self, ack: &Ack) -> bool {
        let (lost, delivered) = self.loss_round_start;
        let lost = ack.lost.wrapping_sub(lost);
        let delivered = ack.delivered.wrapping_sub(delivered);
        let queue = self.loss_round_rtt.saturating_sub(self.min_rtt);
        lost <= (delivered / 50).max(1)
            && self.loss_round_rtt != INFINITE
            && queue <= self.min_rtt / EMPTY_QUEUE
    }

    fn reset_short_term_model(&mut self) {
        self.bw_shortterm = Bandwidth::INFINITE;
        self.inflight_shortterm = INFINITE;
    }

    fn reset_congestion_signals(&mut self) {
        self.is_loss_in_round = false;
        self.bw_latest = Bandwidth::ZERO;
        self.inflight_latest = 0;
    }

    pub(super) fn update_ack_aggregation(&mut self, ack: &Ack) {
        if self.is_round_start {
            let rounds = if self.full_bw_reached { 10 } else { 1 };
            self.extra_acked.note_round(rounds);
        }
        if ack.acked > 0 {
            self.extra_acked.note(ack.now, ack.acked, self.bw, ack.cwnd);
        }
    }

    // Startup and Drain.

    pub(super) fn reset_full_bw(&mut self, base: Bandwidth) {
        self.full_bw = base;
        self.full_bw_count = 0;
        self.full_bw_now = false;
    }

    pub(super) fn check_full_bw_reached(&mut self, sample: &Sample) {
        if self.full_bw_now || !self.is_round_start || sample.is_app_limited {
            return;
        }
        if sample.rate >= self.full_bw.scale(Gain::ratio(5, 4)) {
            self.reset_full_bw(sample.rate);
            return;
        }
        self.full_bw_count = self.full_bw_count.saturating_add(1);
        self.full_bw_now = self.full_bw_count >= FULL_BW_ROUNDS;
        self.full_bw_reached |= self.full_bw_now;
    }

    pub(super) fn check_startup_done(&mut self, ack: &Ack) {
        self.check_startup_high_loss(ack);
        if self.phase == Phase::Startup && self.full_bw_reached {
            self.phase = Phase::Drain;
            self.drain_start_round = self.round_count;
        }
    }

    fn check_startup_high_loss(&mut self, ack: &Ack) {
        if self.full_bw_reached {
            return;
        }
        if ack.losses > 0 {
            self.loss_events_in_round = self.loss_events_in_round.saturating_add(1);
        }
        if !self.is_loss_round_start {
            return;
        }
        let events = core::mem::take(&mut self.loss_events_in_round);
        // For a whole round.
        let is_recovering = self
            .recovery_start
            .is_some_and(|start| reached(ack.prior_delivered, start));
        let (lost, tx_in_flight) = self.since_sent(ack);
        let enough = if ack.has_sack {
            events >= STARTUP_LOSS_EVENTS && is_too_high(lost, tx_in_flight, true)
        } else {
            events > 0
        };
        if is_recovering && enough {
            self.undo_phase = Some(Phase::Startup);
            self.full_bw_reached = true;
            self.inflight_longterm = self.bdp(Gain::ONE).max(self.inflight_latest);
        }
    }

    pub(super) fn check_drain_done(&mut self, ack: &Ack) {
        if self.phase == Phase::Drain
            && (ack.in_flight <= self.inflight(Gain::ONE)
                || self.round_count.wrapping_sub(self.drain_start_round) > DRAIN_ROUNDS)
        {
            self.start_probe_bw_down(ack.now, ack.delivered);
        }
    }

    // Probing for bandwidth.

    pub(super) fn update_probe_bw_cycle_phase(&mut self, ack: &Ack, sample: &Sample) {
        if !self.full_bw_reached || self.adapt_long_term_model(ack, sample) {
            return;
        }
        match self.phase {
            Phase::ProbeBwDown => {
                if self.is_time_to_probe_bw(ack) {
                    self.start_probe_bw_refill(ack.delivered);
                } else if ack.in_flight <= self.inflight_with_headroom()
                    && ack.in_flight <= self.max_inflight_of(Gain::ONE)
                {
                    self.phase = Phase::ProbeBwCruise;
                }
            }
            Phase::ProbeBwCruise => {
                if self.is_time_to_probe_bw(ack) {
                    self.start_probe_bw_refill(ack.delivered);
                }
            }
            Phase::ProbeBwRefill => {
                if self.is_round_start {
                    self.is_bw_probe_sample = true;
                    self.start_probe_bw_up(ack, sample);
                }
            }
            Phase::ProbeBwUp => {
                if self.is_time_to_go_down(ack, sample) {
                    self.prev_probe_too_high = false;
                    self.start_probe_bw_down(ack.now, ack.delivered);
                }
            }
            Phase::Startup | Phase::Drain | Phase::ProbeRtt => {}
        }
    }

    fn start_probe_bw_down(&mut self, now: u64, delivered: u32) {
        self.reset_congestion_signals();
        self.probe_up_acked_per_inc = INFINITE;
        // `PickProbeWait()`
        self.rounds_since_probe_up = self.random() & 1;
        self.bw_probe_wait = (2 * SECOND).saturating_add(u64::from(self.random()) % SECOND);
        self.cycle_stamp = now;
        self.ack_phase = AckPhase::ProbeStopping;
        self.start_round(delivered);
        self.phase = Phase::ProbeBwDown;
    }

    pub(super) fn start_probe_bw_refill(&mut self, delivered: u32) {
        self.reset_short_term_model();
        self.bw_probe_up_rounds = 0;
        self.bw_probe_up_acked = 0;
        self.prev_probe_precautionary = false;
        self.ack_phase = AckPhase::Refilling;
        self.start_round(delivered);
        self.phase = Phase::ProbeBwRefill;
    }

    fn start_probe_bw_up(&mut self, ack: &Ack, sample: &Sample) {
        self.ack_phase = AckPhase::ProbeStarting;
        self.start_round(ack.delivered);
        self.reset_full_bw(sample.rate);
        self.phase = Phase::ProbeBwUp;
        self.raise_inflight_longterm_slope(ack.cwnd);
    }

    fn is_time_to_probe_bw(&self, ack: &Ack) -> bool {
        // Reno grows by a packet a round: it fills the same pipe in as many (`IsRenoCoexistenceProbeTime()`).
        has_passed(self.cycle_stamp, self.bw_probe_wait, ack.now)
            || (self.is_round_start
                && self.rounds_since_probe_up >= self.target_inflight(ack.cwnd).min(63))
    }

    fn is_time_to_go_down(&mut self, ack: &Ack, sample: &Sample) -> bool {
        if self.prev_probe_too_high && ack.in_flight >= self.inflight_longterm {
            self.prev_probe_precautionary = true;
            return true;
        }
        if ack.is_cwnd_limited && ack.cwnd >= self.inflight_longterm {
            // The bound is what keeps the bandwidth from growing.
            self.reset_full_bw(sample.rate);
            return false;
        }
        self.full_bw_now
    }

    fn raise_inflight_longterm_slope(&mut self, cwnd: u32) {
        let growth = 1u32
            .checked_shl(self.bw_probe_up_rounds)
            .unwrap_or(INFINITE);
        self.bw_probe_up_rounds = self.bw_probe_up_rounds.saturating_add(1).min(30);
        self.probe_up_acked_per_inc = cwnd.checked_div(growth).unwrap_or(0).max(1);
    }

    fn probe_inflight_longterm_upward(&mut self, ack: &Ack) {
        if !ack.is_cwnd_limited || ack.cwnd < self.inflight_longterm {
            return;
        }
        self.bw_probe_up_acked = self.bw_probe_up_acked.saturating_add(ack.acked);
        let per = self.probe_up_acked_per_inc;
        if let (Some(delta), Some(rest)) = (
            self.bw_probe_up_acked.checked_div(per),
            self.bw_probe_up_acked.checked_rem(per),
        ) {
            self.bw_probe_up_acked = rest;
            // Never so much that it is no bound any more.
            self.inflight_longterm = self
                .inflight_longterm
                .saturating_add(delta)
                .min(INFINITE - 1);
        }
        if self.is_round_start {
            self.raise_inflight_longterm_slope(ack.cwnd);
        }
    }

    /// Returns whether it has decided on a phase.
    fn adapt_long_term_model(&mut self, ack: &Ack, sample: &Sample) -> bool {
        if self.is_round_start && self.ack_phase == AckPhase::ProbeStarting {
            self.ack_phase = AckPhase::ProbeFeedback;
        }
        if self.is_round_start && self.ack_phase == AckPhase::ProbeStopping {
            self.is_bw_probe_sample = false;
            self.ack_phase = AckPhase::Init;
            if self.phase.is_probe_bw() {
                if !sample.is_app_limited {
                    self.max_bw.advance();
                }
                if self.prev_probe_precautionary && !self.prev_probe_too_high {
                    self.start_probe_bw_refill(ack.delivered);
                    return true;
                }
            }
        }
        if self.inflight_longterm == INFINITE || !sample.has_data {
            return false;
        }
        let (lost, tx_in_flight) = self.since_sent(ack);
        if !is_too_high(lost, tx_in_flight, ack.has_sack) {
            self.inflight_longterm = self.inflight_longterm.max(tx_in_flight);
            if self.phase == Phase::ProbeBwUp {
                self.probe_inflight_longterm_upward(ack);
            }
        }
        false
    }

    // Probing for the round trip time.

    pub(super) fn update_min_rtt(&mut self, ack: &Ack) {
        self.probe_rtt_expired = has_passed(self.probe_rtt_min_stamp, PROBE_RTT_INTERVAL, ack.now);
        if let Some(rtt) = ack.rtt {
            // A delayed ACK says too much.
            if rtt < self.probe_rtt_min_delay || (self.probe_rtt_expired && !ack.is_ack_delayed) {
                self.probe_rtt_min_delay = rtt.max(1);
                self.probe_rtt_min_stamp = ack.now;
            }
        }
        let expired = has_passed(self.min_rtt_stamp, MIN_RTT_WINDOW, ack.now);
        if self.probe_rtt_min_delay < self.min_rtt || expired {
            self.min_rtt = self.probe_rtt_min_delay;
            self.min_rtt_stamp = self.probe_rtt_min_stamp;
        }
    }

    /// Returns whether what is in flight says nothing, and the window to go on from.
    pub(super) fn check_probe_rtt(&mut self, ack: &Ack) -> (bool, u32) {
        if self.phase != Phase::ProbeRtt && self.probe_rtt_expired && !self.idle_restart {
            self.save_cwnd(ack.cwnd, ack.in_recovery);
            self.phase = Phase::ProbeRtt;
            self.probe_rtt_done_stamp = None;
            self.ack_phase = AckPhase::ProbeStopping;
            self.start_round(ack.delivered);
        }
        if self.phase != Phase::ProbeRtt {
            return (false, ack.cwnd);
        }
        if self.probe_rtt_done_stamp.is_none() {
            if ack.in_flight <= self.probe_rtt_cwnd() {
                self.probe_rtt_done_stamp = Some(ack.now.saturating_add(PROBE_RTT_DURATION));
                self.probe_rtt_round_done = false;
                self.start_round(ack.delivered);
            }
            return (true, ack.cwnd);
        }
        self.probe_rtt_round_done |= self.is_round_start;
        let done = if self.probe_rtt_round_done {
            self.check_probe_rtt_done(ack.now, ack.delivered, ack.cwnd)
        } else {
            None
        };
        (true, done.unwrap_or(ack.cwnd))
    }

    pub(super) fn check_probe_rtt_done(
        &mut self,
        now: u64,
        delivered: u32,
        cwnd: u32,
    ) -> Option<u32> {
        if now <= self.probe_rtt_done_stamp? {
            return None;
        }
        self.probe_rtt_min_stamp = now;
        self.reset_short_term_model();
        if self.full_bw_reached {
            self.start_probe_bw_down(now, delivered);
            self.phase = Phase::ProbeBwCruise;
        } else {
            self.phase = Phase::Startup;
        }
        Some(cwnd.max(self.prior_cwnd))
    }

    // Volumes.

    /// `BDPMultiple()`
    fn bdp(&self, gain: Gain) -> u32 {
        if self.min_rtt == INFINITE {
            return INITIAL_CWND;
        }
        self.bw.volume(self.min_rtt, gain)
    }

    /// As [`Self::bdp`], of all that the network delivers.
    fn max_inflight_of(&self, gain: Gain) -> u32 {
        if self.min_rtt == INFINITE {
            return INITIAL_CWND;
        }
        self.quantized(self.max_bw.get().volume(self.min_rtt, gain))
    }

    fn target_inflight(&self, cwnd: u32) -> u32 {
        self.bdp(Gain::ONE).min(cwnd)
    }

    /// `QuantizationBudget()`
    fn quantized(&self, inflight: u32) -> u32 {
        let least = self.quantum.saturating_mul(3).max(MIN_PIPE_CWND);
        let extra = if self.phase == Phase::ProbeBwUp { 2 } else { 0 };
        inflight.max(least).saturating_add(extra)
    }

    fn inflight(&self, gain: Gain) -> u32 {
        self.quantized(self.bdp(gain))
    }

    fn inflight_with_headroom(&self) -> u32 {
        if self.inflight_longterm == INFINITE {
            return INFINITE;
        }
        let headroom = (u64::from(self.inflight_longterm) * 15 / 100).max(1) as u32;
        self.inflight_longterm
            .saturating_sub(headroom)
            .max(MIN_PIPE_CWND)
    }

    fn probe_rtt_cwnd(&self) -> u32 {
        self.bdp(PROBE_RTT_CWND_GAIN).max(MIN_PIPE_CWND)
    }

    /// `SetCwnd()`
    pub(super) fn next_cwnd(&self, ack: &Ack, cwnd: u32) -> u32 {
        let volume = self.bdp(self.cwnd_gain());
        let most = self.quantized(volume.saturating_add(self.extra_acked.get()));
        let grown = cwnd.saturating_add(ack.acked);
        let mut cwnd = if self.full_bw_reached {
            grown.min(most)
        } else if cwnd < most || ack.delivered < INITIAL_CWND {
            grown
        } else {
            cwnd
        };
        cwnd = cwnd.max(MIN_PIPE_CWND);
        if self.phase == Phase::ProbeRtt {
            cwnd = cwnd.min(self.probe_rtt_cwnd());
        }
        // `BoundCwndForModel()`
        let bound = match self.phase {
            Phase::ProbeBwDown | Phase::ProbeBwRefill | Phase::ProbeBwUp => self.inflight_longterm,
            Phase::ProbeBwCruise | Phase::ProbeRtt => self.inflight_with_headroom(),
            Phase::Startup | Phase::Drain => INFINITE,
        };
        cwnd.min(bound.min(self.inflight_shortterm).max(MIN_PIPE_CWND))
    }
}
