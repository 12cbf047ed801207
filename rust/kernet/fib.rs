// SPDX-License-Identifier: GPL-2.0

//! Routes for forwarding: the forwarding information bases of IPv4 and IPv6.
//!
//! C headers: [`include/net/fib_notifier.h`](srctree/include/net/fib_notifier.h),
//! [`include/net/ip_fib.h`](srctree/include/net/ip_fib.h),
//! [`include/net/ip6_fib.h`](srctree/include/net/ip6_fib.h)
//!
//! This is the view of a switch that forwards in hardware: of the routes of one table to one
//! destination, only the first one is reported, by type of service and metric. When it is deleted,
//! the next one is reported in its place. Rules and multicast routes are not reported.

use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    error::to_result,
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
    context::{
        Process,
        Rcu, //
    },
    module::{
        failed,
        Part, //
    },
    netns::Net,
    slot::HasSlot, //
};

mod route;
mod walk;

pub use route::{
    Nexthop,
    Nexthops,
    Route, //
};

/// A change of the first route to a destination (`enum fib_event_type`).
#[doc(alias = "enum fib_event_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// This route is now the first one, whether or not there was another before
    /// (`FIB_EVENT_ENTRY_REPLACE`). A multipath route that gains or loses a next hop is reported as
    /// a whole.
    #[doc(alias = "FIB_EVENT_ENTRY_REPLACE")]
    #[doc(alias = "FIB_EVENT_ENTRY_APPEND")]
    Replaced,
    /// This route was the first one, and there is no other (`FIB_EVENT_ENTRY_DEL`).
    #[doc(alias = "FIB_EVENT_ENTRY_DEL")]
    Deleted,
}

/// A notifier of the routes in all namespaces.
///
/// # Examples
///
/// ```
/// use kernet::{context::Rcu, fib::{Event, Notifier, Route, Slot}, netns::Net};
///
/// kernet::slot!(Example: Slot);
///
/// impl Notifier for Example {
///     fn event(event: Event, route: &Route<'_>, _net: &Net, _rcu: Rcu<'_>) {
///         if event == Event::Deleted {
///             pr_info!("no route in table {}\n", route.table());
///         }
///     }
/// }
/// ```
#[doc(alias = "fib_notifier")]
pub trait Notifier: HasSlot<Slot> + Send + Sync + 'static {
    /// Reports a change of a route (`notifier_block::notifier_call`).
    ///
    /// When the module is loaded, each existing route is reported as [`Event::Replaced`], some
    /// several times if routes change meanwhile. Routes of a namespace that dies may be reported
    /// too; [`Net::state`] is `None` then.
    #[doc(alias = "notifier_block::notifier_call")]
    fn event(event: Event, route: &Route<'_>, net: &Net, rcu: Rcu<'_>);

    /// Notifies that from now on each change of a route in `net` is reported.
    ///
    /// Called only for a namespace whose routes kept changing while the module was loaded: the core
    /// refuses to register a notifier then. All routes of the namespace have been reported since,
    /// but not the changes before.
    fn resumed(_net: &Net, _process: Process<'_>) {}
}

/// A static where kernet finds the registration of a [`Notifier`] in each namespace.
/// [`slot!`](crate::slot!) declares it for a type.
pub struct Slot {
    /// [`FREE`], [`CHANGING`] or [`LIVE`].
    phase: Atomic<u32>,
    id: Opaque<u32>,
}

/// Nobody is registered.
const FREE: u32 = 0;
/// Somebody is being registered or unregistered.
const CHANGING: u32 = 1;
/// Somebody is registered in all namespaces.
const LIVE: u32 = 2;

// SAFETY: The number is written by the core when who has taken the slot registers, before any reader
// exists, and read only after.
unsafe impl Sync for Slot {}

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            phase: Atomic::<u32>::new(FREE),
            id: Opaque::new(0),
        }
    }
}

/// What the core allocates in each namespace, zeroed.
struct Registered {
    block: MaybeUninit<bindings::notifier_block>,
    net: *mut bindings::net,
    /// Whether the block is in the chain.
    told: Atomic<u32>,
    /// Tries again where routes change without a pause.
    retry: MaybeUninit<bindings::delayed_work>,
    /// When, in jiffies from the last time. Used by `retry` alone, once that is queued.
    pause: usize,
}

