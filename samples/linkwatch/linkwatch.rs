// SPDX-License-Identifier: GPL-2.0

//! Network devices and what happens to them, told by generic netlink.
//!
//! The family is described in `Documentation/netlink/specs/linkwatch.yaml`.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::{
        Process,
        Rtnl, //
    },
    genl::{
        Full,
        Notification, //
    },
    netdev::Device,
    netns::{
        self,
        Net, //
    },
    notifier::{
        self,
        DeviceEvent,
        DeviceNotifier, //
    }, //
};

mod nl_generated;

use nl_generated::{
    notify,
    reply,
    DeviceGetEntries,
    DeviceGetRequest,
    Event,
    Operations, //
};

kernet::module! {
    type: Linkwatch,
    name: "linkwatch",
    authors: ["The kernet developers"],
    description: "Network device events by generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-linkwatch"],
}

struct Linkwatch;

impl kernet::Module for Linkwatch {
    type State = Stream;
    // The family first: the notifier speaks through it.
    type Parts = (
        nl_generated::Registration<Linkwatch>,
        notifier::Registration<Linkwatch>,
    );
}

/// What a namespace has told so far.
struct Stream {
    /// The number of the last event. Written under RTNL.
    sequence: Atomic<u64>,
}

impl netns::State for Stream {
    fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Stream {
            sequence: Atomic::<u64>::new(0),
        })
    }
}

/// What the specification calls an event.
fn named(event: DeviceEvent) -> Option<Event> {
    Some(match event {
        DeviceEvent::Register => Event::Register,
        DeviceEvent::Unregister => Event::Unregister,
        DeviceEvent::Up => Event::Up,
        DeviceEvent::Down => Event::Down,
        DeviceEvent::Rename => Event::Rename,
        DeviceEvent::Change => Event::Carrier,
        DeviceEvent::Mtu => Event::Mtu,
        DeviceEvent::Address => Event::Address,
        _ => return None,
    })
}

fn describe(message: &mut reply::DeviceGet<'_>, device: &Device, rtnl: Rtnl<'_>) -> Result {
    message
        .ifindex(device.ifindex())?
        .name(device.name().as_bytes())?
        .up(u8::from(device.is_up()))?
        .carrier(u8::from(device.has_carrier()))?
        .mtu(device.mtu())?
        .hardware_type(device.hardware_type())?;
    let address = device.address(rtnl);
    if !address.as_bytes().is_empty() {
        message.address(address.as_bytes())?;
    }
    Ok(())
}

impl Operations for Linkwatch {
    /// The lowest index that has not been dumped.
    type DeviceGetDump = u32;

    fn device_get_start(
        _request: &DeviceGetRequest<'_, Self>,
        _process: Process<'_>,
    ) -> Result<u32> {
        Ok(0)
    }

    /// Each device has the number of the last event before the dump looked at it.
    fn device_get_dump(
        request: &DeviceGetRequest<'_, Self>,
        next: &mut u32,
        entries: &mut DeviceGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        let net = request.net();
        let stream = net.state::<Linkwatch>().ok_or(ENODEV)?;
        // Nothing happens to a device while this looks.
        process.with_rtnl(|rtnl| {
            let sequence = stream.sequence.load(Relaxed);
            // Not 0, and other than before if anything has happened.
            entries.generation((sequence as u32) | 1 << 31);
            while let Some(device) = net.device_from(*next, rtnl) {
                entries.put(|entry| describe(entry.sequence(sequence)?, device, rtnl))?;
                *next = device.ifindex().saturating_add(1);
            }
            Ok(())
        })
    }
}

impl DeviceNotifier for Linkwatch {
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>) {
        let net = device.net(rtnl);
        let (Some(event), Some(stream)) = (named(event), net.state::<Linkwatch>()) else {
            return;
        };
        let sequence = stream.sequence.load(Relaxed).wrapping_add(1);
        stream.sequence.store(sequence, Relaxed);
        let told = notify::DeviceEvent::multicast(net, rtnl, |message| {
            describe(message.sequence(sequence)?.event(event)?, device, rtnl)
        });
        if let Err(e) = told {
            // Who has lost it sees a gap in the sequence, and dumps.
            pr_debug!("{}: event {sequence} not told: {e:?}\n", device.name());
        }
    }
}
