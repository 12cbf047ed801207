// SPDX-License-Identifier: GPL-2.0

//! BBRv3 without a kernel: what a socket has measured goes in, window and pacing rate come out.
//!
//! Specification: draft-ietf-ccwg-bbr-06. Names are the draft's; volumes are in packets, as the kernel counts
//! them, times in microseconds.
//!
//! Nothing here panics or overflows, whatever goes in: what a peer sends decides it.

mod cycle;
mod path;
#[cfg(test)]
mod tests;

pub(crate) use path::{
    Bandwidth,
    Gain, //
};
use path::{
    ExtraAcked,
    History,
    MaxBandwidth, //
};

/// No bound.
pub(crate) const INFINITE: u32 = u32::MAX;

/// Below this many packets in flight, delayed acknowledgements leave the pipe empty (`BBR.MinPipeCwnd`).
pub(crate) const MIN_PIPE_CWND: u32 = 4;

const SECOND: u64 = 1_000_000;
/// `BBR.MinRTTFilterLen`
const MIN_RTT_WINDOW: u64 = 10 * SECOND;
/// `BBR.ProbeRTTInterval`
const PROBE_RTT_INTERVAL: u64 = 5 * SECOND;
/// `BBR.ProbeRTTDuration`
const PROBE_RTT_DURATION: u64 = SECOND / 5;
/// Rounds that Drain takes at most.
const DRAIN_ROUNDS: u32 = 3;
/// Rounds without growth after which the pipe is full.
const FULL_BW_ROUNDS: u8 = 3;
/// `BBRStartupFullLossCnt`
const STARTUP_LOSS_EVENTS: u8 = 6;

/// A queue that takes no more than one part in so many of the round trip time is none.
const EMPTY_QUEUE: u32 = 16;

/// `BBR.StartupPacingGain`, 2.77
const STARTUP_GAIN: Gain = Gain::ratio(277, 100);
/// `BBR.DrainPacingGain`
const DRAIN_GAIN: Gain = Gain::ratio(1, 2);
const DOWN_GAIN: Gain = Gain::ratio(90, 100);
const UP_GAIN: Gain = Gain::ratio(5, 4);
/// `BBR.DefaultCwndGain`
const CWND_GAIN: Gain = Gain::ratio(2, 1);
const UP_CWND_GAIN: Gain = Gain::ratio(9, 4);
/// `BBR.ProbeRTTCwndGain`
const PROBE_RTT_CWND_GAIN: Gain = Gain::ratio(1, 2);

/// `BBR.state`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The rate doubles each round, until the pipe is full.
    Startup,
    /// The queue that Startup has left is drained.
    Drain,
    /// Slower than the network delivers, to leave room.
    ProbeBwDown,
    /// As fast as the network delivers.
    ProbeBwCruise,
    /// For a round without the bounds that losses have set.
    ProbeBwRefill,
    /// Faster, to see whether the network delivers more.
    ProbeBwUp,
    /// Little in flight, to see the round trip time of an empty queue.
    ProbeRtt,
}

impl Phase {
    /// `IsInAProbeBWState()`
    fn is_probe_bw(self) -> bool {
        matches!(
            self,
            Self::ProbeBwDown | Self::ProbeBwCruise | Self::ProbeBwRefill | Self::ProbeBwUp
        )
    }

    /// `IsProbingBW()`
    fn is_probing(self) -> bool {
        matches!(self, Self::Startup | Self::ProbeBwRefill | Self::ProbeBwUp)
    }
}

/// `BBR.ack_phase`: what the ACKs that come now say about the last probing for bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AckPhase {
    Init,
    Refilling,
    ProbeStarting,
    ProbeFeedback,
    ProbeStopping,
}

