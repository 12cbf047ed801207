// SPDX-License-Identifier: GPL-2.0

//! The points at which NAT is decided on, as types.

use kernet::{
    context::Rcu,
    netfilter::{
        HookState,
        Verdict, //
    },
};

use crate::{
    bindings,
    hook::{
        Nat,
        Opening, //
    },
};

mod private {
    pub trait Sealed {}
}

/// A point at which NAT is decided on (`nf_hook_state::hook`): [`Prerouting`], [`LocalIn`], [`LocalOut`] or
/// [`Postrouting`].
///
/// # Examples
///
/// ```
/// use kernet::{netfilter::Verdict, skb::DropReason};
/// use kernet_nat::{Opening, Place};
///
/// /// Opens no connections for packets with this mark, at any point.
/// fn unless_marked<'a, P: Place>(packet: Opening<'a, P>) -> Result<Opening<'a, P>, Verdict<'a>> {
///     match packet.mark() {
///         0 => Ok(packet),
///         _ => Err(packet.drop_with(DropReason::NETFILTER_DROP)),
///     }
/// }
/// ```
#[doc(alias = "nf_hook_state::hook")]
pub trait Place: private::Sealed + Sized + 'static {
    /// C's number of it.
    #[doc(hidden)]
    const NUMBER: u32;

    /// Which translation is decided on (`HOOK2MANIP()`).
    #[doc(hidden)]
    const KIND: bindings::nf_nat_manip_type;

    /// Asks a module.
    #[doc(hidden)]
    fn ask<'a, T: Nat>(
        packet: Opening<'a, Self>,
        state: &HookState<'a>,
        rcu: Rcu<'a>,
    ) -> Verdict<'a>;
}

/// A point at which the source is translated (`NF_NAT_MANIP_SRC`): [`LocalIn`] or [`Postrouting`].
///
/// # Examples
///
/// ```
/// use kernet::netfilter::Verdict;
/// use kernet_nat::{Opening, Range, Source};
///
/// /// Translates what the range is for, wherever that is.
/// fn translate<'a, P: Source>(packet: Opening<'a, P>, range: &Range) -> Verdict<'a> {
///     match range.family() {
///         Some(family) if family != packet.family() => packet.leave(),
///         _ => packet.snat(range),
///     }
/// }
/// ```
#[doc(alias = "NF_NAT_MANIP_SRC")]
pub trait Source: Place {}

/// A point at which the destination is translated (`NF_NAT_MANIP_DST`): [`Prerouting`] or [`LocalOut`].
///
/// # Examples
///
/// ```
/// use kernet::netfilter::Verdict;
/// use kernet_nat::{Destination, Opening, Ports};
///
/// /// Has a proxy on this host answer, for others and for this host.
/// fn intercept<'a, P: Destination>(packet: Opening<'a, P>, proxy: Ports) -> Verdict<'a> {
///     packet.redirect(proxy)
/// }
/// ```
#[doc(alias = "NF_NAT_MANIP_DST")]
pub trait Destination: Place {}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident: $kind:ident = $number:ident, $manip:ident, $ask:ident;)+) => {$(
        $(#[$doc])*
        pub enum $name {}

        impl private::Sealed for $name {}

        impl $kind for $name {}

        impl Place for $name {
            const NUMBER: u32 = bindings::$number;
            const KIND: bindings::nf_nat_manip_type = bindings::$manip;

            #[inline(always)]
            fn ask<'a, T: Nat>(
                packet: Opening<'a, Self>,
                state: &HookState<'a>,
                rcu: Rcu<'a>,
            ) -> Verdict<'a> {
                T::$ask(packet, state, rcu)
            }
        }
    )+};
}

places! {
    /// [`Point::Prerouting`](kernet::netfilter::Point::Prerouting), as a type (`NF_INET_PRE_ROUTING`).
    #[doc(alias = "NF_INET_PRE_ROUTING")]
    Prerouting: Destination = nf_inet_hooks_NF_INET_PRE_ROUTING,
        nf_nat_manip_type_NF_NAT_MANIP_DST, prerouting;
    /// [`Point::LocalIn`](kernet::netfilter::Point::LocalIn), as a type (`NF_INET_LOCAL_IN`).
    #[doc(alias = "NF_INET_LOCAL_IN")]
    LocalIn: Source = nf_inet_hooks_NF_INET_LOCAL_IN,
        nf_nat_manip_type_NF_NAT_MANIP_SRC, local_in;
    /// [`Point::LocalOut`](kernet::netfilter::Point::LocalOut), as a type (`NF_INET_LOCAL_OUT`).
    #[doc(alias = "NF_INET_LOCAL_OUT")]
    LocalOut: Destination = nf_inet_hooks_NF_INET_LOCAL_OUT,
        nf_nat_manip_type_NF_NAT_MANIP_DST, local_out;
    /// [`Point::Postrouting`](kernet::netfilter::Point::Postrouting), as a type (`NF_INET_POST_ROUTING`).
    #[doc(alias = "NF_INET_POST_ROUTING")]
    Postrouting: Source = nf_inet_hooks_NF_INET_POST_ROUTING,
        nf_nat_manip_type_NF_NAT_MANIP_SRC, postrouting;
}
