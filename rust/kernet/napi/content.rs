// SPDX-License-Identifier: GPL-2.0

//! The content of a receive queue while it is polled.

use core::pin::Pin;
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed, //
    },
};

use super::Queue;
use crate::{
    context::Rtnl,
    netdev::{
        Driver,
        DriverDevice, //
    },
    xdp::Receive,
};

/// What a queue has while it is polled.
///
/// # Invariants
///
/// `queue` is from a pinned [`KBox`] that nobody else owns. It is exchanged under RTNL while no poll
/// runs, and what was there is dropped after a grace period.
#[pin_data(PinnedDrop)]
pub(super) struct Content<D: Driver> {
    queue: Atomic<*mut D::Queue>,
    #[pin]
    pub(super) receive: Receive,
}

impl<D: Driver> Content<D> {
    /// That of queue `index` of a device.
    pub(super) fn new<'a>(
        dev: &'a DriverDevice<D>,
        index: u16,
        rtnl: Rtnl<'a>,
    ) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            receive <- Receive::new(dev, index, rtnl),
            // INVARIANT: Just given away. Last: nothing that could fail follows.
            queue: Atomic::<*mut D::Queue>::new(into_raw(Self::make(dev.rings(rtnl).rx, rtnl)?)),
        }? Error)
    }

    /// What the driver has in a queue, with room for `size` packets.
    pub(super) fn make(size: u32, rtnl: Rtnl<'_>) -> Result<Pin<KBox<D::Queue>>> {
        let queue = <D::Queue as Queue<D>>::init(size, rtnl.process());
        KBox::try_pin_init(queue, GFP_KERNEL_ACCOUNT)
    }

    /// What the driver has in the queue, for a read-side section or a poll.
    #[inline(always)]
    pub(super) fn queue(&self) -> &D::Queue {
        // SAFETY: By the type invariants, as whoever has borrowed this is in one of the two. It was
        // made before its pointer was put here, with which the load pairs.
        unsafe { &*self.queue.load(Acquire) }
    }

    /// Puts another one there, and returns what was.
    ///
    /// # Safety
    ///
    /// No poll runs; what is returned is dropped after a grace period.
    pub(super) unsafe fn exchange(
        &self,
        queue: Pin<KBox<D::Queue>>,
        _rtnl: Rtnl<'_>,
    ) -> Pin<KBox<D::Queue>> {
        // INVARIANT: By the caller's promise.
        let old = self.queue.xchg(into_raw(queue), Full);
        // SAFETY: By the type invariants, and it is out of here.
        unsafe { from_raw(old) }
    }
}

#[pinned_drop]
impl<D: Driver> PinnedDrop for Content<D> {
    fn drop(self: Pin<&mut Self>) {
        // Before the pool, of which it may have pages.
        // SAFETY: By the type invariants; nobody borrows it any more.
        drop(unsafe { from_raw(self.queue.load(Relaxed)) });
    }
}

fn into_raw<Q>(queue: Pin<KBox<Q>>) -> *mut Q {
    // SAFETY: Nothing is moved out of what the pointer is that of.
    KBox::into_raw(unsafe { Pin::into_inner_unchecked(queue) })
}

/// # Safety
///
/// `queue` is from [`into_raw`], and owned by the caller.
unsafe fn from_raw<Q>(queue: *mut Q) -> Pin<KBox<Q>> {
    // SAFETY: By the caller's promise; it has been pinned all the time.
    unsafe { Pin::new_unchecked(KBox::from_raw(queue)) }
}
