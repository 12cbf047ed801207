// SPDX-License-Identifier: GPL-2.0

//! A ring of packets between one CPU and another.

use core::ptr::NonNull;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

use super::{
    AnyContext,
    DropReason,
    Received,
    Skb, //
};
use crate::{
    bindings,
    context::{
        Process,
        Softirq, //
    },
};

/// A bounded first-in first-out ring of received packets, any number of producers and consumers.
///
/// Packets that are left when the ring is dropped are dropped as [`DropReason::QUEUE_PURGE`].
///
/// C header: [`include/linux/ptr_ring.h`](srctree/include/linux/ptr_ring.h)
///
/// # Invariants
///
/// The ring is initialised, and each pointer in it is that of a [`Received`] that the ring owns.
#[doc(alias = "ptr_ring")]
#[pin_data(PinnedDrop)]
pub struct Ring {
    #[pin]
    ring: Opaque<bindings::ptr_ring>,
}

// SAFETY: The ring has locks of its own for either side, and owns what is in it.
unsafe impl Send for Ring {}
// SAFETY: As above.
unsafe impl Sync for Ring {}

impl Ring {
    /// A ring for `size` packets.
    pub fn new<'a>(size: i32, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            // INVARIANT: Initialised and empty.
            ring <- Opaque::try_ffi_init(move |ring| {
                // SAFETY: `ring` is valid for writes and stays where it is.
                to_result(unsafe { bindings::ptr_ring_init(ring, size, bindings::GFP_KERNEL) })
            }),
        }? Error)
    }

    /// Appends a packet.
    ///
    /// # Errors
    ///
    /// The packet, when the ring is full.
    #[doc(alias = "ptr_ring_produce")]
    #[inline]
    pub fn produce(&self, skb: Received, _softirq: Softirq<'_>) -> Result<(), Received> {
        let skb = skb.into_raw();
        // INVARIANT: The ring owns the packet if the call succeeds.
        // SAFETY: The ring is initialised, by the type invariants; its lock is taken with bottom
        // halves disabled by everyone.
        if unsafe { bindings::ptr_ring_produce(self.ring.get(), skb.cast()) } == 0 {
            return Ok(());
        }
        // SAFETY: It came from `into_raw()` above, and is ours still.
        Err(unsafe { Received::from_raw(NonNull::new_unchecked(skb)) })
    }

    /// Takes the oldest packet.
    #[doc(alias = "ptr_ring_consume")]
    #[inline]
    pub fn consume(&self, _softirq: Softirq<'_>) -> Option<Received> {
        // SAFETY: As in `produce`, for the other side's lock.
        let skb = unsafe { bindings::ptr_ring_consume(self.ring.get()) };
        // SAFETY: By the type invariants it was the ring's own, and is ours now.
        NonNull::new(skb.cast()).map(|skb| unsafe { Received::from_raw(skb) })
    }

    /// Whether the ring looked empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // SAFETY: The ring is initialised, by the type invariants.
        unsafe { bindings::__ptr_ring_empty(self.ring.get()) }
    }
}

#[pinned_drop]
impl PinnedDrop for Ring {
    fn drop(self: Pin<&mut Self>) {
        // One by one: `ptr_ring_cleanup()` would take the consumer's lock with bottom halves on.
        loop {
            // SAFETY: The ring is initialised, by the type invariants.
            let skb = unsafe { bindings::ptr_ring_consume_bh(self.ring.get()) };
            let Some(skb) = NonNull::new(skb) else {
                break;
            };
            // SAFETY: By the type invariants it was the ring's own, and is ours now.
            unsafe { Skb::from_raw(skb.cast()) }.drop_reason(DropReason::QUEUE_PURGE, AnyContext);
        }
        // SAFETY: As above; nobody else uses the ring any more.
        unsafe { bindings::ptr_ring_cleanup(self.ring.get(), None) };
    }
}
