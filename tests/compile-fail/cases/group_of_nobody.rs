// SPDX-License-Identifier: GPL-2.0
// error: no such multicast group

//! A multicast group that the family does not have.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    genl::{self, Family, Op},
    netns::Net,
};

struct Mine;

impl Family for Mine {
    const NAME: &'static CStr = c"mine";
    const OPS: &'static [Op<Self>] = &[];
    const GROUPS: &'static [&'static CStr] = &[c"events"];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

pub fn listeners(net: &Net) -> bool {
    genl::has_listeners::<Mine, 1>(net)
}
