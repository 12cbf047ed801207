// SPDX-License-Identifier: GPL-2.0
// error: expected function signature `for<'a> fn(Rcu<'a>) -> _`
// error: cannot be shared between threads safely

//! A packet sent while the neighbours' table is locked.

#![forbid(unsafe_code)]

use kernet::{
    context::{bh_disabled, rcu_read, Process, Softirq},
    netns::Net,
    wire::ip::Version, //
};

pub fn with_a_token_made_there(net: &Net, process: Process<'_>, send: fn(Softirq<'_>)) {
    net.for_each_neighbour(Version::V4, process, |_| {
        rcu_read(|rcu| bh_disabled(rcu, send));
    });
}

pub fn with_a_token_carried_there(net: &Net, process: Process<'_>, send: fn(Softirq<'_>)) {
    net.for_each_neighbour(Version::V4, process, |_| bh_disabled(process, send));
}
