// SPDX-License-Identifier: GPL-2.0

//! Rate limits: of packets, bytes and log messages.
//!
//! C: `net_ratelimit()` of [`include/linux/net.h`](srctree/include/linux/net.h), and
//! [`net/netfilter/nft_limit.c`](srctree/net/netfilter/nft_limit.c)

use core::time::Duration;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

use crate::bindings;

/// Whether a message about packets may be logged now: at most ten in five seconds, of all the kernel's
/// networking together, unless `net.core.message_burst` and `message_cost` say otherwise. The kernel
/// logs how many it has held back.
///
/// [`net_warn_ratelimited!`](crate::net_warn_ratelimited) asks it.
#[inline]
pub fn net_ratelimit() -> bool {
    // SAFETY: No requirements.
    unsafe { bindings::net_ratelimit() != 0 }
}

/// Logs an error, unless [too much](crate::ratelimit::net_ratelimit) is logged.
#[macro_export]
macro_rules! net_err_ratelimited {
    ($($arg:tt)*) => {
        if $crate::ratelimit::net_ratelimit() {
            ::kernel::pr_err!($($arg)*)
        }
    };
}

/// Logs a warning, unless [too much](crate::ratelimit::net_ratelimit) is logged.
#[macro_export]
macro_rules! net_warn_ratelimited {
    ($($arg:tt)*) => {
        if $crate::ratelimit::net_ratelimit() {
            ::kernel::pr_warn!($($arg)*)
        }
    };
}

/// Logs information, unless [too much](crate::ratelimit::net_ratelimit) is logged.
#[macro_export]
macro_rules! net_info_ratelimited {
    ($($arg:tt)*) => {
        if $crate::ratelimit::net_ratelimit() {
            ::kernel::pr_info!($($arg)*)
        }
    };
}

/// Instants are in sixteenths of a nanosecond since the machine has started: good for 36 years.
const TICKS: u64 = 16;
/// What a token costs is in ticks, with so many binary digits behind the point.
const FRACTION: u32 = 12;
/// What a token costs that there never is, and the instant of which none is later.
const NEVER: u64 = u64::MAX;

/// A token bucket that any number of CPUs take from: a rate, and a burst that may exceed it
/// (`nft_limit`).
///
/// The bucket is full when it is made. It holds one word that changes, and takes no lock: a taker that
/// another one has overtaken tries again. What a token costs is exact to 2^-16 of a nanosecond, and what is
/// taken in one go to a 16th of a nanosecond.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use kernet::{
///     netfilter::{Packet, Verdict},
///     ratelimit::RateLimit,
///     skb::DropReason,
/// };
///
/// /// Ten packets in a second, and five at once.
/// fn limit() -> RateLimit {
///     RateLimit::new(10, Duration::from_secs(1), 5)
/// }
///
/// fn judge<'a>(packet: Packet<'a>, limit: &RateLimit) -> Verdict<'a> {
///     if limit.take(1) {
///         packet.accept()
///     } else {
///         packet.drop_with(DropReason::NETFILTER_DROP)
///     }
/// }
/// ```
#[doc(alias = "nft_limit")]
#[doc(alias = "ratelimit_state")]
pub struct RateLimit {
    /// The instant at which the bucket is full again if nothing more is taken.
    full: Atomic<u64>,
    /// Ticks per token, shifted left by `FRACTION`.
    cost: Atomic<u64>,
    /// The ticks that it takes to fill the bucket.
    depth: Atomic<u64>,
}

impl RateLimit {
    /// A bucket of `burst` tokens, to which `tokens` are added in each `interval`, one after the
    /// other (`nft_limit_init()`).
    ///
    /// A token is what the caller takes it for: a packet, a byte. Who asks for more than the burst at
    /// once gets none. Nobody gets any if there are none, or one takes longer than 78 hours; all get
    /// some if the interval is zero.
    #[doc(alias = "nft_limit_init")]
    pub const fn new(tokens: u32, interval: Duration, burst: u32) -> Self {
        let (cost, depth) = Self::numbers(tokens, interval, burst);
        Self {
            full: Atomic::<u64>::new(0),
            cost: Atomic::<u64>::new(cost),
            depth: Atomic::<u64>::new(depth),
        }
    }

    /// Changes rate and burst (`nft_limit_init()`). Takers at the moment see the old or the new of each. What
    /// was taken before counts as long as it would have.
    #[doc(alias = "nft_limit_init")]
    pub fn set(&self, tokens: u32, interval: Duration, burst: u32) {
        let (cost, depth) = Self::numbers(tokens, interval, burst);
        self.cost.store(cost, Relaxed);
        self.depth.store(depth, Relaxed);
    }

    const fn numbers(tokens: u32, interval: Duration, burst: u32) -> (u64, u64) {
        let nanos = interval
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(interval.subsec_nanos() as u64);
        // Widening, in a const function.
        let cost = match (nanos, tokens) {
            (0, _) => 0,
            (_, 0) => NEVER,
            _ => divided(nanos.saturating_mul(TICKS), tokens),
        };
        (cost, ticks(cost, burst))
    }

