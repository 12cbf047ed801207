// SPDX-License-Identifier: GPL-2.0

//! A queue as its poll borrows it, and the frames that it makes.

use core::{
    ops::Deref,
    ptr::NonNull, //
};

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
    xdp::Receive,
};
use kernel::prelude::*;

/// The content of a queue, borrowed by the queue's poll. Polls of a queue never run at the same
/// time, so it is the only consumer.
pub struct Consumer<'a, Q> {
    content: &'a Q,
    receive: &'a Receive,
    napi: *mut bindings::napi_struct,
}

impl<'a, Q> Consumer<'a, Q> {
    /// # Safety
    ///
    /// In a poll of `napi`, of the queue that the others belong to; there is no second one.
    #[inline(always)]
    pub(super) unsafe fn new(
        content: &'a Q,
        receive: &'a Receive,
        napi: *mut bindings::napi_struct,
    ) -> Self {
        Self {
            content,
            receive,
            napi,
        }
    }

    /// The number of the queue, from 0.
    #[inline]
    pub fn index(&self) -> u16 {
        self.receive.index()
    }

    /// Borrows a part of the content, such as a [`Ring`](super::Ring) in a struct; `None` if what
    /// `part` returns is not in the content.
    #[inline(always)]
    pub fn part<R>(&mut self, part: impl FnOnce(&Q) -> &R) -> Option<Consumer<'_, R>> {
        let content = part(self.content);
        // What lies in the content is consumed by whoever consumes that.
        let offset = (&raw const *content)
            .addr()
            .checked_sub((&raw const *self.content).addr())?;
        (offset.checked_add(size_of::<R>())? <= size_of::<Q>()).then_some(Consumer {
            content,
            receive: self.receive,
            napi: self.napi,
        })
    }

    /// An empty buffer of the queue's pool.
    ///
    /// `None` if there is no memory, or the queue has no pool:
    /// [`Queue::BUFFERS`](super::Queue::BUFFERS).
    #[doc(alias = "page_pool_dev_alloc_pages")]
    #[inline]
    pub fn buffer(&mut self, _napi: Napi<'_>) -> Option<Buffer> {
        let pool = self.receive.pool()?;
        // SAFETY: This is a poll of that queue, by the promise of `new`.
        unsafe { pool.buffer() }
    }

    /// Returns an empty frame, to be filled with [buffers](Self::buffer). `None` if there is no
    /// memory.
    #[doc(alias = "napi_get_frags")]
    #[inline]
    pub fn fragments(&mut self, _napi: Napi<'_>) -> Option<Fragments> {
        // SAFETY: This is a poll of that NAPI instance, by the promise of `new`.
        let skb = NonNull::new(unsafe { bindings::napi_take_frags(self.napi) })?;
        // SAFETY: The packet is ours now, without data; its pages will be of pools.
        unsafe {
            bindings::skb_mark_for_recycle(skb.as_ptr());
            // Of another frame, as the memory is used again.
            bindings::skb_clear_hash(skb.as_ptr());
            // INVARIANT: Empty.
            Some(Fragments(Skb::from_raw(skb)))
        }
    }
}

impl<Q> Deref for Consumer<'_, Q> {
    type Target = Q;

    #[inline(always)]
    fn deref(&self) -> &Q {
        self.content
    }
}

/// A frame in buffers, for NAPI GRO: the core finds the headers in the first buffer, and merges
/// frames of a flow without copying.
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
///     napi::{Consumer, Packet},
///     skb::DropReason,
/// };
///
/// /// A frame of the pieces that the hardware has received, for `Queue::next` to return.
/// fn frame<Q>(pieces: &[&[u8]], queue: &mut Consumer<'_, Q>, napi: Napi<'_>) -> Option<Packet> {
///     let mut frame = queue.fragments(napi)?;
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
pub struct Fragments(Skb<'static>);

impl Fragments {
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

    /// Appends a buffer.
    ///
    /// # Errors
    ///
    /// The buffer, as with [`Skb::add_buffer`].
    #[doc(alias = "skb_add_rx_frag")]
    #[inline]
    pub fn add(&mut self, buffer: Buffer) -> Result<(), Buffer> {
        self.0.add_buffer(buffer)
    }

    /// Marks the transport checksum as verified by the hardware.
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

    /// Sets the VLAN tag that the hardware has stripped.
    #[doc(alias = "__vlan_hwaccel_put_tag")]
    pub fn set_vlan_tag(&mut self, tag: Option<VlanTag>) {
        self.0.as_mut().set_vlan_tag(tag);
    }

    /// Drops the frame with a reason.
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

impl Deref for Fragments {
    type Target = SkbRef;

    fn deref(&self) -> &SkbRef {
        &self.0
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Makes a frame a packet that this device has received. A frame that is too short for an
    /// Ethernet header is dropped. What the sender's side has set is removed: the route, marks,
    /// conntrack.
    #[inline]
    pub fn eth_type_trans(&self, mut skb: Skb<'_>, napi: Napi<'_>) -> Option<RxSkb> {
        if let Err(reason) = skb.as_mut().may_pull(bindings::ETH_HLEN) {
            skb.drop_with(reason, napi);
            return None;
        }
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part.
        unsafe {
            bindings::skb_scrub_packet(skb, true);
            bindings::skb_orphan_lent(skb);
            let protocol = bindings::eth_type_trans(skb, self.as_raw());
            bindings::skb_set_protocol(skb, protocol);
            bindings::skb_postpull_ethernet(skb);
            // What a new packet has there is none: a flow's number would be of any bytes.
            bindings::skb_reset_network_header(skb);
            // INVARIANT: `eth_type_trans()` has run; the packet refers to nothing that is lent.
            Some(RxSkb::from_raw(NonNull::new_unchecked(skb)))
        }
    }
}
