// SPDX-License-Identifier: GPL-2.0

//! The transmit queue that a poll serves beside its receive queue.

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::{
    RxQueue,
    POLLED, //
};
use crate::{
    bindings,
    context::{
        bh_disabled,
        Napi,
        Rtnl, //
    },
    netdev::{
        Dev,
        Driver,
        Places,
        TxMode, //
    },
};

impl<D: Driver> RxQueue<D> {
    /// Gives the transmit queue of the same number a ring, or takes it away.
    ///
    /// # Safety
    ///
    /// `dev` is the device that owns the queue, whose NAPI is added and disabled.
    pub(super) unsafe fn exchange_tx(&self, dev: &Dev<D>, places: Places, rtnl: Rtnl<'_>) {
        let open = !places.is_empty();
        let Some((locked, queue)) = dev.locked_queue(self.index) else {
            return;
        };
        let napi = self.napi.get();
        // SAFETY: The device owns all three. RTNL is held, and no poll runs: NAPI is disabled.
        unsafe { locked.ring.exchange(queue, napi, places, rtnl) };
        // SAFETY: The queue exists, under RTNL.
        unsafe {
            bindings::netif_queue_set_napi(
                dev.as_raw(),
                self.index.into(),
                bindings::netdev_queue_type_NETDEV_QUEUE_TYPE_TX,
                if open { napi } else { core::ptr::null_mut() },
            );
        }
    }

    /// The transmit queue's part of a poll.
    #[inline(always)]
    pub(super) fn poll_tx(&self, dev: &Dev<D>, napi: Napi<'_>) {
        if !D::TxMode::LOCKED {
            return;
        }
        let Some((locked, queue)) = dev.locked_queue(self.index) else {
            return;
        };
        // SAFETY: This is the poll, of which no two run at a time; finished below.
        let mut sent = unsafe { locked.ring.completions(queue) };
        D::completed(dev, self.index, &mut sent, napi);
        sent.finish();
    }
}

/// A ring for a transmit queue, where the driver has them.
pub(super) fn places<D: Driver>(dev: &Dev<D>, rtnl: Rtnl<'_>) -> Result<Places> {
    if !D::TxMode::LOCKED {
        return Ok(Places::NONE);
    }
    Places::new(dev.tx_ring_size(rtnl))
}

/// Changes the size of the transmit queues' rings. What is in them is dropped, what waits in queueing
/// disciplines is not.
///
/// # Errors
///
/// [`ENOMEM`], or [`EINVAL`] for a size that no ring has; they are as before.
pub(crate) fn resize<D: Driver>(dev: &Dev<D>, size: u32, rtnl: Rtnl<'_>) -> Result {
    // All that can fail comes first.
    let mut new = KVec::new();
    for queue in dev.all_rx_queues(0..u16::MAX) {
        if queue.state.load(Relaxed) == POLLED {
            new.push((queue, Places::new(size)?), GFP_KERNEL)?;
        }
    }
    dev.set_tx_ring_size(size, rtnl);
    for (queue, places) in new {
        let napi = queue.napi.get();
        // SAFETY: Polled, under RTNL. Disabling waits for a poll to end.
        unsafe { bindings::napi_disable(napi) };
        // SAFETY: The queue is the device's, and its NAPI is disabled.
        unsafe { queue.exchange_tx(dev, places, rtnl) };
        // SAFETY: Disabled above.
        unsafe { bindings::napi_enable(napi) };
        // Polls that were asked for meanwhile.
        bh_disabled(rtnl, |softirq| queue.notify_always(softirq));
    }
    Ok(())
}
