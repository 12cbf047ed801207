// SPDX-License-Identifier: GPL-2.0

//! A packet that is ours.

use core::{
    mem::ManuallyDrop,
    ops::Deref,
    pin::Pin,
    ptr::NonNull, //
};
use kernel::{
    build_error,
    prelude::*, //
};

use super::{
    DropReason,
    FreeContext,
    SkbRef, //
};
use crate::{
    bindings,
    context::Context, //
};

/// An owned packet.
///
/// # Implicit drop
///
/// Does not build; see the [module documentation](super). Leaking one with [`core::mem::forget`]
/// leaks its memory and the references it holds (device, route, socket), and is not unsound.
///
/// # Invariants
///
/// Points to a valid `sk_buff` of which this value holds the one reference that it will give up.
#[repr(transparent)]
pub struct Skb(NonNull<bindings::sk_buff>);

// SAFETY: A packet is not bound to the CPU or task that made it.
unsafe impl Send for Skb {}
// SAFETY: `&Skb` gives `&SkbRef`, whose methods only read.
unsafe impl Sync for Skb {}

impl Skb {
    /// Takes over a packet from C.
    ///
    /// # Safety
    ///
    /// `skb` is valid, and the caller gives up a reference of it.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(skb)
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Gives the packet to C.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// Allocates an empty packet with `headroom` bytes before and `size` bytes behind the data.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`], also when they are more than 65535 together: where a header begins is noted in 16
    /// bits.
    #[doc(alias = "alloc_skb")]
    pub fn new<C: Context>(headroom: u32, size: u32, _context: C) -> Result<Self> {
        let total = headroom.checked_add(size).ok_or(ENOMEM)?;
        if total > u32::from(u16::MAX) {
            return Err(ENOMEM);
        }
        // SAFETY: No requirements; far from a number that overflows.
        let skb = unsafe { bindings::alloc_skb(total, C::GFP) };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;
        // SAFETY: The packet is new and empty, and has room for both.
        unsafe { bindings::skb_reserve(skb.as_ptr(), headroom as c_int) };
        // INVARIANT: The allocation's one reference is this value's.
        Ok(Self(skb))
    }

    /// Puts bytes behind the data.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] when the tailroom does not take them, or there are fragments.
    #[doc(alias = "skb_put")]
    pub fn put(&mut self, bytes: &[u8]) -> Result {
        let len = u32::try_from(bytes.len()).map_err(|_| EMSGSIZE)?;
        if len > self.tailroom() || self.is_cloned() {
            return Err(EMSGSIZE);
        }
        // SAFETY: There are `len` bytes of tailroom, which implies that there is no fragment, and
        // no clone shares them.
        let tail = unsafe { bindings::skb_put(self.as_raw(), len) };
        // SAFETY: `tail` is the start of the `len` bytes just added.
        unsafe {
            tail.cast::<u8>()
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        Ok(())
    }

    /// The packet, to change it.
    #[inline(always)]
    pub fn as_mut(&mut self) -> Pin<&mut SkbRef> {
        // SAFETY: Owned, by the type invariants, and borrowed mutably. A packet that others hold
        // a reference of is only ever made an `Skb` by a shim that has unshared it.
        unsafe { SkbRef::from_raw_mut(self.0.as_ptr()) }
    }

    /// A second packet that shares the data.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "skb_clone")]
    pub fn try_clone<C: Context>(&self, _context: C) -> Result<Self> {
        // SAFETY: Valid by the type invariants.
        let skb = unsafe { bindings::skb_clone(self.0.as_ptr(), C::GFP) };
        // INVARIANT: The clone's one reference is this value's.
        NonNull::new(skb).map(Self).ok_or(ENOMEM)
    }

    /// Frees the packet, which is lost, and says why.
    ///
    /// `context` is the token of the context this runs in, or [`AnyContext`](super::AnyContext).
    #[doc(alias = "kfree_skb_reason")]
    #[doc(alias = "dev_kfree_skb_any_reason")]
    #[inline]
    pub fn drop_with(self, reason: DropReason, context: impl FreeContext) {
        // SAFETY: The reference is given up with `self`.
        unsafe { context.free(self.into_raw(), reason) };
    }

    /// Frees the packet, which has served its purpose.
    ///
    /// `context` is the token of the context this runs in, or [`AnyContext`](super::AnyContext).
    #[doc(alias = "consume_skb")]
    #[doc(alias = "napi_consume_skb")]
    #[inline]
    pub fn consume(self, context: impl FreeContext) {
        // SAFETY: The reference is given up with `self`.
        unsafe { context.consume(self.into_raw()) };
    }
}

impl Deref for Skb {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        // SAFETY: Owned, by the type invariants, and borrowed.
        unsafe { SkbRef::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for Skb {
    #[inline(always)]
    fn drop(&mut self) {
        build_error!("an skb must be handed on, dropped with a reason, or consumed");
    }
}
