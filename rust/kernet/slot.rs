// SPDX-License-Identifier: GPL-2.0

//! A static of its own for a type.
//!
//! The kernel's callbacks and a module's own calls find what is registered for a type in a static.
//! Rust has none that differ by a type parameter, so that [`slot!`](crate::slot!) gives one to the
//! type.

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

/// Gives a type what a trait of kernet asks it to have: `slot!(Type: netfilter::Slot);`.
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
