// SPDX-License-Identifier: GPL-2.0

//! Netfilter hooks, which decide on every IP packet.
//!
//! C header: [`include/linux/netfilter.h`](srctree/include/linux/netfilter.h)
//!
//! A hook gets a [`Packet`] and returns a [`Verdict`]. Only giving up the packet makes a verdict,
//! and both have the same lifetime: a verdict cannot be of another packet, nor be kept for one.
//!
//! # Lifetime
//!
//! [`Registration`] is a part of the module. A hook is in every namespace while the module is
//! loaded. When a namespace dies, or the module is unloaded, the hook is removed first, and an RCU
//! grace period passes before the namespace's state is dropped; see [`netns`](crate::netns).

use core::{
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Release, //
    },
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::Rcu,
    error::to_result,
    module::{
        failed,
        Declared,
        Part, //
    },
    netdev::Device,
    netns::Net,
    skb::{
        Bytes,
        DropReason,
        SkbRef, //
    },
    slot::HasSlot, //
};

mod edit;

/// The protocols whose packets a hook sees (`nf_hook_ops::pf`).
#[doc(alias = "nf_hook_ops::pf")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    #[doc(alias = "NFPROTO_IPV4")]
    Ipv4,
    /// IPv6.
    #[doc(alias = "NFPROTO_IPV6")]
    Ipv6,
    /// IPv4 and IPv6.
    #[doc(alias = "NFPROTO_INET")]
    Inet,
}

/// The point on a packet's way at which a hook sees it (`enum nf_inet_hooks`).
#[doc(alias = "enum nf_inet_hooks")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Received, before routing. In softirq.
    #[doc(alias = "NF_INET_PRE_ROUTING")]
    Prerouting,
    /// Received, for this host. IPv4 packets are reassembled. In softirq.
    #[doc(alias = "NF_INET_LOCAL_IN")]
    LocalIn,
    /// Received, for another host. In softirq.
    #[doc(alias = "NF_INET_FORWARD")]
    Forward,
    /// Made by this host, routed; before it is fragmented. In any context but hard interrupts.
    #[doc(alias = "NF_INET_LOCAL_OUT")]
    LocalOut,
    /// About to be sent. In any context but hard interrupts.
    #[doc(alias = "NF_INET_POST_ROUTING")]
    Postrouting,
}

/// Where a hook is: family, point and priority (`nf_hook_ops`).
///
/// # Examples
///
/// ```
/// use kernet::netfilter::{priority, Family, HookPoint, Point};
///
/// const fn untracked(point: Point) -> HookPoint {
///     HookPoint { family: Family::Inet, point, priority: priority::RAW }
/// }
///
/// /// All packets that are to be tracked, before they are: one `Hook::HOOKS`.
/// const HOOKS: &[HookPoint] = &[untracked(Point::Prerouting), untracked(Point::LocalOut)];
/// ```
#[doc(alias = "nf_hook_ops")]
#[derive(Clone, Copy, Debug)]
pub struct HookPoint {
    /// The protocols whose packets the hook sees (`nf_hook_ops::pf`).
    #[doc(alias = "nf_hook_ops::pf")]
    pub family: Family,
    /// The point (`nf_hook_ops::hooknum`).
    #[doc(alias = "nf_hook_ops::hooknum")]
    pub point: Point,
    /// The order among the hooks at a point, ascending. [`priority`] has the kernel's own.
    #[doc(alias = "nf_hook_ops::priority")]
    pub priority: i32,
}

/// The priorities of the kernel's own hooks (`enum nf_ip_hook_priorities`).
#[doc(alias = "enum nf_ip_hook_priorities")]
pub mod priority {
    use crate::bindings;

