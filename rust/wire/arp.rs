// SPDX-License-Identifier: GPL-2.0

//! ARP for IPv4 over Ethernet.
//!
//! Specification: RFC 826, RFC 5227. Other pairs of address families are **not** supported: of
//! them only the fixed [`Header`] can be read.

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
    ethernet::{
        Address,
        EtherType, //
    },
    Error,
    Header as _,
    Layer, //
};

/// The hardware type of Ethernet (`ARPHRD_ETHER`). Registry: IANA "ARP Parameters".
#[doc(alias = "ARPHRD_ETHER")]
pub const HARDWARE_ETHERNET: u16 = 1;

/// What a packet asks or says, in host order. Registry: IANA "ARP Parameters".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation(pub u16);

impl Operation {
    /// Who has the target's protocol address?
    #[doc(alias = "ARPOP_REQUEST")]
    pub const REQUEST: Self = Self(1);
    /// The sender has it.
    #[doc(alias = "ARPOP_REPLY")]
    pub const REPLY: Self = Self(2);
}

/// The part that all of ARP has in common.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{arp, Header as _};
///
/// let header = arp::Header::new(arp::Operation::REPLY);
/// let mut packet = [0; arp::Packet::LEN];
/// header.emit(&mut packet)?;
/// assert_eq!(packet[..8], [0, 1, 8, 0, 6, 4, 0, 2]);
/// assert_eq!(header.check(), Ok(()));
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct arphdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    hardware_type: U16,
    protocol_type: U16,
    hardware_len: u8,
    protocol_len: u8,
    operation: U16,
}

header!(Header, Arp, 8);

impl Header {
    /// A header of IPv4 over Ethernet.
    #[inline]
    pub const fn new(operation: Operation) -> Self {
        Self {
            hardware_type: U16::new(HARDWARE_ETHERNET),
            protocol_type: U16::new(EtherType::IPV4.0),
            hardware_len: 6,
            protocol_len: 4,
            operation: U16::new(operation.0),
        }
    }

    /// The kind of link (`ar_hrd`).
    #[doc(alias = "ar_hrd")]
    #[inline]
    pub const fn hardware_type(&self) -> u16 {
        self.hardware_type.get()
    }

    /// The kind of network protocol (`ar_pro`).
    #[doc(alias = "ar_pro")]
    #[inline]
    pub const fn protocol_type(&self) -> EtherType {
        EtherType(self.protocol_type.get())
    }

    /// The length of a hardware address, in octets (`ar_hln`).
    #[doc(alias = "ar_hln")]
    #[inline]
    pub const fn hardware_len(&self) -> u8 {
        self.hardware_len
    }

    /// The length of a protocol address, in octets (`ar_pln`).
    #[doc(alias = "ar_pln")]
    #[inline]
    pub const fn protocol_len(&self) -> u8 {
        self.protocol_len
    }

    /// What the packet asks or says (`ar_op`).
    #[doc(alias = "ar_op")]
    #[inline]
    pub const fn operation(&self) -> Operation {
        Operation(self.operation.get())
    }

    /// Sets what the packet asks or says.
    #[inline]
    pub fn set_operation(&mut self, operation: Operation) {
        self.operation.set(operation.0);
    }

    /// Checks that the addresses are Ethernet's and IPv4's, as [`Packet`] has them.
    ///
    /// # Errors
    ///
    /// [`Error::BadAddressType`].
    #[inline]
    pub const fn check(&self) -> Result<(), Error> {
        // RFC 826, "Packet Reception": types first, then, optionally, lengths. Not optional here:
        // the places of the addresses depend on them.
        if self.hardware_type() != HARDWARE_ETHERNET
            || self.protocol_type().0 != EtherType::IPV4.0
            || self.hardware_len != 6
            || self.protocol_len != 4
        {
            return Err(Error::BadAddressType { layer: Layer::Arp });
        }
        Ok(())
    }
}

/// A whole packet, if its [`Header::check`] passes.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use std::net::Ipv4Addr;
/// use wire::{arp::{Operation, Packet}, ethernet::Address};
///
/// /// The answer to a packet that asks for `ours`.
/// fn answer(asked: &Packet, ours: Ipv4Addr, hardware: Address) -> Option<Packet> {
///     let is_ours = asked.operation() == Operation::REQUEST && asked.target_protocol() == ours;
///     is_ours.then(|| asked.reply(hardware))
/// }
///
/// let [ours, other] = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];
/// let [hardware, sender] = [Address::new([2, 0, 0, 0, 0, 1]), Address::new([2, 0, 0, 0, 0, 2])];
/// let answer = answer(&Packet::request(sender, other, ours), ours, hardware);
/// assert!(answer.is_some_and(|answer| answer.target_hardware() == sender));
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Packet {
    header: Header,
    sender_hardware: Address,
    sender_protocol: [u8; 4],
    target_hardware: Address,
    target_protocol: [u8; 4],
}

header!(Packet, Arp, 28);

impl Packet {
    /// A request: who has `target`?
    ///
    /// With an unspecified `sender_protocol` it is a probe (RFC 5227 section 1.1), with
    /// `sender_protocol` for `target` an announcement.
    #[inline]
    pub const fn request(
        sender_hardware: Address,
        sender_protocol: Ipv4Addr,
        target: Ipv4Addr,
    ) -> Self {
        Self {
            header: Header::new(Operation::REQUEST),
            sender_hardware,
            sender_protocol: sender_protocol.octets(),
            target_hardware: Address::ZERO,
            target_protocol: target.octets(),
        }
    }

