// SPDX-License-Identifier: GPL-2.0

//! The packet that opens a connection, and what a module says to it.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::prelude::*;
use kernet::{
    context::Rcu,
    door::{
        self,
        Token, //
    },
    module::Declared,
    netfilter::{
        Family,
        HookPoint,
        HookState,
        Packet,
        Point,
        Verdict, //
    },
    skb::{
        Bytes,
        DropReason,
        SkbRef, //
    },
    slot::HasSlot, //
};

use crate::{
    bindings,
    place::{
        Destination,
        LocalIn,
        LocalOut,
        Place,
        Postrouting,
        Prerouting,
        Source, //
    },
    registration::Slot,
    Ports,
    Range, //
};

/// The most entries of [`Nat::HOOKS`].
pub const MAX_HOOKS: usize = 8;

/// Whether the kernel can [masquerade](Opening::masquerade): one that has the target of iptables or the
/// statement of nftables for it (`CONFIG_NF_NAT_MASQUERADE`).
#[doc(alias = "CONFIG_NF_NAT_MASQUERADE")]
pub const MASQUERADE: bool = cfg!(CONFIG_NF_NAT_MASQUERADE);

/// Whether the kernel can [redirect](Opening::redirect) (`nf_nat_redirect_ipv4()`): one that has the target of
/// iptables or the statement of nftables for it.
#[doc(alias = "nf_nat_redirect_ipv4")]
pub const REDIRECT: bool = cfg!(CONFIG_NF_NAT_REDIRECT);

/// Decides on the translation of connections (`nf_nat_ipv4_register_fn()`, `nf_nat_ipv6_register_fn()`).
///
/// There is a method for each point. Each is asked with the packet that opens a connection, once per kind of
/// translation: [`Self::prerouting`] or [`Self::local_out`] for the destination, then [`Self::local_in`] or
/// [`Self::postrouting`] for the source. It is not asked for a packet
///
/// - of a connection that was opened before NAT was on in its namespace, for as long as that lasts,
/// - without a connection, or whose connection has its translation from another one: of an ICMP error it is that of
///   the connection that the error is about, of an expected connection that of the one that announced it, if the
///   kernel's helper for that has translated it. Without such a helper it is asked, and the packet is one of a
///   related connection;
/// - at [`Point::Prerouting`] and [`Point::LocalIn`], of a connection that this host has with itself: it was asked
///   at [`Point::LocalOut`] and [`Point::Postrouting`].
///
/// It may be asked again for a connection whose packet was dropped: by itself, as multicast is sent in copies, or by
/// others.
///
/// # Examples
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use kernet::{
///     context::Rcu,
///     netfilter::{Family, HookPoint, HookState, Point, Verdict},
/// };
/// use kernet_nat::{self as nat, Nat, Opening, Ports, Postrouting, Prerouting, Range};
///
/// kernet::slot!(Example: nat::Slot);
///
/// const fn at(point: Point) -> HookPoint {
///     HookPoint { family: Family::Ipv4, point, priority: 0 }
/// }
///
/// const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));
///
/// /// A home router: what comes from outside goes to a server, and all that leaves has the router's address.
/// impl Nat for Example {
///     type Module = Example;
///
///     const HOOKS: &'static [HookPoint] = &[at(Point::Prerouting), at(Point::Postrouting)];
///
///     fn prerouting<'a>(
///         packet: Opening<'a, Prerouting>,
///         state: &HookState<'a>,
///         _rcu: Rcu<'a>,
///     ) -> Verdict<'a> {
///         match state.input() {
///             Some(outside) if outside.ifindex() == 2 => packet.dnat(&Range::from(SERVER)),
///             _ => packet.leave(),
///         }
///     }
///
///     fn postrouting<'a>(
///         packet: Opening<'a, Postrouting>,
///         _state: &HookState<'a>,
///         _rcu: Rcu<'a>,
///     ) -> Verdict<'a> {
///         packet.masquerade(Ports::ANY)
///     }
/// }
/// ```
#[doc(alias = "nf_nat_ipv4_register_fn")]
#[doc(alias = "nf_nat_ipv6_register_fn")]
pub trait Nat: HasSlot<Slot> + Send + Sync + 'static {
    /// The module that registers it; its state is [`HookState::net`]'s.
    type Module: Declared;

    /// Where it is asked, 1 to [`MAX_HOOKS`] entries, none at [`Point::Forward`] (`nf_hook_ops`).
    ///
    /// Where NAT comes among other hooks the kernel says. The priority is that among those that decide on NAT at
    /// the same point: the first one that translates is the last that is asked. Of those with one priority the last
    /// that was [switched on](super::enable) is asked first, and of entries of this list the last. A method is
    /// asked at the points of the list alone.
    #[doc(alias = "nf_hook_ops")]
    const HOOKS: &'static [HookPoint];

    /// A connection is opened by a packet that was received, before routing: its destination may be translated
    /// (`nf_hook_ops::hook`).
    ///
    /// As all methods, it runs on any number of CPUs at a time, and must not sleep.
    #[doc(alias = "nf_hook_ops::hook")]
    fn prerouting<'a>(
        packet: Opening<'a, Prerouting>,
        _state: &HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        packet.leave()
    }

    /// A connection is opened to this host: its source may be translated (`nf_hook_ops::hook`).
    #[doc(alias = "nf_hook_ops::hook")]
    fn local_in<'a>(
        packet: Opening<'a, LocalIn>,
        _state: &HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        packet.leave()
    }

    /// A connection is opened by this host: its destination may be translated (`nf_hook_ops::hook`). The kernel
    /// looks up the route again.
    #[doc(alias = "nf_hook_ops::hook")]
    fn local_out<'a>(
        packet: Opening<'a, LocalOut>,
        _state: &HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        packet.leave()
    }

    /// A connection is opened by a packet that is about to be sent: its source may be translated
    /// (`nf_hook_ops::hook`).
    #[doc(alias = "nf_hook_ops::hook")]
    fn postrouting<'a>(
        packet: Opening<'a, Postrouting>,
        _state: &HookState<'a>,
        _rcu: Rcu<'a>,
    ) -> Verdict<'a> {
        packet.leave()
    }
}

