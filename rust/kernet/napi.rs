// SPDX-License-Identifier: GPL-2.0

//! Receive queues that are polled: NAPI.
//!
//! A driver says what a queue holds ([`Queue`]); kernet makes one per receive queue of the device,
//! adds it to NAPI when the device is registered, enables it while the device is up, and polls it.
//! A poll takes packets until the queue has no more or the budget is spent, so that it cannot be
//! overspent, and passes them up through GRO.

use kernel::{
    container_of,
    prelude::*,
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        Napi,
        Process,
        Softirq, //
    },
    netdev::{
        Dev,
        Driver, //
    },
    skb::Received, //
};

/// What a receive queue of driver `D` holds.
pub trait Queue<D: Driver>: Sized + Send + Sync + 'static {
    /// Whether the driver has receive queues. `false` is for `()` alone.
    #[doc(hidden)]
    const EXISTS: bool = true;

    /// Makes the content of a queue.
    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a;

    /// The next packet that has been received, if any.
    ///
    /// kernet counts it, and passes it up as received by `dev`.
    fn next(&self, dev: &Dev<D>, napi: Napi<'_>) -> Option<Received>;
}

impl<D: Driver> Queue<D> for () {
    const EXISTS: bool = false;

    fn init<'a>(_: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(())
    }

    fn next(&self, _: &Dev<D>, _: Napi<'_>) -> Option<Received> {
        None
    }
}

/// A receive queue.
///
/// Owned by the device: added to NAPI in `ndo_init`, taken away in `ndo_uninit`, freed with the
/// private data.
#[doc(alias = "napi_struct")]
#[pin_data]
pub struct RxQueue<D: Driver> {
    #[pin]
    napi: Opaque<bindings::napi_struct>,
    #[pin]
    queue: D::Queue,
}

// SAFETY: NAPI's functions are thread safe; the content is `Sync` itself.
unsafe impl<D: Driver> Send for RxQueue<D> {}
// SAFETY: As above.
unsafe impl<D: Driver> Sync for RxQueue<D> {}

impl<D: Driver> core::ops::Deref for RxQueue<D> {
    type Target = D::Queue;

    #[inline(always)]
    fn deref(&self) -> &D::Queue {
        &self.queue
    }
}

impl<D: Driver> RxQueue<D> {
    pub(crate) fn new<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            napi: Opaque::zeroed(),
            queue <- <D::Queue as Queue<D>>::init(process),
        }? Error)
    }

    /// Sees to it that the queue is polled soon, unless the device is down.
    #[doc(alias = "napi_schedule")]
    #[inline]
    pub fn schedule(&self, _softirq: Softirq<'_>) {
        // SAFETY: A queue is lent by devices that are registered, hence `add`ed. From then on NAPI's
        // own state keeps a disabled or deleted instance from being scheduled.
        unsafe { bindings::napi_schedule(self.napi.get()) };
    }

    /// # Safety
    ///
    /// `dev` is the device that owns the queue; `delete` is called before either is freed.
    pub(crate) unsafe fn add(&self, dev: *mut bindings::net_device) {
        // SAFETY: By the caller's promise; `poll` is made for an instance that is part of `Self`.
        unsafe { bindings::netif_napi_add(dev, self.napi.get(), Some(Self::poll)) };
    }

    /// # Safety
    ///
    /// The queue is added and disabled; a grace period passes before it is freed.
    pub(crate) unsafe fn delete(&self) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::__netif_napi_del(self.napi.get()) };
    }

    /// # Safety
    ///
    /// Added and disabled; process context.
    pub(crate) unsafe fn enable(&self) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::napi_enable(self.napi.get()) };
    }

    /// # Safety
    ///
    /// Enabled; process context.
    pub(crate) unsafe fn disable(&self) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::napi_disable(self.napi.get()) };
    }

    /// # Safety
    ///
    /// Called by NAPI with an instance that is part of a `Self`.
    unsafe extern "C" fn poll(napi: *mut bindings::napi_struct, budget: c_int) -> c_int {
        // SAFETY: By the caller's promise.
        let this = unsafe { &*container_of!(Opaque::cast_from(napi), Self, napi) };
        // SAFETY: The device outlives its queues, and was made for `D`.
        let dev = unsafe { Dev::<D>::from_raw((*napi).dev) };
        // SAFETY: This is a poll, with that budget.
        let context = unsafe { Napi::assume(budget) };
        let mut done = 0;
        while done < budget {
            let Some(received) = this.queue.next(dev, context) else {
                break;
            };
            dev.count_rx(received.frame_len(), context.softirq());
            let skb = received.into_raw();
            // SAFETY: The packet is ours, and is what `eth_type_trans()` makes; it becomes one of
            // this device, which is alive, and is taken over.
            unsafe {
                bindings::skb_set_dev(skb, dev.as_raw());
                bindings::napi_gro_receive(napi, skb);
            }
            done += 1;
        }
        if done < budget {
            // A schedule since the poll began makes this poll again.
            // SAFETY: This is a poll that has not spent its budget.
            unsafe { bindings::napi_complete_done(napi, done) };
        }
        done
    }
}
