// SPDX-License-Identifier: GPL-2.0

//! Packets whose sender is told that they are dropped; where the kernel can do that.

use kernet::{
    context::Rcu,
    netfilter::{
        HookState,
        Packet,
        Verdict, //
    },
};

use crate::rules::RejectWith;

/// Whether this kernel can: else no rule is one that does.
pub(crate) const IS_THERE: bool = cfg!(wing_reject);

/// Drops the packet, and tells its sender.
///
/// The answer comes by the output chain before this returns.
#[cfg(wing_reject)]
#[inline(never)]
pub(crate) fn reject<'a>(
    packet: Packet<'a>,
    with: RejectWith,
    state: &HookState<'a>,
    rcu: Rcu<'a>,
) -> Verdict<'a> {
    use kernet_reject::{
        Answer,
        Icmp,
        Icmpv6, //
    };
    let unreachable = |v4, v6| Answer::Unreachable { v4, v6 };
    // Of a rule of one family, what is said in the other one does not matter.
    let answer = match with {
        RejectWith::PortUnreachable => Answer::PORT_UNREACHABLE,
        RejectWith::TcpReset => Answer::TcpReset,
        RejectWith::NoRoute => Answer::NO_ROUTE,
        RejectWith::HostUnreachable => Answer::HOST_UNREACHABLE,
        RejectWith::AdminProhibited => Answer::ADMIN_PROHIBITED,
        RejectWith::ProtUnreachable => unreachable(Icmp::Protocol, Icmpv6::Port),
        RejectWith::NetProhibited => unreachable(Icmp::NetProhibited, Icmpv6::AdminProhibited),
        RejectWith::HostProhibited => unreachable(Icmp::HostProhibited, Icmpv6::AdminProhibited),
        RejectWith::PolicyFail => unreachable(Icmp::AdminProhibited, Icmpv6::PolicyFail),
        RejectWith::RejectRoute => unreachable(Icmp::AdminProhibited, Icmpv6::RejectRoute),
    };
    kernet_reject::reject(packet, answer, state, rcu)
}

#[cfg(not(wing_reject))]
pub(crate) fn reject<'a>(
    packet: Packet<'a>,
    _with: RejectWith,
    _state: &HookState<'a>,
    _rcu: Rcu<'a>,
) -> Verdict<'a> {
    packet.drop_with(kernet::skb::DropReason::NETFILTER_DROP)
}
