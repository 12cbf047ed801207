// SPDX-License-Identifier: GPL-2.0

//! The memory of a packet's bytes.

use core::{
    pin::Pin,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    GsoKind,
    Skb,
    SkbRef,
    MAX_HEADROOM, //
};
use crate::{
    bindings,
    context::Context, //
};

impl SkbRef {
    /// How many page fragments the packet has besides the linear part.
    #[doc(alias = "skb_shared_info::nr_frags")]
    #[inline]
    pub fn nr_frags(&self) -> u8 {
        // SAFETY: Valid by the type, and so is what describes its data.
        unsafe { (*bindings::skb_shinfo(self.as_raw())).nr_frags }
    }

    /// Whether a part of the data is in a list of further packets.
    #[doc(alias = "skb_has_frag_list")]
    #[inline]
    pub fn has_frag_list(&self) -> bool {
        // SAFETY: As above.
        unsafe { !(*bindings::skb_shinfo(self.as_raw())).frag_list.is_null() }
    }

    /// Whether the fragments are in the host's memory, not in a device's (`skb_frags_readable()`).
    #[doc(alias = "skb_frags_readable")]
    #[inline]
    pub fn is_readable(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_frags_readable(self.as_raw()) }
    }

    /// Makes all of the data linear.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]. The packet does not change then.
    #[doc(alias = "skb_linearize")]
    pub fn linearize(self: Pin<&mut Self>) -> Result {
        // SAFETY: The packet is ours to change.
        to_result(unsafe { bindings::skb_linearize(self.as_raw()) })
    }

    /// Makes the linear part unshared, with at least `headroom` bytes before it.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`], also if `headroom` is more than [`MAX_HEADROOM`], or an offset of a header could
    /// not be stored any more. The packet does not change then.
    #[doc(alias = "skb_cow")]
    pub fn cow(self: Pin<&mut Self>, headroom: u16) -> Result {
        if headroom > MAX_HEADROOM {
            return Err(ENOMEM);
        }
        self.check_growth(headroom.into())?;
        // SAFETY: The packet is ours to change, and the headroom no number that overflows.
        to_result(unsafe { bindings::skb_cow(self.as_raw(), u32::from(headroom)) })
    }
}

impl<'a> Skb<'a> {
    /// A second packet with bytes of its own, all of them linear (`skb_copy()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`], also if the data is in a device's memory, or the packet is to be segmented by
    /// [its list of packets](super::GsoKind::FRAGLIST), which a copy does not have.
    #[doc(alias = "skb_copy")]
    pub fn try_copy<C: Context>(&self, _context: C) -> Result<Self> {
        if self
            .gso()
            .is_some_and(|gso| gso.kind.contains(GsoKind::FRAGLIST))
        {
            return Err(ENOMEM);
        }
        // SAFETY: Valid by the type invariants.
        let skb = unsafe { bindings::skb_copy(self.as_ptr(), C::GFP) };
        // SAFETY: The copy's one reference is passed on. It refers to what the first one does, but for
        // the socket.
        NonNull::new(skb)
            .map(|skb| unsafe { Self::from_raw(skb) })
            .ok_or(ENOMEM)
    }
}
