// SPDX-License-Identifier: GPL-2.0

//! ICMPv6, with the messages of neighbour discovery that resolve addresses.
//!
//! Specification: RFC 4443, RFC 4861. Of neighbour discovery, router messages and redirects can be
//! told by their type, but have no view of their own.

use core::{
    iter::FusedIterator,
    net::Ipv6Addr, //
};

use zerocopy::network_endian::{
    U16,
    U32, //
};
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
    ethernet::Address,
    ip::Protocol,
    options::Item,
    Error,
    Header as _,
    Layer, //
};

/// What a message is about. Registry: IANA "ICMPv6 Parameters".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type(pub u8);

impl Type {
    /// A packet could not be delivered; the code says why.
    #[doc(alias = "ICMPV6_DEST_UNREACH")]
    pub const DESTINATION_UNREACHABLE: Self = Self(1);
    /// The packet is too long for the next link.
    #[doc(alias = "ICMPV6_PKT_TOOBIG")]
    pub const PACKET_TOO_BIG: Self = Self(2);
    /// Hop limit or time for reassembly ran out.
    #[doc(alias = "ICMPV6_TIME_EXCEED")]
    pub const TIME_EXCEEDED: Self = Self(3);
    /// A packet's header was wrong.
    #[doc(alias = "ICMPV6_PARAMPROB")]
    pub const PARAMETER_PROBLEM: Self = Self(4);
    /// A request for [`Type::ECHO_REPLY`].
    #[doc(alias = "ICMPV6_ECHO_REQUEST")]
    pub const ECHO_REQUEST: Self = Self(128);
    /// The answer to [`Type::ECHO_REQUEST`].
    #[doc(alias = "ICMPV6_ECHO_REPLY")]
    pub const ECHO_REPLY: Self = Self(129);
    /// Who listens to which groups? (RFC 2710, RFC 3810).
    #[doc(alias = "ICMPV6_MGM_QUERY")]
    pub const LISTENER_QUERY: Self = Self(130);
    /// The sender listens (RFC 2710).
    #[doc(alias = "ICMPV6_MGM_REPORT")]
    pub const LISTENER_REPORT: Self = Self(131);
    /// The sender listens no more (RFC 2710).
    #[doc(alias = "ICMPV6_MGM_REDUCTION")]
    pub const LISTENER_DONE: Self = Self(132);
    /// Are there routers? (RFC 4861 section 4.1).
    #[doc(alias = "NDISC_ROUTER_SOLICITATION")]
    pub const ROUTER_SOLICITATION: Self = Self(133);
    /// A router is here (RFC 4861 section 4.2).
    #[doc(alias = "NDISC_ROUTER_ADVERTISEMENT")]
    pub const ROUTER_ADVERTISEMENT: Self = Self(134);
    /// Who has the address? A [`Neighbour`] (RFC 4861 section 4.3).
    #[doc(alias = "NDISC_NEIGHBOUR_SOLICITATION")]
    pub const NEIGHBOUR_SOLICITATION: Self = Self(135);
    /// The sender has the address. A [`Neighbour`] (RFC 4861 section 4.4).
    #[doc(alias = "NDISC_NEIGHBOUR_ADVERTISEMENT")]
    pub const NEIGHBOUR_ADVERTISEMENT: Self = Self(136);
    /// There is a better first hop (RFC 4861 section 4.5).
    #[doc(alias = "NDISC_REDIRECT")]
    pub const REDIRECT: Self = Self(137);
    /// The sender listens (RFC 3810).
    #[doc(alias = "ICMPV6_MLD2_REPORT")]
    pub const LISTENER_REPORT_V2: Self = Self(143);

    /// Whether it reports on a packet, whose start is the payload (RFC 4443 section 2.1).
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
    /// A filter forbids it.
    #[doc(alias = "ICMPV6_ADM_PROHIBITED")]
    pub const ADMINISTRATIVELY_PROHIBITED: u8 = 1;
    /// No answer from the host.
    #[doc(alias = "ICMPV6_ADDR_UNREACH")]
    pub const ADDRESS: u8 = 3;
    /// Nobody listens at the port.
    #[doc(alias = "ICMPV6_PORT_UNREACH")]
    pub const PORT: u8 = 4;
}

/// The header of an ICMPv6 message.
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

    /// What the message is about.
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

    /// The checksum.
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
    /// [`Type::PARAMETER_PROBLEM`] the place of the fault in the packet.
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

const ROUTER: u32 = 0x8000_0000;
const SOLICITED: u32 = 0x4000_0000;
const OVERRIDE: u32 = 0x2000_0000;

/// A neighbour solicitation or advertisement, without options.
#[doc(alias = "struct nd_msg")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Neighbour {
    r#type: u8,
    code: u8,
    checksum: U16,
    flags: U32,
    target: [u8; 16],
}

