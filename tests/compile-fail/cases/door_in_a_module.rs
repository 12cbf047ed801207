// SPDX-License-Identifier: GPL-2.0
// error: E0133

//! What only a wing may have: the packet as C has it, and a token of nobody's.

#![forbid(unsafe_code)]

use kernet::{
    context::Process,
    door::{self, Token},
    skb::SkbRef,
};

pub fn raw(packet: &SkbRef) -> *mut door::bindings::sk_buff {
    door::sk_buff(packet)
}

pub fn claim() -> Process<'static> {
    Process::claim()
}
