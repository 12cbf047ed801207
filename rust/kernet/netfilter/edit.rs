// SPDX-License-Identifier: GPL-2.0

//! Edits of a hook's packet, and its route afterwards.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::{
    Family,
    HookState,
    Packet,
    Point,
    Verdict, //
};
use crate::{
    bindings,
    context::Rcu,
    error::to_result,
    skb::{
        DropReason,
        Edit,
        EditError, //
    },
    wire::ipv4, //
};

impl<'a> Packet<'a> {
    /// Edits the packet's headers, with the checksums kept right (`nft_payload_set_eval()`).
    ///
    /// Lengths, protocols and the order of headers cannot be changed: the layers behind the hook rely
    /// on those that were checked before it.
    ///
    /// # Errors
    ///
    /// [`EditError::TooShort`], [`EditError::Malformed`], [`EditError::NoMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernet::netfilter::{Packet, Verdict};
    ///
    /// /// Marks a packet as of low priority.
    /// fn demote(mut packet: Packet<'_>) -> Verdict<'_> {
    ///     match packet.edit().and_then(|mut edit| edit.set_dscp(8)) {
    ///         Ok(()) => packet.accept(),
    ///         Err(error) => packet.drop_with(error.reason()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "nft_payload_set_eval")]
    #[inline]
    pub fn edit(&mut self) -> Result<Edit<'_>, EditError> {
        self.as_mut().edit(0)
    }

    /// Looks up the packet's route again, at [`Point::LocalOut`]: a packet is routed before that, so that the
    /// route is one of the addresses, DSCP and mark that it had (`ip_route_me_harder()`).
    ///
    /// `state` is that of the packet. At other points there is nothing to do, and the packet comes back:
    /// its route is looked up later, or is used up. So it does if it goes to many: an IPv4 route to a group, or to
    /// all, is mostly the device that the socket has chosen, which the callee does not know. Neither does it know the
    /// one that a message to a unicast address has chosen (`IP_PKTINFO`, `IP_UNICAST_IF`).
    ///
    /// # Errors
    ///
    /// The verdict that has dropped the packet, if there is no route, or no memory. The sender gets
    /// the error.
    #[doc(alias = "ip_route_me_harder")]
    #[doc(alias = "ip6_route_me_harder")]
    pub fn reroute(self, state: &HookState<'a>, _rcu: Rcu<'a>) -> Result<Self, Verdict<'a>> {
        let skb = self.0.as_ptr();
        // SAFETY: Valid by the type invariants.
        if state.point() != Point::LocalOut || !unsafe { bindings::skb_valid_dst(skb) } {
            return Ok(self);
        }
        if state.family() != Family::Ipv6 && self.keeps_route() {
            return Ok(self);
        }
        let (net, sk) = (state.0.net, state.socket());
        // SAFETY: The packet is the hook's alone, has a route, and its headers begin at `skb->data`, as
        // at each hook of the family; `net` and `sk` are those of the call, in a read-side section.
        let result = to_result(unsafe {
            match state.family() {
                Family::Ipv6 => bindings::nf_ip6_route_me_harder(net, sk, skb),
                _ => bindings::ip_route_me_harder(net, sk, skb, bindings::RTN_UNSPEC),
            }
        });
        match result {
            Ok(()) => Ok(self),
            Err(error) => Err(self.drop_with_error(DropReason::IP_OUTNOROUTES, error)),
        }
    }

    /// Whether a packet of IPv4, which has a route, goes to many, as it did when it was routed.
    fn keeps_route(&self) -> bool {
        const MANY: u32 = bindings::RTCF_BROADCAST | bindings::RTCF_MULTICAST;
        // SAFETY: The packet is valid by the type invariants. Its route is alive in the read-side section that hooks
        // run in, and is one of IPv4, as the packet is.
        let flags = unsafe { (*bindings::dst_rtable(bindings::skb_dst(self.0.as_ptr()))).rt_flags };
        let header = || self.copy_header::<ipv4::Header>(0);
        flags & MANY != 0
            && header().is_some_and(|header| {
                let destination = header.destination();
                destination.is_multicast() || destination.is_broadcast()
            })
    }

    /// Drops the packet with a reason and the error that a sender on this host gets.
    pub(crate) fn drop_with_error(self, reason: DropReason, error: Error) -> Verdict<'a> {
        // SAFETY: Owned by the hook if it answers `NF_STOLEN`, and no hook runs in a hard
        // interrupt.
        unsafe { bindings::kfree_skb_reason(self.0.as_ptr(), reason.as_raw()) };
        // INVARIANT: The packet is gone. As in `NF_DROP_REASON()`, the upper half is the error.
        Verdict(
            (error.to_errno().unsigned_abs() << bindings::NF_VERDICT_QBITS) | bindings::NF_STOLEN,
            PhantomData,
        )
    }
}

impl HookState<'_> {
    /// The socket of the call, by which a route for a packet of its family may be looked up; null if there is none.
    pub(crate) fn socket(&self) -> *mut bindings::sock {
        let sk = self.0.sk;
        if sk.is_null() {
            return sk;
        }
        // SAFETY: The socket of the call, which is there for it. Others may change it: no reference.
        let family = unsafe { (&raw const (*sk).__sk_common.skc_family).read_volatile() };
        // What an IPsec tunnel sends may have a socket of another family, which the core does not expect.
        match u32::from(family) {
            bindings::AF_INET6 => sk,
            bindings::AF_INET if self.family() != Family::Ipv6 => sk,
            _ => core::ptr::null_mut(),
        }
    }
}
