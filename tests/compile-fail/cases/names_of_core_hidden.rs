// SPDX-License-Identifier: GPL-2.0
// error: `core` is ambiguous

//! Macros of the kernel's whose `unsafe` code would call what this crate calls `core`.

#![forbid(unsafe_code)]
#![allow(unused_imports)]

extern crate core as real_core;
extern crate self as core;

pub use real_core::*;

kernet::module! {
    type: Mine,
    name: "hidden",
    authors: ["Nobody"],
    description: "Is called by others' unsafe code",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}
