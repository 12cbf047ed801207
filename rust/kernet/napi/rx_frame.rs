// SPDX-License-Identifier: GPL-2.0

//! What a receive queue returns, and how a ring has it.

use core::ptr::NonNull;
use kernel::prelude::*;

use super::Frags;
use crate::{
    bindings,
    skb::RxSkb,
    xdp::Frame, //
};

/// What a receive queue returns: a packet or a frame.
pub enum RxFrame {
    /// A packet that the peer has sent.
    Skb(RxSkb),
    /// A frame that an XDP program has redirected to the peer.
    #[doc(alias = "xdp_frame")]
    Frame(Frame),
    /// A frame that hardware has written to buffers.
    Frags(Frags),
}

/// Set in a pointer to a frame. What is allocated is aligned to more than that.
const FRAME: usize = 1;

/// A pointer to a frame, as a ring has it.
#[inline(always)]
pub(super) fn tagged(frame: *mut bindings::xdp_frame) -> *mut c_void {
    frame.map_addr(|addr| addr | FRAME).cast()
}

impl RxFrame {
    /// # Safety
    ///
    /// `ptr` is that of a packet or a [`tagged`] one of a frame, which is given away.
    #[inline(always)]
    pub(super) unsafe fn from_raw(ptr: NonNull<c_void>) -> Self {
        let ptr = ptr.as_ptr();
        if ptr.addr() & FRAME != 0 {
            // SAFETY: By the caller's promise: a frame, tagged, which is not null.
            return Self::Frame(unsafe {
                Frame::from_raw(NonNull::new_unchecked(
                    ptr.map_addr(|addr| addr & !FRAME).cast(),
                ))
            });
        }
        // SAFETY: By the caller's promise: a packet that is ours now.
        Self::Skb(unsafe { RxSkb::from_raw(NonNull::new_unchecked(ptr.cast())) })
    }
}

impl From<Frags> for RxFrame {
    #[inline(always)]
    fn from(frags: Frags) -> Self {
        Self::Frags(frags)
    }
}

impl From<RxSkb> for RxFrame {
    #[inline(always)]
    fn from(received: RxSkb) -> Self {
        Self::Skb(received)
    }
}
