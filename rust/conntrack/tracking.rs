// SPDX-License-Identifier: GPL-2.0

//! Where connections are tracked.

use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque,
    ThisModule, //
};
use kernet::{
    context::Process,
    door::switch::{
        self,
        Switched, //
    },
    module::Part,
    netfilter::Family,
    netns::Net,
    slot::HasSlot, //
};

use crate::bindings;

/// A static where kernet finds a module that needs tracking. [`slot!`](kernet::slot!) declares it
/// for a type.
pub struct Slot(switch::Slot<Tracking>);

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(switch::Slot::new())
    }
}

/// What is on in a namespace.
struct Tracking {
    /// For which protocols tracking is on, by their bits: so many times it has to be switched off.
    families: u8,
}

/// The protocols, with their bits. A kernel without IPv6 does not track it, nor has packets of it.
const PROTOCOLS: &[(u8, u32)] = &[
    (1, bindings::NFPROTO_IPV4),
    #[cfg(CONFIG_IPV6)]
    (2, bindings::NFPROTO_IPV6),
];

const fn bits(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
        Family::Inet => 3,
    }
}

impl Tracking {
    /// Switches tracking on for those of `families` for which it is not.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which conntrack's own state is made and not yet taken away.
    unsafe fn get(&mut self, net: *mut bindings::net, families: u8) -> Result {
        let before = self.families;
        for &(bit, protocol) in PROTOCOLS {
            if families & !self.families & bit == 0 {
                continue;
            }
            // SAFETY: By the caller's promise; may sleep.
            if let Err(e) = to_result(unsafe { bindings::nf_ct_netns_get(net, protocol as u8) }) {
                // SAFETY: As above.
                unsafe { self.put(net, !before) };
                return Err(e);
            }
            self.families |= bit;
        }
        Ok(())
    }

    /// Switches it off for those of `families` for which it is on.
    ///
    /// # Safety
    ///
    /// As [`Self::get`].
    unsafe fn put(&mut self, net: *mut bindings::net, families: u8) {
        for &(bit, protocol) in PROTOCOLS {
            if families & self.families & bit != 0 {
                // SAFETY: By the caller's promise; `families` says that it was switched on once.
                unsafe { bindings::nf_ct_netns_put(net, protocol as u8) };
                self.families &= !bit;
            }
        }
    }
}

impl Switched for Tracking {
    unsafe fn end(&mut self, net: *mut bindings::net) {
        // SAFETY: By the caller's promise: conntrack registered before the part, and so lasts longer.
        unsafe { self.put(net, bits(Family::Inet)) };
    }
}

/// Waits for the packets that are on their way.
fn wait_for_readers() {
    // SAFETY: Both callers hold a mutex: this is process context, and outside of read-side sections.
    unsafe { switch::wait_for_packets() };
}

/// Switches tracking on in a namespace, for the packets of a family (`nf_ct_netns_get()`).
///
/// It stays on until [`disable`] is called, the namespace dies or the module is unloaded. A second
/// call changes nothing. Others may have switched tracking on, or do so later.
///
/// Fragments are reassembled where connections are tracked. It waits for the packets that are on their
/// way: those that go through prerouting or local output when it has returned have been tracked when a hook
/// behind priority -200 sees them. Of what waited somewhere in between meanwhile that is not so: packets that
/// a program puts back (`NFQUEUE`), and multicast packets for which a route is being asked for.
///
/// # Errors
///
/// [`ENODEV`] if the [`Registration`] of `T` is not registered, or the namespace is being made or
/// is dying; [`ENOMEM`], after which tracking is as before, but fragments may be reassembled until somebody has
/// switched it on and off again: `nf_ct_netns_get()` does not undo that.
#[doc(alias = "nf_ct_netns_get")]
pub fn enable<T: HasSlot<Slot>>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    enable_for(T::slot(), net, bits(family))
}

fn enable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    slot.0.with(net, |tracking, net| {
        let before = tracking.families;
        // SAFETY: Alive: conntrack registered before this part, and so lasts longer.
        unsafe { tracking.get(net, families) }?;
        if tracking.families != before {
            // A packet goes from the hook that tracks it to the hook that asks in one read-side section.
            // Under the lock of the namespace, so that it is over for whoever finds that tracking is on.
            wait_for_readers();
        }
        Ok(())
    })
}

/// Undoes [`enable`]: tracking is switched off unless somebody else needs it (`nf_ct_netns_put()`).
///
/// It waits for the packets that are on their way: those of which a hook may still ask, because it has begun
/// before the call, are tracked. Existing connections stay until they time out; their packets are
/// [`CtState::Invalid`] then.
///
/// # Errors
///
/// [`ENODEV`] as for [`enable`]: tracking is off then.
///
/// [`CtState::Invalid`]: crate::CtState::Invalid
#[doc(alias = "nf_ct_netns_put")]
pub fn disable<T: HasSlot<Slot>>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    disable_for(T::slot(), net, bits(family))
}

fn disable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    slot.0.with(net, |tracking, net| {
        if families & tracking.families != 0 {
            // Hooks that began before the call may go by what it was then.
            wait_for_readers();
        }
        // SAFETY: As in `enable_for`.
        unsafe { tracking.put(net, families) };
        Ok(())
    })
}

/// The part of a module that needs tracking (`nf_ct_netns_put()`). It records where [`enable`] has
/// switched tracking on, and switches it off when the module is unloaded. Put it before the parts
/// that call `enable` in [`Parts`](kernet::Module::Parts).
#[doc(alias = "nf_ct_netns_put")]
pub struct Registration<T: HasSlot<Slot>> {
    operations: Opaque<bindings::pernet_operations>,
    _user: PhantomData<T>,
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<T: HasSlot<Slot>> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: HasSlot<Slot>> Sync for Registration<T> {}

// SAFETY: `register_pernet_subsys()` registers in all namespaces or in none. Its callbacks are run by
// `unregister_pernet_subsys()` at last, for each namespace, and tracking is off then: what hooks of
// conntrack still run are not of this module.
unsafe impl<T: HasSlot<Slot> + 'static> Part for Registration<T> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        unsafe {
            T::slot().0.register(
                Opaque::cast_into(&raw const (*slot).operations),
                Self::init_callback,
                Self::pre_exit_callback,
                name,
                "connection tracking",
            )
        }
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe {
            T::slot()
                .0
                .unregister(Opaque::cast_into(&raw const (*slot).operations));
        }
    }
}

impl<T: HasSlot<Slot>> Registration<T> {
    /// # Safety
    ///
    /// Called by the core only, while the part is registered or is being registered.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        // SAFETY: By the caller's promise.
        match unsafe { T::slot().0.begin(net, Tracking { families: 0 }) } {
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
