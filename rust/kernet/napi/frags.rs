// SPDX-License-Identifier: GPL-2.0

//! A frame that a poll makes of buffers.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::prelude::*;

use crate::{
    bindings,
    context::Napi,
    netdev::{
        Driver,
        DriverDevice, //
    },
    page_pool::Buffer,
    skb::{
        Checksum,
        DropReason,
        FlowHash,
        FreeContext,
        RxSkb,
        Skb,
        SkbRef,
        VlanTag, //
    },
};

/// A frame in buffers, for NAPI GRO: the core finds the headers in the first buffer, and merges
/// frames of a flow without copying (`napi_gro_frags()`).
///
/// Like an [`Skb`] it cannot be dropped implicitly. The core reuses its `sk_buff`, so only what is
/// set here is known of the frame.
///
/// # Invariants
///
/// A packet of `napi_get_frags()`, whose data is in fragments alone.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Napi,
///     napi::{Consumer, RxFrame},
///     skb::DropReason,
/// };
///
/// /// A frame of the pieces that the hardware has received, for `Queue::next` to return.
/// fn frame<Q>(pieces: &[&[u8]], queue: &mut Consumer<'_, Q>, napi: Napi<'_>) -> Option<RxFrame> {
///     let mut frame = queue.frags(napi)?;
///     for piece in pieces {
///         let buffer = queue.buffer(napi);
///         let buffer = buffer.and_then(|mut buffer| buffer.append(piece).ok().map(|()| buffer));
///         if buffer.is_none_or(|buffer| frame.add(buffer).is_err()) {
///             frame.drop_with(DropReason::NOMEM, napi);
///             return None;
///         }
///     }
///     frame.record_rx_queue(queue.index());
///     Some(frame.into())
/// }
/// ```
#[doc(alias = "napi_gro_frags")]
pub struct Frags(Skb<'static>);

impl Frags {
    /// # Safety
    ///
    /// A packet of `napi_get_frags()` without data, which is given away.
    #[inline]
    pub(super) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: It is empty.
        // SAFETY: By the caller's promise.
        Self(unsafe { Skb::from_raw(skb) })
    }

    /// The length of the frame in bytes.
    #[doc(alias = "sk_buff::len")]
    #[inline]
    pub fn len(&self) -> u32 {
        self.0.len()
    }

    /// Whether the frame has no bytes yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Appends a buffer (`skb_add_rx_frag()`).
    ///
    /// # Errors
    ///
    /// The buffer, as with [`Skb::add_buffer`].
    #[doc(alias = "skb_add_rx_frag")]
    #[inline]
    pub fn add(&mut self, buffer: Buffer) -> Result<(), Buffer> {
        self.0.add_buffer(buffer)
    }

    /// Marks the transport checksum as verified by the hardware (`CHECKSUM_UNNECESSARY`).
    #[doc(alias = "CHECKSUM_UNNECESSARY")]
    pub fn checksum_verified(&mut self) {
        let verified = Checksum::Unnecessary { level: 0 };
        // Fails for a level that cannot be, which 0 is not.
        let _ = self.0.as_mut().set_checksum(verified);
    }

    /// Sets the flow hash that the hardware has computed.
    #[doc(alias = "skb_set_hash")]
    pub fn set_hash(&mut self, hash: FlowHash) {
        self.0.as_mut().set_hash(hash);
    }

    /// Sets the number of the queue that has received the frame.
    #[doc(alias = "skb_record_rx_queue")]
    pub fn record_rx_queue(&mut self, queue: u16) {
        self.0.as_mut().record_rx_queue(queue);
    }

    /// Sets the VLAN tag that the hardware has stripped (`__vlan_hwaccel_put_tag()`).
    #[doc(alias = "__vlan_hwaccel_put_tag")]
    pub fn set_vlan_tag(&mut self, tag: Option<VlanTag>) {
        self.0.as_mut().set_vlan_tag(tag);
    }

    /// Drops the frame with a reason (`kfree_skb_reason()`).
    #[doc(alias = "kfree_skb_reason")]
    pub fn drop_with(self, reason: DropReason, context: impl FreeContext) {
        self.0.drop_with(reason, context);
    }

    /// Passes the frame up, as received by `dev`, through GRO.
    ///
    /// # Safety
    ///
    /// In a poll of `napi`, which is `dev`'s.
    #[inline]
    pub(super) unsafe fn netif_rx<D: Driver>(
        self,
        dev: &DriverDevice<D>,
        napi: *mut bindings::napi_struct,
        context: Napi<'_>,
    ) {
        if self.0.len() < bindings::ETH_HLEN {
            return self.0.drop_with(DropReason::PKT_TOO_SMALL, context);
        }
        let skb = self.0.into_raw();
        // SAFETY: The packet is ours, one of `napi_get_frags()` whose data is in fragments and begins
        // with an Ethernet header; it is given away.
        unsafe {
            bindings::skb_set_dev(skb, dev.as_raw());
            bindings::napi_receive_frags(napi, skb);
        }
    }

    /// The frame as any other packet that `dev` has received, for its program to see.
    pub(super) fn into_received<D: Driver>(
        self,
        dev: &DriverDevice<D>,
        context: Napi<'_>,
    ) -> Option<RxSkb> {
        dev.eth_type_trans(self.0, context)
    }
}

impl Deref for Frags {
    type Target = SkbRef;

    fn deref(&self) -> &SkbRef {
        &self.0
    }
}
