// SPDX-License-Identifier: GPL-2.0
// error: a table has 1 to 64 settings
// error: two settings of a table have the same name
// error: the path of a table is net/NAME, with names of 1 to 63 bytes

//! Tables of settings that the core could not keep.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::sysctl::{Entry, Registration, Slot, Table};

kernet::module! {
    type: Mine,
    name: "numbers_of_settings",
    authors: ["Nobody"],
    description: "Has tables that are none",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        Registration<Empty>,
        Registration<Twice>,
        Registration<Elsewhere>,
        Registration<Up>,
    );
}

struct Empty;
struct Twice;
struct Elsewhere;
struct Up;

kernet::slot!(Empty: Slot);
kernet::slot!(Twice: Slot);
kernet::slot!(Elsewhere: Slot);
kernet::slot!(Up: Slot);

const ONE: &[Entry] = &[Entry::bool(c"on", false)];

impl Table for Empty {
    type Module = Mine;
    const PATH: &'static CStr = c"net/mine";
    const ENTRIES: &'static [Entry] = &[];
}

impl Table for Twice {
    type Module = Mine;
    const PATH: &'static CStr = c"net/mine";
    const ENTRIES: &'static [Entry] = &[Entry::bool(c"on", false), Entry::int(c"on", 0, 0, 7)];
}

impl Table for Elsewhere {
    type Module = Mine;
    const PATH: &'static CStr = c"kernel/mine";
    const ENTRIES: &'static [Entry] = ONE;
}

impl Table for Up {
    type Module = Mine;
    const PATH: &'static CStr = c"net/../kernel";
    const ENTRIES: &'static [Entry] = ONE;
}