    /// Before fragments are reassembled, where connections are tracked.
    #[doc(alias = "NF_IP_PRI_RAW_BEFORE_DEFRAG")]
    pub const RAW_BEFORE_DEFRAG: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_RAW_BEFORE_DEFRAG;
    /// Before connections are tracked.
    #[doc(alias = "NF_IP_PRI_RAW")]
    pub const RAW: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_RAW;
    /// Where connections are tracked.
    #[doc(alias = "NF_IP_PRI_CONNTRACK")]
    pub const CONNTRACK: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_CONNTRACK;
    /// Where packets are changed.
    #[doc(alias = "NF_IP_PRI_MANGLE")]
    pub const MANGLE: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_MANGLE;
    /// Where packets are filtered.
    #[doc(alias = "NF_IP_PRI_FILTER")]
    pub const FILTER: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_FILTER;
    /// After packets are filtered.
    #[doc(alias = "NF_IP_PRI_SECURITY")]
    pub const SECURITY: i32 = bindings::nf_ip_hook_priorities_NF_IP_PRI_SECURITY;
}

/// A netfilter hook (`nf_hook_ops`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rcu,
///     netfilter::{self, Family, Hook, HookPoint, HookState, Packet, Point, Verdict},
///     skb::DropReason,
/// };
///
/// kernet::slot!(Example: netfilter::Slot);
///
/// /// Drops what is to be forwarded and has a mark.
/// impl Hook for Example {
///     type Module = Example;
///
///     const HOOKS: &'static [HookPoint] = &[HookPoint {
///         family: Family::Inet,
///         point: Point::Forward,
///         priority: netfilter::priority::FILTER,
///     }];
///
///     fn hook<'a>(packet: Packet<'a>, _state: &HookState<'a>, _rcu: Rcu<'a>) -> Verdict<'a> {
///         if packet.mark() == 0 {
///             packet.accept()
///         } else {
///             packet.drop_with(DropReason::NETFILTER_DROP)
///         }
///     }
/// }
/// ```
#[doc(alias = "nf_hook_ops")]
pub trait Hook: HasSlot<Slot> + Send + Sync + 'static {
    /// The module that registers the hook; its state is [`HookState::net`]'s.
    type Module: Declared;

    /// Where the hook is, at most [`MAX_HOOKS`] entries (`nf_hook_ops`).
    #[doc(alias = "nf_hook_ops")]
    const HOOKS: &'static [HookPoint];

    /// Returns the verdict on a packet, whose network header is at `skb->data`.
    ///
    /// Runs on any number of CPUs at a time, and must not sleep.
    #[doc(alias = "nf_hook_ops::hook")]
    fn hook<'a>(packet: Packet<'a>, state: &HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a>;
}

/// The most entries of [`Hook::HOOKS`].
pub const MAX_HOOKS: usize = 8;

/// The invariant lifetime that ties a verdict to its packet.
type Brand<'a> = PhantomData<fn(&'a ()) -> &'a ()>;

/// A packet that a hook decides on.
///
/// # Invariants
///
/// Points to a valid packet, not shared, that is the hook's alone for `'a`.
pub struct Packet<'a>(NonNull<bindings::sk_buff>, Brand<'a>);

/// The verdict on a packet (`nf_hookfn()`). A hook gets one by giving up the [`Packet`].
///
/// # Invariants
///
/// The number is one that [`Hook::hook`] may answer for the packet of `'a`.
#[doc(alias = "nf_hookfn")]
#[must_use]
pub struct Verdict<'a>(u32, Brand<'a>);