/// What an ACK has brought, and the socket after it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ack {
    /// The time.
    pub(crate) now: u64,
    /// How many packets were delivered ever; wraps.
    pub(crate) delivered: u32,
    /// How many were lost ever; wraps.
    pub(crate) lost: u32,
    /// How many are in flight, after this ACK.
    pub(crate) in_flight: u32,
    /// How many were before it.
    pub(crate) prior_in_flight: u32,
    /// The window.
    pub(crate) cwnd: u32,
    /// Whether it is the window that keeps the socket from sending more.
    pub(crate) is_cwnd_limited: bool,
    /// Whether packets are being retransmitted.
    pub(crate) in_recovery: bool,
    /// Whether the receiver acknowledges selectively.
    pub(crate) has_sack: bool,
    /// How many packets this ACK has newly delivered.
    pub(crate) acked: u32,
    /// How many packets it has shown to be lost.
    pub(crate) losses: u32,
    /// How many packets were delivered in which time, if it could be measured.
    pub(crate) delivery: Option<(u32, u32)>,
    /// `delivered` when the packet was sent of which `delivery` is.
    pub(crate) prior_delivered: u32,
    /// The round trip time.
    pub(crate) rtt: Option<u32>,
    /// Whether the receiver has delayed the ACK.
    pub(crate) is_ack_delayed: bool,
    /// Whether the application had too little to send for `delivery` to say what the network can do.
    pub(crate) is_app_limited: bool,
    /// How many packets are sent at once.
    pub(crate) quantum: u32,
}

/// What the socket does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    /// The window.
    pub(crate) cwnd: u32,
    /// What is in flight says nothing about the network.
    pub(crate) mark_app_limited: bool,
}

/// The state of a flow.
pub(crate) struct Bbr {
    phase: Phase,
    ack_phase: AckPhase,
    // The long-term model.
    max_bw: MaxBandwidth,
    inflight_longterm: u32,
    min_rtt: u32,
    min_rtt_stamp: u64,
    // The short-term model.
    bw_shortterm: Bandwidth,
    inflight_shortterm: u32,
    /// The lesser of both.
    bw: Bandwidth,
    // What this round has brought.
    bw_latest: Bandwidth,
    inflight_latest: u32,
    loss_round_delivered: u32,
    /// How many were lost and delivered when the round began.
    loss_round_start: (u32, u32),
    /// Its smallest round trip time.
    loss_round_rtt: u32,
    is_loss_in_round: bool,
    is_loss_round_start: bool,
    loss_events_in_round: u8,
    // Rounds.
    round_count: u32,
    next_round_delivered: u32,
    is_round_start: bool,
    /// `delivered` when recovery began, while it goes on.
    recovery_start: Option<u32>,
    // Whether the pipe is full.
    full_bw: Bandwidth,
    full_bw_count: u8,
    full_bw_now: bool,
    full_bw_reached: bool,
    drain_start_round: u32,
    // Probing for bandwidth.
    cycle_stamp: u64,
    bw_probe_wait: u64,
    rounds_since_probe_up: u32,
    bw_probe_up_rounds: u32,
    bw_probe_up_acked: u32,
    probe_up_acked_per_inc: u32,
    is_bw_probe_sample: bool,
    prev_probe_too_high: bool,
    prev_probe_precautionary: bool,
    // Probing for the round trip time.
    probe_rtt_min_delay: u32,
    probe_rtt_min_stamp: u64,
    probe_rtt_expired: bool,
    probe_rtt_done_stamp: Option<u64>,
    probe_rtt_round_done: bool,
    idle_restart: bool,
    // Windows and bounds to return to.
    prior_cwnd: u32,
    undo_phase: Option<Phase>,
    undo_bw_shortterm: Bandwidth,
    undo_inflight_shortterm: u32,
    undo_inflight_longterm: u32,
    extra_acked: ExtraAcked,
    history: History,
    random: u32,
    /// The last `quantum`.
    quantum: u32,
}

impl Bbr {
    /// `OnInit()`
    pub(crate) fn new(now: u64, delivered: u32, rtt: Option<u32>, seed: u32) -> Self {
        let rtt = rtt.map_or(INFINITE, |rtt| rtt.max(1));
        Self {
            phase: Phase::Startup,
            ack_phase: AckPhase::Init,
            max_bw: MaxBandwidth::default(),
            inflight_longterm: INFINITE,
            min_rtt: rtt,
            min_rtt_stamp: now,
            bw_shortterm: Bandwidth::INFINITE,
            inflight_shortterm: INFINITE,
            bw: Bandwidth::ZERO,
            bw_latest: Bandwidth::ZERO,
            inflight_latest: 0,
            loss_round_delivered: delivered,
            loss_round_start: (0, delivered),
            loss_round_rtt: INFINITE,
            is_loss_in_round: false,
            is_loss_round_start: false,
            loss_events_in_round: 0,
            round_count: 0,
            next_round_delivered: delivered,
            is_round_start: false,
            recovery_start: None,
            full_bw: Bandwidth::ZERO,
            full_bw_count: 0,
            full_bw_now: false,
            full_bw_reached: false,
            drain_start_round: 0,
            cycle_stamp: now,
            bw_probe_wait: 0,
            rounds_since_probe_up: 0,
            bw_probe_up_rounds: 0,
            bw_probe_up_acked: 0,
            probe_up_acked_per_inc: INFINITE,
            is_bw_probe_sample: false,
            prev_probe_too_high: false,
            prev_probe_precautionary: false,
            probe_rtt_min_delay: rtt,
            probe_rtt_min_stamp: now,
            probe_rtt_expired: false,
            probe_rtt_done_stamp: None,
            probe_rtt_round_done: false,
            idle_restart: false,
            prior_cwnd: 0,
            undo_phase: None,
            undo_bw_shortterm: Bandwidth::INFINITE,
            undo_inflight_shortterm: INFINITE,
            undo_inflight_longterm: INFINITE,
            extra_acked: ExtraAcked::new(now),
            history: History::new(delivered),
            // Of 0 the generator makes 0 for ever.
            random: seed | 1,
            quantum: 2,
        }
    }

