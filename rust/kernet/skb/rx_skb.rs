// SPDX-License-Identifier: GPL-2.0

//! Received packets, after `eth_type_trans()`.

use core::{
    ops::Deref,
    ptr::NonNull, //
};

use super::{
    DropReason,
    Edit,
    EditError,
    FreeContext,
    Skb,
    SkbRef, //
};
use crate::{
    bindings,
    context::{
        Context,
        Softirq, //
    },
    netdev::Device, //
};
use kernel::prelude::*;

/// An owned packet after `eth_type_trans()`, ready to go up the stack: its link header was pulled,
/// protocol and packet type are set.
///
/// Ends as an [`Skb`] does, and cannot be dropped implicitly either. What the packet had from its
/// sender's side was removed, so it may be kept.
///
/// # Invariants
///
/// The link header is set, within the packet's buffer, and before the data.
#[doc(alias = "eth_type_trans")]
#[repr(transparent)]
pub struct RxSkb(Skb<'static>);

impl RxSkb {
    /// Takes over a packet from C.
    ///
    /// # Safety
    ///
    /// As [`Skb::from_raw`], for any lifetime; the packet fulfils the type invariants.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above.
        Self(unsafe { Skb::from_raw(skb) })
    }

    #[inline(always)]
    pub(crate) fn into_raw(self) -> *mut bindings::sk_buff {
        self.0.into_raw()
    }

    /// The length of the frame in bytes, with its Ethernet header.
    #[inline(always)]
    pub fn frame_len(&self) -> u32 {
        self.0.len().wrapping_add(bindings::ETH_HLEN)
    }

    /// The frame, with its Ethernet header again (`skb_push()`).
    #[doc(alias = "skb_push")]
    #[inline(always)]
    pub fn into_frame(self) -> Skb<'static> {
        let skb = self.0.into_raw();
        // SAFETY: The packet is ours. By the type invariants its link header is before the data.
        unsafe {
            bindings::skb_push_mac(skb);
            // Else the stamp of reception is taken for a time to send it at.
            bindings::skb_clear_tstamp(skb);
            Skb::from_raw(NonNull::new_unchecked(skb))
        }
    }

    /// Makes a second packet that shares the data (`skb_clone()`). The first one is marked as
    /// cloned.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "skb_clone")]
    pub fn try_clone<C: Context>(&mut self, context: C) -> Result<Self> {
        // INVARIANT: The headers are at the same places.
        self.0.try_clone(context).map(Self)
    }

    /// Edits the IP packet whose header is at `offset`, in bytes from `skb->data`, which is behind the link
    /// header (`skb_ensure_writable()`).
    ///
    /// # Errors
    ///
    /// As [`SkbRef::edit`].
    #[doc(alias = "skb_ensure_writable")]
    #[inline]
    pub fn edit(&mut self, offset: u32) -> Result<Edit<'_>, EditError> {
        // INVARIANT: No header moves, in a new buffer neither.
        self.0.as_mut().edit(offset)
    }

    /// Passes the packet up through the CPU's backlog, as received by `dev`. Returns whether the
    /// backlog has taken it; otherwise it was freed.
    #[must_use]
    #[inline]
    pub fn netif_rx(self, dev: &Device, _softirq: Softirq<'_>) -> bool {
        let skb = self.into_raw();
        // SAFETY: The packet is ours, and given away; bottom halves are off. Whose it was before may be
        // gone, as a packet holds no device.
        unsafe {
            bindings::skb_set_dev(skb, dev.as_raw());
            bindings::__netif_rx(skb) == bindings::NET_RX_SUCCESS as c_int
        }
    }

    /// Drops the packet with a reason (`kfree_skb_reason()`).
    #[doc(alias = "kfree_skb_reason")]
    #[inline]
    pub fn drop_with(self, reason: DropReason, context: impl FreeContext) {
        self.0.drop_with(reason, context);
    }
}

impl Deref for RxSkb {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        &self.0
    }
}
