// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! The values of a namespace's settings kept beyond the section that they are borrowed from.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{rcu_read, Process},
    netns::Net,
    sysctl::{self, Entry, Table, Values},
    timer::Jiffies,
    work::{self, NetWork},
};

kernet::module! {
    type: Mine,
    name: "setting_kept",
    authors: ["Nobody"],
    description: "Reads what was freed",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (sysctl::Registration<Mine>, work::NetRegistration<Mine>);
}

kernet::slot!(Mine: sysctl::Slot);
kernet::slot!(Mine: work::NetSlot);

impl Table for Mine {
    type Module = Mine;

    const PATH: &'static CStr = c"net/mine";
    const ENTRIES: &'static [Entry] = &[Entry::bool(c"on", false)];
}

fn values(net: &Net) -> Option<Values<'_, Mine>> {
    rcu_read(|rcu| net.sysctl::<Mine>(rcu))
}

impl NetWork for Mine {
    type Module = Mine;

    fn run(net: &Net, _state: &(), _process: Process<'_>) -> Option<Jiffies> {
        values(net)?.bool::<0>().then_some(Jiffies::ONE)
    }
}
