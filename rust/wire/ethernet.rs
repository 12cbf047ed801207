// SPDX-License-Identifier: GPL-2.0

//! Ethernet: addresses, protocol numbers and the frame's header.
//!
//! Specification: IEEE 802.3 clause 3, IEEE 802 clause 8. The frame check sequence is the
//! hardware's and is no part of a frame here.

use core::{
    fmt,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    }, //
};

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
    Header as _, //
};

/// The shortest frame that may be on a wire, in octets, without its check sequence (`ETH_ZLEN`).
#[doc(alias = "ETH_ZLEN")]
pub const MIN_FRAME_LEN: usize = 60;

/// A 48-bit MAC address.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv4Addr;
/// use wire::ethernet::Address;
///
/// /// Whether a station that has joined `group` takes a frame to `destination`.
/// fn takes(own: Address, group: Ipv4Addr, destination: Address) -> bool {
///     destination == own
///         || destination.is_broadcast()
///         || destination == Address::from_ipv4_multicast(group)
/// }
///
/// let own = Address::new([2, 0, 0, 0, 0, 1]);
/// assert!(own.is_valid_unicast() && own.is_locally_administered());
/// assert!(takes(own, Ipv4Addr::new(224, 0, 0, 251), Address::new([1, 0, 0x5e, 0, 0, 251])));
/// ```
#[doc(alias = "ETH_ALEN")]
#[repr(transparent)]
#[derive(
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
pub struct Address([u8; 6]);

impl Address {
    /// No address.
    pub const ZERO: Self = Self([0; 6]);

    /// Every station.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The address of these octets, in transmission order.
    #[inline]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The address's octets, in transmission order.
    #[inline]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether it is [`Address::ZERO`] (`is_zero_ether_addr()`).
    #[doc(alias = "is_zero_ether_addr")]
    #[inline]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Whether it names a group of stations; the broadcast address does
    /// (`is_multicast_ether_addr()`).
    #[doc(alias = "is_multicast_ether_addr")]
    #[inline]
    pub const fn is_multicast(self) -> bool {
        let [first, ..] = self.0;
        first & 0x01 != 0
    }

    /// Whether it is [`Address::BROADCAST`] (`is_broadcast_ether_addr()`).
    #[doc(alias = "is_broadcast_ether_addr")]
    #[inline]
    pub fn is_broadcast(self) -> bool {
        self == Self::BROADCAST
    }

    /// Whether it was given by an administrator or by software, not by a manufacturer
    /// (`is_local_ether_addr()`).
    #[doc(alias = "is_local_ether_addr")]
    #[inline]
    pub const fn is_locally_administered(self) -> bool {
        let [first, ..] = self.0;
        first & 0x02 != 0
    }

    /// Whether one station may have it: neither zero nor a group's (`is_valid_ether_addr()`).
    #[doc(alias = "is_valid_ether_addr")]
    #[inline]
    pub fn is_valid_unicast(self) -> bool {
        !self.is_multicast() && !self.is_zero()
    }

    /// Whether a bridge must not forward to it (IEEE 802.1Q table 8-1): `01-80-c2-00-00-0x`
    /// (`is_link_local_ether_addr()`).
    #[doc(alias = "is_link_local_ether_addr")]
    #[inline]
    pub const fn is_link_local(self) -> bool {
        matches!(self.0, [0x01, 0x80, 0xc2, 0x00, 0x00, last] if last & 0xf0 == 0)
    }

