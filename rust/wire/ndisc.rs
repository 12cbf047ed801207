// SPDX-License-Identifier: GPL-2.0

//! Neighbour discovery: the messages of ICMPv6 that resolve addresses.
//!
//! Specification: RFC 4861, RFC 2464 section 6 (options on Ethernet). Router messages and redirects
//! can be told by their [`Type`], and their options be gone over, but have no view of their own.

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
    ethernet::Address,
    icmpv6::Type,
    options::Item,
    Error,
    Layer, //
};

const ROUTER: u32 = 0x8000_0000;
const SOLICITED: u32 = 0x4000_0000;
const OVERRIDE: u32 = 0x2000_0000;

/// A neighbour solicitation or advertisement, without options.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv6Addr;
/// use wire::{checksum::Pseudo, ethernet::Address, icmpv6, ndisc, Header as _};
///
/// /// Who has `target`? Says who asks, too.
/// fn solicit(pseudo: Pseudo, target: Ipv6Addr, own: Address) -> Result<[u8; 32], wire::Error> {
///     let mut message = [0; 32];
///     let options = ndisc::Neighbour::solicitation(target).emit(&mut message)?;
///     ndisc::LinkAddress::new(ndisc::OPTION_SOURCE_LINK_ADDRESS, own).emit(options)?;
///     icmpv6::fill_checksum(pseudo, &mut message)?;
///     Ok(message)
/// }
///
/// let pseudo = Pseudo::v6(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
/// let message = solicit(pseudo, Ipv6Addr::LOCALHOST, Address::new([2, 0, 0, 0, 0, 1]))?;
/// let (neighbour, _) = ndisc::Neighbour::view(&message)?;
/// assert_eq!((neighbour.target(), neighbour.check()), (Ipv6Addr::LOCALHOST, Ok(())));
/// # Ok::<(), wire::Error>(())
/// ```
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

    /// Whether it is to replace what the receiver knows; of an advertisement (`override`).
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

/// The kind of option that has the sender's link address (RFC 4861 section 4.6.1)
/// (`ND_OPT_SOURCE_LL_ADDR`).
#[doc(alias = "ND_OPT_SOURCE_LL_ADDR")]
pub const OPTION_SOURCE_LINK_ADDRESS: u8 = 1;

/// The kind of option that has the target's link address (RFC 4861 section 4.6.1)
/// (`ND_OPT_TARGET_LL_ADDR`).
#[doc(alias = "ND_OPT_TARGET_LL_ADDR")]
pub const OPTION_TARGET_LINK_ADDRESS: u8 = 2;

