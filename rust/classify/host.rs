// SPDX-License-Identifier: GPL-2.0

//! The crate root that Cargo builds: [`lib.rs`](classify) as it is, which in the kernel is the module
//! `kernet::classify`.

#![no_std]

#[cfg(test)]
extern crate std;

#[path = "lib.rs"]
mod classify;

pub use classify::*;
