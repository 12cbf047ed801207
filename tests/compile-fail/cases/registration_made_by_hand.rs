// SPDX-License-Identifier: GPL-2.0
// error: E0133

//! A registration that nobody would undo.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::module::Part;

pub fn register<P: Part>(slot: *mut P, module: &'static ThisModule) -> Result {
    P::register(slot, module, c"name")
}
