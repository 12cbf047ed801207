// SPDX-License-Identifier: GPL-2.0

//! ICMPv6. For neighbour discovery see [`ndisc`](super::ndisc).
//!
//! Specification: RFC 4443.

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
    ip::Protocol,
    Error,
    Header as _,
    Layer, //
};

/// What a message is about. Registry: IANA "ICMPv6 Parameters".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type(pub u8);

impl Type {
    /// A packet could not be delivered; the code says why (`ICMPV6_DEST_UNREACH`).
    #[doc(alias = "ICMPV6_DEST_UNREACH")]
    pub const DESTINATION_UNREACHABLE: Self = Self(1);
    /// The packet is too long for the next link (`ICMPV6_PKT_TOOBIG`).
    #[doc(alias = "ICMPV6_PKT_TOOBIG")]
    pub const PACKET_TOO_BIG: Self = Self(2);
    /// Hop limit or time for reassembly ran out (`ICMPV6_TIME_EXCEED`).
    #[doc(alias = "ICMPV6_TIME_EXCEED")]
    pub const TIME_EXCEEDED: Self = Self(3);
    /// A packet's header was wrong (`ICMPV6_PARAMPROB`).
    #[doc(alias = "ICMPV6_PARAMPROB")]
    pub const PARAMETER_PROBLEM: Self = Self(4);
    /// A request for [`Type::ECHO_REPLY`].
    #[doc(alias = "ICMPV6_ECHO_REQUEST")]
    pub const ECHO_REQUEST: Self = Self(128);
    /// The answer to [`Type::ECHO_REQUEST`].
    #[doc(alias = "ICMPV6_ECHO_REPLY")]
    pub const ECHO_REPLY: Self = Self(129);
    /// Who listens to which groups? (RFC 2710, RFC 3810) (`ICMPV6_MGM_QUERY`).
    #[doc(alias = "ICMPV6_MGM_QUERY")]
    pub const LISTENER_QUERY: Self = Self(130);
    /// The sender listens (RFC 2710) (`ICMPV6_MGM_REPORT`).
    #[doc(alias = "ICMPV6_MGM_REPORT")]
    pub const LISTENER_REPORT: Self = Self(131);
    /// The sender listens no more (RFC 2710) (`ICMPV6_MGM_REDUCTION`).
    #[doc(alias = "ICMPV6_MGM_REDUCTION")]
    pub const LISTENER_DONE: Self = Self(132);
    /// Are there routers? (RFC 4861 section 4.1).
    #[doc(alias = "NDISC_ROUTER_SOLICITATION")]
    pub const ROUTER_SOLICITATION: Self = Self(133);
    /// A router is here (RFC 4861 section 4.2).
    #[doc(alias = "NDISC_ROUTER_ADVERTISEMENT")]
    pub const ROUTER_ADVERTISEMENT: Self = Self(134);
    /// Who has the address? A [`Neighbour`](super::ndisc::Neighbour) (RFC 4861 section 4.3).
    #[doc(alias = "NDISC_NEIGHBOUR_SOLICITATION")]
    pub const NEIGHBOUR_SOLICITATION: Self = Self(135);
    /// The sender has the address. A [`Neighbour`](super::ndisc::Neighbour) (RFC 4861 section 4.4).
    #[doc(alias = "NDISC_NEIGHBOUR_ADVERTISEMENT")]
    pub const NEIGHBOUR_ADVERTISEMENT: Self = Self(136);
    /// There is a better first hop (RFC 4861 section 4.5).
    #[doc(alias = "NDISC_REDIRECT")]
    pub const REDIRECT: Self = Self(137);
    /// The sender listens (RFC 3810) (`ICMPV6_MLD2_REPORT`).
    #[doc(alias = "ICMPV6_MLD2_REPORT")]
    pub const LISTENER_REPORT_V2: Self = Self(143);

    /// Whether it reports on a packet, whose start is the payload (RFC 4443 section 2.1)
    /// (`icmpv6_is_err()`).
    #[doc(alias = "icmpv6_is_err")]
    #[inline]
    pub const fn is_error(self) -> bool {
        self.0 < 128
    }

    /// Whether it is of neighbour discovery.
    #[inline]
    pub const fn is_neighbour_discovery(self) -> bool {
        matches!(self.0, 133..=137)
    }
}

