// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! A tunnel over IPv6 with end points of IPv4.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    ipv4,
    ipv6,
    netns::Net, //
};

pub fn tunnel(net: &Net, ends: ipv4::Parameters, rtnl: Rtnl<'_>) -> Result<ipv6::Tunnel> {
    ipv6::Tunnel::new(net, 97, ends, rtnl)
}
