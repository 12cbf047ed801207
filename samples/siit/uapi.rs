// SPDX-License-Identifier: GPL-2.0

//! The types of a translator's attributes in `IFLA_INFO_DATA`, for the module and for `ip`'s plugin.

/// The IPv6 prefix that stands for IPv4 addresses (RFC 6052), in network byte order.
pub(crate) const PREFIX: u16 = 1;
/// Its length in bits: 32, 40, 48, 56, 64 or 96; 0: there is none. 0 if absent.
pub(crate) const PREFIX_LEN: u16 = 2;
/// The longest IPv6 packet, in bytes, that an IPv4 packet without "don't fragment" is translated to before
/// it is fragmented. 1280 if absent.
pub(crate) const LOWEST_IPV6_MTU: u16 = 3;
/// Whether a checksum is computed for UDP that has none. 0, for it is dropped, if absent.
pub(crate) const ZERO_CHECKSUM: u16 = 4;
/// Whether hosts that have mappings reach each other by their IPv4 addresses (RFC 7757 section 4). 1 if
/// absent.
pub(crate) const HAIRPIN: u16 = 5;
/// Whether the well-known prefix stands for private addresses, too. 0 if absent.
pub(crate) const PRIVATE: u16 = 6;
/// Whether the octet of DSCP and ECN is copied. 1 if absent.
pub(crate) const COPY_CLASS: u16 = 7;
/// The IPv4 prefix from which ICMP errors of routers come that have no IPv4 address (RFC 6791). If
/// absent: from where the packet that they quote was to go.
pub(crate) const SOURCE4: u16 = 8;
/// Its length in bits. 32 if absent.
pub(crate) const SOURCE4_LEN: u16 = 9;
/// The IPv6 prefix from which ICMP errors of routers come that have no IPv6 address.
pub(crate) const SOURCE6: u16 = 10;
/// Its length in bits. 128 if absent.
pub(crate) const SOURCE6_LEN: u16 = 11;
/// How many mappings there are. In answers only.
pub(crate) const MAPPINGS: u16 = 12;
