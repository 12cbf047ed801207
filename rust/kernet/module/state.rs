// SPDX-License-Identifier: GPL-2.0

//! The state of a module as a whole: one value, found without a namespace.
//!
//! What C keeps in variables that `module_init()` fills. The value is made when the module is loaded, before
//! its state in namespaces and before its parts, and dropped after them. A reference is valid for as long as
//! the token by which it is found: when the value is dropped, all callbacks have ended, and a grace period has
//! passed in which it could not be found.

use core::marker::PhantomData;
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

use super::{
    failed,
    Part, //
};
use crate::{
    bindings,
    context::{
        Context,
        Process, //
    },
    error::init_in_place,
    slot::HasSlot, //
};

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state of a module",
    note = "`impl kernet::module::state::ModuleState for {Self}`, and `kernet::slot!({Self}: state::Slot<{Self}>);`"
)]
/// The state of a module as a whole (`module_init()`). It has a static of its own: `slot!(Type:
/// state::Slot<Type>);`.
///
/// # Examples
///
/// ```
/// use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use kernet::{
///     context::{Process, Softirq},
///     module::state::{self, ModuleState},
/// };
///
/// struct Totals {
///     packets: AtomicU32,
/// }
///
/// // Listed as `state::Registration<Totals>` in `Module::Parts`.
/// kernet::slot!(Totals: state::Slot<Totals>);
///
/// impl ModuleState for Totals {
///     fn init<'a>(_process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
///         Ok(Totals { packets: AtomicU32::new(0) })
///     }
/// }
///
/// fn count(softirq: Softirq<'_>) {
///     if let Some(totals) = state::get::<Totals>(softirq) {
///         totals.packets.fetch_add(1, Relaxed);
///     }
/// }
/// ```
#[doc(alias = "module_init")]
pub trait ModuleState: HasSlot<Slot<Self>> + Send + Sync + Sized + 'static {
    /// Makes the value, when the module is loaded. There is neither state of namespaces nor a part yet.
    ///
    /// # Errors
    ///
    /// The module is not loaded.
    #[doc(alias = "module_init")]
    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a;
}

/// The static of a state of a module. A type gets its own by [`slot!`](crate::slot!).
///
/// # Invariants
///
/// The value is initialised if the state is `READY`.
pub struct Slot<T> {
    state: Atomic<u32>,
    value: Opaque<T>,
}

/// Nobody has made it.
const UNUSED: u32 = 0;
/// It is being made or dropped, or was dropped.
const CLAIMED: u32 = 1;
/// It is there.
const READY: u32 = 2;

// SAFETY: Who has claimed the value makes it and drops it; others share a `&T`.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Not `READY`.
        Self {
            state: Atomic::<u32>::new(UNUSED),
            value: Opaque::uninit(),
        }
    }
}

/// The module's state that `T` stands for, valid as long as `context`.
///
/// `None` while it is being made or dropped: in [`ModuleState::init`], and in its drop. Also `None` if no part
/// of the module is its [`Registration`].
#[inline]
pub fn get<'a, T: ModuleState>(_context: impl Context + 'a) -> Option<&'a T> {
    let slot = T::slot();
    if slot.state.load(Acquire) != READY {
        return None;
    }
    // SAFETY: Initialised, by the type invariants. It is dropped by `Part::finish`, when no token is left that
    // was lent to code of the module: `'a` has ended.
    Some(unsafe { &*slot.value.get() })
}

/// The registration of a state of a module (`module_init()`).
#[doc(alias = "module_init")]
#[doc(alias = "module_exit")]
pub struct Registration<T: ModuleState> {
    _state: PhantomData<fn() -> T>,
}

// SAFETY: Registers nothing. What is prepared is dropped or was not made.
unsafe impl<T: ModuleState> Part for Registration<T> {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, _: &'static CStr) -> Result {
        Ok(())
    }

    unsafe fn unregister(_: *mut Self) {}

    unsafe fn prepare(_: *mut Self, name: &'static CStr) -> Result {
        let slot = T::slot();
        let what = "state of the module";
        if slot.state.cmpxchg(UNUSED, CLAIMED, Full).is_err() {
            return Err(failed(
                name,
                format_args!("{what}: it is registered already"),
                EBUSY,
            ));
        }
        // SAFETY: The loader calls it in a task that may sleep.
        let init = T::init(unsafe { Process::assume() });
        // SAFETY: Claimed: nobody else looks at it. It is dropped at this place, a static's.
        unsafe { init_in_place(slot.value.get(), init) }
            .map_err(|error| failed(name, format_args!("{what}"), error))?;
        // INVARIANT: Initialised.
        slot.state.store(READY, Release);
        Ok(())
    }

    unsafe fn finish(_: *mut Self) {
        let slot = T::slot();
        // What drops it finds none.
        slot.state.store(CLAIMED, Release);
        // Code of the module runs outside of its parts, too: the drop of what RCU has replaced, by
        // `rcu_read`.
        // SAFETY: The loader calls it in a task that may sleep.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: `prepare` has made it. No reference is left: callbacks of parts but of timers have ended, by the
        // caller's promise, and a grace period has passed since it cannot be found.
        unsafe { core::ptr::drop_in_place(slot.value.get()) };
    }
}