    /// The reply to a request: `hardware` has the address that was asked for.
    ///
    /// RFC 826, "Packet Reception": the fields are swapped and the sender's filled in.
    #[inline]
    pub const fn reply(&self, hardware: Address) -> Self {
        Self {
            header: Header::new(Operation::REPLY),
            sender_hardware: hardware,
            sender_protocol: self.target_protocol,
            target_hardware: self.sender_hardware,
            target_protocol: self.sender_protocol,
        }
    }

    /// The part that all of ARP has in common.
    #[inline]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The part that all of ARP has in common, to be changed.
    #[inline]
    pub fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    /// What the packet asks or says.
    #[inline]
    pub const fn operation(&self) -> Operation {
        self.header.operation()
    }

    /// The sender's Ethernet address (`ar_sha`).
    #[doc(alias = "ar_sha")]
    #[inline]
    pub const fn sender_hardware(&self) -> Address {
        self.sender_hardware
    }

    /// The sender's IPv4 address (`ar_sip`).
    #[doc(alias = "ar_sip")]
    #[inline]
    pub const fn sender_protocol(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.sender_protocol;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The target's Ethernet address; in a request of no meaning (`ar_tha`).
    #[doc(alias = "ar_tha")]
    #[inline]
    pub const fn target_hardware(&self) -> Address {
        self.target_hardware
    }

    /// The target's IPv4 address (`ar_tip`).
    #[doc(alias = "ar_tip")]
    #[inline]
    pub const fn target_protocol(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.target_protocol;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Sets the sender's addresses.
    #[inline]
    pub fn set_sender(&mut self, hardware: Address, protocol: Ipv4Addr) {
        self.sender_hardware = hardware;
        self.sender_protocol = protocol.octets();
    }

    /// Sets the target's addresses.
    #[inline]
    pub fn set_target(&mut self, hardware: Address, protocol: Ipv4Addr) {
        self.target_hardware = hardware;
        self.target_protocol = protocol.octets();
    }

    /// Whether it tells the sender's address to all, unasked (RFC 5227 section 3).
    #[inline]
    pub fn is_gratuitous(&self) -> bool {
        self.sender_protocol == self.target_protocol
    }

    /// Whether it asks if the address is in use, of a sender that has none (RFC 5227 section 1.1).
    #[inline]
    pub fn is_probe(&self) -> bool {
        self.operation() == Operation::REQUEST && self.sender_protocol().is_unspecified()
    }
}

/// Views a packet; what follows is the frame's padding.
///
/// # Errors
///
/// [`Error::Truncated`], and those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<&Packet, Error> {
    let (header, _) = Header::view(bytes)?;
    header.check()?;
    let (packet, _) = Packet::view(bytes)?;
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured: who has 192.168.1.1, tell 192.168.1.100.
    const REQUEST: [u8; 28] = [
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x00, 0x0c, 0x29, 0x4a, 0x1b, 0xe2, 0xc0,
        0xa8, 0x01, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0xa8, 0x01, 0x01,
    ];
    const SENDER: Address = Address::new([0x00, 0x0c, 0x29, 0x4a, 0x1b, 0xe2]);
    const ROUTER: Address = Address::new([0x52, 0x54, 0x00, 0x12, 0x35, 0x02]);

    #[test]
    fn deconstruct() {
        let packet = parse(&REQUEST).unwrap();
        assert_eq!(packet.header().hardware_type(), HARDWARE_ETHERNET);
        assert_eq!(packet.header().protocol_type(), EtherType::IPV4);
        assert_eq!(packet.header().hardware_len(), 6);
        assert_eq!(packet.header().protocol_len(), 4);
        assert_eq!(packet.operation(), Operation::REQUEST);
        assert_eq!(packet.sender_hardware(), SENDER);
        assert_eq!(packet.sender_protocol(), Ipv4Addr::new(192, 168, 1, 100));
        assert!(packet.target_hardware().is_zero());
        assert_eq!(packet.target_protocol(), Ipv4Addr::new(192, 168, 1, 1));
        assert!(!packet.is_gratuitous() && !packet.is_probe());
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 30];
        let request = Packet::request(
            SENDER,
            Ipv4Addr::new(192, 168, 1, 100),
            Ipv4Addr::new(192, 168, 1, 1),
        );
        assert_eq!(request.emit(&mut bytes).unwrap(), [0xa5; 2]);
        assert_eq!(bytes[..28], REQUEST);

        let reply = request.reply(ROUTER);
        let mut expected = request;
        expected.header_mut().set_operation(Operation::REPLY);
        expected.set_sender(ROUTER, request.target_protocol());
        expected.set_target(SENDER, request.sender_protocol());
        assert_eq!(reply, expected);
        assert_eq!(reply.operation(), Operation::REPLY);
        assert_eq!(reply.target_hardware(), SENDER);
    }

    #[test]
    fn kinds() {
        let own = Ipv4Addr::new(10, 0, 0, 1);
        assert!(Packet::request(SENDER, own, own).is_gratuitous());
        assert!(Packet::request(SENDER, Ipv4Addr::UNSPECIFIED, own).is_probe());
    }

    #[test]
    fn lengths() {
        super::super::testing::boundary(&REQUEST, |bytes| parse(bytes).map(|_| ()));
    }

    #[test]
    fn round_trip() {
        super::super::testing::round_trip::<Packet>(|packet| {
            let mut copy = *packet;
            copy.set_sender(packet.sender_hardware(), packet.sender_protocol());
            copy.set_target(packet.target_hardware(), packet.target_protocol());
            copy.header_mut().set_operation(packet.operation());
            copy
        });
    }

    #[test]
    fn other_addresses() {
        // One changed octet of each of the four fields.
        for at in [1, 3, 4, 5] {
            let mut bytes = REQUEST;
            bytes[at] ^= 0x10;
            assert_eq!(
                parse(&bytes),
                Err(Error::BadAddressType { layer: Layer::Arp }),
                "octet {at}"
            );
        }
    }
}
