// SPDX-License-Identifier: GPL-2.0
// error: E0200

//! A static that may be another one each time, or another type's.

#![forbid(unsafe_code)]

use kernet::{
    genl::Slot,
    slot::HasSlot, //
};

pub struct Mine;

static FIRST: Slot = Slot::new();

impl HasSlot<Slot> for Mine {
    fn slot() -> &'static Slot {
        &FIRST
    }
}
