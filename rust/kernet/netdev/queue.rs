// SPDX-License-Identifier: GPL-2.0

//! Transmit queues.

use core::ptr;
use kernel::prelude::*;

use super::{
    Dev,
    Driver, //
};
use crate::{
    bindings,
    context::{
        Rtnl,
        Softirq, //
    },
    error::to_result,
    napi::RxQueue,
    skb::Skb, //
};

/// What has become of a packet that was to be sent.
#[doc(alias = "netdev_tx_t")]
#[must_use]
pub enum Transmit {
    /// It is gone; the sender takes it for sent, even if it was not, as with a tunnel.
    Sent,
    /// It was dropped, with a reason, and counted; the sender hears of it.
    #[doc(alias = "NET_XMIT_DROP")]
    Dropped,
    /// The queueing discipline has it back.
    #[doc(alias = "NETDEV_TX_BUSY")]
    Busy(Busy),
}

/// A packet that goes back to its queueing discipline. Made by [`TxQueue::hold_back`].
pub struct Busy(Skb);

/// A transmit queue of a device, by its number. Whether the device has that many is looked at when
/// the queue is used.
pub struct TxQueue<'a, D: Driver> {
    dev: &'a Dev<D>,
    index: u16,
}

impl<'a, D: Driver> TxQueue<'a, D> {
    #[inline(always)]
    pub(super) fn new(dev: &'a Dev<D>, index: u16) -> Self {
        Self { dev, index }
    }

    /// The number of the queue, from 0.
    #[inline(always)]
    pub fn index(&self) -> u16 {
        self.index
    }

    /// C's queue; `None` if the device has not so many.
    #[inline(always)]
    fn as_raw(&self) -> Option<*mut bindings::netdev_queue> {
        let (dev, index) = (self.dev.as_raw(), u32::from(self.index));
        // SAFETY: Valid by the type; the number is set before registration.
        let exists = index < unsafe { (*dev).num_tx_queues };
        // SAFETY: There is such a queue.
        exists.then(|| unsafe { bindings::netdev_get_tx_queue(dev, index) })
    }

    /// Gives a packet back because its receiver is behind: stops the queue until `receiver` has been
    /// polled.
    ///
    /// # Errors
    ///
    /// The packet, when nothing keeps it: there is no such queue, it has no queueing discipline, or a
    /// poll of `receiver`, which has to be the peer's queue of the same number, would not start it
    /// again.
    #[doc(alias = "netif_tx_stop_queue")]
    #[doc(alias = "qdisc_txq_has_no_queue")]
    #[cold]
    pub fn hold_back(
        &self,
        skb: Skb,
        receiver: &RxQueue<D>,
        softirq: Softirq<'_>,
    ) -> Result<Transmit, Skb> {
        let Some(queue) = self.as_raw() else {
            return Err(skb);
        };
        // SAFETY: The device's; bottom halves are off.
        if unsafe { bindings::qdisc_txq_has_no_queue(queue) } {
            return Err(skb);
        }
        let peer = self.dev.peer(softirq);
        if receiver.index() != self.index || !peer.is_some_and(|peer| receiver.is_of(peer)) {
            return Err(skb);
        }
        // SAFETY: As above.
        unsafe { bindings::netif_tx_stop_queue(queue) };
        // A poll that missed the stop is followed by another one.
        receiver.notify(softirq);
        Ok(Transmit::Busy(Busy(skb)))
    }

    /// Starts the queue if it was stopped.
    #[doc(alias = "netif_tx_wake_queue")]
    #[inline]
    pub(crate) fn wake(&self) {
        if let Some(queue) = self.as_raw() {
            // SAFETY: The device's. The barrier inside follows what made room.
            unsafe { bindings::netif_tx_wake_stopped_queue(queue) };
        }
    }
}

impl Busy {
    /// Gives the packet back to C, whose it was.
    ///
    /// # Errors
    ///
    /// The packet, if it is another one than `given`.
    pub(super) fn into_raw(self, given: *mut bindings::sk_buff) -> Result<(), Skb> {
        if ptr::eq(self.0.as_ptr(), given) {
            self.0.into_raw();
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

impl<D: Driver> Dev<D> {
    /// Sets how many transmit queues are in use.
    #[doc(alias = "netif_set_real_num_tx_queues")]
    pub(crate) fn set_tx_queues(&self, count: u16, _rtnl: Rtnl<'_>) -> Result {
        // SAFETY: Registered, under RTNL. The callee checks the count.
        to_result(unsafe { bindings::netif_set_real_num_tx_queues(self.as_raw(), count.into()) })
    }

    /// Sets how many receive queues are in use.
    #[doc(alias = "netif_set_real_num_rx_queues")]
    pub(crate) fn set_rx_queues(&self, count: u16, _rtnl: Rtnl<'_>) -> Result {
        // SAFETY: As above.
        to_result(unsafe { bindings::netif_set_real_num_rx_queues(self.as_raw(), count.into()) })
    }
}
