// SPDX-License-Identifier: GPL-2.0

//! Transmit rings: packets that were sent and are not completed.
//!
//! C headers: [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h),
//! [`include/linux/dynamic_queue_limits.h`](srctree/include/linux/dynamic_queue_limits.h)

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    container_of,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    },
    time::Delta,
    types::Opaque, //
};

use crate::{
    bindings,
    context::Rtnl,
    skb::{
        AnyContext,
        DropReason,
        Skb, //
    },
};

/// A packet, and what byte queue limits were told of it.
struct Sent {
    skb: *mut bindings::sk_buff,
    bytes: u32,
}

/// The largest ring, in packets.
pub(super) const SIZE_MAX: u32 = 8192;

/// The most bytes that byte queue limits hear of for one packet: all that may be in a ring together
/// have to be less than half of a `u32`.
const BYTES_MAX: u32 = (1 << 31) / SIZE_MAX - 1;

/// Places of a ring: a power of two of them, or none while the queue is closed.
pub(crate) struct Places(KVVec<UnsafeCell<Sent>>);

impl Places {
    pub(crate) const NONE: Self = Self(KVVec::new());

    /// `size` places, rounded up to a power of two.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for more than [`SIZE_MAX`]; [`ENOMEM`].
    pub(crate) fn new(size: u32) -> Result<Self> {
        if size > SIZE_MAX {
            return Err(EINVAL);
        }
        let size = size.next_power_of_two();
        let mut places = KVVec::with_capacity(size as usize, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..size {
            let empty = Sent {
                skb: ptr::null_mut(),
                bytes: 0,
            };
            places.push(UnsafeCell::new(empty), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Self(places))
    }

    /// Whether a queue with them is closed.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline(always)]
    fn len(&self) -> u32 {
        self.0.len() as u32
    }

    #[inline(always)]
    fn at(&self, position: u32) -> Option<&UnsafeCell<Sent>> {
        self.0.get((position & self.len().wrapping_sub(1)) as usize)
    }
}

/// The packets of a transmit queue, first in first out: the holder of the queue's lock puts them in,
/// the poll of the queue takes them out.
///
/// # Invariants
///
/// - `places` changes with the queue's lock held while no poll runs.
/// - The places from `tail` up to `head`, at most all, hold packets that the ring owns, which refer to
///   nothing that is lent, and that byte queue limits take for sent and not completed; no others are taken for that.
/// - `head` is written with the lock held, `tail` by the poll, and both by who changes `places`.
/// - The timer is set up. It is started only while there are places, with the lock held or by the
///   poll.
/// - `napi` is null or the instance whose poll it is, which is not freed before the ring.
#[pin_data]
pub(crate) struct TxRing {
    places: UnsafeCell<Places>,
    head: Atomic<u32>,
    tail: Atomic<u32>,
    /// The delay, in nanoseconds, of the timer that runs or is about to; 0 for none.
    armed: Atomic<u64>,
    napi: Atomic<*mut bindings::napi_struct>,
    #[pin]
    timer: Opaque<bindings::hrtimer>,
}

// SAFETY: What is not atomic is used by one at a time, by the type invariants.
unsafe impl Send for TxRing {}
// SAFETY: As above.
unsafe impl Sync for TxRing {}

/// What has become of a packet that was to go into a ring.
pub(super) enum Pushed<'a> {
    /// It is in, and the hardware has to be told if it says so.
    Taken { tell: bool },
    /// There is no room; the queue is stopped until there is.
    Full(Skb<'a>),
    /// The queue is closed.
    Closed(Skb<'a>),
}

impl TxRing {
    /// A ring without places.
    pub(crate) fn new() -> impl PinInit<Self> {
        // INVARIANT: Nothing is in it; the timer is set up.
        pin_init!(Self {
            places: UnsafeCell::new(Places::NONE),
            head: Atomic::<u32>::new(0),
            tail: Atomic::<u32>::new(0),
            armed: Atomic::<u64>::new(0),
            napi: Atomic::<*mut bindings::napi_struct>::new(ptr::null_mut()),
            timer <- Opaque::ffi_init(|timer| {
                // SAFETY: `timer` is valid for writes and stays where it is; the callback is for one
                // that is part of a ring.
                unsafe {
                    bindings::hrtimer_setup(
                        timer,
                        Some(Self::fired),
                        bindings::CLOCK_MONOTONIC as c_int,
                        bindings::hrtimer_mode_HRTIMER_MODE_REL_PINNED,
                    )
                }
            }),
        })
    }

    /// From how many free places on a queue that was full is started again.
    #[inline(always)]
    fn start_at(size: u32) -> u32 {
        (size / 4).max(1)
    }

    /// Gives the ring other places, or none. What was in the old ones is dropped, and byte queue
    /// limits forget it.
    ///
    /// # Safety
    ///
    /// `queue` is the ring's queue, and `napi` the instance whose poll it is from now on. No poll
    /// runs.
    pub(crate) unsafe fn exchange(
        &self,
        queue: *mut bindings::netdev_queue,
        napi: *mut bindings::napi_struct,
        places: Places,
        _rtnl: Rtnl<'_>,
    ) {
        let closed = places.is_empty();
        // SAFETY: By the caller's promise: a queue, in process context.
        unsafe { bindings::netif_tx_lock_queue(queue) };
        // SAFETY: Locked, and no poll runs.
        let old = mem::replace(unsafe { &mut *self.places.get() }, places);
        let left = self.tail.load(Relaxed)..self.head.load(Relaxed);
        // INVARIANT: The ring is empty; so are the limits' sums, and `napi` is by the caller's promise.
        self.head.store(0, Relaxed);
        self.tail.store(0, Relaxed);
        self.napi.store(napi, Relaxed);
        // SAFETY: The queue is locked, and what was sent is not completed by anybody else.
        unsafe {
            bindings::netdev_tx_reset_queue(queue);
            bindings::netif_tx_wake_queue(queue);
            bindings::netif_tx_unlock_queue(queue);
        }
        if closed {
            // Nobody starts it any more: there are no places.
            // SAFETY: Set up, by the type invariants; RTNL may sleep.
            unsafe { bindings::hrtimer_cancel(self.timer.get()) };
            self.armed.store(0, Relaxed);
        }
        let mut position = left.start;
        while position != left.end {
            if let Some(place) = old.at(position) {
                // SAFETY: The places are ours alone now.
                let skb = unsafe { (*place.get()).skb };
                if let Some(skb) = NonNull::new(skb) {
                    // SAFETY: By the type invariants the ring owned it.
                    unsafe { Skb::from_raw(skb) }.drop_with(DropReason::QUEUE_PURGE, AnyContext);
                }
            }
            position = position.wrapping_add(1);
        }
    }

    /// Puts a packet in, and stops the queue if that was the last place.
    ///
    /// # Safety
    ///
    /// `queue` is the ring's queue, and its lock is held.
    #[inline]
    pub(super) unsafe fn push<'a>(
        &self,
        queue: *mut bindings::netdev_queue,
        skb: Skb<'a>,
    ) -> Pushed<'a> {
        // SAFETY: Locked.
        let places = unsafe { &*self.places.get() };
        let size = places.len();
        let head = self.head.load(Relaxed);
        let used = head.wrapping_sub(self.tail.load(Acquire));
        let (Some(place), true) = (places.at(head), used < size) else {
            if size == 0 {
                return Pushed::Closed(skb);
            }
            // Woken too early.
            // SAFETY: The queue is locked; `head` and `tail` are counters of the ring.
            unsafe { self.maybe_stop(queue, size) };
            return Pushed::Full(skb);
        };
        let bytes = skb.len().min(BYTES_MAX);
        // INVARIANT: The packet is the ring's; the limits hear of it before the poll can see it.
        // SAFETY: Locked, and the place is free: the poll does not look at it.
        unsafe {
            *place.get() = Sent {
                skb: skb.keep().into_raw(),
                bytes,
            };
        }
        // SAFETY: The queue is locked.
        let tell = unsafe { bindings::netdev_tx_sent(queue, bytes) };
        self.head.store(head.wrapping_add(1), Release);
        // SAFETY: As above.
        let stopped = unsafe { self.maybe_stop(queue, size) };
        Pushed::Taken {
            tell: tell || stopped,
        }
    }

    /// Stops the queue if there is no room. Whether it was.
    ///
    /// # Safety
    ///
    /// As [`Self::push`].
    #[inline(always)]
    unsafe fn maybe_stop(&self, queue: *mut bindings::netdev_queue, size: u32) -> bool {
        // SAFETY: By the caller's promise; the counters are valid.
        let left = unsafe {
            bindings::netif_txq_maybe_stop(
                queue,
                self.head.as_ptr(),
                self.tail.as_ptr(),
                size,
                Self::start_at(size),
            )
        };
        left != 1
    }

    /// Lends what is in the ring to its poll.
    ///
    /// # Safety
    ///
    /// `queue` is the ring's queue; the caller is the poll, and calls [`Completions::finish`].
    #[inline]
    pub(crate) unsafe fn completions(&self, queue: *mut bindings::netdev_queue) -> Completions<'_> {
        Completions {
            ring: self,
            queue,
            head: self.head.load(Acquire),
            tail: self.tail.load(Relaxed),
            packets: 0,
            bytes: 0,
            _poll: PhantomData,
        }
    }

