// SPDX-License-Identifier: GPL-2.0

//! Network devices, addresses, neighbours and routes, and what happens to them, told by generic
//! netlink.
//!
//! The family is described in `Documentation/netlink/specs/linkwatch.yaml`.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    address::{
        Ipv4Address,
        Ipv6Address, //
    },
    context::{
        Process,
        Rcu,
        ReadSide,
        Rtnl, //
    },
    fib,
    genl::Notification,
    neighbour::Neighbour,
    netdev::{
        Device,
        HardwareAddress, //
    },
    netns::Net,
    notifier::{
        self,
        DeviceEvent,
        DeviceNotifier,
        IpAddressEvent,
        Ipv4AddressNotifier,
        Ipv4Addresses,
        Ipv6AddressNotifier,
        Ipv6Addresses,
        NeighbourNotifier,
        Neighbours, //
    },
    work, //
};

mod dump;
mod nl_generated;
mod object;
mod registered;
mod snapshot;
mod stream;

use nl_generated::{
    notify,
    reply,
    Event, //
};
use object::{
    Address,
    Resolved,
    Route, //
};
use stream::{
    Kind,
    Stream, //
};

kernet::module! {
    type: Linkwatch,
    name: "linkwatch",
    authors: ["The kernet developers"],
    description: "Devices, addresses, neighbours and routes by generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-linkwatch"],
}

struct Linkwatch;

impl kernet::Module for Linkwatch {
    type State = Stream;
    // The family first: the others speak through it. The work before the notifier that queues it.
    type Parts = (
        nl_generated::Registration<Linkwatch>,
        work::NetRegistration<Linkwatch>,
        notifier::Registration<Linkwatch>,
        (
            notifier::Registration<Linkwatch, Ipv4Addresses>,
            notifier::Registration<Linkwatch, Ipv6Addresses>,
        ),
        notifier::Registration<Linkwatch, Neighbours>,
        fib::Registration<Linkwatch>,
    );
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
        DeviceEvent::HardwareAddress => Event::Address,
        DeviceEvent::HardwareType => Event::HardwareType,
        _ => return None,
    })
}

fn describe(
    message: &mut reply::DeviceGet<'_>,
    device: &Device,
    address: &HardwareAddress,
) -> Result {
    message
        .ifindex(device.ifindex())?
        .name(device.name().as_bytes())?
        .up(u8::from(device.is_up()))?
        .mtu(device.mtu())?
        .hardware_type(device.hardware_type())?;
    // The kernel does not say when that of a device changes that is down.
    if device.is_up() {
        message.carrier(u8::from(device.has_carrier()))?;
    }
    if !address.as_bytes().is_empty() {
        message.address(address.as_bytes())?;
    }
    Ok(())
}

/// Tells of a device as it is now.
fn tell_device(event: Event, device: &Device, net: &Net, stream: &Stream, rtnl: Rtnl<'_>) {
    stream.tell::<notify::DeviceEvent, _>(
        net,
        Kind::Device,
        rtnl,
        |rcu| Some(device.hardware_address(rcu)),
        |message, turn, address| {
            let message = message.sequence(turn.sequence)?.previous(turn.previous)?;
            describe(message.event(event)?, device, address)
        },
    );
}

impl DeviceNotifier for Linkwatch {
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>) {
        let net = device.net(rtnl);
        let (Some(event), Some(stream)) = (named(event), net.state::<Linkwatch>(rtnl)) else {
            return;
        };
        tell_device(event, device, net, stream, rtnl);
        if matches!(event, Event::Register) {
            stream.registered().note(net, device, rtnl);
        }
        if matches!(event, Event::Rename) {
            // Labels follow the name: of that nobody is told as of other changes of addresses.
            for address in device.ipv4_addresses(rtnl) {
                tell_address(IpAddressEvent::Added, device, rtnl, |_, _| {
                    Some(address.into())
                });
            }
        }
    }
}

/// Tells of an address, if it is still as the event says.
fn tell_address<'a>(
    event: IpAddressEvent,
    device: &Device,
    context: impl ReadSide<'a>,
    look: impl FnOnce(&Net, Rcu<'_>) -> Option<Address> + Send,
) {
    let net = device.net(context);
    let Some(stream) = net.state::<Linkwatch>(context) else {
        return;
    };
    let event = match event {
        IpAddressEvent::Added => Event::Set,
        IpAddressEvent::Removed => Event::Delete,
    };
    stream.tell::<notify::AddressEvent, _>(
        net,
        Kind::Address,
        context,
        |rcu| look(net, rcu),
        |message, turn, address| {
            let message = message.sequence(turn.sequence)?.previous(turn.previous)?;
            address.describe(message.event(event)?)
        },
    );
}

impl Ipv4AddressNotifier for Linkwatch {
    fn event(event: IpAddressEvent, address: &Ipv4Address, rtnl: Rtnl<'_>) {
        tell_address(event, address.device(), rtnl, |_, _| Some(address.into()));
    }
}

impl Ipv6AddressNotifier for Linkwatch {
    fn event(event: IpAddressEvent, address: &Ipv6Address, rcu: Rcu<'_>) {
        tell_address(event, address.device(), rcu, |net, rcu| {
            let overtaken = match event {
                IpAddressEvent::Added => address.is_dead(),
                IpAddressEvent::Removed => address.is_assigned(net, rcu),
            };
            (!overtaken).then(|| address.into())
        });
    }
}

impl NeighbourNotifier for Linkwatch {
    fn event(neighbour: &Neighbour, rcu: Rcu<'_>) {
        let net = neighbour.device().net(rcu);
        let Some(stream) = net.state::<Linkwatch>(rcu) else {
            return;
        };
        stream.tell::<notify::NeighbourEvent, _>(
            net,
            Kind::Neighbour,
            rcu,
            |rcu| {
                let known = neighbour.resolution();
                let overtaken = known.dead && neighbour.is_replaced(rcu);
                (!overtaken).then(|| Resolved::new(neighbour, &known))
            },
            |message, turn, found| {
                let message = message.sequence(turn.sequence)?.previous(turn.previous)?;
                found.describe(message.event(if found.is_told() {
                    Event::Set
                } else {
                    Event::Delete
                })?)
            },
        );
    }
}

kernet::slot!(Linkwatch: fib::Slot);

impl fib::Notifier for Linkwatch {
    /// Who has taken a snapshot meanwhile takes another one.
    fn resumed(net: &Net, _process: Process<'_>) {
        notify::RouteEvent::report_lost(net);
    }

    fn event(event: fib::Event, route: &fib::Route<'_>, net: &Net, rcu: Rcu<'_>) {
        let Some(stream) = net.state::<Linkwatch>(rcu) else {
            return;
        };
        stream.tell::<notify::RouteEvent, _>(
            net,
            Kind::Route,
            rcu,
            |_| match event {
                fib::Event::Replaced => (!route.is_gone()).then_some(Event::Set),
                fib::Event::Deleted => Some(Event::Delete),
            },
            |message, turn, event| {
                let message = message.sequence(turn.sequence)?.previous(turn.previous)?;
                Route::from(route).describe(message.event(*event)?, route.nexthops())
            },
        );
    }
}
