// SPDX-License-Identifier: GPL-2.0

//! ICMP for IPv4.
//!
//! Specification: RFC 792, RFC 1191 section 4 (MTU in "fragmentation needed").

use core::net::Ipv4Addr;

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
        Sum, //
    },
    Error,
    Header as _,
    Layer, //
};

/// What a message is about. Registry: IANA "ICMP Type Numbers".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type(pub u8);

impl Type {
    /// The answer to [`Type::ECHO`].
    #[doc(alias = "ICMP_ECHOREPLY")]
    pub const ECHO_REPLY: Self = Self(0);
    /// A packet could not be delivered; the code says why (`ICMP_DEST_UNREACH`).
    #[doc(alias = "ICMP_DEST_UNREACH")]
    pub const DESTINATION_UNREACHABLE: Self = Self(3);
    /// There is a better router for the destination.
    #[doc(alias = "ICMP_REDIRECT")]
    pub const REDIRECT: Self = Self(5);
    /// A request for [`Type::ECHO_REPLY`].
    #[doc(alias = "ICMP_ECHO")]
    pub const ECHO: Self = Self(8);
    /// A router is here (RFC 1256).
    pub const ROUTER_ADVERTISEMENT: Self = Self(9);
    /// Are there routers? (RFC 1256).
    pub const ROUTER_SOLICITATION: Self = Self(10);
    /// TTL or time for reassembly ran out.
    #[doc(alias = "ICMP_TIME_EXCEEDED")]
    pub const TIME_EXCEEDED: Self = Self(11);
    /// A packet's header was wrong (`ICMP_PARAMETERPROB`).
    #[doc(alias = "ICMP_PARAMETERPROB")]
    pub const PARAMETER_PROBLEM: Self = Self(12);
    /// What time is it?
    #[doc(alias = "ICMP_TIMESTAMP")]
    pub const TIMESTAMP: Self = Self(13);
    /// The answer to [`Type::TIMESTAMP`].
    #[doc(alias = "ICMP_TIMESTAMPREPLY")]
    pub const TIMESTAMP_REPLY: Self = Self(14);

    /// Whether it reports on a packet, whose start is the payload (RFC 1122 section 3.2.2)
    /// (`icmp_is_err()`).
    #[doc(alias = "icmp_is_err")]
    #[inline]
    pub const fn is_error(self) -> bool {
        // Type 4 is source quench, which nobody sends any more (RFC 6633).
        matches!(self.0, 3 | 4 | 5 | 11 | 12)
    }
}

/// Codes of [`Type::DESTINATION_UNREACHABLE`]. Registry: IANA "ICMP Type Numbers", type 3.
pub mod unreachable {
    /// No route to the network (`ICMP_NET_UNREACH`).
    #[doc(alias = "ICMP_NET_UNREACH")]
    pub const NETWORK: u8 = 0;
    /// No answer from the host (`ICMP_HOST_UNREACH`).
    #[doc(alias = "ICMP_HOST_UNREACH")]
    pub const HOST: u8 = 1;
    /// The host does not have the protocol (`ICMP_PROT_UNREACH`).
    #[doc(alias = "ICMP_PROT_UNREACH")]
    pub const PROTOCOL: u8 = 2;
    /// Nobody listens at the port (`ICMP_PORT_UNREACH`).
    #[doc(alias = "ICMP_PORT_UNREACH")]
    pub const PORT: u8 = 3;
    /// The packet is too long for the next link, and must not be fragmented (`ICMP_FRAG_NEEDED`).
    #[doc(alias = "ICMP_FRAG_NEEDED")]
    pub const FRAGMENTATION_NEEDED: u8 = 4;
    /// A filter forbids it (RFC 1812 section 5.2.7.1) (`ICMP_PKT_FILTERED`).
    #[doc(alias = "ICMP_PKT_FILTERED")]
    pub const ADMINISTRATIVELY_PROHIBITED: u8 = 13;
}

/// The header of an ICMP message.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{icmp::{self, Type}, Header as _};
///
/// /// An echo request with four octets of data.
/// fn echo(identifier: u16, sequence: u16) -> Result<[u8; 12], wire::Error> {
///     let mut message = *b"........data";
///     let mut header = icmp::Header::new(Type::ECHO, 0);
///     header.set_echo(identifier, sequence);
///     header.emit(&mut message)?;
///     icmp::fill_checksum(&mut message)?;
///     Ok(message)
/// }
///
/// assert_eq!(icmp::verify_checksum(&echo(1, 7)?), Ok(()));
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct icmphdr")]
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