    /// The group address that carries an IPv4 multicast group (`ip_eth_mc_map()`).
    ///
    /// RFC 1112 section 6.4: the low 23 bits of the group behind `01-00-5e`.
    #[doc(alias = "ip_eth_mc_map")]
    #[inline]
    pub const fn from_ipv4_multicast(group: Ipv4Addr) -> Self {
        let [_, b, c, d] = group.octets();
        Self([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }

    /// The group address that carries an IPv6 multicast group (`ipv6_eth_mc_map()`).
    ///
    /// RFC 2464 section 7: the last four octets of the group behind `33-33`.
    #[doc(alias = "ipv6_eth_mc_map")]
    #[inline]
    pub const fn from_ipv6_multicast(group: Ipv6Addr) -> Self {
        let [.., a, b, c, d] = group.octets();
        Self([0x33, 0x33, a, b, c, d])
    }
}

impl From<[u8; 6]> for Address {
    #[inline]
    fn from(octets: [u8; 6]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What an Ethernet payload is: a protocol number, or a length below [`EtherType::MIN`].
///
/// In host order. Registry: IANA "IEEE 802 Numbers".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// The least protocol number; below it the field is the length of an IEEE 802.2 payload (IEEE
    /// 802.3 clause 3.2.6).
    #[doc(alias = "ETH_P_802_3_MIN")]
    pub const MIN: Self = Self(0x0600);
    /// IPv4 (`ETH_P_IP`).
    #[doc(alias = "ETH_P_IP")]
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    #[doc(alias = "ETH_P_ARP")]
    pub const ARP: Self = Self(0x0806);
    /// Ethernet within another protocol, as NVGRE and GRE carry it (`ETH_P_TEB`).
    #[doc(alias = "ETH_P_TEB")]
    pub const TRANSPARENT_ETHERNET: Self = Self(0x6558);
    /// A customer VLAN tag, IEEE 802.1Q (`ETH_P_8021Q`).
    #[doc(alias = "ETH_P_8021Q")]
    pub const VLAN: Self = Self(0x8100);
    /// IPv6.
    #[doc(alias = "ETH_P_IPV6")]
    pub const IPV6: Self = Self(0x86dd);
    /// IEEE 802.3 link aggregation and other slow protocols.
    #[doc(alias = "ETH_P_SLOW")]
    pub const SLOW: Self = Self(0x8809);
    /// MPLS, unicast (`ETH_P_MPLS_UC`).
    #[doc(alias = "ETH_P_MPLS_UC")]
    pub const MPLS: Self = Self(0x8847);
    /// PPPoE session (`ETH_P_PPP_SES`).
    #[doc(alias = "ETH_P_PPP_SES")]
    pub const PPPOE_SESSION: Self = Self(0x8864);
    /// A service VLAN tag, IEEE 802.1ad (`ETH_P_8021AD`).
    #[doc(alias = "ETH_P_8021AD")]
    pub const SERVICE_VLAN: Self = Self(0x88a8);
    /// LLDP.
    #[doc(alias = "ETH_P_LLDP")]
    pub const LLDP: Self = Self(0x88cc);
    /// The Ethernet Configuration Testing Protocol, [`ect`](super::ect).
    #[doc(alias = "ETH_P_LOOPBACK")]
    pub const LOOPBACK: Self = Self(0x9000);

    /// Whether the field is a payload's length, not a protocol number.
    #[inline]
    pub const fn is_length(self) -> bool {
        self.0 < Self::MIN.0
    }

    /// Whether a VLAN tag follows (`eth_type_vlan()`).
    #[doc(alias = "eth_type_vlan")]
    #[inline]
    pub const fn is_vlan(self) -> bool {
        matches!(self, Self::VLAN | Self::SERVICE_VLAN)
    }
}

impl fmt::Display for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// The header of an Ethernet frame.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ethernet::{self, Address, EtherType}, Header as _};
///
/// let station = Address::new([2, 0, 0, 0, 0, 1]);
/// let header = ethernet::Header::new(Address::BROADCAST, station, EtherType::ARP);
/// let mut frame = [0; ethernet::MIN_FRAME_LEN];
/// header.emit(&mut frame)?;
/// let (header, payload) = ethernet::parse(&frame)?;
/// assert_eq!((header.source(), payload.len()), (station, 46));
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct ethhdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    destination: Address,
    source: Address,
    ethertype: U16,
}

header!(Header, Ethernet, 14);

impl Header {
    /// A header of these fields.
    #[inline]
    pub const fn new(destination: Address, source: Address, ethertype: EtherType) -> Self {
        Self {
            destination,
            source,
            ethertype: U16::new(ethertype.0),
        }
    }

    /// The station or group the frame is for (`h_dest`).
    #[doc(alias = "h_dest")]
    #[inline]
    pub const fn destination(&self) -> Address {
        self.destination
    }

    /// The station that sent it.
    #[doc(alias = "h_source")]
    #[inline]
    pub const fn source(&self) -> Address {
        self.source
    }

    /// What the payload is (`h_proto`).
    #[doc(alias = "h_proto")]
    #[inline]
    pub const fn ethertype(&self) -> EtherType {
        EtherType(self.ethertype.get())
    }

    /// Sets the station or group the frame is for.
    #[inline]
    pub fn set_destination(&mut self, address: Address) {
        self.destination = address;
    }

    /// Sets the station that sent it.
    #[inline]
    pub fn set_source(&mut self, address: Address) {
        self.source = address;
    }

    /// Sets what the payload is.
    #[inline]
    pub fn set_ethertype(&mut self, ethertype: EtherType) {
        self.ethertype.set(ethertype.0);
    }
}

/// Views a frame; returns its header and payload, padding included.
///
/// # Errors
///
/// [`Error::Truncated`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    Header::view(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    /// The start of a captured ARP request.
    const FRAME: [u8; 16] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x0c, 0x29, 0x4a, 0x1b, 0xe2, 0x08, 0x06, 0x00,
        0x01,
    ];
    const SOURCE: Address = Address::new([0x00, 0x0c, 0x29, 0x4a, 0x1b, 0xe2]);

