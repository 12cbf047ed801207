// SPDX-License-Identifier: GPL-2.0

//! What a change adds to a sum; public as part of [`checksum`](super::checksum).

use super::checksum::fold;

/// What changed words add to a ones'-complement sum that covers them: `~m + m'` of RFC 1624 section 3.
///
/// One is made of all that a packet's edit changes, and applied to each sum that covers it, in
/// whatever form that sum is kept.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::checksum::{Delta, Sum};
///
/// /// Changes two ports, which a checksum covers.
/// fn translate(ports: &mut [u8; 4], checksum: u16, new: [u8; 4]) -> u16 {
///     let delta = Delta::new().octets(ports, &new);
///     *ports = new;
///     delta.checksum(checksum)
/// }
///
/// let mut ports = [0x0f, 0xa0, 0, 80];
/// let checksum = Sum::new().bytes(&ports).checksum();
/// let changed = translate(&mut ports, checksum, [0xc0, 0, 0, 80]);
/// assert_eq!(changed, Sum::new().bytes(&ports).checksum());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Delta {
    /// The sum of 16-bit words as the machine reads them, not folded. It would take 2^29 changes of an IPv6
    /// address to wrap.
    words: u64,
}

impl Delta {
    /// No change.
    #[inline]
    pub const fn new() -> Self {
        Self { words: 0 }
    }

    /// Adds the change of a 16-bit word at an even place, given in host order (`csum_sub()`).
    #[doc(alias = "csum_sub")]
    #[inline]
    pub const fn u16(self, old: u16, new: u16) -> Self {
        self.stored(old.to_be() as u32, new.to_be() as u32, 0xffff)
    }

    /// Adds the change of 32 bits, or of the 16 that `mask` has, as the machine reads them.
    ///
    /// A word that has not changed adds nothing: 0xffff is zero too, but leaves another zero in a sum.
    #[inline]
    const fn stored(self, old: u32, new: u32, mask: u32) -> Self {
        if old == new {
            return self;
        }
        let change = ((old ^ mask) as u64).wrapping_add(new as u64);
        Self {
            words: self.words.wrapping_add(change),
        }
    }

    /// Both changes (`csum_add()`).
    #[doc(alias = "csum_add")]
    #[inline]
    pub const fn and(self, other: Self) -> Self {
        Self {
            words: self.words.wrapping_add(other.words),
        }
    }

    /// Adds the change of octets that begin at an even place, as many of them as both have
    /// (`inet_proto_csum_replace_by_diff()`). Of an odd number, zero follows the last.
    #[doc(alias = "inet_proto_csum_replace_by_diff")]
    // Of octets whose number is known it is a few instructions.
    #[inline(always)]
    pub fn octets(self, old: &[u8], new: &[u8]) -> Self {
        let (mut delta, mut old, mut new) = (self, old, new);
        while let (Some((a, old_rest)), Some((b, new_rest))) =
            (old.split_first_chunk(), new.split_first_chunk())
        {
            delta = delta.stored(u32::from_ne_bytes(*a), u32::from_ne_bytes(*b), u32::MAX);
            (old, new) = (old_rest, new_rest);
        }
        while let (Some((a, old_rest)), Some((b, new_rest))) =
            (old.split_first_chunk(), new.split_first_chunk())
        {
            delta = delta.u16(u16::from_be_bytes(*a), u16::from_be_bytes(*b));
            (old, new) = (old_rest, new_rest);
        }
        match (old.first(), new.first()) {
            (Some(&a), Some(&b)) => {
                delta.u16(u16::from_be_bytes([a, 0]), u16::from_be_bytes([b, 0]))
            }
            _ => delta,
        }
    }

    /// Whether a sum that covers what has changed changes.
    #[inline]
    pub const fn is_change(self) -> bool {
        self.words != 0
    }

    /// The checksum after the change, in host order (`csum_replace2()`). RFC 1624 section 3,
    /// equation 3.
    ///
    /// A result of zero means "no checksum" in UDP: see
    /// [`udp::Header::set_computed_checksum`](super::udp::Header::set_computed_checksum).
    #[doc(alias = "csum_replace2")]
    #[inline]
    pub const fn checksum(self, checksum: u16) -> u16 {
        !self.folded(!checksum)
    }

    /// As [`Self::checksum`], of two octets as they are in the packet.
    #[inline]
    pub const fn checksum_octets(self, checksum: [u8; 2]) -> [u8; 2] {
        let sum = !u16::from_ne_bytes(checksum);
        let sum = self.folded_octets(sum.to_ne_bytes());
        (!u16::from_ne_bytes(sum)).to_ne_bytes()
    }

    /// As [`Self::folded`], of two octets as they are in the packet.
    #[inline]
    pub const fn folded_octets(self, sum: [u8; 2]) -> [u8; 2] {
        if !self.is_change() {
            return sum;
        }
        let sum = u16::from_ne_bytes(sum) as u64;
        fold(self.words.wrapping_add(sum)).to_ne_bytes()
    }

