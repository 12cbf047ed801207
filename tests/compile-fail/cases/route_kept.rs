// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of closure

//! A route's next hops, kept beyond the walk through its table.

#![forbid(unsafe_code)]

use kernet::{
    context::Process,
    fib::Nexthops,
    netns::Net, //
};

pub fn keep<'a>(net: &Net, process: Process<'_>, kept: &mut Option<Nexthops<'a>>) {
    let _ = net.for_each_route(process, |route| *kept = Some(route.nexthops()));
}