header!(Neighbour, Icmpv6, 24);

impl Neighbour {
    /// A solicitation: who has `target`? Without checksum.
    #[inline]
    pub const fn solicitation(target: Ipv6Addr) -> Self {
        Self {
            r#type: Type::NEIGHBOUR_SOLICITATION.0,
            code: 0,
            checksum: U16::ZERO,
            flags: U32::ZERO,
            target: target.octets(),
        }
    }

    /// An advertisement: the sender has `target`. Without checksum.
    #[inline]
    pub const fn advertisement(
        target: Ipv6Addr,
        router: bool,
        solicited: bool,
        r#override: bool,
    ) -> Self {
        let router = if router { ROUTER } else { 0 };
        let solicited = if solicited { SOLICITED } else { 0 };
        let r#override = if r#override { OVERRIDE } else { 0 };
        Self {
            r#type: Type::NEIGHBOUR_ADVERTISEMENT.0,
            code: 0,
            checksum: U16::ZERO,
            flags: U32::new(router | solicited | r#override),
            target: target.octets(),
        }
    }

    /// Solicitation or advertisement.
    #[inline]
    pub const fn kind(&self) -> Type {
        Type(self.r#type)
    }

    /// Whether the sender is a router; of an advertisement.
    #[inline]
    pub const fn router(&self) -> bool {
        self.flags.get() & ROUTER != 0
    }

    /// Whether it answers a solicitation; of an advertisement.
    #[inline]
    pub const fn solicited(&self) -> bool {
        self.flags.get() & SOLICITED != 0
    }

    /// Whether it is to replace what the receiver knows; of an advertisement.
    #[doc(alias = "override")]
    #[inline]
    pub const fn overrides(&self) -> bool {
        self.flags.get() & OVERRIDE != 0
    }

    /// The address that is asked for, or that the sender has.
    #[inline]
    pub const fn target(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(u128::from_be_bytes(self.target))
    }

    /// Checks what can be checked of the message alone; its hop limit must be 255 besides.
    ///
    /// # Errors
    ///
    /// [`Error::BadReserved`].
    #[inline]
    pub const fn check(&self) -> Result<(), Error> {
        let layer = Layer::Icmpv6;
        // RFC 4861 sections 7.1.1 and 7.1.2: the code is 0, the target no multicast address.
        let value = match (self.kind(), self.code) {
            (Type::NEIGHBOUR_SOLICITATION | Type::NEIGHBOUR_ADVERTISEMENT, 0) => {
                if !self.target().is_multicast() {
                    return Ok(());
                }
                let [a, b, ..] = self.target;
                u16::from_be_bytes([a, b])
            }
            (r#type, code) => u16::from_be_bytes([r#type.0, code]),
        };
        Err(Error::BadReserved { layer, value })
    }
}

/// The kind of option that has the sender's link address (RFC 4861 section 4.6.1).
#[doc(alias = "ND_OPT_SOURCE_LL_ADDR")]
pub const OPTION_SOURCE_LINK_ADDRESS: u8 = 1;

/// The kind of option that has the target's link address (RFC 4861 section 4.6.1).
#[doc(alias = "ND_OPT_TARGET_LL_ADDR")]
pub const OPTION_TARGET_LINK_ADDRESS: u8 = 2;

/// An option with an Ethernet address (RFC 2464 section 6).
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct LinkAddress {
    kind: u8,
    len: u8,
    address: Address,
}

header!(LinkAddress, Icmpv6, 8);

impl LinkAddress {
    /// The option of this kind with this address.
    #[inline]
    pub const fn new(kind: u8, address: Address) -> Self {
        Self {
            kind,
            len: 1,
            address,
        }
    }

    /// The option's kind.
    #[inline]
    pub const fn kind(&self) -> u8 {
        self.kind
    }

    /// The address.
    #[inline]
    pub const fn address(&self) -> Address {
        self.address
    }
}

/// The options of a neighbour discovery message.
///
/// Each is there in full, or is an [`Error::BadOption`], which is the last item.
#[derive(Clone, Debug)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// Goes over `bytes`, what follows the fixed part of a message; [`Neighbour`], say.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<Item<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, rest @ ..] = self.0 else {
            return None;
        };
        // RFC 4861 section 4.6: the length is of the whole option in units of 8 octets; zero makes
        // the packet to be discarded.
        let data = rest.split_first().and_then(|(len, rest)| {
            rest.split_at_checked(usize::from(*len).saturating_mul(8).checked_sub(2)?)
        });
        let Some((data, rest)) = data else {
            self.0 = &[];
            return Some(Err(Error::BadOption {
                layer: Layer::Icmpv6,
                kind: *kind,
            }));
        };
        self.0 = rest;
        Some(Ok(Item { kind: *kind, data }))
    }
}

impl FusedIterator for Options<'_> {}

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
