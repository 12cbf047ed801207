// SPDX-License-Identifier: GPL-2.0

//! A device notifier that counts an event: the Rust twin of `bench_notifier_c.c`.

#![forbid(unsafe_code)]

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use kernet::{
    context::Rtnl,
    netdev::Device,
    notifier::{
        self,
        DeviceEvent,
        DeviceNotifier, //
    }, //
};

kernet::module! {
    type: Counter,
    name: "bench_notifier",
    authors: ["The kernet developers"],
    description: "Device notifier that counts",
    license: "GPL",
}

struct Counter;

impl kernet::Module for Counter {
    type State = ();
    type Parts = notifier::Registration<Counter>;
}

/// Written under RTNL.
static GOING_DOWN: Atomic<u32> = Atomic::<u32>::new(0);

impl DeviceNotifier for Counter {
    fn event(event: DeviceEvent, device: &Device, _rtnl: Rtnl<'_>) {
        if event == DeviceEvent::GoingDown && device.is_up() {
            GOING_DOWN.store(GOING_DOWN.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }
}
