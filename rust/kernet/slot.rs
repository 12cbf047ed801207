// SPDX-License-Identifier: GPL-2.0

//! Statics that belong to a type.
//!
//! The kernel's callbacks, and calls of a module, find the registration of a type in a static. Rust
//! has no statics with a type parameter, so [`slot!`](crate::slot!) declares one for the type.

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
