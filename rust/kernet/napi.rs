// SPDX-License-Identifier: GPL-2.0

//! NAPI: receive queues that are polled.
//!
//! C headers: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h),
//! [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)
//!
//! A driver defines what a queue holds ([`Queue`]) and whether its queues are polled
//! ([`Driver::uses_napi`]); kernet does the rest. A queue is in one of three states:
//!
//! ```text
//!            start: content made, NAPI added and linked to the queue, enabled
//!      idle ------------------------------------------------------------------> polled
//!        ^                                                                        |
//!        |  content dropped                        not lent any more, disabled,  |
//!        +----------------- leaving <--------------------------------------------+
//!              a grace period          NAPI taken away
//! ```
//!
//! The first [`Device::rx_queues`](crate::netdev::Device::rx_queues) queues are polled while the
//! device is up and the driver wants it. A poll takes packets until the queue is empty or the
//! budget is spent, and passes them up through GRO; it cannot exceed the budget. Before that,
//! whatever the budget, it lets a driver that is [`Locked`](crate::netdev::Locked) complete sent
//! packets on the transmit queue of the same number. The settings and the id of a NAPI instance,
//! which the `netdev` family shows, belong to the number of the queue: they remain when polling
//! stops.

use core::{
    ops::{
        Range,
        RangeFrom, //
    },
    ptr, //
};
use kernel::{
    container_of,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        bh_disabled,
        Napi,
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
    netdev::{
        Counter,
        Driver,
        DriverDevice,
        Features,
        Places,
        RingSizes,
        TxMode, //
    },
    page_pool::PoolStats,
    percpu::PacketTotals,
    xdp::{
        self,
        Counters,
        Run,
        XdpTotals, //
    },
};

mod consumer;
mod content;
mod frags;
mod resize;
mod ring;
mod rx_frame;
mod transmit;

pub use consumer::Consumer;
use content::Content;
pub use frags::Frags;
pub(crate) use resize::resize;
pub use ring::Ring;
pub use rx_frame::RxFrame;

/// The content of a receive queue of driver `D`, while the queue is polled.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::{Napi, Process},
///     napi::{Consumer, RxFrame, Queue, Ring},
///     netdev::{Driver, DriverDevice, RingSizes},
/// };
///
/// const SIZES: RingSizes = RingSizes { min: 64, default: 256, max: 1024 };
///
/// /// A ring, behind which a driver can keep what belongs to the queue.
/// #[pin_data]
/// struct RxRing {
///     #[pin]
///     ring: Ring<256>,
/// }
///
/// impl<D: Driver> Queue<D> for RxRing {
///     const SIZES: RingSizes = SIZES;
///
///     fn init<'a>(size: u32, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
///         try_pin_init!(Self {
///             ring <- Ring::with_size(size, process),
///         }? Error)
///     }
///
///     fn next(
///         queue: &mut Consumer<'_, Self>,
///         dev: &DriverDevice<D>,
///         napi: Napi<'_>,
///     ) -> Option<RxFrame> {
///         let mut ring = queue.part(|queue| &queue.ring)?;
///         Queue::<D>::next(&mut ring, dev, napi)
///     }
///
///     fn is_empty(queue: &mut Consumer<'_, Self>) -> bool {
///         let ring = queue.part(|queue| &queue.ring);
///         ring.is_none_or(|mut ring| Queue::<D>::is_empty(&mut ring))
///     }
/// }
/// ```
pub trait Queue<D: Driver>: Sized + Send + Sync + 'static {
    /// Whether the driver has receive queues. `false` is for `()` alone.
    #[doc(hidden)]
    const EXISTS: bool = true;

    /// The sizes that the queue supports, in packets; [`RingSizes::NONE`] if it is unbounded
    /// (`ethtool_ringparam::rx_max_pending`).
    #[doc(alias = "ethtool_ringparam::rx_max_pending")]
    const SIZES: RingSizes = RingSizes::NONE;

    /// Whether the poll takes [buffers](Consumer::buffer) from a page pool of the queue
    /// (`page_pool_create()`).
    #[doc(alias = "page_pool_create")]
    const BUFFERS: bool = false;

    /// Makes the content of a queue, before it is polled. `size` is the current one of
    /// [`Self::SIZES`], in packets.
    ///
    /// # Errors
    ///
    /// The device stays down, or the new numbers of queues, sizes, features or XDP program are refused.
    fn init<'a>(size: u32, process: Process<'a>) -> impl PinInit<Self, Error> + 'a;

    /// Returns the next received packet, if any (`napi_struct::poll`).
    ///
    /// kernet counts the packet, runs the device's XDP program on it, and passes it up as received
    /// by `dev`.
    #[doc(alias = "napi_struct::poll")]
    fn next(
        queue: &mut Consumer<'_, Self>,
        dev: &DriverDevice<D>,
        napi: Napi<'_>,
    ) -> Option<RxFrame>;

    /// Whether there is no packet. Called after a poll without a packet, so that a packet which
    /// came meanwhile is not left behind: see [`RxQueue::schedule`].
    fn is_empty(queue: &mut Consumer<'_, Self>) -> bool;
}

