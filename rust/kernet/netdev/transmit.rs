// SPDX-License-Identifier: GPL-2.0

//! Transmit modes: on several CPUs at a time, or under the queue's lock.

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ops::Deref, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

use super::{
    queue::Requeued,
    tx_ring::{
        Pushed,
        TxRing, //
    },
    Driver,
    DriverDevice,
    Transmit,
    TxQueue, //
};
use crate::{
    bindings,
    context::{
        Rtnl,
        Softirq, //
    },
    skb::{
        DropReason,
        Skb, //
    },
};

/// How [`Driver::transmit`] runs: [`Concurrent`] or [`Locked`].
pub trait TxMode<D: Driver>: private::Sealed + 'static {
    /// Whether the core holds the queue's lock.
    #[doc(hidden)]
    const LOCKED: bool;

    /// What a queue has under its lock.
    #[doc(hidden)]
    type State: Default + Send + 'static;

    /// The queue type that [`Driver::transmit`] gets.
    type Queue<'a>;

    /// Calls [`Driver::transmit`].
    ///
    /// # Safety
    ///
    /// The caller is `ndo_start_xmit` of `dev`, with a packet for queue `index`.
    #[doc(hidden)]
    unsafe fn transmit(
        dev: &DriverDevice<D>,
        index: u16,
        skb: Skb<'_>,
        softirq: Softirq<'_>,
    ) -> Transmit;
}

mod private {
    pub trait Sealed {}
}

/// Several CPUs send at a time, even on one queue (`lltx`). The driver gets a [`TxQueue`].
#[doc(alias = "lltx")]
pub struct Concurrent;

impl private::Sealed for Concurrent {}

impl<D: Driver<TxMode = Self>> TxMode<D> for Concurrent {
    const LOCKED: bool = false;

    type State = ();
    type Queue<'a> = TxQueue<'a, D>;

    #[inline(always)]
    unsafe fn transmit(
        dev: &DriverDevice<D>,
        index: u16,
        skb: Skb<'_>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        D::transmit(dev, skb, TxQueue::new(dev, index), softirq)
    }
}

/// One CPU at a time sends on a queue, under the queue's lock (`HARD_TX_LOCK`). The driver gets a
/// [`Sender`], with a ring of packets and an `S` that only the holder of the lock can use.
///
/// The poll of a receive queue also serves the transmit queue of the same number, so such a driver
/// has equal numbers of both in use.
#[doc(alias = "HARD_TX_LOCK")]
pub struct Locked<S = ()>(PhantomData<fn() -> S>);

impl<S> private::Sealed for Locked<S> {}

impl<D: Driver<TxMode = Self>, S: Default + Send + 'static> TxMode<D> for Locked<S> {
    const LOCKED: bool = true;

    type State = S;
    type Queue<'a> = Sender<'a, D, S>;

    #[inline(always)]
    unsafe fn transmit(
        dev: &DriverDevice<D>,
        index: u16,
        skb: Skb<'_>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let Some((locked, raw)) = dev.locked_queue(index) else {
            dev.count_tx_dropped();
            skb.drop_with(DropReason::NOT_SPECIFIED, softirq);
            return Transmit::CongestionDrop;
        };
        // INVARIANT: The core holds the lock for as long as this is lent.
        let queue = Sender {
            queue: TxQueue::new(dev, index),
            raw,
            ring: &locked.ring,
            // SAFETY: The core holds the queue's lock for all of `ndo_start_xmit`, as the device is
            // not `lltx`; everybody else takes it.
            state: unsafe { &mut *locked.state.get() },
            tell: false,
        };
        D::transmit(dev, skb, queue, softirq)
    }
}

/// A transmit queue whose driver sends under its lock.
///
/// # Invariants
///
/// `state` is only looked at with the queue's lock held.
#[pin_data]
pub(crate) struct LockedQueue<S> {
    #[pin]
    pub(crate) ring: TxRing,
    state: UnsafeCell<S>,
}

// SAFETY: The ring is; the state is used by one at a time, by the type invariants.
unsafe impl<S: Send> Send for LockedQueue<S> {}
// SAFETY: As above.
unsafe impl<S: Send> Sync for LockedQueue<S> {}

impl<S: Default> LockedQueue<S> {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            ring <- TxRing::new(),
            state: UnsafeCell::new(S::default()),
        })
    }
}

