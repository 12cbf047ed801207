// SPDX-License-Identifier: GPL-2.0

//! The model by itself, and in a network.

extern crate std;

use std::vec::Vec;

use super::*;
use network::Network;

mod network;

/// The bandwidth-delay product in packets.
fn bdp(rate: u64, rtt: u64) -> u64 {
    rate * rtt / 8 / u64::from(network::MSS)
}

/// The times between which a flow was in a phase.
fn spans(flow: &network::Flow, phase: Phase) -> Vec<(u64, u64)> {
    flow.phases
        .windows(2)
        .filter(|pair| pair[0].1 == phase)
        .map(|pair| (pair[0].0, pair[1].0))
        .collect()
}

#[test]
fn startup_fills_the_pipe_and_drain_empties_the_queue() {
    let mut network = Network::new(100, 20_000, 10 * bdp(100, 20_000), 0).with_flow(0);
    network.run(1_000_000);
    let flow = &network.flows[0];
    let names: Vec<Phase> = flow
        .phases
        .iter()
        .map(|(_, phase)| *phase)
        .take(3)
        .collect();
    // Nothing is left to drain in ProbeBwDown, which the same ACK leaves.
    assert_eq!(names, [Phase::Startup, Phase::Drain, Phase::ProbeBwCruise]);
    assert!(flow.bbr.is_full());
    let (begin, end) = spans(flow, Phase::Startup)[0];
    // From 10 packets to 167 in rounds of 20 ms, each twice as much, and three rounds more.
    assert!(end - begin < 300_000, "{} us of Startup", end - begin);
    let (begin, end) = spans(flow, Phase::Drain)[0];
    assert!(end - begin <= 4 * 80_000, "{} us of Drain", end - begin);
    let rate = flow.bbr.max_bandwidth().bytes_per_second(network::MSS) * 8;
    assert!((98_000_000..=106_000_000).contains(&rate), "{rate} bit/s");
    assert!(
        (20_000..20_500).contains(&flow.bbr.min_rtt()),
        "{}",
        flow.bbr.min_rtt()
    );
}

#[test]
fn the_cycle_goes_through_its_four_phases() {
    let mut network = Network::new(100, 20_000, 10 * bdp(100, 20_000), 0).with_flow(0);
    network.run(4_900_000);
    let cycle: Vec<Phase> = network.flows[0]
        .phases
        .iter()
        .map(|(_, phase)| *phase)
        .skip(2)
        .collect();
    let expected = [
        Phase::ProbeBwCruise,
        Phase::ProbeBwRefill,
        Phase::ProbeBwUp,
        Phase::ProbeBwDown,
    ];
    assert!(cycle.len() >= 5, "{cycle:?}");
    for (at, phase) in cycle.iter().enumerate() {
        assert_eq!(*phase, expected[at % 4], "{cycle:?}");
    }
}

#[test]
fn a_clean_path_is_used_whatever_its_rate_and_length() {
    for rate in [10, 100, 500] {
        for rtt in [5_000, 50_000, 200_000] {
            for tenths in [5, 10, 100] {
                let buffer = (bdp(rate, rtt) * tenths / 10).max(4);
                let mut network = Network::new(rate, rtt, buffer, 0).with_flow(0);
                network.run(4_000_000);
                let share = network.share(6_000_000)[0];
                assert!(
                    share >= 90,
                    "{share} % of {rate} Mbit/s, {rtt} us, {buffer} packets"
                );
            }
        }
    }
}

#[test]
fn one_percent_of_losses_costs_little() {
    for (rate, rtt, least) in [
        (10, 20_000, 85),
        (100, 20_000, 85),
        (100, 40_000, 90),
        (100, 100_000, 90),
        (500, 40_000, 90),
    ] {
        let mut network = Network::new(rate, rtt, bdp(rate, rtt), 10).with_flow(0);
        network.run(4_000_000);
        let share = network.share(20_000_000)[0];
        assert!(share >= least, "{share} % of {rate} Mbit/s, {rtt} us");
    }
}

