// SPDX-License-Identifier: GPL-2.0

//! Addresses as numbers, and prefixes of them.

use core::{
    fmt::Debug,
    ops::{
        BitAnd,
        BitXor,
        Not, //
    }, //
};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u128 {}
}

/// An address as a number in host byte order: `u32` of IPv4, `u128` of IPv6.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::{Address, Prefix};
///
/// fn host<A: Address>(address: A) -> Option<Prefix<A>> {
///     Prefix::new(address, A::WIDTH)
/// }
/// ```
pub trait Address:
    sealed::Sealed
    + Copy
    + Ord
    + Debug
    + Default
    + From<u32>
    + BitAnd<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// How many bits it has.
    const WIDTH: u8;
    /// All bits set.
    const MAX: Self;
    /// The lengths to which those of prefixes are rounded down.
    #[doc(hidden)]
    const LENGTHS: &'static [u8];

    /// The first `len` bits set.
    #[doc(hidden)]
    fn mask(len: u8) -> Self;
    /// How many bits the numbers begin with in common.
    #[doc(hidden)]
    fn common(self, other: Self) -> u32;
    /// The number after this one; none after the last.
    #[doc(hidden)]
    fn next(self) -> Option<Self>;
    /// The number before this one, which is not 0.
    #[doc(hidden)]
    fn previous(self) -> Self;
    /// The number without its last `shift` bits, if it is small then.
    #[doc(hidden)]
    fn head(self, shift: u32) -> usize;
    /// Two addresses as a number that only who knows the keys can tell.
    #[doc(hidden)]
    fn mix(source: Self, destination: Self, keys: &[u64; 4]) -> u64;
}

/// The product's halves, folded.
#[inline]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64) ^ ((product >> 64) as u64)
}

impl Address for u32 {
    const WIDTH: u8 = 32;
    const MAX: Self = Self::MAX;
    const LENGTHS: &'static [u8] = &[0, 8, 16, 20, 24, 28, 32];

    #[inline]
    fn mask(len: u8) -> Self {
        !Self::MAX.checked_shr(u32::from(len)).unwrap_or(0)
    }

    #[inline]
    fn common(self, other: Self) -> u32 {
        (self ^ other).leading_zeros()
    }

    #[inline]
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    #[inline]
    fn previous(self) -> Self {
        self.saturating_sub(1)
    }

    #[inline]
    fn head(self, shift: u32) -> usize {
        self.checked_shr(shift).unwrap_or(0) as usize
    }

    #[inline]
    fn mix(source: Self, destination: Self, _: &[u64; 4]) -> u64 {
        (u64::from(source) << 32) | u64::from(destination)
    }
}

impl Address for u128 {
    const WIDTH: u8 = 128;
    const MAX: Self = Self::MAX;
    const LENGTHS: &'static [u8] = &[0, 32, 48, 56, 64, 128];

    #[inline]
    fn mask(len: u8) -> Self {
        !Self::MAX.checked_shr(u32::from(len)).unwrap_or(0)
    }

    #[inline]
    fn common(self, other: Self) -> u32 {
        (self ^ other).leading_zeros()
    }

    #[inline]
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    #[inline]
    fn previous(self) -> Self {
        self.saturating_sub(1)
    }

    #[inline]
    fn head(self, shift: u32) -> usize {
        usize::try_from(self.checked_shr(shift).unwrap_or(0)).unwrap_or(usize::MAX)
    }

    #[inline]
    fn mix(source: Self, destination: Self, keys: &[u64; 4]) -> u64 {
        let [_, _, third, fourth] = *keys;
        let source = fold((source >> 64) as u64 ^ third, source as u64 ^ fourth);
        let destination = fold(
            (destination >> 64) as u64 ^ fourth,
            destination as u64 ^ third,
        );
        source.rotate_left(29).wrapping_add(destination)
    }
}

/// Addresses that have their first bits in common.
///
/// # Invariants
///
/// The length is at most the address's width, and no bit behind it is set.
///
/// # Examples
///
/// ```
/// # use kernet_classify as classify;
/// use classify::Prefix;
/// use std::net::Ipv4Addr;
///
/// let network = Ipv4Addr::new(192, 0, 2, 0).to_bits();
/// assert!(Prefix::new(network, 24).is_some());
/// // Bits are set behind the prefix.
/// assert_eq!(Prefix::new(network + 1, 24), None);
/// assert_eq!(Prefix::of(network + 1, 24).network(), network);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix<A> {
    network: A,
    len: u8,
}

impl<A: Address> Prefix<A> {
    /// `None` if the address has bits behind the prefix, or not as many bits.
    pub fn new(network: A, len: u8) -> Option<Self> {
        // INVARIANT: Both are checked.
        (len <= A::WIDTH && network & A::mask(len) == network).then_some(Self { network, len })
    }

    /// The prefix of so many bits that the address begins with.
    pub fn of(address: A, len: u8) -> Self {
        let len = len.min(A::WIDTH);
        // INVARIANT: Both are made so.
        Self {
            network: address & A::mask(len),
            len,
        }
    }

    /// The first of the addresses.
    pub fn network(&self) -> A {
        self.network
    }

    /// How many bits they have in common.
    #[expect(clippy::len_without_is_empty, reason = "it is the number of bits")]
    pub fn len(&self) -> u8 {
        self.len
    }
}
