// SPDX-License-Identifier: GPL-2.0

//! The root of the crate on the host.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
// It is the module and the tests that use it.
#![allow(dead_code)]

#[path = "lib.rs"]
mod model;
