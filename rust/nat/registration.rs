// SPDX-License-Identifier: GPL-2.0

//! Where NAT is decided on.

use core::{
    marker::PhantomData,
    mem, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque,
    ThisModule, //
};
use kernet::{
    context::Process,
    door::{
        self,
        switch::{
            self,
            Switched, //
        },
    },
    module::Part,
    netfilter::Family,
    netns::Net, //
};

use crate::{
    bindings,
    hook::{
        callback_at,
        Nat,
        MAX_HOOKS, //
    },
};

/// A static where kernet finds what decides on NAT. [`slot!`](kernet::slot!) declares it for a type.
pub struct Slot(switch::Slot<Translation>);

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(switch::Slot::new())
    }
}

/// The core has one table of hooks for each version, and no other that every kernel has:
/// `nf_nat_inet_register_fn()` is there only with nftables. So what is for both is twice in the list.
const MAX_OPS: usize = 2 * MAX_HOOKS;

/// The protocols, with their bits. A kernel without IPv6 has no packets of it.
const PROTOCOLS: &[(u8, u8)] = &[
    (1, bindings::NFPROTO_IPV4 as u8),
    #[cfg(CONFIG_IPV6)]
    (2, bindings::NFPROTO_IPV6 as u8),
];

const fn bits(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
        Family::Inet => 3,
    }
}

/// C's list of what a module decides on. In a constant: it stays where it is for as long as the module.
struct Ops([bindings::nf_hook_ops; MAX_OPS]);

impl Ops {
    /// The list of a module; entries without a hook fill it up.
    const fn of<T: Nat>() -> Self {
        assert!(
            !T::HOOKS.is_empty() && T::HOOKS.len() <= MAX_HOOKS,
            "NAT is decided on at 1 to 8 places"
        );
        // SAFETY: Null pointers and zeros.
        let mut ops: [bindings::nf_hook_ops; MAX_OPS] = unsafe { mem::zeroed() };
        let mut count = 0;
        let mut hooks = T::HOOKS;
        while let [hook, others @ ..] = hooks {
            hooks = others;
            let callback = callback_at::<T>(hook.point);
            assert!(
                callback.is_some(),
                "NAT is decided on before and behind forwarding, not there"
            );
            let mut protocols = PROTOCOLS;
            while let [(bit, pf), others @ ..] = protocols {
                protocols = others;
                if bits(hook.family) & *bit == 0 {
                    continue;
                }
                let place = ops.split_at_mut(count).1.first_mut();
                if let (Some(place), Some((hooknum, callback))) = (place, callback) {
                    place.hook = Some(callback);
                    place.pf = *pf;
                    place.hooknum = hooknum;
                    place.priority = hook.priority;
                    count += 1;
                }
            }
        }
        Self(ops)
    }
}

/// What is on in a namespace.
struct Translation {
    /// The entries for which it is on are those of the protocols in `families`.
    ops: &'static Ops,
    /// For which protocols it is on, by their bits.
    families: u8,
}

// SAFETY: Nobody writes the list; the pointers in it are null, or lead to functions.
unsafe impl Send for Translation {}

