// SPDX-License-Identifier: GPL-2.0

//! VLAN tags.
//!
//! Specification: IEEE 802.1Q clause 9. A tag's first two octets, the tag protocol identifier, are
//! the [`EtherType`] of the header before it; [`Header`] is what follows.

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    ethernet::EtherType,
    Error,
    Header as _,
    Layer, //
};

/// The most tags that [`untag`] passes over; as many as Linux does (`VLAN_MAX_DEPTH`).
#[doc(alias = "VLAN_MAX_DEPTH")]
pub const MAX_TAGS: usize = 8;

/// The identifier of a tag that has a priority and names no VLAN (IEEE 802.1Q table 9-2).
pub const PRIORITY_ONLY: u16 = 0;

/// The greatest identifier that a VLAN may have.
pub const MAX_ID: u16 = 0x0ffe;

const ID_MASK: u16 = 0x0fff;
const DEI: u16 = 0x1000;
const PRIORITY_SHIFT: u32 = 13;

/// Tag control information: priority, drop eligibility and VLAN, in host order.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::vlan::Tci;
///
/// let tci = Tci::new(5, false, 100);
/// assert_eq!(tci, Some(Tci(0xa064)));
/// assert_eq!(tci.map(|tci| (tci.priority(), tci.id())), Some((5, 100)));
/// assert_eq!(Tci::new(8, false, 100), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tci(pub u16);

impl Tci {
    /// Tag control information of these fields; `None` if one is out of range.
    ///
    /// `priority` is 0 to 7, `id` is 0 to [`MAX_ID`].
    #[inline]
    pub const fn new(priority: u8, drop_eligible: bool, id: u16) -> Option<Self> {
        if priority > 7 || id > MAX_ID {
            return None;
        }
        let dei = if drop_eligible { DEI } else { 0 };
        // Widening, in a const function.
        Some(Self(((priority as u16) << PRIORITY_SHIFT) | dei | id))
    }

    /// The priority code point, 0 to 7 (`VLAN_PRIO_MASK`).
    #[doc(alias = "VLAN_PRIO_MASK")]
    #[inline]
    pub const fn priority(self) -> u8 {
        // Three bits are left.
        (self.0 >> PRIORITY_SHIFT) as u8
    }

    /// Whether the frame is to be dropped first under congestion (`VLAN_CFI_MASK`).
    #[doc(alias = "VLAN_CFI_MASK")]
    #[inline]
    pub const fn drop_eligible(self) -> bool {
        self.0 & DEI != 0
    }

    /// The VLAN's identifier, 0 to 4095 (`VLAN_VID_MASK`).
    #[doc(alias = "VLAN_VID_MASK")]
    #[inline]
    pub const fn id(self) -> u16 {
        self.0 & ID_MASK
    }
}

/// A tag after its protocol identifier: control information, and what comes next.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ethernet::{self, Address, EtherType}, vlan::{self, Tci}, Header as _};
///
/// // An empty frame of VLAN 100, with an ARP packet.
/// let mut frame = [0; ethernet::MIN_FRAME_LEN];
/// let header = ethernet::Header::new(Address::BROADCAST, Address::ZERO, EtherType::VLAN);
/// let rest = header.emit(&mut frame)?;
/// vlan::Header::new(Tci(100), EtherType::ARP).emit(rest)?;
///
/// let (header, payload) = ethernet::parse(&frame)?;
/// let untagged = vlan::untag(header.ethertype(), payload)?;
/// assert_eq!((untagged.outer, untagged.ethertype), (Some(Tci(100)), EtherType::ARP));
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct vlan_hdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    tci: U16,
    ethertype: U16,
}

header!(Header, Vlan, 4);

impl Header {
    /// A tag of these fields.
    #[inline]
    pub const fn new(tci: Tci, ethertype: EtherType) -> Self {
        Self {
            tci: U16::new(tci.0),
            ethertype: U16::new(ethertype.0),
        }
    }

    /// The tag control information.
    #[doc(alias = "h_vlan_TCI")]
    #[inline]
    pub const fn tci(&self) -> Tci {
        Tci(self.tci.get())
    }

    /// What the payload is; another tag, perhaps (`h_vlan_encapsulated_proto`).
    #[doc(alias = "h_vlan_encapsulated_proto")]
    #[inline]
    pub const fn ethertype(&self) -> EtherType {
        EtherType(self.ethertype.get())
    }

    /// Sets the tag control information.
    #[inline]
    pub fn set_tci(&mut self, tci: Tci) {
        self.tci.set(tci.0);
    }

    /// Sets what the payload is.
    #[inline]
    pub fn set_ethertype(&mut self, ethertype: EtherType) {
        self.ethertype.set(ethertype.0);
    }

