// SPDX-License-Identifier: GPL-2.0

//! Routes, as they forward: the forwarding information bases of IPv4 and IPv6.
//!
//! C headers: [`include/net/fib_notifier.h`](srctree/include/net/fib_notifier.h),
//! [`include/net/ip_fib.h`](srctree/include/net/ip_fib.h),
//! [`include/net/ip6_fib.h`](srctree/include/net/ip6_fib.h)
//!
//! This is the view that a switch which forwards in hardware has: of the routes of one table to one
//! destination, the one that comes first, by type of service and metric. When that goes, the next
//! is told in its place. Rules and multicast routing are not told.

use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Release, //
    },
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::{
        rcu_section,
        Rcu,
        Rtnl, //
    },
    module::{
        failed,
        Part, //
    },
    netns::Net,
    slot::HasSlot, //
};

mod route;

pub use route::{
    Nexthop,
    Nexthops,
    Route, //
};

/// What has happened to the first route to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is this one from now on, whether there was one before or not. A multipath route that
    /// gains or loses a next hop is told whole.
    #[doc(alias = "FIB_EVENT_ENTRY_REPLACE")]
    #[doc(alias = "FIB_EVENT_ENTRY_APPEND")]
    Replaced,
    /// There is none any more. This was it.
    #[doc(alias = "FIB_EVENT_ENTRY_DEL")]
    Deleted,
}

/// Somebody who is told of the routes of all namespaces.
#[doc(alias = "fib_notifier")]
pub trait Notifier: HasSlot<Slot> + Send + Sync + 'static {
    /// Something has happened to a route.
    ///
    /// When the module is loaded it is told [`Event::Replaced`] of the routes there are, of some
    /// several times if routes change meanwhile.
    fn event(event: Event, route: &Route<'_>, net: &Net, rcu: Rcu<'_>);
}

/// Where the registration of a [`Notifier`] is found in a namespace, while it is registered. A type
/// gets its own by [`slot!`](crate::slot!).
pub struct Slot {
    taken: Atomic<u32>,
    id: Opaque<u32>,
}

// SAFETY: The number is written by the core when who has taken the slot registers, before any reader
// exists, and read only after.
unsafe impl Sync for Slot {}

impl Slot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            taken: Atomic::<u32>::new(0),
            id: Opaque::new(0),
        }
    }
}

/// What the core allocates in each namespace, zeroed.
struct Registered {
    block: MaybeUninit<bindings::notifier_block>,
    net: *mut bindings::net,
}

/// The registration of a notifier in all namespaces.
#[doc(alias = "register_fib_notifier")]
pub struct Registration<N: Notifier> {
    pernet: Opaque<bindings::pernet_operations>,
    _notifier: PhantomData<N>,
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<N: Notifier> Send for Registration<N> {}
// SAFETY: As above.
unsafe impl<N: Notifier> Sync for Registration<N> {}

// SAFETY: `register_pernet_subsys()` registers in all namespaces or in none. `unregister` takes the
// notifier out of all of them (`pre_exit`); `unregister_fib_notifier()` waits for a grace period,
// and calls are made in a read-side section.
unsafe impl<N: Notifier> Part for Registration<N> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        if N::slot().taken.cmpxchg(0, 1, Full).is_err() {
            return Err(failed(
                name,
                fmt!("FIB notifier: it is registered already"),
                EBUSY,
            ));
        }
        let ops = bindings::pernet_operations {
            init: Some(Self::init_callback),
            pre_exit: Some(Self::pre_exit_callback),
            id: N::slot().id.get(),
            size: size_of::<Registered>(),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered; the
        // callbacks are made for what `id` and `size` make the core allocate.
        let result = to_result(unsafe {
            let field = Opaque::cast_into(&raw const (*slot).pernet);
            ptr::write(field, ops);
            bindings::register_pernet_subsys(field)
        });
        if result.is_err() {
            N::slot().taken.store(0, Release);
        }
        result.map_err(|e| failed(name, fmt!("FIB notifier"), e))
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).pernet)) };
        N::slot().taken.store(0, Release);
    }
}