impl Translation {
    /// The entries of a protocol.
    fn of(&self, protocol: u8) -> impl Iterator<Item = &'static bindings::nf_hook_ops> {
        let all = self.ops.0.iter();
        all.filter(move |ops| ops.hook.is_some() && ops.pf == protocol)
    }

    /// Takes entries of a protocol out.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which NAT's own state is; the first `count` entries are in.
    unsafe fn take_out(&self, net: *mut bindings::net, protocol: u8, count: usize) {
        for ops in self.of(protocol).take(count) {
            // SAFETY: By the caller's promise: each once.
            unsafe {
                match u32::from(protocol) {
                    #[cfg(CONFIG_IPV6)]
                    bindings::NFPROTO_IPV6 => bindings::nf_nat_ipv6_unregister_fn(net, ops),
                    _ => bindings::nf_nat_ipv4_unregister_fn(net, ops),
                }
            }
        }
    }

    /// Puts all entries of a protocol in, and switches tracking on for it.
    ///
    /// NAT comes first: a connection that is tracked without it is not translated later. Without tracking it does
    /// nothing, as long as no packet has a template: who marks packets for a zone holds tracking on.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which NAT's and conntrack's own state is; no entry is in.
    unsafe fn put_in(&self, net: *mut bindings::net, protocol: u8) -> Result {
        let mut count = 0;
        let mut result = Ok(());
        for ops in self.of(protocol) {
            // SAFETY: By the caller's promise. The entry stays as it is until it is taken out, and its callback for
            // a grace period longer: see `Registration`.
            result = to_result(unsafe {
                match u32::from(protocol) {
                    #[cfg(CONFIG_IPV6)]
                    bindings::NFPROTO_IPV6 => bindings::nf_nat_ipv6_register_fn(net, ops),
                    _ => bindings::nf_nat_ipv4_register_fn(net, ops),
                }
            });
            if result.is_err() {
                break;
            }
            count += 1;
        }
        // SAFETY: By the caller's promise; may sleep.
        let result =
            result.and_then(|()| to_result(unsafe { bindings::nf_ct_netns_get(net, protocol) }));
        if result.is_err() {
            // SAFETY: So many were put in.
            unsafe { self.take_out(net, protocol, count) };
        }
        result
    }

    /// Switches it on for those of `families` for which it is not and something is decided on.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which NAT's and conntrack's own state is.
    unsafe fn on(&mut self, net: *mut bindings::net, families: u8) -> Result {
        let before = self.families;
        for &(bit, protocol) in PROTOCOLS {
            if families & !self.families & bit == 0 || self.of(protocol).next().is_none() {
                continue;
            }
            // SAFETY: By the caller's promise; none is in, as `families` says.
            if let Err(error) = unsafe { self.put_in(net, protocol) } {
                // SAFETY: As above.
                unsafe { self.off(net, !before, || ()) };
                return Err(error);
            }
            self.families |= bit;
        }
        Ok(())
    }

    /// Switches it off for those of `families` for which it is on: first what decides, then, after `wait`, tracking.
    ///
    /// # Safety
    ///
    /// As [`Self::on`].
    unsafe fn off(&mut self, net: *mut bindings::net, families: u8, wait: impl FnOnce()) {
        let families = families & self.families;
        if families == 0 {
            return;
        }
        let protocols = PROTOCOLS.iter().filter(|(bit, _)| families & bit != 0);
        for &(_, protocol) in protocols.clone() {
            // SAFETY: By the caller's promise; all are in, as `families` says.
            unsafe { self.take_out(net, protocol, MAX_OPS) };
        }
        wait();
        for &(bit, protocol) in protocols {
            // SAFETY: By the caller's promise; it was switched on once.
            unsafe { bindings::nf_ct_netns_put(net, protocol) };
            self.families &= !bit;
        }
    }
}

impl Switched for Translation {
    unsafe fn end(&mut self, net: *mut bindings::net) {
        // SAFETY: By the caller's promise: NAT and conntrack registered before the part, and so last longer.
        unsafe { self.off(net, bits(Family::Inet), || ()) };
    }
}

/// Waits for the packets that are on their way. Called with a namespace's mutex held.
fn wait_for_packets() {
    // SAFETY: `enable` and `disable` were called in a task that may sleep, as their token says, which nobody has in a
    // read-side section; the mutex does not change that.
    unsafe { switch::wait_for_packets() };
}

/// Switches NAT on in a namespace, for the packets of a family, and connection tracking with it
/// (`nf_nat_ipv4_register_fn()`, `nf_nat_ipv6_register_fn()`, `nf_ct_netns_get()`).
///
/// It stays on until [`disable`] is called, the namespace dies or the module is unloaded. A second call changes
/// nothing. It waits for the packets that are on their way.
///
/// Connections that were opened before stay as they are, for as long as they last: who wants them translated, too,
/// ends them (`conntrack -D`).
///
/// # Errors
///
/// [`ENODEV`] if the [`Registration`] of `T` is not registered, or the namespace is being made or is dying;
/// [`ENOMEM`], after which it is as before, but fragments may be reassembled until somebody has switched tracking on
/// and off again: `nf_ct_netns_get()` does not undo that; `E2BIG` if more than a thousand decide at a point.
#[doc(alias = "nf_nat_ipv4_register_fn")]
#[doc(alias = "nf_nat_ipv6_register_fn")]
#[doc(alias = "nf_ct_netns_get")]
pub fn enable<T: Nat>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    enable_for(T::slot(), net, bits(family))
}

