// SPDX-License-Identifier: GPL-2.0

//! What a wing switches on and off in single namespaces, for the modules that use it.
//!
//! A module asks for it in a namespace that it has a reference to or that it is being called for, at any
//! time, from any task. It goes off when the namespace dies or the part is unregistered, whichever comes
//! first.

use core::{
    marker::PhantomData,
    mem,
    ptr, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        ArcBorrow,
        Mutex, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    error::to_result,
    module::failed,
    netns::Net, //
};

// Held to look up and to change what is in a slot or in a `PerNet`, and never while something is switched: that
// may take as long as the connections of a namespace are many, and others make and end namespaces meanwhile.
kernel::sync::global_lock! {
    // SAFETY: Initialised when `kernet.ko` is loaded, before the modules that use it.
    unsafe(uninit) static SWITCH: Mutex<()> = ();
}

/// # Safety
///
/// Called once, before anything else of this file.
pub(crate) unsafe fn init() {
    // SAFETY: By the caller's promise.
    unsafe { SWITCH.init() };
}

/// What is on in a namespace.
pub trait Switched: Send + Unpin + 'static {
    /// Switches off all that is on: the namespace dies, or the part is unregistered.
    ///
    /// # Safety
    ///
    /// `net` is the namespace that it was made for. The state of all that was registered before the part is
    /// still there.
    unsafe fn end(&mut self, net: *mut bindings::net);
}

/// Where a wing finds a part that has something on in namespaces. In a static.
///
/// # Invariants
///
/// `state` is written under `SWITCH`. It is `FREE`, `BUSY` while the part is being registered or
/// unregistered, or else the core's number, by which each namespace that is alive and complete
/// has a [`PerNet<S>`].
pub struct Slot<S> {
    /// The core's.
    number: Opaque<u32>,
    state: Atomic<u32>,
    _state: PhantomData<fn() -> S>,
}

const FREE: u32 = 0;
const BUSY: u32 = u32::MAX;

// SAFETY: The core writes the number while the part is being registered; only its callbacks read it.
unsafe impl<S> Sync for Slot<S> {}

/// What the core allocates in each namespace, zeroed. Used under `SWITCH`.
///
/// # Invariants
///
/// `state` is null, in a namespace that is being made or is dying, or of [`Arc::into_raw`].
struct PerNet<S> {
    state: *const Mutex<State<S>>,
}

/// What a namespace has. Its lock is held while something is switched in it, and nobody takes `SWITCH` then.
struct State<S> {
    /// It is neither dying, nor is the part being unregistered.
    alive: bool,
    on: S,
}