impl<D: Driver> Queue<D> for () {
    const EXISTS: bool = false;

    fn init<'a>(_: u32, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(())
    }

    fn next(_: &mut Consumer<'_, Self>, _: &DriverDevice<D>, _: Napi<'_>) -> Option<RxFrame> {
        None
    }

    fn is_empty(_: &mut Consumer<'_, Self>) -> bool {
        true
    }
}

const IDLE: u32 = 0;
const POLLED: u32 = 1;
const LEAVING: u32 = 2;

/// A receive queue (`napi_struct`).
///
/// The device owns it; it is freed with the private data. A queue that is borrowed is being polled,
/// and its content stays for the read-side section.
///
/// # Invariants
///
/// - `content` is initialised unless `state` is [`IDLE`], and `napi` is added and enabled if it is
///   [`POLLED`].
/// - `state` is changed under RTNL, from [`LEAVING`] to [`IDLE`] after a grace period.
#[doc(alias = "napi_struct")]
#[pin_data]
pub struct RxQueue<D: Driver> {
    #[pin]
    napi: Opaque<bindings::napi_struct>,
    index: u16,
    state: Atomic<u32>,
    /// A poll is to come, and will see all that is in the queue now.
    notified: Atomic<bool>,
    packets: Counter,
    bytes: Counter,
    frames: Counters,
    #[pin]
    content: Opaque<Content<D>>,
}

// SAFETY: NAPI's functions are thread safe; the content is `Sync` itself.
unsafe impl<D: Driver> Send for RxQueue<D> {}
// SAFETY: As above.
unsafe impl<D: Driver> Sync for RxQueue<D> {}

impl<D: Driver> core::ops::Deref for RxQueue<D> {
    type Target = D::Queue;

    #[inline(always)]
    fn deref(&self) -> &D::Queue {
        // SAFETY: Lent by `DriverDevice::rx_queue` or by a poll, hence initialised, by the type invariants.
        unsafe { (*self.content.get()).queue() }
    }
}

impl<D: Driver> RxQueue<D> {
    pub(crate) fn new(index: u16) -> impl PinInit<Self> {
        // INVARIANT: Idle.
        pin_init!(Self {
            napi: Opaque::zeroed(),
            index,
            state: Atomic::<u32>::new(IDLE),
            notified: Atomic::<bool>::new(false),
            packets: Counter::new(),
            bytes: Counter::new(),
            frames: Counters::new(),
            content: Opaque::uninit(),
        })
    }

    /// The number of the queue, from 0.
    #[doc(alias = "get_netdev_rx_queue_index")]
    #[inline(always)]
    pub fn index(&self) -> u16 {
        self.index
    }

    fn received(&self) -> PacketTotals {
        PacketTotals {
            packets: self.packets.get(),
            bytes: self.bytes.get(),
        }
    }

