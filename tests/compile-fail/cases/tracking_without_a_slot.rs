// SPDX-License-Identifier: GPL-2.0
// wing: conntrack
// error: `Mine` has no static of its own

//! Tracking, switched on by who has nothing registered.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{context::Process, netfilter::Family, netns::Net};
use kernet_conntrack::enable;

pub struct Mine;

pub fn look(net: &Net, process: Process<'_>) -> Result {
    enable::<Mine>(net, Family::Inet, process)
}
