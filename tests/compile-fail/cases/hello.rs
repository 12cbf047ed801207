// SPDX-License-Identifier: GPL-2.0
// compiles

//! The guide's first module: says when a device comes up.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    netdev::Device,
    notifier::{
        self,
        DeviceEvent,
        DeviceNotifier, //
    },
};

kernet::module! {
    type: Hello,
    name: "hello",
    authors: ["You"],
    description: "Says when a device comes up",
    license: "GPL",
}

struct Hello;

impl kernet::Module for Hello {
    type State = ();
    type Parts = notifier::Registration<Hello>;
}

impl DeviceNotifier for Hello {
    fn event(event: DeviceEvent, device: &Device, _rtnl: Rtnl<'_>) {
        if event == DeviceEvent::Up {
            pr_info!("{} is up\n", device.name());
        }
    }
}
