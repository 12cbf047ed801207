// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! A slot that is filled where the device may be going, and a lower device that is linked there.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rcu,
    netdev::{Device, DeviceSlot, Driver, DriverDevice},
    nlattr::ExtAck,
};

pub fn fill(slot: &DeviceSlot, device: &Device, rcu: Rcu<'_>) -> Result {
    slot.replace(Some(device), rcu)
}

pub fn link<D: Driver>(dev: &DriverDevice<D>, lower: &Device, rcu: Rcu<'_>) -> Result {
    dev.link_lower(lower, ExtAck::NONE, rcu)
}