    pub(crate) fn is_of(&self, dev: &DriverDevice<D>) -> bool {
        // SAFETY: Lent while it is polled, hence added to a device.
        unsafe { ptr::eq((*self.napi.get()).dev, dev.as_raw()) }
    }

    /// Counts frames that were redirected to this device: `taken` were put into the queue,
    /// `not_taken` were not.
    #[inline]
    pub fn count_frames(&self, taken: usize, not_taken: usize, _softirq: Softirq<'_>) {
        self.frames.add_taken(taken, not_taken);
    }

    /// Schedules a poll of the queue after a packet was put into it.
    ///
    /// If a poll is scheduled already, this costs a barrier and a load.
    #[doc(alias = "napi_schedule")]
    #[inline]
    pub fn schedule(&self, softirq: Softirq<'_>) {
        // What was put in, before `notified`: the other side is in `poll`.
        // SAFETY: No requirements.
        unsafe { bindings::smp_mb() };
        if self.notified.load(Relaxed) {
            return;
        }
        self.schedule_always(softirq);
    }

    /// As [`Self::notify`], whether or not a poll is to come.
    #[inline]
    fn schedule_always(&self, _softirq: Softirq<'_>) {
        // SAFETY: A queue is lent while it is added. From then on NAPI's own state keeps a disabled
        // or deleted instance from being scheduled.
        unsafe {
            if bindings::napi_schedule_prep(self.napi.get()) {
                self.notified.store(true, Relaxed);
                bindings::__napi_schedule(self.napi.get());
            }
        }
    }

    /// # Safety
    ///
    /// `dev` is the device that owns the queue, which is idle.
    unsafe fn start(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) -> Result {
        let places = transmit::places(dev, rtnl)?;
        let content = Content::new(dev, self.index, rtnl);
        // SAFETY: The queue is idle, so nobody looks at its content, which does not move.
        unsafe { crate::error::init_in_place(self.content.get(), content)? };
        self.notified.store(false, Relaxed);
        let (raw, napi) = (dev.as_raw(), self.napi.get());
        // SAFETY: The device owns the queue and has room for settings of each; `poll` is for an
        // instance that is part of `Self`. RTNL is held.
        unsafe {
            bindings::netif_napi_add_config(raw, napi, Some(Self::poll), self.index.into());
        }
        // SAFETY: The device owns the queue, whose NAPI is added, and disabled until now.
        unsafe { self.exchange_tx(dev, places, rtnl) };
        // SAFETY: As above.
        unsafe {
            bindings::napi_enable(napi);
            bindings::netif_queue_set_napi(
                raw,
                self.index.into(),
                bindings::netdev_queue_type_NETDEV_QUEUE_TYPE_RX,
                napi,
            );
        }
        // INVARIANT: All of it is done.
        self.state.store(POLLED, Release);
        if D::TxMode::LOCKED {
            // Polls for what was sent before they were possible.
            bh_disabled(rtnl, |softirq| self.schedule_always(softirq));
        }
        Ok(())
    }

    /// The first half of stopping: no poll runs or will run.
    ///
    /// # Safety
    ///
    /// `dev` is the device that owns the queue, which is polled. [`Self::finish`] is called after a
    /// grace period.
    unsafe fn leave(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        let (raw, napi) = (dev.as_raw(), self.napi.get());
        // INVARIANT: NAPI is taken away from here on, the content after a grace period.
        self.state.store(LEAVING, Release);
        // SAFETY: Added and enabled by `start`; RTNL is held. Disabling waits for a poll to end.
        unsafe {
            bindings::netif_queue_set_napi(
                raw,
                self.index.into(),
                bindings::netdev_queue_type_NETDEV_QUEUE_TYPE_RX,
                ptr::null_mut(),
            );
            bindings::napi_disable(napi);
        }
        // SAFETY: The device owns the queue, whose NAPI is disabled.
        unsafe { self.exchange_tx(dev, Places::NONE, rtnl) };
        // SAFETY: As above.
        unsafe { bindings::__netif_napi_del(napi) };
    }