/// The packet that opens a connection, at a point at which its translation is decided on
/// (`nf_nat_inet_fn()`).
///
/// The connection is `kernet_conntrack::Connection::of` of the packet.
///
/// # Invariants
///
/// The packet is at the point `P`, of which `state` tells. It has a connection, no template, as a new packet or
/// a related one; the connection is not confirmed, and has no translation of the kind that `P` decides on.
#[doc(alias = "nf_nat_inet_fn")]
pub struct Opening<'a, P: Place> {
    packet: Packet<'a>,
    state: &'a bindings::nf_hook_state,
    _place: PhantomData<P>,
}

impl<P: Place> Deref for Opening<'_, P> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        &self.packet
    }
}

impl<'a, P: Place> Opening<'a, P> {
    /// The packet's family, never [`Family::Inet`] (`nf_hook_state::pf`).
    #[doc(alias = "nf_hook_state::pf")]
    #[inline]
    pub fn family(&self) -> Family {
        if u32::from(self.state.pf) == bindings::NFPROTO_IPV6 {
            Family::Ipv6
        } else {
            Family::Ipv4
        }
    }

    /// Makes the bytes at `offset` linear, and returns a view of them (`pskb_may_pull()`). The network header is at
    /// offset 0.
    ///
    /// # Errors
    ///
    /// As [`Packet::pull_header`].
    #[doc(alias = "pskb_may_pull")]
    #[inline]
    pub fn pull_header<T: Bytes>(&mut self, offset: u32) -> Result<&T, DropReason> {
        self.packet.pull_header(offset)
    }

    /// Sets the packet's mark, by which it may be routed.
    #[doc(alias = "sk_buff::mark")]
    #[inline]
    pub fn set_mark(&mut self, mark: u32) {
        self.packet.set_mark(mark);
    }

    /// Translates nothing. The next one that decides at this point is asked; if nobody translates, the connection
    /// stays as it is (`nf_nat_alloc_null_binding()`). A source gets another port if its own is taken.
    #[doc(alias = "nf_nat_alloc_null_binding")]
    #[inline]
    pub fn leave(self) -> Verdict<'a> {
        self.packet.accept()
    }

    /// Drops the packet with a reason (`NF_DROP_REASON`), and with it the connection. A sender on this host gets
    /// [`EPERM`].
    #[doc(alias = "NF_DROP_REASON")]
    #[inline]
    pub fn drop_with(self, reason: DropReason) -> Verdict<'a> {
        self.packet.drop_with(reason)
    }

    /// Drops a packet of which something is asked that cannot be done.
    #[cold]
    fn refuse(self, error: Error) -> Verdict<'a> {
        door::drop_with_error(self.packet, DropReason::NETFILTER_DROP, error)
    }

    /// Translates what `P` decides on.
    fn translate(self, range: &Range) -> Verdict<'a> {
        if !range.suits(self.family()) {
            return self.refuse(kernet::error::eafnosupport());
        }
        let range = range.as_raw();
        // SAFETY: The connection is the packet's, not confirmed, and without a translation of this kind, by the
        // type invariants; the addresses are of its version. What the call answers is one of a hook's verdicts.
        unsafe {
            door::decide(self.packet, |skb| {
                bindings::nf_nat_setup_info(connection(skb).0, &raw const range, P::KIND)
            })
        }
    }
}

