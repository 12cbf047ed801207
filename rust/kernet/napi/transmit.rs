// SPDX-License-Identifier: GPL-2.0

//! The transmit queue that a poll serves beside its receive queue.

use kernel::prelude::*;

use super::RxQueue;
use crate::{
    bindings,
    context::{
        Napi,
        Rtnl, //
    },
    netdev::{
        Driver,
        DriverDevice,
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
    pub(super) unsafe fn exchange_tx(&self, dev: &DriverDevice<D>, places: Places, rtnl: Rtnl<'_>) {
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
    pub(super) fn poll_tx(&self, dev: &DriverDevice<D>, napi: Napi<'_>) {
        if !D::TxMode::LOCKED {
            return;
        }
        let Some((locked, queue)) = dev.locked_queue(self.index) else {
            return;
        };
        // SAFETY: This is the poll, of which no two run at a time; finished below.
        let mut sent = unsafe { locked.ring.completions(queue) };
        D::tx_complete(dev, self.index, &mut sent, napi);
        sent.finish();
    }
}

/// A ring for a transmit queue, where the driver has them.
pub(super) fn places<D: Driver>(dev: &DriverDevice<D>, rtnl: Rtnl<'_>) -> Result<Places> {
    if !D::TxMode::LOCKED {
        return Ok(Places::NONE);
    }
    Places::new(dev.rings(rtnl).tx)
}
