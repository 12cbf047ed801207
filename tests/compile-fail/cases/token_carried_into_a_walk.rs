// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! RTNL, taken while the table of neighbours is locked.

#![forbid(unsafe_code)]

use kernet::{
    context::Process,
    netns::Net,
    wire::ip::Version, //
};

pub fn walk(net: &Net, process: Process<'_>) {
    net.for_each_neighbour(Version::V4, process, |_| process.with_rtnl(|_| ()));
}
