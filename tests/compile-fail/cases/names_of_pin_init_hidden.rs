// SPDX-License-Identifier: GPL-2.0
// error: `pin_init` is ambiguous

//! Macros of the kernel's whose `unsafe` code would call what this crate calls `pin_init`.

#![forbid(unsafe_code)]
#![allow(unused_imports)]

extern crate pin_init as real_pin_init;
extern crate self as pin_init;

pub use real_pin_init::*;

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
