// SPDX-License-Identifier: GPL-2.0
// error: a setting's name has 1 to 63 bytes and no slash
// error: an initial value between minimum and maximum

//! Settings that are none.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::sysctl::Entry;

kernet::module! {
    type: Mine,
    name: "numbers_of_a_setting",
    authors: ["Nobody"],
    description: "Has settings that are none",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = ();
}

pub const SLASH: Entry = Entry::bool(c"a/b", false);
pub const BEYOND: Entry = Entry::int(c"a", 8, 0, 7);
pub const BELOW: Entry = Entry::unsigned(c"a", 0, 1, 7);
