// SPDX-License-Identifier: GPL-2.0

//! The Internet checksum: over bytes, over pseudo headers, and after a change of one field.
//!
//! Specification: RFC 1071 (computing), RFC 1624 (changing), RFC 768, RFC 9293 section 3.1 and RFC
//! 8200 section 8.1 (pseudo headers). CRC32c of SCTP and the coverage of UDP-Lite are **not**
//! supported.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};

use super::{
    ip::{
        Protocol,
        Version, //
    },
    Error,
    Layer, //
};

pub use super::delta::Delta;

/// A ones'-complement sum that is being made.
///
/// Bytes may be added in pieces, of odd lengths too: each piece goes on where the last one ended.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::checksum::Sum;
///
/// let message = [8, 0, 0, 0, 0x12, 0x34, 0, 1];
/// let checksum = Sum::new().bytes(&message).checksum();
/// // With the checksum in its place, the sum is zero.
/// assert_eq!(Sum::new().bytes(&message).u16(checksum).checksum(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// The sum of 16-bit words as the machine reads them (RFC 1071 section 2(B)).
    words: u32,
    /// Whether an odd number of octets was added.
    odd: bool,
}

impl Sum {
    /// The sum of nothing.
    #[inline]
    pub const fn new() -> Self {
        Self {
            words: 0,
            odd: false,
        }
    }

    /// Adds the octets that come next (`csum_partial()`).
    #[doc(alias = "csum_partial")]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut sum = 0u64;
        let mut rest = bytes;
        // Wrapping would take 16 GiB in one slice.
        while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
            let word = u64::from_ne_bytes(*chunk);
            sum = sum
                .wrapping_add(word & 0xffff_ffff)
                .wrapping_add(word >> 32);
            rest = tail;
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        let word = u64::from_ne_bytes(last);
        sum = sum
            .wrapping_add(word & 0xffff_ffff)
            .wrapping_add(word >> 32);

        let folded = fold(sum);
        // RFC 1071 section 2(B): a sum that begins at an odd octet is that of swapped bytes.
        let word = if self.odd {
            folded.swap_bytes()
        } else {
            folded
        };
        Self {
            words: add(self.words, word),
            odd: self.odd ^ (bytes.len() % 2 != 0),
        }
    }

    /// Adds a 16-bit word, given in host order.
    ///
    /// After an odd number of octets it goes on at the odd place, as [`Sum::bytes`] does.
    #[inline]
    pub const fn u16(self, word: u16) -> Self {
        let word = word.to_be();
        Self {
            words: add(self.words, if self.odd { word.swap_bytes() } else { word }),
            odd: self.odd,
        }
    }

    /// Adds a 32-bit word, given in host order.
    #[inline]
    pub const fn u32(self, word: u32) -> Self {
        // The two halves of the word.
        self.u16((word >> 16) as u16).u16(word as u16)
    }

    /// The sum so far, in host order, not complemented.
    #[doc(alias = "csum_fold")]
    #[inline]
    pub const fn fold(self) -> u16 {
        u16::from_be(fold(self.words as u64))
    }

    /// The checksum: the complement of the sum, in host order.
    ///
    /// Over data that holds a right checksum it is zero.
    #[inline]
    pub const fn checksum(self) -> u16 {
        !self.fold()
    }
}

/// Adds a word; carries are kept in the high half, of which a few bits are ever in use.
const fn add(words: u32, word: u16) -> u32 {
    // `words` is at most 0xffff + 0xffff after this, whatever was there.
    (fold(words as u64) as u32).wrapping_add(word as u32)
}

/// Adds the carries back in (RFC 1071 section 4.1).
pub(super) const fn fold(sum: u64) -> u16 {
    // The upper half of a number and the same turned is the sum of its halves, with the carry of that.
    let sum = (sum.wrapping_add(sum.rotate_left(32)) >> 32) as u32;
    (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16
}

/// The addresses that a transport's checksum covers though they are not in its header.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv4Addr;
/// use wire::{checksum::Pseudo, udp, Header as _};
///
/// /// A datagram with the payload "ping".
/// fn datagram(source: Ipv4Addr, destination: Ipv4Addr) -> Result<[u8; 12], wire::Error> {
///     let mut datagram = *b"........ping";
///     udp::Header::new(4000, 7, 4)?.emit(&mut datagram)?;
///     udp::fill_checksum(Pseudo::v4(source, destination), &mut datagram)?;
///     Ok(datagram)
/// }
///
/// let [here, there] = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];
/// let datagram = datagram(here, there)?;
/// assert_eq!(udp::verify_checksum(Pseudo::v4(here, there), &datagram), Ok(()));
/// # Ok::<(), wire::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pseudo {
    version: Version,
    addresses: Sum,
}

