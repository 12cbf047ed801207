// SPDX-License-Identifier: GPL-2.0

//! Freeing a packet, by context.

use super::DropReason;
use crate::{
    bindings,
    context::{
        Napi,
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
};

/// A context in which packets are freed: it selects the function of the kernel.
///
/// # Safety
///
/// `free` frees, or gives up one reference of, what it is passed.
pub unsafe trait FreeContext: Copy {
    /// Frees a packet, for `reason`.
    ///
    /// # Safety
    ///
    /// The caller owns a reference of `skb`, and does not use it afterwards.
    #[doc(hidden)]
    unsafe fn free(self, skb: *mut bindings::sk_buff, reason: DropReason);

    /// Frees a packet that was not dropped.
    ///
    /// # Safety
    ///
    /// As [`Self::free`].
    #[doc(hidden)]
    unsafe fn consume(self, skb: *mut bindings::sk_buff);
}

/// Any context, even a hard interrupt: if necessary, the packet is freed later
/// (`dev_kfree_skb_any()`).
///
/// # Examples
///
/// ```
/// use kernet::skb::{AnyContext, DropReason, Skb};
///
/// /// Packets that wait. Whoever drops this has no token to free them with.
/// struct Waiting(KVec<Skb<'static>>);
///
/// impl Drop for Waiting {
///     fn drop(&mut self) {
///         while let Some(skb) = self.0.pop() {
///             skb.drop_with(DropReason::QUEUE_PURGE, AnyContext);
///         }
///     }
/// }
/// ```
#[doc(alias = "dev_kfree_skb_any")]
#[derive(Clone, Copy)]
pub struct AnyContext;

// SAFETY: `dev_kfree_skb_any_reason()` gives up the reference.
unsafe impl FreeContext for AnyContext {
    #[inline]
    unsafe fn free(self, skb: *mut bindings::sk_buff, reason: DropReason) {
        // SAFETY: Legal in any context; the rest is the caller's promise.
        unsafe { bindings::dev_kfree_skb_any_reason(skb, reason.as_raw()) };
    }

    #[inline]
    unsafe fn consume(self, skb: *mut bindings::sk_buff) {
        // SAFETY: As above.
        unsafe { bindings::dev_kfree_skb_any_reason(skb, bindings::skb_drop_reason_SKB_CONSUMED) };
    }
}

macro_rules! free_in_task_or_softirq {
    ($($token:ident),+) => {$(
        // SAFETY: Both functions give up the reference.
        unsafe impl FreeContext for $token<'_> {
            #[inline(always)]
            unsafe fn free(self, skb: *mut bindings::sk_buff, reason: DropReason) {
                // SAFETY: The token says that this is no hard interrupt; the rest is the caller's
                // promise.
                unsafe { bindings::kfree_skb_reason(skb, reason.as_raw()) };
            }

            #[inline(always)]
            unsafe fn consume(self, skb: *mut bindings::sk_buff) {
                // SAFETY: As above.
                unsafe { bindings::consume_skb(skb) };
            }
        }
    )+};
}

free_in_task_or_softirq!(Process, Rtnl, Softirq);

// SAFETY: Both functions give up the reference.
unsafe impl FreeContext for Rcu<'_> {
    #[inline]
    unsafe fn free(self, skb: *mut bindings::sk_buff, reason: DropReason) {
        // SAFETY: An RCU read-side section may be anywhere. The rest is the caller's promise.
        unsafe { AnyContext.free(skb, reason) };
    }

    #[inline]
    unsafe fn consume(self, skb: *mut bindings::sk_buff) {
        // SAFETY: As above.
        unsafe { AnyContext.consume(skb) };
    }
}

// SAFETY: Both functions give up the reference.
unsafe impl FreeContext for Napi<'_> {
    #[inline(always)]
    unsafe fn free(self, skb: *mut bindings::sk_buff, reason: DropReason) {
        // SAFETY: NAPI is softirq. The rest is the caller's promise.
        unsafe { self.softirq().free(skb, reason) };
    }

    #[inline(always)]
    unsafe fn consume(self, skb: *mut bindings::sk_buff) {
        // SAFETY: The token says that this is a NAPI poll with this budget, so that the packet may
        // go to the CPU's cache of heads.
        unsafe { bindings::napi_consume_skb(skb, self.budget()) };
    }
}
