// SPDX-License-Identifier: GPL-2.0

//! A netfilter hook that arms a timer: the Rust twin of `bench_timer_c.c`.

#![forbid(unsafe_code)]

use kernet::{
    context::{
        Rcu,
        Softirq, //
    },
    netfilter::{
        self,
        priority,
        Family,
        Hook,
        HookPoint,
        Packet,
        Point,
        Verdict, //
    },
    timer::{
        self,
        Jiffies,
        TimerRef, //
    }, //
};

kernet::module! {
    type: Timer,
    name: "bench_timer",
    authors: ["The kernet developers"],
    description: "Netfilter hook that arms a timer",
    license: "GPL",
}

struct Timer;

impl kernet::Module for Timer {
    type State = ();
    type Parts = (timer::Registration<Timer>, netfilter::Registration<Timer>);
}

kernet::slot!(Timer: netfilter::Slot);
kernet::slot!(Timer: timer::Slot);

impl timer::Timer for Timer {
    fn expired(_softirq: Softirq<'_>) -> Option<Jiffies> {
        None
    }
}

impl Hook for Timer {
    type Module = Timer;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::LocalIn,
        priority: priority::FILTER,
    }];

    fn hook<'a>(
        packet: Packet<'a>,
        _state: &netfilter::HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        TimerRef::of::<Timer>().modify(Jiffies::from_secs(1));
        packet.accept()
    }
}