#[test]
fn the_round_trip_time_is_probed_each_five_seconds_for_a_fifth_of_one() {
    let mut network = Network::new(50, 20_000, 4 * bdp(50, 20_000), 0).with_flow(0);
    network.run(26_000_000);
    let flow = &network.flows[0];
    let probes = spans(flow, Phase::ProbeRtt);
    assert!((4..=5).contains(&probes.len()), "{} in 26 s", probes.len());
    for (begin, end) in &probes {
        assert!(
            (200_000..300_000).contains(&(end - begin)),
            "{} us",
            end - begin
        );
    }
    for pair in probes.windows(2) {
        let between = pair[1].0 - pair[0].1;
        assert!((4_900_000..5_600_000).contains(&between), "{between} us");
    }
    // Half of what the path holds, and no less.
    let half = bdp(50, 20_000) as u32 / 2;
    assert!(
        flow.least_in_flight <= half + 2 && flow.least_in_flight >= half / 2,
        "{}",
        flow.least_in_flight
    );
}

#[test]
fn the_queue_stays_short() {
    let mut network = Network::new(100, 20_000, 10 * bdp(100, 20_000), 0).with_flow(0);
    network.run(2_000_000);
    network.queue_delay = (0, 0);
    network.run(8_000_000);
    let (sum, count) = network.queue_delay;
    assert!(sum / count < 5_000, "{} us", sum / count);
}

#[test]
fn flows_share() {
    let mut network = Network::new(100, 20_000, 2 * bdp(100, 20_000), 0)
        .with_flow(0)
        .with_flow(2_000_000);
    network.run(20_000_000);
    let shares = network.share(20_000_000);
    let sum: u64 = shares.iter().sum();
    let squares: u64 = shares.iter().map(|share| share * share).sum();
    // Jain's index of two.
    assert!(sum * sum * 10 > 9 * 2 * squares && sum >= 90, "{shares:?}");
}

/// An ACK of one packet of a smooth flow: a packet each millisecond, 20 of them in flight.
fn smooth(number: u32) -> Ack {
    Ack {
        now: 1_000_000 + u64::from(number) * 1000,
        delivered: number,
        in_flight: 19,
        prior_in_flight: 20,
        cwnd: 20,
        has_sack: true,
        acked: 1,
        delivery: Some((20, 20_000)),
        prior_delivered: number.saturating_sub(20),
        rtt: Some(20_000),
        quantum: 2,
        ..Ack::default()
    }
}

/// A flow that has seen a smooth path for some ACKs.
fn settled(acks: u32) -> (Bbr, u32) {
    let mut bbr = Bbr::new(1_000_000, 0, None, 1);
    let mut cwnd = 20;
    for number in 1..=acks {
        cwnd = bbr
            .on_ack(&Ack {
                cwnd,
                ..smooth(number)
            })
            .cwnd;
    }
    (bbr, cwnd)
}

#[test]
fn three_rounds_without_growth_fill_the_pipe() {
    // The first sets the mark, at packet 20 the second round begins, and so on.
    let rounds = |acks| {
        let (bbr, _) = settled(acks);
        (bbr.rounds(), bbr.is_full())
    };
    assert_eq!(rounds(1), (1, false));
    assert_eq!(rounds(60), (3, false));
    assert_eq!(rounds(61), (4, true));
}

#[test]
fn gains_are_the_drafts() {
    let mut bbr = Bbr::new(0, 0, None, 1);
    for (phase, pacing, cwnd) in [
        (Phase::Startup, 277, 200),
        (Phase::Drain, 50, 200),
        (Phase::ProbeBwDown, 90, 200),
        (Phase::ProbeBwCruise, 100, 200),
        (Phase::ProbeBwRefill, 100, 200),
        (Phase::ProbeBwUp, 125, 225),
        (Phase::ProbeRtt, 100, 50),
    ] {
        bbr.phase = phase;
        assert_eq!(bbr.pacing_gain().raw() * 100 / 256, pacing, "{phase:?}");
        assert_eq!(bbr.cwnd_gain().raw() * 100 / 256, cwnd, "{phase:?}");
    }
}