    /// Checks the identifier.
    ///
    /// # Errors
    ///
    /// [`Error::BadReserved`].
    #[inline]
    pub const fn check(&self) -> Result<(), Error> {
        // IEEE 802.1Q table 9-2: 0xfff is reserved and shall not be transmitted in a tag.
        if self.tci().id() > MAX_ID {
            return Err(Error::BadReserved {
                layer: Layer::Vlan,
                value: self.tci().id(),
            });
        }
        Ok(())
    }
}

/// Views a tag; returns it and what follows.
///
/// # Errors
///
/// [`Error::Truncated`], and those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    let (header, payload) = Header::view(bytes)?;
    header.check()?;
    Ok((header, payload))
}

/// What is under the tags of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untagged<'a> {
    /// The outermost tag's control information, if there is a tag.
    pub outer: Option<Tci>,
    /// How many tags there are.
    pub tags: usize,
    /// What the payload is; no tag.
    pub ethertype: EtherType,
    /// The payload.
    pub payload: &'a [u8],
}

/// Passes over the tags of a frame, given its header's type field and payload.
///
/// # Errors
///
/// Those of [`parse`]; [`Error::TooMany`] beyond [`MAX_TAGS`].
pub fn untag(mut ethertype: EtherType, mut payload: &[u8]) -> Result<Untagged<'_>, Error> {
    let mut outer = None;
    for tags in 0..=MAX_TAGS {
        if !ethertype.is_vlan() {
            return Ok(Untagged {
                outer,
                tags,
                ethertype,
                payload,
            });
        }
        let (tag, rest) = parse(payload)?;
        outer = outer.or(Some(tag.tci()));
        ethertype = tag.ethertype();
        payload = rest;
    }
    Err(Error::TooMany { layer: Layer::Vlan })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Priority 5, VLAN 100, IPv4.
    const TAG: [u8; 4] = [0xa0, 0x64, 0x08, 0x00];

    #[test]
    fn deconstruct() {
        let (tag, rest) = parse(&TAG).unwrap();
        assert_eq!(tag.tci().priority(), 5);
        assert!(!tag.tci().drop_eligible());
        assert_eq!(tag.tci().id(), 100);
        assert_eq!(tag.ethertype(), EtherType::IPV4);
        assert!(rest.is_empty());
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 5];
        let tci = Tci::new(5, false, 100).unwrap();
        let mut tag = Header::new(Tci::default(), EtherType(0));
        tag.set_tci(tci);
        tag.set_ethertype(EtherType::IPV4);
        assert_eq!(tag, Header::new(tci, EtherType::IPV4));
        assert_eq!(tag.emit(&mut bytes).unwrap(), [0xa5]);
        assert_eq!(bytes[..4], TAG);
        assert_eq!(Tci::new(7, true, 1), Some(Tci(0xf001)));
        assert_eq!(Tci::new(8, false, 1), None);
        assert_eq!(Tci::new(0, false, 0x0ffe), Some(Tci(0x0ffe)));
        assert_eq!(Tci::new(0, false, 0x0fff), None);
    }

    #[test]
    fn lengths() {
        super::super::testing::boundary(&TAG, |bytes| parse(bytes).map(|_| ()));
    }

    #[test]
    fn round_trip() {
        super::super::testing::round_trip::<Header>(|tag| Header::new(tag.tci(), tag.ethertype()));
    }

    #[test]
    fn reserved_identifier() {
        assert!(parse(&[0x0f, 0xfe, 0x08, 0x00]).is_ok());
        assert_eq!(
            parse(&[0x0f, 0xff, 0x08, 0x00]),
            Err(Error::BadReserved {
                layer: Layer::Vlan,
                value: 0x0fff
            })
        );
    }

    #[test]
    fn stacked() {
        let bytes = |tags: usize| -> Vec<u8> {
            let mut bytes = Vec::new();
            for n in 1..=tags {
                let next = if n == tags { 0x86dd } else { 0x8100_u16 };
                bytes.extend([0, n as u8]);
                bytes.extend(next.to_be_bytes());
            }
            bytes.push(0x60);
            bytes
        };
        let none = untag(EtherType::IPV6, &[0x60]).unwrap();
        assert_eq!(
            (none.outer, none.tags, none.payload),
            (None, 0, &[0x60][..])
        );
        for tags in 1..=MAX_TAGS {
            let bytes = bytes(tags);
            let untagged = untag(EtherType::SERVICE_VLAN, &bytes).unwrap();
            assert_eq!(untagged.outer, Some(Tci(1)));
            assert_eq!(untagged.tags, tags);
            assert_eq!(untagged.ethertype, EtherType::IPV6);
            assert_eq!(untagged.payload, [0x60]);
        }
        assert_eq!(
            untag(EtherType::VLAN, &bytes(MAX_TAGS + 1)),
            Err(Error::TooMany { layer: Layer::Vlan })
        );
    }
}
