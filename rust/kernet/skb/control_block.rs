// SPDX-License-Identifier: GPL-2.0

//! The control block of a packet, `skb->cb`: space for the layer that holds the packet.
//!
//! Each layer overwrites the control block, and finds there what the last layer has left. So a
//! [`WithControl`] has a value of a known type there, as long as it exists, and no other layer sees
//! that value.

use core::{
    marker::PhantomData,
    mem::offset_of,
    ops::Deref, //
};
use kernel::prelude::*;

use super::{
    DropReason,
    FreeContext,
    Skb,
    SkbRef, //
};
use crate::bindings;

/// Bytes of a packet's control block.
const SIZE: usize = {
    const fn len<const N: usize>(_: fn(&bindings::sk_buff) -> &[c_char; N]) -> usize {
        N
    }
    len(|skb| &skb.cb)
};

/// A packet with a `T` in its control block (`skb->cb`), without further memory.
///
/// Ends as an [`Skb`] does, and cannot be dropped implicitly either.
///
/// # Invariants
///
/// The packet's control block holds a `T`, and is this value's alone.
///
/// # Examples
///
/// ```
/// use kernet::{context::Softirq, skb::{Skb, WithControl}};
///
/// /// Notes a number in the packet, for whoever takes it from the queue.
/// fn number(skb: Skb<'_>, number: u32) -> WithControl<'static, u32> {
///     WithControl::new(skb, number).keep()
/// }
///
/// fn take(packet: WithControl<'_, u32>, softirq: Softirq<'_>) -> u32 {
///     let (skb, number) = packet.into_parts();
///     skb.consume(softirq);
///     number
/// }
/// ```
#[doc(alias = "sk_buff::cb")]
pub struct WithControl<'a, T: Copy + Send + 'static>(Skb<'a>, PhantomData<T>);

impl<'a, T: Copy + Send + 'static> WithControl<'a, T> {
    /// Puts `control`, of at most 48 bytes, into the packet's control block.
    #[inline]
    pub fn new(skb: Skb<'a>, control: T) -> Self {
        const {
            assert!(size_of::<T>() <= SIZE, "more than a control block takes");
            assert!(
                offset_of!(bindings::sk_buff, cb) % align_of::<T>() == 0
                    && align_of::<bindings::sk_buff>() % align_of::<T>() == 0,
                "a control block is not aligned for it"
            );
        }
        let block = Self::block(&skb);
        // SAFETY: The block has the size and the alignment of a `T`, and is of whoever holds the
        // packet.
        unsafe { block.write(control) };
        // INVARIANT: Just written.
        Self(skb, PhantomData)
    }

    #[inline(always)]
    fn block(skb: &Skb<'_>) -> *mut T {
        // SAFETY: Valid by the type invariants of the packet; no reference is made.
        unsafe { (&raw mut (*skb.as_ptr()).cb).cast() }
    }

    /// The value in the control block (`sk_buff::cb`).
    #[doc(alias = "sk_buff::cb")]
    #[inline]
    pub fn control(&self) -> &T {
        // SAFETY: There is a `T`, by the type invariants, which is not changed while borrowed.
        unsafe { &*Self::block(&self.0) }
    }

    /// The value in the control block, to change it (`sk_buff::cb`).
    #[doc(alias = "sk_buff::cb")]
    #[inline]
    pub fn control_mut(&mut self) -> &mut T {
        // SAFETY: There is a `T`, by the type invariants, which is borrowed here alone.
        unsafe { &mut *Self::block(&self.0) }
    }

    /// The packet and the value. The next layer finds nothing of the value in the packet.
    #[inline]
    pub fn into_parts(self) -> (Skb<'a>, T) {
        let control = *self.control();
        let skb = self.0;
        // SAFETY: The block is of whoever holds the packet; bytes of 0 are any C layer's start.
        unsafe { (&raw mut (*skb.as_ptr()).cb).write_bytes(0, 1) };
        (skb, control)
    }

    /// As [`Skb::keep`].
    #[inline]
    pub fn keep(self) -> WithControl<'static, T> {
        // INVARIANT: The control block stays.
        WithControl(self.0.keep(), PhantomData)
    }

    /// As [`Skb::drop_with`].
    #[inline]
    pub fn drop_with(self, reason: DropReason, context: impl FreeContext) {
        self.0.drop_with(reason, context);
    }

    /// As [`Skb::consume`].
    #[inline]
    pub fn consume(self, context: impl FreeContext) {
        self.0.consume(context);
    }
}

impl<T: Copy + Send + 'static> Deref for WithControl<'_, T> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        &self.0
    }
}