impl<'a> Packet<'a> {
    /// # Safety
    ///
    /// For `'a`, the packet is valid, not shared, and the hook's alone.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(skb, PhantomData)
    }

    /// Gives the packet up for the number that `verdict` returns.
    ///
    /// # Safety
    ///
    /// [`Hook::hook`] may answer it for the packet.
    #[inline(always)]
    pub(crate) unsafe fn decide(
        self,
        verdict: impl FnOnce(*mut bindings::sk_buff) -> u32,
    ) -> Verdict<'a> {
        // INVARIANT: By the caller's promise.
        Verdict(verdict(self.0.as_ptr()), PhantomData)
    }

    /// The packet, to be changed within bounds: the layers behind the hook rely on headers and lengths that were
    /// checked before it. [`Self::edit`] keeps those.
    #[inline(always)]
    fn as_mut(&mut self) -> Pin<&mut SkbRef> {
        // SAFETY: The hook's alone, by the type invariants, and borrowed mutably.
        unsafe { SkbRef::from_raw_mut(self.0.as_ptr()) }
    }

    /// The packet, as C has it.
    #[inline(always)]
    pub(crate) fn as_raw(&mut self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Makes the bytes at `offset` linear, and returns a view of them (`pskb_may_pull()`).
    ///
    /// # Errors
    ///
    /// As [`SkbRef::pull_header`].
    #[doc(alias = "pskb_may_pull")]
    #[inline]
    pub fn pull_header<T: Bytes>(&mut self, offset: u32) -> Result<&T, DropReason> {
        self.as_mut().pull_header(offset)
    }

    /// Sets the mark. At [`Point::LocalOut`] the packet has its route already.
    #[doc(alias = "sk_buff::mark")]
    #[inline]
    pub fn set_mark(&mut self, mark: u32) {
        self.as_mut().set_mark(mark);
    }

    /// Accepts the packet: it goes on to the next hook, if there is one.
    #[doc(alias = "NF_ACCEPT")]
    #[inline]
    pub fn accept(self) -> Verdict<'a> {
        // INVARIANT: The packet is there.
        Verdict(bindings::NF_ACCEPT, PhantomData)
    }

    /// Drops the packet with a reason (`NF_DROP_REASON`). A sender on this host gets [`EPERM`].
    #[doc(alias = "NF_DROP_REASON")]
    #[inline]
    pub fn drop_with(self, reason: DropReason) -> Verdict<'a> {
        self.drop_with_error(reason, EPERM)
    }
}

impl Deref for Packet<'_> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        // SAFETY: Valid by the type invariants, and borrowed.
        unsafe { SkbRef::from_raw(self.0.as_ptr()) }
    }
}

/// The point that a packet is at, and its devices.
#[doc(alias = "nf_hook_state")]
pub struct HookState<'a>(&'a bindings::nf_hook_state);

impl Verdict<'_> {
    /// What the core is answered.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> u32 {
        self.0
    }
}

impl<'a> HookState<'a> {
    /// The call, as C has it.
    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *const bindings::nf_hook_state {
        self.0
    }

    /// # Safety
    ///
    /// `state` is the one that the core calls a hook with.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(state: &'a bindings::nf_hook_state) -> Self {
        Self(state)
    }

    /// The namespace.
    #[doc(alias = "nf_hook_state::net")]
    #[inline]
    pub fn net(&self) -> &'a Net {
        // SAFETY: The hook is in the namespace, and taken out a grace period before it is freed.
        unsafe { Net::from_raw(self.0.net) }
    }

    /// The packet's family, never [`Family::Inet`] (`nf_hook_state::pf`).
    #[doc(alias = "nf_hook_state::pf")]
    #[inline]
    pub fn family(&self) -> Family {
        if u32::from(self.0.pf) == bindings::NFPROTO_IPV6 {
            Family::Ipv6
        } else {
            Family::Ipv4
        }
    }

    /// The point that the packet is at (`nf_hook_state::hook`).
    #[doc(alias = "nf_hook_state::hook")]
    #[inline]
    pub fn point(&self) -> Point {
        match u32::from(self.0.hook) {
            bindings::nf_inet_hooks_NF_INET_PRE_ROUTING => Point::Prerouting,
            bindings::nf_inet_hooks_NF_INET_LOCAL_IN => Point::LocalIn,
            bindings::nf_inet_hooks_NF_INET_FORWARD => Point::Forward,
            bindings::nf_inet_hooks_NF_INET_LOCAL_OUT => Point::LocalOut,
            _ => Point::Postrouting,
        }
    }

    /// The device that has received the packet (`nf_hook_state::in`).
    #[doc(alias = "nf_hook_state::in")]
    #[inline]
    pub fn input(&self) -> Option<&'a Device> {
        // SAFETY: Null or a device that is not freed before a grace period has passed.
        (!self.0.in_.is_null()).then(|| unsafe { Device::from_raw(self.0.in_) })
    }

    /// The device that will send the packet (`nf_hook_state::out`).
    #[doc(alias = "nf_hook_state::out")]
    #[inline]
    pub fn output(&self) -> Option<&'a Device> {
        // SAFETY: As above.
        (!self.0.out.is_null()).then(|| unsafe { Device::from_raw(self.0.out) })
    }
}