    /// `UpdateOnACK()`
    pub(crate) fn on_ack(&mut self, ack: &Ack) -> Control {
        self.quantum = ack.quantum;
        self.history.note_in_flight(ack.prior_in_flight);
        let sample = Sample::new(ack);
        if !self.full_bw_reached {
            self.note_recovery(ack);
        }
        self.note_losses(ack);
        self.update_latest_delivery_signals(ack, &sample);
        self.update_congestion_signals(ack, &sample);
        self.update_ack_aggregation(ack);
        self.check_full_bw_reached(&sample);
        self.check_startup_done(ack);
        self.check_drain_done(ack);
        self.update_probe_bw_cycle_phase(ack, &sample);
        self.update_min_rtt(ack);
        let (mark_app_limited, cwnd) = self.check_probe_rtt(ack);
        self.advance_latest_delivery_signals(&sample);
        self.bw = self.max_bw.get().min(self.bw_shortterm);
        self.history
            .note_delivered(ack.delivered, ack.lost, ack.in_flight);
        if sample.has_data && sample.delivered > 0 {
            self.idle_restart = false;
        }
        Control {
            cwnd: self.next_cwnd(ack, cwnd),
            mark_app_limited,
        }
    }

    /// `HandleRestartFromIdle()`: nothing is in flight, and there was nothing to send. Returns the window to
    /// return to, if probing for the round trip time ends here.
    pub(crate) fn on_restart(&mut self, now: u64, delivered: u32, cwnd: u32) -> Option<u32> {
        self.idle_restart = true;
        self.extra_acked.restart(now);
        if self.phase == Phase::ProbeRtt {
            return self.check_probe_rtt_done(now, delivered, cwnd);
        }
        None
    }

    /// `OnEnterRTO()`, `OnEnterFastRecovery()`: packets were lost. `in_recovery` says whether some were
    /// before.
    pub(crate) fn on_loss(&mut self, cwnd: u32, in_recovery: bool) {
        self.save_cwnd(cwnd, in_recovery);
        self.save_state_upon_loss();
    }

    /// The retransmission timer has expired: what was in flight is no hint any more.
    pub(crate) fn on_timeout(&mut self, cwnd: u32) {
        self.reset_full_bw(Bandwidth::ZERO);
        // The window is cut to next to nothing: it is no bound of the model's.
        if !self.phase.is_probing() && self.inflight_shortterm == INFINITE {
            self.inflight_shortterm = cwnd.max(self.prior_cwnd).max(MIN_PIPE_CWND);
        }
    }

    /// Recovery is over: returns the window to return to.
    pub(crate) fn on_recovered(&mut self, cwnd: u32) -> u32 {
        cwnd.max(self.prior_cwnd)
    }

    /// `HandleSpuriousLossDetection()`: the loss was none. Returns the window to return to.
    pub(crate) fn on_spurious_loss(&mut self, delivered: u32, cwnd: u32) -> u32 {
        self.is_loss_in_round = false;
        self.reset_full_bw(Bandwidth::ZERO);
        self.bw_shortterm = self.bw_shortterm.max(self.undo_bw_shortterm);
        self.inflight_shortterm = self.inflight_shortterm.max(self.undo_inflight_shortterm);
        self.inflight_longterm = self.inflight_longterm.max(self.undo_inflight_longterm);
        let is_probe_rtt = self.phase == Phase::ProbeRtt;
        match self.undo_phase.take() {
            Some(Phase::Startup) if self.phase != Phase::Startup => {
                self.full_bw_reached = false;
                // It is noted in Startup only.
                self.recovery_start = None;
                if !is_probe_rtt {
                    self.phase = Phase::Startup;
                }
            }
            Some(Phase::ProbeBwUp) if self.phase != Phase::ProbeBwUp && !is_probe_rtt => {
                self.start_probe_bw_refill(delivered);
            }
            _ => {}
        }
        cwnd.max(self.prior_cwnd)
    }

