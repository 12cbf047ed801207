// SPDX-License-Identifier: GPL-2.0

//! Transmit queues.

use core::ptr;
use kernel::{
    cpumask::Cpumask,
    prelude::*, //
};

use super::{
    Driver,
    DriverDevice,
    TxMode, //
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

/// What has become of a packet that a driver was to send (`netdev_tx_t`).
#[doc(alias = "netdev_tx_t")]
#[must_use]
pub enum Transmit {
    /// Consumed: sent, or dropped without a notice to the sender (`NETDEV_TX_OK`).
    #[doc(alias = "NETDEV_TX_OK")]
    Done,
    /// Dropped with a reason, and counted (`NET_XMIT_DROP`). The sender is notified.
    #[doc(alias = "NET_XMIT_DROP")]
    CongestionDrop,
    /// Given back to the queueing discipline.
    #[doc(alias = "NETDEV_TX_BUSY")]
    Busy(Requeued),
}

/// A packet that goes back to its queueing discipline (`NETDEV_TX_BUSY`). Returned by
/// [`TxQueue::stop_and_requeue`] and [`Sender::send`](super::Sender::send).
#[doc(alias = "NETDEV_TX_BUSY")]
pub struct Requeued(Skb<'static>);

/// A transmit queue of a device, by its number (`netdev_queue`). The number is checked when the
/// queue is used.
#[doc(alias = "netdev_queue")]
pub struct TxQueue<'a, D: Driver> {
    dev: &'a DriverDevice<D>,
    index: u16,
}

impl<'a, D: Driver> TxQueue<'a, D> {
    #[inline(always)]
    pub(super) fn new(dev: &'a DriverDevice<D>, index: u16) -> Self {
        Self { dev, index }
    }

    #[inline(always)]
    pub(super) fn dev(&self) -> &'a DriverDevice<D> {
        self.dev
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

    /// Gives a packet back because its receiver is congested: stops the queue until `receiver` was
    /// polled (`netif_tx_stop_queue()`).
    ///
    /// # Errors
    ///
    /// The packet, if it cannot be requeued: there is no such queue, the queue has no queueing
    /// discipline, or a poll of `receiver`, which must be the peer's queue of the same number,
    /// would not start the queue again.
    #[doc(alias = "netif_tx_stop_queue")]
    #[doc(alias = "netif_stop_queue")]
    #[doc(alias = "qdisc_txq_has_no_queue")]
    #[cold]
    pub fn stop_and_requeue(
        &self,
        skb: Skb<'static>,
        receiver: &RxQueue<D>,
        softirq: Softirq<'_>,
    ) -> Result<Transmit, Skb<'static>> {
        let Some(queue) = self.as_raw() else {
            return Err(skb);
        };
        let peer = self.dev.peer(softirq);
        if receiver.index() != self.index || !peer.is_some_and(|peer| receiver.is_of(peer)) {
            return Err(skb);
        }
        // SAFETY: The device's, which is registered, as it has a peer; bottom halves are off.
        if unsafe { bindings::qdisc_txq_has_no_queue(queue) } {
            return Err(skb);
        }
        // SAFETY: As above.
        unsafe { bindings::netif_tx_stop_queue(queue) };
        // A poll that missed the stop is followed by another one.
        receiver.schedule(softirq);
        Ok(Transmit::Busy(Requeued(skb)))
    }

    /// Whether the queue is stopped: by the driver, or by byte queue limits
    /// (`netif_xmit_stopped()`).
    #[doc(alias = "netif_xmit_stopped")]
    pub fn is_stopped(&self) -> bool {
        // SAFETY: The device's.
        self.as_raw()
            .is_some_and(|queue| unsafe { bindings::netif_xmit_stopped(queue) })
    }

    /// Milliseconds since a packet was last sent on the queue, or the queue was started
    /// (`trans_start`). 0 if the device does not have the queue.
    #[doc(alias = "trans_start")]
    pub fn idle_ms(&self) -> u32 {
        self.as_raw().map_or(0, |queue| {
            // SAFETY: The device's.
            unsafe { bindings::netdev_queue_idle_ms(queue) }
        })
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

impl Requeued {
    /// The queue has been stopped until there is room.
    #[inline(always)]
    pub(super) fn new(skb: Skb<'static>) -> Self {
        Self(skb)
    }

    /// Gives the packet back to C, whose it was.
    ///
    /// # Errors
    ///
    /// The packet, if it is another one than `given`.
    pub(super) fn into_raw(self, given: *mut bindings::sk_buff) -> Result<(), Skb<'static>> {
        if ptr::eq(self.0.as_ptr(), given) {
            self.0.into_raw();
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Sets the CPUs that send on a transmit queue (XPS). Does nothing without `CONFIG_XPS`.
    /// Userspace can change the CPUs (`queues/tx-N/xps_cpus` in sysfs), and a queue that goes out
    /// of use loses them.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the device does not have the queue; [`ENOMEM`].
    #[doc(alias = "netif_set_xps_queue")]
    pub fn set_xps_queue(&self, index: u16, cpus: &Cpumask, _rtnl: Rtnl<'_>) -> Result {
        if TxQueue::new(self, index).as_raw().is_none() {
            return Err(EINVAL);
        }
        let cpus = cpus.as_raw().cast();
        // SAFETY: There is such a queue; the mask is valid.
        to_result(unsafe { bindings::netif_set_xps_queue(self.as_raw(), cpus, index) })
    }

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

    /// As many receive as transmit queues in use, where a driver has them combined.
    pub(crate) fn combine_queues(&self, rtnl: Rtnl<'_>) -> Result {
        if D::TxMode::LOCKED {
            let count = self.tx_queues().min(self.rx_queues());
            self.set_tx_queues(count, rtnl)?;
            self.set_rx_queues(count, rtnl)?;
        }
        Ok(())
    }
}
