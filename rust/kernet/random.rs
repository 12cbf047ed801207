// SPDX-License-Identifier: GPL-2.0

//! Random numbers.
//!
//! C header: [`include/linux/random.h`](srctree/include/linux/random.h)
//!
//! All are good for keys. None waits: before the kernel has gathered enough of what cannot be guessed,
//! which on a booted system it has, they are weaker. Any context.

use core::num::NonZeroU32;

use crate::bindings;

/// A random number of 32 bits.
///
/// # Examples
///
/// ```
/// /// A port for a connection to go out by.
/// fn ephemeral_port() -> u16 {
///     let offset = kernet::random::below(core::num::NonZeroU32::MIN.saturating_add(28231));
///     u16::try_from(32768 + offset).unwrap_or(32768)
/// }
/// ```
#[doc(alias = "get_random_u32")]
#[inline]
pub fn u32() -> u32 {
    // SAFETY: No requirements.
    unsafe { bindings::get_random_u32() }
}

/// A random number of 64 bits.
#[doc(alias = "get_random_u64")]
#[inline]
pub fn u64() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::get_random_u64() }
}

/// A random number from 0 to `ceiling` - 1, each as likely as the others.
#[doc(alias = "get_random_u32_below")]
#[inline]
pub fn below(ceiling: NonZeroU32) -> u32 {
    // SAFETY: No requirements; there are numbers below.
    unsafe { bindings::get_random_u32_below(ceiling.get()) }
}

/// Fills `bytes` with random ones (`get_random_bytes()`).
#[doc(alias = "get_random_bytes")]
#[inline]
pub fn fill(bytes: &mut [u8]) {
    // SAFETY: Writable for their length.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), bytes.len()) };
}

#[cfg(CONFIG_KUNIT = "y")]
#[kernel::macros::kunit_tests(kernet_random)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_a_ceiling() {
        let ceiling = NonZeroU32::MIN.saturating_add(2);
        let mut seen = [0_u32; 3];
        for _ in 0..300 {
            if let Some(count) = seen.get_mut(below(ceiling) as usize) {
                *count += 1;
            }
        }
        assert!(seen.iter().sum::<u32>() == 300 && seen.iter().all(|&count| count > 30));
        assert!(below(NonZeroU32::MIN) == 0);
    }

    #[test]
    fn all_bytes_are_filled() {
        let mut or = [0_u8; 61];
        for _ in 0..20 {
            let mut bytes = [0; 61];
            fill(&mut bytes);
            for (or, byte) in or.iter_mut().zip(bytes) {
                *or |= byte;
            }
        }
        assert!(or.iter().all(|&byte| byte != 0));
        assert!(u64() != u64() && (0..4).any(|_| u32() != u32()));
    }
}
