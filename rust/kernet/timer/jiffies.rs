// SPDX-License-Identifier: GPL-2.0

//! The unit of timers.

use crate::bindings;

/// A time span in jiffies, of which `CONFIG_HZ` make a second: what timers and delayed work count in.
///
/// Made of milliseconds or seconds, in a constant where that can be: rounded up, as
/// `msecs_to_jiffies()` does.
///
/// # Examples
///
/// ```
/// use kernet::timer::Jiffies;
///
/// /// How long a probe waits for its answer.
/// const TIMEOUT: Jiffies = Jiffies::from_millis(250);
///
/// /// Each probe waits twice as long as the one before, and a minute at most.
/// fn timeout(failures: u32) -> Jiffies {
///     let doubled = TIMEOUT.get().saturating_mul(1 << failures.min(16));
///     Jiffies::new(doubled).min(Jiffies::from_secs(60))
/// }
/// ```
#[doc(alias = "HZ")]
#[doc(alias = "jiffies")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jiffies(usize);

impl Jiffies {
    /// The longest span: what is added to the time must not look like the past
    /// (`MAX_JIFFY_OFFSET`).
    #[doc(alias = "MAX_JIFFY_OFFSET")]
    pub const MAX: Self = Self(isize::MAX as usize / 2 - 1);

    /// The shortest span that is one.
    pub const ONE: Self = Self(1);

    /// That many jiffies, [`Self::MAX`] at most.
    pub const fn new(jiffies: usize) -> Self {
        if jiffies > Self::MAX.0 {
            return Self::MAX;
        }
        Self(jiffies)
    }

    /// That many milliseconds, rounded up to whole jiffies (`msecs_to_jiffies()`).
    #[doc(alias = "msecs_to_jiffies")]
    pub const fn from_millis(ms: u32) -> Self {
        // Neither overflows: a second has at most 1000 jiffies.
        Self::of((ms as u64 * bindings::HZ as u64).div_ceil(1000))
    }

    /// That many seconds (`secs_to_jiffies()`).
    #[doc(alias = "secs_to_jiffies")]
    pub const fn from_secs(seconds: u32) -> Self {
        Self::of(seconds as u64 * bindings::HZ as u64)
    }

    const fn of(jiffies: u64) -> Self {
        if jiffies > Self::MAX.0 as u64 {
            return Self::MAX;
        }
        Self(jiffies as usize)
    }

    /// The number.
    #[inline(always)]
    pub const fn get(self) -> usize {
        self.0
    }

    /// The time at which a timer expires that is armed now.
    #[inline(always)]
    pub(super) fn expiry(self) -> usize {
        // SAFETY: An `unsigned long` that the clock's interrupt counts up.
        let now = unsafe { core::ptr::read_volatile(&raw const bindings::jiffies) };
        now.wrapping_add(self.0)
    }
}
