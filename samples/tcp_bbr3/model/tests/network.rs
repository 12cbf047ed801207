// SPDX-License-Identifier: GPL-2.0

//! A network of one bottleneck, packet by packet: flows that always have something to send, a queue that
//! drops what it has no room for, and random losses.

use std::{
    collections::{
        BTreeMap,
        BinaryHeap, //
    },
    vec,
    vec::Vec, //
};

use super::super::*;

pub const MSS: u32 = 1500;

/// A packet on its way, with what TCP notes when it is sent.
struct Packet {
    sent: u64,
    first_sent: u64,
    delivered: u32,
    delivered_at: u64,
    is_dropped: bool,
}

/// A sender, and what it has seen.
pub struct Flow {
    pub bbr: Bbr,
    pub cwnd: u32,
    pub rate: u64,
    pub delivered: u32,
    pub lost: u32,
    pub phases: Vec<(u64, Phase)>,
    pub least_in_flight: u32,
    packets: BTreeMap<u64, Packet>,
    next: u64,
    next_send: u64,
    first_sent: u64,
    delivered_at: u64,
    /// Until then recovery goes on: the packet that was to be sent next when it began.
    recovery: Option<u64>,
}

impl Flow {
    fn new(begins: u64, rtt: Option<u32>, seed: u32) -> Self {
        Self {
            bbr: Bbr::new(begins, 0, rtt, seed),
            cwnd: 10,
            rate: Bbr::initial_pacing_rate(10, rtt, MSS),
            delivered: 0,
            lost: 0,
            phases: vec![(begins, Phase::Startup)],
            least_in_flight: u32::MAX,
            packets: BTreeMap::new(),
            next: 0,
            next_send: begins,
            first_sent: begins,
            delivered_at: begins,
            recovery: None,
        }
    }

    fn in_flight(&self) -> u32 {
        self.packets.len() as u32
    }

    /// What is sent in a millisecond, 64 KB at most.
    fn quantum(&self) -> u32 {
        (self.rate / 1000 / u64::from(MSS)).clamp(2, 43) as u32
    }
}

pub struct Network {
    pub flows: Vec<Flow>,
    pub now: u64,
    /// The sum of the queue's delays as packets saw them, and of how many.
    pub queue_delay: (u64, u64),
    service: u64,
    delay: u64,
    buffer: u64,
    loss: u32,
    random: u32,
    free_at: u64,
    events: BinaryHeap<std::cmp::Reverse<(u64, usize, u64)>>,
}

impl Network {
    /// `rate` in Mbit/s, `rtt` in microseconds without a queue, `buffer` in packets, `loss` in 1/1000.
    pub fn new(rate: u64, rtt: u64, buffer: u64, loss: u32) -> Self {
        Self {
            flows: Vec::new(),
            now: 1_000_000,
            queue_delay: (0, 0),
            // In nanoseconds.
            service: u64::from(MSS) * 8 * 1000 / rate,
            delay: rtt * 1000,
            buffer,
            loss,
            random: 12345,
            free_at: 0,
            events: BinaryHeap::new(),
        }
    }

    pub fn with_flow(mut self, begins: u64) -> Self {
        let seed = self.flows.len() as u32 * 77 + 5;
        self.flows.push(Flow::new(self.now + begins, None, seed));
        self
    }

    fn random(&mut self) -> u32 {
        self.random = self
            .random
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.random >> 8
    }

    /// Runs for a time, in microseconds.
    pub fn run(&mut self, time: u64) {
        let end = self.now + time;
        loop {
            let ack = self.events.peek().map(|event| event.0 .0 / 1000);
            let send = (0..self.flows.len())
                .filter(|&at| self.flows[at].in_flight() < self.flows[at].cwnd)
                .map(|at| (self.flows[at].next_send.max(self.now), at))
                .min();
            match (ack, send) {
                (Some(ack), send) if send.is_none_or(|(time, _)| ack <= time) => {
                    if ack > end {
                        break;
                    }
                    self.now = self.now.max(ack);
                    let Some(std::cmp::Reverse((_, flow, packet))) = self.events.pop() else {
                        break;
                    };
                    self.on_ack(flow, packet);
                }
                (_, Some((time, flow))) => {
                    if time > end {
                        break;
                    }
                    self.now = time;
                    // At once, as the stack does.
                    for _ in 0..self.flows[flow].quantum() {
                        self.send(flow);
                    }
                }
                // Nothing happens any more: what a test expects is not so then.
                _ => break,
            }
        }
        self.now = end;
    }

