// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of closure

//! A neighbour, kept beyond the walk through its table.

#![forbid(unsafe_code)]

use kernet::{
    context::Process,
    neighbour::Neighbour,
    netns::Net,
    wire::ip::Version, //
};

pub fn keep<'a>(net: &'a Net, process: Process<'a>, kept: &mut Option<&'a Neighbour>) {
    net.for_each_neighbour(Version::V4, process, |neighbour| *kept = Some(neighbour));
}
