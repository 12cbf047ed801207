// SPDX-License-Identifier: GPL-2.0

//! Hashes of keys for tables.
//!
//! C headers: [`include/linux/siphash.h`](srctree/include/linux/siphash.h),
//! [`include/linux/jhash.h`](srctree/include/linux/jhash.h)
//!
//! Where those who send packets choose the key (addresses, ports), use [`SipHash`] with a random key:
//! nobody can then choose keys that fall into one bucket. [`jhash`] is for keys that this host chooses.
//! Any context.

use crate::{
    bindings,
    random, //
};
use kernel::prelude::*;

/// SipHash-2-4 with a key: 64 bits that nobody without the key can predict (`siphash_key_t`).
///
/// # Examples
///
/// ```
/// use core::net::Ipv4Addr;
/// use kernet::hash::SipHash;
///
/// /// The bucket of a host, out of 256.
/// fn bucket(hash: &SipHash, host: Ipv4Addr) -> u8 {
///     hash.of(&host.octets()).to_le_bytes()[0]
/// }
/// ```
#[doc(alias = "siphash_key_t")]
#[derive(Clone, Copy)]
pub struct SipHash {
    key: [u64; 2],
}

impl SipHash {
    /// With a random key (`net_get_random_once()`).
    #[doc(alias = "net_get_random_once")]
    pub fn random() -> Self {
        Self::with_key([random::u64(), random::u64()])
    }

    /// With this key, which must not be known to who chooses what is hashed (`siphash_key_t`).
    #[doc(alias = "siphash_key_t")]
    pub const fn with_key(key: [u64; 2]) -> Self {
        Self { key }
    }

    /// The hash of the bytes (`siphash()`).
    #[doc(alias = "siphash")]
    #[inline]
    pub fn of(&self, bytes: &[u8]) -> u64 {
        let [first, second] = self.key;
        // SAFETY: Readable for their length.
        unsafe { bindings::siphash(bytes.as_ptr().cast(), bytes.len(), first, second) }
    }
}

/// Jenkins's hash of the bytes, at most 4 GiB of them: 32 bits, different ones for each `initval`.
#[inline]
pub fn jhash(bytes: &[u8], initval: u32) -> u32 {
    // What is beyond is not hashed.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    // SAFETY: Readable for that length.
    unsafe { bindings::jhash(bytes.as_ptr().cast::<c_void>(), len, initval) }
}

/// Jenkins's hash of the words, which is not that of their bytes (`jhash2()`).
#[doc(alias = "jhash2")]
#[doc(alias = "jhash_3words")]
#[inline]
pub fn jhash_words(words: &[u32], initval: u32) -> u32 {
    // As above.
    let len = u32::try_from(words.len()).unwrap_or(u32::MAX);
    // SAFETY: Readable for that length.
    unsafe { bindings::jhash2(words.as_ptr(), len, initval) }
}

#[cfg(CONFIG_KUNIT = "y")]
#[kernel::macros::kunit_tests(kernet_hash)]
mod tests {
    use super::*;

    #[test]
    fn siphash_of_its_paper() {
        // Appendix A: the key and the message are 0, 1, 2, ...
        let hash = SipHash::with_key([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
        let message = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15_u8];
        assert!(hash.of(&message[..15]) == 0xa129_ca61_49be_45e5);
        // At another alignment.
        let shifted = [9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14_u8];
        assert!(hash.of(&shifted[1..]) == 0xa129_ca61_49be_45e5);
        let other = SipHash::random();
        assert!(other.of(&message) != hash.of(&message));
        assert!(other.of(&message) == other.of(&message));
        let _ = hash.of(&[]);
    }

    #[test]
    fn jhash_of_its_author() {
        // The self test of lookup3.c.
        assert!(jhash(b"", 0) == 0xdead_beef);
        assert!(jhash(b"", 0xdead_beef) == 0xbd5b_7dde);
        assert!(jhash(b"Four score and seven years ago", 0) == 0x1777_0551);
        assert!(jhash(b"Four score and seven years ago", 1) == 0xcd62_8161);
        assert!(jhash_words(&[1, 2, 3], 0) != jhash_words(&[1, 2, 4], 0));
        assert!(jhash_words(&[], 0) != jhash_words(&[], 1));
    }
}
