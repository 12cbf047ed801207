// SPDX-License-Identifier: GPL-2.0
// error: the trait bound `Mine: NeighbourNotifier` is not satisfied

//! The registration with a chain whose trait the module does not implement.

#![forbid(unsafe_code)]

use kernet::{
    context::Rtnl,
    netdev::Device,
    notifier::{
        DeviceEvent,
        DeviceNotifier,
        Neighbours,
        Registration, //
    }, //
};

pub struct Mine;

impl DeviceNotifier for Mine {
    fn event(_event: DeviceEvent, _device: &Device, _rtnl: Rtnl<'_>) {}
}

pub type Wrong = Registration<Mine, Neighbours>;

pub fn size() -> usize {
    size_of::<Wrong>()
}
