// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A device that was looked up in a read-side section, kept beyond it: it may be freed then.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netdev::{Device, DeviceSlot, Driver, DriverDevice},
    netns::Net,
};

pub fn by_index(net: &Net, rcu: Rcu<'_>) -> Option<&'static Device> {
    net.device_by_index(1, rcu)
}

pub fn by_name(net: &Net, rcu: Rcu<'_>) -> Option<&'static Device> {
    net.device_by_name(c"eth0", rcu)
}

pub fn in_a_slot(slot: &'static DeviceSlot, rcu: Rcu<'_>) -> Option<&'static Device> {
    slot.get(rcu)
}

pub fn below<D: Driver>(dev: &'static DriverDevice<D>, rcu: Rcu<'_>) -> Option<&'static Device> {
    dev.lower(rcu)
}
