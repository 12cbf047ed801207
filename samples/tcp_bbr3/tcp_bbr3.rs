// SPDX-License-Identifier: GPL-2.0

//! BBRv3, beside the kernel's `bbr`: bandwidth and round trip time are measured, and what is sent is what
//! fits into the path.
//!
//! Specification: draft-ietf-ccwg-bbr-06. The algorithm is in `model`, which knows no kernel.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    sync::Arc, //
};
use kernet::{
    context::{
        rcu_read,
        Owned, //
    },
    random,
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

mod control;
// What only the tests on the host ask for, too.
#[allow(dead_code)]
#[path = "model/lib.rs"]
mod model;
mod nl_generated;
mod sockets;

use model::{
    Ack,
    Bbr,
    Phase, //
};
use sockets::{
    Shown,
    Sockets,
    Table, //
};

kernet::module! {
    type: TcpBbr3,
    name: "tcp_bbr3",
    authors: ["The kernet developers"],
    description: "BBRv3 TCP congestion control",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-tcp-bbr3"],
}

struct TcpBbr3;

impl kernet::Module for TcpBbr3 {
    type State = Sockets;
    // The algorithm last: who has found it holds the module.
    type Parts = (
        nl_generated::Registration<control::Control>,
        tcp::Registration<Flow>,
    );
}

kernet::slot!(Flow: tcp::Slot);

/// Below this pacing rate, in bytes per second, segments are sent one by one.
const SLOW: u64 = 1_200_000 / 8;

/// The state of a socket.
struct Flow {
    bbr: Bbr,
    /// What was said last of the phase.
    told: Phase,
    /// Whether the pacing rate was set by a round trip time.
    has_rtt: bool,
    shown: Option<(Arc<Table>, Arc<Shown>)>,
}

impl Flow {
    /// What is told of the socket, in the namespace that it keeps.
    fn shown(socket: &Socket<'_>, owned: Owned<'_>) -> Option<(Arc<Table>, Arc<Shown>)> {
        let net = socket.net()?;
        let table = rcu_read(|rcu| Some(net.state::<TcpBbr3>(rcu)?.0.clone()))?;
        let shown = table.add(socket, owned)?;
        Some((table, shown))
    }

    fn pace_by_rtt(socket: &mut Socket<'_>) -> bool {
        let rtt = socket.srtt();
        let rate = Bbr::initial_pacing_rate(socket.cwnd(), rtt, socket.mss());
        socket.set_pacing_rate(rate);
        rtt.is_some()
    }

    /// Whether there is something to tell: once a round and at a new phase.
    #[inline(always)]
    fn has_news(&self) -> bool {
        self.bbr.phase() != self.told || self.bbr.is_round_start()
    }

    /// Says what has changed.
    fn tell(&mut self, socket: &mut Socket<'_>) {
        self.told = self.bbr.phase();
        socket.show(Info::Bbr {
            bandwidth: self.bbr.bandwidth().bytes_per_second(socket.mss()),
            min_rtt: self.bbr.min_rtt(),
            pacing_gain: self.bbr.pacing_gain().raw(),
            cwnd_gain: self.bbr.cwnd_gain().raw(),
        });
        if let Some((_, shown)) = &self.shown {
            shown.update(&self.bbr, socket);
        }
    }
}

#[vtable]
impl CongestionControl for Flow {
    const NAME: &'static str = "bbr3";
    const NON_RESTRICTED: bool = true;

    fn init(socket: &mut Socket<'_>, owned: Owned<'_>) -> Result<Self> {
        let bbr = Bbr::new(
            socket.now(),
            socket.delivered(),
            socket.min_rtt(),
            random::u32(),
        );
        socket.set_ssthresh(INFINITE_SSTHRESH);
        let has_rtt = Self::pace_by_rtt(socket);
        socket.pace();
        let mut flow = Self {
            told: bbr.phase(),
            bbr,
            has_rtt,
            shown: Self::shown(socket, owned),
        };
        flow.tell(socket);
        Ok(flow)
    }

    fn release(&mut self, _socket: &mut Socket<'_>, owned: Owned<'_>) {
        if let Some((table, shown)) = self.shown.take() {
            table.remove(shown.cookie, owned);
        }
    }

    fn cong_control(
        &mut self,
        socket: &mut Socket<'_>,
        _flags: AckFlags,
        sample: &RateSample<'_>,
        _owned: Owned<'_>,
    ) {
        if !self.has_rtt {
            self.has_rtt = Self::pace_by_rtt(socket);
        }
        let mss = socket.mss();
        let least = if socket.pacing_rate() < SLOW { 1 } else { 2 };
        let ack = Ack {
            now: socket.now(),
            delivered: socket.delivered(),
            lost: socket.lost(),
            in_flight: socket.in_flight(),
            prior_in_flight: sample.prior_in_flight(),
            cwnd: socket.cwnd(),
            is_cwnd_limited: socket.is_cwnd_limited(),
            in_recovery: socket.state() >= CaState::Recovery,
            has_sack: socket.has_sack(),
            acked: sample.acked_sacked(),
            losses: sample.losses(),
            delivery: sample.delivery(),
            prior_delivered: sample.prior_delivered(),
            rtt: sample.rtt(),
            is_ack_delayed: sample.is_ack_delayed(),
            is_app_limited: sample.is_app_limited(),
            quantum: socket
                .pacing_quantum()
                .checked_div(mss)
                .unwrap_or(0)
                .max(least),
        };
        let control = self.bbr.on_ack(&ack);
        if control.mark_app_limited {
            socket.mark_app_limited();
        }
        if let Some(rate) = self.bbr.pacing_rate(mss, socket.pacing_rate()) {
            socket.set_pacing_rate(rate);
        }
        socket.set_cwnd(control.cwnd);
        if self.has_news() {
            self.tell(socket);
        }
    }

    fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        self.bbr
            .on_loss(socket.cwnd(), socket.state() >= CaState::Recovery);
        // The model has bounds of its own.
        socket.ssthresh()
    }

    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        self.bbr.on_spurious_loss(socket.delivered(), socket.cwnd())
    }

    fn set_state(&mut self, socket: &mut Socket<'_>, new: CaState, _owned: Owned<'_>) {
        if new == CaState::Loss {
            self.bbr.on_timeout(socket.cwnd());
        } else if new < CaState::Recovery && socket.state() >= CaState::Recovery {
            let cwnd = self.bbr.on_recovered(socket.cwnd());
            socket.set_cwnd(cwnd);
        }
    }

    fn tx_start(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) {
        if !socket.is_app_limited() {
            return;
        }
        let (now, delivered) = (socket.now(), socket.delivered());
        if let Some(cwnd) = self.bbr.on_restart(now, delivered, socket.cwnd()) {
            socket.set_cwnd(cwnd);
        }
        if let Some(rate) = self.bbr.restart_pacing_rate(socket.mss()) {
            socket.set_pacing_rate(rate);
        }
    }

    fn min_tso_segs(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        if socket.pacing_rate() < SLOW {
            1
        } else {
            2
        }
    }

    fn sndbuf_expand(&mut self, _socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        // A window is sent anew while another one is recovered.
        3
    }
}

const _: () = assert!(size_of::<Flow>() <= 512, "of the memory there is for each");
