// SPDX-License-Identifier: GPL-2.0

//! Explicit address mappings (RFC 7757), and the table that finds the longest match in both directions.

use core::{
    fmt,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    ops::{
        Deref,
        DerefMut, //
    }, //
};

use super::prefix::{
    suffix4,
    suffix6,
    BadPrefix, //
};

/// Why two prefixes are no mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMapping {
    /// The IPv4 prefix is none.
    V4(BadPrefix),
    /// The IPv6 prefix is none.
    V6(BadPrefix),
    /// The IPv4 suffix is longer than the IPv6 suffix (RFC 7757 section 3.2).
    SuffixLength,
}

impl fmt::Display for BadMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(bad) => write!(f, "IPv4 prefix: {bad}"),
            Self::V6(bad) => write!(f, "IPv6 prefix: {bad}"),
            Self::SuffixLength => {
                f.write_str("the IPv4 suffix is longer than the IPv6 suffix (RFC 7757 section 3.2)")
            }
        }
    }
}

impl core::error::Error for BadMapping {}

/// An IPv4 prefix and the IPv6 prefix that stands for it (RFC 7757 section 3.1).
///
/// # Invariants
///
/// No bit behind either prefix is set; `v4_len <= 32`, `v6_len <= 128` and
/// `32 - v4_len <= 128 - v6_len`.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use wire::xlat::{BadMapping, Mapping};
///
/// // 16 hosts: the last four bits of either address.
/// let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10);
/// let mapping = Mapping::new(Ipv4Addr::new(192, 0, 2, 32), 28, v6, 124)?;
/// assert_eq!(mapping.to_string(), "192.0.2.32/28 2001:db8::10/124");
/// // There are not as many IPv6 addresses.
/// assert_eq!(Mapping::new(Ipv4Addr::new(192, 0, 2, 0), 24, v6, 124), Err(BadMapping::SuffixLength));
/// # Ok::<(), BadMapping>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    v6: u128,
    v4: u32,
    v4_len: u8,
    v6_len: u8,
}

impl Mapping {
    /// A mapping of two prefixes.
    ///
    /// # Errors
    ///
    /// If one is no prefix, or they do not fit each other.
    pub const fn new(
        v4: Ipv4Addr,
        v4_len: u8,
        v6: Ipv6Addr,
        v6_len: u8,
    ) -> Result<Self, BadMapping> {
        if v4_len > 32 {
            return Err(BadMapping::V4(BadPrefix::Length(v4_len)));
        }
        if v6_len > 128 {
            return Err(BadMapping::V6(BadPrefix::Length(v6_len)));
        }
        if v4.to_bits() & suffix4(v4_len) != 0 {
            return Err(BadMapping::V4(BadPrefix::Suffix));
        }
        if v6.to_bits() & suffix6(v6_len) != 0 {
            return Err(BadMapping::V6(BadPrefix::Suffix));
        }
        if 32_u8.saturating_sub(v4_len) > 128_u8.saturating_sub(v6_len) {
            return Err(BadMapping::SuffixLength);
        }
        // INVARIANT: All was just checked.
        Ok(Self {
            v6: v6.to_bits(),
            v4: v4.to_bits(),
            v4_len,
            v6_len,
        })
    }

    /// The IPv4 prefix and its length.
    #[inline]
    pub const fn v4(self) -> (Ipv4Addr, u8) {
        (Ipv4Addr::from_bits(self.v4), self.v4_len)
    }

    /// The IPv6 prefix and its length.
    #[inline]
    pub const fn v6(self) -> (Ipv6Addr, u8) {
        (Ipv6Addr::from_bits(self.v6), self.v6_len)
    }

    /// How far the IPv4 suffix is from the end of an IPv6 address.
    const fn shift(self) -> u32 {
        // By the invariant nothing is cut off: the IPv6 suffix is at least as long.
        let v6 = 128_u32.saturating_sub(self.v6_len as u32);
        v6.saturating_sub(32_u32.saturating_sub(self.v4_len as u32))
    }

    /// The IPv6 address for an IPv4 address of the prefix (RFC 7757 section 3.3.1).
    #[inline]
    const fn to_v6(self, address: u32) -> u128 {
        let suffix = (address & suffix4(self.v4_len)) as u128;
        // Only an empty suffix can be shifted out.
        match suffix.checked_shl(self.shift()) {
            Some(suffix) => self.v6 | suffix,
            None => self.v6,
        }
    }

