// SPDX-License-Identifier: GPL-2.0

//! Attributes of `IFLA_INFO_DATA`, for the module and for `ip`'s plugin.

/// A `struct ifinfomsg` and the `IFLA_*` attributes of the other end, as `VETH_INFO_PEER` is.
pub(crate) const PEER: u16 = 1;
