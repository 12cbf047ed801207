// SPDX-License-Identifier: GPL-2.0
// wing: reject
// error: lifetime may not live long enough

//! A packet that is answered as if another call had brought it.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netfilter::{HookState, Packet, Verdict},
};
use kernet_reject::{reject, Answer};

pub fn mixed<'a, 'b>(packet: Packet<'a>, other: &HookState<'b>, rcu: Rcu<'a>) -> Verdict<'a> {
    reject(packet, Answer::PORT_UNREACHABLE, other, rcu)
}