    /// The IPv4 address for an IPv6 address of the prefix; what is behind the suffix is ignored (RFC
    /// 7757 section 3.3.2).
    #[inline]
    const fn to_v4(self, address: u128) -> u32 {
        match address.checked_shr(self.shift()) {
            // The last 32 bits, of which the suffix is a part.
            Some(bits) => self.v4 | (bits as u32 & suffix4(self.v4_len)),
            None => self.v4,
        }
    }
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (v4, v4_len) = self.v4();
        let (v6, v6_len) = self.v6();
        write!(f, "{v4}/{v4_len} {v6}/{v6_len}")
    }
}

/// Why mappings are no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTable {
    /// The mapping at this place has an IPv4 prefix that an earlier one has, too.
    SameV4(usize),
    /// The mapping at this place has an IPv6 prefix that an earlier one has, too.
    SameV6(usize),
    /// An index is not as long as [`Table::index_len`] says.
    Index,
}

impl fmt::Display for BadTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameV4(_) => f.write_str("an earlier mapping has the same IPv4 prefix"),
            Self::SameV6(_) => f.write_str("an earlier mapping has the same IPv6 prefix"),
            Self::Index => f.write_str("an index has another length"),
        }
    }
}

impl core::error::Error for BadTable {}

/// Mappings, found by an address of either version in a time that does not depend on how many there
/// are: a step for each length of prefix that is in use.
///
/// The memory is the caller's: `E` has the mappings, `I` two indexes by hash.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use wire::xlat::{BadMapping, Mapping, Table};
///
/// let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10);
/// let mappings = vec![Mapping::new(Ipv4Addr::new(192, 0, 2, 32), 28, v6, 124)?];
/// let index = vec![0_u32; Table::<Vec<Mapping>, Vec<u32>>::index_len(mappings.len())];
/// let seed = 0x5eed; // a random number
/// let table = Table::new(mappings, index.clone(), index, seed);
/// assert_eq!(table.ok().and_then(|table| table.v6_of(Ipv4Addr::new(192, 0, 2, 32))), Some(v6));
/// # Ok::<(), BadMapping>(())
/// ```
#[derive(Debug)]
pub struct Table<E, I> {
    entries: E,
    index4: I,
    index6: I,
    /// Bit `32 - len` for each length in use.
    lengths4: u64,
    /// Bit `128 - len` for each length in use but zero.
    lengths6: u128,
    /// Whether there is a mapping of all IPv6 addresses.
    default6: bool,
    hash: Hash,
}

/// Multiplication by numbers that whoever makes the table does not know, so that no table is slow.
#[derive(Clone, Copy, Debug)]
struct Hash {
    low: u64,
    high: u64,
}

