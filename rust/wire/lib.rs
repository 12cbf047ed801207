// SPDX-License-Identifier: GPL-2.0

//! Network headers: typed views of their bytes, and the checks that make a view worth believing.
//!
//! # Views
//!
//! Every protocol is a module with a `Header` of network-endian fields (little-endian ones in
//! [`ect`]): `ethernet::Header`, `ipv4::Header` and so on. A header has no padding, no alignment
//! and no invalid bit pattern, so a reference to one is a reference to bytes of the packet. Its
//! accessors take and return integers in host order or types that know what they mean; none can
//! panic, because the bytes are known to be there. [`Header`] is what they share, for code that
//! hands out any header at an offset.
//!
//! # Checks
//!
//! A view says nothing about content: a version of 9 is a readable version. What must hold before
//! a length is used is asked for apart, by each header's `check(available)`, which returns the
//! lengths that were verified; `parse(bytes)` does it for a packet that is all in one slice. The
//! paragraph of the specification stands above each rule, and [`Error`] says which was broken.
//! Checksums are asked for apart again, since hardware may have verified them.
//!
//! ```
//! # use kernet_wire as wire;
//! use wire::{ethernet, ipv4, udp, Error};
//!
//! fn ports(frame: &[u8]) -> Result<(u16, u16), Error> {
//!     let (ethernet, packet) = ethernet::parse(frame)?;
//!     if ethernet.ethertype() != ethernet::EtherType::IPV4 {
//!         return Ok((0, 0));
//!     }
//!     let (_, _, datagram) = ipv4::parse(packet)?;
//!     let (udp, _) = udp::parse(datagram)?;
//!     Ok((udp.source(), udp.destination()))
//! }
//!
//! assert!(matches!(ports(&[0; 13]), Err(Error::Truncated { need: 14, have: 13, .. })));
//! ```
//!
//! # Not supported
//!
//! IPv6 jumbograms (RFC 2675), IEEE 802.2 LLC, and reassembly.

#![forbid(unsafe_code)]

use core::fmt;

use zerocopy::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Makes a struct a [`Header`], and fails to compile if its length is not the one said.
macro_rules! header {
    ($header:ident, $layer:ident, $len:literal) => {
        impl $header {
            /// The header's length, in octets.
            pub const LEN: usize = $len;
        }

        const _: () = assert!(core::mem::size_of::<$header>() == $header::LEN);

        impl super::Header for $header {
            const LAYER: super::Layer = super::Layer::$layer;
        }
    };
}

pub mod arp;
pub mod checksum;
pub mod ect;
pub mod etherip;
pub mod ethernet;
pub mod icmp;
pub mod icmpv6;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod ndisc;
pub mod options;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod xlat;

mod delta;
mod extension;
mod walk;

#[cfg(test)]
mod captures;
#[cfg(test)]
mod testing;

pub use self::walk::{
    walk,
    Layers,
    Summary, //
};

/// A fixed part of a packet that any bytes of the right number are a valid view of.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ethernet, ipv4, Error, Header};
///
/// /// What an IPv4 packet in a frame has in its TTL.
/// fn ttl(frame: &[u8]) -> Result<u8, Error> {
///     let (_, packet) = ethernet::Header::view(frame)?;
///     let (header, _) = ipv4::Header::view(packet)?;
///     Ok(header.ttl())
/// }
///
/// let mut frame = [0; 34];
/// frame[22] = 64;
/// assert_eq!(ttl(&frame), Ok(64));
/// assert!(ttl(&frame[..33]).is_err());
/// ```
pub trait Header:
    FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy + 'static
{
    /// The protocol that the header is of; what [`Error`] names.
    const LAYER: Layer;

    /// Views the first bytes as the header; returns it and the bytes behind it.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if there are too few bytes.
    #[inline]
    fn view(bytes: &[u8]) -> Result<(&Self, &[u8]), Error> {
        Self::ref_from_prefix(bytes).map_err(|_| truncated::<Self>(bytes.len()))
    }

    /// Views the first bytes as the header, to be changed.
    ///
    /// # Errors
    ///
    /// As [`Header::view`].
    #[inline]
    fn view_mut(bytes: &mut [u8]) -> Result<(&mut Self, &mut [u8]), Error> {
        let have = bytes.len();
        Self::mut_from_prefix(bytes).map_err(|_| truncated::<Self>(have))
    }

    /// Writes the header over the first bytes; returns the bytes behind it, which are left alone.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if there is no room; nothing is written then.
    #[inline]
    fn emit<'a>(&self, bytes: &'a mut [u8]) -> Result<&'a mut [u8], Error> {
        let (header, rest) = Self::view_mut(bytes)?;
        *header = *self;
        Ok(rest)
    }
}

fn truncated<H: Header>(have: usize) -> Error {
    Error::truncated(H::LAYER, core::mem::size_of::<H>(), have)
}

