// SPDX-License-Identifier: GPL-2.0
// error: usage of an `unsafe` block

//! What a module never needs.

#![forbid(unsafe_code)]

pub fn read(at: *const u8) -> u8 {
    unsafe { *at }
}
