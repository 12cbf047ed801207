// SPDX-License-Identifier: GPL-2.0
// error: no entry `Entry::int`
// error: no entry `Entry::bool`
// error: no entry `Entry::unsigned`

//! Settings that are not what they are read as, or not there.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Process,
    netns::Net,
    sysctl::{self, Entry, Table},
};

kernet::module! {
    type: Mine,
    name: "settings_of_another_kind",
    authors: ["Nobody"],
    description: "Reads what is not there",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = sysctl::Registration<Mine>;
}

kernet::slot!(Mine: sysctl::Slot);

impl Table for Mine {
    type Module = Mine;

    const PATH: &'static CStr = c"net/mine";
    const ENTRIES: &'static [Entry] = &[Entry::bool(c"on", false), Entry::int(c"number", 0, 0, 7)];

    fn changed(net: &Net, _state: &(), _entry: usize, _process: Process<'_>) {
        kernet::context::rcu_read(|rcu| {
            if let Some(values) = net.sysctl::<Mine>(rcu) {
                values.set_unsigned::<2>(values.int::<0>() as u32);
                values.set_bool::<1>(values.bool::<1>());
                values.set_int::<0>(values.unsigned::<0>() as i32);
            }
        });
    }
}
