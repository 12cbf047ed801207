// SPDX-License-Identifier: GPL-2.0

//! IPv4 addresses inside of IPv6 addresses: prefixes of RFC 6052, and the ranges of RFC 6791.

use core::{
    fmt,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    }, //
};

/// Why something is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPrefix {
    /// RFC 6052 section 2.2 has prefixes of 32, 40, 48, 56, 64 and 96 bits; an address has 32 or 128.
    Length(u8),
    /// Bits behind the prefix are set.
    Suffix,
    /// Bits 64 to 71 of a prefix of 96 bits are set (RFC 6052 section 2.2).
    Reserved,
}

impl fmt::Display for BadPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(len) => write!(f, "a prefix has no length of {len} here"),
            Self::Suffix => f.write_str("bits behind the prefix are set"),
            Self::Reserved => f.write_str("bits 64 to 71 are set (RFC 6052 section 2.2)"),
        }
    }
}

impl core::error::Error for BadPrefix {}

/// The bits of an IPv6 address that are behind a prefix of `len`; those of a longer one if there is
/// none such.
pub(super) const fn suffix6(len: u8) -> u128 {
    match u128::MAX.checked_shr(len as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

/// The bits of an IPv4 address that are behind a prefix of `len`.
pub(super) const fn suffix4(len: u8) -> u32 {
    match u32::MAX.checked_shr(len as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

/// A prefix that an IPv4 address is embedded behind (RFC 6052 section 2.2).
///
/// # Invariants
///
/// `len` is 32, 40, 48, 56, 64 or 96. The bits behind it are zero, and bits 64 to 71, too.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use wire::xlat::{BadPrefix, Prefix};
///
/// let prefix = Prefix::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 96)?;
/// let address = Ipv4Addr::new(192, 0, 2, 1);
/// let embedded = prefix.embed(address);
/// assert_eq!(embedded.to_string(), "2001:db8::c000:201");
/// assert_eq!(prefix.extract(embedded), Some(address));
/// # Ok::<(), BadPrefix>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    bits: u128,
    len: u8,
}

impl Prefix {
    /// `64:ff9b::/96` (RFC 6052 section 2.1).
    // INVARIANT: 96 is one of the lengths; bits 64 to 127 are zero.
    pub const WELL_KNOWN: Self = Self {
        bits: 0x0064_ff9b << 96,
        len: 96,
    };

    /// The prefix of `len` bits that `address` begins with.
    ///
    /// # Errors
    ///
    /// If it is none of RFC 6052 section 2.2.
    pub const fn new(address: Ipv6Addr, len: u8) -> Result<Self, BadPrefix> {
        if !matches!(len, 32 | 40 | 48 | 56 | 64 | 96) {
            return Err(BadPrefix::Length(len));
        }
        let bits = address.to_bits();
        if bits & suffix6(len) != 0 {
            return Err(BadPrefix::Suffix);
        }
        if bits & (0xff << 56) != 0 {
            return Err(BadPrefix::Reserved);
        }
        // INVARIANT: All three were just checked.
        Ok(Self { bits, len })
    }

    /// The address with nothing behind the prefix.
    #[inline]
    pub const fn address(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.bits)
    }

    /// Its length, in bits.
    #[expect(clippy::len_without_is_empty, reason = "no prefix here is empty")]
    #[inline]
    pub const fn len(self) -> u8 {
        self.len
    }

    /// How many bits of the IPv4 address are in front of bit 64.
    const fn front(self) -> u32 {
        // By the invariant a length of 64 or less is 32 or more.
        64_u32.saturating_sub(self.len as u32)
    }

    /// The IPv6 address that stands for an IPv4 address (RFC 6052 section 2.3).
    #[inline]
    pub const fn embed(self, address: Ipv4Addr) -> Ipv6Addr {
        let v4 = address.to_bits() as u64;
        if self.len == 96 {
            return Ipv6Addr::from_bits(self.bits | v4 as u128);
        }
        // RFC 6052 section 2.2: some bits are in front of octet 8, which is zero, the others behind it.
        let front = self.front();
        let back = 32_u32.wrapping_sub(front);
        let high = (v4.wrapping_shr(back) as u128) << 64;
        let low = (v4 & 1_u64.wrapping_shl(back).wrapping_sub(1)) as u128;
        let low = low.wrapping_shl(56_u32.wrapping_sub(back));
        Ipv6Addr::from_bits(self.bits | high | low)
    }

    /// The IPv4 address that an IPv6 address stands for; `None` if it does for none.
    ///
    /// The suffix behind the IPv4 address is ignored, as RFC 6052 section 2.2 asks.
    #[inline]
    pub const fn extract(self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let bits = address.to_bits();
        if (bits ^ self.bits) & !suffix6(self.len) != 0 {
            return None;
        }
        if self.len == 96 {
            // The last 32 bits.
            return Some(Ipv4Addr::from_bits(bits as u32));
        }
        // RFC 6052 section 2.2: bits 64 to 71 must be zero.
        if bits & (0xff << 56) != 0 {
            return None;
        }
        let back = 32_u32.wrapping_sub(self.front());
        let high = ((bits >> 64) as u64).wrapping_shl(back);
        let low = bits.wrapping_shr(56_u32.wrapping_sub(back)) as u64;
        let low = low & 1_u64.wrapping_shl(back).wrapping_sub(1);
        // Bits of the prefix are cut off.
        Some(Ipv4Addr::from_bits((high | low) as u32))
    }

    /// Whether the prefix may not stand for the address: RFC 6052 section 3.1 has the well-known prefix
    /// for global addresses only.
    #[inline]
    pub const fn forbids(self, address: Ipv4Addr) -> bool {
        if self.bits != Self::WELL_KNOWN.bits || self.len != Self::WELL_KNOWN.len {
            return false;
        }
        // RFC 1918, and those of RFC 6890 section 2.2.2 that are not global.
        matches!(
            address.octets(),
            [0 | 10 | 127, ..]
                | [100, 64..=127, ..]
                | [169, 254, ..]
                | [172, 16..=31, ..]
                | [192, 0, 0 | 2, _]
                | [192, 168, ..]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
                | [240..=255, ..]
        )
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.len)
    }
}

/// IPv4 addresses that stand for senders of ICMPv6 errors who have none (RFC 6791 section 4).
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use wire::xlat::{BadPrefix, Settings, Sources4};
///
/// let sources = Sources4::new(Ipv4Addr::new(192, 0, 2, 0), 24)?;
/// let settings = Settings { sources4: Some(sources), ..Settings::default() };
/// let router = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
/// assert_eq!(sources.pick(router).octets()[..3], [192, 0, 2]);
/// # assert!(settings.sources4.is_some());
/// # Ok::<(), BadPrefix>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources4 {
    bits: u32,
    len: u8,
}