impl Hash {
    const fn new(seed: u64) -> Self {
        Self {
            low: seed | 1,
            high: seed.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// Where a search begins for the part of an address that is left after `shift`.
    #[inline]
    const fn of(self, key: u128, shift: u32) -> usize {
        let low = (key as u64).wrapping_mul(self.low);
        let high = ((key >> 64) as u64 ^ shift as u64).wrapping_mul(self.high);
        let sum = low ^ high.rotate_left(29);
        let sum = (sum ^ (sum >> 32)).wrapping_mul(self.high);
        // The upper bits depend on all.
        (sum >> 32) as usize
    }
}

/// A key of an index: a shifted address, and by how much.
type Key = (u128, u32);

impl<E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Table<E, I> {
    /// How many entries each index of so many mappings has.
    pub const fn index_len(mappings: usize) -> usize {
        // At most half of the index is used, so that a search ends soon.
        match mappings.saturating_mul(2).checked_next_power_of_two() {
            Some(len) if len >= 2 => len,
            _ => 2,
        }
    }

    /// A table of these mappings. The indexes are of [`Table::index_len`] entries, whatever these are.
    ///
    /// `seed` is a number that whoever chose the mappings does not know.
    ///
    /// # Errors
    ///
    /// If two mappings have a prefix in common, or an index has another length. Prefixes that contain
    /// each other are allowed: the longest match counts (RFC 7757 section 3.3).
    pub fn new(entries: E, mut index4: I, mut index6: I, seed: u64) -> Result<Self, BadTable>
    where
        I: DerefMut,
    {
        let len = Self::index_len(entries.len());
        if index4.len() != len || index6.len() != len || u32::try_from(len).is_err() {
            return Err(BadTable::Index);
        }
        index4.fill(0);
        index6.fill(0);
        let hash = Hash::new(seed);
        let (mut lengths4, mut lengths6, mut default6) = (0_u64, 0_u128, false);
        for (at, mapping) in entries.iter().enumerate() {
            let (key4, key6) = (key4(mapping), key6(mapping));
            insert(&mut index4, hash, at, key4, |at| {
                entries.get(at).map(self::key4)
            })
            .ok_or(BadTable::SameV4(at))?;
            insert(&mut index6, hash, at, key6, |at| {
                entries.get(at).map(self::key6)
            })
            .ok_or(BadTable::SameV6(at))?;
            lengths4 |= 1_u64.wrapping_shl(key4.1);
            match 1_u128.checked_shl(key6.1) {
                Some(bit) => lengths6 |= bit,
                None => default6 = true,
            }
        }
        Ok(Self {
            entries,
            index4,
            index6,
            lengths4,
            lengths6,
            default6,
            hash,
        })
    }

    /// The mappings.
    #[inline]
    pub fn mappings(&self) -> &[Mapping] {
        &self.entries
    }

    /// Finds the mapping of an IPv4 address, and its IPv6 address.
    #[inline]
    pub fn v6_of(&self, address: Ipv4Addr) -> Option<Ipv6Addr> {
        let bits = address.to_bits();
        let mut lengths = self.lengths4;
        while lengths != 0 {
            let shift = lengths.trailing_zeros();
            lengths &= lengths.wrapping_sub(1);
            let key = (u128::from(u64::from(bits).wrapping_shr(shift)), shift);
            if let Some(found) = self.find(&self.index4, key, key4) {
                return Some(Ipv6Addr::from_bits(found.to_v6(bits)));
            }
        }
        None
    }

    /// Finds the mapping of an IPv6 address, and its IPv4 address.
    #[inline]
    pub fn v4_of(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let bits = address.to_bits();
        let mut lengths = self.lengths6;
        while lengths != 0 {
            let shift = lengths.trailing_zeros();
            lengths &= lengths.wrapping_sub(1);
            let key = (bits.wrapping_shr(shift), shift);
            if let Some(found) = self.find(&self.index6, key, key6) {
                return Some(Ipv4Addr::from_bits(found.to_v4(bits)));
            }
        }
        if self.default6 {
            let found = self.find(&self.index6, (0, 128), key6)?;
            return Some(Ipv4Addr::from_bits(found.to_v4(bits)));
        }
        None
    }

    fn find(&self, index: &I, key: Key, of: fn(&Mapping) -> Key) -> Option<&Mapping> {
        let mask = index.len().wrapping_sub(1);
        let start = self.hash.of(key.0, key.1);
        for step in 0..index.len() {
            let at = *index.get(start.wrapping_add(step) & mask)?;
            // Zero is an end, as others are one more than a place.
            let mapping = self.entries.get((at as usize).checked_sub(1)?)?;
            if of(mapping) == key {
                return Some(mapping);
            }
        }
        None
    }
}

/// What an index by IPv4 addresses knows a mapping by.
fn key4(mapping: &Mapping) -> Key {
    let shift = 32_u32.saturating_sub(u32::from(mapping.v4_len));
    (u128::from(u64::from(mapping.v4).wrapping_shr(shift)), shift)
}

/// What an index by IPv6 addresses knows a mapping by.
fn key6(mapping: &Mapping) -> Key {
    let shift = 128_u32.saturating_sub(u32::from(mapping.v6_len));
    (mapping.v6.checked_shr(shift).unwrap_or(0), shift)
}

/// Enters a place into an index, unless the key is there.
fn insert(
    index: &mut [u32],
    hash: Hash,
    place: usize,
    key: Key,
    key_of: impl Fn(usize) -> Option<Key>,
) -> Option<()> {
    let mask = index.len().wrapping_sub(1);
    let start = hash.of(key.0, key.1);
    for step in 0..index.len() {
        let slot = index.get_mut(start.wrapping_add(step) & mask)?;
        let Some(at) = (*slot as usize).checked_sub(1) else {
            *slot = u32::try_from(place.checked_add(1)?).ok()?;
            return Some(());
        };
        if key_of(at)? == key {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests;