/// A flow in Cruise of whose packets a round has lost some, with this round trip time: its window and rate before,
/// and the flow.
fn cruise_with_losses(losses: u32, rtt: u32) -> (u32, Bandwidth, Bbr) {
    let (mut bbr, cwnd) = settled(200);
    bbr.phase = Phase::ProbeBwCruise;
    // Longer than the test, so that it stays there.
    bbr.bw_probe_wait = 1 << 40;
    bbr.rounds_since_probe_up = 0;
    let full = bbr.max_bandwidth();
    let ack = |number| Ack {
        lost: if number > 240 { losses } else { 0 },
        rtt: Some(rtt),
        cwnd,
        ..smooth(number)
    };
    for number in 201..=240 {
        bbr.on_ack(&ack(number));
    }
    bbr.on_ack(&Ack { losses, ..ack(241) });
    assert_eq!(
        bbr.bw_shortterm,
        Bandwidth::INFINITE,
        "not before the round is over"
    );
    for number in 242..=261 {
        bbr.rounds_since_probe_up = 0;
        bbr.on_ack(&ack(number));
    }
    (cwnd, full, bbr)
}

#[test]
fn losses_in_cruise_cut_the_short_term_bounds_once_a_round() {
    // More than are borne; one, behind a queue.
    for (losses, rtt) in [(2, 20_000), (1, 22_000)] {
        let (cwnd, full, bbr) = cruise_with_losses(losses, rtt);
        // What was delivered in the round is no less than 0.7 of what was before.
        assert_eq!(bbr.bw_shortterm, full);
        assert_eq!(bbr.inflight_shortterm(), cwnd.max(20) * 7 / 10.max(1));
    }
}

#[test]
fn a_loss_without_a_queue_is_borne() {
    let (_, _, bbr) = cruise_with_losses(1, 20_000);
    assert_eq!(
        (bbr.bw_shortterm, bbr.inflight_shortterm()),
        (Bandwidth::INFINITE, INFINITE)
    );
}

#[test]
fn losses_above_two_percent_end_probing() {
    let (mut bbr, _) = settled(200);
    bbr.phase = Phase::ProbeBwUp;
    bbr.is_bw_probe_sample = true;
    for number in 201..=230 {
        bbr.on_ack(&Ack {
            in_flight: 99,
            prior_in_flight: 100,
            cwnd: 200,
            ..smooth(number)
        });
        bbr.phase = Phase::ProbeBwUp;
    }
    // Two of a hundred are borne.
    let mut ack = Ack {
        in_flight: 99,
        prior_in_flight: 100,
        cwnd: 200,
        ..smooth(231)
    };
    (ack.losses, ack.lost) = (2, 2);
    bbr.is_bw_probe_sample = true;
    bbr.reset_full_bw(Bandwidth::ZERO);
    bbr.on_ack(&ack);
    assert_eq!(bbr.phase(), Phase::ProbeBwUp);
    let mut ack = Ack {
        in_flight: 97,
        prior_in_flight: 100,
        cwnd: 200,
        ..smooth(232)
    };
    (ack.losses, ack.lost) = (1, 3);
    bbr.on_ack(&ack);
    assert_eq!(bbr.phase(), Phase::ProbeBwDown);
    // 99 packets before the last one lost, and no room for more.
    assert_eq!(bbr.inflight_longterm(), 99);
    // It was none: the flow probes again, from the bound that it had.
    bbr.on_spurious_loss(232, 100);
    assert_eq!(
        (bbr.phase(), bbr.inflight_longterm()),
        (Phase::ProbeBwRefill, INFINITE)
    );
}