impl Sources4 {
    /// The addresses of a prefix.
    ///
    /// # Errors
    ///
    /// If it is too long, or bits behind it are set.
    pub const fn new(address: Ipv4Addr, len: u8) -> Result<Self, BadPrefix> {
        if len > 32 {
            return Err(BadPrefix::Length(len));
        }
        let bits = address.to_bits();
        if bits & suffix4(len) != 0 {
            return Err(BadPrefix::Suffix);
        }
        Ok(Self { bits, len })
    }

    /// The first address and the prefix's length.
    pub const fn prefix(self) -> (Ipv4Addr, u8) {
        (Ipv4Addr::from_bits(self.bits), self.len)
    }

    /// The address for a router: always the same for the same one, so that a path has as many routers
    /// in a trace as there are addresses.
    pub const fn pick(self, router: Ipv6Addr) -> Ipv4Addr {
        let bits = router.to_bits();
        // Routers are often numbered in the last bits.
        let folded = (bits ^ (bits >> 64)) as u64;
        let folded = (folded ^ (folded >> 32)) as u32;
        Ipv4Addr::from_bits(self.bits | (folded & suffix4(self.len)))
    }
}

/// IPv6 addresses that stand for senders of ICMP errors who have none.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use wire::xlat::{BadPrefix, Settings, Sources6};
///
/// let sources = Sources6::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 64)?;
/// let settings = Settings { sources6: Some(sources), ..Settings::default() };
/// let router = Ipv4Addr::new(198, 51, 100, 7);
/// assert_eq!(sources.pick(router).to_string(), "2001:db8::c633:6407");
/// # assert!(settings.sources6.is_some());
/// # Ok::<(), BadPrefix>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources6 {
    bits: u128,
    len: u8,
}

impl Sources6 {
    /// The addresses of a prefix.
    ///
    /// # Errors
    ///
    /// If it is too long, or bits behind it are set.
    pub const fn new(address: Ipv6Addr, len: u8) -> Result<Self, BadPrefix> {
        if len > 128 {
            return Err(BadPrefix::Length(len));
        }
        let bits = address.to_bits();
        if bits & suffix6(len) != 0 {
            return Err(BadPrefix::Suffix);
        }
        Ok(Self { bits, len })
    }

    /// The first address and the prefix's length.
    pub const fn prefix(self) -> (Ipv6Addr, u8) {
        (Ipv6Addr::from_bits(self.bits), self.len)
    }

