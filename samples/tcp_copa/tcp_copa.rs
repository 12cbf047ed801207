// SPDX-License-Identifier: GPL-2.0

//! Copa: the delay in the queue says how fast to send.
//!
//! Specification: Arun, Balakrishnan: "Copa: Practical Delay-Based Congestion Control for the Internet",
//! NSDI 2018.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*, //
};
use kernet::{
    context::Owned,
    tcp::{
        self,
        AckFlags,
        CaState,
        CongestionControl,
        Info,
        RateSample,
        Socket,
        INFINITE_SSTHRESH, //
    },
};

kernet::module! {
    type: TcpCopa,
    name: "tcp_copa",
    authors: ["The kernet developers"],
    description: "Copa TCP congestion control",
    license: "GPL",
}

struct TcpCopa;

impl kernet::Module for TcpCopa {
    type State = ();
    type Parts = tcp::Registration<Copa>;
}

kernet::slot!(Copa: tcp::Slot);

/// The smallest of a time, in microseconds: of a span that goes on and of the one before.
#[derive(Clone, Copy)]
struct Least {
    previous: u32,
    current: u32,
    since: u64,
}

impl Least {
    fn new(now: u64) -> Self {
        Self {
            previous: u32::MAX,
            current: u32::MAX,
            since: now,
        }
    }

    /// Notes a round trip time; the spans are half of `window`.
    fn note(&mut self, now: u64, rtt: u32, window: u64) {
        if now.saturating_sub(self.since) > window / 2 {
            self.previous = self.current;
            self.current = u32::MAX;
            self.since = now;
        }
        self.current = self.current.min(rtt);
    }

    fn get(&self) -> u32 {
        self.previous.min(self.current)
    }
}

/// The path's round trip time is looked for in so long.
const MIN_WINDOW: u64 = 10_000_000;

/// 1/delta of a flow that has the queue for itself.
const DEFAULT: u32 = 2;

/// 1/delta at most: as many Reno flows.
const MOST: u32 = 1 << 10;

/// Velocity at most: the window changes by all that is acknowledged.
const FASTEST: u32 = 1 << 16;

/// Fractions of a packet are of 2^16.
const ONE: i64 = 1 << 16;

/// The state of a socket.
struct Copa {
    /// `RTTmin`
    min: Least,
    /// `RTTstanding`: the queue without what one round trip puts there.
    standing: Least,
    /// The longest of the last four rounds, and of the round that goes on.
    longest: [u32; 4],
    /// When the queue was nearly empty.
    empty_at: u64,
    /// When the round began, and what the window was.
    round_at: u64,
    round_cwnd: u32,
    velocity: u32,
    /// Which way the window went in the last round, and in how many rounds.
    grows: bool,
    rounds: u32,
    /// 1/delta.
    weight: u32,
    /// What is left of a packet when the window was changed.
    rest: i64,
    slow_start: bool,
    lost_in_round: bool,
}

impl Copa {
    /// Once a round trip: the velocity doubles if the window has gone one way for three rounds.
    fn round(&mut self, now: u64, cwnd: u32) {
        let grows = cwnd > self.round_cwnd;
        if grows == self.grows {
            self.rounds = self.rounds.saturating_add(1);
            if self.rounds >= 3 {
                self.velocity = self.velocity.saturating_mul(2).min(FASTEST);
            }
        } else {
            self.grows = grows;
            self.rounds = 0;
            self.velocity = 1;
        }
        let [_, second, third, fourth] = self.longest;
        self.longest = [second, third, fourth, 0];
        self.round_at = now;
        self.round_cwnd = cwnd;
    }

    /// Whether somebody fills the queue who does not yield: it was not nearly empty for five rounds.
    fn competes(&mut self, now: u64, queue: u32, rtt: u32) -> bool {
        let longest = self.longest.iter().copied().max().unwrap_or(0);
        let span = longest.saturating_sub(self.min.get());
        if u64::from(queue) * 10 < u64::from(span) || span == 0 {
            self.empty_at = now;
        }
        now.saturating_sub(self.empty_at) > u64::from(rtt) * 5
    }

