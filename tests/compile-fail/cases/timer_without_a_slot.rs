// SPDX-License-Identifier: GPL-2.0
// error: `Tick` has no static of its own
// error: `kernet::slot!(Tick: kernet::timer::Slot);` gives it one

//! A timer without the static that it is kept in; the error says what to write.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    timer::{Jiffies, Timer},
};

pub struct Tick;

impl Timer for Tick {
    fn expired(_: Softirq<'_>) -> Option<Jiffies> {
        None
    }
}