    /// The phase.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How fast the flow may send (`BBR.bw`).
    pub(crate) fn bandwidth(&self) -> Bandwidth {
        self.bw
    }

    /// How fast the network delivers (`BBR.max_bw`).
    pub(crate) fn max_bandwidth(&self) -> Bandwidth {
        self.max_bw.get()
    }

    /// The smallest round trip time; [`INFINITE`] if there was none.
    pub(crate) fn min_rtt(&self) -> u32 {
        self.min_rtt
    }

    /// What may be in flight, as the last probing has shown; [`INFINITE`] if nothing is known.
    pub(crate) fn inflight_longterm(&self) -> u32 {
        self.inflight_longterm
    }

    /// What may be in flight, as losses of this cycle have shown; [`INFINITE`] without losses.
    pub(crate) fn inflight_shortterm(&self) -> u32 {
        self.inflight_shortterm
    }

    /// Whether the pipe was full once.
    pub(crate) fn is_full(&self) -> bool {
        self.full_bw_reached
    }

    /// How many rounds there were.
    pub(crate) fn rounds(&self) -> u32 {
        self.round_count
    }

    /// Whether the last ACK has begun a round.
    pub(crate) fn is_round_start(&self) -> bool {
        self.is_round_start
    }

    /// The gain of the pacing rate.
    pub(crate) fn pacing_gain(&self) -> Gain {
        match self.phase {
            Phase::Startup => STARTUP_GAIN,
            Phase::Drain => DRAIN_GAIN,
            Phase::ProbeBwDown => DOWN_GAIN,
            Phase::ProbeBwCruise | Phase::ProbeBwRefill | Phase::ProbeRtt => Gain::ONE,
            Phase::ProbeBwUp => UP_GAIN,
        }
    }

    /// The gain of the window.
    pub(crate) fn cwnd_gain(&self) -> Gain {
        match self.phase {
            Phase::ProbeBwUp => UP_CWND_GAIN,
            Phase::ProbeRtt => PROBE_RTT_CWND_GAIN,
            _ => CWND_GAIN,
        }
    }

    /// The pacing rate in bytes per second. `None` to leave it as it is: in Startup it does not fall.
    pub(crate) fn pacing_rate(&self, mss: u32, current: u64) -> Option<u64> {
        let rate = self.bw.pacing_rate(self.pacing_gain(), mss);
        (self.full_bw_reached || rate > current).then_some(rate)
    }

    /// `InitPacingRate()`
    pub(crate) fn initial_pacing_rate(cwnd: u32, rtt: Option<u32>, mss: u32) -> u64 {
        let rtt = rtt.unwrap_or(1000).max(1);
        Bandwidth::of(cwnd, rtt).pacing_rate(STARTUP_GAIN, mss)
    }

    /// The pacing rate as the flow restarts after it was idle, in bytes per second.
    pub(crate) fn restart_pacing_rate(&self, mss: u32) -> Option<u64> {
        let is_known = self.phase.is_probe_bw() && self.full_bw_reached;
        is_known.then(|| self.bw.pacing_rate(Gain::ONE, mss))
    }

    /// A number from the generator (Marsaglia's xorshift).
    fn random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}

/// What is made of an ACK (`RS`).
struct Sample {
    /// Whether `rate` and `delivered` are known.
    has_data: bool,
    rate: Bandwidth,
    delivered: u32,
    prior_delivered: u32,
    is_app_limited: bool,
}

impl Sample {
    fn new(ack: &Ack) -> Self {
        let (delivered, rate) = ack.delivery.map_or((0, Bandwidth::ZERO), |(count, time)| {
            (count, Bandwidth::of(count, time))
        });
        Self {
            has_data: ack.delivery.is_some(),
            rate,
            delivered,
            prior_delivered: ack.prior_delivered,
            is_app_limited: ack.is_app_limited,
        }
    }
}

/// Whether a count that wraps has reached a mark.
fn reached(count: u32, mark: u32) -> bool {
    count.wrapping_sub(mark) as i32 >= 0
}
