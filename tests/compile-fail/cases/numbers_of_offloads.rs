// SPDX-License-Identifier: GPL-2.0
// error: the header before a frame has 1 to 64 bytes

//! An offload whose header no packet has in front.

#![forbid(unsafe_code)]

use kernet::{ip::Offload, ipv4};

kernet::module! {
    type: Mine,
    name: "numbers_of_offloads",
    authors: ["Nobody"],
    description: "Merges behind more than there is",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ipv4::OffloadRegistration<Mine>;
}

impl Offload for Mine {
    type Module = Mine;
    type Header = [u8; 65];

    const PROTOCOL: u8 = 253;

    fn merges(_: &[u8; 65]) -> bool {
        true
    }
}