impl<N: Notifier> Registration<N> {
    /// How often the core is asked, which itself tries five times, while routes change.
    const TRIES: usize = 20;

    /// # Safety
    ///
    /// Called by the core with a namespace for which it has allocated a `Registered`.
    unsafe fn registered(net: *mut bindings::net) -> *mut Registered {
        // SAFETY: By the caller's promise. The number is set when the core calls.
        unsafe { bindings::net_generic(net, *N::slot().id.get()).cast() }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        let block = bindings::notifier_block {
            notifier_call: Some(Self::call),
            ..pin_init::zeroed()
        };
        // SAFETY: The core has just allocated it, and keeps it until after `pre_exit`.
        unsafe {
            let this = Self::registered(net);
            (*this).net = net;
            let block = (*this).block.write(block);
            let mut error = 0;
            for _ in 0..Self::TRIES {
                error = bindings::register_fib_notifier(net, block, None, ptr::null_mut());
                if error != EBUSY.to_errno() {
                    break;
                }
            }
            error
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: `init` has succeeded for this namespace.
        unsafe {
            bindings::unregister_fib_notifier(net, (*Self::registered(net)).block.as_mut_ptr())
        };
    }

    /// # Safety
    ///
    /// Called by the chain, with the block of a `Registered` and a `struct fib_notifier_info`.
    unsafe extern "C" fn call(
        block: *mut bindings::notifier_block,
        event: usize,
        info: *mut c_void,
    ) -> c_int {
        // SAFETY: The block is the first field. The namespace outlives the registration; the chain
        // calls in a read-side section, as does who tells of the routes there are.
        let (net, rcu) = unsafe {
            let this = block
                .byte_sub(core::mem::offset_of!(Registered, block))
                .cast::<Registered>();
            (Net::from_raw((*this).net), Rcu::assume())
        };
        // SAFETY: By the caller's promise.
        if let Some((event, route)) = unsafe { route::told(event, info) } {
            N::event(event, &route, net, rcu);
        }
        bindings::NOTIFY_DONE as c_int
    }
}

impl Net {
    /// Shows the first route to each destination of each table to `each`, which must not sleep.
    ///
    /// Under RTNL IPv4's do not change. IPv6's tables are each locked while their routes are shown.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]; [`ENODEV`] when the namespace is dying.
    #[doc(alias = "fib_dump")]
    pub fn for_each_route<F: FnMut(&Route<'_>) + Send>(&self, _rtnl: Rtnl<'_>, each: F) -> Result {
        #[repr(C)]
        struct Walk<F> {
            block: bindings::notifier_block,
            each: F,
        }

        /// # Safety
        ///
        /// Called with the block of a walk and a `struct fib_notifier_info`.
        unsafe extern "C" fn shown<F: FnMut(&Route<'_>)>(
            block: *mut bindings::notifier_block,
            event: usize,
            info: *mut c_void,
        ) -> c_int {
            // SAFETY: By the caller's promise; the block is the first field.
            unsafe {
                if let Some((_, route)) = route::told(event, info) {
                    ((*block.cast::<Walk<F>>()).each)(&route);
                }
            }
            bindings::NOTIFY_DONE as c_int
        }

        // With a reference to the namespace what routes it has stays.
        let net = self.get().ok_or(ENODEV)?;
        let mut walk = Walk {
            block: bindings::notifier_block {
                notifier_call: Some(shown::<F>),
                ..pin_init::zeroed()
            },
            each,
        };
        // SAFETY: The namespace is alive: its operations are set or, without IPv6, null.
        let families = unsafe {
            [
                (*net.as_raw()).ipv4.notifier_ops,
                (*net.as_raw()).ipv6.notifier_ops,
            ]
        };
        for ops in families {
            // SAFETY: As above.
            let Some(dump) = (unsafe { ops.as_ref() }).and_then(|ops| ops.fib_dump) else {
                continue;
            };
            // SAFETY: In a read-side section, as `register_fib_notifier()` calls it. The block is
            // called in this task, and not kept.
            to_result(rcu_section(|_| unsafe {
                dump(net.as_raw(), (&raw mut walk).cast(), ptr::null_mut())
            }))?;
        }
        Ok(())
    }
}
