// SPDX-License-Identifier: GPL-2.0

//! UDP.
//!
//! Specification: RFC 768, RFC 8200 section 8.1 (over IPv6). UDP-Lite and the zero checksum of
//! tunnels over IPv6 (RFC 6935) are **not** supported.

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    checksum::{
        self,
        Pseudo, //
    },
    ip::{
        Protocol,
        Version, //
    },
    Error,
    Header as _,
    Layer, //
};

/// A UDP header.
#[doc(alias = "struct udphdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    source: U16,
    destination: U16,
    len: U16,
    checksum: U16,
}

header!(Header, Udp, 8);

impl Header {
    /// A header before `payload_len` octets, without checksum.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`] if the datagram would be longer than 65535 octets.
    pub fn new(source: u16, destination: u16, payload_len: usize) -> Result<Self, Error> {
        let len = payload_len.saturating_add(Self::LEN);
        let len = u16::try_from(len).map_err(|_| Error::BadTotalLength {
            layer: Layer::Udp,
            len: u32::try_from(len).unwrap_or(u32::MAX),
        })?;
        Ok(Self {
            source: U16::new(source),
            destination: U16::new(destination),
            len: U16::new(len),
            checksum: U16::ZERO,
        })
    }

    /// The sender's port; zero if it wants no reply.
    #[inline]
    pub const fn source(&self) -> u16 {
        self.source.get()
    }

    /// The receiver's port.
    #[doc(alias = "dest")]
    #[inline]
    pub const fn destination(&self) -> u16 {
        self.destination.get()
    }

    /// The length of header and payload that it claims, in octets.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a field's value; no collection"
    )]
    #[inline]
    pub const fn len(&self) -> u16 {
        self.len.get()
    }

    /// The checksum; zero if there is none.
    #[doc(alias = "check")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// Sets the sender's port. The checksum is left to the caller, here and below.
    #[inline]
    pub fn set_source(&mut self, port: u16) {
        self.source.set(port);
    }

    /// Sets the receiver's port.
    #[inline]
    pub fn set_destination(&mut self, port: u16) {
        self.destination.set(port);
    }

    /// Sets the length of header and payload, in octets.
    #[inline]
    pub fn set_len(&mut self, len: u16) {
        self.len.set(len);
    }

    /// Sets the checksum.
    #[inline]
    pub fn set_checksum(&mut self, checksum: u16) {
        self.checksum.set(checksum);
    }

    /// Sets a checksum that was computed: zero is sent as all ones (RFC 768, "Checksum").
    #[doc(alias = "CSUM_MANGLED_0")]
    #[inline]
    pub fn set_computed_checksum(&mut self, checksum: u16) {
        self.checksum
            .set(if checksum == 0 { 0xffff } else { checksum });
    }

    /// Keeps the checksum right when a 16-bit word it covers changes from `old` to `new`; a port,
    /// say. Where there is none there will be none.
    #[inline]
    pub fn update_checksum(&mut self, old: u16, new: u16) {
        let checksum = self.checksum.get();
        if checksum != 0 {
            self.set_computed_checksum(checksum::update_u16(checksum, old, new));
        }
    }

    /// Checks the length of a datagram of which `available` octets are there from the header on;
    /// returns it, in octets. What is beyond is no part of the datagram.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`], [`Error::Truncated`].
    #[inline]
    pub fn check(&self, available: usize) -> Result<usize, Error> {
        let layer = Layer::Udp;
        let len = usize::from(self.len());
        // RFC 768, "Length": header and data, so the minimum is eight.
        if len < Self::LEN {
            return Err(Error::BadTotalLength {
                layer,
                len: u32::from(self.len()),
            });
        }
        if len > available {
            return Err(Error::truncated(layer, len, available));
        }
        Ok(len)
    }
}

/// Views a datagram; returns its header and payload.
///
/// The checksum is not verified: see [`verify_checksum`].
///
/// # Errors
///
/// Those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    let (header, rest) = Header::view(bytes)?;
    let len = header.check(bytes.len())?;
    let payload = rest
        .get(..len.saturating_sub(Header::LEN))
        .ok_or(Error::truncated(Layer::Udp, len, bytes.len()))?;
    Ok((header, payload))
}

/// Verifies the checksum of a datagram, which begins with its header.
///
/// # Errors
///
/// Those of [`Header::check`], and [`Error::BadChecksum`].
pub fn verify_checksum(pseudo: Pseudo, bytes: &[u8]) -> Result<(), Error> {
    let (header, _) = Header::view(bytes)?;
    let len = header.check(bytes.len())?;
    let datagram = bytes
        .get(..len)
        .ok_or(Error::truncated(Layer::Udp, len, bytes.len()))?;
    let sum = pseudo.sum(Protocol::UDP, u32::from(header.len()));
    let right = match (header.checksum(), pseudo.version()) {
        // RFC 768, "Checksum": an all zero value means that the sender made none.
        (0, Version::V4) => true,
        // RFC 8200 section 8.1: over IPv6 it is not optional.
        (0, Version::V6) => false,
        _ => sum.bytes(datagram).checksum() == 0,
    };
    if right {
        Ok(())
    } else {
        Err(Error::BadChecksum { layer: Layer::Udp })
    }
}

/// Computes and sets the checksum of a datagram, which begins with its header.
///
/// # Errors
///
/// Those of [`Header::check`].
pub fn fill_checksum(pseudo: Pseudo, bytes: &mut [u8]) -> Result<(), Error> {
    let have = bytes.len();
    let (header, rest) = Header::view_mut(bytes)?;
    let len = header.check(have)?;
    let payload = rest
        .get(..len.saturating_sub(Header::LEN))
        .ok_or(Error::truncated(Layer::Udp, len, have))?;
    header.set_checksum(0);
    let sum = pseudo
        .sum(Protocol::UDP, u32::from(header.len()))
        .bytes(zerocopy::IntoBytes::as_bytes(header))
        .bytes(payload);
    header.set_computed_checksum(sum.checksum());
    Ok(())
}