    /// Sees to a poll after `delay`, unless one is to come earlier.
    ///
    /// # Safety
    ///
    /// The queue's lock is held, or the caller is the poll.
    #[inline]
    pub(super) unsafe fn poll_after(&self, delay: Delta) {
        // SAFETY: By the caller's promise.
        if unsafe { &*self.places.get() }.is_empty() {
            return;
        }
        let Ok(delay @ 1..) = u64::try_from(delay.as_nanos()) else {
            // SAFETY: There are places, hence an instance, by the type invariants. Its own state keeps
            // a disabled or deleted one from being scheduled.
            return unsafe { bindings::napi_schedule(self.napi.load(Relaxed)) };
        };
        // What was put in, before `armed`: the other side is in `fired`.
        let armed = self.armed.fetch_add(0, Full);
        // A timer that runs for a delay no longer than this one was started before, and fires before.
        if armed == 0 || delay < armed {
            // SAFETY: There are places, and this is the holder of the lock or the poll.
            unsafe { self.arm(armed, delay) };
        }
    }

    /// Sees to it that the timer fires in `delay` nanoseconds at the latest; `armed` is what it was
    /// armed for last.
    ///
    /// # Safety
    ///
    /// As [`Self::poll_after`], and there are places.
    unsafe fn arm(&self, mut armed: u64, mut delay: u64) {
        loop {
            if armed != 0 {
                if delay >= armed {
                    return;
                }
                // SAFETY: Set up, by the type invariants.
                let left = unsafe { bindings::__hrtimer_get_remaining(self.timer.get(), false) };
                if left <= 0 {
                    // It fires now, or whoever has armed it has not started it yet.
                    // SAFETY: There are places, hence an instance, by the type invariants. Its own
                    // state keeps a disabled or deleted one from being scheduled.
                    return unsafe { bindings::napi_schedule(self.napi.load(Relaxed)) };
                }
                if left.unsigned_abs() <= delay {
                    return;
                }
            }
            match self.armed.cmpxchg(armed, delay, Full) {
                Ok(_) => break,
                Err(now) => armed = now,
            }
        }
        loop {
            // SAFETY: Set up, by the type invariants, and there are places.
            unsafe { bindings::hrtimer_start_pinned(self.timer.get(), delay) };
            // Who has armed it for a shorter delay meanwhile may have started it before.
            match self.armed.load(Relaxed) {
                now if now != 0 && now < delay => delay = now,
                _ => return,
            }
        }
    }