header!(Header, Icmp, 8);

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

    /// What the message is about (`type()`).
    #[doc(alias = "type")]
    #[inline]
    pub const fn kind(&self) -> Type {
        Type(self.r#type)
    }

    /// What exactly; depends on the type.
    #[inline]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// The checksum.
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// Which sender of echoes or timestamps it belongs to (`id()`).
    #[doc(alias = "id")]
    #[inline]
    pub const fn identifier(&self) -> u16 {
        self.first.get()
    }

    /// Which echo or timestamp it is.
    #[inline]
    pub const fn sequence(&self) -> u16 {
        self.second.get()
    }

    /// With "fragmentation needed", the next link's MTU in octets; zero of an old router.
    #[inline]
    pub const fn mtu(&self) -> u16 {
        self.second.get()
    }

    /// With a redirect, the better router.
    #[inline]
    pub const fn gateway(&self) -> Ipv4Addr {
        let [a, b] = self.first.get().to_be_bytes();
        let [c, d] = self.second.get().to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
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

    /// Sets the identifier and sequence number of an echo or timestamp.
    #[inline]
    pub fn set_echo(&mut self, identifier: u16, sequence: u16) {
        self.first.set(identifier);
        self.second.set(sequence);
    }

    /// Sets the next link's MTU, in octets.
    #[inline]
    pub fn set_mtu(&mut self, mtu: u16) {
        self.second.set(mtu);
    }

    /// Sets the better router of a redirect.
    #[inline]
    pub fn set_gateway(&mut self, gateway: Ipv4Addr) {
        let [a, b, c, d] = gateway.octets();
        self.first.set(u16::from_be_bytes([a, b]));
        self.second.set(u16::from_be_bytes([c, d]));
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
pub fn verify_checksum(bytes: &[u8]) -> Result<(), Error> {
    Header::view(bytes)?;
    // RFC 792, "Checksum": over the message, without pseudo header.
    checksum::verify(Sum::new(), bytes, Layer::Icmp)
}

/// Computes and sets the checksum of a message, which is all of `bytes` and begins with its header.
///
/// # Errors
///
/// [`Error::Truncated`].
pub fn fill_checksum(bytes: &mut [u8]) -> Result<(), Error> {
    let (header, rest) = Header::view_mut(bytes)?;
    header.set_checksum(0);
    let sum = Sum::new()
        .bytes(zerocopy::IntoBytes::as_bytes(header))
        .bytes(rest);
    header.set_checksum(sum.checksum());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            ipv4,
            testing::{
                boundary,
                round_trip, //
            },
            udp, //
        },
        *, //
    };

    fn captured(frame: &[u8]) -> &[u8] {
        ipv4::parse(&frame[14..]).unwrap().2
    }

    #[test]
    fn deconstruct() {
        let (header, payload) = parse(captured(&captures::PING)).unwrap();
        assert_eq!((header.kind(), header.code()), (Type::ECHO, 0));
        assert_eq!(header.checksum(), 0xcd5d);
        assert_eq!((header.identifier(), header.sequence()), (0x63eb, 1));
        assert_eq!(payload.len(), 16);
        assert!(!header.kind().is_error());
    }

    #[test]
    fn error_holds_the_packet() {
        let (header, payload) = parse(captured(&captures::PORT_UNREACHABLE)).unwrap();
        assert_eq!(header.kind(), Type::DESTINATION_UNREACHABLE);
        assert_eq!(header.code(), unreachable::PORT);
        assert!(header.kind().is_error());
        let (packet, _, datagram) = ipv4::parse(payload).unwrap();
        assert_eq!(packet.source(), Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(udp::parse(datagram).unwrap().1, b"wire");
    }

    #[test]
    fn construct() {
        let captured = captured(&captures::PING);
        let mut bytes = [0xa5; 24];
        let mut header = Header::new(Type::ECHO_REPLY, 1);
        header.set_kind(Type::ECHO, 0);
        header.set_echo(0x63eb, 1);
        let rest = header.emit(&mut bytes).unwrap();
        rest.copy_from_slice(&captured[8..]);
        fill_checksum(&mut bytes).unwrap();
        assert_eq!(bytes, captured);
    }

    #[test]
    fn last_four_octets() {
        let mut header = Header::new(Type::DESTINATION_UNREACHABLE, 4);
        header.set_mtu(1400);
        let mut bytes = [0xa5; 8];
        header.emit(&mut bytes).unwrap();
        assert_eq!(bytes, [3, 4, 0, 0, 0, 0, 0x05, 0x78]);
        assert_eq!(header.mtu(), 1400);
        header.set_gateway(Ipv4Addr::new(192, 0, 2, 254));
        assert_eq!(header.gateway(), Ipv4Addr::new(192, 0, 2, 254));
    }

    #[test]
    fn lengths() {
        boundary(&captured(&captures::PING)[..8], |bytes| {
            parse(bytes).map(|_| ())
        });
        boundary(&captured(&captures::PING)[..8], |bytes| {
            fill_checksum(&mut bytes.to_vec())
        });
        let error = Err(Error::truncated(Layer::Icmp, 8, 7));
        assert_eq!(verify_checksum(&captured(&captures::PING)[..7]), error);
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = Header::new(header.kind(), header.code());
            copy.set_checksum(header.checksum());
            copy.set_echo(header.identifier(), header.sequence());
            copy
        });
    }

    #[test]
    fn checksum_of_any_change() {
        for frame in [&captures::PING[..], &captures::PORT_UNREACHABLE] {
            let message = captured(frame);
            assert_eq!(verify_checksum(message), Ok(()));
            for bit in 0..message.len() * 8 {
                let mut bytes = message.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let bad = Err(Error::BadChecksum { layer: Layer::Icmp });
                assert_eq!(verify_checksum(&bytes), bad, "bit {bit}");
            }
        }
    }

    #[test]
    fn updated_identifier() {
        let message = captured(&captures::PING);
        for identifier in 0..=u16::MAX {
            let mut bytes = message.to_vec();
            let (header, _) = Header::view_mut(&mut bytes).unwrap();
            let old = header.identifier();
            header.set_echo(identifier, header.sequence());
            header.update_checksum(old, identifier);
            assert_eq!(verify_checksum(&bytes), Ok(()), "{identifier}");
        }
    }
}