    fn send(&mut self, at: usize) {
        if self.flows[at].in_flight() >= self.flows[at].cwnd {
            return;
        }
        let now = self.now;
        let arrival = now * 1000;
        let queued = self.free_at.saturating_sub(arrival) / self.service;
        let is_dropped = queued >= self.buffer || self.random() % 1000 < self.loss;
        let flow = &mut self.flows[at];
        if flow.packets.is_empty() {
            flow.first_sent = now;
            flow.delivered_at = now;
        }
        let number = flow.next;
        flow.next += 1;
        flow.packets.insert(
            number,
            Packet {
                sent: now,
                first_sent: flow.first_sent,
                delivered: flow.delivered,
                delivered_at: flow.delivered_at,
                is_dropped,
            },
        );
        flow.next_send =
            now.max(flow.next_send) + (u64::from(MSS) * 1_000_000 / flow.rate.max(1)).max(1);
        if !is_dropped {
            self.queue_delay.0 += self.free_at.saturating_sub(arrival) / 1000;
            self.queue_delay.1 += 1;
            self.free_at = self.free_at.max(arrival) + self.service;
            let back = self.free_at + self.delay;
            self.events.push(std::cmp::Reverse((back, at, number)));
        } else if flow.packets.values().all(|packet| packet.is_dropped) {
            // Who has lost all would wait for ever: a timer of a second stands for that.
            let back = arrival + 1_000_000_000;
            if let Some(packet) = flow.packets.get_mut(&number) {
                packet.is_dropped = false;
            }
            self.events.push(std::cmp::Reverse((back, at, number)));
        }
    }

    fn on_ack(&mut self, at: usize, number: u64) {
        let now = self.now;
        let flow = &mut self.flows[at];
        let prior_in_flight = flow.in_flight();
        let Some(packet) = flow.packets.remove(&number) else {
            return;
        };
        flow.delivered += 1;
        flow.delivered_at = now;
        // What was sent three packets before is lost.
        let lost: Vec<u64> = flow
            .packets
            .range(..number.saturating_sub(2))
            .filter(|(_, packet)| packet.is_dropped)
            .map(|(&number, _)| number)
            .collect();
        for number in &lost {
            flow.packets.remove(number);
        }
        let losses = lost.len() as u32;
        flow.lost += losses;
        flow.first_sent = packet.sent;
        if flow.recovery.is_some_and(|until| number >= until) && losses == 0 {
            flow.recovery = None;
            flow.cwnd = flow.bbr.on_recovered(flow.cwnd);
        }
        if losses > 0 && flow.recovery.is_none() {
            flow.bbr.on_loss(flow.cwnd, false);
            flow.recovery = Some(flow.next);
        }
        let interval = (packet.sent - packet.first_sent).max(now - packet.delivered_at);
        let rtt = (now - packet.sent) as u32;
        let ack = Ack {
            now,
            delivered: flow.delivered,
            lost: flow.lost,
            in_flight: flow.in_flight(),
            prior_in_flight,
            cwnd: flow.cwnd,
            is_cwnd_limited: prior_in_flight >= flow.cwnd,
            in_recovery: flow.recovery.is_some(),
            has_sack: true,
            acked: 1,
            losses,
            delivery: (interval > 0).then(|| (flow.delivered - packet.delivered, interval as u32)),
            prior_delivered: packet.delivered,
            rtt: Some(rtt),
            is_ack_delayed: false,
            is_app_limited: false,
            quantum: flow.quantum(),
        };
        let control = flow.bbr.on_ack(&ack);
        flow.cwnd = control.cwnd;
        if let Some(rate) = flow.bbr.pacing_rate(MSS, flow.rate) {
            flow.rate = rate;
        }
        if flow.bbr.phase() == Phase::ProbeRtt {
            flow.least_in_flight = flow.least_in_flight.min(flow.in_flight());
        }
        if flow
            .phases
            .last()
            .is_none_or(|(_, phase)| *phase != flow.bbr.phase())
        {
            flow.phases.push((now, flow.bbr.phase()));
        }
    }

    /// How much of the bottleneck a flow has used in a time, in percent.
    pub fn share(&mut self, time: u64) -> Vec<u64> {
        let before: Vec<u32> = self.flows.iter().map(|flow| flow.delivered).collect();
        self.run(time);
        let capacity = time * 1000 / self.service;
        self.flows
            .iter()
            .zip(before)
            .map(|(flow, before)| u64::from(flow.delivered - before) * 100 / capacity)
            .collect()
    }
}