/// A protocol that has a header here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// IEEE 802.3, [`ethernet`].
    Ethernet,
    /// IEEE 802.1Q, [`vlan`].
    Vlan,
    /// RFC 826, [`arp`].
    Arp,
    /// RFC 791, [`ipv4`].
    Ipv4,
    /// RFC 8200, [`ipv6`].
    Ipv6,
    /// RFC 8200 section 4, [`ipv6::Extension`].
    Ipv6Extension,
    /// RFC 792, [`icmp`].
    Icmp,
    /// RFC 4443, [`icmpv6`].
    Icmpv6,
    /// RFC 768, [`udp`].
    Udp,
    /// RFC 9293, [`tcp`].
    Tcp,
    /// Any protocol whose header begins with two ports, [`ip::Ports`].
    Transport,
    /// RFC 3378, [`etherip`].
    EtherIp,
    /// Ethernet version 2.0 section 8, [`ect`].
    Ect,
}

impl Layer {
    /// The protocol's name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ethernet => "ethernet",
            Self::Vlan => "vlan",
            Self::Arp => "arp",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Ipv6Extension => "ipv6 extension header",
            Self::Icmp => "icmp",
            Self::Icmpv6 => "icmpv6",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Transport => "transport",
            Self::EtherIp => "etherip",
            Self::Ect => "ect",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a packet is not what its protocol's specification says it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There are fewer octets than the header takes, or than it says there are.
    Truncated {
        /// The protocol.
        layer: Layer,
        /// Octets needed from the header's start on.
        need: u32,
        /// Octets there are.
        have: u32,
    },
    /// The version is not the protocol's.
    BadVersion {
        /// The protocol.
        layer: Layer,
        /// The version found.
        version: u8,
    },
    /// The header says it is shorter than its fixed part.
    BadHeaderLength {
        /// The protocol.
        layer: Layer,
        /// The length found, in octets.
        len: u16,
    },
    /// The length of header and payload is less than the header's, or more than the field holds.
    BadTotalLength {
        /// The protocol.
        layer: Layer,
        /// The length, in octets.
        len: u32,
    },
    /// The checksum does not match, or is absent where it must not be.
    BadChecksum {
        /// The protocol.
        layer: Layer,
    },
    /// A field that must be zero, or a value that must not be used.
    BadReserved {
        /// The protocol.
        layer: Layer,
        /// The value found.
        value: u16,
    },
    /// An option is longer than its container, or not as long as its kind must be.
    BadOption {
        /// The protocol.
        layer: Layer,
        /// The option's kind.
        kind: u8,
    },
    /// ARP for another kind of link or network address than Ethernet and IPv4.
    BadAddressType {
        /// The protocol.
        layer: Layer,
    },
    /// A header stands where it must not.
    BadOrder {
        /// The protocol.
        layer: Layer,
        /// The header's number.
        protocol: ip::Protocol,
    },
    /// More headers of a kind than will be walked.
    TooMany {
        /// The protocol.
        layer: Layer,
    },
}

impl Error {
    /// Makes an [`Error::Truncated`].
    pub(super) fn truncated(layer: Layer, need: usize, have: usize) -> Self {
        Self::Truncated {
            layer,
            need: u32::try_from(need).unwrap_or(u32::MAX),
            have: u32::try_from(have).unwrap_or(u32::MAX),
        }
    }

    /// The protocol whose rule was broken.
    pub const fn layer(self) -> Layer {
        match self {
            Self::Truncated { layer, .. }
            | Self::BadVersion { layer, .. }
            | Self::BadHeaderLength { layer, .. }
            | Self::BadTotalLength { layer, .. }
            | Self::BadChecksum { layer }
            | Self::BadReserved { layer, .. }
            | Self::BadOption { layer, .. }
            | Self::BadAddressType { layer }
            | Self::BadOrder { layer, .. }
            | Self::TooMany { layer } => layer,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.layer())?;
        match self {
            Self::Truncated { need, have, .. } => {
                write!(f, "truncated: {need} octets needed, {have} there")
            }
            Self::BadVersion { version, .. } => {
                write!(f, "version {version} is not the protocol's")
            }
            Self::BadHeaderLength { len, .. } => {
                write!(
                    f,
                    "header length of {len} octets is less than the fixed header"
                )
            }
            Self::BadTotalLength { len, .. } => {
                write!(f, "total length of {len} octets is out of range")
            }
            Self::BadChecksum { .. } => f.write_str("checksum does not match"),
            Self::BadReserved { value, .. } => write!(f, "reserved value {value:#x}"),
            Self::BadOption { kind, .. } => write!(f, "length of option {kind} is wrong"),
            Self::BadAddressType { .. } => f.write_str("addresses are not Ethernet and IPv4"),
            Self::BadOrder { protocol, .. } => write!(f, "{protocol} may not stand here"),
            Self::TooMany { .. } => f.write_str("more headers than are walked"),
        }
    }
}

impl core::error::Error for Error {}
