// SPDX-License-Identifier: GPL-2.0

//! The types of a tunnel's attributes in `IFLA_INFO_DATA`, for the module and for `ip`'s plugin.

/// Our address, in network byte order, of 4 bytes or 16; 0.0.0.0, `::` or absent: any, routing chooses.
pub(crate) const LOCAL: u16 = 1;
/// The other end's address, in network byte order, of 4 bytes or 16, which says the version of IP.
pub(crate) const REMOTE: u16 = 2;
/// The time to live, or hop limit, of outer packets; 0 or absent: the inner packet's.
pub(crate) const TTL: u16 = 3;
/// The type of service, or traffic class, of outer packets; bit 0: the inner packet's. 0 if absent.
pub(crate) const TOS: u16 = 4;
/// Whether outer packets must not be fragmented. 1 if absent.
pub(crate) const PMTUDISC: u16 = 5;
/// The index of the device to send by, in the namespace of the underlay; 0 or absent: any.
pub(crate) const LINK: u16 = 6;
/// Whether outer packets may be fragmented although the inner one must not be. 0 if absent.
pub(crate) const IGNORE_DF: u16 = 7;
