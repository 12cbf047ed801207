// SPDX-License-Identifier: GPL-2.0

//! EtherIP: Ethernet frames in IP, protocol 97.
//!
//! Specification: RFC 3378. The version is in the high half of the first octet, so the header on
//! the wire is `30 00`.

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    Error,
    Header as _,
    Layer, //
};

/// The protocol's version.
pub const VERSION: u8 = 3;

const RESERVED_MASK: u16 = 0x0fff;

/// The header between IP's and the frame's.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{etherip, Header as _};
///
/// let mut packet = [0; etherip::Header::LEN + 60];
/// let frame = etherip::Header::new().emit(&mut packet)?;
/// assert_eq!(frame.len(), 60);
/// assert_eq!(packet[..2], [0x30, 0]);
/// assert!(etherip::parse(&[0x40, 0]).is_err());
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    version_reserved: U16,
}

header!(Header, EtherIp, 2);

impl Header {
    /// The header that every packet has.
    #[inline]
    pub const fn new() -> Self {
        Self {
            version_reserved: U16::new(0x3000),
        }
    }

    /// The version; 3, if [`Header::check`] passes.
    #[inline]
    pub const fn version(&self) -> u8 {
        // Four bits are left.
        (self.version_reserved.get() >> 12) as u8
    }

    /// The reserved bits; 0, if [`Header::check`] passes.
    #[inline]
    pub const fn reserved(&self) -> u16 {
        self.version_reserved.get() & RESERVED_MASK
    }

    /// Checks that it is the header that every packet has.
    ///
    /// # Errors
    ///
    /// [`Error::BadVersion`], [`Error::BadReserved`].
    #[inline]
    pub const fn check(&self) -> Result<(), Error> {
        let layer = Layer::EtherIp;
        // RFC 3378 section 4: a receiver verifies version and reserved field, and drops the packet
        // if they are not as section 3 has them.
        if self.version() != VERSION {
            return Err(Error::BadVersion {
                layer,
                version: self.version(),
            });
        }
        if self.reserved() != 0 {
            return Err(Error::BadReserved {
                layer,
                value: self.reserved(),
            });
        }
        Ok(())
    }
}

impl Default for Header {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

/// Views an IP payload; returns the header and the Ethernet frame.
///
/// # Errors
///
/// [`Error::Truncated`], and those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    let (header, frame) = Header::view(bytes)?;
    header.check()?;
    Ok((header, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header() {
        for bits in 0..=u16::MAX {
            let bytes = bits.to_be_bytes();
            let layer = Layer::EtherIp;
            let expected = match (bytes[0] >> 4, bits & 0xfff) {
                (3, 0) => Ok(&[][..]),
                (3, value) => Err(Error::BadReserved { layer, value }),
                (version, _) => Err(Error::BadVersion { layer, version }),
            };
            assert_eq!(parse(&bytes).map(|(_, frame)| frame), expected);
        }
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 3];
        Header::new().emit(&mut bytes).unwrap();
        assert_eq!(bytes, [0x30, 0x00, 0xa5]);
    }

    #[test]
    fn lengths() {
        super::super::testing::boundary(&[0x30, 0x00], |bytes| parse(bytes).map(|_| ()));
    }
}
