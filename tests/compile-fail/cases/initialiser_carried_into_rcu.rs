// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! What makes a ring, and waits for memory then, carried to where sleeping is a bug.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{rcu_read, Process},
    napi::Ring,
};

pub fn wait(process: Process<'_>) -> Result<Pin<KBox<Ring<16>>>> {
    let init = Ring::<16>::new(process);
    rcu_read(|_| KBox::pin_init(init, GFP_ATOMIC))
}