/// The registration of a [`Notifier`] in all namespaces (`register_fib_notifier()`).
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
// and calls are made in a read-side section. A namespace that dies before that is gone when
// `unregister_pernet_subsys()` has the lock under which it dies.
unsafe impl<N: Notifier> Part for Registration<N> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        if N::slot().phase.cmpxchg(FREE, CHANGING, Full).is_err() {
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
        let registered = if result.is_ok() { LIVE } else { FREE };
        N::slot().phase.store(registered, Release);
        result.map_err(|e| failed(name, fmt!("FIB notifier"), e))
    }

    unsafe fn unregister(slot: *mut Self) {
        N::slot().phase.store(CHANGING, Release);
        // A grace period for each namespace, one after the other, under the lock that making one
        // takes: short ones.
        // SAFETY: Taken back below.
        unsafe { bindings::rcu_expedite_gp() };
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).pernet)) };
        // SAFETY: Asked for above.
        unsafe { bindings::rcu_unexpedite_gp() };
        N::slot().phase.store(FREE, Release);
    }
}

impl<N: Notifier> Registration<N> {
    /// The first pause before the core is asked again, in jiffies, and the longest.
    const PAUSES: (usize, usize) = (bindings::HZ as usize / 10, bindings::HZ as usize * 10);

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
            (*this).pause = Self::PAUSES.0;
            (*this).block.write(block);
            bindings::init_delayed_work((*this).retry.as_mut_ptr(), Some(Self::retry_callback));
            match Self::ask(this) {
                Ok(()) => 0,
                // Who changes routes without a pause keeps nobody from loading a module.
                Err(e) if e == EBUSY => {
                    Self::ask_later(this);
                    0
                }
                Err(e) => e.to_errno(),
            }
        }
    }

    /// Shows the notifier the routes there are and registers it, if they do not change meanwhile.
    ///
    /// # Safety
    ///
    /// `this` is that of a namespace in which the notifier is not registered; nobody else asks.
    unsafe fn ask(this: *mut Registered) -> Result {
        // SAFETY: By the caller's promise. The block stays until after `pre_exit`.
        unsafe {
            let block = (*this).block.as_mut_ptr();
            to_result(bindings::register_fib_notifier(
                (*this).net,
                block,
                None,
                ptr::null_mut(),
            ))?;
            (*this).told.store(1, Release);
        }
        Ok(())
    }

    /// # Safety
    ///
    /// `this` is that of a namespace, with `retry` initialised and not queued.
    unsafe fn ask_later(this: *mut Registered) {
        // SAFETY: By the caller's promise; `pre_exit` waits for it.
        unsafe {
            bindings::queue_delayed_work_unbound((*this).retry.as_mut_ptr(), (*this).pause);
            (*this).pause = (*this).pause.saturating_mul(2).min(Self::PAUSES.1);
        }
    }

    /// # Safety
    ///
    /// Called by the work queue, with the work of a `Registered`.
    unsafe extern "C" fn retry_callback(work: *mut bindings::work_struct) {
        // SAFETY: The work is the first field of the delayed one, that a field of this, which
        // `pre_exit` keeps until this has returned.
        unsafe {
            let this = work
                .byte_sub(core::mem::offset_of!(Registered, retry))
                .cast::<Registered>();
            if Self::ask(this).is_err() {
                return Self::ask_later(this);
            }
            // Work may sleep, and the module that waits for it runs.
            N::resumed(Net::from_raw((*this).net), Process::assume());
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: `init` has succeeded for this namespace.
        let this = unsafe { Self::registered(net) };
        // SAFETY: As above. No work is queued when this returns, nor will be.
        unsafe { bindings::cancel_delayed_work_sync((*this).retry.as_mut_ptr()) };
        // A namespace that dies takes its chain with it: nobody calls when all that has routes there
        // has gone (`exit`), before what the core has allocated for anybody is freed. To unregister
        // would cost a grace period for each. `unregister` waits until those are gone.
        if N::slot().phase.load(Acquire) == LIVE {
            return;
        }
        // SAFETY: As above.
        unsafe {
            if (*this).told.load(Acquire) != 0 {
                bindings::unregister_fib_notifier(net, (*this).block.as_mut_ptr());
            }
        }
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