/// An option with an Ethernet address (RFC 2464 section 6).
///
/// # Examples
///
/// That of [`Neighbour`], and of [`Options`].
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
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ethernet::Address, ndisc::{LinkAddress, Options, OPTION_TARGET_LINK_ADDRESS}, Header as _};
///
/// /// Whether the options of an advertisement have the sender's Ethernet address.
/// fn has_address(options: &[u8]) -> Result<bool, wire::Error> {
///     for option in Options::new(options) {
///         let option = option?;
///         if option.kind == OPTION_TARGET_LINK_ADDRESS && option.data.len() == 6 {
///             return Ok(true);
///         }
///     }
///     Ok(false)
/// }
///
/// let mut options = [0; 8];
/// LinkAddress::new(OPTION_TARGET_LINK_ADDRESS, Address::BROADCAST).emit(&mut options)?;
/// assert_eq!(has_address(&options), Ok(true));
/// # Ok::<(), wire::Error>(())
/// ```
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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            icmpv6,
            ipv6,
            testing::{
                boundary,
                round_trip, //
            }, //
            Header as _,
        },
        *, //
    };
    use std::vec::Vec;

    const TARGET: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
    const A: Address = Address::new([0x02, 0x00, 0x5e, 0x00, 0x53, 0x01]);
    const B: Address = Address::new([0x02, 0x00, 0x5e, 0x00, 0x53, 0x02]);

    #[test]
    fn deconstruct() {
        let (_, bytes) = ipv6::parse(&captures::NEIGHBOUR_SOLICITATION[14..]).unwrap();
        let (message, options) = Neighbour::view(bytes).unwrap();
        assert_eq!(message.kind(), Type::NEIGHBOUR_SOLICITATION);
        assert_eq!(message.target(), TARGET);
        assert_eq!(message.check(), Ok(()));
        let (link, rest) = LinkAddress::view(options).unwrap();
        assert_eq!(link.kind(), OPTION_SOURCE_LINK_ADDRESS);
        assert_eq!(link.address(), A);
        assert!(rest.is_empty());
        let option = Item {
            kind: OPTION_SOURCE_LINK_ADDRESS,
            data: &A.octets(),
        };
        assert_eq!(Options::new(options).collect::<Vec<_>>(), [Ok(option)]);

        let (_, bytes) = ipv6::parse(&captures::NEIGHBOUR_ADVERTISEMENT[14..]).unwrap();
        let (message, _) = Neighbour::view(bytes).unwrap();
        assert!(!message.router() && message.solicited() && message.overrides());
    }

    #[test]
    fn construct() {
        let solicitation = Neighbour::solicitation(TARGET);
        let advertisement = Neighbour::advertisement(TARGET, false, true, true);
        for (message, kind, address, frame) in [
            (
                solicitation,
                OPTION_SOURCE_LINK_ADDRESS,
                A,
                &captures::NEIGHBOUR_SOLICITATION,
            ),
            (
                advertisement,
                OPTION_TARGET_LINK_ADDRESS,
                B,
                &captures::NEIGHBOUR_ADVERTISEMENT,
            ),
        ] {
            let (header, captured) = ipv6::parse(&frame[14..]).unwrap();
            let mut bytes = [0xa5; 32];
            let rest = message.emit(&mut bytes).unwrap();
            assert!(LinkAddress::new(kind, address)
                .emit(rest)
                .unwrap()
                .is_empty());
            icmpv6::fill_checksum(header.pseudo(), &mut bytes).unwrap();
            assert_eq!(bytes, captured);
        }
    }

    #[test]
    fn flags() {
        for bits in 0..8 {
            let flags = (bits & 4 != 0, bits & 2 != 0, bits & 1 != 0);
            let message = Neighbour::advertisement(TARGET, flags.0, flags.1, flags.2);
            let mut bytes = [0xa5; 24];
            message.emit(&mut bytes).unwrap();
            assert_eq!(bytes[4], bits << 5);
            let read = (message.router(), message.solicited(), message.overrides());
            assert_eq!(read, flags);
        }
    }

    #[test]
    fn checks() {
        let check = |r#type, code, target: Ipv6Addr| {
            let message = Neighbour {
                r#type,
                code,
                ..Neighbour::solicitation(target)
            };
            message.check()
        };
        let bad = |value| {
            Err(Error::BadReserved {
                layer: Layer::Icmpv6,
                value,
            })
        };
        assert_eq!(check(135, 0, TARGET), Ok(()));
        assert_eq!(check(136, 0, TARGET), Ok(()));
        assert_eq!(check(136, 1, TARGET), bad(0x8801));
        assert_eq!(check(134, 0, TARGET), bad(0x8600));
        let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
        assert_eq!(check(135, 0, group), bad(0xff02));
    }

    #[test]
    fn option_lengths() {
        let bad = |kind| {
            Err(Error::BadOption {
                layer: Layer::Icmpv6,
                kind,
            })
        };
        let all = |bytes| Options::new(bytes).collect::<Vec<_>>();
        assert_eq!(all(&[]), []);
        assert_eq!(all(&[1]), [bad(1)]);
        assert_eq!(all(&[1, 0, 0, 0, 0, 0, 0, 0]), [bad(1)]);
        assert_eq!(all(&[1, 1, 0, 0, 0, 0, 0]), [bad(1)]);
        let first = Ok(Item {
            kind: 1,
            data: &[0; 6],
        });
        assert_eq!(all(&[1, 1, 0, 0, 0, 0, 0, 0, 2, 255]), [first, bad(2)]);
    }

    #[test]
    fn lengths() {
        let (_, bytes) = ipv6::parse(&captures::NEIGHBOUR_SOLICITATION[14..]).unwrap();
        boundary(&bytes[..24], |bytes| Neighbour::view(bytes).map(|_| ()));
        boundary(&bytes[24..], |bytes| LinkAddress::view(bytes).map(|_| ()));
    }

    #[test]
    fn round_trip_of_link_address() {
        round_trip::<LinkAddress>(|option| LinkAddress {
            len: option.len,
            ..LinkAddress::new(option.kind(), option.address())
        });
    }
}
