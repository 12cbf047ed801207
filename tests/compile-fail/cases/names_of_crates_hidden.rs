// SPDX-License-Identifier: GPL-2.0
// error: error[E0432]
// error: error[E0433]
// error: error[E0405]
// error: error[E0425]
// error: `core` is ambiguous
// error: `kernel` is ambiguous
// error: `pin_init` is ambiguous
// error: `zerocopy` is ambiguous

//! Macros whose `unsafe` code would call what this crate calls by the names of others.

#![forbid(unsafe_code)]
#![allow(unused_imports)]

extern crate core as real_core;
extern crate kernel as real_kernel;
extern crate pin_init as real_pin_init;
extern crate self as core;
extern crate self as kernel;
extern crate self as pin_init;
extern crate self as zerocopy;
extern crate zerocopy as real_zerocopy;

pub use real_kernel::{
    bindings, error, init, module, prelude, str, types, ModuleMetadata, ThisModule,
};

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
