// SPDX-License-Identifier: GPL-2.0
// error: cannot be shared between threads safely

//! The token of work, carried to where it must not sleep.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{bh_disabled, Process},
    timer::Jiffies,
    work::{self, Work},
};

pub struct Chore;

kernet::slot!(Chore: work::Slot);

impl Work for Chore {
    fn run(process: Process<'_>) -> Option<Jiffies> {
        bh_disabled(process, |_| process.with_rtnl(|_| ()));
        None
    }
}