    /// Changes the window, of which `acked` packets were acknowledged.
    fn change(&mut self, cwnd: u32, acked: u32, up: bool) -> u32 {
        // v / (delta * cwnd) for each packet, of all of them no more than they are.
        let each = i64::from(self.velocity) * i64::from(self.weight) * ONE;
        let most = i64::from(acked) * ONE;
        let change = (each / i64::from(cwnd.max(1)))
            .saturating_mul(i64::from(acked))
            .min(most);
        self.rest = self.rest.saturating_add(if up { change } else { -change });
        let whole = self.rest / ONE;
        self.rest %= ONE;
        let cwnd = i64::from(cwnd).saturating_add(whole);
        u32::try_from(cwnd).unwrap_or(0).max(2)
    }
}

#[vtable]
impl CongestionControl for Copa {
    const NAME: &'static str = "copa";
    const NON_RESTRICTED: bool = true;

    fn init(socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        let now = socket.now();
        socket.set_ssthresh(INFINITE_SSTHRESH);
        socket.pace();
        Ok(Self {
            min: Least::new(now),
            standing: Least::new(now),
            longest: [0; 4],
            empty_at: now,
            round_at: now,
            round_cwnd: socket.cwnd(),
            velocity: 1,
            grows: true,
            rounds: 0,
            weight: DEFAULT,
            rest: 0,
            slow_start: true,
            lost_in_round: false,
        })
    }

    fn cong_control(
        &mut self,
        socket: &mut Socket<'_>,
        _flags: AckFlags,
        sample: &RateSample<'_>,
        _owned: Owned<'_>,
    ) {
        let (Some(rtt), Some(srtt)) = (sample.rtt(), socket.srtt()) else {
            return;
        };
        let (now, rtt) = (socket.now(), rtt.max(1));
        self.min.note(now, rtt, MIN_WINDOW);
        self.standing.note(now, rtt, u64::from(srtt / 2));
        let [.., current] = &mut self.longest;
        *current = rtt.max(*current);
        self.lost_in_round |= sample.losses() > 0;
        let standing = self.standing.get();
        let queue = standing.saturating_sub(self.min.get());
        let mut cwnd = socket.cwnd();
        if now.saturating_sub(self.round_at) > u64::from(srtt) {
            let competes = self.competes(now, queue, srtt);
            self.weight = match (competes, core::mem::take(&mut self.lost_in_round)) {
                (false, _) => DEFAULT,
                (true, false) => self.weight.saturating_add(1).min(MOST),
                (true, true) => (self.weight / 2).max(DEFAULT),
            };
            self.round(now, cwnd);
        }
        // The rate is not more than 1 / (delta * queue).
        let up = u64::from(cwnd).saturating_mul(u64::from(queue))
            <= u64::from(standing).saturating_mul(u64::from(self.weight));
        self.slow_start &= up;
        let acked = sample.acked_sacked();
        // A window that is not used says nothing, and does not grow.
        if !up || socket.is_cwnd_limited() {
            cwnd = if self.slow_start {
                cwnd.saturating_add(acked)
            } else {
                self.change(cwnd, acked, up)
            };
        }
        socket.set_cwnd(cwnd);
        // Twice the window a round trip, so that pacing bounds bursts and not the rate.
        let bytes = u64::from(cwnd).saturating_mul(u64::from(socket.mss()));
        let rate = bytes
            .saturating_mul(2_000_000)
            .checked_div(u64::from(standing));
        socket.set_pacing_rate(rate.unwrap_or(u64::MAX));
        socket.show(Info::Vegas {
            enabled: true,
            count: self.weight,
            rtt: standing,
            min_rtt: self.min.get(),
        });
    }

    fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        // Losses are no signal but in competition, once a round.
        self.lost_in_round = true;
        socket.ssthresh()
    }

    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        self.lost_in_round = false;
        socket.reno_undo_cwnd()
    }

    fn set_state(&mut self, _socket: &mut Socket<'_>, new: CaState, _owned: Owned<'_>) {
        if new == CaState::Loss {
            // The core has cut the window to what is in flight.
            self.velocity = 1;
            self.rounds = 0;
        }
    }
}