    /// The second half: drops the content, and lets whoever waited for a poll go on.
    ///
    /// # Safety
    ///
    /// A grace period has passed since [`Self::leave`].
    unsafe fn finish(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        // INVARIANT: The content is dropped next, under RTNL.
        self.state.store(IDLE, Relaxed);
        // SAFETY: Initialised by `start`; nobody looks at it any more, by the caller's promise.
        unsafe { ptr::drop_in_place(self.content.get()) };
        let peer = dev.peer(rtnl);
        if let Some(peer) = peer {
            peer.tx_queue(self.index).wake();
        }
    }

    /// # Safety
    ///
    /// Called by NAPI with an instance that is part of a `Self`.
    unsafe extern "C" fn poll(napi: *mut bindings::napi_struct, budget: c_int) -> c_int {
        // SAFETY: By the caller's promise.
        let this = unsafe { &*container_of!(Opaque::cast_from(napi), Self, napi) };
        // SAFETY: The device outlives its queues, and was made for `D`.
        let dev = unsafe { DriverDevice::<D>::from_raw((*napi).dev) };
        // SAFETY: This is a poll, with that budget.
        let context = unsafe { Napi::assume(budget) };
        // SAFETY: A queue is polled while its content is initialised, by the type invariants.
        let content = unsafe { &*this.content.get() };
        // SAFETY: All are of this poll.
        let mut queue = unsafe { Consumer::new(content.queue(), &content.receive, napi) };
        // SAFETY: All are of this poll; finished below.
        let mut run = unsafe { Run::new(dev, &content.receive, napi, context) };
        this.poll_tx(dev, context);
        let mut done = 0;
        let mut bytes = 0_u64;
        while done < budget {
            let (len, received) = match <D::Queue as Queue<D>>::next(&mut queue, dev, context) {
                None => break,
                Some(RxFrame::Skb(received)) => (received.frame_len(), Some(received)),
                Some(RxFrame::Frags(frags)) => {
                    let len = frags.len();
                    if run.has_program() {
                        (len, frags.into_received(dev, context))
                    } else {
                        // SAFETY: This is a poll of that NAPI instance, the device's.
                        unsafe { frags.netif_rx(dev, napi, context) };
                        (len, None)
                    }
                }
                Some(RxFrame::Frame(frame)) => {
                    let len = frame.len();
                    run.frame(frame);
                    (len, None)
                }
            };
            if let Some(received) = received {
                run.receive(received);
            }
            bytes = bytes.wrapping_add(len.into());
            done += 1;
        }
        let counted = run.finish();
        if xdp::exists::<D>() {
            this.frames.add(counted);
        }
        this.packets.add(done.unsigned_abs().into());
        this.bytes.add(bytes);
        // SAFETY: This is a poll that has not spent its budget.
        if done < budget && unsafe { bindings::napi_complete_done(napi, done) } {
            this.notified.store(false, Relaxed);
            // `notified`, before what is in the queue: the other side is in `notify`.
            // SAFETY: No requirements.
            unsafe { bindings::smp_mb() };
            if !<D::Queue as Queue<D>>::is_empty(&mut queue) {
                this.schedule(context.softirq());
            }
        }
        let peer = dev.peer(context);
        if let Some(peer) = peer {
            peer.tx_queue(this.index).wake();
        }
        done
    }
}

/// Sees to it that the queues of a range are polled.
///
/// # Errors
///
/// Those that were not are as before.
pub(crate) fn start<D: Driver>(dev: &DriverDevice<D>, range: Range<u16>, rtnl: Rtnl<'_>) -> Result {
    // Consumer queues come before idle ones.
    let mut first = range.end;
    for queue in dev.all_rx_queues(range) {
        if queue.state.load(Relaxed) != IDLE {
            continue;
        }
        first = first.min(queue.index);
        // SAFETY: The queue is the device's, and idle.
        if let Err(e) = unsafe { queue.start(dev, rtnl) } {
            stop(dev, first..queue.index, rtnl);
            return Err(e);
        }
    }
    Ok(())
}