    #[test]
    fn deconstruct() {
        let (header, payload) = parse(&FRAME).unwrap();
        assert_eq!(header.destination(), Address::BROADCAST);
        assert_eq!(header.source(), SOURCE);
        assert_eq!(header.ethertype(), EtherType::ARP);
        assert_eq!(payload, [0x00, 0x01]);
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 16];
        let header = Header::new(Address::BROADCAST, SOURCE, EtherType::ARP);
        assert_eq!(header.emit(&mut bytes).unwrap(), [0xa5; 2]);
        assert_eq!(bytes[..14], FRAME[..14]);
    }

    #[test]
    fn setters() {
        let mut header = Header::new(Address::ZERO, Address::ZERO, EtherType(0));
        header.set_destination(Address::BROADCAST);
        header.set_source(SOURCE);
        header.set_ethertype(EtherType::ARP);
        assert_eq!(header, *parse(&FRAME).unwrap().0);
    }

    #[test]
    fn lengths() {
        super::super::testing::boundary(&FRAME[..14], |bytes| parse(bytes).map(|_| ()));
    }

    #[test]
    fn round_trip() {
        super::super::testing::round_trip::<Header>(|header| {
            Header::new(header.destination(), header.source(), header.ethertype())
        });
    }

    #[test]
    fn addresses() {
        struct Case {
            octets: [u8; 6],
            multicast: bool,
            local: bool,
            unicast: bool,
            link_local: bool,
            text: &'static str,
        }
        let case = |octets, multicast, local, unicast, link_local, text| Case {
            octets,
            multicast,
            local,
            unicast,
            link_local,
            text,
        };
        for c in [
            case([0; 6], false, false, false, false, "00:00:00:00:00:00"),
            case([0xff; 6], true, true, false, false, "ff:ff:ff:ff:ff:ff"),
            case(
                [2, 0, 0, 0, 0, 1],
                false,
                true,
                true,
                false,
                "02:00:00:00:00:01",
            ),
            case(
                SOURCE.octets(),
                false,
                false,
                true,
                false,
                "00:0c:29:4a:1b:e2",
            ),
            case(
                [1, 0x80, 0xc2, 0, 0, 0x0e],
                true,
                false,
                false,
                true,
                "01:80:c2:00:00:0e",
            ),
            case(
                [1, 0x80, 0xc2, 0, 0, 0x10],
                true,
                false,
                false,
                false,
                "01:80:c2:00:00:10",
            ),
        ] {
            let address = Address::from(c.octets);
            assert_eq!(address.is_multicast(), c.multicast, "{}", c.text);
            assert_eq!(address.is_locally_administered(), c.local, "{}", c.text);
            assert_eq!(address.is_valid_unicast(), c.unicast, "{}", c.text);
            assert_eq!(address.is_link_local(), c.link_local, "{}", c.text);
            assert_eq!(address.to_string(), c.text);
        }
        assert!(Address::BROADCAST.is_broadcast());
        assert!(!SOURCE.is_broadcast());
    }

    #[test]
    fn multicast_groups() {
        // RFC 1112 section 6.4: the high bit of the second octet is lost.
        let v4 = Address::from_ipv4_multicast(Ipv4Addr::new(224, 128, 0, 251));
        assert_eq!(v4.to_string(), "01:00:5e:00:00:fb");
        let v6 = Address::from_ipv6_multicast(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff4a, 0x1be2));
        assert_eq!(v6.to_string(), "33:33:ff:4a:1b:e2");
    }

    #[test]
    fn ethertypes() {
        assert!(EtherType(0x05ff).is_length());
        assert!(!EtherType(0x0600).is_length());
        assert!(EtherType::VLAN.is_vlan() && EtherType::SERVICE_VLAN.is_vlan());
        assert!(!EtherType::IPV4.is_vlan());
        assert_eq!(EtherType::IPV6.to_string(), "0x86dd");
    }
}