impl Pseudo {
    /// That of an IPv4 packet.
    #[inline]
    pub const fn v4(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Self {
            version: Version::V4,
            addresses: Sum::new().u32(source.to_bits()).u32(destination.to_bits()),
        }
    }

    /// That of an IPv6 packet; with a routing header, `destination` is the final one (RFC 8200
    /// section 8.1).
    #[inline]
    pub fn v6(source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        Self {
            version: Version::V6,
            addresses: Sum::new()
                .bytes(&source.octets())
                .bytes(&destination.octets()),
        }
    }

    /// The version of the packet.
    #[inline]
    pub const fn version(self) -> Version {
        self.version
    }

    /// The sum of the pseudo header for `len` octets of `protocol`, header included
    /// (`csum_tcpudp_magic()`).
    ///
    /// Folded, not complemented, it is what a packet's checksum field holds while the rest is left
    /// to the hardware.
    #[doc(alias = "csum_tcpudp_magic")]
    #[doc(alias = "csum_ipv6_magic")]
    #[inline]
    pub const fn sum(self, protocol: Protocol, len: u32) -> Sum {
        self.addresses.u32(len).u16(protocol.0 as u16)
    }

    /// As [`Pseudo::sum`], for the length of a slice.
    #[inline]
    pub(super) const fn of(self, protocol: Protocol, len: usize) -> Sum {
        // No packet is as long as the field cannot hold.
        self.sum(protocol, len as u32)
    }
}

/// Verifies a checksum that covers `sum` and all of `bytes`, itself included.
pub(super) fn verify(sum: Sum, bytes: &[u8], layer: Layer) -> Result<(), Error> {
    match sum.bytes(bytes).checksum() {
        0 => Ok(()),
        _ => Err(Error::BadChecksum { layer }),
    }
}

/// The checksum after a 16-bit word it covers has changed from `old` to `new` (`csum_replace2()`).
///
/// All in host order. RFC 1624 section 3, equation 3: `HC' = ~(~HC + ~m + m')`.
///
/// A result of zero means "no checksum" in UDP over IPv4: see
/// [`udp::Header::update_checksum`](super::udp::Header::update_checksum).
#[doc(alias = "csum_replace2")]
#[inline]
pub const fn update_u16(checksum: u16, old: u16, new: u16) -> u16 {
    Sum::new().u16(!checksum).u16(!old).u16(new).checksum()
}

/// As [`update_u16`], for a 32-bit word at an even place: an IPv4 address, a sequence number
/// (`csum_replace4()`).
#[doc(alias = "csum_replace4")]
#[inline]
pub const fn update_u32(checksum: u16, old: u32, new: u32) -> u16 {
    Sum::new().u16(!checksum).u32(!old).u32(new).checksum()
}

