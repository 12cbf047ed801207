// SPDX-License-Identifier: GPL-2.0

//! Statics that belong to a type.
//!
//! The kernel's callbacks, and calls of a module, find the registration of a type in a static. Rust
//! has no statics with a type parameter, so [`slot!`](crate::slot!) declares one for the type.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Release, //
    },
    types::Opaque, //
};

use crate::module::failed;

#[diagnostic::on_unimplemented(
    message = "`{Self}` has no static of its own",
    note = "`kernet::slot!({Self}: {S});` gives it one"
)]
/// A type that has a static `S` of its own.
///
/// # Safety
///
/// Implemented by [`slot!`](crate::slot!) only: `slot` returns the same static each time, which no
/// other implementation returns.
pub unsafe trait HasSlot<S: 'static> {
    /// The static.
    #[doc(hidden)]
    fn slot() -> &'static S;
}

/// What the core works with in a static of a module: a timer, a work item. Set up once.
///
/// # Invariants
///
/// The value is set up, and stays so, if the state is [`READY`].
pub(crate) struct SetUp<T> {
    state: Atomic<u32>,
    value: Opaque<T>,
}

/// Nobody has registered it.
const UNUSED: u32 = 0;
/// It is being set up.
const CLAIMED: u32 = 1;
/// It has been set up. It may be looked at after it was unregistered, too.
const READY: u32 = 2;

// SAFETY: The state is atomic; the value is written by who has claimed it, and is the core's after that, which
// uses it from any CPU: by the promise of `set_up`.
unsafe impl<T> Send for SetUp<T> {}
// SAFETY: As above.
unsafe impl<T> Sync for SetUp<T> {}

impl<T> SetUp<T> {
    /// Not set up, but what it is already before: `value`.
    pub(crate) const fn with(value: T) -> Self {
        // INVARIANT: Not `READY`.
        Self {
            state: Atomic::<u32>::new(UNUSED),
            value: Opaque::new(value),
        }
    }

    /// The value, set up or not.
    #[inline(always)]
    pub(crate) fn value(&self) -> &Opaque<T> {
        &self.value
    }

    /// Not set up.
    pub(crate) const fn new() -> Self {
        // INVARIANT: Not `READY`.
        Self {
            state: Atomic::<u32>::new(UNUSED),
            value: Opaque::zeroed(),
        }
    }

    /// Sets up the value, for the first and only time.
    ///
    /// # Safety
    ///
    /// `set_up` sets up what it is given, zeroed or as in [`Self::with`], at a place that stays: something of the core's that any
    /// CPU may use.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if it was set up before. The log says what, of which module.
    pub(crate) unsafe fn set_up(
        &'static self,
        name: &CStr,
        what: &str,
        set_up: impl FnOnce(*mut T),
    ) -> Result<&'static Opaque<T>> {
        if self.state.cmpxchg(UNUSED, CLAIMED, Full).is_err() {
            return Err(failed(
                name,
                format_args!("{what}: it is registered already"),
                EBUSY,
            ));
        }
        // Claimed: nobody else looks at it.
        set_up(self.value.get());
        // INVARIANT: Set up, by the caller's promise.
        self.state.store(READY, Release);
        Ok(&self.value)
    }

    /// The value, once it is set up.
    pub(crate) fn get(&self) -> Option<&Opaque<T>> {
        (self.state.load(Acquire) == READY).then_some(&self.value)
    }
}

/// Declares the static that a trait of kernet needs for a type: `slot!(Type: netfilter::Slot);`.
#[macro_export]
macro_rules! slot {
    ($type:ty: $slot:ty) => {
        // SAFETY: The static is this implementation's own.
        unsafe impl $crate::slot::HasSlot<$slot> for $type {
            fn slot() -> &'static $slot {
                static SLOT: $slot = <$slot>::new();
                &SLOT
            }
        }
    };
}
