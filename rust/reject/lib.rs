// SPDX-License-Identifier: GPL-2.0

//! Rejection of packets: dropped, and their sender is told.
//!
//! C headers: [`include/net/netfilter/ipv4/nf_reject.h`](srctree/include/net/netfilter/ipv4/nf_reject.h),
//! [`include/net/netfilter/ipv6/nf_reject.h`](srctree/include/net/netfilter/ipv6/nf_reject.h)
//!
//! [`reject`] makes the verdict of a [hook](kernet::netfilter::Hook), as `Packet::drop_with` does, and sends
//! an [`Answer`] before.
//!
//! A wing: it is loaded with the module that uses it. If `nf_reject_ipv4` and `nf_reject_ipv6` are modules, the
//! wing loads them.
//!
//! # What can be kept
//!
//! Nothing. The answer is the kernel's when [`reject`] returns, and refers to no module.

mod answer;

kernet::wing_bindings!("reject");

pub use answer::{
    Answer,
    Icmp,
    Icmpv6, //
};

use kernel::prelude::*;
use kernet::{
    context::Rcu,
    door,
    netfilter::{
        Family,
        HookState,
        Packet,
        Point,
        Verdict, //
    },
    skb::{
        DropReason,
        PacketType, //
    },
    wire::ipv4, //
};

kernel::prelude::module! {
    type: Reject,
    name: "kernet_reject",
    authors: ["The kernet developers"],
    description: "Rejection of packets for modules on kernet",
    license: "GPL",
}

/// `kernet_reject.ko` registers nothing itself.
#[doc(hidden)]
pub struct Reject;

impl kernel::Module for Reject {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Reject)
    }
}

/// Drops the packet, for the reason [`DropReason::NETFILTER_DROP`], and answers it, if it may be answered
/// (`nf_send_reset()`, `nf_send_unreach()`).
///
/// A sender on this host gets [`EPERM`] from a call that sends a datagram, and the answer. TCP holds the socket
/// while it sends, so that its `connect()` hears of an error when it tries again, a second later, and of a reset
/// at once.
///
/// The packet is dropped without an answer
///
/// - at [`Point::Postrouting`];
/// - where it is a later fragment of IPv4, or its checksum is wrong. C takes the packets of all protocols but UDP
///   without a checksum, UDP-Lite, SCTP, GRE, AH and ESP for such that have a sum of all bytes behind the IP header,
///   and the first fragment for all that there is;
/// - where a reset is asked for, and it is no TCP, has a RST, is truncated, or has an address of many;
/// - where an error is asked for, and it is an ICMP error itself, or was sent to many;
/// - where it is IPv6 from no address, or from many;
/// - where there is no route or no memory for the answer;
/// - where the kernel limits what it sends: errors by `net.ipv4.icmp_ratelimit`, `net.ipv4.icmp_msgs_per_sec` and
///   those of IPv6.
///
/// At [`Point::Prerouting`] C looks for the way back in the main table, whatever the VRF. A reset to a link-local
/// address of IPv6 leaves by the first device that has a route there.
///
/// The answer goes through the hooks at [`Point::LocalOut`] and [`Point::Postrouting`] before this returns, also
/// through the one that rejects; but a reset of a bridged packet goes to the device at once. At
/// [`Point::LocalOut`] softirqs may run meanwhile. No spinlock must be held, nor interrupts be disabled. None is
/// answered by the like of itself, so that this ends.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rcu,
///     netfilter::{self, Family, Hook, HookPoint, HookState, Packet, Point, Verdict},
/// };
/// use kernet_reject::{reject, Answer};
///
/// kernet::slot!(Example: netfilter::Slot);
///
/// /// Forwards nothing that has a mark, and says so.
/// impl Hook for Example {
///     type Module = Example;
///
///     const HOOKS: &'static [HookPoint] = &[HookPoint {
///         family: Family::Inet,
///         point: Point::Forward,
///         priority: netfilter::priority::FILTER,
///     }];
///
///     fn hook<'a>(packet: Packet<'a>, state: &HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
///         if packet.mark() == 0 {
///             packet.accept()
///         } else {
///             reject(packet, Answer::ADMIN_PROHIBITED, state, rcu)
///         }
///     }
/// }
/// ```
#[doc(alias = "nf_send_reset")]
#[doc(alias = "nf_send_reset6")]
#[doc(alias = "nf_send_unreach")]
#[doc(alias = "nf_send_unreach6")]
pub fn reject<'a>(
    mut packet: Packet<'a>,
    answer: Answer,
    state: &HookState<'a>,
    _rcu: Rcu<'a>,
) -> Verdict<'a> {
    send(&mut packet, answer, state);
    packet.drop_with(DropReason::NETFILTER_DROP)
}

/// Whether a packet of IPv4 was sent to a group, or to all.
fn is_to_many(packet: &Packet<'_>) -> bool {
    packet.copy_header::<ipv4::Header>(0).is_none_or(|header| {
        let destination = header.destination();
        destination.is_multicast() || destination.is_broadcast()
    })
}

/// Sends the answer, if there is to be one.
fn send(packet: &mut Packet<'_>, answer: Answer, state: &HookState<'_>) {
    let refused = match state.point() {
        // What C refuses where a rule is made.
        Point::Postrouting => true,
        // C takes the route back for the packet's own, which would say that it was sent to many.
        Point::Prerouting => {
            packet.packet_type() != PacketType::Host
                || state.family() != Family::Ipv6 && is_to_many(packet)
        }
        _ => false,
    };
    if refused {
        return;
    }
    // SAFETY: Used in this call alone, by functions that give the packet a route and a device where it has none,
    // as hooks may. It is dropped afterwards.
    let skb = unsafe { door::hook_sk_buff(packet) };
    // SAFETY: Valid.
    let (has_route, has_device) =
        unsafe { (bindings::skb_valid_dst(skb), bindings::skb_has_dev(skb)) };
    // C looks for a route in the device's namespace.
    if !has_route && !has_device {
        return;
    }
    // SAFETY: Used in this call alone.
    let (call, sk) = unsafe { (&*door::hook_call(state), door::hook_socket(state)) };
    let hook = u32::from(call.hook);
    // SAFETY: The packet is the hook's alone, of this family, with its IP header linear at `skb->data`, and has a
    // route or a device. The point is one at which C lets rules reject. `net` and `sk` are those of the call, and
    // we are in a read-side section, as in every hook.
    unsafe {
        match (state.family(), answer) {
            (Family::Ipv6, Answer::TcpReset) => {
                bindings::nf_send_reset6(call.net, sk, skb, hook as c_int);
            }
            (Family::Ipv6, Answer::Unreachable { v6, .. }) => {
                bindings::nf_send_unreach6(call.net, skb, v6 as u8, hook);
            }
            (_, Answer::TcpReset) => bindings::nf_send_reset(call.net, sk, skb, hook as c_int),
            (_, Answer::Unreachable { v4, .. }) => {
                bindings::nf_send_unreach(skb, v4 as c_int, hook as c_int);
            }
        }
    }
}