/// As [`update_u16`], for an IPv6 address (`inet_proto_csum_replace16()`).
#[doc(alias = "inet_proto_csum_replace16")]
#[inline]
pub fn update_ipv6(checksum: u16, old: Ipv6Addr, new: Ipv6Addr) -> u16 {
    let old = (!old.to_bits()).to_be_bytes();
    Sum::new()
        .u16(!checksum)
        .bytes(&old)
        .bytes(&new.octets())
        .checksum()
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::Random,
        *, //
    };
    use std::vec::Vec;

    /// The sum as RFC 1071 section 4.1 has it, a word at a time.
    fn plain(bytes: &[u8]) -> u16 {
        let mut sum = 0u64;
        for pair in bytes.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u64::from(u16::from_be_bytes([pair[0], low]));
        }
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    #[test]
    fn rfc1071_section_3() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::new().bytes(&bytes).fold(), 0xddf2);
        assert_eq!(Sum::new().bytes(&bytes).checksum(), 0x220d);
        // The RFC's byte by byte example, with the odd place.
        let pieces = Sum::new().bytes(&bytes[..3]).bytes(&bytes[3..]);
        assert_eq!(pieces.fold(), 0xddf2);
    }

    #[test]
    fn rfc1624_section_4() {
        // The example: HC = 0xDD2F, m = 0x5555 becomes m' = 0x3285.
        assert_eq!(update_u16(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn words() {
        let sum = Sum::new().u32(0x0001_f203).u16(0xf4f5).u16(0xf6f7);
        assert_eq!(sum.fold(), 0xddf2);
        // At an odd place.
        let bytes = [0x12, 0x34, 0x56, 0x78, 0x9a];
        let sum = Sum::new().bytes(&bytes[..1]).u32(0x3456_789a);
        assert_eq!(sum.fold(), plain(&bytes));
        assert_eq!(Sum::new().checksum(), 0xffff);
    }

    #[test]
    fn any_length_in_any_pieces() {
        let mut random = Random::new(1);
        for len in 0..200 {
            let bytes = random.bytes(len);
            let whole = Sum::new().bytes(&bytes).fold();
            assert_eq!(whole, plain(&bytes), "{len}");
            let mut sum = Sum::new();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(random.below(rest.len()) + 1);
                sum = sum.bytes(piece);
                rest = tail;
            }
            // 0 and 0xffff are the same number, but only all-zero data sums to 0.
            assert_eq!(sum.fold(), whole, "{len}");
        }
    }

    #[test]
    fn carries() {
        for len in [1, 2, 7, 8, 9, 64, 65535] {
            let bytes: Vec<u8> = std::vec![0xff; len];
            assert_eq!(Sum::new().bytes(&bytes).fold(), plain(&bytes), "{len}");
        }
        let mut sum = Sum::new();
        for _ in 0..100_000 {
            sum = sum.u16(0xffff).u32(u32::MAX);
        }
        assert_eq!(sum.fold(), 0xffff);
    }

    #[test]
    fn update_equals_recompute() {
        let mut random = Random::new(2);
        for _ in 0..2000 {
            let mut bytes = random.bytes(60);
            let before = Sum::new().bytes(&bytes).checksum();
            let (old, new) = (random.next() as u32, random.next() as u32);
            let (at, wide) = (random.below(29) * 2, random.below(2) == 0);
            if wide {
                bytes[at..at + 4].copy_from_slice(&old.to_be_bytes());
            } else {
                bytes[at..at + 2].copy_from_slice(&(old as u16).to_be_bytes());
            }
            let with_old = Sum::new().bytes(&bytes).checksum();
            let updated = if wide {
                bytes[at..at + 4].copy_from_slice(&new.to_be_bytes());
                update_u32(with_old, old, new)
            } else {
                bytes[at..at + 2].copy_from_slice(&(new as u16).to_be_bytes());
                update_u16(with_old, old as u16, new as u16)
            };
            assert_eq!(updated, Sum::new().bytes(&bytes).checksum(), "{before:#x}");
        }
    }

    #[test]
    fn update_address() {
        let mut random = Random::new(3);
        for _ in 0..500 {
            let mut bytes = random.bytes(40);
            let old = Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[8..24]).unwrap());
            let new = Ipv6Addr::from(<[u8; 16]>::try_from(&random.bytes(16)[..]).unwrap());
            let checksum = Sum::new().bytes(&bytes).checksum();
            bytes[8..24].copy_from_slice(&new.octets());
            assert_eq!(
                update_ipv6(checksum, old, new),
                Sum::new().bytes(&bytes).checksum()
            );
        }
    }

    #[test]
    fn pseudo_headers() {
        let (source, destination) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2));
        let bytes = [192, 0, 2, 1, 198, 51, 100, 2, 0, 17, 0, 8];
        let v4 = Pseudo::v4(source, destination);
        assert_eq!(v4.sum(Protocol::UDP, 8).fold(), plain(&bytes));
        assert_eq!(v4.version(), Version::V4);

        let mut bytes = Vec::new();
        let source = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        let destination = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        bytes.extend([0, 1, 0, 2, 0, 0, 0, 58]);
        let v6 = Pseudo::v6(source, destination);
        assert_eq!(v6.sum(Protocol::ICMPV6, 0x0001_0002).fold(), plain(&bytes));
        assert_eq!(v6.version(), Version::V6);
    }
}