/// A transmit queue under its lock: only this CPU sends on it while [`Driver::transmit`] runs
/// (`netdev_queue::_xmit_lock`).
///
/// # Invariants
///
/// The lock of the queue `raw` is held, whose ring `ring` is.
#[doc(alias = "netdev_queue::_xmit_lock")]
pub struct Sender<'a, D: Driver, S = ()> {
    queue: TxQueue<'a, D>,
    raw: *mut bindings::netdev_queue,
    ring: &'a TxRing,
    /// The driver's state of the queue.
    pub state: &'a mut S,
    tell: bool,
}

impl<'a, D: Driver, S> Deref for Sender<'a, D, S> {
    type Target = TxQueue<'a, D>;

    #[inline(always)]
    fn deref(&self) -> &TxQueue<'a, D> {
        &self.queue
    }
}

impl<D: Driver, S> Sender<'_, D, S> {
    /// Sends a packet: puts it into the ring, [kept](Skb::keep), until [`Driver::tx_complete`]
    /// takes it (`netdev_tx_sent_queue()`).
    ///
    /// Updates byte queue limits. The queue is stopped when the ring or the limits are full, and
    /// started when enough packets are completed. Without room the packet goes back to the queueing
    /// discipline. A packet for a queue that is closed, because the device goes down, is dropped
    /// and counted.
    #[doc(alias = "netdev_tx_sent_queue")]
    #[doc(alias = "netif_txq_maybe_stop")]
    #[inline]
    pub fn send(&mut self, skb: Skb<'_>, softirq: Softirq<'_>) -> Transmit {
        // SAFETY: By the type invariants.
        match unsafe { self.ring.push(self.raw, skb) } {
            Pushed::Taken { tell } => {
                self.tell |= tell;
                Transmit::Done
            }
            Pushed::Full(skb) => {
                // Those before it may have been told that more would come.
                self.tell = true;
                Transmit::Busy(Requeued::new(skb.keep()))
            }
            Pushed::Closed(skb) => {
                self.queue.dev().count_tx_dropped();
                skb.drop_with(DropReason::DEV_READY, softirq);
                Transmit::CongestionDrop
            }
        }
    }

    /// Whether the driver must notify the hardware of the ring after [`Self::send`]: no more
    /// packets follow at once, or the queue is stopped (`netdev_xmit_more()`).
    #[doc(alias = "netdev_xmit_more")]
    #[inline(always)]
    pub fn needs_doorbell(&self) -> bool {
        self.tell
    }

    /// Schedules a poll of the queue after `delay`, and so [`Driver::tx_complete`], unless an
    /// earlier one is scheduled.
    #[inline]
    pub fn poll_after(&self, delay: Delta) {
        // SAFETY: By the type invariants.
        unsafe { self.ring.poll_after(delay) };
    }
}

impl<D: Driver> DriverDevice<D> {
    /// What kernet keeps of a transmit queue, for a driver that sends under its lock.
    #[inline(always)]
    pub(crate) fn locked_queue(
        &self,
        index: u16,
    ) -> Option<(&LockedQueue<State<D>>, *mut bindings::netdev_queue)> {
        // SAFETY: Initialised, by the type invariants.
        let queues = unsafe { self.shared().locked_queues() };
        let queue = queues.get(usize::from(index))?;
        // SAFETY: There are as many as the device has transmit queues.
        let raw = unsafe { bindings::netdev_get_tx_queue(self.as_raw(), index.into()) };
        Some((queue, raw))
    }

    /// Returns a copy of the driver's state of a transmit queue, made under the queue's lock
    /// (`__netif_tx_lock_bh()`). `None` if the device does not have the queue, or the driver is not
    /// [`Locked`].
    #[doc(alias = "__netif_tx_lock_bh")]
    pub fn tx_state(&self, index: u16, _rtnl: Rtnl<'_>) -> Option<State<D>>
    where
        State<D>: Copy,
    {
        let (locked, queue) = self.locked_queue(index)?;
        // SAFETY: A queue of the device. RTNL's holder is in no `ndo_start_xmit`.
        unsafe { bindings::netif_tx_lock_queue(queue) };
        // SAFETY: Just locked.
        let state = unsafe { *locked.state.get() };
        // SAFETY: Locked above.
        unsafe { bindings::netif_tx_unlock_queue(queue) };
        Some(state)
    }
}

/// What a driver keeps for each transmit queue under the queue's lock.
pub(super) type State<D> = <<D as Driver>::TxMode as TxMode<D>>::State;
