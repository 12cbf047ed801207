// SPDX-License-Identifier: GPL-2.0
// wing: reject
// error: borrow of moved value

//! A packet that a hook looks at after it has rejected it.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netfilter::{HookState, Packet, Verdict},
};
use kernet_reject::{reject, Answer};

pub fn late<'a>(packet: Packet<'a>, state: &HookState<'a>, rcu: Rcu<'a>) -> (u32, Verdict<'a>) {
    let verdict = reject(packet, Answer::TcpReset, state, rcu);
    (packet.len(), verdict)
}
