// SPDX-License-Identifier: GPL-2.0
// error: the header before a frame has 2 to 64 bytes
// error: the header before a frame has an even number of bytes
// error: Linux has offloads of this protocol

//! Offloads with headers that no packet has in front, or behind which nothing can be summed, and of a protocol that
//! has one.

#![forbid(unsafe_code)]

use kernet::{ip::Offload, ipv4, ipv6};

kernet::module! {
    type: Mine,
    name: "numbers_of_offloads",
    authors: ["Nobody"],
    description: "Merges behind what cannot be",
    license: "GPL",
}

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        ipv4::OffloadRegistration<Mine>,
        ipv6::OffloadRegistration<Odd>,
        ipv4::OffloadRegistration<Esp>,
    );
}

impl Offload for Mine {
    type Module = Mine;
    type Header = [u8; 66];

    const PROTOCOL: u8 = 253;

    fn merges(_: &[u8; 66]) -> bool {
        true
    }
}

pub struct Odd;

impl Offload for Odd {
    type Module = Mine;
    type Header = [u8; 3];

    const PROTOCOL: u8 = 253;

    fn merges(_: &[u8; 3]) -> bool {
        true
    }
}

pub struct Esp;

impl Offload for Esp {
    type Module = Mine;
    type Header = [u8; 2];

    const PROTOCOL: u8 = 50;

    fn merges(_: &[u8; 2]) -> bool {
        true
    }
}
