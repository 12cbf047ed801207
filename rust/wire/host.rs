// SPDX-License-Identifier: GPL-2.0

//! The crate root that Cargo builds: [`lib.rs`](wire) as it is, which in the kernel is the module
//! `kernet::wire`.

#![no_std]

#[cfg(test)]
extern crate std;

#[path = "lib.rs"]
mod wire;

pub use wire::*;
