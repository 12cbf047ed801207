// SPDX-License-Identifier: GPL-2.0
// error: a ring without room

//! A ring of a size that C would take for a large one.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Process, napi::Ring};

// Small enough to be compiled only where it is called.
#[inline(never)]
pub fn ring(process: Process<'_>) -> impl PinInit<Ring<-1>, Error> + '_ {
    Ring::new(process)
}