impl<S: Switched> Slot<S> {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Free.
        Self {
            number: Opaque::new(0),
            state: Atomic::<u32>::new(FREE),
            _state: PhantomData,
        }
    }

    /// Runs `f` on what is on in a namespace that is alive and complete. It stays so until `f` has returned.
    ///
    /// May sleep. Waits for others that switch in this namespace alone.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if the part is not registered, or the namespace is being made or is dying; those of `f`.
    pub fn with(
        &'static self,
        net: &Net,
        f: impl FnOnce(&mut S, *mut bindings::net) -> Result,
    ) -> Result {
        let state = self.find(net)?;
        let mut guard = state.lock();
        if !guard.alive {
            return Err(ENODEV);
        }
        f(&mut guard.on, net.as_raw())
    }

    /// What there is in a namespace that is alive and complete.
    fn find(&'static self, net: &Net) -> Result<Arc<Mutex<State<S>>>> {
        let _guard = SWITCH.lock();
        let number = self.state.load(Relaxed);
        if number == FREE || number == BUSY {
            return Err(ENODEV);
        }
        // Without a reference left, it may have got beyond what waits for `SWITCH`.
        // SAFETY: Valid while it is borrowed.
        if unsafe { bindings::check_net(net.as_raw()) } == 0 {
            return Err(ENODEV);
        }
        // SAFETY: As above. Checked against the length of the table, which is too short, or holds null, in
        // a namespace that has not come to this part yet.
        let per_net = unsafe { bindings::net_generic_or_null(net.as_raw(), number) };
        // SAFETY: Null, or the core allocated it for a `PerNet`, by the type invariants, and frees it after
        // `pre_exit`, which waits for `SWITCH`: of a namespace to which there were references a moment ago
        // and of a part that is registered, that is not over.
        let per_net = unsafe { per_net.cast::<PerNet<S>>().as_ref() }.ok_or(ENODEV)?;
        if per_net.state.is_null() {
            return Err(ENODEV);
        }
        // SAFETY: Of `Arc::into_raw`, by the type invariants; whoever takes it out waits for `SWITCH`.
        Ok(unsafe { ArcBorrow::from_raw(per_net.state) }.into())
    }

    /// What the core has allocated in a namespace.
    ///
    /// # Safety
    ///
    /// The core has allocated a `PerNet<S>` by the slot's number in `net`, and does not free it while the result
    /// is used, which is under `SWITCH`.
    unsafe fn per_net<'a>(&'static self, net: *mut bindings::net) -> &'a mut PerNet<S> {
        // SAFETY: By the caller's promise. The number is written before the first namespace has a `PerNet`.
        unsafe { &mut *bindings::net_generic_or_null(net, *self.number.get()).cast::<PerNet<S>>() }
    }

    /// A namespace has been made, in which `on` is what is on: nothing.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    ///
    /// # Safety
    ///
    /// Called in the `init` that [`Self::register`] was given, for its namespace.
    #[inline(never)]
    pub unsafe fn begin(&'static self, net: *mut bindings::net, on: S) -> Result {
        let state = Arc::pin_init(new_mutex!(State { alive: true, on }), GFP_KERNEL_ACCOUNT)?;
        let _guard = SWITCH.lock();
        // INVARIANT: Of `Arc::into_raw`.
        // SAFETY: By the caller's promise: the core has just allocated it.
        unsafe { self.per_net(net) }.state = Arc::into_raw(state);
        Ok(())
    }

    /// A namespace dies, or the part is unregistered: all is switched off in it.
    ///
    /// Waits for who switches in this namespace; nobody does from then on.
    ///
    /// # Safety
    ///
    /// Called in the `pre_exit` that [`Self::register`] was given, for its namespace: after [`Self::begin`] has
    /// succeeded, once.
    #[inline(never)]
    pub unsafe fn end(&'static self, net: *mut bindings::net) {
        let state = {
            let _guard = SWITCH.lock();
            // INVARIANT: Null: nobody finds it any more.
            // SAFETY: By the caller's promise; freed later.
            mem::replace(unsafe { &mut self.per_net(net).state }, ptr::null())
        };
        // SAFETY: Of `Arc::into_raw`, in `begin`, and taken out once.
        let state = unsafe { Arc::from_raw(state) };
        let mut guard = state.lock();
        // Others may have found it before.
        guard.alive = false;
        // SAFETY: By the caller's promise: what was registered before ends later.
        unsafe { guard.on.end(net) };
    }

    /// Registers the part in all namespaces, or in none.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if it is registered already; those of `init`. The log says what, of which module.
    ///
    /// # Safety
    ///
    /// `operations` is valid for writes, and stays where it is until it is unregistered. The callbacks
    /// call [`Self::begin`] and [`Self::end`] of this slot.
    #[inline(never)]
    pub unsafe fn register(
        &'static self,
        operations: *mut bindings::pernet_operations,
        init: InitFn,
        pre_exit: ExitFn,
        name: &'static CStr,
        what: &str,
    ) -> Result {
        {
            let _guard = SWITCH.lock();
            if self.state.load(Relaxed) != FREE {
                return Err(failed(
                    name,
                    format_args!("{what}: it is registered already"),
                    EBUSY,
                ));
            }
            // INVARIANT: It is being registered.
            self.state.store(BUSY, Relaxed);
        }
        let contents = bindings::pernet_operations {
            init: Some(init),
            pre_exit: Some(pre_exit),
            id: self.number.get(),
            size: size_of::<PerNet<S>>(),
            ..pin_init::zeroed()
        };
        // SAFETY: By the caller's promise.
        unsafe { ptr::write(operations, contents) };
        // SAFETY: The operations stay in place until they are unregistered; the slot is busy, so that
        // nobody else has its number changed.
        let result = to_result(unsafe { bindings::register_pernet_subsys(operations) });
        let _guard = SWITCH.lock();
        // INVARIANT: Registered, by the number that the core has written; or not, and free.
        // SAFETY: As above.
        let state = result.map_or(FREE, |()| unsafe { *self.number.get() });
        self.state.store(state, Relaxed);
        result.map_err(|e| failed(name, format_args!("{what}"), e))
    }

    /// Unregisters the part: all is off in all namespaces when it returns, and a grace period has passed after
    /// that.
    ///
    /// # Safety
    ///
    /// [`Self::register`] was called with these operations and has succeeded.
    #[inline(never)]
    pub unsafe fn unregister(&'static self, operations: *mut bindings::pernet_operations) {
        {
            let _guard = SWITCH.lock();
            // INVARIANT: It is being unregistered.
            self.state.store(BUSY, Relaxed);
        }
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(operations) };
        let _guard = SWITCH.lock();
        // INVARIANT: It is not registered.
        self.state.store(FREE, Relaxed);
    }
}

/// What begins in a namespace (`pernet_operations::init`).
pub type InitFn = unsafe extern "C" fn(*mut bindings::net) -> c_int;
/// What ends in a namespace (`pernet_operations::pre_exit`).
pub type ExitFn = unsafe extern "C" fn(*mut bindings::net);

/// Waits for the packets that are on their way (`synchronize_rcu()`).
///
/// # Safety
///
/// In process context, outside of read-side sections.
pub unsafe fn wait_for_packets() {
    // SAFETY: By the caller's promise.
    unsafe { bindings::synchronize_rcu() };
}
