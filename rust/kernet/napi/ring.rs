// SPDX-License-Identifier: GPL-2.0

//! A ring of packets from any number of CPUs to the poll of a queue.
//!
//! C header: [`include/linux/ptr_ring.h`](srctree/include/linux/ptr_ring.h)

use core::ptr::NonNull;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

use super::{
    rx_frame::tagged,
    Consumer,
    Queue,
    RxFrame, //
};
use crate::{
    bindings,
    context::{
        Napi,
        Process,
        Softirq, //
    },
    netdev::{
        Driver,
        DriverDevice,
        RingSizes, //
    },
    skb::{
        AnyContext,
        DropReason,
        RxSkb, //
    },
    xdp::Frames, //
};

/// A bounded FIFO ring of `SIZE` packets, or of [another size](Self::with_size), with any number of
/// producers and one consumer: the poll of the queue that has the ring.
///
/// Packets that are left when the ring is dropped are dropped as [`DropReason::QUEUE_PURGE`].
///
/// # Invariants
///
/// The ring is initialised, and each pointer in it is that of a [`RxFrame`] that the ring owns.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     napi::Ring,
///     netdev::{Driver, DriverDevice},
///     skb::{DropReason, Skb},
/// };
///
/// /// Passes a packet to the first queue of the peer, as `Driver::transmit` of a pair does.
/// fn hand_over<D: Driver<Queue = Ring<256>>>(
///     dev: &DriverDevice<D>,
///     peer: &DriverDevice<D>,
///     skb: Skb<'_>,
///     softirq: Softirq<'_>,
/// ) {
///     let Some(received) = peer.forward_skb(skb, dev, softirq) else {
///         return; // the peer has counted it
///     };
///     let Some(queue) = peer.rx_queue(0, softirq.rcu()) else {
///         return received.drop_with(DropReason::DEV_READY, softirq);
///     };
///     match queue.produce(received, softirq) {
///         Ok(()) => queue.schedule(softirq),
///         Err(received) => received.drop_with(DropReason::FULL_RING, softirq),
///     }
/// }
/// ```
#[doc(alias = "ptr_ring")]
#[pin_data(PinnedDrop)]
pub struct Ring<const SIZE: i32> {
    #[pin]
    ring: Opaque<bindings::ptr_ring>,
}

// SAFETY: The ring has a lock for producers, one consumer, and owns what is in it.
unsafe impl<const SIZE: i32> Send for Ring<SIZE> {}
// SAFETY: As above.
unsafe impl<const SIZE: i32> Sync for Ring<SIZE> {}

