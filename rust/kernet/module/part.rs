// SPDX-License-Identifier: GPL-2.0

//! What a module consists of: one part, or a tuple of parts.

use kernel::{
    prelude::*,
    ThisModule, //
};

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a module",
    note = "the parts are registrations, `notifier::Registration<{Self}>` for one, or a tuple of at most six, which may \
            hold tuples"
)]
/// Something that a module registers with the kernel.
///
/// # Safety
///
/// - `register` fully initialises `*slot` if it returns `Ok`, and leaves nothing registered if it
///   returns an error.
/// - `unregister` returns only when no callback of this part runs or can run again, but for those
///   that hold a reference to the module, and no reference to `*slot` is left with the kernel. A
///   module that is unloaded has no references; of one that fails to load they are waited for before
///   its state is dropped.
/// - `prepare` and `set_up` leave nothing behind if they return an error.
/// - `set_up` runs no code of the module.
pub unsafe trait Part: Send + Sync {
    /// Registers.
    ///
    /// # Safety
    ///
    /// - `slot` is valid for writes, and stays at its place until `unregister` has returned.
    /// - `unregister` is called before `module` is unloaded.
    /// - `module` is the module that the code of the type arguments belongs to.
    #[doc(hidden)]
    unsafe fn register(slot: *mut Self, module: &'static ThisModule, name: &'static CStr)
        -> Result;

    /// Unregisters and waits.
    ///
    /// # Safety
    ///
    /// `register` was called on `slot` and returned `Ok`; `unregister` was not. May sleep.
    #[doc(hidden)]
    unsafe fn unregister(slot: *mut Self);

    /// Makes what there is before the state of namespaces, which [`Self::register`] comes after.
    ///
    /// # Safety
    ///
    /// - As of `register`, which is called after this if it returns `Ok`, unless the state cannot be made.
    /// - `set_up` was called on each part of the module, and returned `Ok`.
    /// - `finish` is called before `module` is unloaded.
    #[doc(hidden)]
    unsafe fn prepare(_slot: *mut Self, _name: &'static CStr) -> Result {
        Ok(())
    }

    /// Drops what `prepare` has made.
    ///
    /// # Safety
    ///
    /// `prepare` was called on `slot` and returned `Ok`; `finish` was not. What is registered of the module
    /// is unregistered, its state is dropped, and nobody holds a reference to it but the loader: no token
    /// that was lent to code of the module is left, but for those of timers that were armed while the module
    /// was being loaded, which a grace period of RCU waits for. May sleep.
    #[doc(hidden)]
    unsafe fn finish(_slot: *mut Self) {}

    /// Sets up what code of the module may use from its first line on: of all parts before anything is
    /// prepared.
    ///
    /// # Safety
    ///
    /// - No code of the module has run.
    /// - `unregister`, or if the module is not loaded `shut_down`, is called before `module` is unloaded.
    #[doc(hidden)]
    unsafe fn set_up(_slot: *mut Self, _name: &'static CStr) -> Result {
        Ok(())
    }

    /// Ends what `set_up` has set up, whether or not it is registered: it runs no code of the module any
    /// more.
    ///
    /// # Safety
    ///
    /// `set_up` returned `Ok`. May sleep.
    #[doc(hidden)]
    unsafe fn shut_down(_slot: *mut Self) {}
}

// SAFETY: Registers nothing; a unit needs no initialisation.
unsafe impl Part for () {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, _: &'static CStr) -> Result {
        Ok(())
    }

    unsafe fn unregister(_: *mut Self) {}
}

macro_rules! call {
    ($part:ident $do:ident $slot:expr; ($($arg:expr),*)) => {
        $part::$do($slot, $($arg),*)
    };
}

/// Does a thing with each element of a tuple, first to last. After a failure, undoes what was done, last
/// first.
macro_rules! each {
    (
        $slot:ident: $($part:ident $index:tt),+; $($undo_part:ident $undo:tt),+;
        $do:ident $args:tt, $undo_by:ident
    ) => {{
        let mut done = 0;
        let mut run = || -> Result {
            $(
                // SAFETY: A field of `*slot`; the rest is the caller's promise.
                unsafe { call!($part $do &raw mut (*$slot).$index; $args)? };
                done += 1;
            )+
            Ok(())
        };
        let result = run();
        if result.is_err() {
            $(
                if $undo < done {
                    // SAFETY: Done with the first `done` elements.
                    unsafe { $undo_part::$undo_by(&raw mut (*$slot).$undo) };
                }
            )+
        }
        result
    }};
}

macro_rules! tuple_part {
    ($($part:ident $index:tt),+; $($undo_part:ident $undo:tt),+) => {
        // SAFETY: Registers and unregisters each element by its own implementation; what was
        // registered before a failure is unregistered, last first. So it is with what is prepared, of which
        // nobody has a token but timers, and with what is set up.
        unsafe impl<$($part: Part),+> Part for ($($part,)+) {
            unsafe fn register(
                slot: *mut Self,
                module: &'static ThisModule,
                name: &'static CStr,
            ) -> Result {
                each!(slot: $($part $index),+; $($undo_part $undo),+; register(module, name), unregister)
            }

            unsafe fn unregister(slot: *mut Self) {
                $(
                    // SAFETY: All elements are registered, by the caller's promise.
                    unsafe { $undo_part::unregister(&raw mut (*slot).$undo) };
                )+
            }

            unsafe fn prepare(slot: *mut Self, name: &'static CStr) -> Result {
                each!(slot: $($part $index),+; $($undo_part $undo),+; prepare(name), finish)
            }

            unsafe fn finish(slot: *mut Self) {
                $(
                    // SAFETY: All elements are prepared, by the caller's promise.
                    unsafe { $undo_part::finish(&raw mut (*slot).$undo) };
                )+
            }

            unsafe fn set_up(slot: *mut Self, name: &'static CStr) -> Result {
                each!(slot: $($part $index),+; $($undo_part $undo),+; set_up(name), shut_down)
            }

            unsafe fn shut_down(slot: *mut Self) {
                $(
                    // SAFETY: All elements are set up, by the caller's promise.
                    unsafe { $undo_part::shut_down(&raw mut (*slot).$undo) };
                )+
            }
        }
    };
}

tuple_part!(A 0; A 0);
tuple_part!(A 0, B 1; B 1, A 0);
tuple_part!(A 0, B 1, C 2; C 2, B 1, A 0);
tuple_part!(A 0, B 1, C 2, D 3; D 3, C 2, B 1, A 0);
tuple_part!(A 0, B 1, C 2, D 3, E 4; E 4, D 3, C 2, B 1, A 0);
tuple_part!(A 0, B 1, C 2, D 3, E 4, F 5; F 5, E 4, D 3, C 2, B 1, A 0);