    /// Takes tokens, if the bucket has as many; whether it had (`nft_limit_eval()`). In any
    /// context.
    #[doc(alias = "nft_limit_eval")]
    #[inline]
    pub fn take(&self, tokens: u32) -> bool {
        // SAFETY: No requirements.
        let now = u64::try_from(unsafe { bindings::ktime_get() }).unwrap_or(0);
        self.take_at(now, tokens)
    }

    /// As [`Self::take`], at an instant in nanoseconds.
    fn take_at(&self, now: u64, tokens: u32) -> bool {
        let now = now.saturating_mul(TICKS);
        let cost = ticks(self.cost.load(Relaxed), tokens);
        let latest = now.saturating_add(self.depth.load(Relaxed));
        let mut full = self.full.load(Relaxed);
        loop {
            let next = full.max(now).saturating_add(cost);
            // What does not fit is never there.
            if next > latest || next == NEVER {
                return false;
            }
            match self.full.cmpxchg(full, next, Relaxed) {
                Ok(_) => return true,
                Err(other) => full = other,
            }
        }
    }
}

/// `ticks` divided by `by`, which is not zero, with `FRACTION` binary digits behind the point.
const fn divided(ticks: u64, by: u32) -> u64 {
    // Widening, in a const function.
    let by = by as u64;
    let (whole, rest) = (ticks / by, ticks % by);
    if whole >> (64 - FRACTION) != 0 {
        return NEVER;
    }
    // The rest is below 2^32, and has 44 bits after the shift.
    (whole << FRACTION) | ((rest << FRACTION) / by)
}

/// What so many tokens cost, in ticks.
#[inline]
const fn ticks(cost: u64, tokens: u32) -> u64 {
    // Widening, in a const function. 96 bits at most, rounded to the nearest.
    let ticks = (cost as u128 * tokens as u128 + (1 << (FRACTION - 1))) >> FRACTION;
    if tokens != 0 && cost == NEVER || ticks > NEVER as u128 {
        NEVER
    } else {
        ticks as u64
    }
}

#[cfg(CONFIG_KUNIT = "y")]
#[kernel::macros::kunit_tests(kernet_ratelimit)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;
    const SECOND: Duration = Duration::from_secs(1);

    /// How many of those that ask for `tokens` every `step` nanoseconds in a time get some.
    fn taken(limit: &RateLimit, from: u64, time: u64, step: u64, tokens: u32) -> u32 {
        let mut now = from;
        let mut count = 0;
        while now < from + time {
            count += u32::from(limit.take_at(now, tokens));
            now += step;
        }
        count
    }

    #[test]
    fn burst_then_rate() {
        let limit = RateLimit::new(100, SECOND, 5);
        assert!(taken(&limit, MILLI, 1, 1, 1) == 1);
        assert!((0..10).filter(|_| limit.take_at(MILLI, 1)).count() == 4);
        // One in ten milliseconds, and none for having asked in vain.
        assert!(taken(&limit, MILLI, 1000 * MILLI, MILLI, 1) == 99);
        // The bucket fills, and does not run over.
        assert!(
            (0..10)
                .filter(|_| limit.take_at(100_000 * MILLI, 1))
                .count()
                == 5
        );
    }

    #[test]
    fn bytes_of_a_fast_link() {
        // 100 Gbit/s, in packets of 64 bytes: 5.12 ns each.
        let limit = RateLimit::new(u32::MAX, Duration::from_nanos(343_597_383), 640);
        let count = taken(&limit, 0, 100_000, 1, 64);
        assert!((19_300..=19_700).contains(&count));
    }

    #[test]
    fn more_than_the_bucket_holds() {
        let limit = RateLimit::new(1000, SECOND, 10);
        assert!(!limit.take_at(0, 11) && limit.take_at(0, 10) && !limit.take_at(0, 1));
        assert!(limit.take_at(0, 0));
    }

    #[test]
    fn extremes() {
        let none = RateLimit::new(0, SECOND, 0);
        assert!(!none.take_at(u64::MAX, 1));
        let nobody = RateLimit::new(0, SECOND, 1);
        assert!(!nobody.take_at(0, 1));
        let all = RateLimit::new(1, Duration::ZERO, 0);
        assert!((0..100).all(|_| all.take_at(7, u32::MAX)));
        let rare = RateLimit::new(1, Duration::MAX, u32::MAX);
        assert!(!rare.take_at(0, u32::MAX) && !rare.take_at(u64::MAX, u32::MAX));
        let hour = RateLimit::new(1, Duration::from_secs(3600), 1);
        assert!(taken(&hour, 0, 7200 * 1000 * MILLI, 1000 * MILLI, 1) == 2);
    }

    #[test]
    fn changed() {
        let limit = RateLimit::new(1, SECOND, 1);
        assert!(limit.take_at(0, 1) && !limit.take_at(500 * MILLI, 1));
        limit.set(10, SECOND, 10);
        assert!(limit.take_at(500 * MILLI, 1));
    }
}