impl<'a, P: Source> Opening<'a, P> {
    /// Translates the connection's source (`nf_nat_setup_info()`).
    ///
    /// The packet is dropped if the addresses are of another version than the packet: a sender on this host gets
    /// `EAFNOSUPPORT` then. See [`Range::family`]. If no port is free, it is dropped when all hooks have seen it.
    #[doc(alias = "nf_nat_setup_info")]
    #[inline]
    pub fn snat(self, range: &Range) -> Verdict<'a> {
        self.translate(range)
    }
}

impl<'a, P: Destination> Opening<'a, P> {
    /// Translates the connection's destination (`nf_nat_setup_info()`).
    ///
    /// The packet is dropped if the addresses are of another version than the packet: a sender on this host gets
    /// `EAFNOSUPPORT` then. See [`Range::family`]. If no port is free, it is dropped when all hooks have seen it.
    #[doc(alias = "nf_nat_setup_info")]
    #[inline]
    pub fn dnat(self, range: &Range) -> Verdict<'a> {
        self.translate(range)
    }

    /// Translates the connection's destination to this host: at [`Point::Prerouting`] to an address of the device
    /// that has received the packet, at [`Point::LocalOut`] to that of the loopback device
    /// (`nf_nat_redirect_ipv4()`, `nf_nat_redirect_ipv6()`).
    ///
    /// The packet is dropped if the device has no address that can be used; or if the kernel has no redirection
    /// ([`REDIRECT`]): a sender on this host gets `EOPNOTSUPP` then.
    #[doc(alias = "nf_nat_redirect_ipv4")]
    #[doc(alias = "nf_nat_redirect_ipv6")]
    pub fn redirect(self, ports: Ports) -> Verdict<'a> {
        #[cfg(CONFIG_NF_NAT_REDIRECT)]
        {
            let (family, range) = (self.family(), ports.as_raw());
            // SAFETY: As in `translate`; the packet is at `P`, which is one of the two points that the callees
            // know. A packet that was received has its device.
            unsafe {
                door::decide(self.packet, |skb| match family {
                    Family::Ipv6 => {
                        bindings::nf_nat_redirect_ipv6(skb, &raw const range, P::NUMBER)
                    }
                    _ => bindings::nf_nat_redirect_ipv4(skb, &raw const range, P::NUMBER),
                })
            }
        }
        #[cfg(not(CONFIG_NF_NAT_REDIRECT))]
        {
            let _ = ports;
            self.refuse(kernet::error::eopnotsupp())
        }
    }
}

impl<'a> Opening<'a, Postrouting> {
    /// Translates the connection's source to an address of the device that sends the packet
    /// (`nf_nat_masquerade_ipv4()`, `nf_nat_masquerade_ipv6()`).
    ///
    /// If the device has none, it is an address of its VRF, or of any other device of the namespace.
    ///
    /// The kernel tries to end the connection when the device goes down or loses the address, or when packets of it
    /// are routed elsewhere: without memory, with an address of another device, and where much ends at once, it
    /// stays until it times out.
    ///
    /// The packet is dropped if there is no address; if it has no route or leaves by no device (a sender on this host
    /// gets `EHOSTUNREACH`); or if the kernel has no masquerading ([`MASQUERADE`]; `EOPNOTSUPP`). One of IPv4 from
    /// 0.0.0.0 stays as it is.
    #[doc(alias = "nf_nat_masquerade_ipv4")]
    #[doc(alias = "nf_nat_masquerade_ipv6")]
    pub fn masquerade(self, ports: Ports) -> Verdict<'a> {
        #[cfg(CONFIG_NF_NAT_MASQUERADE)]
        {
            let (family, range, out) = (self.family(), ports.as_raw(), self.state.out);
            // SAFETY: The packet is valid while it is borrowed.
            let routed = unsafe { bindings::skb_valid_dst(door::sk_buff(&self.packet)) };
            // The callees look at both without asking.
            if out.is_null() || !routed {
                return self.refuse(kernet::error::ehostunreach());
            }
            // SAFETY: As in `translate`; the packet is at the only point that the callees know, with a route,
            // and its device is there for the read-side section that the hook is in.
            unsafe {
                door::decide(self.packet, |skb| match family {
                    Family::Ipv6 => bindings::nf_nat_masquerade_ipv6(skb, &raw const range, out),
                    _ => bindings::nf_nat_masquerade_ipv4(
                        skb,
                        Postrouting::NUMBER,
                        &raw const range,
                        out,
                    ),
                })
            }
        }
        #[cfg(not(CONFIG_NF_NAT_MASQUERADE))]
        {
            let _ = ports;
            self.refuse(kernet::error::eopnotsupp())
        }
    }
}

