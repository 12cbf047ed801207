// SPDX-License-Identifier: GPL-2.0
// error: an algorithm has either `cong_avoid` or `cong_control`, and `#[vtable]`
// error: a name has 1 to 15 printable characters of ASCII, and no space

//! Algorithms that do too much or too little, and names that the core could not list.

#![forbid(unsafe_code)]

use kernel::{macros::vtable, prelude::*};
use kernet::{
    context::Owned,
    tcp::{self, AckFlags, CongestionControl, RateSample, Socket},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_congestion_control",
    authors: ["Nobody"],
    description: "Has the core read beyond a name",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        tcp::Registration<Mine>,
        tcp::Registration<Neither>,
        tcp::Registration<Long>,
    );
}

kernet::slot!(Mine: tcp::Slot);

#[vtable]
impl CongestionControl for Mine {
    const NAME: &'static str = "mine";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Mine)
    }

    fn cong_avoid(&mut self, _: &mut Socket<'_>, _: u32, _: u32, _: Owned<'_>) {}

    fn cong_control(&mut self, _: &mut Socket<'_>, _: AckFlags, _: &RateSample<'_>, _: Owned<'_>) {}
}

/// Has neither.
struct Neither;

kernet::slot!(Neither: tcp::Slot);

#[vtable]
impl CongestionControl for Neither {
    const NAME: &'static str = "";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Neither)
    }
}

/// A name as long as the place for it and what ends it.
struct Long;

kernet::slot!(Long: tcp::Slot);

#[vtable]
impl CongestionControl for Long {
    const NAME: &'static str = "sixteen-letters.";

    fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
        Ok(Long)
    }

    fn cong_avoid(&mut self, _: &mut Socket<'_>, _: u32, _: u32, _: Owned<'_>) {}
}