/// Whether the queues of a device that is up are polled with these features.
pub(crate) fn wanted<D: Driver>(dev: &DriverDevice<D>, features: Features, rtnl: Rtnl<'_>) -> bool {
    if !<D::Queue as Queue<D>>::EXISTS {
        return false;
    }
    if D::TxMode::LOCKED {
        return true;
    }
    dev.shared().program().is_some(rtnl) || D::uses_napi(dev, features, rtnl)
}

/// Whether the queues that are in use are polled.
pub(crate) fn is_polled<D: Driver>(dev: &DriverDevice<D>) -> bool {
    let first = dev.all_rx_queues(0..1).first();
    first.is_some_and(|queue| queue.state.load(Relaxed) == POLLED)
}

/// Sees to it that the queues of a range are not polled any more.
pub(crate) fn stop<D: Driver>(dev: &DriverDevice<D>, range: Range<u16>, rtnl: Rtnl<'_>) {
    let queues = dev.all_rx_queues(range);
    let mut any = false;
    for queue in queues {
        if queue.state.load(Relaxed) == POLLED {
            any = true;
            // SAFETY: The queue is the device's, and polled; see below.
            unsafe { queue.leave(dev, rtnl) };
        }
    }
    if !any {
        return;
    }
    // SAFETY: May sleep.
    unsafe { bindings::synchronize_net() };
    for queue in queues {
        if queue.state.load(Relaxed) == LEAVING {
            // SAFETY: A grace period has passed since it left, above.
            unsafe { queue.finish(dev, rtnl) };
        }
    }
}

impl<D: Driver> DriverDevice<D> {
    fn all_rx_queues(&self, range: Range<u16>) -> &[Pin<KBox<RxQueue<D>>>] {
        // SAFETY: Initialised, by the type invariants.
        let queues = unsafe { self.shared().queues() };
        let end = usize::from(range.end).min(queues.len());
        queues.get(usize::from(range.start)..end).unwrap_or(&[])
    }

    /// A receive queue; `None` unless it is polled.
    #[inline]
    pub fn rx_queue<'a>(&'a self, index: u16, _rcu: Rcu<'a>) -> Option<&'a RxQueue<D>> {
        // SAFETY: Initialised, by the type invariants.
        let queues = unsafe { self.shared().queues() };
        let queue = queues.get(usize::from(index))?;
        (queue.state.load(Acquire) == POLLED).then(|| &**queue)
    }

    /// Packets that a range of queues has received by polling, since the device was made.
    pub fn napi_packets(&self, queues: RangeFrom<u16>) -> PacketTotals {
        let queues = self.all_rx_queues(queues.start..u16::MAX).iter();
        queues.fold(PacketTotals::default(), |sum, queue| {
            sum.plus(queue.received())
        })
    }

    /// Packets that a receive queue has received by polling, since the device was made.
    pub fn rx_totals(&self, index: u16) -> PacketTotals {
        let queue = self.all_rx_queues(index..index.saturating_add(1)).first();
        queue.map_or_else(PacketTotals::default, |queue| queue.received())
    }

    /// XDP statistics of a range of receive queues, since the device was made.
    pub fn xdp_totals(&self, queues: Range<u16>) -> XdpTotals {
        let queues = self.all_rx_queues(queues).iter();
        queues.fold(XdpTotals::default(), |sum, queue| {
            sum.plus(queue.frames.get())
        })
    }

    /// Adds up statistics of the pages of the queues that are in use.
    pub(crate) fn pool_stats(&self, _rtnl: Rtnl<'_>) -> PoolStats {
        let mut stats = PoolStats::new();
        for queue in self.all_rx_queues(0..self.rx_queues()) {
            if queue.state.load(Relaxed) == POLLED {
                // SAFETY: Consumer, hence initialised, by the type invariants; under RTNL it stays so.
                let receive = unsafe { &(*queue.content.get()).receive };
                if let Some(pool) = receive.pool() {
                    stats.add(pool);
                }
            }
        }
        stats
    }
}