/// Codes of [`Type::DESTINATION_UNREACHABLE`]. Registry: IANA "ICMPv6 Parameters", type 1.
pub mod unreachable {
    /// No route.
    #[doc(alias = "ICMPV6_NOROUTE")]
    pub const NO_ROUTE: u8 = 0;
    /// A filter forbids it (`ICMPV6_ADM_PROHIBITED`).
    #[doc(alias = "ICMPV6_ADM_PROHIBITED")]
    pub const ADMINISTRATIVELY_PROHIBITED: u8 = 1;
    /// No answer from the host (`ICMPV6_ADDR_UNREACH`).
    #[doc(alias = "ICMPV6_ADDR_UNREACH")]
    pub const ADDRESS: u8 = 3;
    /// Nobody listens at the port (`ICMPV6_PORT_UNREACH`).
    #[doc(alias = "ICMPV6_PORT_UNREACH")]
    pub const PORT: u8 = 4;
}

/// The header of an ICMPv6 message.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv6Addr;
/// use wire::{checksum::Pseudo, icmpv6::{self, Type}, Header as _};
///
/// /// Tells the sender of `packet` that it is too long for a link.
/// fn too_big(pseudo: Pseudo, mtu: u32, packet: &[u8; 48]) -> Result<[u8; 56], wire::Error> {
///     let mut message = [0; 56];
///     let mut header = icmpv6::Header::new(Type::PACKET_TOO_BIG, 0);
///     header.set_value(mtu);
///     header.emit(&mut message)?.copy_from_slice(packet);
///     icmpv6::fill_checksum(pseudo, &mut message)?;
///     Ok(message)
/// }
///
/// let pseudo = Pseudo::v6(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
/// let message = too_big(pseudo, 1280, &[0; 48])?;
/// assert_eq!(icmpv6::parse(&message)?.0.value(), 1280);
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct icmp6hdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    r#type: u8,
    code: u8,
    checksum: U16,
    first: U16,
    second: U16,
}

header!(Header, Icmpv6, 8);

impl Header {
    /// A header without checksum, its last four octets zero.
    #[inline]
    pub const fn new(r#type: Type, code: u8) -> Self {
        Self {
            r#type: r#type.0,
            code,
            checksum: U16::ZERO,
            first: U16::ZERO,
            second: U16::ZERO,
        }
    }

    /// What the message is about (`icmp6_type`).
    #[doc(alias = "icmp6_type")]
    #[inline]
    pub const fn kind(&self) -> Type {
        Type(self.r#type)
    }

    /// What exactly; depends on the type.
    #[doc(alias = "icmp6_code")]
    #[inline]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// The checksum (`icmp6_cksum`).
    #[doc(alias = "icmp6_cksum")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// Which sender of echoes it belongs to.
    #[doc(alias = "icmp6_identifier")]
    #[inline]
    pub const fn identifier(&self) -> u16 {
        self.first.get()
    }

    /// Which echo it is.
    #[doc(alias = "icmp6_sequence")]
    #[inline]
    pub const fn sequence(&self) -> u16 {
        self.second.get()
    }

    /// With [`Type::PACKET_TOO_BIG`] the next link's MTU in octets, with
    /// [`Type::PARAMETER_PROBLEM`] the place of the fault in the packet (`icmp6_mtu`).
    #[doc(alias = "icmp6_mtu")]
    #[doc(alias = "icmp6_pointer")]
    #[inline]
    pub fn value(&self) -> u32 {
        (u32::from(self.first.get()) << 16) | u32::from(self.second.get())
    }

    /// Sets type and code. The checksum is left to the caller, here and below.
    #[inline]
    pub fn set_kind(&mut self, r#type: Type, code: u8) {
        self.r#type = r#type.0;
        self.code = code;
    }

    /// Sets the checksum.
    #[inline]
    pub fn set_checksum(&mut self, checksum: u16) {
        self.checksum.set(checksum);
    }

    /// Sets the identifier and sequence number of an echo.
    #[inline]
    pub fn set_echo(&mut self, identifier: u16, sequence: u16) {
        self.first.set(identifier);
        self.second.set(sequence);
    }

    /// Sets MTU or pointer: see [`Header::value`].
    #[inline]
    pub fn set_value(&mut self, value: u32) {
        // The two halves.
        self.first.set((value >> 16) as u16);
        self.second.set(value as u16);
    }

    /// Keeps the checksum right when a 16-bit word it covers changes from `old` to `new`; the
    /// identifier, say.
    #[inline]
    pub fn update_checksum(&mut self, old: u16, new: u16) {
        self.checksum
            .set(checksum::update_u16(self.checksum.get(), old, new));
    }
}

/// Views a message; returns its header and payload.
///
/// The checksum is not verified: see [`verify_checksum`].
///
/// # Errors
///
/// [`Error::Truncated`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    Header::view(bytes)
}

