// SPDX-License-Identifier: GPL-2.0
// error: const `EXISTS` is not a member

//! State that says it does not exist, of which there would be a reference to no memory.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{Process, Rtnl},
    netdev::Device,
    netns::{self, Net},
    notifier::{self, DeviceEvent, DeviceNotifier},
};

kernet::module! {
    type: Mine,
    name: "state_without_existence",
    authors: ["Nobody"],
    description: "Reads what is not there",
    license: "GPL",
}

struct Mine;

pub struct Numbers(KVec<u64>);

impl netns::NetState for Numbers {
    const EXISTS: bool = false;

    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Numbers(KVec::new()))
    }
}

impl kernet::Module for Mine {
    type State = Numbers;
    type Parts = notifier::Registration<Mine>;
}

impl DeviceNotifier for Mine {
    fn event(_: DeviceEvent, device: &Device, rtnl: Rtnl<'_>) {
        if let Some(Numbers(numbers)) = device.net(rtnl).state::<Mine>(rtnl) {
            pr_info!("{:?}\n", numbers.first());
        }
    }
}