/// The connection of a packet, or null, and the number by which tracking says how the packet belongs to it.
///
/// # Safety
///
/// `skb` is valid.
#[inline(always)]
unsafe fn connection(skb: *const bindings::sk_buff) -> (*mut bindings::nf_conn, u32) {
    // SAFETY: By the caller's promise.
    let nfct = unsafe { (*skb)._nfct };
    (
        (nfct & bindings::NFCT_PTRMASK as usize) as *mut bindings::nf_conn,
        (nfct & bindings::NFCT_INFOMASK as usize) as u32,
    )
}

/// Whether a packet opens a connection.
///
/// # Safety
///
/// `skb` is valid, and nobody else has it.
unsafe fn opens(skb: *const bindings::sk_buff) -> bool {
    // SAFETY: By the caller's promise.
    let (ct, info) = unsafe { connection(skb) };
    if ct.is_null() {
        return false;
    }
    // SAFETY: The packet holds a reference. Others set bits meanwhile.
    let status = unsafe { (&raw const (*ct).status).read_volatile() } as u32;
    // The core asks of a connection without NAT for as long as it has had no answer. One that is confirmed gets
    // none any more: `nf_nat_setup_info()` does nothing then.
    status
        & (bindings::ip_conntrack_status_IPS_TEMPLATE | bindings::ip_conntrack_status_IPS_CONFIRMED)
        == 0
        && matches!(
            info,
            bindings::ip_conntrack_info_IP_CT_NEW
                | bindings::ip_conntrack_info_IP_CT_RELATED
                | bindings::ip_conntrack_info_IP_CT_RELATED_REPLY
        )
}

/// # Safety
///
/// Called by NAT's core only, at the point `P`, with a packet that is ours until the callback returns and that
/// has no translation of the kind that is decided on there.
pub(crate) unsafe extern "C" fn callback<T: Nat, P: Place>(
    _priv: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> u32 {
    // SAFETY: By the caller's promise.
    if !unsafe { opens(skb) } {
        return bindings::NF_ACCEPT;
    }
    // SAFETY: By the caller's promise, valid during the callback; `nf_hook()` holds the RCU read lock. The IP
    // layers unshare packets before the first hook.
    let (packet, state, rcu) = unsafe {
        (
            door::hook_packet(NonNull::new_unchecked(skb)),
            &*state,
            Rcu::claim(),
        )
    };
    // INVARIANT: As just seen, and by the caller's promise.
    let opening = Opening {
        packet,
        state,
        _place: PhantomData,
    };
    // SAFETY: The one that we were called with.
    let state = unsafe { door::hook_state(state) };
    door::answer(P::ask::<T>(opening, &state, rcu))
}

/// C's number and the callback of a point, if NAT is decided on there.
pub(crate) const fn callback_at<T: Nat>(point: Point) -> Option<(u32, HookFn)> {
    match point {
        Point::Prerouting => Some((Prerouting::NUMBER, callback::<T, Prerouting>)),
        Point::LocalIn => Some((LocalIn::NUMBER, callback::<T, LocalIn>)),
        Point::LocalOut => Some((LocalOut::NUMBER, callback::<T, LocalOut>)),
        Point::Postrouting => Some((Postrouting::NUMBER, callback::<T, Postrouting>)),
        Point::Forward => None,
    }
}

/// C's type of a hook.
pub(crate) type HookFn = unsafe extern "C" fn(
    *mut c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> u32;
