// SPDX-License-Identifier: GPL-2.0

//! Translation of packets between IPv4 and IPv6, without state.
//!
//! Specification: RFC 7915 (headers, ICMP), RFC 6052 (addresses by prefix), RFC 7757 (explicit
//! mappings), RFC 6791 (senders without an address), RFC 4884 (ICMP extensions).
//!
//! # What is exchanged
//!
//! The front of a packet is: its IP header, with extension headers, and the first octets of an ICMP
//! header. What is behind stays where it is, however long, but for the checksum of TCP or UDP.
//! [`Translator::v4_to_v6`] and [`Translator::v6_to_v4`] look at the front and return an [`Exchange`].
//! An ICMP error is written anew, with the packet that it quotes, of which a part is left:
//! [`Translator::error_v4_to_v6`], [`Translator::error_v6_to_v4`].
//!
//! ```
//! # use kernet_wire as wire;
//! use wire::{
//!     xlat::{Mapping, Packet, Prefix, Settings, Step, Table, Translator},
//!     Error,
//! };
//!
//! /// An IPv4 packet as IPv6 by the well-known prefix, if it is no ICMP error and needs no fragments.
//! fn translate(packet: &[u8]) -> Option<Vec<u8>> {
//!     let none: &[Mapping] = &[];
//!     let table = Table::new(none, [0_u32; 2].to_vec(), vec![0; 2], 0).ok()?;
//!     let settings = Settings {
//!         prefix: Some(Prefix::WELL_KNOWN),
//!         ..Settings::default()
//!     };
//!     let translator = Translator::new(&table, &settings);
//!     match translator.v4_to_v6(packet, &Packet::new(packet.len())).ok()? {
//!         Step::Exchange(exchange) => {
//!             let mut translated = vec![0; exchange.len()];
//!             exchange.apply(packet, &mut translated)?;
//!             Some(translated)
//!         }
//!         Step::IcmpError => None,
//!     }
//! }
//!
//! // No prefix stands for a source of 127.0.0.1.
//! let mut packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0, 127, 0, 0, 1, 8, 8, 8, 8];
//! assert_eq!(translate(&packet), None);
//! packet[12..16].copy_from_slice(&[9, 9, 9, 9]);
//! packet[10..12].copy_from_slice(&[0x58, 0x8e]);
//! assert_eq!(translate(&packet).map(|packet| packet.len()), Some(40));
//! ```
//!
//! # Hop limits
//!
//! They are copied. A translator is between two routers, or in one that has taken its step from the hop
//! limit, so that a packet that goes round ends.
//!
//! # Not supported
//!
//! Fragments of ICMP, which RFC 7915 section 1.2 leaves out: whoever can reassembles them before.
//! Multicast. Checksums of DCCP and UDP-Lite, which RFC 7915 sections 4.5 and 5.5 leave to choice: their
//! packets pass with the checksum that they have, as those of all other protocols. Jumbograms.

mod address;
mod error;
mod exchange;
mod fragments;
mod icmp;
mod mapping;
mod mtu;
mod prefix;
mod refused;
mod v4;
mod v6;

#[cfg(test)]
mod tests;

use core::ops::Deref;

pub use self::{
    exchange::{
        Exchange,
        Packet,
        Step, //
    },
    fragments::{
        Fragment,
        Fragments, //
    },
    mapping::{
        BadMapping,
        BadTable,
        Mapping,
        Table, //
    },
    prefix::{
        BadPrefix,
        Prefix,
        Sources4,
        Sources6, //
    },
    refused::{
        Answer,
        Refused, //
    },
};

/// The least MTU of a link of IPv6, in octets (RFC 8200 section 5) (`IPV6_MIN_MTU`).
#[doc(alias = "IPV6_MIN_MTU")]
pub const MIN_MTU6: u32 = 1280;

/// The longest IPv4 packet that no link of IPv6 refuses when it is translated, in octets.
const MIN_MTU4: u32 = 1260;

/// The most octets that an ICMPv6 error is translated to (RFC 4443 section 2.4(c)).
pub const ERROR6_LEN: usize = 1280;

/// The most octets that an ICMP error is translated to (RFC 1812 section 4.3.2.3).
pub const ERROR4_LEN: usize = 576;

/// What becomes of UDP in IPv4 without a checksum, which there must be in IPv6 (RFC 7915 section 4.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroChecksum {
    /// It is refused.
    #[default]
    Refuse,
    /// A checksum is computed, but for fragments, which are refused.
    Compute,
}

/// What an operator chooses of a translator, but for its mappings.
///
/// # Examples
///
/// That of the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What stands for IPv4 addresses that no mapping has.
    pub prefix: Option<Prefix>,
    /// Whether the well-known prefix may stand for private addresses, too, against RFC 6052 section
    /// 3.1.
    pub private: bool,
    /// The longest IPv6 packet that one without "don't fragment" is translated to before it is
    /// fragmented, in octets (RFC 7915 section 4.1); at least [`MIN_MTU6`].
    pub lowest_ipv6_mtu: u32,
    /// The MTU of the next hop of IPv4 packets, in octets, if there is another limit than of the link.
    pub mtu4: Option<u32>,
    /// The same of IPv6 packets.
    pub mtu6: Option<u32>,
    /// What becomes of UDP without a checksum.
    pub zero_checksum: ZeroChecksum,
    /// The senders of ICMP errors that come from an IPv6 router without an address in IPv4. If there are
    /// none, such an error comes from where the packet that it quotes was to go.
    pub sources4: Option<Sources4>,
    /// The senders of ICMPv6 errors that come from an IPv4 router without an address in IPv6, likewise.
    pub sources6: Option<Sources6>,
    /// Whether two hosts that have mappings reach each other by their IPv4 addresses (RFC 7757 section
    /// 4).
    pub hairpinning: bool,
    /// Whether DSCP and ECN are copied; zero otherwise (RFC 7915 sections 4.1 and 5.1).
    pub copy_class: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: None,
            private: false,
            lowest_ipv6_mtu: MIN_MTU6,
            mtu4: None,
            mtu6: None,
            zero_checksum: ZeroChecksum::Refuse,
            sources4: None,
            sources6: None,
            hairpinning: true,
            copy_class: true,
        }
    }
}

/// Translates packets by a table of mappings and by settings.
///
/// # Examples
///
/// That of the [module](self).
#[derive(Debug)]
pub struct Translator<'a, E, I> {
    table: &'a Table<E, I>,
    settings: &'a Settings,
}

impl<'a, E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Translator<'a, E, I> {
    /// A translator that borrows what it translates by.
    #[inline]
    pub const fn new(table: &'a Table<E, I>, settings: &'a Settings) -> Self {
        Self { table, settings }
    }
}
