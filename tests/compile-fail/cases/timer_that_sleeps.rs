// SPDX-License-Identifier: GPL-2.0
// error: E0308
// error: no method named `process` found for struct `Softirq

//! A timer runs in softirq, where waiting for RTNL or for memory is a bug.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    rcu::RcuPointer,
    timer::{self, Jiffies, Timer},
};

pub struct Tick;

kernet::slot!(Tick: timer::Slot);

static LATEST: RcuPointer<u32> = RcuPointer::empty();

impl Timer for Tick {
    fn expired(softirq: Softirq<'_>) -> Option<Jiffies> {
        LATEST.replace(None, softirq);
        softirq.process().with_rtnl(|_| ());
        None
    }
}