#[test]
fn bandwidths_are_bounded() {
    assert_eq!(Bandwidth::of(1, 0), Bandwidth::ZERO);
    assert!(Bandwidth::of(u32::MAX, 1) < Bandwidth::INFINITE);
    assert_eq!(Bandwidth::of(100, 1000).volume(20_000, Gain::ONE), 2000);
    assert_eq!(
        Bandwidth::of(u32::MAX, 1).volume(u32::MAX, Gain::ratio(3, 1)),
        u32::MAX
    );
    // 100 Mbit/s less a hundredth.
    let rate = Bandwidth::of(8333, 1_000_000).pacing_rate(Gain::ONE, 1500);
    assert!((12_370_000..=12_375_000).contains(&rate), "{rate}");
    Bandwidth::INFINITE.pacing_rate(STARTUP_GAIN, u32::MAX);
    Bandwidth::INFINITE.bytes_per_second(u32::MAX);
}

/// Whatever is measured: no panic, no window below four packets.
#[test]
fn anything_may_come() {
    let mut seed = 1u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        // Small, large and absurd.
        match seed % 7 {
            0 => 0,
            1 => seed >> 28,
            2 => u32::MAX - (seed >> 28),
            3 => i32::MAX as u32 - (seed >> 28) + 8,
            4 => seed >> 16,
            _ => seed,
        }
    };
    for run in 0..400 {
        let rtt = (run % 3 != 0).then(&mut random);
        let mut bbr = Bbr::new(u64::from(random()), random(), rtt, random());
        let mut now = 0u64;
        let mut cwnd = 10;
        for _ in 0..400 {
            // Stands still, goes on, and goes back.
            now = match random() % 4 {
                0 => now,
                1 => now.saturating_sub(u64::from(random())),
                _ => now.saturating_add(u64::from(random()) << (random() % 24)),
            };
            let ack = Ack {
                now,
                delivered: random(),
                lost: random(),
                in_flight: random(),
                prior_in_flight: random(),
                cwnd: if random() % 2 == 0 {
                    cwnd
                } else {
                    random().max(1)
                },
                is_cwnd_limited: random() % 2 == 0,
                in_recovery: random() % 2 == 0,
                has_sack: random() % 8 != 0,
                acked: random(),
                losses: if random() % 2 == 0 { 0 } else { random() },
                delivery: (random() % 8 != 0).then(|| (random(), random().max(1))),
                prior_delivered: random(),
                rtt: (random() % 8 != 0).then(&mut random),
                is_ack_delayed: random() % 2 == 0,
                is_app_limited: random() % 2 == 0,
                quantum: random(),
            };
            cwnd = bbr.on_ack(&ack).cwnd;
            assert!(cwnd >= MIN_PIPE_CWND, "{ack:?}");
            bbr.pacing_rate(random(), u64::from(random()));
            match random() % 16 {
                0 => bbr.on_loss(cwnd, random() % 2 == 0),
                1 => bbr.on_timeout(random()),
                2 => assert!(bbr.on_spurious_loss(random(), cwnd) >= cwnd),
                3 => assert!(bbr.on_recovered(cwnd) >= cwnd),
                4 => drop(bbr.on_restart(now, random(), cwnd)),
                _ => {}
            }
        }
    }
}

#[test]
fn every_phase_is_reached_by_losses_too() {
    let mut network = Network::new(20, 40_000, bdp(20, 40_000) / 2, 20)
        .with_flow(0)
        .with_flow(500_000);
    network.run(30_000_000);
    for phase in [
        Phase::Drain,
        Phase::ProbeBwDown,
        Phase::ProbeBwCruise,
        Phase::ProbeBwUp,
        Phase::ProbeRtt,
    ] {
        assert!(!spans(&network.flows[0], phase).is_empty(), "{phase:?}");
    }
}