/// Verifies the checksum of a message, which is all of `bytes` and begins with its header.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadChecksum`].
pub fn verify_checksum(pseudo: Pseudo, bytes: &[u8]) -> Result<(), Error> {
    Header::view(bytes)?;
    // RFC 4443 section 2.3: with the pseudo header, unlike ICMP.
    let sum = pseudo.of(Protocol::ICMPV6, bytes.len());
    checksum::verify(sum, bytes, Layer::Icmpv6)
}

/// Computes and sets the checksum of a message, which is all of `bytes` and begins with its header.
///
/// # Errors
///
/// [`Error::Truncated`].
pub fn fill_checksum(pseudo: Pseudo, bytes: &mut [u8]) -> Result<(), Error> {
    let sum = pseudo.of(Protocol::ICMPV6, bytes.len());
    let (header, rest) = Header::view_mut(bytes)?;
    header.set_checksum(0);
    let sum = sum.bytes(zerocopy::IntoBytes::as_bytes(header)).bytes(rest);
    header.set_checksum(sum.checksum());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            ipv6,
            testing::{
                boundary,
                round_trip, //
            }, //
        },
        *, //
    };

    fn captured(frame: &[u8]) -> (Pseudo, &[u8]) {
        let (header, payload) = ipv6::parse(&frame[14..]).unwrap();
        let upper = ipv6::extensions(payload, header.next_header()).unwrap();
        (header.pseudo(), &payload[upper.offset..])
    }

    #[test]
    fn deconstruct() {
        let (_, bytes) = captured(&captures::PING6);
        let (header, payload) = parse(bytes).unwrap();
        assert_eq!((header.kind(), header.code()), (Type::ECHO_REQUEST, 0));
        assert_eq!(header.checksum(), 0x798b);
        assert_eq!((header.identifier(), header.sequence()), (0x63ec, 1));
        assert_eq!(payload.len(), 16);
        assert!(!header.kind().is_error() && !header.kind().is_neighbour_discovery());
        assert!(Type::PACKET_TOO_BIG.is_error());
        assert!(Type::REDIRECT.is_neighbour_discovery());
    }

    #[test]
    fn construct() {
        let (pseudo, captured) = captured(&captures::PING6);
        let mut bytes = [0xa5; 24];
        let mut header = Header::new(Type::ECHO_REPLY, 1);
        header.set_kind(Type::ECHO_REQUEST, 0);
        header.set_echo(0x63ec, 1);
        let rest = header.emit(&mut bytes).unwrap();
        rest.copy_from_slice(&captured[8..]);
        fill_checksum(pseudo, &mut bytes).unwrap();
        assert_eq!(bytes, captured);
    }

    #[test]
    fn value() {
        let mut header = Header::new(Type::PACKET_TOO_BIG, 0);
        header.set_value(0x0001_0500);
        let mut bytes = [0xa5; 8];
        header.emit(&mut bytes).unwrap();
        assert_eq!(bytes, [2, 0, 0, 0, 0, 1, 5, 0]);
        assert_eq!(header.value(), 0x0001_0500);
    }

    #[test]
    fn lengths() {
        let (pseudo, message) = captured(&captures::PING6);
        boundary(&message[..8], |bytes| parse(bytes).map(|_| ()));
        boundary(&message[..8], |bytes| {
            fill_checksum(pseudo, &mut bytes.to_vec())
        });
        let error = Err(Error::truncated(Layer::Icmpv6, 8, 7));
        assert_eq!(verify_checksum(pseudo, &message[..7]), error);
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = Header::new(header.kind(), header.code());
            copy.set_checksum(header.checksum());
            copy.set_value(header.value());
            copy
        });
    }

    #[test]
    fn checksum_of_any_change() {
        for frame in [
            &captures::PING6[..],
            &captures::LISTENER_REPORT,
            &captures::NEIGHBOUR_ADVERTISEMENT,
        ] {
            let (pseudo, message) = captured(frame);
            assert_eq!(verify_checksum(pseudo, message), Ok(()));
            for bit in 0..message.len() * 8 {
                let mut bytes = message.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let layer = Layer::Icmpv6;
                let bad = Err(Error::BadChecksum { layer });
                assert_eq!(verify_checksum(pseudo, &bytes), bad, "bit {bit}");
            }
        }
    }

    #[test]
    fn updated_sequence() {
        let (pseudo, message) = captured(&captures::PING6);
        for sequence in 0..=u16::MAX {
            let mut bytes = message.to_vec();
            let (header, _) = Header::view_mut(&mut bytes).unwrap();
            let old = header.sequence();
            header.set_echo(header.identifier(), sequence);
            header.update_checksum(old, sequence);
            assert_eq!(verify_checksum(pseudo, &bytes), Ok(()), "{sequence}");
        }
    }
}