impl Family {
    const fn as_raw(self) -> u8 {
        (match self {
            Family::Ipv4 => bindings::NFPROTO_IPV4,
            Family::Ipv6 => bindings::NFPROTO_IPV6,
            Family::Inet => bindings::NFPROTO_INET,
        }) as u8
    }
}

impl Point {
    const fn as_raw(self) -> u32 {
        match self {
            Point::Prerouting => bindings::nf_inet_hooks_NF_INET_PRE_ROUTING,
            Point::LocalIn => bindings::nf_inet_hooks_NF_INET_LOCAL_IN,
            Point::Forward => bindings::nf_inet_hooks_NF_INET_FORWARD,
            Point::LocalOut => bindings::nf_inet_hooks_NF_INET_LOCAL_OUT,
            Point::Postrouting => bindings::nf_inet_hooks_NF_INET_POST_ROUTING,
        }
    }
}

/// A static where the callbacks of a registered hook find its entries. [`slot!`](crate::slot!)
/// declares it for a type.
///
/// # Invariants
///
/// Null, or as many places as the hook has, at an address that stays until they are out of all
/// namespaces.
pub struct Slot(Atomic<*mut bindings::nf_hook_ops>);

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Null.
        Self(Atomic::<*mut bindings::nf_hook_ops>::new(ptr::null_mut()))
    }
}

// SAFETY: The pointer is atomic; what it points to only the core changes, under its own lock.
unsafe impl Send for Slot {}
// SAFETY: As above.
unsafe impl Sync for Slot {}

/// The registration of a [`Hook`] in all namespaces (`nf_register_net_hooks()`).
#[doc(alias = "nf_register_net_hooks")]
pub struct Registration<H: Hook> {
    pernet: Opaque<bindings::pernet_operations>,
    places: Opaque<[bindings::nf_hook_ops; MAX_HOOKS]>,
    _hook: PhantomData<H>,
}

// SAFETY: Only the core touches the operations, under its own locks.
unsafe impl<H: Hook> Send for Registration<H> {}
// SAFETY: As above.
unsafe impl<H: Hook> Sync for Registration<H> {}

// SAFETY: `register_pernet_subsys()` registers in all namespaces or in none. `unregister` takes the
// hook out of all of them (`pre_exit`), after which `ops_undo_list()` in
// `net/core/net_namespace.c` calls `synchronize_rcu()`: no hook runs when it returns.
unsafe impl<H: Hook> Part for Registration<H> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            assert!(
                !H::HOOKS.is_empty() && H::HOOKS.len() <= MAX_HOOKS,
                "a hook is at 1 to 8 places"
            );
        }
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        unsafe {
            enlist(
                Opaque::cast_into(&raw const (*slot).pernet),
                Opaque::cast_into(&raw const (*slot).places),
                &Self::DESCRIPTION,
                name,
            )
        }
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).pernet)) };
        H::slot().0.store(ptr::null_mut(), Release);
    }
}