fn enable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    slot.0.with(net, |translation, net| {
        let before = translation.families;
        // SAFETY: Alive: NAT and conntrack registered before this part, and so last longer.
        unsafe { translation.on(net, families) }?;
        if translation.families != before {
            wait_for_packets();
        }
        Ok(())
    })
}

/// Undoes [`enable`]: no connection is translated by `T` any more (`nf_nat_ipv4_unregister_fn()`,
/// `nf_nat_ipv6_unregister_fn()`, `nf_ct_netns_put()`).
///
/// When it returns, `T` is not asked any more. Connections that were translated stay translated for as long as
/// somebody else decides on NAT of the same protocol in the namespace; then their packets pass as they are. The
/// connections themselves stay until they time out.
///
/// # Errors
///
/// [`ENODEV`] as for [`enable`]: it is off then.
#[doc(alias = "nf_nat_ipv4_unregister_fn")]
#[doc(alias = "nf_nat_ipv6_unregister_fn")]
#[doc(alias = "nf_ct_netns_put")]
pub fn disable<T: Nat>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    disable_for(T::slot(), net, bits(family))
}

fn disable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    slot.0.with(net, |translation, net| {
        // SAFETY: As in `enable_for`. Tracking lasts for a grace period longer: what NAT sees of packets on their way
        // is tracked.
        unsafe { translation.off(net, families, wait_for_packets) };
        Ok(())
    })
}

/// The registration of a [`Nat`], which decides in the namespaces where NAT is [switched on](enable)
/// (`nf_nat_ipv4_register_fn()`, `nf_nat_ipv6_register_fn()`).
///
/// With it, the kernel watches devices and addresses for [masqueraded](crate::Opening::masquerade) connections.
#[doc(alias = "nf_nat_ipv4_register_fn")]
#[doc(alias = "nf_nat_ipv6_register_fn")]
#[doc(alias = "nf_nat_masquerade_inet_register_notifiers")]
pub struct Registration<T: Nat> {
    operations: Opaque<bindings::pernet_operations>,
    _nat: PhantomData<T>,
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<T: Nat> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: Nat> Sync for Registration<T> {}

// SAFETY: `Slot::register` registers in all namespaces or in none. `unregister` takes the callbacks out of all of
// them (`pre_exit`), after which `ops_undo_list()` in `net/core/net_namespace.c` calls `synchronize_rcu()`: NAT's core
// looks them up, and calls them, in the read-side section of its own hook. The list that they are in is the module's,
// and nobody refers to it then. The notifiers are code of `nf_nat`, and so is what they queue.
unsafe impl<T: Nat> Part for Registration<T> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        watch(name)?;
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        unsafe {
            T::slot().0.register(
                Opaque::cast_into(&raw const (*slot).operations),
                Self::init_callback,
                Self::pre_exit_callback,
                name,
                "NAT",
            )
        }
        .inspect_err(|_| unwatch())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe {
            T::slot()
                .0
                .unregister(Opaque::cast_into(&raw const (*slot).operations));
        }
        unwatch();
    }
}

impl<T: Nat> Registration<T> {
    const OPS: &'static Ops = &Ops::of::<T>();

    /// # Safety
    ///
    /// Called by the core only, while the part is registered or is being registered.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        let off = Translation {
            ops: Self::OPS,
            families: 0,
        };
        // SAFETY: By the caller's promise.
        match unsafe { T::slot().0.begin(net, off) } {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the core only, once after `init_callback` has succeeded.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: As above.
        unsafe { T::slot().0.end(net) };
    }
}

/// Has the kernel end masqueraded connections whose device or address goes. It counts who wants that.
fn watch(name: &'static CStr) -> Result {
    #[cfg(CONFIG_NF_NAT_MASQUERADE)]
    // SAFETY: A part is registered in process context, without RTNL.
    to_result(unsafe { bindings::nf_nat_masquerade_inet_register_notifiers() })
        .map_err(|error| door::failed(name, fmt!("NAT: devices and addresses"), error))?;
    #[cfg(not(CONFIG_NF_NAT_MASQUERADE))]
    let _ = name;
    Ok(())
}

/// Undoes [`watch`].
fn unwatch() {
    #[cfg(CONFIG_NF_NAT_MASQUERADE)]
    // SAFETY: As above; it was registered.
    unsafe {
        bindings::nf_nat_masquerade_inet_unregister_notifiers();
    }
}
