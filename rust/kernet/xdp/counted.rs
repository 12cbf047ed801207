// SPDX-License-Identifier: GPL-2.0

//! XDP statistics.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

use crate::netdev::Counter;

/// XDP statistics of a receive queue, in frames since the device was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XdpTotals {
    /// Lost before or after the program ran: no memory, or no receiver.
    pub lost: u64,
    /// Redirected (`XDP_REDIRECT`).
    #[doc(alias = "XDP_REDIRECT")]
    pub redirected: u64,
    /// Dropped by the program, or because its verdict is unknown.
    #[doc(alias = "XDP_DROP")]
    pub xdp_drop: u64,
    /// Sent back (`XDP_TX`).
    #[doc(alias = "XDP_TX")]
    pub sent_back: u64,
    /// Sent back by the program, but not taken.
    pub sent_back_errors: u64,
    /// Redirected to the peer, and put into this queue (`ndo_xdp_xmit()`).
    #[doc(alias = "ndo_xdp_xmit")]
    pub taken: u64,
    /// Redirected to the peer, but not taken.
    pub taken_errors: u64,
}

impl XdpTotals {
    /// Both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            lost: self.lost.wrapping_add(other.lost),
            redirected: self.redirected.wrapping_add(other.redirected),
            xdp_drop: self.xdp_drop.wrapping_add(other.xdp_drop),
            sent_back: self.sent_back.wrapping_add(other.sent_back),
            sent_back_errors: self.sent_back_errors.wrapping_add(other.sent_back_errors),
            taken: self.taken.wrapping_add(other.taken),
            taken_errors: self.taken_errors.wrapping_add(other.taken_errors),
        }
    }
}

/// The counters of a receive queue, which is where [`XdpTotals`] is from.
pub(crate) struct Counters {
    lost: Counter,
    redirected: Counter,
    xdp_drop: Counter,
    sent_back: Counter,
    sent_back_errors: Counter,
    // By whoever sends to the queue, several at a time.
    taken: Atomic<u64>,
    taken_errors: Atomic<u64>,
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Self {
            lost: Counter::new(),
            redirected: Counter::new(),
            xdp_drop: Counter::new(),
            sent_back: Counter::new(),
            sent_back_errors: Counter::new(),
            taken: Atomic::<u64>::new(0),
            taken_errors: Atomic::<u64>::new(0),
        }
    }

    /// Adds what a poll of the queue has counted.
    #[inline(always)]
    pub(crate) fn add(&self, counted: XdpTotals) {
        self.lost.add(counted.lost);
        self.redirected.add(counted.redirected);
        self.xdp_drop.add(counted.xdp_drop);
        self.sent_back.add(counted.sent_back);
        self.sent_back_errors.add(counted.sent_back_errors);
    }

    /// Adds frames that somebody had for the queue.
    #[inline(always)]
    pub(crate) fn add_taken(&self, taken: usize, not_taken: usize) {
        self.taken.fetch_add(taken as u64, Relaxed);
        if not_taken != 0 {
            self.taken_errors.fetch_add(not_taken as u64, Relaxed);
        }
    }

    pub(crate) fn get(&self) -> XdpTotals {
        XdpTotals {
            lost: self.lost.get(),
            redirected: self.redirected.get(),
            xdp_drop: self.xdp_drop.get(),
            sent_back: self.sent_back.get(),
            sent_back_errors: self.sent_back_errors.get(),
            taken: self.taken.load(Relaxed),
            taken_errors: self.taken_errors.load(Relaxed),
        }
    }
}
