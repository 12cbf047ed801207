// SPDX-License-Identifier: GPL-2.0
// error: `kernel` is ambiguous

//! Macros of the kernel's whose `unsafe` code would call what this crate calls `kernel`.

#![forbid(unsafe_code)]
#![allow(unused_imports)]

extern crate kernel as real_kernel;
extern crate self as kernel;

pub use real_kernel::*;

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
