// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! Queues that are no longer polled, for which the core waits, with bottom halves disabled.

#![forbid(unsafe_code)]

use kernet::{
    context::{
        bh_disabled,
        Rtnl, //
    },
    netdev::{
        Driver,
        DriverDevice, //
    },
};

pub fn update<D: Driver>(dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
    bh_disabled(rtnl, |_| dev.update_features(rtnl));
}