    /// # Safety
    ///
    /// Called with a timer that is part of a ring, which `exchange` waits for.
    unsafe extern "C" fn fired(timer: *mut bindings::hrtimer) -> bindings::hrtimer_restart {
        // SAFETY: By the caller's promise.
        let this = unsafe { &*container_of!(Opaque::cast_from(timer), Self, timer) };
        // Whoever sees it armed has put in before this what the poll then sees.
        this.armed.xchg(0, Full);
        // SAFETY: Started while there were places, hence an instance, which outlives the timer. Its
        // own state keeps a disabled or deleted one from being scheduled.
        unsafe { bindings::napi_schedule(this.napi.load(Relaxed)) };
        bindings::hrtimer_restart_HRTIMER_NORESTART
    }
}

/// The sent packets of a queue, the oldest first, borrowed by the queue's poll
/// (`netdev_tx_completed_queue()`).
///
/// A packet that is taken out is completed. Afterwards byte queue limits are updated, and the queue
/// is started if it was stopped and has room. Packets that are left stay sent.
#[doc(alias = "netdev_tx_completed_queue")]
#[doc(alias = "netif_txq_completed_wake")]
pub struct Completions<'a> {
    ring: &'a TxRing,
    queue: *mut bindings::netdev_queue,
    head: u32,
    tail: u32,
    packets: u32,
    bytes: u32,
    // One poll's, for which no longer lifetime may be claimed.
    _poll: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl Completions<'_> {
    /// How many sent packets were not completed when the poll began.
    #[inline(always)]
    pub fn waiting(&self) -> u32 {
        self.head.wrapping_sub(self.tail)
    }

    /// Completes the oldest sent packet, and returns it (`napi_consume_skb()`).
    #[doc(alias = "napi_consume_skb")]
    #[inline]
    pub fn take(&mut self) -> Option<Skb<'static>> {
        if self.waiting() == 0 {
            return None;
        }
        // SAFETY: This is the poll.
        let place = unsafe { &*self.ring.places.get() }.at(self.tail)?;
        // SAFETY: In use, by the type invariants of the ring: the lock's holder does not touch it.
        let (skb, bytes) = unsafe { ((*place.get()).skb, (*place.get()).bytes) };
        self.tail = self.tail.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes);
        // SAFETY: It was the ring's own, and is ours now: `finish` moves the ring's `tail` on.
        NonNull::new(skb).map(|skb| unsafe { Skb::from_raw(skb) })
    }

    /// Schedules another poll after `delay`, unless an earlier one is scheduled.
    ///
    /// For a device whose completion interrupt must be simulated while packets
    /// [wait](Self::waiting): nothing else polls the queue for them.
    #[inline]
    pub fn poll_after(&self, delay: Delta) {
        // SAFETY: This is the poll.
        unsafe { self.ring.poll_after(delay) };
    }

    /// Tells what was taken out to byte queue limits, and starts the queue if there is room.
    #[inline]
    pub(crate) fn finish(self) {
        if self.packets == 0 {
            return;
        }
        // SAFETY: This is the poll.
        let size = unsafe { &*self.ring.places.get() }.len();
        // INVARIANT: What was taken out is not the ring's any more, and is completed next.
        self.ring.tail.store(self.tail, Release);
        // SAFETY: The queue is the ring's; by its invariants so much was sent and not completed. The
        // counters are valid.
        unsafe {
            bindings::netif_txq_completed_wake(
                self.queue,
                self.packets,
                self.bytes,
                self.ring.head.as_ptr(),
                self.ring.tail.as_ptr(),
                size,
                TxRing::start_at(size),
            )
        };
    }
}