    /// A sum that is not complemented, as that of a pseudo header, after the change; in host order
    /// (`CHECKSUM_PARTIAL`).
    #[doc(alias = "CHECKSUM_PARTIAL")]
    #[inline]
    pub const fn folded(self, sum: u16) -> u16 {
        u16::from_be_bytes(self.folded_octets(sum.to_be_bytes()))
    }

    /// A sum of words as the machine reads them, not folded, after the change
    /// (`CHECKSUM_COMPLETE`). `odd` says that what has changed was at odd places of what is summed.
    #[doc(alias = "CHECKSUM_COMPLETE")]
    #[doc(alias = "csum_block_add")]
    #[inline]
    pub const fn unfolded(self, sum: u32, odd: bool) -> u32 {
        if !self.is_change() {
            return sum;
        }
        let word = fold(self.words);
        let word = if odd { word.swap_bytes() } else { word };
        // Widening, in a const function.
        let (sum, carry) = sum.overflowing_add(word as u32);
        // After a carry the sum is less than what was added.
        sum.wrapping_add(carry as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            checksum::Sum,
            testing::Random, //
        },
        *, //
    };

    /// A sum as the kernel keeps it for all of a packet.
    fn complete(bytes: &[u8]) -> u32 {
        bytes.chunks(2).fold(0, |sum: u32, pair| {
            let low = pair.get(1).copied().unwrap_or(0);
            let word = u16::from_ne_bytes([pair[0], low]);
            let (sum, carry) = sum.overflowing_add(u32::from(word));
            sum + u32::from(carry)
        })
    }

    fn fold(sum: u32) -> u32 {
        let sum = (sum >> 16) + (sum & 0xffff);
        (sum >> 16) + (sum & 0xffff)
    }

    /// Zero has two forms.
    fn equal(a: u32, b: u32) -> bool {
        a % 0xffff == b % 0xffff
    }

    #[test]
    fn rfc1624_section_4() {
        // Its example: 0x5555 becomes 0x3285, and the checksum 0xdd2f becomes 0.
        assert_eq!(Delta::new().u16(0x5555, 0x3285).checksum(0xdd2f), 0);
    }

    #[test]
    fn nothing_changes_nothing() {
        for value in [0, 1, 0x1234, 0xfffe, 0xffff] {
            let delta = Delta::new().u16(value, value).octets(&[7; 5], &[7; 5]);
            for sum in [0, 1, 0x8000, 0xfffe, 0xffff] {
                assert_eq!(delta.checksum(sum), sum);
                assert_eq!(delta.folded(sum), sum);
                assert_eq!(delta.unfolded(sum.into(), false), sum.into());
            }
        }
    }

    #[test]
    fn as_if_computed_anew() {
        let mut random = Random::new(1624);
        for round in 0..100_000 {
            // Zeros and ones come often: those are where one and the other zero are.
            let mut bytes: [u8; 24] = random.bytes(24).try_into().unwrap();
            if round % 3 == 0 {
                bytes = bytes.map(|byte| if byte & 1 == 0 { 0 } else { 0xff });
            }
            let before = Sum::new().bytes(&bytes);
            let mut after = bytes;
            let mut delta = Delta::new();
            for _ in 0..=random.below(3) {
                let at = random.below(10) * 2;
                let new: [u8; 4] = match random.below(4) {
                    0 => [0; 4],
                    1 => [0xff; 4],
                    _ => random.bytes(4).try_into().unwrap(),
                };
                let old: [u8; 4] = after[at..at + 4].try_into().unwrap();
                after[at..at + 4].copy_from_slice(&new);
                delta = delta.octets(&old, &new);
            }
            let anew = Sum::new().bytes(&after);
            let updated = delta.checksum(before.checksum());
            assert!(
                equal(updated.into(), anew.checksum().into()),
                "{bytes:x?} {after:x?}"
            );
            if after != [0; 24] && bytes != [0; 24] {
                // Equation 3 makes the zero that the computation makes.
                assert_eq!(updated, anew.checksum(), "{bytes:x?} {after:x?}");
                assert_eq!(delta.folded(before.fold()), anew.fold());
            }
            let unfolded = delta.unfolded(complete(&bytes), false);
            assert!(equal(fold(unfolded), fold(complete(&after))));
            // The same behind one octet more.
            let odd = |bytes: &[u8]| complete(&[&[0x5a], bytes].concat());
            assert!(equal(
                fold(delta.unfolded(odd(&bytes), true)),
                fold(odd(&after))
            ));
        }
    }

    #[test]
    fn octets_of_an_odd_number() {
        let sum = |bytes: &[u8]| Sum::new().bytes(bytes).checksum();
        let delta = Delta::new().octets(&[1, 2, 3], &[4, 5, 6]);
        assert_eq!(delta.checksum(sum(&[1, 2, 3])), sum(&[4, 5, 6]));
    }

    #[test]
    fn unfolded_sums_carry() {
        let delta = Delta::new().u16(0, 1);
        assert_eq!(
            delta.unfolded(u32::MAX, false) % 0xffff,
            u32::from(1_u16.to_be())
        );
    }
}