    /// The address for a router: it ends with as much of the router's own as fits.
    pub const fn pick(self, router: Ipv4Addr) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.bits | (router.to_bits() as u128 & suffix6(self.len)))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::testing::Random,
        *, //
    };

    fn address(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 33);

    /// The examples of RFC 6052 section 2.4.
    const EXAMPLES: [(&str, u8, &str); 6] = [
        ("2001:db8::", 32, "2001:db8:c000:221::"),
        ("2001:db8:100::", 40, "2001:db8:1c0:2:21::"),
        ("2001:db8:122::", 48, "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::", 96, "2001:db8:122:344::c000:221"),
    ];

    #[test]
    fn rfc6052_section_2_4() {
        for (prefix, len, embedded) in EXAMPLES {
            let prefix = Prefix::new(address(prefix), len).unwrap();
            assert_eq!(prefix.embed(V4), address(embedded), "{prefix}");
            assert_eq!(prefix.extract(address(embedded)), Some(V4), "{prefix}");
        }
        let known = Prefix::WELL_KNOWN;
        assert_eq!(known.embed(V4), address("64:ff9b::c000:221"));
        assert_eq!(Prefix::new(known.address(), known.len()), Ok(known));
    }

    #[test]
    fn there_and_back() {
        let mut random = Random::new(6052);
        for (text, len, _) in EXAMPLES {
            let prefix = Prefix::new(address(text), len).unwrap();
            for _ in 0..2000 {
                let v4 = Ipv4Addr::from_bits(random.next() as u32);
                let v6 = prefix.embed(v4);
                assert_eq!(prefix.extract(v6), Some(v4));
                // RFC 6052 section 2.2: octet 8 is zero.
                assert_eq!(v6.octets()[8], 0);
                // What is behind the address is ignored, another prefix is not.
                let behind = if len == 96 { 0 } else { 1_u128 };
                let noisy = Ipv6Addr::from_bits(v6.to_bits() | behind);
                assert_eq!(prefix.extract(noisy), Some(v4));
                let other = v6.to_bits() ^ (1 << (128 - random.below(len.into()) - 1));
                assert_eq!(prefix.extract(Ipv6Addr::from_bits(other)), None);
            }
        }
    }

    #[test]
    fn reserved_octet() {
        let prefix = Prefix::new(address("2001:db8:100::"), 40).unwrap();
        assert_eq!(prefix.extract(address("2001:db8:1c0:2:121::")), None);
    }

    #[test]
    fn refused_prefixes() {
        for len in 0..=u8::MAX {
            let prefix = Prefix::new(Ipv6Addr::UNSPECIFIED, len);
            let good = [32, 40, 48, 56, 64, 96].contains(&len);
            assert_eq!(prefix.is_ok(), good, "{len}");
        }
        let bad = Prefix::new(address("2001:db8::1"), 96);
        assert_eq!(bad, Err(BadPrefix::Suffix));
        let bad = Prefix::new(address("2001:db8:0:0:100::"), 96);
        assert_eq!(bad, Err(BadPrefix::Reserved));
    }

    #[test]
    fn well_known_prefix_is_for_global_addresses() {
        let known = Prefix::WELL_KNOWN;
        for text in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "198.19.255.255",
        ] {
            assert!(known.forbids(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.1.0.1"] {
            assert!(!known.forbids(text.parse().unwrap()), "{text}");
        }
        let own = Prefix::new(address("2001:db8:64::"), 96).unwrap();
        assert!(!own.forbids(Ipv4Addr::new(10, 0, 0, 1)));
    }

    #[test]
    fn sources() {
        let one = Sources4::new(Ipv4Addr::new(203, 0, 113, 8), 32).unwrap();
        assert_eq!(one.pick(address("4000::1")), Ipv4Addr::new(203, 0, 113, 8));
        let many = Sources4::new(Ipv4Addr::new(203, 0, 113, 0), 24).unwrap();
        for n in 0..=255 {
            let router = Ipv6Addr::from_bits((0x2001 << 112) | n);
            let picked = many.pick(router);
            assert_eq!(picked.octets()[..3], [203, 0, 113]);
            assert_eq!(picked, many.pick(router));
            // Routers that are numbered have addresses of their own.
            let next = Ipv6Addr::from_bits(router.to_bits() ^ 1);
            assert_ne!(picked, many.pick(next));
        }
        assert!(Sources4::new(Ipv4Addr::new(203, 0, 113, 8), 28).is_err());
        assert_eq!(Sources4::new(V4, 33), Err(BadPrefix::Length(33)));
        let one = Sources6::new(address("2::2"), 128).unwrap();
        assert_eq!(one.pick(V4), address("2::2"));
        let many = Sources6::new(address("2001:db8:6791::"), 64).unwrap();
        assert_eq!(many.pick(V4), address("2001:db8:6791::c000:221"));
        assert_eq!(Sources6::new(address("::1"), 127), Err(BadPrefix::Suffix));
        assert_eq!(
            Sources6::new(address("::"), 129),
            Err(BadPrefix::Length(129))
        );
    }
}
