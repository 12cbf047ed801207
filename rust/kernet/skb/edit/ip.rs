// SPDX-License-Identifier: GPL-2.0

//! Edits of an IP header: hop limit, traffic class, addresses.

use core::net::IpAddr;

use super::{
    Edit,
    EditError,
    Place, //
};
use crate::wire::ip::{
    Ecn,
    Version, //
};

impl Edit<'_> {
    /// Sets the TTL or hop limit: how many more routers may forward the packet
    /// (`ip_decrease_ttl()`).
    ///
    /// # Errors
    ///
    /// [`EditError::Unsupported`].
    #[doc(alias = "ip_decrease_ttl")]
    #[inline]
    pub fn set_hop_limit(&mut self, limit: u8) -> Result<(), EditError> {
        match self.layout.version {
            Version::V4 => self.change_word::<8>(|word| word & 0xff | u16::from(limit) << 8),
            Version::V6 => self.change_word::<6>(|word| word & 0xff00 | u16::from(limit)),
        }
    }

    /// The TTL or hop limit.
    #[doc(alias = "iphdr::ttl")]
    #[doc(alias = "ipv6hdr::hop_limit")]
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        match self.layout.version {
            Version::V4 => (self.header_word::<8>() >> 8) as u8,
            Version::V6 => self.header_word::<6>() as u8,
        }
    }

    /// Takes one from the TTL or hop limit, as a router does (`ip_decrease_ttl()`). Returns whether
    /// the packet may be forwarded; if not it is unchanged, and ICMP "time exceeded" is due.
    ///
    /// # Errors
    ///
    /// As [`Self::set_hop_limit`].
    #[doc(alias = "ip_decrease_ttl")]
    #[inline]
    pub fn decrement_hop_limit(&mut self) -> Result<bool, EditError> {
        match self.hop_limit() {
            0 | 1 => Ok(false),
            limit => self.set_hop_limit(limit.saturating_sub(1)).map(|()| true),
        }
    }

    /// The octet of DSCP and ECN (`ipv4_get_dsfield()`).
    #[doc(alias = "ipv4_get_dsfield")]
    #[doc(alias = "ipv6_get_dsfield")]
    #[inline]
    pub fn traffic_class(&self) -> u8 {
        let word = self.header_word::<0>();
        match self.layout.version {
            Version::V4 => word as u8,
            Version::V6 => (word >> 4) as u8,
        }
    }

    /// Sets the octet of DSCP and ECN (`ipv4_change_dsfield()`).
    ///
    /// # Errors
    ///
    /// [`EditError::Unsupported`].
    #[doc(alias = "ipv4_change_dsfield")]
    #[doc(alias = "ipv6_change_dsfield")]
    #[inline]
    pub fn set_traffic_class(&mut self, class: u8) -> Result<(), EditError> {
        self.change_class(0, class)
    }

    /// Sets the octet of DSCP and ECN, but for the bits that are to stay.
    #[inline]
    fn change_class(&mut self, stays: u8, class: u8) -> Result<(), EditError> {
        match self.layout.version {
            Version::V4 => self
                .change_word::<0>(|word| word & !0xff | word & u16::from(stays) | u16::from(class)),
            Version::V6 => self.change_word::<0>(|word| {
                word & !0xff0 | word & u16::from(stays) << 4 | u16::from(class) << 4
            }),
        }
    }

    /// Sets the differentiated services code point, 0 to 63 (`ipv4_change_dsfield()`). ECN stays.
    ///
    /// # Errors
    ///
    /// [`EditError::OutOfRange`], and as [`Self::set_traffic_class`].
    #[doc(alias = "ipv4_change_dsfield")]
    #[doc(alias = "ipv6_change_dsfield")]
    #[inline]
    pub fn set_dscp(&mut self, dscp: u8) -> Result<(), EditError> {
        if dscp > 63 {
            return Err(EditError::OutOfRange);
        }
        self.change_class(3, dscp << 2)
    }

    /// Sets congestion notification (`IP_ECN_clear`). DSCP stays.
    ///
    /// # Errors
    ///
    /// As [`Self::set_traffic_class`].
    #[doc(alias = "IP_ECN_clear")]
    #[inline]
    pub fn set_ecn(&mut self, ecn: Ecn) -> Result<(), EditError> {
        self.change_class(!3, ecn.bits())
    }

    /// Marks the packet as having met congestion, if its transport takes part in that (`INET_ECN_set_ce`).
    /// Returns whether the packet has the mark now; one that has not is to be dropped instead (RFC 3168
    /// section 5).
    ///
    /// # Errors
    ///
    /// As [`Self::set_traffic_class`].
    #[doc(alias = "INET_ECN_set_ce")]
    #[inline]
    pub fn mark_congested(&mut self) -> Result<bool, EditError> {
        if self.traffic_class() & 3 == Ecn::NotCapable.bits() {
            return Ok(false);
        }
        self.set_ecn(Ecn::Congested).map(|()| true)
    }

    /// The sender's address (`iphdr::saddr`).
    #[doc(alias = "iphdr::saddr")]
    pub fn source(&self) -> Option<IpAddr> {
        self.ipv4()
            .map(|header| header.source().into())
            .or_else(|| self.ipv6().map(|header| header.source().into()))
    }

    /// The receiver's address (`iphdr::daddr`).
    #[doc(alias = "iphdr::daddr")]
    pub fn destination(&self) -> Option<IpAddr> {
        self.ipv4()
            .map(|header| header.destination().into())
            .or_else(|| self.ipv6().map(|header| header.destination().into()))
    }

    /// Sets the sender's address (`inet_proto_csum_replace4()`).
    ///
    /// Connections, sockets and routes that were found for the packet stay. The flow hash is removed.
    ///
    /// # Errors
    ///
    /// [`EditError::Absent`] if the address is of the other version of IP; [`EditError::TooShort`] if
    /// the transport's checksum is not in the packet, as in a first fragment that ends before it.
    #[doc(alias = "inet_proto_csum_replace4")]
    #[doc(alias = "inet_proto_csum_replace16")]
    #[inline]
    pub fn set_source(&mut self, address: IpAddr) -> Result<(), EditError> {
        self.set_address(address, Place::Source, true)
    }

    /// Sets the receiver's address (`inet_proto_csum_replace4()`).
    ///
    /// A packet that has its route is sent by it nevertheless: see
    /// [`netfilter::Packet::reroute`](crate::netfilter::Packet::reroute).
    ///
    /// # Errors
    ///
    /// As [`Self::set_source`].
    #[doc(alias = "inet_proto_csum_replace4")]
    #[doc(alias = "inet_proto_csum_replace16")]
    #[inline]
    pub fn set_destination(&mut self, address: IpAddr) -> Result<(), EditError> {
        if self.layout.source_routed {
            // The core takes the checksums of the parts for ones that cover it.
            self.one_packet()?;
        }
        self.set_address(address, Place::Destination, !self.layout.source_routed)
    }

    #[inline]
    fn set_address(
        &mut self,
        address: IpAddr,
        place: Place,
        is_pseudo: bool,
    ) -> Result<(), EditError> {
        let (v4, v6) = match place {
            Place::Source => (12, 8),
            Place::Destination => (16, 24),
        };
        match (address, self.layout.version) {
            (IpAddr::V4(address), Version::V4) => {
                let address = address.octets();
                // SAFETY: There the address is, in a header of this version.
                unsafe { self.replace_address(v4, address, is_pseudo) }
            }
            (IpAddr::V6(address), Version::V6) => {
                let address = address.octets();
                // SAFETY: As above.
                unsafe { self.replace_address(v6, address, is_pseudo) }
            }
            _ => Err(EditError::Absent),
        }
    }
}