impl<const SIZE: i32> Ring<SIZE> {
    /// An empty ring (`ptr_ring_init()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "ptr_ring_init")]
    pub fn new<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        const { assert!(SIZE > 0, "a ring without room") };
        Self::with_size(SIZE.unsigned_abs(), process)
    }

    /// An empty ring of another size, in packets (`ptr_ring_init()`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the size is 0 or does not fit into an `int`; [`ENOMEM`].
    #[doc(alias = "ptr_ring_init")]
    pub fn with_size<'a>(size: u32, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            // INVARIANT: Initialised and empty.
            ring <- Opaque::try_ffi_init(move |ring| {
                // Here is where memory is waited for: nobody carries this to where that is a bug.
                let _process = process;
                let size = c_int::try_from(size).map_err(|_| EINVAL)?;
                if size == 0 {
                    return Err(EINVAL);
                }
                // SAFETY: `ring` is valid for writes and stays where it is.
                to_result(unsafe { bindings::ptr_ring_init(ring, size, bindings::GFP_KERNEL_ACCOUNT) })
            }),
        }? Error)
    }

    /// Appends a packet.
    ///
    /// # Errors
    ///
    /// The packet, if the ring is full.
    #[doc(alias = "ptr_ring_produce")]
    #[inline]
    pub fn produce(&self, skb: RxSkb, _softirq: Softirq<'_>) -> Result<(), RxSkb> {
        let skb = skb.into_raw();
        // INVARIANT: The ring owns the packet if the call succeeds.
        // SAFETY: The ring is initialised, by the type invariants; its lock is taken with bottom
        // halves disabled by everyone.
        if unsafe { bindings::ptr_ring_produce(self.ring.get(), skb.cast()) } == 0 {
            return Ok(());
        }
        // SAFETY: It came from `into_raw()` above, and is ours still.
        Err(unsafe { RxSkb::from_raw(NonNull::new_unchecked(skb)) })
    }

    /// Appends frames, up to the first one that does not fit or is longer than `longest` bytes
    /// (`ptr_ring_produce()`).
    #[doc(alias = "ptr_ring_produce")]
    #[inline]
    pub fn produce_frames(&self, frames: &mut Frames<'_>, longest: u32, _softirq: Softirq<'_>) {
        let ring = self.ring.get();
        // SAFETY: The ring is initialised, by the type invariants; bottom halves are disabled.
        unsafe { bindings::ptr_ring_lock_producer(ring) };
        frames.send_each(|frame| {
            if frame.len() > longest {
                return Err(frame);
            }
            // INVARIANT: The ring owns the frame if the call succeeds.
            // SAFETY: As above; locked.
            frame.give(|frame| unsafe { bindings::__ptr_ring_produce(ring, tagged(frame)) } == 0)
        });
        // SAFETY: Locked above.
        unsafe { bindings::ptr_ring_unlock_producer(ring) };
    }
}

impl<D: Driver, const SIZE: i32> Queue<D> for Ring<SIZE> {
    const SIZES: RingSizes = RingSizes::fixed(SIZE.unsigned_abs());

    fn init<'a>(size: u32, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Self::with_size(size, process)
    }

    #[doc(alias = "__ptr_ring_consume")]
    #[inline]
    fn next(
        queue: &mut Consumer<'_, Self>,
        _dev: &DriverDevice<D>,
        _napi: Napi<'_>,
    ) -> Option<RxFrame> {
        // SAFETY: The ring is initialised, by the type invariants. `queue` is its consumer: there is
        // no second one while it lives.
        let ptr = unsafe { bindings::__ptr_ring_consume(queue.ring.get()) };
        // SAFETY: By the type invariants it was the ring's own, and is ours now.
        NonNull::new(ptr).map(|ptr| unsafe { RxFrame::from_raw(ptr) })
    }

    #[inline]
    fn is_empty(queue: &mut Consumer<'_, Self>) -> bool {
        // SAFETY: The ring is initialised, by the type invariants, and `queue` is its consumer.
        unsafe { bindings::__ptr_ring_empty(queue.ring.get()) }
    }
}

#[pinned_drop]
impl<const SIZE: i32> PinnedDrop for Ring<SIZE> {
    fn drop(self: Pin<&mut Self>) {
        // One by one: `ptr_ring_cleanup()` would take the consumer's lock with bottom halves on.
        // SAFETY: The ring is initialised, by the type invariants, and nobody else uses it any more.
        while let Some(ptr) = NonNull::new(unsafe { bindings::__ptr_ring_consume(self.ring.get()) })
        {
            // SAFETY: By the type invariants it was the ring's own, and is ours now.
            match unsafe { RxFrame::from_raw(ptr) } {
                RxFrame::Skb(skb) => skb.drop_with(DropReason::QUEUE_PURGE, AnyContext),
                RxFrame::Frame(frame) => drop(frame),
                // Is never in a ring.
                RxFrame::Frags(frags) => {
                    frags.drop_with(DropReason::QUEUE_PURGE, AnyContext);
                }
            }
        }
        // SAFETY: As above. Memory of a large ring is freed later, as it must be where bottom halves
        // are off: this may be an RCU read-side section.
        unsafe {
            bindings::local_bh_disable();
            bindings::ptr_ring_cleanup(self.ring.get(), None);
            bindings::local_bh_enable();
        }
    }
}