/// What a hook is, for the code that all hooks have in common.
struct Description {
    places: &'static [HookPoint],
    hook: HookFn,
    init: unsafe extern "C" fn(*mut bindings::net) -> c_int,
    pre_exit: unsafe extern "C" fn(*mut bindings::net),
    slot: fn() -> &'static Slot,
}

type HookFn = unsafe extern "C" fn(
    *mut c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> u32;

/// Registers a hook in all namespaces.
///
/// # Safety
///
/// `pernet` and `places` are valid for writes, and stay where they are until `pernet` is
/// unregistered. `what` is that of a [`Registration`], which has at most [`MAX_HOOKS`] places.
#[inline(never)]
unsafe fn enlist(
    pernet: *mut bindings::pernet_operations,
    places: *mut [bindings::nf_hook_ops; MAX_HOOKS],
    what: &Description,
    name: &'static CStr,
) -> Result {
    let places = places.cast::<bindings::nf_hook_ops>();
    for (i, place) in what.places.iter().enumerate() {
        let ops = bindings::nf_hook_ops {
            hook: Some(what.hook),
            pf: place.family.as_raw(),
            hooknum: place.point.as_raw(),
            priority: place.priority,
            ..pin_init::zeroed()
        };
        // SAFETY: There is room for `MAX_HOOKS`, and there are no more.
        unsafe { ptr::write(places.add(i), ops) };
    }
    let operations = bindings::pernet_operations {
        init: Some(what.init),
        pre_exit: Some(what.pre_exit),
        ..pin_init::zeroed()
    };
    // SAFETY: By the caller's promise.
    unsafe { ptr::write(pernet, operations) };
    let slot = &(what.slot)().0;
    // INVARIANT: The places were just filled in, and stay where they are; `unregister` empties the
    // slot when they are out of all namespaces.
    if slot.cmpxchg(ptr::null_mut(), places, Full).is_err() {
        return Err(failed(
            name,
            fmt!("netfilter hook: it is registered already"),
            EBUSY,
        ));
    }
    // SAFETY: The operations stay in place until they are unregistered.
    to_result(unsafe { bindings::register_pernet_subsys(pernet) }).map_err(|e| {
        slot.store(ptr::null_mut(), Release);
        failed(name, fmt!("netfilter hook"), e)
    })
}

impl<H: Hook> Registration<H> {
    const COUNT: u32 = H::HOOKS.len() as u32;

    const DESCRIPTION: Description = Description {
        places: H::HOOKS,
        hook: Self::hook_callback,
        init: Self::init_callback,
        pre_exit: Self::pre_exit_callback,
        slot: H::slot,
    };

    /// # Safety
    ///
    /// Called by the core only, while the hook is registered.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        // SAFETY: The slot is filled before the callbacks are registered, and its places stay until
        // they were unregistered in `pre_exit`.
        unsafe { bindings::nf_register_net_hooks(net, H::slot().0.load(Acquire), Self::COUNT) }
    }

    /// # Safety
    ///
    /// Called by the core only, while the hook is registered.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: Registered by `init`, at the same address.
        unsafe { bindings::nf_unregister_net_hooks(net, H::slot().0.load(Acquire), Self::COUNT) };
    }

    /// # Safety
    ///
    /// Called by the core only, with a packet that is ours until the callback returns.
    unsafe extern "C" fn hook_callback(
        _priv: *mut c_void,
        skb: *mut bindings::sk_buff,
        state: *const bindings::nf_hook_state,
    ) -> u32 {
        // The IP layers unshare packets before the first hook.
        // SAFETY: The core passes a packet.
        let packet = unsafe { Packet::from_raw(NonNull::new_unchecked(skb)) };
        // SAFETY: Valid during the callback. `nf_hook()` holds the RCU read lock.
        let (state, rcu) = unsafe { (HookState::from_raw(&*state), Rcu::assume()) };
        H::hook(packet, &state, rcu).into_raw()
    }
}
