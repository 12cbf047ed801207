// SPDX-License-Identifier: GPL-2.0
// error: E0603

//! The kernel's C, past the layer.

#![forbid(unsafe_code)]

pub use kernet::bindings::net_device;
